"""Records as a lesson and a review write them, by hand."""

from __future__ import annotations

from typing import Any

from lessonlib.record.attempts import Attempt, attempts_of
from lessonlib.record.event import events_of, review_address

LESSON = "01-prefill-vs-decode"

Record = dict[str, Any]


def record(question: str, event: str, minute: float = 0, **more: Any) -> Record:
    return {
        "v": 1,
        "time": f"2026-03-02T10:{int(minute):02d}:{int(minute % 1 * 60):02d}.000+00:00",
        "lesson": LESSON,
        "question": question,
        "hash": "h",
        "lab": "l",
        "event": event,
        **more,
    }


def guess(question: str, right: bool, sure: int, minute: float = 0, **more: Any) -> list[Record]:
    """A guess in a lesson, and what came out."""
    return [
        record(question, "commit", minute, guess={"text": "1"}, confidence=sure),
        record(question, "reveal", minute, right=right, **more),
    ]


def guess_again(question: str, right: bool, sure: int, **more: Any) -> list[Record]:
    """The same in a review."""
    return [
        {**each, **review_address(LESSON, question)} for each in guess(question, right, sure, confidence=sure, **more)
    ]


def attempts(*records: Record | list[Record]) -> list[Attempt]:
    """The attempts in these records."""
    return attempts_of(events_of(each for part in records for each in (part if isinstance(part, list) else [part])))
