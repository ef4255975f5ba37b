"""How many tokens prompts and answers have.

Every law draws whole numbers from a numpy Generator, so a seed decides all of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, cast

import numpy as np

from lessonlib.base.checks import number, set_whole, whole
from lessonlib.base.errors import LessonlibError

MOST_TOKENS = 10_000_000


class Lengths(Protocol):
    """A law of token counts."""

    @property
    def mean(self) -> float:
        """Mean in tokens."""
        ...

    def draw(self, random: np.random.Generator, count: int) -> np.ndarray:
        """`count` token counts, whole numbers from 1 up, shape (count,)."""
        ...


@dataclass(frozen=True)
class Fixed:
    """Always the same number of tokens."""

    tokens: int

    def __post_init__(self) -> None:
        set_whole(self, "tokens", 1, MOST_TOKENS)

    @property
    def mean(self) -> float:
        """Mean in tokens."""
        return float(self.tokens)

    def draw(self, random: np.random.Generator, count: int) -> np.ndarray:
        """The same number `count` times; nothing is drawn."""
        return np.full(count, self.tokens, dtype=np.int64)


@dataclass(frozen=True)
class LogNormal:
    """A lognormal law with the mean `mean` and a standard deviation of `spread` times the mean.

    Its logarithm is normal with variance ln(1 + spread^2) and mean ln(mean) - variance / 2. Values are rounded
    and kept within `least` and `most`.
    """

    mean: float
    spread: float = 1.0
    least: int = 1
    most: int = 1_000_000

    def __post_init__(self) -> None:
        number("mean", self.mean, least=1.0, most=MOST_TOKENS)
        number("spread", self.spread, least=0.0, most=10.0)
        set_whole(self, "least", 1, MOST_TOKENS)
        set_whole(self, "most", self.least, MOST_TOKENS)

    def draw(self, random: np.random.Generator, count: int) -> np.ndarray:
        """`count` draws."""
        variance = math.log1p(self.spread**2)
        values = random.lognormal(math.log(self.mean) - variance / 2.0, math.sqrt(variance), count)
        return np.clip(np.rint(values), self.least, self.most).astype(np.int64)


@dataclass(frozen=True)
class Geometric:
    """A memoryless law: after each token the request ends with probability 1 / mean."""

    mean: float

    def __post_init__(self) -> None:
        number("mean", self.mean, least=1.0, most=MOST_TOKENS)

    def draw(self, random: np.random.Generator, count: int) -> np.ndarray:
        """`count` draws."""
        return np.minimum(random.geometric(1.0 / self.mean, count), MOST_TOKENS).astype(np.int64)


@dataclass(frozen=True)
class Empirical:
    """Values as they were seen, each drawn with its weight (equal weights where none are given)."""

    values: tuple[int, ...]
    weights: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not self.values:
            raise LessonlibError("values: an empirical law needs at least one token count")
        for value in self.values:
            whole("values", value, 1, MOST_TOKENS)
        if self.weights and len(self.weights) != len(self.values):
            raise LessonlibError(f"weights: expected {len(self.values)}, one for each value, not {len(self.weights)}")
        for weight in self.weights:
            number("weights", weight, least=0.0)
        if self.weights and not sum(self.weights):
            raise LessonlibError("weights: at least one must be above 0")

    def _shares(self) -> np.ndarray:
        weights = np.asarray(self.weights or [1.0] * len(self.values), dtype=float)
        shares: np.ndarray = weights / weights.sum()
        return shares

    @property
    def mean(self) -> float:
        """Mean in tokens."""
        return float(np.dot(self.values, self._shares()))

    def draw(self, random: np.random.Generator, count: int) -> np.ndarray:
        """`count` draws."""
        return random.choice(np.asarray(self.values, dtype=np.int64), size=count, p=self._shares())


@dataclass(frozen=True)
class ShareOfPrompt:
    """Answers in proportion to their prompts: prompt over answer between `low` and `high`, evenly on a log scale."""

    low: float
    high: float

    def __post_init__(self) -> None:
        number("low", self.low, above=0.0)
        number("high", self.high, least=self.low)

    @property
    def mean(self) -> float:
        """Mean answer tokens for each prompt token."""
        if self.high == self.low:
            return 1.0 / self.low
        return (1.0 / self.low - 1.0 / self.high) / math.log(self.high / self.low)

    def draw_for(self, random: np.random.Generator, prompts: np.ndarray) -> np.ndarray:
        """One answer length for each prompt."""
        ratios = np.exp(random.uniform(math.log(self.low), math.log(self.high), len(prompts)))
        return np.maximum(1, np.rint(prompts / ratios)).astype(np.int64)


def lengths(value: Lengths | ShareOfPrompt | int | Sequence[int]) -> Lengths | ShareOfPrompt:
    """A law from a law, from one number (always that many) or from several (each equally likely).

    Raises LessonlibError for what is none of these, or holds a number that is no count of tokens.
    """
    if isinstance(value, ShareOfPrompt):
        return value
    if hasattr(value, "draw"):
        return cast(Lengths, value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return Empirical(tuple(value))
    return Fixed(whole("tokens", value, 1, MOST_TOKENS))


def drawn_lengths(name: str, value: Lengths | int | Sequence[int]) -> Lengths:
    """The same for lengths that follow no prompt. Raises LessonlibError, which names the argument `name`, for a share."""
    law = lengths(value)
    if isinstance(law, ShareOfPrompt):
        raise LessonlibError(f"{name}: a prompt cannot be a share of itself; take a number or a law such as LogNormal")
    return law
