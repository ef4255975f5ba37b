"""The peak, replica by replica: undivided, two and two, three and one, under one clock."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_20.fleets import BEST, felt_at_peak, kept, peak
from lessonlib.course.shared.run_fleet import fleet_view_of
from lessonlib.draw.fleet_view import FleetView
from lessonlib.draw.timeline import LEVELS
from lessonlib.roofline import Lab
from lessonlib.serving.results.quantiles import percentile

_FLEETS = (("undivided", None), ("two read, two write", (2, 2)), ("three read, one writes", BEST))


def _finding(lab: Lab, label: str, division: tuple[int, int] | None, shown: FleetView) -> str:
    most = max(max(lane.waiting) for lane in shown.lanes if lane.pool != "decode")
    where = "a replica that reads" if division else "a replica"
    told = felt_at_peak(lab, division)
    first, gap = Quantity(float(np.median(told.first_s)), "s"), Quantity(float(np.percentile(told.gaps_s, 99)), "s")
    keep = Quantity(kept(lab, division), "%", digits=2)
    return (
        f"{label.capitalize()}: on {where} up to {Quantity(most, '', digits=2)} requests wait, the first token takes {first} at the median, "
        f"the p99 gap is {gap}, and {keep} of the requests are within both limits."
    )


def _as_users_feel(lab: Lab, division: tuple[int, int] | None, shown: FleetView) -> FleetView:
    """The view with first tokens from the pool that writes, which hands them out; the run itself counts until a prompt is read."""
    told = felt_at_peak(lab, division)
    came = peak(lab, division).requests["arrival_s"]
    slots = np.searchsorted(np.asarray(shown.edges), came - came.min(), side="right") - 1
    parts = (told.first_s[slots == slot] for slot in range(len(shown.edges) - 1))
    first, gaps = ([float(np.percentile(column, level)) for level in LEVELS] for column in (told.first_s, told.gaps_s))
    return replace(
        shown,
        finding=_finding(lab, label=shown.label, division=division, shown=shown),
        ttft_p99_s=[percentile(part.tolist(), 99) if len(part) else None for part in parts],
        waits=replace(shown.waits, first_token_s=first, gap_s=gaps),
    )


@lru_cache(maxsize=16)
def _views(lab: Lab) -> tuple[FleetView, ...]:
    views = []
    for label, division in _FLEETS:
        result = peak(lab, division)
        until = float(result.requests["arrival_s"].max() - result.requests["arrival_s"].min())
        view = fleet_view_of(result, label=label, until_s=until, window_s=_window_s(until))
        views.append(_as_users_feel(lab, division, view))
    return tuple(views)


def _window_s(until: float) -> float:
    """About sixty windows."""
    return next(width for width in (0.2, 0.5, 1.0, 2.0, 5.0, 10.0) if until / width <= 80)


def three_fleets(lab: Lab) -> list[FleetView]:
    """From the undivided fleet to the best division."""
    return list(_views(lab))
