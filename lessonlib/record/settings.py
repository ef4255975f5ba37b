"""The learner's one setting: which lab the lessons are computed for."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from lessonlib.base.errors import LessonlibError
from lessonlib.base.files import read_text, write_text
from lessonlib.base.formats import parse_json
from lessonlib.record.journal_file import make_folder
from lessonlib.record.keeping import keeping
from lessonlib.roofline import DEFAULT_LAB, lab_names, load_lab

#: A path and a few words of JSON; what is larger is another program's.
_MOST_BYTES = 10_000
_KEY = re.compile(r'"((?:[^"\\]|\\.)*)"\s*:')


def _file() -> Path | None:
    """Beside the journal, where one is kept from the start: a run that proves to have a person later reads no setting."""
    rule = keeping()
    return settings_beside(rule.path) if rule.path and rule.at_once else None


def settings_beside(journal: Path) -> Path:
    """The file with the settings that belong to a journal."""
    return journal.with_name("settings.json")


def _kept(path: Path) -> object:
    """What stands in a file of settings. Raises LessonlibError for a link, a pipe, a large file and what is no JSON."""
    return parse_json(read_text(path, most=_MOST_BYTES, links=False), str(path))


def holds_our_setting(path: Path) -> bool:
    """Whether that is our file, or holds nothing: LESSON_JOURNAL may name a folder where another program keeps a file of
    that name.
    """
    try:
        text = read_text(path, most=_MOST_BYTES, links=False)
        kept = parse_json(text, str(path)) if text.strip() else {}
    except LessonlibError:
        return False
    return isinstance(kept, dict) and kept.keys() <= {"lab"}


def _somebody_elses(path: Path) -> bool:
    """Whether another program's settings may stand there: anything with a key that is none of ours, or not to be read."""
    if not path.is_symlink() and not path.exists():
        return False
    try:
        text = read_text(path, most=_MOST_BYTES, links=False)
    except LessonlibError as error:
        return "not UTF-8" not in str(error)
    return any(key != "lab" for key in _KEY.findall(text))


def chosen_lab() -> str:
    """The lab chosen in the start notebook, or the default. LESSON_LAB overrides both."""
    if os.environ.get("LESSON_LAB"):
        return os.environ["LESSON_LAB"]
    path = _file()
    try:
        kept = _kept(path) if path else None
    except LessonlibError:
        return DEFAULT_LAB
    lab = kept.get("lab") if isinstance(kept, dict) else None
    return lab if isinstance(lab, str) and _can_be_opened(lab) else DEFAULT_LAB


def _can_be_opened(name: str) -> bool:
    """Whether it names a shipped lab, or a lab file that still is where it was and still reads."""
    if name in lab_names():
        return True
    try:
        return Path(name).is_absolute() and bool(load_lab(name))
    except (LessonlibError, OSError, ValueError):
        return False


def choose_lab(name: str) -> bool:
    """Keep ``name`` (of a shipped lab, or the full path of a lab file) for the lessons opened from now on.
    False if there is nowhere to keep it.
    """
    path = _file()
    if path is None or not _can_be_opened(name) or _somebody_elses(path):
        return False
    try:
        make_folder(path.parent)
        write_text(path, json.dumps({"lab": name}) + "\n", mode=0o600)
    except (OSError, LessonlibError):
        return False
    return True
