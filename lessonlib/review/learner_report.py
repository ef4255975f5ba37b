"""What a learner may hand in, as plain data: what was guessed and what came out, and the learner's own words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NotRequired, TypedDict

from lessonlib.lesson.source import lesson_names, load_source
from lessonlib.record.attempts import Attempt, attempts_of
from lessonlib.record.event import Event
from lessonlib.record.exchanges import FORMAT, remarks
from lessonlib.review.inventory import InventoryReport, inventory_report
from lessonlib.review.summary import Summary, judged, minutes, summarise

VERSION = 1


class JudgedGuess(TypedDict):
    """One judged guess; a key that is not known is left out. at: when, in UTC. factor: guess over truth.

    in_class: whether it was a vote in a class; voted_again: whether that vote was followed by a second one.
    """

    question: str
    right: bool
    review: bool
    confidence: NotRequired[int]
    factor: NotRequired[float]
    held: NotRequired[bool]
    misconception: NotRequired[str]
    at: NotRequired[str]
    in_class: NotRequired[bool]
    voted_again: NotRequired[bool]


class Ranges(TypedDict):
    """How many ranges were given, and how many of them held the truth."""

    given: int
    held: int


class Level(TypedDict):
    """Guesses made at one level of confidence, and how many of them were right."""

    guesses: int
    right: int


class Misconception(TypedDict):
    """How often a misconception was met, and whether a later right answer cleared it."""

    met: int
    cleared: bool


class Sums(TypedDict):
    """A summary as plain data. confidence: by level, the least sure first. brier: None without a guess."""

    guesses: int
    right: int
    minutes: float
    brier: float | None
    ranges: Ranges
    confidence: list[Level]
    misconceptions: dict[str, Misconception]


class LessonReport(Sums):
    """One lesson. labs: those it was taken on. outcomes: its judged guesses, those of reviews among them."""

    title: str
    labs: list[str]
    outcomes: list[JudgedGuess]


class Words(TypedDict):
    """The learner's words to the teacher. about: "question" or "format". answer: where one came."""

    lesson: str
    about: str
    text: str
    answer: NotRequired[str]


class LearnerReport(TypedDict):
    """All that is handed in. It holds no name, no path and no machine. inventory: once both of its forms are done."""

    version: int
    lessons: dict[str, LessonReport]
    overall: Sums
    notes: list[Words]
    inventory: NotRequired[InventoryReport]


def learner_report(events: Sequence[Event]) -> LearnerReport:
    """Everything that would be handed in of a journal's events, as plain data (JSON)."""
    attempts = attempts_of(events)
    begun = {event.lesson for event in events if not event.review}
    report: LearnerReport = {
        "version": VERSION,
        "lessons": {name: _lesson(name, attempts, events) for name in lesson_names() if name in begun},
        "overall": _sums(summarise(attempts), minutes(events)),
        "notes": words_of(events),
    }
    inventory = inventory_report(events)
    return {**report, "inventory": inventory} if inventory else report


def _lesson(name: str, attempts: Iterable[Attempt], events: Iterable[Event]) -> LessonReport:
    own, taken = of_lesson(name, attempts), taken_in(name, events)
    return {
        "title": load_source(name)["title"],
        "labs": list(dict.fromkeys(event.lab for event in taken)),
        **_sums(summarise(own), minutes(taken)),
        "outcomes": [_judged(attempt) for attempt in judged(own)],
    }


def of_lesson(name: str, attempts: Iterable[Attempt]) -> list[Attempt]:
    """The attempts at questions of a lesson, in it and in reviews."""
    return [attempt for attempt in attempts if attempt.lesson == name]


def taken_in(name: str, events: Iterable[Event]) -> list[Event]:
    """What happened while that lesson was taken: without the reviews of its cards."""
    return [event for event in events if event.lesson == name and not event.review]


def _judged(attempt: Attempt) -> JudgedGuess:
    found: JudgedGuess = {"question": attempt.question, "right": bool(attempt.right), "review": attempt.review}
    if attempt.confidence is not None:
        found["confidence"] = attempt.confidence
    if attempt.factor is not None:
        found["factor"] = attempt.factor
    if attempt.held is not None:
        found["held"] = attempt.held
    if attempt.misconception is not None:
        found["misconception"] = attempt.misconception
    if attempt.at is not None:
        found["at"] = attempt.at.isoformat(timespec="seconds")
    if attempt.commit is not None and attempt.commit.in_class:
        found |= {"in_class": True, "voted_again": attempt.revote is not None}
    return found


def _sums(found: Summary, spent_minutes: float) -> Sums:
    return {
        "guesses": found.guesses,
        "right": found.right,
        "minutes": round(spent_minutes, 1),
        "brier": None if found.brier is None else round(found.brier, 3),
        "ranges": {"given": found.ranges[0], "held": found.ranges[1]},
        "confidence": [{"guesses": guesses, "right": right} for guesses, right in found.levels],
        "misconceptions": {name: {"met": count, "cleared": name in found.cleared} for name, count in found.met.items()},
    }


def words_of(events: Sequence[Event]) -> list[Words]:
    """The learner's words to the teacher, oldest first, with the answer where one came."""
    found: list[Words] = []
    for remark in remarks(events):
        if remark["text"].strip():
            about = "format" if remark["item"] == FORMAT else "question"
            words: Words = {"lesson": remark["lesson"], "about": about, "text": remark["text"]}
            if remark.get("answer"):
                words["answer"] = remark["answer"]
            found.append(words)
    return found
