"""Histograms as Prometheus keeps them: counts up to each bound, and a percentile drawn as a straight line between two bounds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_08.service_run import percentile, service_run
from lessonlib.roofline import Lab
from lessonlib.serving.results.telemetry import BETWEEN_BOUNDS

#: seconds between the tokens of a server that writes like clockwork, and of the same after an upgrade
EVEN_GAP = 0.007


def bucket_counts(values: Sequence[float] | np.ndarray, bounds: Sequence[float] = BETWEEN_BOUNDS) -> list[int]:
    """How many values are at most each bound, and how many there are at all: cumulative counts."""
    kept = np.sort(np.asarray(values, dtype=float))
    return [*np.searchsorted(kept, np.asarray(bounds), side="right").tolist(), len(kept)]


def histogram_quantile(quantile: float, counts: Sequence[int], bounds: Sequence[float] = BETWEEN_BOUNDS) -> float:
    """Prometheus' rule: a straight line within the bucket, the first bucket starts at 0, the last bound is the most it says."""
    rank = quantile * counts[-1]
    place = next(place for place, count in enumerate(counts) if count >= rank)
    if place == len(bounds):
        return float(bounds[-1])
    low, below = (bounds[place - 1], counts[place - 1]) if place else (0.0, 0)
    return low + (bounds[place] - low) * (rank - below) / (counts[place] - below)


def even_gap(lab: Lab) -> Quantity:
    """Between any two tokens of a server that writes like clockwork."""
    return Quantity(EVEN_GAP, "s")


def first_bound(lab: Lab) -> Quantity:
    """The upper end of vLLM's lowest bucket for gaps between tokens."""
    return Quantity(BETWEEN_BOUNDS[0], "s")


def second_bound(lab: Lab) -> Quantity:
    return Quantity(BETWEEN_BOUNDS[1], "s")


def bucket_p50(lab: Lab) -> Quantity:
    """histogram_quantile(0.5, ...) of a thousand even gaps: half way through the bucket, which starts at 0."""
    return Quantity(histogram_quantile(0.5, bucket_counts([EVEN_GAP] * 1000)), "s", digits=1)


def run_gap_p50(lab: Lab) -> Quantity:
    """The median gap between two tokens of the run."""
    return Quantity(percentile(service_run(lab).gaps, 50), "s")


def run_bucket_p50(lab: Lab) -> Quantity:
    """What Prometheus makes of the same gaps."""
    return Quantity(histogram_quantile(0.5, bucket_counts(service_run(lab).gaps)), "s")
