"""The traffic of the lesson, and how much of it one replica of the lab carries: prompts that share nothing, short answers.

Computed at the step times that the course's engine expects, at vLLM's defaults, once for each lab.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from lessonlib.base.quantity import Quantity, rounded
from lessonlib.roofline import Lab
from lessonlib.serving import Arrivals, Constant, LogNormal, Poisson, Scheduler, Trace, Workload, simulate

SEED = 18
#: tokens of a prompt and of an answer: means, spreads, the shortest prompt
PROMPT, ANSWER = LogNormal(5_000, 0.2, 1_000), LogNormal(150, 0.3)
REPLICAS = 4
#: replica that is slow, and its speed as a share of a healthy one's
SLOW, SPEED = REPLICAS - 1, 0.5
#: requests come at so much of what all replicas would carry
LOAD = 0.68
#: seconds that the slow replica is looked at
STRETCH_S = 120.0
#: users of the closed loop that says what a replica carries about, and requests of that
_USERS, _TURNS = 64, 256


def work(requests: int, arrivals: Arrivals | None, seed: int = SEED) -> Workload:
    """So many requests of the lesson's traffic."""
    return Workload(requests, PROMPT, ANSWER, arrivals, seed=seed)


@lru_cache(maxsize=64)
def _about(lab: Lab) -> float:
    """Requests a second of a full replica, in a closed loop."""
    ends = np.sort(simulate(lab.system, work(_TURNS, None), Scheduler(), concurrency=_USERS).requests["finished_s"])
    first, last = len(ends) // 4, 7 * len(ends) // 8
    return float((last - first) / (ends[last] - ends[first]))


@lru_cache(maxsize=64)
def fleet_rate(lab: Lab) -> float:
    """Requests a second that come to all replicas together, two digits."""
    return rounded(LOAD * REPLICAS * _about(lab), 2)


@lru_cache(maxsize=64)
def carried_rate(lab: Lab) -> float:
    """Requests a second that one healthy replica carries: first tokens a second while far more come than it can serve.

    The requests and the stretch are those of the slow replica, run at full speed, so that both are as full at its end.
    """
    rate = fleet_rate(lab)
    came = list(work(int(rate * STRETCH_S), Constant(rate)))[SLOW::REPLICAS]
    sooner = Trace(tuple(one._replace(arrival_s=SPEED * one.arrival_s) for one in came), "at full speed")
    stretch = SPEED * STRETCH_S
    rows = simulate(lab.system, sooner, Scheduler(), limit_s=stretch).requests
    return float(np.isfinite(rows["first_token_s"]).sum() / stretch)


def arrivals_at(lab: Lab, load: float) -> Poisson:
    """Arrivals at a share of what all replicas carry."""
    return Poisson(load * REPLICAS * carried_rate(lab))


def fleet_replicas(lab: Lab) -> int:
    """Replicas of the fleet."""
    return REPLICAS


def requests_that_come(lab: Lab) -> Quantity:
    """Requests a second to all replicas."""
    return Quantity(fleet_rate(lab), "requests a second", digits=2)


def one_replica_carries(lab: Lab) -> Quantity:
    """Requests a second that a healthy replica can serve."""
    return Quantity(carried_rate(lab), "requests a second")


def mean_prompt(lab: Lab) -> Quantity:
    return Quantity(5_000, "tokens", digits=4)


def mean_answer(lab: Lab) -> Quantity:
    return Quantity(150, "tokens")
