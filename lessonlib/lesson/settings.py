"""The learner's one setting: which lab the lessons are computed for."""

from __future__ import annotations

import json
import os
from pathlib import Path

from lessonlib.lesson.journal import default_journal
from lessonlib.roofline import DEFAULT_LAB, lab_names


def _file() -> Path | None:
    """Beside the journal, and kept exactly when the journal is."""
    journal = default_journal().path
    return journal.with_name("settings.json") if journal else None


def chosen_lab() -> str:
    """The lab chosen in the start notebook, or the default. LESSON_LAB overrides both."""
    if os.environ.get("LESSON_LAB"):
        return os.environ["LESSON_LAB"]
    path = _file()
    try:
        kept = json.loads(path.read_text(encoding="utf-8")).get("lab") if path else None
    except (OSError, ValueError, AttributeError):
        kept = None
    return kept if kept in lab_names() else DEFAULT_LAB


def choose_lab(name: str) -> bool:
    """Keep ``name`` for the lessons opened from now on. False if there is nowhere to keep it."""
    path = _file()
    if path is None or name not in lab_names():
        return False
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"lab": name}) + "\n", encoding="utf-8")
    except OSError:
        return False
    return True
