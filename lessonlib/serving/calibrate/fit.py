"""Fit the constants of the expectation on all published measurements, each source left out once.

    python -m lessonlib.serving.calibrate.fit            prints errors, fitted and on sources left out, and the coverage of the bands
    python -m lessonlib.serving.calibrate.fit --write    also writes data/efficiency.json

Robust least squares on log(expected / measured) with a normal prior on the logarithm of each constant (see constants.py): a
constant that no measurement speaks for keeps its start. Rows of one source share its faults, so n rows of a source under one
metric weigh as the square root of n. What is left out is a whole source; the errors of its rows then make the bands.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from lessonlib.base.files import write_text
from lessonlib.base.formats import dumps
from lessonlib.base.paths import data_dir
from lessonlib.base.tables import aligned
from lessonlib.roofline.efficiency import Efficiency, constants_document
from lessonlib.serving.calibrate.bands import factors, inside, metric_of, seen
from lessonlib.serving.calibrate.constants import CONSTANTS, Constant, Widths, constants
from lessonlib.serving.calibrate.rows import Point, Trials, all_points

#: Standard deviation of an error that needs no explanation: what two runs of one set-up differ by, and more.
NOISE = 0.1
_ROUNDS = 60


def weights_of(points: Sequence[Point]) -> np.ndarray:
    """Weights of rows: n rows of one source, metric and kind of model weigh as the square root of n; flagged rows nothing."""
    keys = [(point.group, point.metric, point.mixture) for point in points]
    size = Counter(key for key, point in zip(keys, points, strict=True) if not point.flag)
    return np.array([0.0 if point.flag else size[key] ** -0.5 for key, point in zip(keys, points, strict=True)])


class Fit:
    """Levenberg-Marquardt on the logarithms of the free constants, with reweighting (soft L1) and priors.

    By hand: scipy.optimize.least_squares would need its own residuals for the priors and no bounds, which is all that is here,
    and would be a dependency for one file.
    """

    def __init__(
        self, points: Sequence[Point], table: Mapping[str, Constant] = CONSTANTS, trials: Trials | None = None
    ) -> None:
        self.trials = trials or Trials(points)
        self.table, self.names = table, list(table)
        self.start = np.log([item.start for item in table.values()])
        self.free = np.array([i for i, item in enumerate(table.values()) if not item.fixed])
        self.precision = np.array([item.width for item in table.values()])[self.free] ** -2.0
        self.weight = weights_of(self.trials.points)

    def constants(self, point: np.ndarray) -> Efficiency:
        """The constants at one point of the search."""
        return Efficiency(dict(zip(self.names, np.exp(point).tolist(), strict=True)))

    def errors(self, point: np.ndarray) -> np.ndarray:
        """Log errors of all rows at one point."""
        return self.trials.errors(self.constants(point))

    def cost(self, errors: np.ndarray, point: np.ndarray) -> float:
        """Soft L1 of the errors plus the priors."""
        moved = (point - self.start)[self.free]
        soft = 2.0 * (np.sqrt(1.0 + (errors / NOISE) ** 2) - 1.0)
        return float(self.weight @ soft + self.precision @ moved**2)

    def run(self, start: np.ndarray | None = None) -> np.ndarray:
        """The logarithms of the constants where a round gains less than a ten-thousandth."""
        point = (self.start if start is None else start).copy()
        errors = self.errors(point)
        cost, damping = self.cost(errors, point), 0.01
        for _ in range(_ROUNDS):
            slopes = np.empty((len(errors), len(self.free)))
            for column, index in enumerate(self.free):
                moved = point.copy()
                moved[index] += 1e-4
                slopes[:, column] = (self.errors(moved) - errors) / 1e-4
            scale = self.weight / np.sqrt(1.0 + (errors / NOISE) ** 2) / NOISE**2
            bend = (slopes.T * scale) @ slopes + np.diag(self.precision)
            downhill = (slopes.T * scale) @ errors + self.precision * (point - self.start)[self.free]
            gained = 0.0
            while damping < 1e8:
                trial = point.copy()
                trial[self.free] -= np.linalg.solve(bend + damping * np.diag(np.diag(bend)), downhill)
                trial_errors = self.errors(trial)
                trial_cost = self.cost(trial_errors, trial)
                if trial_cost < cost:
                    gained = cost - trial_cost
                    point, errors, cost, damping = trial, trial_errors, trial_cost, max(damping / 5.0, 1e-6)
                    break
                damping *= 4.0
            if gained < 1e-4 * cost:
                break
        return point


@dataclass(frozen=True)
class LeftOut:
    """Errors (log) of every point under constants that did not see its source, whether it lay inside what was left, and the
    constants of each such fit.
    """

    errors: np.ndarray
    within: np.ndarray
    fits: tuple[Efficiency, ...]


def fit_without(
    points: Sequence[Point], groups: set[str], start: np.ndarray, table: Mapping[str, Constant] = CONSTANTS
) -> Efficiency:
    """The constants fitted on all sources but these."""
    fit = Fit([point for point in points if point.group not in groups], table)
    return fit.constants(fit.run(start))


def leave_out(points: Sequence[Point], start: np.ndarray, table: Mapping[str, Constant] = CONSTANTS) -> LeftOut:
    """Each source left out once."""
    names = sorted({point.group for point in points})
    fits = {name: fit_without(points, {name}, start, table) for name in names}
    return _collected(points, names, fits)


def _collected(
    points: Sequence[Point], names: Sequence[str], fits: Mapping[str, Efficiency], also: str = ""
) -> LeftOut:
    """Errors of the rows of each source under its own fit; `also` is a source that none of them saw."""
    trials = Trials(points)
    errors, within = np.zeros(len(points)), np.zeros(len(points), dtype=bool)
    for name in names:
        known = seen([point for point in points if point.group not in (name, also)])
        rows = [i for i, point in enumerate(points) if point.group == name]
        errors[rows] = trials.errors(fits[name])[rows]
        within[rows] = [inside(points[i], known) for i in rows]
    return LeftOut(errors, within, tuple(fits.values()))


def coverage(points: Sequence[Point], out: LeftOut, start: np.ndarray) -> list[tuple[Point, bool]]:
    """For each row whether the band held it, when neither fit nor band had seen its source."""
    names = sorted({point.group for point in points})
    pairs = {pair: fit_without(points, set(pair), start) for pair in combinations(names, 2)}
    found = []
    for name in names:
        others = [other for other in names if other != name]
        fits = {other: pairs[min(name, other), max(name, other)] for other in others}
        rest = [point for point in points if point.group != name]
        left = _collected(rest, others, fits, name)
        bands, known = factors(rest, left.errors, left.within), seen(rest)
        for i, point in enumerate(points):
            if point.group == name and not point.flag:
                entry = bands[metric_of(point)]["mixture" if point.mixture else "dense"]
                factor = entry["inside" if inside(point, known) else "outside"]
                found.append((point, bool(abs(out.errors[i]) <= np.log(factor))))
    return found


def error_table(points: Sequence[Point], fitted: np.ndarray, out: np.ndarray, key: Callable[[Point], str]) -> str:
    """Median error and bias as shares of the measured time, on the rows fitted and with their source left out."""
    groups: dict[str, list[int]] = {}
    for i, point in enumerate(points):
        if not point.flag:
            groups.setdefault(key(point), []).append(i)
    lines: list[tuple[str, ...]] = [("", "rows", "fitted", "bias", "left out", "bias", "worst")]
    for name, rows in sorted(groups.items()):
        a, b = np.expm1(fitted[rows]), np.expm1(out[rows])
        cells = (np.median(np.abs(a)), np.median(a), np.median(np.abs(b)), np.median(b), b[np.argmax(np.abs(b))])
        lines.append(
            (name, str(len(rows)), *(f"{v:+.1%}" if i % 2 or i == 4 else f"{v:.1%}" for i, v in enumerate(cells)))
        )
    return aligned(lines)


CUTS: Mapping[str, Callable[[Point], str]] = {
    "all": lambda _: "all",
    "metric": lambda point: (
        point.metric + ("" if point.metric.startswith("kernel") else ", mixture" if point.mixture else ", dense")
    ),
    "source": lambda point: point.group,
    "GPU": lambda point: point.system.gpu.title,
}


def summary(points: Sequence[Point], errors: np.ndarray) -> dict[str, dict[str, float]]:
    """By metric and kind of model: rows, median absolute error, bias."""
    result = {}
    for name in sorted({CUTS["metric"](point) for point in points}):
        rows = [i for i, point in enumerate(points) if CUTS["metric"](point) == name and not point.flag]
        of = np.expm1(errors[rows])
        result[name] = {
            "rows": len(rows),
            "median_absolute_error": round(float(np.median(np.abs(of))), 4),
            "bias": round(float(np.median(of)), 4),
        }
    return result


def _number(value: float) -> float:
    return float(f"{value:.4g}")


def document(points: Sequence[Point], best: Efficiency, out: LeftOut, covered: Mapping[str, float]) -> dict[str, Any]:
    """What data/efficiency.json holds."""
    constants = {
        name: {
            "value": _number(best[name]),
            "low": _number(min(fit[name] for fit in out.fits)),
            "high": _number(max(fit[name] for fit in out.fits)),
            "start": item.start,
            "width": item.width,
            "unit": item.unit,
            "meaning": item.meaning,
            "from": item.fixed or "fitted",
        }
        for name, item in CONSTANTS.items()
    }
    return {
        "about": "Constants of the expected time. Written by: python -m lessonlib.serving.calibrate.fit --write",
        "data": ["data/measured/calibration.csv", "data/measured/engines.csv", "data/measured/serving.csv"],
        "interval": "low and high: range over fits that each leave out one source; start and width: the prior, a normal law of the logarithm",
        "left_out": summary(points, out.errors),
        "bands": {
            "about": "nine in ten measurements lie within expected / factor and expected x factor",
            "covered": covered,
            "factors": factors(points, out.errors, out.within),
            "seen": seen(points),
        },
        "constants": constants,
    }


def main() -> None:
    """Fit, leave each source out, print; with --write keep constants and bands."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write data/efficiency.json")
    parser.add_argument(
        "--coverage", action="store_true", help="count anew what share of left-out rows the bands hold (minutes)"
    )
    parser.add_argument(
        "--widths", action="store_true", help="only the errors of left-out sources under other widths of the priors"
    )
    args = parser.parse_args()
    points, refused = all_points()
    for row in refused:
        print(f"cannot be computed: {row.id}: {row.reason}")
    if args.widths:
        _print_widths(points)
        return
    fit = Fit(points)
    end = fit.run()
    best, fitted = fit.constants(end), fit.errors(end)
    out = leave_out(points, end)
    for cut in CUTS.values():
        print(error_table(points, fitted, out.errors, cut), end="\n\n")
    covered: dict[str, float] = dict(constants_document().get("bands", {}).get("covered", {}))
    if args.coverage:
        held = coverage(points, out, end)
        covered = {"rows": len(held), "share": round(sum(ok for _, ok in held) / len(held), 3)}
        print(f"bands of sources left out hold {covered['share']:.1%} of {len(held)} rows")
    if args.write:
        write_text(data_dir() / "efficiency.json", dumps(document(points, best, out, covered)) + "\n")


def _print_widths(points: Sequence[Point]) -> None:
    weight = weights_of(points)
    usual = Widths()
    others = [replace(usual, **{name: scale * getattr(usual, name)}) for name in vars(usual) for scale in (0.5, 2.0)]
    for widths in (usual, *others):
        table = constants(widths)
        end = Fit(points, table).run()
        errors = leave_out(points, end, table).errors
        print(f"{widths}: {weight @ np.abs(errors) / weight.sum():.4f}", flush=True)


if __name__ == "__main__":
    main()
