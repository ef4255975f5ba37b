"""The fitted constants of the expectation, kept in data/efficiency.json with their provenance.

Names are dotted: the kind of constant, then what it belongs to. "compute.experts" is a share of the dense peak,
"bandwidth.attention" a share of the memory bandwidth, names that end in "_s" are seconds. "@" marks an offset: "compute@ada"
is the factor by which Ada differs from what holds in general, "launch@cdna3" the same for the seconds around kernels.
An offset that no measurement speaks for is 1, so a class with few measurements leans on its neighbours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from lessonlib.base.files import read_json
from lessonlib.base.paths import data_dir
from lessonlib.roofline.operations import Operation

#: No kernel sustains more of a peak than this.
MOST = 0.95
#: Formats whose reading costs the same.
_STORED = {"fp16": "bf16", "fp8-w8a16": "int8", "int8-w8a8": "fp8", "int4-g32": "int4", "int4-g32-sym": "int4"}
#: An architecture differs from all others as its nearest neighbour does, and then by itself.
NEIGHBOURS = {"cdna4": "cdna3", "blackwell": "hopper"}


@dataclass(frozen=True)
class Efficiency:
    """The constants by name."""

    values: Mapping[str, float]

    def __getitem__(self, name: str) -> float:
        return self.values[name]

    def offset(self, name: str, architecture: str) -> float:
        """The factor of one architecture on a constant, its neighbour's included; 1 where it has none."""
        own = self.values.get(f"{name}@{architecture}", 1.0)
        return own * self.offset(name, NEIGHBOURS[architecture]) if architecture in NEIGHBOURS else own

    def bandwidth(self, part: Operation, architecture: str) -> float:
        """Share of the memory bandwidth; matrices in few bits lose some of it to unpacking."""
        share = self.values[f"bandwidth.{part.work}"] * self.offset("bandwidth", architecture)
        if part.kind == "matmul":
            share *= self.values[f"unpack.{_STORED.get(part.stored, part.stored)}"]
        return min(MOST, share)

    def compute(self, part: Operation, architecture: str, whole_step: bool = True) -> float:
        """Share of the dense peak of the precision in which the operation multiplies.

        whole_step: inside a step the chip runs hot and the last wave of each kernel leaves part of it idle.
        """
        share = self.values[f"compute.{part.work}"] * self.offset("compute", architecture)
        if part.kind == "matmul":
            share *= self.values[f"rate.{part.precision}"] * self.offset(f"rate.{part.precision}", architecture)
            if part.work != "experts" and part.precision == "bf16" and part.stored not in ("bf16", "fp16"):
                share *= self.offset("rate.unpacked", architecture)
        if whole_step:
            share *= self.values["compute.sustained"]
        return min(MOST, share)

    def launch_s(self, part: Operation, architecture: str) -> float:
        """Seconds that one kernel of this work takes beyond its traffic and arithmetic."""
        return self.values[f"launch.{part.work}_s"] * self.offset("launch", architecture)

    def server_s(self) -> float:
        """Seconds outside the engine before a first token on an idle server: HTTP, tokenizer, hand-over between processes."""
        return self.values["server.first_token_s"]

    def busy_server_s(self, mixture: bool) -> float:
        """Seconds more where the server has other requests.

        Published loaded servers of large mixtures take much the same time more for short and long prompts, on three engines.
        """
        return self.values["server.busy_s"] + (self.values["server.mixture_s"] if mixture else 0.0)


@cache
def constants_document() -> Mapping[str, Any]:
    """data/efficiency.json as it stands."""
    document: Mapping[str, Any] = read_json(data_dir() / "efficiency.json")
    return document


@cache
def load_efficiency() -> Efficiency:
    """The constants that ship with the course."""
    constants = constants_document()["constants"]
    return Efficiency({name: entry["value"] for name, entry in constants.items()})
