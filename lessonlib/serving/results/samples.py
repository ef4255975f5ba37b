"""Many waiting times: kept one by one, or counted in bins of one per cent, with the same questions answered."""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np

#: Lower edge of the first bin (seconds) and width of a bin in powers of e: one per cent.
FIRST, WIDTH = 1e-6, math.log(1.01)
BINS = 2800


class Sample(Protocol):
    """A weighted sample of seconds."""

    def add(self, value: float, weight: int = 1) -> None:
        """One value, `weight` times."""
        ...

    def add_run(self, weight: int, steps: int, first: float, slope: float) -> None:
        """first, first + slope, ... (`steps` values), each `weight` times."""
        ...

    def mean(self) -> float:
        """Weighted mean; nan where the sample is empty."""
        ...

    def percentiles(self, levels: tuple[float, ...]) -> tuple[float, ...]:
        """Values that `levels` (0 to 100) per cent of the weight do not exceed; nan where the sample is empty."""
        ...


class ExactSample:
    """Keeps every value; memory grows with the runs, not with their steps."""

    def __init__(self) -> None:
        self._runs: list[tuple[int, int, float, float]] = []

    def add(self, value: float, weight: int = 1) -> None:
        """One value, `weight` times."""
        self._runs.append((weight, 1, value, 0.0))

    def add_run(self, weight: int, steps: int, first: float, slope: float) -> None:
        """first, first + slope, ... (`steps` values), each `weight` times."""
        if weight > 0 and steps > 0:
            self._runs.append((weight, steps, first, slope))

    def values(self) -> tuple[np.ndarray, np.ndarray]:
        """(values, weights), both (n,)."""
        if not self._runs:
            return np.empty(0), np.empty(0)
        weight, steps, first, slope = (np.array(column) for column in zip(*self._runs, strict=True))
        steps = steps.astype(np.int64)
        begins = np.repeat(np.cumsum(steps) - steps, steps)
        place = np.arange(int(steps.sum())) - begins
        return np.repeat(first, steps) + place * np.repeat(slope, steps), np.repeat(weight, steps)

    def mean(self) -> float:
        """Weighted mean."""
        count = sum(weight * steps for weight, steps, _, _ in self._runs)
        total = sum(
            weight * (steps * first + slope * steps * (steps - 1) / 2.0) for weight, steps, first, slope in self._runs
        )
        return total / count if count else math.nan

    def percentiles(self, levels: tuple[float, ...]) -> tuple[float, ...]:
        """Values that `levels` per cent of the weight do not exceed."""
        return weighted_percentiles(*self.values(), levels)


def weighted_percentiles(values: np.ndarray, weights: np.ndarray, levels: tuple[float, ...]) -> tuple[float, ...]:
    """The smallest value at which the weight so far reaches the level; nan where there are none. Shapes (n,)."""
    if not values.size:
        return tuple(math.nan for _ in levels)
    shares = np.asarray(levels) / 100.0
    return tuple(np.quantile(values, shares, weights=weights, method="inverted_cdf").tolist())


class BinnedSample:
    """Counts in bins one per cent wide from a microsecond up: fixed memory, percentiles within one per cent."""

    def __init__(self) -> None:
        self._bins = [0.0] * BINS
        self._count = self._sum = 0.0

    def add(self, value: float, weight: int = 1) -> None:
        """One value, `weight` times."""
        place = int(math.log(value / FIRST) / WIDTH) if value > FIRST else 0
        self._bins[min(place, BINS - 1)] += weight
        self._count += weight
        self._sum += weight * value

    def add_run(self, weight: int, steps: int, first: float, slope: float) -> None:
        """first, first + slope, ... (`steps` values), each `weight` times; a long run is cut into parts of one bin."""
        if weight <= 0:
            return
        while steps > 0:
            part = steps if slope <= 0 else min(steps, max(1, int(0.005 * first / slope)))
            self.add(first + slope * (part - 1) / 2.0, weight * part)
            steps -= part
            first += part * slope

    def mean(self) -> float:
        """Weighted mean (exact)."""
        return self._sum / self._count if self._count else math.nan

    def percentiles(self, levels: tuple[float, ...]) -> tuple[float, ...]:
        """Middles of the bins in which the levels lie."""
        middles = FIRST * np.exp((np.arange(BINS) + 0.5) * WIDTH)
        return (
            weighted_percentiles(middles, np.asarray(self._bins), levels)
            if self._count
            else tuple(math.nan for _ in levels)
        )
