"""The cheapest line of a small grid that counts in full, for each fleet, found ahead, in the order of cost: what costs more than the worth of the best so far
allows is not run. ``python -m lessonlib.course.checkpoint_3.search --write`` writes data/exams/json/checkpoint-3.json.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import cache
from typing import Any

from lessonlib.base.errors import LessonlibError
from lessonlib.course.checkpoint_3.card import by_card, idle, not_found
from lessonlib.course.checkpoint_3.fleets import FleetLab, Offer, all_fleets
from lessonlib.course.checkpoint_3.judge import run
from lessonlib.course.checkpoint_3.lines import Plan, Scale
from lessonlib.course.shared.found_ahead import found_ahead, write_or_print

FILE = "checkpoint-3.json"
TOKENS = (1024, 512, 2048, 8192)
MOST = 12
#: Of the peak over the most replicas, what a scaler aims at.
TARGETS = (0.7, 0.85, 1.0)
#: A tenth below the best found is as good.
AS_GOOD = 0.9
#: Work that comes with each second over the replicas: above this nothing is good, with whatever router.
_HOPELESS = 1.0
#: Where a budget of the grid has fewer good requests than this, no other budget is tried.
_POOR = 0.4
#: Tells two plans of one cost apart.
_SAME = 1e-9


@dataclass(frozen=True)
class Best:
    """The best line found: what it sets, and its worth."""

    plan: Plan
    per_dollar: float


def routers(fleet: FleetLab) -> tuple[str, ...]:
    """Routers that are tried."""
    return ("least-requests", "prefix-aware") if fleet.shared or fleet.turns > 1 else ("least-requests",)


def grid(fleet: FleetLab) -> Iterator[Plan]:
    """What is tried."""
    for offer in fleet.offers:
        for router in routers(fleet):
            for tokens in TOKENS:
                yield from (Plan(offer, count, router, tokens) for count in range(1, MOST + 1))
                yield from (Plan(offer, 1, router, tokens, scale=scale) for scale in scales(fleet))
            yield from (
                Plan(offer, 1, router, tokens, pools=(readers, writers))
                for tokens in (8192, 2048)
                for readers in range(1, MOST // 2 + 1)
                for writers in range(1, MOST // 2 + 1)
            )


def scales(fleet: FleetLab) -> Iterator[Scale]:
    """Scalers that are tried, where the rate changes."""
    if not fleet.swing:
        return
    for most in range(2, MOST // 2 + 1):
        for least in range(1, most):
            for part in TARGETS:
                yield Scale("rate", round(part * fleet.peak / most, 2), least, most)


def least_cost(fleet: FleetLab, plan: Plan) -> float:
    """Dollars an hour: of fixed replicas what they cost, of scaled ones what they cost at least."""
    count = plan.most if not plan.scale else max(plan.scale.least, fleet.rate / plan.scale.target * 0.9)
    return count * fleet.price(plan.offer)


def hopeless(fleet: FleetLab, plan: Plan) -> bool:
    """Whether even with all that can be found more work comes than is done."""
    tests = idle(fleet, plan.offer)
    quick = tests.read_s if plan.pools else min(tests.read_s, *tests.beside_s)
    read = fleet.rate * quick * not_found(fleet, Plan(plan.offer, plan.most, "prefix-aware"))
    write = fleet.rate * fleet.answers[0] * tests.each_s
    if plan.pools:
        return read / plan.pools[0] > _HOPELESS or write / plan.pools[1] > _HOPELESS
    return (read + write) / plan.most > _HOPELESS


def tried(fleet: FleetLab, plan: Plan) -> float:
    """Worth of a plan that counts in full; 0 where too few are good, -1 for one that cannot run."""
    try:
        found = run(fleet, plan)
        return found.per_dollar if found.holds else 0.0
    except LessonlibError:  # no room for a request
        return -1.0


def search(fleet: FleetLab) -> Best:
    """The best of the grid and of the card's line. Of two as good, the one that fewer requests miss a limit with, then the sooner first token."""
    start = by_card(fleet)
    best, worth = start, _worth(fleet, start)
    poor: set[Plan] = set()
    for plan in sorted(grid(fleet), key=lambda one: least_cost(fleet, one)):
        if 1.0 / least_cost(fleet, plan) < worth[0] - _SAME:
            break
        alike = replace(plan, tokens=None)
        if alike in poor or hopeless(fleet, plan):
            continue
        found = _worth(fleet, plan)
        if found[1] < _POOR:
            poor.add(alike)
        if found > worth:
            best, worth = plan, found
    return Best(best, worth[0])


def _worth(fleet: FleetLab, plan: Plan) -> tuple[float, float, float]:
    found = tried(fleet, plan)
    if found < 0:
        return -1.0, 0.0, -math.inf
    told = run(fleet, plan)
    return round(found, 9), round(told.share, 2), -told.ttft_p99_s


@cache
def best_of(fleet: FleetLab) -> Best:
    """The best line of a fleet, as the file has it. Raises LessonlibError where it is of another fleet."""
    known = found_ahead(FILE, fleet.name, "lessonlib.course.checkpoint_3.search")
    return Best(_plan(known["plan"]), known["per_dollar"])


def _plan(keys: dict[str, Any]) -> Plan:
    scale, pools = keys["scale"], keys["pools"]
    return Plan(
        **{
            **keys,
            "offer": Offer(**keys["offer"]),
            "pools": tuple(pools) if pools else None,
            "scale": Scale(**scale) if scale else None,
        }
    )


def written() -> dict[str, Any]:
    """What the file is to hold."""
    return {
        each.name: {"plan": asdict(found.plan), "per_dollar": found.per_dollar}
        for each in all_fleets()
        for found in [search(each)]
    }


if __name__ == "__main__":
    write_or_print(FILE, written())
