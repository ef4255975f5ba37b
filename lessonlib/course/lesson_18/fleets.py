"""The same twenty seconds behind three routers, as the fleet that the page plays: fresh loads, old loads, two drawn by old loads."""

from __future__ import annotations

from functools import lru_cache

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_18.old_loads import AGES_S, run_by_loads
from lessonlib.course.shared.run_fleet import fleet_view_of
from lessonlib.draw.fleet_view import FleetView
from lessonlib.roofline import Lab

#: seconds between two old looks, and the stretch that is shown: on the quickest lab all requests have come at its end
AGE_S, _FROM_S, _UNTIL_S, _WINDOW_S = 5.0, 4.0, 24.0, 0.5
_VIEWS = (("least-requests", AGES_S[0], "fresh loads"), ("least-requests", AGE_S, "loads of the last look"), ("two-choices", AGE_S, "two drawn, by the last look"))  # fmt: skip


@lru_cache(maxsize=32)
def by_looks(lab: Lab) -> list[FleetView]:
    """Four replicas that are alike, and the same requests."""
    return [_view(lab, router, age, label) for router, age, label in _VIEWS]


def _view(lab: Lab, router: str, age: float, label: str) -> FleetView:
    result = run_by_loads(lab, router, age)
    worst = Quantity(result.percentile("ttft_s", 99.0), "s")
    shown = fleet_view_of(
        result, label=label, from_s=_FROM_S, until_s=_UNTIL_S, window_s=_WINDOW_S, finding=f"p99 of the time to first token {worst}."
    )  # fmt: skip
    most = max(max(lane.waiting) for lane in shown.lanes)
    told = f"The longest queue of a replica, as a mean of half a second: {Quantity(most, 'requests', digits=2)}. Over the whole run, p99 of the time to first token is {worst}."
    return fleet_view_of(result, label=label, from_s=_FROM_S, until_s=_UNTIL_S, window_s=_WINDOW_S, finding=told)


def arrivals_shown(lab: Lab) -> Quantity:
    """Requests a second that come in the stretch that is played."""
    return Quantity(sum(by_looks(lab)[0].arrivals) / (_UNTIL_S - _FROM_S), "requests a second")


def looks_shown(lab: Lab) -> Quantity:
    """Seconds between two looks in the fleet that is played."""
    return Quantity(AGE_S, "s")
