"""Exchanges with the teacher, out of the journal: what a learner asked and what came back.

A question is kept before it is sent, an answer while it comes in, so that a kernel that dies in between loses a second
of it at most. Replaying a lesson passes over these events.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from typing import Any, Literal, NotRequired, TypedDict

from lessonlib.base.errors import LessonlibError
from lessonlib.lesson.source import load_source
from lessonlib.record.event import Event

ASKED, PART, ENDED = "teacher-asked", "teacher-part", "teacher-ended"
#: the note whose question a teacher can answer, and the one about the format, of a lesson that closes with both
QUESTION, FORMAT = "ask-the-teacher", "did-it-help"
INTERRUPTED = "interrupted"


@dataclass
class Exchange:
    """One question with its answer. ended: done, stopped, failed, or interrupted (the kernel ended first).

    place: where among the events it was asked.
    """

    id: str
    asked: Event
    place: int = 0
    answer: str = ""
    ended: str = INTERRUPTED
    problem: str = ""
    model: str = ""
    clocks: Mapping[str, Any] | None = None

    @property
    def text(self) -> str:
        """The question."""
        return self.asked.text or ""


class Remark(TypedDict):
    """The learner's words for an instructor. kind "question" (sent to a teacher) or "note" (kept only).

    The keys from ``answer`` on are those of a question. ttft_guess: what the learner guessed for the time to first token.
    """

    kind: Literal["question", "note"]
    lesson: str
    item: str
    lab: str
    time: str
    text: str
    answer: NotRequired[str]
    ended: NotRequired[str]
    problem: NotRequired[str]
    model: NotRequired[str]
    ttft_guess: NotRequired[Mapping[str, Any] | None]
    clocks: NotRequired[Mapping[str, Any] | None]


def exchanges(events: Iterable[Event]) -> list[Exchange]:
    """Every question that was sent to a teacher, oldest first."""
    found: dict[str, Exchange] = {}
    for place, event in enumerate(events):
        name = event.exchange
        if name is None:
            continue
        if event.event == ASKED and event.text is not None:
            found.setdefault(name, Exchange(name, event, place))
        elif event.event in (PART, ENDED) and name in found:
            _add(found[name], event)
    return list(found.values())


def _add(exchange: Exchange, event: Event) -> None:
    exchange.answer += event.text or ""
    if event.event == ENDED:
        exchange.ended, exchange.problem = event.ended or "", event.problem or ""
        exchange.model, exchange.clocks = event.model or "", event.clocks


def remarks(events: Sequence[Event]) -> list[Remark]:
    """The learner's questions and notes for an instructor; of a note that was not sent, the last version.

    In the order in which they were written: a clock may have been set in between.
    """
    asked = exchanges(events)
    sent = {(one.asked.lesson, one.asked.question, one.asked.lab, one.text) for one in asked}
    notes = [(place, note) for key, (place, note) in _notes(events).items() if (*key, note["text"]) not in sent]
    return [remark for _, remark in sorted([(one.place, _question(one)) for one in asked] + notes, key=itemgetter(0))]


def _question(one: Exchange) -> Remark:
    return {
        **_remark("question", one.asked, one.text),
        "answer": one.answer,
        "ended": one.ended,
        "problem": one.problem,
        "model": one.model,
        "ttft_guess": one.asked.guess,
        "clocks": one.clocks,
    }


def _notes(events: Iterable[Event]) -> dict[tuple[str, str, str], tuple[int, Remark]]:
    """(lesson, item, lab) -> where the last text kept stands among the events, and that text."""
    found: dict[tuple[str, str, str], tuple[int, Remark]] = {}
    for place, event in enumerate(events):
        if event.event == "commit" and event.guess and event.question in _note_ids(event.lesson):
            text = event.guess.get("text")
            if isinstance(text, str):
                found[event.lesson, event.question, event.lab] = place, _remark("note", event, text)
    return found


def _remark(kind: Literal["question", "note"], event: Event, text: str) -> Remark:
    time = event.record.get("time", "")
    return {
        "kind": kind,
        "lesson": event.lesson,
        "item": event.question,
        "lab": event.lab,
        "time": str(time),
        "text": text,
    }


@cache
def _note_ids(lesson: str) -> frozenset[str]:
    """The notes of a lesson; of one that is gone, those that every lesson has."""
    try:
        steps = load_source(lesson)["steps"]
    except LessonlibError:
        return frozenset((QUESTION, FORMAT))
    return frozenset(entry[kind]["id"] for entry in steps for kind in ("note", "closing") if kind in entry)
