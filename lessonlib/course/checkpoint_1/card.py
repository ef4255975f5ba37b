"""The card: a decode step is its bytes over the bandwidth, over a reach, plus a fixed cost for each layer.

Its six numbers are those that come nearest to the published steps (see steps_measured.py). Each source counts alike in
each class, so that a source with many rows does not decide; a system of the exam takes no part.

A step has one reach, by the bits of most of its weights, for all that it reads: weights, caches, states. A reach of its own for
each part comes no nearer to the steps. A cost of its own for a layer on one GPU comes hardly nearer, and rests on one source.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from statistics import median

from lessonlib.course.checkpoint_1.exam_systems import exam_pool
from lessonlib.course.checkpoint_1.steps_measured import Step, bits_class, measured_steps, same_system


@dataclass(frozen=True)
class Card:
    """Reaches: shares of the bandwidth at which a step reads whose weights have 16, 8 or 4 bits. Costs: microseconds a layer, more
    for a mixture, and more for each further request.
    """

    reach_16: float = 0.8
    reach_8: float = 0.7
    reach_4: float = 0.6
    layer_us: float = 70.0
    mixture_us: float = 20.0
    request_us: float = 1.0

    def reach(self, bits: float) -> float:
        """The reach of weights with so many bits."""
        return self.reach_16 if bits > 8 else self.reach_8 if bits > 6 else self.reach_4

    def layer_s(self, step: Step) -> float:
        """The fixed cost of one layer of a step, seconds."""
        return 1e-6 * (self.layer_us + self.mixture_us * step.mixture + self.request_us * (step.requests - 1))

    def forecast_s(self, step: Step) -> float:
        """Seconds of a step."""
        return step.fetch_s / self.reach(step.bits) + step.layers * self.layer_s(step)

    def off(self, step: Step) -> float:
        """The factor between forecast and measured, at least 1."""
        factor = self.forecast_s(step) / step.seconds
        return max(factor, 1 / factor)


#: What each number may be: a card is read by people, so its numbers are round.
_SHARES = tuple(share / 100 for share in range(40, 100, 5))
_COSTS = tuple(float(cost) for cost in range(0, 210, 10))
_OF_REQUEST = (0.0, 0.5, 1.0, 2.0, 3.0)


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
    """The card whose mean squared distance to these steps, on a log scale, is least: all of them are tried.

    A number that nothing speaks for stays as it is. For given costs each reach is that of its own class of steps, so the reaches
    are found apart.
    """
    import numpy as np

    read, layers, weight = (
        np.array(values)
        for values in ([step.fetch_s for step in steps], [step.layers for step in steps], _weights(steps))
    )
    mixture = np.array([step.mixture for step in steps])
    further = np.array([step.requests - 1 for step in steps])
    classes = np.array([bits_class(step.bits) for step in steps])
    measured = np.log([step.seconds for step in steps])
    shares, costs = np.array(_SHARES), np.array(_COSTS)
    found, least = Card(), math.inf
    for mixture_us in _COSTS if mixture.any() else (found.mixture_us,):
        for request_us in _OF_REQUEST if further.any() else (found.request_us,):
            fixed = 1e-6 * layers * (costs[:, None] + mixture_us * mixture + request_us * further)
            # distances by share, cost and step
            apart = weight * (np.log(read / shares[:, None, None] + fixed) - measured) ** 2
            by_class = {bits: apart[:, :, classes == bits].sum(axis=-1) for bits in dict.fromkeys(classes)}
            distance = sum(each.min(axis=0) for each in by_class.values())
            cost = int(np.argmin(distance))
            if distance[cost] < least:
                least = distance[cost]
                reaches = {f"reach_{bits}": _SHARES[int(np.argmin(each[:, cost]))] for bits, each in by_class.items()}
                found = replace(found, **reaches, layer_us=_COSTS[cost], mixture_us=mixture_us, request_us=request_us)
    return found


def _weights(steps: Sequence[Step]) -> list[float]:
    count = Counter((step.source, kind_of(step)) for step in steps)
    return [1 / count[step.source, kind_of(step)] for step in steps]


def kind_of(step: Step) -> tuple[bool, bool, int]:
    """What the fit holds apart, so that no kind of system outweighs another: a mixture or not, several GPUs or one, and how many bits."""
    return step.mixture, step.gpus > 1, bits_class(step.bits)


@cache
def left_out() -> Mapping[str, Sequence[float]]:
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
