"""The learner's one setting: which lab the lessons are computed for."""

from __future__ import annotations

import json
import os
from pathlib import Path

from lessonlib.base.errors import LessonlibError
from lessonlib.record.journal import default_journal
from lessonlib.roofline import DEFAULT_LAB, lab_names, load_lab


def _file() -> Path | None:
    """Beside the journal, and kept exactly when the journal is."""
    journal = default_journal().path
    return settings_beside(journal) if journal else None


def settings_beside(journal: Path) -> Path:
    """The file with the settings that belong to a journal."""
    return journal.with_name("settings.json")


def holds_our_setting(path: Path) -> bool:
    """Whether that is our file: LESSON_JOURNAL may name a folder where another program keeps a file of that name."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8") or "{}")
    except (OSError, ValueError):
        return False
    return isinstance(kept, dict) and kept.keys() <= {"lab"}


def _somebody_elses(path: Path) -> bool:
    """Whether another program's settings stand there: valid JSON with keys that are none of ours."""
    try:
        return isinstance(json.loads(path.read_text(encoding="utf-8")), dict) and not holds_our_setting(path)
    except (OSError, ValueError):
        return False


def chosen_lab() -> str:
    """The lab chosen in the start notebook, or the default. LESSON_LAB overrides both."""
    if os.environ.get("LESSON_LAB"):
        return os.environ["LESSON_LAB"]
    path = _file()
    try:
        kept = json.loads(path.read_text(encoding="utf-8")).get("lab") if path else None
    except (OSError, ValueError, AttributeError):
        kept = None
    return kept if isinstance(kept, str) and _can_be_opened(kept) else DEFAULT_LAB


def _can_be_opened(name: str) -> bool:
    """Whether it names a shipped lab, or a lab file that still is where it was and still reads."""
    if name in lab_names():
        return True
    try:
        return Path(name).is_absolute() and bool(load_lab(name))
    except LessonlibError:
        return False


def choose_lab(name: str) -> bool:
    """Keep ``name`` (of a shipped lab, or the full path of a lab file) for the lessons opened from now on.
    False if there is nowhere to keep it.
    """
    path = _file()
    if path is None or not _can_be_opened(name) or _somebody_elses(path):
        return False
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"lab": name}) + "\n", encoding="utf-8")
    except OSError:
        return False
    return True
