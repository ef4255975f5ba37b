"""The card: a decode step is its bytes over the bandwidth, over a reach, plus a fixed cost for each layer.

Its seven numbers are those that come nearest to the published steps (see steps_measured.py). Each source counts alike in
each class, so that a source with many rows does not decide; a system of the exam takes no part.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from statistics import median

from lessonlib.course.checkpoint_1.exam_systems import exam_pool
from lessonlib.course.checkpoint_1.steps_measured import Step, bits_class, measured_steps, same_system


@dataclass(frozen=True)
class Card:
    """Reaches: shares of the bandwidth at which weights of 16, 8 and 4 bits are read. Costs: microseconds a layer, on one GPU, on
    several, more for a mixture, and more for each further request.
    """

    reach_16: float = 0.8
    reach_8: float = 0.7
    reach_4: float = 0.6
    one_us: float = 50.0
    several_us: float = 70.0
    mixture_us: float = 20.0
    request_us: float = 1.0

    def reach(self, bits: float) -> float:
        """The reach of weights with so many bits."""
        return self.reach_16 if bits > 8 else self.reach_8 if bits > 6 else self.reach_4

    def layer_s(self, gpus: int, mixture: bool, requests: int) -> float:
        """The fixed cost of one layer, seconds."""
        cost = self.one_us if gpus == 1 else self.several_us
        return 1e-6 * (cost + self.mixture_us * mixture + self.request_us * (requests - 1))

    def forecast_s(self, step: Step) -> float:
        """Seconds of a step."""
        fixed = step.layers * self.layer_s(step.gpus, step.mixture, step.requests)
        return step.fetch_s / self.reach(step.bits) + fixed

    def off(self, step: Step) -> float:
        """The factor between forecast and measured, at least 1."""
        factor = self.forecast_s(step) / step.seconds
        return max(factor, 1 / factor)


#: What each number may be: a card is read by people, so its numbers are round.
_SHARES, _COSTS = tuple(share / 100 for share in range(40, 100, 5)), tuple(float(cost) for cost in range(0, 210, 10))
_CHOICES: Mapping[str, Sequence[float]] = {
    "reach_16": _SHARES,
    "reach_8": _SHARES,
    "reach_4": _SHARES,
    "one_us": _COSTS,
    "several_us": _COSTS,
    "mixture_us": _COSTS,
    "request_us": (0.0, 0.5, 1.0, 2.0, 3.0),
}
_ROUNDS = 20


@cache
def card() -> Card:
    """The card of the checkpoint: of all engines of today, without the systems of the exam."""
    return fit(fitted_steps())


def fitted_steps() -> list[Step]:
    """The steps that the card is fitted to: those of today's engines on systems that are not of the exam."""
    return [step for step in measured_steps() if step.graphs and not in_exam(step)]


def in_exam(step: Step) -> bool:
    """Whether a step was measured on a system of the exam's pool, drawn into a set or not."""
    return any(same_system(step, each.system) for each in exam_pool())


def fit(steps: Sequence[Step]) -> Card:
    """The card whose mean squared distance to these steps, on a log scale, is least; found number by number until none moves."""
    weights = _weights(steps)

    def distance(one: Card) -> float:
        return sum(weight * math.log(one.off(step)) ** 2 for step, weight in zip(steps, weights, strict=True))

    found = Card()
    for _ in range(_ROUNDS):
        before = found
        for name, choices in _CHOICES.items():
            tried = [replace(found, **{name: choice}) for choice in choices]
            # A number that nothing speaks for stays as it is.
            found = min([found, *tried], key=lambda one: round(distance(one), 9))
        if found == before:
            break
    return found


def _weights(steps: Sequence[Step]) -> list[float]:
    count = Counter((step.source, kind_of(step)) for step in steps)
    return [1 / count[step.source, kind_of(step)] for step in steps]


def kind_of(step: Step) -> tuple[bool, bool, int]:
    """What the card tells apart: a mixture or not, several GPUs or one, and how many bits."""
    return step.mixture, step.gpus > 1, bits_class(step.bits)


def left_out() -> dict[str, list[float]]:
    """Source -> how far off each of its steps is from a card that was fitted without that source; exam systems are in no fit."""
    steps = [step for step in measured_steps() if step.graphs]
    cards = {
        source: fit([step for step in steps if step.source != source and not in_exam(step)])
        for source in dict.fromkeys(step.source for step in steps)
    }
    return {source: [one.off(step) for step in steps if step.source == source] for source, one in cards.items()}


def median_off(found: Mapping[str, Sequence[float]]) -> float:
    """The median over all steps of all sources."""
    return median(factor for factors in found.values() for factor in factors)


def numbers() -> dict[str, float]:
    """The card's numbers by name."""
    return asdict(card())
