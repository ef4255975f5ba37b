"""What arrives at each of several GPUs that hold equal shares of a layer's experts, and one token's busiest GPU, exactly.

The engine knows the experts that a step meets and the busiest GPU (lessonlib.roofline.expert_routing); here are all GPUs, for the
explorer. Experts are drawn as there: weights fall as one over the rank to the power of `slope` (0 is fair), a token takes its experts one
after the other, none twice, and tokens are routed independently. Plain numbers in, plain numbers out.
"""

from __future__ import annotations

from functools import lru_cache
from math import comb

import numpy as np

#: draws behind an average: about so many tokens in all, in so many steps at least
_TOKENS, _LEAST_STEPS, _SEED = 5_000, 24, 17


def busiest_of_one(count: int, active: int, gpus: int) -> float:
    """Mean number of one token's experts on the GPU that has most of them, fair; exact.

    Of all comb(count, active) choices, those with at most m on each GPU are counted by the power series of one GPU, cut behind
    m, to the power of the GPUs.
    """
    each = count // gpus
    below = [0.0]
    for most in range(1, active + 1):
        one = [comb(each, held) for held in range(most + 1)]
        ways = [1]
        for _ in range(gpus):
            ways = [
                sum(ways[place - held] * one[held] for held in range(len(one)) if 0 <= place - held < len(ways))
                for place in range(min(active, len(ways) + most - 1) + 1)
            ]
        below.append(ways[active] / comb(count, active) if len(ways) > active else 0.0)
    return sum(1.0 - below[most - 1] for most in range(1, active + 1))


def _weights(count: int, slope: float) -> np.ndarray:
    falling = np.arange(1, count + 1, dtype=float) ** -slope
    return np.asarray(falling / falling.sum())


def _picked(rng: np.random.Generator, weights: np.ndarray, active: int, tokens: int) -> np.ndarray:
    """Experts of each token, one row a token: the largest of log weight + Gumbel noise (Efraimidis and Spirakis 2006; Kool et al. 2019)."""
    keys = np.log(weights) + rng.gumbel(size=(tokens, len(weights)))
    return np.asarray(np.argpartition(keys, len(weights) - active, axis=1)[:, len(weights) - active :])


@lru_cache(maxsize=512)
def routed(count: int, active: int, tokens: int, gpus: int = 1, slope: float = 0.0) -> dict[str, tuple[float, ...]]:
    """Means over many steps of so many tokens, by GPU from the busiest to the least busy one of each step.

    "picks": tokens times experts that arrive there; "experts": different ones that it needs. Which experts are popular, and so
    where they lie, is drawn anew for each step.
    """
    rng = np.random.default_rng(_SEED)
    steps = max(_LEAST_STEPS, _TOKENS // tokens)
    picked = _picked(rng, _weights(count, slope), active, steps * tokens).reshape(steps, -1)
    places = rng.permuted(np.broadcast_to(np.arange(count), (steps, count)), axis=1)
    at = np.take_along_axis(places, picked, axis=1) + count * np.arange(steps)[:, None]
    loads = np.bincount(at.ravel(), minlength=steps * count).reshape(steps, gpus, -1)
    picks, experts = loads.sum(axis=2), (loads > 0).sum(axis=2)
    return {
        name: tuple(np.sort(found, axis=1)[:, ::-1].mean(axis=0).tolist())
        for name, found in (("picks", picks), ("experts", experts))
    }
