"""Judging a guess against a truth, on a log scale. Nothing here knows a lesson."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from lessonlib.base.quantity import significant
from lessonlib.lesson.views import Tone

#: A guess this near a known wrong working is taken to have come from it.
SAME_WORKING = 1.05
#: This near, it is taken to have come from it even where it would otherwise count as spot on.
EXACT_WORKING = 1.01
#: A wrong working nearer to the truth than this cannot be told from it.
TELLABLE = 1.05
#: A forecast within this factor is a good one.
CLOSE = 1.25
#: Beyond this the size of a factor says nothing more.
_MOST_TIMES = 1e6

#: (largest factor off, tone, words), from near to far
_BANDS: tuple[tuple[float, Tone, str], ...] = (
    (1.10, "right", "Spot on"),
    (CLOSE, "near", "Close"),
    (2.0, "near", "Right size"),
    (10.0, "off", "Right order"),
    (math.inf, "off", "Another order"),
)


@dataclass(frozen=True)
class NumberVerdict:
    """How far off a number is. ``factor`` = guess / truth; ``words`` are those of its band; ``held`` = the interval held the truth."""

    factor: float
    tone: Tone
    words: str
    headline: str
    held: bool | None = None

    @property
    def off(self) -> float:
        """The factor between guess and truth, at least 1."""
        return max(self.factor, 1 / self.factor)

    @property
    def spot_on(self) -> bool:
        """Whether it counts as right."""
        return self.tone == "right"


def judge_number(guess: float, truth: float, low: float | None = None, high: float | None = None) -> NumberVerdict:
    """Compare two positive numbers by their ratio."""
    factor = guess / truth
    off = apart(guess, truth)
    _, tone, words = _BANDS[band_of(off)]
    side = "" if off < 1.005 else f": {times(off)} too {'high' if factor > 1 else 'low'}"
    held = None if low is None or high is None else low <= truth <= high
    return NumberVerdict(factor, tone, words, words + side, held)


def close_at_best(verdict: NumberVerdict) -> NumberVerdict:
    """The verdict on a guess that a wrong working led near to the truth: never better than close."""
    if not verdict.spot_on:
        return verdict
    (_, _, best), (_, tone, words) = _BANDS[:2]
    return replace(verdict, tone=tone, words=words, headline=verdict.headline.replace(best, words))


def apart(one: float, other: float) -> float:
    """The factor between two positive numbers, at least 1."""
    return max(one / other, other / one)


def times(off: float) -> str:
    """A factor as people say it: ×1.18, ×2.6, ×26."""
    if off > _MOST_TIMES:
        return f"more than ×{_MOST_TIMES:,.0f}"
    return "×" + significant(off, 3 if off <= 1.25 * (1 + 1e-12) else 2)


def off_words(guess: float, truth: float) -> str:
    """How far off one number of many is, in a few words: "spot on", "×2.6 too low"."""
    verdict = judge_number(guess, truth)
    if verdict.spot_on:
        return verdict.words.lower()
    return f"{times(apart(guess, truth))} too {'high' if verdict.factor > 1 else 'low'}"


def nearest_working(guess: float, workings: Sequence[float], within: float = SAME_WORKING) -> int | None:
    """Which known wrong working the guess must have come from: its index, or None if none is ``within`` that factor."""
    distances = [(apart(guess, value), index) for index, value in enumerate(workings) if value > 0]
    near = [item for item in distances if item[0] <= within * (1 + 1e-12)]
    return min(near)[1] if near else None


def curve_factor(guess: Sequence[float], truth: Sequence[float]) -> float:
    """By which factor a drawn curve is off on average: 10 ** mean |log10(guess / truth)|."""
    return 10 ** (sum(abs(math.log10(g / t)) for g, t in zip(guess, truth, strict=True)) / len(truth))


def slope(x: Sequence[float], y: Sequence[float], first: int, last: int) -> float:
    """Growth exponent of a curve between two of its points: log(y ratio) / log(x ratio)."""
    return math.log(y[last] / y[first]) / math.log(x[last] / x[first])


Side = Literal["on", "below", "above"]


def on_a_line(x: Sequence[float], y: Sequence[float], at: float) -> float:
    """The height at ``at`` of the line through these points, straight on log axes; its ends go on as they end.

    ``x`` rises, all are positive, and there are at least two points.
    """
    place = next((n for n in range(1, len(x) - 1) if at <= x[n]), len(x) - 1)
    share = math.log(at / x[place - 1]) / math.log(x[place] / x[place - 1])
    return math.exp(math.log(y[place - 1]) + share * math.log(y[place] / y[place - 1]))


def roof_side(height: float, roof: float) -> Side:
    """Where a dot stands against the roof above it: within the factor that counts as close, it is on it."""
    if apart(height, roof) <= _BANDS[1][0] * (1 + 1e-12):
        return "on"
    return "above" if height > roof else "below"


def band_of(off: float) -> int:
    """In which band a factor off (at least 1) falls, from near (0) to far."""
    return next(place for place, (most, *_) in enumerate(_BANDS) if off <= most * (1 + 1e-12))


def band_limits() -> tuple[float, ...]:
    """The largest factor off of each band, from near to far; the last has no end."""
    return tuple(most for most, *_ in _BANDS)
