"""The bands that are printed: factors that hold nine in ten rows of sources which neither fit nor band has seen.

Errors of left-out rows are sorted by metric, by dense models and mixtures, and by whether the case lay inside what was left. A
group that few sources speak for leans on the next wider ones: the same metric of the other kind or place, all metrics of the
same kind, then all rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lessonlib.roofline.band import PHASES, traits
from lessonlib.serving.calibrate.rows import Point


def metric_of(point: Point) -> str:
    """The metric under which a band is kept: one for all kernels."""
    return point.metric.partition(":")[0]


#: Share of the left-out errors that a factor holds.
LEVEL = 0.9
#: Sources by which the next wider group weighs beside a group's own.
LEAN = 1.0
#: No band is narrower: two runs of one set-up differ by some per cent.
LEAST = 0.07


def seen(points: Sequence[Point]) -> dict[str, list[str]]:
    """What these points have measured, by phase (see band.traits). An isolated kernel speaks for both phases."""
    found: dict[str, set[str]] = {"decode": set(), "prefill": set()}
    for point in points:
        if not point.flag:
            for phase in PHASES.get(point.metric, tuple(found)):
                found[phase].update(traits(point.system))
    return {phase: sorted(names) for phase, names in found.items()}


def inside(point: Point, known: Mapping[str, Sequence[str]]) -> bool:
    """Whether everything that a point has was measured elsewhere."""
    return all(trait in known[phase] for phase in PHASES[metric_of(point)] for trait in traits(point.system))


def _held(errors: np.ndarray, weights: np.ndarray) -> float:
    """The weighted quantile LEVEL of absolute errors."""
    order = np.argsort(errors)
    share = np.cumsum(weights[order]) / weights.sum()
    return float(errors[order][min(int(np.searchsorted(share, LEVEL)), len(errors) - 1)])


def factors(points: Sequence[Point], errors: np.ndarray, within: np.ndarray) -> dict[str, Any]:
    """Factors by metric, kind of model and inside or outside the data. errors: of left-out rows, log; within: inside or not."""
    use = np.array([i for i, point in enumerate(points) if not point.flag])
    size = np.abs(errors[use])
    groups = np.array([points[i].group for i in use])
    metrics = np.array([metric_of(points[i]) for i in use])
    mixture = np.array([points[i].mixture for i in use])
    known = within[use]

    def weights(of: np.ndarray, total: float) -> np.ndarray:
        """Each source of a group of rows weighs alike; its sources together `total`, or each 1 for total = 0."""
        found = np.zeros(len(use))
        names = sorted(set(groups[of]))
        for name in names:
            rows = of & (groups == name)
            found[rows] = (total / len(names) if total else 1.0) / rows.sum()
        return found

    result: dict[str, Any] = {}
    for metric in PHASES:
        result[metric] = {}
        for kind in (False, True):
            entry = {}
            for name, place in (("inside", True), ("outside", False)):
                own = (metrics == metric) & (mixture == kind) & (known == place)
                near = (metrics == metric) & ~own
                wider = (mixture == kind) & (known == place) & ~own
                widest = (known == place) & ~own
                # What lies outside the data is judged by everything that lay outside once.
                weight = weights(own, 0.0) + weights(near, LEAN) + weights(wider, LEAN) + weights(widest, LEAN)
                entry[name] = max(LEAST, _held(size, weight)) if weight.sum() else float("inf")
            entry["outside"] = max(entry["outside"], 1.25 * entry["inside"])
            result[metric]["mixture" if kind else "dense"] = {
                key: float(f"{np.exp(value):.3g}") for key, value in entry.items()
            }
    return result
