"""How a lesson, the review or the page about the learner's own server is opened: on which lab, by whom, with which journal."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from lessonlib.base.errors import LessonlibError
from lessonlib.base.text import printable
from lessonlib.lesson.views import KeptView
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


#: what a page says once it is drawn, where nobody knows yet whether a person is there
SHOWN = "shown"
_NOUNS = {"note": "Your note is", "closing": "Your note is", "blanks": "Your words are"}


def page_spoke(journal: object) -> bool:
    """A message of a page has come in. Whether the learner's journal is read and kept only from now on."""
    return isinstance(journal, Journal) and journal.page_spoke()


def with_record(view: Mapping[str, Any], journal: object, *, last: bool = True) -> dict[str, Any]:
    """A view with what became of the learner's record. ``last``: it is the panel that was used last, which tells news.

    Only what a page draws says so: no stored output and no seal holds a path.
    """
    shown = dict(view)
    if not isinstance(journal, Journal):
        return shown
    if journal.waits:
        shown["hello"] = True
    if "stem" in view:
        kept = _kept(view, journal, last)
        if kept:
            shown["kept"] = kept
    return shown


def _kept(view: Mapping[str, Any], journal: Journal, last: bool) -> KeptView | None:
    news = journal.fault or journal.caught_up
    if last and news:
        return {"line": news, "news": True}
    if view["state"] != "committed":
        return None
    if journal.fault:
        return {"line": journal.fault, "news": False}
    stands = _NOUNS.get(view["kind"], "Your guess is")
    if journal.waits:
        return {"line": f"{stands} held in memory.", "news": False}
    where = f"kept in {journal.place}" if journal.place else f"not kept: {journal.why_not}"
    return {"line": f"{stands} {where}.", "news": False}


def _warn(line: str) -> None:
    print(printable(line), file=sys.stderr)
