"""What a learner's guesses add up to: how far off, how honest the ranges, how well "certain" is meant. Never a grade."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from lessonlib.record.attempts import Attempt, by_outcome
from lessonlib.record.event import Event

#: What the levels of confidence are taken to claim, as chances of being right.
CLAIMED = (0.35, 0.7, 0.95)
#: An honest range holds the truth this often.
RANGE = 0.8
#: A pause longer than this is not time spent on a lesson.
PAUSE = timedelta(minutes=5)


@dataclass(frozen=True)
class Summary:
    """Sums over judged guesses. factors: guess over truth. ranges: (given, those that held the truth).

    levels: (guesses, right ones) for each level of confidence, the least sure first.
    brier: mean squared distance between claimed chance and what came out, 0 at best; None without a guess.
    met: misconception -> how often; cleared: those that a later right answer to the same question followed.
    """

    guesses: int
    right: int
    factors: tuple[float, ...]
    ranges: tuple[int, int]
    levels: tuple[tuple[int, int], ...]
    brier: float | None
    met: Mapping[str, int]
    cleared: frozenset[str]


def judged(attempts: Iterable[Attempt]) -> list[Attempt]:
    """The attempts that the course judged right or wrong, in the order in which that came out."""
    return [attempt for attempt in by_outcome(attempts) if attempt.right is not None]


def summarise(attempts: Iterable[Attempt]) -> Summary:
    """The sums over the judged ones of these attempts."""
    found = judged(attempts)
    held = [each for attempt in found for each in attempt.helds]
    said = [(level, bool(attempt.right)) for attempt in found if (level := attempt.confidence) is not None]
    levels = tuple(
        (sum(each == level for each, _ in said), sum(each == level and right for each, right in said))
        for level in range(len(CLAIMED))
    )
    squares = [(CLAIMED[level] - right) ** 2 for level, right in said]
    met: dict[str, int] = {}
    for attempt in found:
        if attempt.misconception:
            met[attempt.misconception] = met.get(attempt.misconception, 0) + 1
    return Summary(
        len(found),
        sum(bool(attempt.right) for attempt in found),
        tuple(factor for attempt in found for factor in attempt.factors),
        (len(held), sum(held)),
        levels,
        sum(squares) / len(squares) if squares else None,
        met,
        frozenset(_cleared(found)),
    )


def _cleared(found: Sequence[Attempt]) -> Iterator[str]:
    """Misconceptions whose question was answered right after the last time that they were met."""
    last: dict[str, int] = {}
    asked: dict[str, set[tuple[str, str]]] = {}
    right: dict[tuple[str, str], int] = {}
    for place, attempt in enumerate(found):
        question = attempt.lesson, attempt.question
        if attempt.misconception:
            last[attempt.misconception] = place
            asked.setdefault(attempt.misconception, set()).add(question)
        if attempt.right:
            right[question] = place
    for name, place in last.items():
        if any(right.get(question, place) > place for question in asked[name]):
            yield name


def minutes(events: Iterable[Event]) -> float:
    """Time spent, from event to event, longer pauses left out."""
    times = sorted(event.time for event in events if event.time)
    gaps = (after - before for before, after in pairwise(times))
    return sum(gap.total_seconds() for gap in gaps if gap <= PAUSE) / 60
