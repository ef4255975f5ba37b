"""Published measurements (data/measured/calibration.csv) and what this engine says of each.

Kinds of rows: "decode" (one step, seconds), "prefill", and isolated kernels: "gemm" (shape
M x K x N), "attention" (one decode layer) and "linear attention" (one decode layer).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lessonlib.base.files import read_csv
from lessonlib.base.paths import data_dir
from lessonlib.roofline.blocks import Attention, DeltaNet, Matrix
from lessonlib.roofline.config import load_model
from lessonlib.roofline.efficiency import Efficiency, load_efficiency
from lessonlib.roofline.expectation import expected_seconds, operation_seconds
from lessonlib.roofline.gpu import load_gpu
from lessonlib.roofline.load import Load, decode_load, prefill_load
from lessonlib.roofline.operations import (
    Operation,
    linear_attention,
    matmul,
    operations,
    softmax_attention,
)
from lessonlib.roofline.system import System

STEPS = ("decode", "prefill")
#: Matrix multiplications quicker than this were timed with the host's own time in them.
HOST_TIMED_SECONDS = 2e-4


@dataclass(frozen=True)
class Row:
    """One measurement beside the operations that it consists of.

    system is the whole GPU group; load is None for an isolated kernel. seconds: as measured.
    """

    id: str
    kind: str
    group: str
    name: str
    batch: int
    seconds: float
    system: System
    load: Load | None
    parts: tuple[Operation, ...]
    engine: str
    note: str
    source: str

    @property
    def ceiling_s(self) -> float:
        """The least time by the datasheet, seconds."""
        compute = sum(part.compute_s for part in self.parts)
        memory = sum(part.memory_s for part in self.parts)
        return max(compute, memory)

    def expected_s(self, constants: Efficiency | None = None) -> float:
        """The expected time, seconds."""
        constants = constants or load_efficiency()
        if self.load is not None:
            return float(expected_seconds(self.system, self.load, self.parts, constants))
        return float(sum(operation_seconds(self.system, part, constants, whole_step=False) for part in self.parts))

    @property
    def category(self) -> str:
        """The class in which errors are reported."""
        if self.kind in STEPS:
            return category(self.kind, self.system.tp)
        return f"kernel: {self.kind}"

    @property
    def fold(self) -> str:
        """What is left out together in cross-validation: one model of one source."""
        return f"{self.group}: {self.name}" if self.kind in STEPS else self.group


def category(phase: str, tp: int) -> str:
    """The class of steps in which errors are reported: prefill, or decode by tensor parallelism."""
    if phase == "prefill":
        return "prefill"
    return "decode, 1 GPU" if tp == 1 else "decode, TP2-4" if tp <= 4 else "decode, TP8"


def _kernel(row: dict[str, str], system: System) -> tuple[Operation, ...]:
    batch = int(row["batch"])
    if row["kind"] == "gemm":
        rows, inner, outer = map(int, row["shape"].split("x"))
        return (matmul(system, Matrix("GEMM", "mlp", inner, outer), 1, rows),)
    if row["kind"] == "attention":
        return (softmax_attention(system, Attention(32, 8, 128), 1, decode_load(batch, int(row["context"]))),)
    return (linear_attention(system, DeltaNet(8, 128, 24, 128, 4), 1, decode_load(batch, 1)),)


def _row(row: dict[str, str]) -> Row:
    kind, batch = row["kind"], int(row["batch"])
    load = None
    system = System(
        load_model(row["model"] or "llama-3.1-8b"),
        load_gpu(row["gpu"]),
        int(row["tp"]),
        row["weights"],
        head=row["head"] or "bf16",
        launches=row["launches"],
    )
    if kind == "decode":
        load = decode_load(batch, int(row["context"]))
    elif kind == "prefill":
        load = prefill_load(int(row["prompt"]), batch)
    return Row(
        id=row["id"],
        kind=kind,
        group=row["group"],
        name=row["model"] or row["shape"],
        batch=batch,
        seconds=float(row["seconds"]),
        system=system,
        load=load,
        parts=_kernel(row, system) if load is None else tuple(operations(system, load)),
        engine=row["engine"],
        note=row["note"],
        source=row["source"],
    )


def calibration_rows() -> Iterator[Row]:
    """Every valid row of the calibration file (rows marked as invalid by their source are left out)."""
    for row in read_csv(data_dir() / "measured" / "calibration.csv"):
        if row["valid"] == "yes":
            yield _row(row)


def fitted_rows() -> list[Row]:
    """The rows that the constants are fitted on: all but kernels whose time is the host's."""
    return [row for row in calibration_rows() if row.group != "llmcompass" or row.seconds >= HOST_TIMED_SECONDS]
