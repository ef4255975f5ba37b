"""GPUs: what a datasheet promises, as dense peaks in SI units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import Any

from lessonlib.base.checks import positive
from lessonlib.base.errors import LessonlibError, close_matches, listed, shown, unknown_name
from lessonlib.base.files import read_csv
from lessonlib.base.paths import data_dir

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
            f"data/gpus.csv: {row.get('name', '?')}: {column}: expected a number, not {row.get(column)!r}"
        ) from None


def _gpu(row: Mapping[str, str]) -> GPU:
    peaks = {name: _number(row, f"{name}_dense_tflops", 1e12) for name in _PEAKS if row.get(f"{name}_dense_tflops")}
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


_COLUMNS = ("name", "title", "architecture", "memory_gb", "memory_gb_per_s", "link", "source", "note", "secondary")


@cache
def _table() -> Mapping[str, GPU]:
    rows = read_csv(data_dir() / "gpus.csv", needed=_COLUMNS)
    return {row["name"]: _gpu(row) for row in rows}


_OWN_NUMBERS = (
    *(f"{name}_dense_tflops" for name in _PEAKS),
    "memory_gb_per_s",
    "memory_gb",
    "link_gb_per_s_each_way",
)
_OWN_TEXTS = ("title", "architecture", "link", "source", "note")


def own_gpu(keys: Mapping[str, Any], where: str) -> GPU:
    """A GPU that somebody describes: `like` names a known one, the other keys (those of the table
    of known GPUs) replace its values. Raises LessonlibError with the key that is wrong.
    """
    allowed = ("like", *_OWN_TEXTS, *_OWN_NUMBERS)
    for key in keys:
        if key not in allowed:
            near = close_matches(key, allowed, limit=1)
            hint = f"did you mean {near[0]}? " if near else ""
            raise LessonlibError(f"{where}: unknown key {shown(key)}; {hint}(allowed: {listed(allowed)})")
    if not isinstance(keys.get("like"), str):
        raise LessonlibError(f"{where}: like: missing: the name of the nearest known GPU ({LIST_GPUS})")
    base = load_gpu(str(keys["like"]))
    for name in _OWN_TEXTS:
        if not isinstance(keys.get(name, ""), str):
            raise LessonlibError(f"{where}: {name}: expected a text, not {shown(keys[name])}")
    numbers = {name: positive(f"{where}: {name}", keys[name]) for name in _OWN_NUMBERS if name in keys}
    peaks = {name: numbers[f"{name}_dense_tflops"] * 1e12 for name in _PEAKS if f"{name}_dense_tflops" in numbers}
    texts = {name: str(keys[name]) for name in _OWN_TEXTS if name in keys}
    sizes = {
        field: numbers[column] * 1e9
        for field, column in (
            ("bandwidth", "memory_gb_per_s"),
            ("memory_bytes", "memory_gb"),
            ("link_bytes_per_second", "link_gb_per_s_each_way"),
        )
        if column in numbers
    }
    described: dict[str, Any] = {"title": f"{base.title}, as described", "source": where, "note": "", "secondary": True}
    return replace(base, name="own", flops={**base.flops, **peaks}, **(described | texts | sizes))


def gpu_names() -> tuple[str, ...]:
    """Names of all known GPUs, in the order of data/gpus.csv."""
    return tuple(_table())


def load_gpu(name: str) -> GPU:
    """The GPU of that name; LessonlibError with close matches when there is none."""
    table = _table()
    if name not in table:
        raise unknown_name("GPU", name, table, LIST_GPUS)
    return table[name]
