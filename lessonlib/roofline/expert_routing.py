"""Where the tokens of a mixture go: how many different experts a step meets, and how much more than its share the busiest GPU gets.

Experts have a popularity: the expert of rank r is drawn with weight 1 / r^s (Zipf; s = 0 is a fair router). A token takes k of E without
replacement, one after another with these weights, and independently of other tokens.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from lessonlib.roofline.arrays import Number

_TRIALS = 256
#: from so many tokens on the counts of experts are drawn one by one, not token by token
_MANY = 64
_MOST = 16_384


@functools.lru_cache(maxsize=64)
def shares(experts: int, active: int, popularity: float) -> tuple[float, ...]:
    """The share of tokens that take each expert, the most popular first; they sum to ``active``.

    Exponential clocks: expert e rings first after a time that is exponential with rate w_e, and a token takes the first k to ring. All
    have rung by the time t with probability 1 - exp(-w_e t); t is where these sum to k (Rosen 1972, successive sampling).
    """
    weights = [rank**-popularity for rank in range(1, experts + 1)]
    if popularity == 0 or active == experts:
        return (active / experts,) * experts

    def taken(time: float) -> float:
        return math.fsum(-math.expm1(-weight * time) for weight in weights)

    low, high = 0.0, 1.0
    while taken(high) < active:
        low, high = high, 2 * high
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if taken(middle) < active else (low, middle)
    return tuple(-math.expm1(-weight * high) for weight in weights)


def distinct(experts: int, active: int, popularity: float, tokens: Number) -> Number:
    """Expected different experts that so many tokens take in one layer: the sum over experts of 1 - (1 - share)^tokens."""
    return sum(1.0 - (1.0 - share) ** tokens for share in shares(experts, active, popularity))


def busiest(experts: int, active: int, popularity: float, gpus: int, tokens: Number) -> tuple[Number, Number]:
    """Over the mean of the GPUs, which each hold experts / gpus whole experts dealt at random: (tokens x experts taken, different
    experts read) of the busiest one, expected over layers. Between the token counts that are drawn it is interpolated.
    """
    import numpy as np

    steps, rows, reads = _drawn(experts, active, popularity, gpus)
    place = np.log2(np.clip(tokens, 1, _MOST))
    found = np.interp(place, steps, rows), np.interp(place, steps, reads)
    return found if np.ndim(tokens) else (float(found[0]), float(found[1]))


@functools.lru_cache(maxsize=64)
def _drawn(experts: int, active: int, popularity: float, gpus: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """log2 of token counts, and the two ratios at each, over seeded draws."""
    import numpy as np

    chance = np.random.default_rng(0)
    weights = np.arange(1, experts + 1) ** -float(popularity)
    share = np.array(shares(experts, active, popularity))
    steps = np.arange(int(math.log2(_MOST)) + 1)
    rows, reads = np.ones(steps.size), np.ones(steps.size)
    for at, tokens in enumerate(2**steps):
        if tokens <= _MANY:
            rung = chance.exponential(size=(_TRIALS, tokens, experts)) / weights
            first = np.argpartition(rung, active - 1, axis=2)[:, :, :active] if active < experts else None
            counts = np.full((_TRIALS, experts), tokens)
            if first is not None:
                flat = (first + experts * np.arange(_TRIALS)[:, None, None]).ravel()
                counts = np.bincount(flat, minlength=_TRIALS * experts).reshape(_TRIALS, experts)
        else:
            counts = chance.binomial(tokens, share, size=(_TRIALS, experts))
        dealt = np.take_along_axis(counts, chance.permuted(np.tile(np.arange(experts), (_TRIALS, 1)), axis=1), axis=1)
        by_gpu = dealt.reshape(_TRIALS, gpus, experts // gpus)
        for found, of_gpu in ((rows, by_gpu.sum(axis=2)), (reads, (by_gpu > 0).sum(axis=2))):
            found[at] = of_gpu.max(axis=1).mean() / of_gpu.mean()
    return steps, rows, reads
