"""From events to attempts: what was guessed, how sure, and what came out, paired in one place.

In a lesson a question is answered once: the first guess counts, and after its reveal nothing else does, as a lesson
replays it. A second vote in a class stands beside the first guess and decides nothing. A review asks the same question again another day, and each time is an attempt of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from lessonlib.lesson.question import CERTAIN
from lessonlib.record.event import Event

_BEGINS = ("hint", "commit", "skip", "reveal")
_PARTS = (*_BEGINS, "revote", "observe", "grade")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One question on one lab, from the guess to what came out, as far as it has come.

    events: those that count, oldest first, at least one. commit: the guess, None if there was none (or its record is lost).
    revote: the second vote in a class, the last one, if there was one.
    opened: the reveal or the skip. graded: the learner's own grade, the last one.
    decided: where in the journal stands what came out (the grade, else the reveal or the skip); None if nothing has yet.
    """

    events: tuple[Event, ...]
    commit: Event | None = None
    revote: Event | None = None
    opened: Event | None = None
    graded: Event | None = None
    decided: int | None = None

    @property
    def lesson(self) -> str:
        """The lesson that the question is from, also in a review."""
        return self.events[0].lesson

    @property
    def question(self) -> str:
        """The question's id in its lesson."""
        return self.events[0].question

    @property
    def hash(self) -> str:
        """The hash of the question as it was worded."""
        return self.events[0].hash

    @property
    def lab(self) -> str:
        """The lab that it was computed for."""
        return self.events[0].lab

    @property
    def review(self) -> bool:
        """Whether a review asked it."""
        return self.events[0].review

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do: skipped, judged, or graded by the learner."""
        return self.skipped or self.right is not None or self.graded is not None

    @property
    def skipped(self) -> bool:
        """Whether the learner went straight to the answer."""
        return self.opened is not None and self.opened.event == "skip"

    @property
    def confidence(self) -> int | None:
        """How sure the learner was, 0 to 2; None if that was not asked or is not known."""
        for event in (self.opened, self.commit):
            if event is not None and event.confidence is not None:
                return event.confidence
        return None

    @property
    def right(self) -> bool | None:
        """Whether the guess was right; None if it was not judged."""
        return self.opened.right if self.opened is not None and self.opened.event == "reveal" else None

    @property
    def certain_miss(self) -> bool:
        """Whether a guess made with certainty was wrong."""
        return self.right is False and self.confidence == CERTAIN

    @property
    def factor(self) -> float | None:
        """Guess over truth, where the guess was a number or a curve."""
        return self.opened.factor if self.opened else None

    @property
    def held(self) -> bool | None:
        """Whether the learner's range held the truth, where one was given."""
        return self.opened.held if self.opened else None

    @property
    def factors(self) -> tuple[float, ...]:
        """Guess over truth of each number that was asked."""
        if self.opened and self.opened.factors:
            return self.opened.factors
        return () if self.factor is None else (self.factor,)

    @property
    def helds(self) -> tuple[bool, ...]:
        """Whether each range that was given held the truth."""
        if self.opened and self.opened.helds:
            return self.opened.helds
        return () if self.held is None else (self.held,)

    @property
    def misconception(self) -> str | None:
        """The id of the misconception that the guess showed."""
        return self.opened.misconception if self.opened else None

    @property
    def grade(self) -> str | None:
        """The learner's own grade ("got", "partly", "missed"), the last one given."""
        return self.graded.grade if self.graded else None

    @property
    def at(self) -> datetime | None:
        """When it was decided, in UTC; None if it is not, or if the clock made no sense."""
        event = self.graded or self.opened
        return event.time if event else None


class Pairing:
    """Takes events in the order of the journal and puts each to the attempt that it belongs to. seen: how many so far."""

    def __init__(self) -> None:
        self.seen = 0
        self._running: list[_Running] = []
        self._latest: dict[tuple[bool, str, str, str, str], _Running] = {}

    def add(self, events: Iterable[Event]) -> None:
        """Take the next events of the journal."""
        for event in events:
            self.seen += 1
            if event.event not in _PARTS:
                continue
            key = event.review, event.lesson, event.question, event.hash, event.lab
            latest = self._latest.get(key)
            if latest is None or latest.ends_before(event):
                if event.event not in _BEGINS:
                    continue
                latest = self._latest[key] = _Running()
                self._running.append(latest)
            latest.add(event, self.seen)

    def attempts(self) -> list[Attempt]:
        """The attempts so far, in the order in which they were begun."""
        return [running.attempt() for running in self._running]


class _Running:
    """An attempt while its events come in."""

    __slots__ = ("_made", "commit", "decided", "events", "graded", "opened", "revote")

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.commit: Event | None = None
        self.revote: Event | None = None
        self.opened: Event | None = None
        self.graded: Event | None = None
        self.decided: int | None = None
        self._made: Attempt | None = None

    def ends_before(self, event: Event) -> bool:
        """Whether ``event`` is the first of another attempt."""
        if self.opened is None or event.event not in _BEGINS:
            return False
        # A reveal whose guess is lost answers nothing in a lesson: it asks again.
        lost = self.commit is None and self.opened.event == "reveal"
        return lost or (event.review and self._finished(self.opened))

    def _finished(self, opened: Event) -> bool:
        """As :attr:`Attempt.finished` says."""
        return opened.event == "skip" or opened.right is not None or self.graded is not None

    def add(self, event: Event, place: int) -> None:
        if not self._fits(event.event):
            return
        self._made = None
        self.events.append(event)
        if event.event == "commit":
            self.commit = event
        elif event.event == "revote":
            self.revote = event
        elif event.event in ("reveal", "skip"):
            self.opened, self.decided = event, place
        elif event.event == "grade":
            self.graded, self.decided = event, place

    def _fits(self, name: str) -> bool:
        """As a question goes on its way: a late click or a second kernel's guess changes nothing."""
        if name in ("hint", "commit", "skip"):
            return self.opened is None and self.commit is None
        if name == "revote":
            return self.opened is None and self.commit is not None
        return self.opened is None if name == "reveal" else self.opened is not None

    def attempt(self) -> Attempt:
        if self._made is None:
            self._made = Attempt(tuple(self.events), self.commit, self.revote, self.opened, self.graded, self.decided)
        return self._made


def attempts_of(events: Iterable[Event]) -> list[Attempt]:
    """The attempts in these events (oldest first), in the order in which they were begun."""
    pairing = Pairing()
    pairing.add(events)
    return pairing.attempts()


def by_outcome(attempts: Iterable[Attempt]) -> list[Attempt]:
    """The attempts of which something came out, in the order in which it did."""
    return sorted((each for each in attempts if each.decided is not None), key=lambda each: each.decided or 0)
