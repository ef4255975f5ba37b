"""What a learner asked the teacher, and what came back, out of the journal; for the lesson itself and for an instructor.

A question is kept before it is sent, an answer while it comes in, so that a kernel that dies in between loses a second
of it at most. Replaying a lesson passes over these events.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from lessonlib.base.errors import LessonlibError
from lessonlib.lesson.source import load_source
from lessonlib.record.journal import Journal

ASKED, PART, ENDED = "teacher-asked", "teacher-part", "teacher-ended"
#: the note whose question a teacher can answer, and the one about the format; every lesson ends with both
QUESTION, FORMAT = "ask-the-teacher", "did-it-help"
INTERRUPTED = "interrupted"

Record = Mapping[str, Any]


@dataclass
class Exchange:
    """One question with its answer. ended: done, stopped, failed, or interrupted (the kernel ended first)."""

    id: str
    asked: Record
    answer: str = ""
    ended: str = INTERRUPTED
    problem: str = ""
    model: str = ""
    clocks: Any = None

    @property
    def text(self) -> str:
        """The question."""
        return str(self.asked.get("text", ""))


def exchanges(records: Iterable[Record]) -> list[Exchange]:
    """Every question that was sent to a teacher, oldest first."""
    found: dict[str, Exchange] = {}
    for record in records:
        name = record.get("exchange")
        if not isinstance(name, str):
            continue
        if record["event"] == ASKED and isinstance(record.get("text"), str):
            found.setdefault(name, Exchange(name, record))
        elif record["event"] in (PART, ENDED) and name in found:
            _add(found[name], record)
    return list(found.values())


def _add(exchange: Exchange, record: Record) -> None:
    exchange.answer += str(record.get("text") or "")
    if record["event"] == ENDED:
        exchange.ended, exchange.problem = str(record.get("ended")), str(record.get("problem") or "")
        exchange.model, exchange.clocks = str(record.get("model") or ""), record.get("clocks")


def exported(journal: Journal) -> list[dict[str, Any]]:
    """The learner's questions and remarks in a journal, see :func:`exported_records`."""
    return exported_records(journal.records())


def exported_records(records: Sequence[Record]) -> list[dict[str, Any]]:
    """The learner's questions and remarks for an instructor, oldest first, as plain data.

    kind "question" (sent to a teacher: with answer, how it ended, the guess and the clocks) or "note" (kept only:
    the last version of it). Both name lesson, item, lab and time.
    """
    asked = exchanges(records)
    sent = {(one.asked["lesson"], one.asked["question"], one.asked["lab"], one.text) for one in asked}
    notes = [note for key, note in _notes(records).items() if (*key, note["text"]) not in sent]
    return sorted([_question(one) for one in asked] + notes, key=lambda entry: entry["time"])


def _question(one: Exchange) -> dict[str, Any]:
    return {
        "kind": "question",
        **_address(one.asked),
        "text": one.text,
        "answer": one.answer,
        "ended": one.ended,
        "problem": one.problem,
        "model": one.model,
        "ttft_guess": one.asked.get("guess"),
        "clocks": one.clocks,
    }


def _notes(records: Iterable[Record]) -> dict[tuple[str, str, str], dict[str, Any]]:
    """(lesson, item, lab) -> the last text kept."""
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for record in records:
        guess = record.get("guess")
        if (
            record["event"] == "commit"
            and record["question"] in _note_ids(record["lesson"])
            and isinstance(guess, Mapping)
            and isinstance(guess.get("text"), str)
        ):
            key = record["lesson"], record["question"], record["lab"]
            found.pop(key, None)  # the order is that of the last versions, also where several were kept in one millisecond
            found[key] = {
                "kind": "note",
                **_address(record),
                "text": guess["text"],
            }
    return found


def _address(record: Record) -> dict[str, str]:
    return {
        "lesson": record["lesson"],
        "item": record["question"],
        "lab": record["lab"],
        "time": str(record.get("time", "")),
    }


@cache
def _note_ids(lesson: str) -> frozenset[str]:
    """The notes of a lesson; of one that is gone, those that every lesson has."""
    try:
        steps = load_source(lesson)["steps"]
    except LessonlibError:
        return frozenset((QUESTION, FORMAT))
    return frozenset(entry["note"]["id"] for entry in steps if "note" in entry)
