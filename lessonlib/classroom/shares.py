"""How a room voted, by kind of question, without a word on what is true."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import median
from typing import Any

from lessonlib.base.quantity import rounded
from lessonlib.base.units import unit_label, unit_scale
from lessonlib.classroom.wire import LEAST_SHARED, Bin, OptionShare, Shares
from lessonlib.lesson.kinds.choice import Choice
from lessonlib.lesson.kinds.curve import Curve
from lessonlib.lesson.kinds.number import Number
from lessonlib.lesson.kinds.place import Place
from lessonlib.lesson.kinds.spoken import Blanks
from lessonlib.lesson.question import Guess, Question
from lessonlib.lesson.words import plain

#: drawings that are sent at most, and bins of a distribution
MOST_CURVES, MOST_BINS = 200, 14
#: widths that a bin may have on a logarithmic axis, in decades
_WIDTHS = (1 / 12, 1 / 8, 1 / 6, 1 / 4, 1 / 3, 1 / 2, 1.0)
#: the share of answers that the bins show to scale; what lies outside is counted in the first and the last of them
_SHOWN = 0.95

Rounds = Mapping[int, Sequence[Guess]]


def shares(question: Question, rounds: Rounds) -> Shares:
    """The shares of each round. ``rounds``: 1, and 2 if it was held, each with the guesses that count.

    A round with fewer than LEAST_SHARED answers has none. Depends on the votes and on what is asked, never on the truth.
    """
    first, second = rounds.get(1, ()), rounds.get(2)
    counts: dict[str, Any] = {"first": len(first), "second": None if second is None else len(second)}
    shown = {number: guesses for number, guesses in rounds.items() if len(guesses) >= LEAST_SHARED}
    if not shown:
        return {"kind": "few", **counts}  # type: ignore[typeddict-item]
    return {"kind": "options", **counts, **_of_kind(question, shown)}  # type: ignore[typeddict-item]


def _of_kind(question: Question, rounds: Rounds) -> dict[str, Any]:
    if isinstance(question, Choice):
        return {"options": _options(question, rounds)}
    if isinstance(question, Number):
        return _numbers(question, rounds)
    if isinstance(question, Curve):
        x = question.ask()["x"]
        return _drawn([list(zip(x, guess["y"], strict=True)) for guess in _last(rounds)])
    if isinstance(question, Place):
        return _drawn([[(guess["x"], guess["y"])] for guess in _last(rounds)])
    if isinstance(question, Blanks):
        return {"options": _words(rounds)}
    return {"options": []}  # said aloud: there is nothing to count but who did


def _last(rounds: Rounds) -> Sequence[Guess]:
    return rounds[max(rounds)]


def _share(count: int, rounds: Rounds, number: int) -> float | None:
    return count / len(rounds[number]) if number in rounds else None


# --- cards ------------------------------------------------------------------------------------------------------------


def _options(question: Choice, rounds: Rounds) -> list[OptionShare]:
    taken = {number: Counter(guess["key"] for guess in guesses) for number, guesses in rounds.items()}
    return [
        {
            "key": option["key"],
            "text": plain(option["html"]),
            "first": _share(taken.get(1, Counter())[option["key"]], rounds, 1),
            "second": _share(taken.get(2, Counter())[option["key"]], rounds, 2),
        }
        for option in question.ask()["options"]
    ]


def _words(rounds: Rounds) -> list[OptionShare]:
    """What was put into the gaps: the fillings that LEAST_SHARED voters had in a round, the rest together.

    So nobody reads on the wall what one person typed.
    """
    filled = {number: Counter(map(_filling, guesses)) for number, guesses in rounds.items()}
    common = {text for counter in filled.values() for text, count in counter.items() if count >= LEAST_SHARED}
    often = sorted(common, key=lambda text: (-sum(counter[text] for counter in filled.values()), text))[:6]

    def share(number: int, text: str) -> float | None:
        return _share(filled.get(number, Counter())[text], rounds, number)

    found: list[OptionShare] = [
        {"key": str(place), "text": text, "first": share(1, text), "second": share(2, text)}
        for place, text in enumerate(often, 1)
    ]
    rest = {number: sum(filled[number].values()) - sum(filled[number][text] for text in often) for number in rounds}
    if any(rest.values()):
        found.append(
            {
                "key": "rest",
                "text": "other words",
                "first": _share(rest.get(1, 0), rounds, 1),
                "second": _share(rest.get(2, 0), rounds, 2),
            }
        )
    return found


def _filling(guess: Guess) -> str:
    return " · ".join(" ".join(text.split()).lower() or "–" for text in guess["texts"])


# --- numbers ----------------------------------------------------------------------------------------------------------


def _numbers(question: Number, rounds: Rounds) -> dict[str, Any]:
    scale = unit_scale(question.unit)
    values = {number: [guess["value"] / scale for guess in guesses] for number, guesses in rounds.items()}
    edges = _edges([value for those in values.values() for value in those])
    filled = {number: _filled(those, edges) for number, those in values.items()}
    bins: list[Bin] = [
        {
            "low": rounded(10**low, 4),
            "high": rounded(10**high, 4),
            "first": _share(filled[1][place], rounds, 1) if 1 in rounds else None,
            "second": _share(filled[2][place], rounds, 2) if 2 in rounds else None,
        }
        for place, (low, high) in enumerate(pairwise(edges))
    ]
    medians = [rounded(median(values[number])) if number in values else None for number in (1, 2)]
    return {
        "kind": "numbers",
        "unit": unit_label(question.unit),
        "scale": scale,
        "log": True,
        "bins": bins,
        "medians": medians,
    }


def _edges(values: Sequence[float]) -> list[float]:
    """The edges of the bins, as logarithms to the base ten: round ones, as near to each other as MOST_BINS allows."""
    logs = sorted(math.log10(value) for value in values)
    beside = int(len(logs) * (1 - _SHOWN) / 2)
    low, high = logs[beside], logs[-1 - beside]
    for width in _WIDTHS:
        first, last = math.floor(low / width), math.floor(high / width) + 1
        if last - first <= MOST_BINS:
            return [place * width for place in range(first, last + 1)]
    width = math.ceil((high - low) / (MOST_BINS - 2))  # nothing that a person means, but it must be drawn all the same
    first = math.floor(low / width)
    return [place * width for place in range(first, math.floor(high / width) + 2)]


def _filled(values: Sequence[float], edges: Sequence[float]) -> list[int]:
    """How many values fall into each bin; those beyond the ends into the outer ones."""
    width, last = (edges[-1] - edges[0]) / (len(edges) - 1), len(edges) - 2
    found = [0] * (last + 1)
    for value in values:
        found[min(max(math.floor((math.log10(value) - edges[0]) / width + 1e-9), 0), last)] += 1
    return found


# --- drawings ---------------------------------------------------------------------------------------------------------


def _drawn(drawings: Sequence[Sequence[tuple[float, float]]]) -> dict[str, Any]:
    """At most MOST_CURVES of the drawings, evenly taken, and the median of all of them at each of their points."""
    step = max(len(drawings) / MOST_CURVES, 1)
    taken = [drawings[int(place * step)] for place in range(min(len(drawings), MOST_CURVES))]
    middle = [
        [rounded(median(axis), 5) for axis in zip(*points, strict=True)] for points in zip(*drawings, strict=True)
    ]
    curves = [[[rounded(x, 5), rounded(y, 5)] for x, y in points] for points in taken]
    return {"kind": "curves", "curves": curves, "median": middle}
