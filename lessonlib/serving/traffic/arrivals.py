"""When requests come: laws of arrival for an open loop, in requests per second of simulated time.

Each law yields its times in blocks, so that a run of any length needs no list of all its arrivals.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from lessonlib.base.checks import number

_BLOCK = 1024


class Arrivals(Protocol):
    """A law of arrival times."""

    def blocks(self, random: np.random.Generator) -> Iterator[np.ndarray]:
        """Ascending times in seconds from 0 on, in blocks, without end."""
        ...


def _from_gaps(draw: Callable[[], np.ndarray]) -> Iterator[np.ndarray]:
    """Times out of blocks of gaps, seconds."""
    now = 0.0
    while True:
        times = now + np.cumsum(draw())
        now = float(times[-1])
        yield times


@dataclass(frozen=True)
class Constant:
    """One request every 1 / rate seconds, the first at 0."""

    rate: float

    def __post_init__(self) -> None:
        number("rate", self.rate, above=0.0)

    def blocks(self, random: np.random.Generator) -> Iterator[np.ndarray]:
        """Times in blocks; nothing is drawn."""
        first = 0
        while True:
            yield np.arange(first, first + _BLOCK) / self.rate
            first += _BLOCK


@dataclass(frozen=True)
class Poisson:
    """Independent arrivals: exponential gaps with mean 1 / rate."""

    rate: float

    def __post_init__(self) -> None:
        number("rate", self.rate, above=0.0)

    def blocks(self, random: np.random.Generator) -> Iterator[np.ndarray]:
        """Times in blocks."""
        return _from_gaps(lambda: random.exponential(1.0 / self.rate, _BLOCK))


@dataclass(frozen=True)
class GammaBurst:
    """Gamma gaps with mean 1 / rate and a standard deviation of `cv` times that: cv > 1 comes in bursts, cv = 1 is
    Poisson, cv < 1 is more even.
    """

    rate: float
    cv: float = 3.0

    def __post_init__(self) -> None:
        number("rate", self.rate, above=0.0)
        number("cv", self.cv, above=0.0, most=100.0)

    def blocks(self, random: np.random.Generator) -> Iterator[np.ndarray]:
        """Times in blocks. Shape 1 / cv^2, scale cv^2 / rate."""
        shape = 1.0 / self.cv**2
        return _from_gaps(lambda: random.gamma(shape, 1.0 / (shape * self.rate), _BLOCK))


class _Varying:
    """Poisson arrivals whose rate changes with time, by thinning (Lewis and Shedler 1979)."""

    @property
    def peak(self) -> float:
        """The highest rate, requests per second."""
        raise NotImplementedError

    def rate_at(self, times: np.ndarray) -> np.ndarray:
        """Requests per second at each of `times` (seconds)."""
        raise NotImplementedError

    def blocks(self, random: np.random.Generator) -> Iterator[np.ndarray]:
        """Times in blocks."""
        for times in _from_gaps(lambda: random.exponential(1.0 / self.peak, _BLOCK)):
            kept = times[random.random(_BLOCK) * self.peak < self.rate_at(times)]
            if kept.size:
                yield kept


@dataclass(frozen=True)
class OnOff(_Varying):
    """`on_s` seconds at `rate`, then `off_s` seconds at `off_rate`, over and over."""

    rate: float
    on_s: float
    off_s: float
    off_rate: float = 0.0

    def __post_init__(self) -> None:
        number("rate", self.rate, above=0.0)
        number("on_s", self.on_s, above=0.0)
        number("off_s", self.off_s, least=0.0)
        number("off_rate", self.off_rate, least=0.0)

    @property
    def peak(self) -> float:
        """The highest rate, requests per second."""
        return max(self.rate, self.off_rate)

    def rate_at(self, times: np.ndarray) -> np.ndarray:
        """Requests per second."""
        return np.where(times % (self.on_s + self.off_s) < self.on_s, self.rate, self.off_rate)


@dataclass(frozen=True)
class Ramp(_Varying):
    """From `first` to `last` requests per second in `over_s` seconds, then steady."""

    first: float
    last: float
    over_s: float

    def __post_init__(self) -> None:
        number("first", self.first, least=0.0)
        number("last", self.last, above=0.0)
        number("over_s", self.over_s, above=0.0)

    @property
    def peak(self) -> float:
        """The highest rate, requests per second."""
        return max(self.first, self.last)

    def rate_at(self, times: np.ndarray) -> np.ndarray:
        """Requests per second."""
        return self.first + (self.last - self.first) * np.minimum(1.0, times / self.over_s)


@dataclass(frozen=True)
class Diurnal(_Varying):
    """A day: mean `rate`, a sine of `swing` times the mean, lowest at time 0; `day_s` seconds long."""

    rate: float
    swing: float = 0.8
    day_s: float = 86_400.0

    def __post_init__(self) -> None:
        number("rate", self.rate, above=0.0)
        number("swing", self.swing, least=0.0, most=1.0)
        number("day_s", self.day_s, above=0.0)

    @property
    def peak(self) -> float:
        """The highest rate, requests per second."""
        return self.rate * (1.0 + self.swing)

    def rate_at(self, times: np.ndarray) -> np.ndarray:
        """Requests per second."""
        return self.rate * (1.0 - self.swing * np.cos(2.0 * math.pi * times / self.day_s))
