"""How a lesson, the review or the page about the learner's own server is opened: on which lab, by whom, with which journal."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import Literal, get_args

from lessonlib.base.errors import LessonlibError
from lessonlib.base.text import printable
from lessonlib.record.journal import Journal, default_journal
from lessonlib.record.settings import chosen_lab
from lessonlib.roofline import Lab, load_lab

#: How a notebook walks without a person: "truth" answers right, "each" tries every option and mistake first, "skip" skips.
Mode = Literal["truth", "each", "skip"]
AUTO: tuple[Mode, ...] = get_args(Mode)


@dataclass(frozen=True)
class Session:
    """What everything that opens in a notebook starts from. mode: None for a person."""

    lab: Lab
    mode: Mode | None
    journal: Journal


def open_session(lab: str | Lab | None = None, auto: str | None = None, journal: Journal | None = None) -> Session:
    """``lab``: a shipped lab's name, a path to a lab file, or None for the one chosen at the start.

    ``auto`` (the papermill parameter) wins over the variable LESSON_AUTO; a run without a person keeps no journal unless
    it is given one. Raises LessonlibError for a lab or a mode that is not known.
    """
    mode = _mode(auto or os.environ.get("LESSON_AUTO") or None)
    found = lab if isinstance(lab, Lab) else load_lab(lab or chosen_lab())
    return Session(found, mode, journal or (Journal(None) if mode else default_journal(_warn)))


def _mode(name: str | None) -> Mode | None:
    if name is not None and name not in AUTO:
        raise LessonlibError(
            f"auto = “{name}” is not a way to run a lesson; it is one of {', '.join(AUTO)}, or None for a person"
        )
    return name


def _warn(line: str) -> None:
    print(printable(line), file=sys.stderr)
