"""What a learner's guesses add up to: how far off, how honest the ranges, how well "certain" is meant. Never a grade."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from lessonlib.review.schedule import moment

Record = Mapping[str, Any]

#: What the three levels of confidence are taken to claim, as chances of being right.
CLAIMED = (0.35, 0.7, 0.95)
#: An honest range holds the truth this often.
RANGE = 0.8
#: A pause longer than this is not time spent on a lesson.
PAUSE = timedelta(minutes=5)


@dataclass(frozen=True)
class Outcome:
    """One judged guess. factor: guess over truth; held: whether the range held it; None where there is none."""

    lesson: str
    question: str
    at: datetime | None
    confidence: int | None
    right: bool
    factor: float | None = None
    held: bool | None = None
    misconception: str | None = None
    review: bool = False


@dataclass(frozen=True)
class Tally:
    """Sums over outcomes. levels: (guesses, right ones) for each level of confidence, the least sure first.

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


def outcomes(records: Iterable[Record]) -> Iterator[Outcome]:
    """Every judged guess in the journal, oldest first; those of the review under the lesson they come from."""
    sure: dict[tuple[str, str], Any] = {}
    for record in records:
        key = record["lesson"], record["question"]
        if record["event"] == "commit":
            sure[key] = record.get("confidence")
        elif record["event"] == "reveal" and "right" in record:
            lesson, _, question = (
                record["question"].partition("/") if record["lesson"] == "review" else (*key[:1], "", key[1])
            )
            yield Outcome(
                lesson,
                question,
                moment(record.get("time")),
                _level(record.get("confidence", sure.get(key))),
                bool(record["right"]),
                _factor(record.get("factor")),
                _only(bool, record.get("held")),
                _only(str, record.get("misconception")),
                record["lesson"] == "review",
            )


# A journal is a file that anybody may have edited: what does not fit is left out, and the rest still counts.


def _level(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value in range(len(CLAIMED)) else None


def _factor(value: Any) -> float | None:
    fits = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e300 and math.isfinite(value)
    return float(value) if fits and 1 / float(value) < math.inf else None


def _only(kind: type, value: Any) -> Any:
    return value if isinstance(value, kind) and value != "" else None


def tally(found: Sequence[Outcome]) -> Tally:
    """The sums over these outcomes."""
    held = [outcome.held for outcome in found if outcome.held is not None]
    said = [outcome for outcome in found if outcome.confidence is not None]
    levels = tuple(
        (sum(o.confidence == level for o in said), sum(o.confidence == level and o.right for o in said))
        for level in range(len(CLAIMED))
    )
    squares = [(CLAIMED[o.confidence or 0] - o.right) ** 2 for o in said]
    met: dict[str, int] = {}
    for outcome in found:
        if outcome.misconception:
            met[outcome.misconception] = met.get(outcome.misconception, 0) + 1
    return Tally(
        len(found),
        sum(o.right for o in found),
        tuple(o.factor for o in found if o.factor),
        (len(held), sum(held)),
        levels,
        sum(squares) / len(squares) if squares else None,
        met,
        frozenset(_cleared(found)),
    )


def _cleared(found: Sequence[Outcome]) -> Iterator[str]:
    """Misconceptions whose question was answered right after the last time that they were met."""
    for name in {outcome.misconception for outcome in found if outcome.misconception}:
        last = max(index for index, outcome in enumerate(found) if outcome.misconception == name)
        asked = {(o.lesson, o.question) for o in found if o.misconception == name}
        if any(o.right and (o.lesson, o.question) in asked for o in found[last + 1 :]):
            yield name


def minutes(records: Iterable[Record]) -> float:
    """Time spent, from record to record, longer pauses left out."""
    times = sorted(at for at in (moment(record.get("time")) for record in records) if at)
    gaps = (after - before for before, after in zip(times, times[1:], strict=False))
    return sum(gap.total_seconds() for gap in gaps if gap <= PAUSE) / 60
