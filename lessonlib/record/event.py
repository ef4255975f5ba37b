"""One line of the journal as a typed event, made by one tolerant reader.

A journal is a file that anybody may have edited: a field that does not fit is left out, and the rest still counts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from sys import intern
from typing import Any, NamedTuple, TypeVar

from lessonlib.lesson.question import CONFIDENCE

#: The lesson name under which a review records; its questions are called "LESSON/QUESTION".
REVIEW = "review"
#: The keys that every record has, each a string.
ADDRESS = ("lesson", "question", "hash", "lab")
KEYS = (*ADDRESS, "event")

#: Numbers that one question may ask for.
_MOST_NUMBERS = 8
#: Years that a clock may show; what lies outside was written by no lesson.
_YEARS = range(1970, 2200)

Kind = TypeVar("Kind")


class Event(NamedTuple):
    """What happened to one question on one lab, once. A field is None where the record has none that fits.

    lesson, question: as the lesson names them, also for a record of the review (then ``review`` is true).
    hash: of the question as it was worded; lab: what it was computed for; event: "commit", "reveal", "skip", ...
    in_class, round: the code of the class and the round of its vote, if it was one. time: in UTC. confidence: 0 to 2.
    factor: guess over truth. held: whether the range held the truth. factors, helds: the same of a question that asks for
    several numbers.
    exchange, ended, problem, model, clocks: of a question sent to a teacher. kept: the record, or the line that holds it.
    """

    lesson: str
    question: str
    hash: str
    lab: str
    event: str
    review: bool = False
    time: datetime | None = None
    guess: Mapping[str, Any] | None = None
    confidence: int | None = None
    right: bool | None = None
    factor: float | None = None
    held: bool | None = None
    misconception: str | None = None
    factors: tuple[float, ...] | None = None
    helds: tuple[bool, ...] | None = None
    choice: str | None = None
    grade: str | None = None
    number: int | None = None
    in_class: str | None = None
    round: int | None = None
    text: str | None = None
    exchange: str | None = None
    ended: str | None = None
    problem: str | None = None
    model: str | None = None
    clocks: Mapping[str, Any] | None = None
    kept: Mapping[str, Any] | bytes = b"{}"

    @property
    def record(self) -> Mapping[str, Any]:
        """The line as it was read. A journal of years has many, so none is kept apart from its text."""
        if not isinstance(self.kept, bytes):
            return self.kept
        from lessonlib.record.lines import record_of  # which knows what a record is from here

        return record_of(self.kept) or {}


def event_of(record: Mapping[str, Any], line: bytes | None = None) -> Event:
    """A record of the journal as an event. The record must have the keys that :func:`has_keys` asks for.

    ``line``: where the record stands, to be held in place of it.
    """
    lesson, question, review = _asked_where(record["lesson"], record["question"])
    found = {_FIELDS.get(key, key): _FITTING[key](value) for key, value in record.items() if key in _FITTING}
    return Event(
        intern(lesson),
        intern(question),
        intern(record["hash"]),
        intern(record["lab"]),
        intern(record["event"]),
        review,
        kept=record if line is None else line,
        **found,
    )


def events_of(records: Iterable[Mapping[str, Any]]) -> list[Event]:
    """The events of these records, in their order; what is no record is left out."""
    return [event_of(record) for record in records if has_keys(record)]


def has_keys(record: Mapping[str, Any]) -> bool:
    """Whether it says of which question, on which lab, and what happened."""
    return {type(record.get(key)) for key in KEYS} == {str}


def review_address(lesson: str, question: str) -> dict[str, str]:
    """The lesson and the question under which a review records; :func:`event_of` undoes it."""
    return {"lesson": REVIEW, "question": f"{lesson}/{question}"}


def _asked_where(lesson: str, question: str) -> tuple[str, str, bool]:
    if lesson != REVIEW:
        return lesson, question, False
    asked_in, _, asked = question.partition("/")
    return asked_in, asked, True


def moment(text: object) -> datetime | None:
    """A time of the journal in UTC; None if it is none."""
    if not isinstance(text, str):
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    if at.year not in _YEARS:
        return None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def _of(kind: type[Kind], value: object) -> Kind | None:
    return value if isinstance(value, kind) else None


def _whole(value: object) -> int | None:
    return None if isinstance(value, bool) else _of(int, value)


def _level(value: object) -> int | None:
    level = _whole(value)
    return level if level in range(len(CONFIDENCE)) else None


def _factor(value: object) -> float | None:
    """A factor that can be drawn on a log axis, either way round."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < 1e300:
        return None
    return float(value) if 1 / float(value) < math.inf else None


def _factors(value: object) -> tuple[float, ...] | None:
    """Several factors, each fit to be drawn; None if one is not."""
    found = [_factor(each) for each in value] if isinstance(value, list) and len(value) <= _MOST_NUMBERS else []
    known = tuple(each for each in found if each is not None)
    return known if known and len(known) == len(found) else None


def _helds(value: object) -> tuple[bool, ...] | None:
    fits = isinstance(value, list) and 0 < len(value) <= _MOST_NUMBERS and all(isinstance(each, bool) for each in value)
    return tuple(value) if fits and isinstance(value, list) else None


def _name(value: object) -> str | None:
    return _of(str, value) or None


def _only(kind: type[Kind]) -> Callable[[object], Kind | None]:
    return lambda value: value if isinstance(value, kind) else None


def _round(value: object) -> int | None:
    return value if _whole(value) in (1, 2) else None  # type: ignore[return-value]


#: keys of a record whose field has another name, because theirs is a word of Python
_FIELDS = {"class": "in_class"}
#: what a field must be -> None if it is not
_FITTING: dict[str, Callable[[object], Any]] = {
    "time": moment,
    "guess": _only(dict),
    "confidence": _level,
    "right": _only(bool),
    "factor": _factor,
    "held": _only(bool),
    "misconception": _name,
    "factors": _factors,
    "helds": _helds,
    "number": _whole,
    "class": _name,
    "round": _round,
    "clocks": _only(dict),
    **dict.fromkeys(("choice", "grade", "text", "exchange", "ended", "problem", "model"), _only(str)),
}
