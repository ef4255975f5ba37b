"""What a GPU costs an hour: data/prices.csv, dated and with its source, or what somebody says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from lessonlib.base.checks import number, typed_number
from lessonlib.base.errors import LessonlibError, shown
from lessonlib.base.files import read_csv
from lessonlib.base.paths import data_dir
from lessonlib.roofline import GPU

_COLUMNS = ("gpu", "usd_per_gpu_hour", "provider", "terms", "read_on", "source", "via")
_MOST_USD = 1e6


@dataclass(frozen=True)
class Price:
    """usd: of one GPU for one hour, in US dollars. read_on: the day on which somebody read it on the provider's page `source`;
    via: where the number was found. All but `usd` are empty for a price that was given.
    """

    usd: float
    provider: str = ""
    terms: str = ""
    read_on: str = ""
    source: str = ""
    via: str = ""

    def __str__(self) -> str:
        if not self.provider:
            return f"${self.usd:g} (as given)"
        return f"${self.usd:g} ({self.provider}, {self.terms}, {self.read_on})"


@cache
def read_prices() -> Mapping[str, tuple[Price, ...]]:
    """GPU -> its prices in data/prices.csv. Raises LessonlibError for a row that says no price or no day."""
    where = "data/prices.csv"
    found: dict[str, list[Price]] = {}
    for line, row in enumerate(read_csv(data_dir() / "prices.csv", where, needed=_COLUMNS), 2):
        try:
            usd = number("usd_per_gpu_hour", typed_number(row["usd_per_gpu_hour"]), above=0.0, most=_MOST_USD)
            dt.date.fromisoformat(row["read_on"])
        except ValueError as error:
            raise LessonlibError(f"{where}: line {line}: {error}") from None
        found.setdefault(row["gpu"], []).append(Price(usd, *(row[name] for name in _COLUMNS[2:])))
    return {gpu: tuple(prices) for gpu, prices in found.items()}


def price_of(gpu: GPU, given: Mapping[str, float]) -> Price:
    """The price of a GPU: the given one, or of those in the file the middle one (of an even number the lower of both).

    Raises LessonlibError, which asks for it, where there is none.
    """
    for name in (gpu.name, gpu.called):
        if name in given:
            return Price(given[name])
    known = sorted(read_prices().get(gpu.name, ()), key=lambda price: price.usd)
    if not known:
        raise LessonlibError(
            f"no price of {gpu.called} in data/prices.csv: give one, --price {gpu.called}=USD for one GPU and hour"
        )
    return known[(len(known) - 1) // 2]


def given_prices(texts: Iterable[str], gpus: Iterable[GPU]) -> dict[str, float]:
    """GPU -> dollars of "h100-sxm=2.5" and the like. Raises LessonlibError for anything else, and for a GPU that is not asked for."""
    names = {name for gpu in gpus for name in (gpu.name, gpu.called)}
    found: dict[str, float] = {}
    for text in texts:
        name, sign, amount = text.rpartition("=")
        if not sign or not name.strip():
            raise LessonlibError(f"--price: expected GPU=USD such as h100-sxm=2.5, not {shown(text, 60)}")
        name = name.strip()
        if name not in names:
            raise LessonlibError(
                f"--price: {shown(name, 60)} is none of the GPUs of this question: {', '.join(sorted(names))}"
            )
        if name in found:
            raise LessonlibError(f"--price: {shown(name, 60)} is given twice")
        try:
            found[name] = number(f"--price {name}", typed_number(amount), above=0.0, most=_MOST_USD)
        except LessonlibError:
            raise
        except ValueError as error:
            raise LessonlibError(f"--price {name}: {error}") from None
    return found
