"""Fit the constants of the expectation on the published measurements, with cross-validation.

    python -m lessonlib.roofline.calibrate.fit            prints the cross-validated errors
    python -m lessonlib.roofline.calibrate.fit --write    also writes data/efficiency.json

Robust least squares on log(expected / measured), each class of rows with the same total weight, a
weak prior towards the starting values (so a constant without data keeps its start). Every fit is
repeated with one model of one source left out, and again with one whole source left out; the errors
printed are those of the rows left out. Each constant's interval is its range over the former fits. A
source that alone knows some constants (the only engine without CUDA graphs, the only A100 kernels)
leaves them at their starting values when it is left out. For that reason a constant is given to one
architecture only where measurements of both tell it apart: bandwidth, launches and the latency of a
link are not, and one value for all of them predicts an unseen source better than two.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lessonlib.base.files import write_text
from lessonlib.base.formats import dumps
from lessonlib.base.paths import data_dir
from lessonlib.roofline.calibrate.rows import Row, fitted_rows
from lessonlib.roofline.efficiency import Efficiency

_SHARE = (0.3, 0.95)
_TIME = (5e-7, 0.1)


@dataclass(frozen=True)
class Constant:
    """Where a constant starts, how far it may go, whether it is fitted, and what it means."""

    start: float
    bounds: tuple[float, float]
    unit: str
    meaning: str
    fixed: str = ""


def _share(start: float, meaning: str, **more: str) -> Constant:
    return Constant(start, _SHARE, "share", meaning, **more)


def _time(start: float, meaning: str, least: float = _TIME[0], **more: str) -> Constant:
    return Constant(start, (least, _TIME[1]), "s", meaning, **more)


CONSTANTS: Mapping[str, Constant] = {
    "bandwidth.hopper.matmul": _share(0.84, "matrices, every GPU without a value of its own"),
    "bandwidth.ada.matmul": _share(
        0.89,
        "matrices, RTX 40 and L4",
        fixed="set so that a 7B model in 16 bits on one RTX 4090 reaches the published median of 0.82 of its ceiling",
    ),
    "bandwidth.attention": _share(0.9, "KV cache in decode attention"),
    "bandwidth.linear attention": _share(0.88, "state of linear attention"),
    "bandwidth.vectors": _share(0.6, "norms and additions over the residual stream"),
    "unpack.bf16": Constant(1.0, (1.0, 1.0), "share", "16-bit matrices, the reference", "by definition"),
    "unpack.fp8": Constant(0.8, (0.3, 1.0), "share", "bandwidth of fp8 matrices against 16-bit ones"),
    "unpack.int8": Constant(0.8, (0.3, 1.0), "share", "the same for 8-bit weight-only"),
    "unpack.int4": Constant(0.7, (0.3, 1.0), "share", "the same for 4-bit weight-only"),
    "compute.ampere.bf16": _share(0.88, "large matrix products, A100"),
    "compute.hopper.bf16": _share(0.8, "large matrix products, H100 and others"),
    "compute.hopper.fp8": _share(0.56, "large matrix products in fp8"),
    "compute.attention": Constant(0.4, (0.1, 0.95), "share", "attention of a prompt"),
    "compute.ampere.sustained": Constant(0.75, (0.5, 1.0), "share", "of a kernel's FLOP/s in a step, A100"),
    "compute.hopper.sustained": Constant(
        0.75,
        (0.5, 1.0),
        "share",
        "the same, H100 and others",
        "set to the published use of the peak by 16-bit prefill on one or two H100: 0.42 to 0.57",
    ),
    "launch.matmul_s": _time(2e-6, "one matrix product beyond its roofline"),
    "launch.attention_s": _time(1e-5, "one decode attention beyond its roofline"),
    "launch.linear attention_s": _time(3e-6, "one linear attention step beyond its roofline"),
    "launch.vectors_s": _time(1e-5, "norms, rotations, activations of one layer"),
    "launch.routing_s": _time(1e-5, "routing of one mixture layer"),
    "link.share": Constant(
        0.8,
        (0.8, 0.8),
        "share",
        "of the link in large transfers",
        "set to what the maintainer of NCCL names for eight H100: 370 of 450 GB/s (NVIDIA/nccl-tests, issue 212)",
    ),
    "link.latency_s": _time(6e-6, "one all-reduce between the GPUs of a server", 4e-6),
    "step_s": _time(1e-4, "one step: scheduling and sampling"),
    "eager.ampere.layer_s": _time(5e-4, "host time of one layer without CUDA graphs, A100 hosts of 2023"),
    "eager.hopper.layer_s": _time(
        3.7e-4,
        "the same, H100 hosts of 2023",
        fixed="the published floor of 28 to 31 ms for the 80 layers of Llama-2-70B",
    ),
    "eager.link.share": Constant(0.4, (0.1, 0.8), "share", "of the link, engines of 2023"),
    "eager.vectors": Constant(0.3, (0.1, 0.9), "share", "of the bandwidth in unfused norms, engines of 2023"),
    "eager.sequence_s": _time(3e-4, "host time of one sequence in a step without CUDA graphs"),
}


def _weights(rows: Sequence[Row]) -> np.ndarray:
    """Equal total weight for each class of each source."""
    keys = [(row.category, row.group) for row in rows]
    size = Counter(keys)
    return np.array([1.0 / size[key] for key in keys])


def log_errors(rows: Sequence[Row], constants: Efficiency) -> np.ndarray:
    """log(expected / measured) of each row."""
    return np.array([np.log(row.expected_s(constants) / row.seconds) for row in rows])


class Fit:
    """Levenberg-Marquardt on the logarithms of the free constants, with reweighting (soft L1).

    By hand, not scipy.optimize.least_squares: that goes on to a minimum which is lower by 3e-5 of the cost, along
    directions that the measurements hardly fix, and would change shipped constants by up to 3 % (launch.routing_s) for
    errors that stay the same.
    """

    softness = 0.05
    prior = 1e-3

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows
        self.names = list(CONSTANTS)
        self.start = np.log([item.start for item in CONSTANTS.values()])
        self.low = np.log([item.bounds[0] for item in CONSTANTS.values()])
        self.high = np.log([item.bounds[1] for item in CONSTANTS.values()])
        self.free = [i for i, item in enumerate(CONSTANTS.values()) if not item.fixed]
        self.weight = _weights(rows)

    def constants(self, point: np.ndarray) -> Efficiency:
        """The constants at one point of the search."""
        return Efficiency(dict(zip(self.names, np.exp(point).tolist(), strict=True)))

    def errors(self, point: np.ndarray) -> np.ndarray:
        """Log errors of all rows at one point."""
        return log_errors(self.rows, self.constants(point))

    def cost(self, errors: np.ndarray, point: np.ndarray) -> float:
        """Soft L1 of the errors plus the prior."""
        soft = np.sqrt(errors**2 + self.softness**2)
        return float(self.weight @ soft + self.prior * np.sum((point - self.start) ** 2))

    def _step(self, point: np.ndarray, errors: np.ndarray, damping: float) -> np.ndarray:
        free = self.free
        weight = self.weight / np.sqrt(errors**2 + self.softness**2)
        scaled = self._jacobian.T * weight
        curvature = scaled @ self._jacobian + 2 * self.prior * np.eye(len(free))
        slope = scaled @ errors + 2 * self.prior * (point - self.start)[free]
        curvature += damping * np.diag(np.diag(curvature))
        moved = point.copy()
        moved[free] -= np.linalg.solve(curvature, slope)
        clipped: np.ndarray = np.clip(moved, self.low, self.high)
        return clipped

    def _set_jacobian(self, point: np.ndarray, errors: np.ndarray) -> None:
        columns = []
        for index in self.free:
            moved = point.copy()
            moved[index] += 1e-4
            columns.append((self.errors(moved) - errors) / 1e-4)
        self._jacobian = np.array(columns).T

    def run(self, rounds: int = 40) -> Efficiency:
        """The constants where a round gains less than 1e-6 of the cost."""
        point = np.clip(self.start, self.low, self.high)
        errors = self.errors(point)
        cost, damping = self.cost(errors, point), 0.1
        for _ in range(rounds):
            self._set_jacobian(point, errors)
            while True:
                trial = self._step(point, errors, damping)
                trial_errors = self.errors(trial)
                trial_cost = self.cost(trial_errors, trial)
                if trial_cost < cost or damping > 1e6:
                    break
                damping *= 4
            if trial_cost >= cost or cost - trial_cost < 1e-6:
                break
            point, errors, cost, damping = trial, trial_errors, trial_cost, damping / 3
        return self.constants(point)


def cross_validate(rows: Sequence[Row], fold_of: Callable[[Row], str]) -> tuple[np.ndarray, list[Efficiency]]:
    """Errors of every row when its fold was left out, and the constants of each such fit."""
    errors = np.zeros(len(rows))
    fits = []
    for fold in sorted({fold_of(row) for row in rows}):
        held = [i for i, row in enumerate(rows) if fold_of(row) == fold]
        constants = Fit([row for row in rows if fold_of(row) != fold]).run()
        fits.append(constants)
        errors[held] = log_errors([rows[i] for i in held], constants)
    return errors, fits


def error_summary(rows: Sequence[Row], errors: np.ndarray) -> dict[str, dict[str, float]]:
    """By class: rows, median absolute error and bias (both as shares of the measured time)."""
    result = {}
    for category in sorted({row.category for row in rows}):
        of = errors[[i for i, row in enumerate(rows) if row.category == category]]
        result[category] = {
            "rows": len(of),
            "median_absolute_error": round(float(np.median(np.abs(np.expm1(of)))), 4),
            "bias": round(float(np.expm1(np.median(of))), 4),
        }
    return result


def _document(best: Efficiency, fits: Sequence[Efficiency], errors: Mapping[str, object]) -> dict[str, object]:
    def number(value: float) -> float:
        return float(f"{value:.4g}")

    constants = {
        name: {
            "value": number(best[name]),
            "low": number(min(fit[name] for fit in fits)),
            "high": number(max(fit[name] for fit in fits)),
            "unit": item.unit,
            "meaning": item.meaning,
            "from": item.fixed or "fitted",
        }
        for name, item in CONSTANTS.items()
    }
    return {
        "about": "Constants of the expected time. Written by: python -m lessonlib.roofline.calibrate.fit --write",
        "data": "data/measured/calibration.csv",
        "interval": "low and high: range over fits that each leave out one model of one source",
        "cross_validated": errors,
        "constants": constants,
    }


def _print_table(*tables: Mapping[str, Mapping[str, float]]) -> None:
    """Median absolute errors: on the rows fitted, one model of one source left out, one source."""
    print(f"{'median absolute error':28}{'rows':>5}{'fitted':>10}{'model out':>11}{'source out':>12}")
    for name, entry in tables[0].items():
        first, second, third = (table[name]["median_absolute_error"] for table in tables)
        print(f"{name:28}{entry['rows']:5}{first:10.1%}{second:11.1%}{third:12.1%}")


def main() -> None:
    """Fit, cross-validate, print; with --write keep the constants."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write data/efficiency.json")
    write = parser.parse_args().write
    rows = fitted_rows()
    best = Fit(rows).run()
    errors, fits = cross_validate(rows, lambda row: row.fold)
    strict, _ = cross_validate(rows, lambda row: row.group)
    held, by_source = error_summary(rows, errors), error_summary(rows, strict)
    _print_table(error_summary(rows, log_errors(rows, best)), held, by_source)
    if write:
        path = data_dir() / "efficiency.json"
        text = dumps(_document(best, fits, {"one model of one source": held, "one source": by_source}))
        write_text(path, text + "\n")


if __name__ == "__main__":
    main()
