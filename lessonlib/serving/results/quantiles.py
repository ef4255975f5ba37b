"""Percentiles as Prometheus draws them from the buckets of a histogram, and as they are."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np


def bucket_counts(values: Sequence[float] | np.ndarray, bounds: Sequence[float]) -> list[int]:
    """How many values are at most each bound, and how many there are at all: cumulative counts."""
    kept = np.sort(np.asarray(values, dtype=float))
    return [*np.searchsorted(kept, np.asarray(bounds), side="right").tolist(), len(kept)]


def histogram_quantile(quantile: float, counts: Sequence[int], bounds: Sequence[float]) -> float:
    """Prometheus' rule: a straight line within the bucket, the first bucket starts at 0, the last bound is the most it says; nan of nothing."""
    if not counts[-1]:
        return math.nan
    rank = quantile * counts[-1]
    place = next(place for place, count in enumerate(counts) if count >= rank)
    if place == len(bounds):
        return float(bounds[-1])
    low, below = (bounds[place - 1], counts[place - 1]) if place else (0.0, 0)
    return float(low + (bounds[place] - low) * (rank - below) / (counts[place] - below))


def percentile(values: Iterable[float], percent: float) -> float:
    """The smallest value that at least ``percent`` per cent of the values do not exceed (nearest rank). ValueError of nothing."""
    ranked = sorted(values)
    if not ranked:
        raise ValueError("no values")
    return float(ranked[max(0, math.ceil(percent / 100 * len(ranked) - 1e-9) - 1)])
