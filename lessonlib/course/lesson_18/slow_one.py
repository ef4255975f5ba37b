"""Four replicas served in turn, one of them at half speed: the line that grows in front of it.

Half the speed is twice the time of each step, of prompts and of answers: what time slices shared with a second busy process on the same
GPUs make of it. A power cap or a low clock would slow prompts, and tokens little.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_18.traffic import (
    LOAD,
    REPLICAS,
    SLOW,
    SPEED,
    STRETCH_S,
    fleet_rate,
    one_replica_carries,
    requests_that_come,
    work,
)
from lessonlib.roofline import Lab
from lessonlib.serving import Constant, Fleet, Result, Scheduler, simulate


@lru_cache(maxsize=64)
def turns_with_a_slow_one(lab: Lab) -> Result:
    """Requests that come evenly, to each replica in turn."""
    rate = fleet_rate(lab)
    return simulate(
        lab.system,
        work(int(rate * STRETCH_S), Constant(rate)),
        Scheduler(),
        Fleet(REPLICAS, "round-robin", slow={SLOW: 1 / SPEED}),
    )


def _line(lab: Lab, replica: int, at_s: float) -> int:
    """Requests at a replica that have come and wait for their first token, so many seconds after the first of all."""
    rows = turns_with_a_slow_one(lab).requests
    begin = rows["arrival_s"].min()
    here = rows["replica"] == replica
    return int((here & (rows["arrival_s"] - begin <= at_s) & (rows["first_token_s"] - begin > at_s)).sum())


def slow_stretch(lab: Lab) -> Quantity:
    """Seconds since the replica became slow."""
    return Quantity(STRETCH_S, "s")


def to_each_in_turn(lab: Lab) -> Quantity:
    """Requests a second that each replica gets."""
    return Quantity(requests_that_come(lab).printed / REPLICAS, "requests a second", digits=4)


def slow_one_serves(lab: Lab) -> Quantity:
    """Requests a second that the slow replica can serve."""
    return Quantity(SPEED * one_replica_carries(lab).printed, "requests a second", digits=4)


def fleet_can_serve(lab: Lab) -> Quantity:
    """Requests a second that the healthy ones and the slow one could serve together."""
    return Quantity((REPLICAS - 1 + SPEED) * one_replica_carries(lab).printed, "requests a second")


def line_of_the_slow(lab: Lab) -> Quantity:
    """Requests that wait at the slow replica for their first token, at the end of the stretch."""
    return Quantity(_line(lab, SLOW, STRETCH_S), "requests")


def line_by_hand(lab: Lab) -> Quantity:
    """What comes less what is served, for the whole stretch; from the two rates as the question shows them."""
    return Quantity((to_each_in_turn(lab).printed - slow_one_serves(lab).printed) * STRETCH_S, "requests")


def line_of_a_healthy(lab: Lab) -> Quantity:
    """Requests that wait for their first token at a healthy replica, mean over the stretch and all of these."""
    times = np.arange(10.0, STRETCH_S, 5.0)
    return Quantity(
        float(np.mean([_line(lab, replica, at) for at in times for replica in range(REPLICAS) if replica != SLOW])),
        "requests",
        digits=2,
    )


def line_twice_as_long(lab: Lab) -> Quantity:
    """As if half the speed doubled the line."""
    return Quantity(2 * float(line_of_a_healthy(lab)), "requests", digits=2)


def half_of_what_came(lab: Lab) -> Quantity:
    """As if half the speed left half of what came undone."""
    return Quantity(fleet_rate(lab) / REPLICAS * STRETCH_S / 2, "requests")


def next_one_waits(lab: Lab) -> Quantity:
    """Seconds to the first token for one that comes to the slow replica at the end of the stretch: the line over what it serves."""
    return Quantity(float(line_of_the_slow(lab)) / float(slow_one_serves(lab)), "s", digits=2)


def _first(lab: Lab, level: float) -> Quantity:
    return Quantity(turns_with_a_slow_one(lab).percentile("ttft_s", level), "s", digits=2)


def turns_median(lab: Lab) -> Quantity:
    """Median time to first token of all requests."""
    return _first(lab, 50.0)


def turns_worst(lab: Lab) -> Quantity:
    """p99 of the time to first token of all requests."""
    return _first(lab, 99.0)


def load_for_all(lab: Lab) -> Quantity:
    """Share of what all healthy replicas together would carry."""
    return Quantity(100 * fleet_rate(lab) / REPLICAS / one_replica_carries(lab).printed, "%", digits=2)


def one_line_grows(lab: Lab) -> bool:
    """Claim: all replicas together could serve what comes, the slow one's line follows the division by hand within a tenth or a few
    requests, it is no twice and no half of a usual one's, and the median of all does not notice.
    """
    line, hand = float(line_of_the_slow(lab)), float(line_by_hand(lab))
    return (
        float(fleet_can_serve(lab)) > 1.08 * fleet_rate(lab)
        and abs(LOAD - float(load_for_all(lab)) / 100) < 0.12
        and abs(line - hand) <= max(3.0, 0.12 * hand)
        and line > 5 * float(line_twice_as_long(lab))
        and float(half_of_what_came(lab)) > 1.25 * line
        and float(turns_median(lab)) < 0.1 * float(turns_worst(lab))
    )
