"""The fitted constants of the expectation, kept in data/efficiency.json with their provenance.

Names are dotted: the kind of constant, then what it belongs to. "compute.hopper.bf16" is a share of
the dense peak, "bandwidth.attention" a share of the memory bandwidth, names in "..._s" are seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from lessonlib.base.files import read_json
from lessonlib.base.paths import data_dir
from lessonlib.roofline.operations import Operation

#: The architecture whose constants stand for every one that has none.
GENERAL = "hopper"
_NEAREST = {
    "fp16": "bf16",
    "fp32": "bf16",
    "fp8-w8a16": "int8",
    "int8-w8a8": "fp8",
    "int4-g32": "int4",
    "mxfp4": "int4",
    "nvfp4": "int4",
}


@dataclass(frozen=True)
class Efficiency:
    """The constants by name. Lookups fall back from the particular to the general."""

    values: Mapping[str, float]

    def __getitem__(self, name: str) -> float:
        return self.values[name]

    def of(self, kind: str, architecture: str, rest: str) -> float:
        """The constant of one architecture, or of the general case where it has none of its own."""
        general = self.values[f"{kind}.{GENERAL}.{rest}"]
        return self.values.get(f"{kind}.{architecture}.{rest}", general)

    def bandwidth(self, part: Operation, architecture: str) -> float:
        """Share of the memory bandwidth; matrices in few bits lose some of it to unpacking."""
        if part.kind != "matmul":
            return self.values[f"bandwidth.{part.kind}"]
        stored = _NEAREST.get(part.stored, part.stored)
        return self.of("bandwidth", architecture, "matmul") * self.values[f"unpack.{stored}"]

    def compute(self, part: Operation, architecture: str) -> float:
        """Share of the dense peak: by architecture and precision; attention has its own."""
        if part.kind != "matmul":
            return self.values["compute.attention"]
        precision = "bf16" if part.precision == "bf16" else "fp8"
        return self.of("compute", architecture, precision)

    def launch_s(self, part: Operation) -> float:
        """Seconds that one kernel of this kind takes beyond its traffic and arithmetic."""
        return self.values[f"launch.{part.kind}_s"]


@cache
def _document() -> Mapping[str, Any]:
    document: Mapping[str, Any] = read_json(data_dir() / "efficiency.json")
    return document


@cache
def load_efficiency() -> Efficiency:
    """The constants that ship with the course."""
    constants = _document()["constants"]
    return Efficiency({name: entry["value"] for name, entry in constants.items()})


def category(phase: str, tp: int) -> str:
    """The class of steps in which errors are reported: prefill, or decode by tensor parallelism."""
    if phase == "prefill":
        return "prefill"
    return "decode, 1 GPU" if tp == 1 else "decode, TP2-4" if tp <= 4 else "decode, TP8"


def expected_error(phase: str, tp: int) -> float:
    """Median error of the expectation for such a step, as a share, on measurements that the fit had not
    seen: the worse of one model of a source left out and a whole source left out.
    """
    name = category(phase, tp)
    return max(float(errors[name]["median_absolute_error"]) for errors in _document()["cross_validated"].values())
