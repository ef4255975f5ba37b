"""All published measurements, ready to be tried under many constants at once.

Steps of all rows lie in one array, operations of one kind of work on one architecture in another, so that one trial of the
constants is a few dozen array expressions; the formulas are those of lessonlib.roofline.expectation, nothing is repeated here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lessonlib.base.paths import data_dir
from lessonlib.roofline.calibrate.rows import fitted_rows
from lessonlib.roofline.efficiency import Efficiency
from lessonlib.roofline.expectation import communication_seconds, operation_seconds, step_seconds
from lessonlib.roofline.links import routing_seconds
from lessonlib.roofline.load import Load, Requests
from lessonlib.roofline.operations import Operation, micro_batch, operations
from lessonlib.roofline.system import System
from lessonlib.serving.calibrate.mix import mix_of
from lessonlib.serving.measured.cases import STEPS, is_busy, run, server_times, situation, step_load, tokens_of_step
from lessonlib.serving.measured.rows import Measurement, read_measurements
from lessonlib.serving.validation import published, sweep_system

_TIMES = ("compute_s", "memory_s", "spread_s", "activation_s", "row_s", "uneven_s")


@dataclass(frozen=True)
class Point:
    """One measurement: the steps it is made of, and how it is told apart when errors are counted.

    weights: seconds of the measured number for each second of each step. server: how often the server's own time is in it;
    busy: how often it is that of a server with other requests.
    """

    id: str
    group: str
    metric: str
    mixture: bool
    engine: str
    system: System
    flag: str
    seconds: float
    load: Load | None
    parts: tuple[Operation, ...]
    weights: np.ndarray
    server: float
    busy: float


def file_points() -> list[Point]:
    """Steps and kernels of data/measured/calibration.csv."""
    found = []
    for row in fitted_rows():
        kernel = row.load is None
        found.append(
            Point(
                id=row.id,
                group=row.group,
                metric=f"kernel: {row.kind}" if kernel else "decode step" if row.kind == "decode" else "prefill",
                mixture=not kernel and row.system.model.is_mixture,
                engine=row.engine,
                system=row.system,
                flag="",
                seconds=row.seconds,
                load=row.load,
                parts=row.parts,
                weights=np.ones(1),
                server=0.0,
                busy=0.0,
            )
        )
    return found


def measured_points(rows: Sequence[Measurement]) -> list[Point]:
    """Points of served engines."""
    mixes: dict[Any, Any] = {}
    found = []
    for row in rows:
        if row.metric in STEPS:
            load, weights = step_load(row), np.array([1.0 / tokens_of_step(row)])
        else:
            case = situation(row)
            if case not in mixes:
                mixes[case] = mix_of(run(case, "expected"))
            load, weights = mixes[case].load, mixes[case].weights[row.metric]
        found.append(
            Point(
                id=row.id,
                group=row.group,
                metric=row.metric,
                mixture=row.mixture,
                engine=row.engine,
                system=row.system,
                flag=row.flag,
                seconds=row.seconds,
                load=load,
                parts=tuple(operations(row.system, load)),
                weights=weights,
                server=float(server_times(row)),
                busy=float(server_times(row) * is_busy(row)),
            )
        )
    return found


def sweep_measurements() -> list[Measurement]:
    """The published sweep of concurrency (data/measured/serving.csv), each of its three numbers as a measurement."""
    found = []
    for point in published():
        base = Measurement(
            id=f"sweep-{point.concurrency}",
            group="sweep",
            system=sweep_system(),
            engine="NVIDIA NIM 1.8.0 (TensorRT-LLM)",
            load="closed loop",
            metric="throughput",
            seconds=1.0 / point.tokens_per_s,
            concurrency=point.concurrency,
            prompt=5000,
            output=500,
            requests=max(16, 30 * point.concurrency),
            depth=0,
            seats=0,
            budget=0,
            flag="",
            source="docs.nvidia.com/nim/benchmarking/llm/1.0.0/performance",
        )
        found += [
            base,
            replace(base, metric="time per token", seconds=point.itl_s),
            replace(base, metric="time to first token", seconds=point.ttft_s),
        ]
    return found


def all_points() -> tuple[list[Point], list[Any]]:
    """Every published measurement, and the rows that cannot be computed."""
    rows, refused = read_measurements(data_dir() / "measured" / "engines.csv")
    return [*file_points(), *measured_points([*rows, *sweep_measurements()])], refused


class Trials:
    """Expected seconds of many points under any constants."""

    def __init__(self, points: Sequence[Point]) -> None:
        self.points = list(points)
        self.measured = np.log([point.seconds for point in points])
        self._server = np.array([point.server for point in points])
        self._busy = np.array([point.busy for point in points])
        self._mixture = np.array([point.mixture for point in points])
        place, owners, weights = 0, [], []
        pieces: dict[Any, list[tuple[np.ndarray, Operation]]] = {}
        samples: dict[Any, tuple[System, Operation, bool]] = {}
        loads: dict[System, list[tuple[np.ndarray, Load]]] = {}
        for number, point in enumerate(points):
            size = len(point.weights)
            where = np.arange(place, place + size)
            place += size
            owners.append(np.full(size, number))
            weights.append(point.weights)
            system, whole = point.system, point.load is not None
            for part in point.parts:
                key = (
                    system.gpu.architecture,
                    system.launches,
                    part.work,
                    part.kind,
                    part.precision,
                    part.stored,
                    part.layers,
                    whole,
                )
                samples.setdefault(key, (system, part, whole))
                pieces.setdefault(key, []).append((where, part))
            if point.load is not None:
                loads.setdefault(system, []).append((where, point.load))
        self.size = place
        self._owners, self._weights = np.concatenate(owners), np.concatenate(weights)
        self._pieces = [(*samples[key], *_joined(samples[key][1], items)) for key, items in pieces.items()]
        self._loads = [(system, *_joined_loads(system, items)) for system, items in loads.items()]

    def seconds(self, constants: Efficiency) -> np.ndarray:
        """Expected seconds of every point, shape (points,)."""
        steps = np.zeros(self.size)
        for system, _, whole, part, where in self._pieces:
            np.add.at(steps, where, operation_seconds(system, part, constants, whole))
        for system, load, sequences, where in self._loads:
            gpu = steps[where] + communication_seconds(system, load, constants) + routing_seconds(system, constants)
            steps[where] = step_seconds(system, gpu, sequences, constants)
        found = np.bincount(self._owners, steps * self._weights, len(self.points))
        busy = np.where(self._mixture, constants.busy_server_s(True), constants.busy_server_s(False))
        total: np.ndarray = found + self._server * constants.server_s() + self._busy * busy
        return total

    def errors(self, constants: Efficiency) -> np.ndarray:
        """log(expected / measured) of every point."""
        found: np.ndarray = np.log(self.seconds(constants)) - self.measured
        return found


def _joined(sample: Operation, items: Sequence[tuple[np.ndarray, Operation]]) -> tuple[Operation, np.ndarray]:
    where = np.concatenate([places for places, _ in items])
    values: dict[str, Any] = {
        name: np.concatenate(
            [np.broadcast_to(np.asarray(getattr(part, name), dtype=float), places.shape) for places, part in items]
        )
        for name in _TIMES
    }
    return replace(sample, **values), where


def _joined_loads(system: System, items: Sequence[tuple[np.ndarray, Load]]) -> tuple[Load, np.ndarray, np.ndarray]:
    """One load that has the tokens of all; communication depends on nothing else."""

    def column(value: Any, places: np.ndarray) -> np.ndarray:
        return np.broadcast_to(np.asarray(value, dtype=float), places.shape)

    where = np.concatenate([places for places, _ in items])
    tokens = np.concatenate([column(load.tokens, places) for places, load in items])
    sequences = np.concatenate([column(load.sequences, places) for places, load in items])
    load = Load((Requests(sequences, tokens / np.maximum(sequences, 1e-12), 0.0),))
    part, _ = micro_batch(system, load)
    return load, np.asarray(part.sequences, dtype=float), where
