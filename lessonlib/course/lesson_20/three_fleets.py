"""The peak, replica by replica: undivided, two and two, three and one, under one clock."""

from __future__ import annotations

from functools import lru_cache

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_20.fleets import BEST, felt_at_peak, kept, peak
from lessonlib.course.shared.run_fleet import fleet_view_of
from lessonlib.draw.fleet_view import FleetView
from lessonlib.roofline import Lab

_FLEETS = (("undivided", None), ("two read, two write", (2, 2)), ("three read, one writes", BEST))


def _finding(lab: Lab, label: str, division: tuple[int, int] | None, shown: FleetView) -> str:
    most = max(max(lane.waiting) for lane in shown.lanes if lane.pool != "decode")
    gap = Quantity(sorted(felt_at_peak(lab, division).gaps_s)[-len(felt_at_peak(lab, division).gaps_s) // 100], "s")
    keep = Quantity(kept(lab, division), "%", digits=2)
    return (
        f"{label.capitalize()}: on a replica that reads up to {Quantity(most, '', digits=2)} requests wait, the p99 gap is {gap}, "
        f"and {keep} of the requests are within both limits."
    )


@lru_cache(maxsize=16)
def _views(lab: Lab) -> tuple[FleetView, ...]:
    views = []
    for label, division in _FLEETS:
        result = peak(lab, division)
        until = float(result.requests["arrival_s"].max() - result.requests["arrival_s"].min())
        plain = fleet_view_of(result, label=label, until_s=until, window_s=_window_s(until))
        views.append(
            fleet_view_of(
                result,
                label=label,
                until_s=until,
                window_s=_window_s(until),
                finding=_finding(lab, label, division, plain),
            )
        )
    return tuple(views)


def _window_s(until: float) -> float:
    """About sixty windows."""
    return next(width for width in (0.2, 0.5, 1.0, 2.0, 5.0, 10.0) if until / width <= 80)


def three_fleets(lab: Lab) -> list[FleetView]:
    """From the undivided fleet to the best division."""
    return list(_views(lab))
