"""The same half minute behind three routers, as the fleet that the page plays: loads of now, old loads, two drawn by old loads."""

from __future__ import annotations

from functools import lru_cache

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_18.old_loads import run_by_loads
from lessonlib.course.shared.run_fleet import fleet_view_of
from lessonlib.draw.fleet_view import FleetView
from lessonlib.roofline import Lab

#: seconds between two looks, and the stretch that is shown
AGE_S, _FROM_S, _UNTIL_S, _WINDOW_S = 5.0, 5.0, 35.0, 0.5
_VIEWS = (("least-requests", 0.0, "loads of now"), ("least-requests", AGE_S, "loads of the last look"), ("two-choices", AGE_S, "two drawn, by the last look"))  # fmt: skip


@lru_cache(maxsize=32)
def by_looks(lab: Lab) -> list[FleetView]:
    """Four replicas that are alike, and the same requests."""
    return [_view(lab, router, age, label) for router, age, label in _VIEWS]


def _view(lab: Lab, router: str, age: float, label: str) -> FleetView:
    result = run_by_loads(lab, router, age)
    worst = Quantity(result.percentile("ttft_s", 99.0), "s", digits=2)
    shown = fleet_view_of(
        result, label=label, from_s=_FROM_S, until_s=_UNTIL_S, window_s=_WINDOW_S, finding=f"p99 of the time to first token {worst}."
    )  # fmt: skip
    most = max(max(lane.waiting) for lane in shown.lanes)
    told = f"At most {Quantity(most, 'requests', digits=2)} wait at one replica; over the whole run, p99 of the time to first token is {worst}."
    return fleet_view_of(result, label=label, from_s=_FROM_S, until_s=_UNTIL_S, window_s=_WINDOW_S, finding=told)


def looks_shown(lab: Lab) -> Quantity:
    """Seconds between two looks in the fleet that is played."""
    return Quantity(AGE_S, "s")
