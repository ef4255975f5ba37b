"""A router that sends each request to the least loaded replica, by loads that it saw some seconds ago."""

from __future__ import annotations

from functools import lru_cache

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_18.traffic import REPLICAS, arrivals_at, carried_rate, work
from lessonlib.roofline import Lab
from lessonlib.serving import Fleet, Result, Scheduler, simulate

#: seconds between two looks at the loads
AGES_S = (0.05, 0.5, 2.0, 5.0, 15.0)
#: share of what all replicas carry; replicas are alike here
OLD_LOAD = 0.7
_REQUESTS, _SEED = 400, 181
LEVEL = 99.0


@lru_cache(maxsize=256)
def run_by_loads(lab: Lab, router: str, age_s: float = 0.0) -> Result:
    """The traffic through four replicas that are alike."""
    fleet = Fleet(REPLICAS, router, scrape_s=age_s)
    return simulate(lab.system, work(_REQUESTS, arrivals_at(lab, OLD_LOAD), _SEED), Scheduler(), fleet)


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
    return Quantity(OLD_LOAD * REPLICAS * carried_rate(lab), "requests a second", digits=2)


def looks_every(lab: Lab) -> list[Quantity]:
    """Seconds between two looks."""
    return [Quantity(age, "s") for age in AGES_S]


def worst_of_looks(lab: Lab) -> list[Quantity]:
    """p99 of the time to first token, by seconds between two looks."""
    return [Quantity(value, "s", digits=2) for value in worst_by_age(lab)["y"]]


def worst_at_random(lab: Lab) -> Quantity:
    """The same, each request to any replica."""
    return Quantity(_worst(lab, "random"), "s", digits=2)


def worst_of_two(lab: Lab) -> Quantity:
    """The same for the less loaded of two drawn at random, by loads of the longest age."""
    return Quantity(_worst(lab, "two-choices", AGES_S[-1]), "s", digits=2)


def oldest_look(lab: Lab) -> Quantity:
    """The longest time between two looks."""
    return Quantity(AGES_S[-1], "s")


def between_two_looks(lab: Lab) -> Quantity:
    """Requests that come between two looks of the longest age."""
    return Quantity(OLD_LOAD * REPLICAS * carried_rate(lab) * AGES_S[-1], "requests", digits=2)


def last_of_them_waits(lab: Lab) -> Quantity:
    """By hand, the last of those that all went to one replica: what is left of them, over what it serves a second."""
    return Quantity((OLD_LOAD * REPLICAS - 1) * AGES_S[-1], "s", digits=2)


def old_loads_are_worse_than_none(lab: Lab) -> bool:
    """Claim: with loads of now the wait is below that of chance; at five seconds it is above, at fifteen at least four times that and within
    half of the division by hand, and two drawn at random hold it below half.
    """
    worst, chance = worst_by_age(lab)["y"], _worst(lab, "random")
    return (
        worst[0] < chance < worst[3]
        and worst == sorted(worst)
        and worst[-1] > 4 * chance
        and abs(worst[-1] / float(last_of_them_waits(lab)) - 1) < 0.45
        and _worst(lab, "two-choices", AGES_S[-1]) < worst[-1] / 2
    )
