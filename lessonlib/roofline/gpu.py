"""GPUs: what a datasheet promises, as dense peaks in SI units."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from lessonlib.errors import LessonlibError, unknown_name
from lessonlib.paths import data_dir

_PEAKS = ("bf16", "fp8", "int8", "fp4")
LIST_GPUS = "`python -m lessonlib gpus`"


@dataclass(frozen=True)
class GPU:
    """One accelerator.

    flops: dense peak in FLOP/s (or operations/s for int8) by precision. bandwidth: of the memory,
    bytes/s. memory_bytes: capacity. link_bytes_per_second: to its peers, in one direction.
    secondary: the numbers come from someone other than the maker. note: what to know about them.
    """

    name: str
    title: str
    architecture: str
    flops: Mapping[str, float]
    bandwidth: float
    memory_bytes: float
    link_bytes_per_second: float
    link: str
    source: str
    note: str
    secondary: bool

    def __post_init__(self) -> None:
        if "bf16" not in self.flops:
            raise LessonlibError(f"GPU {self.name}: flops: a bf16 peak is missing")
        numbers = {
            "bandwidth": self.bandwidth,
            "memory_bytes": self.memory_bytes,
            "link_bytes_per_second": self.link_bytes_per_second,
            **{f"flops[{key}]": value for key, value in self.flops.items()},
        }
        for key, value in numbers.items():
            if not 0 < value < float("inf"):
                raise LessonlibError(f"GPU {self.name}: {key} must be positive, not {value!r}")
        object.__setattr__(self, "flops", MappingProxyType(dict(self.flops)))

    def __hash__(self) -> int:
        return hash((self.name, self.bandwidth, self.memory_bytes, tuple(self.flops.items())))

    def peak(self, precisions: tuple[str, ...]) -> float:
        """FLOP/s of the first precision in the list that this GPU has."""
        return self.flops[self.rate_name(precisions)]

    def rate_name(self, precisions: tuple[str, ...]) -> str:
        """The first precision in the list that this GPU multiplies in."""
        return next((name for name in precisions if name in self.flops), "bf16")

    def ridge(self, precision: str = "bf16") -> float:
        """FLOP/byte where the two roofs meet (Williams, Waterman, Patterson 2009)."""
        return self.peak((precision,)) / self.bandwidth


def _number(row: Mapping[str, str], column: str, scale: float) -> float:
    try:
        return float(row[column]) * scale
    except (KeyError, TypeError, ValueError):
        raise LessonlibError(
            f"data/gpus.csv: {row.get('name', '?')}: {column}: expected a number, "
            f"not {row.get(column)!r}"
        ) from None


def _gpu(row: Mapping[str, str]) -> GPU:
    peaks = {
        name: _number(row, f"{name}_dense_tflops", 1e12)
        for name in _PEAKS
        if row.get(f"{name}_dense_tflops")
    }
    return GPU(
        name=row["name"],
        title=row["title"],
        architecture=row["architecture"],
        flops=peaks,
        bandwidth=_number(row, "memory_gb_per_s", 1e9),
        memory_bytes=_number(row, "memory_gb", 1e9),
        link_bytes_per_second=_number(row, "link_gb_per_s_each_way", 1e9),
        link=row["link"],
        source=row["source"],
        note=row["note"],
        secondary=row["secondary"] == "yes",
    )


@cache
def _table() -> Mapping[str, GPU]:
    with (data_dir() / "gpus.csv").open(newline="", encoding="utf-8") as file:
        return {row["name"]: _gpu(row) for row in csv.DictReader(file)}


def gpu_names() -> tuple[str, ...]:
    """Names of all known GPUs, in the order of data/gpus.csv."""
    return tuple(_table())


def load_gpu(name: str) -> GPU:
    """The GPU of that name; LessonlibError with close matches when there is none."""
    table = _table()
    if name not in table:
        raise unknown_name("GPU", name, table, LIST_GPUS)
    return table[name]
