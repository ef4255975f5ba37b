"""A router that sends each request to the least loaded replica, by loads that it saw some seconds ago."""

from __future__ import annotations

from functools import lru_cache

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_18.traffic import REPLICAS, arrivals_at, carried_rate, one_replica_carries, work
from lessonlib.roofline import Lab
from lessonlib.serving import Constant, Fleet, Result, Scheduler, simulate

#: seconds between two looks at the loads
AGES_S = (0.05, 0.5, 2.0, 5.0, 15.0)
#: share of what all replicas carry; replicas are alike here
OLD_LOAD = 0.7
_REQUESTS, SEED = 400, 3
LEVEL = 99.0


@lru_cache(maxsize=256)
def run_by_loads(lab: Lab, router: str, age_s: float = 0.0) -> Result:
    """The traffic through four replicas that are alike."""
    fleet = Fleet(REPLICAS, router, scrape_s=age_s)
    return simulate(lab.system, work(_REQUESTS, arrivals_at(lab, OLD_LOAD), SEED), Scheduler(), fleet)


def _worst(lab: Lab, router: str, age_s: float = 0.0) -> float:
    return run_by_loads(lab, router, age_s).percentile("ttft_s", LEVEL)


def _curve(values: list[float]) -> dict[str, list[float]]:
    return {"x": list(AGES_S), "y": values}


def worst_by_age(lab: Lab) -> dict[str, list[float]]:
    """p99 of the time to first token, seconds, by seconds between two looks at the loads."""
    return _curve([_worst(lab, "least-requests", age) for age in AGES_S])


def worst_whatever_age(lab: Lab) -> dict[str, list[float]]:
    """As if some seconds made no difference."""
    return _curve([_worst(lab, "least-requests", AGES_S[0])] * len(AGES_S))


def worst_at_most_random(lab: Lab) -> dict[str, list[float]]:
    """As if old loads were worth less and less, and in the end nothing: as good as chance."""
    fresh, chance = _worst(lab, "least-requests", AGES_S[0]), _worst(lab, "random")
    return _curve([min(chance, fresh + (chance - fresh) * place / 2) for place in range(len(AGES_S))])


def old_rate(lab: Lab) -> Quantity:
    """Requests a second that come to all replicas."""
    return Quantity(OLD_LOAD * REPLICAS * one_replica_carries(lab).printed, "requests a second")


def requests_of_the_curve(lab: Lab) -> int:
    """Requests that p99 of the curve is taken of."""
    return _REQUESTS


def looks_every(lab: Lab) -> list[Quantity]:
    """Seconds between two looks."""
    return [Quantity(age, "s") for age in AGES_S]


def worst_of_looks(lab: Lab) -> list[Quantity]:
    """p99 of the time to first token, by seconds between two looks."""
    return [Quantity(value, "s") for value in worst_by_age(lab)["y"]]


def worst_at_random(lab: Lab) -> Quantity:
    """The same, each request to any replica."""
    return Quantity(_worst(lab, "random"), "s")


def worst_of_two(lab: Lab) -> Quantity:
    """The same for the less loaded of two drawn at random, by loads of the longest age."""
    return Quantity(_worst(lab, "two-choices", AGES_S[-1]), "s")


def oldest_look(lab: Lab) -> Quantity:
    """The longest time between two looks."""
    return Quantity(AGES_S[-1], "s")


def between_two_looks(lab: Lab) -> Quantity:
    """Requests that come between two looks of the longest age."""
    return Quantity(old_rate(lab).printed * AGES_S[-1], "requests", digits=2)


def last_of_them_waits(lab: Lab) -> Quantity:
    """By hand, the last of those that all went to one replica: what is left of them, over what it serves a second."""
    return waits_of_a_herd(lab)[-1]


def waits_of_a_herd(lab: Lab) -> list[Quantity]:
    """By hand, by seconds between two looks: what is left of those that all went to one replica, over what it serves a second."""
    return [Quantity((OLD_LOAD * REPLICAS - 1) * age, "s", digits=2) for age in AGES_S]


@lru_cache(maxsize=32)
def _even_run(lab: Lab, age_s: float) -> Result:
    """As many requests, evenly spaced."""
    arrivals = Constant(OLD_LOAD * REPLICAS * carried_rate(lab))
    fleet = Fleet(REPLICAS, "least-requests", scrape_s=age_s)
    return simulate(lab.system, work(_REQUESTS, arrivals, SEED), Scheduler(), fleet)


def worst_if_even(lab: Lab) -> Quantity:
    """p99 in the middle of the curve, two seconds between two looks, if the requests came evenly spaced."""
    return Quantity(_even_run(lab, AGES_S[2]).percentile("ttft_s", LEVEL), "s")


def old_loads_are_worse_than_none(lab: Lab) -> bool:
    """Claim: with fresh loads the wait is below that of chance; at five seconds it is above, at fifteen at least four times that, and two
    drawn at random hold it below half. By hand (the first point and what a herd adds) each point comes out within a half; at two seconds
    what lies between is chance, as requests that come evenly wait about what a herd adds.
    """
    worst, chance, herds = worst_by_age(lab)["y"], _worst(lab, "random"), waits_of_a_herd(lab)
    by_hand = [worst[0] + float(herd) for herd in herds]
    return (
        worst[0] < chance < worst[3]
        and worst == sorted(worst)
        and worst[-1] > 4 * chance
        and all(0.75 < found / hand < 1.5 for found, hand in zip(worst, by_hand, strict=True))
        and 0.65 < float(worst_if_even(lab)) / float(herds[2]) < 1.2
        and worst[2] > 1.1 * float(worst_if_even(lab))
        and _worst(lab, "two-choices", AGES_S[-1]) < worst[-1] / 2
    )
