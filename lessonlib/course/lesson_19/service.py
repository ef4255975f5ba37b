"""The service of this lesson: requests that read a document, what one replica of the lab carries of them, and what it shows by load.

All of it is simulated at the speed that the engine expects, and not measured. Documents have no beginning in common.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from lessonlib.base.quantity import Quantity
from lessonlib.roofline import Lab, System, max_batch
from lessonlib.roofline.band import band
from lessonlib.serving import LogNormal, Poisson, Result, Scheduler, Workload, fixed, simulate

#: mean tokens of prompts and answers, and their standard deviations as a share of the mean
PROMPT, ANSWER, _PROMPT_CV, _ANSWER_CV = 12_000, 600, 0.4, 0.5
SCHEDULER = Scheduler(prefix_caching=False)
#: loads at which one replica is looked at, as shares of what it carries
LOADS = (0.03, 0.06, 0.125, 0.25, 0.375)
_LOOKED, _TESTED = 160, 240


def requests_of(count: int, arrivals: Any, seed: int = 1) -> Workload:
    """So many requests to the service."""
    return Workload(count, LogNormal(PROMPT, _PROMPT_CV), LogNormal(ANSWER, _ANSWER_CV), arrivals, seed=seed)


@lru_cache(maxsize=32)
def room(system: System) -> int:
    """Requests of the mean length for which a replica's cache has room, half of their answers written."""
    return max_batch(system, PROMPT + ANSWER // 2)


def _closed_loop(system: System, cost: str) -> float:
    count = max(_TESTED, 8 * room(system))
    run = simulate(system, requests_of(count, None, 3), SCHEDULER, concurrency=room(system) + 8, cost=cost)
    done = np.sort(run.requests["finished_s"])
    first, last = int(0.35 * count), int(0.8 * count)
    return float((last - first) / (done[last] - done[first]))


@lru_cache(maxsize=32)
def carried(system: System) -> float:
    """Requests a second of one replica whose seats are all taken: the middle of a closed loop."""
    return _closed_loop(system, "expected")


@lru_cache(maxsize=32)
def carried_by_perfect_software(system: System) -> float:
    """The same at the ceiling of each step."""
    return _closed_loop(system, "ceiling")


@lru_cache(maxsize=128)
def at_load(system: System, load: float) -> Result:
    """One replica at a share of what it carries; requests come at random."""
    return simulate(system, requests_of(_LOOKED, Poisson(load * carried(system)), 3), SCHEDULER)


def in_flight_between(run: Result, begin_s: float, end_s: float) -> float:
    """Mean requests that had come and were not done, over a stretch of the run."""
    came, done = run.requests["arrival_s"], np.nan_to_num(run.requests["finished_s"], nan=np.inf)
    inside = np.clip(np.minimum(done, end_s) - np.maximum(came, begin_s), 0.0, None)
    return float(inside.sum()) / (end_s - begin_s)


def busy_share(system: System, load: float) -> float:
    """Share of the time in which a step ran; at full load and above all of it."""
    if load >= 1.0:
        return 1.0
    run = at_load(system, load)
    last = float(run.requests["arrival_s"].max())
    return min(1.0, run.busy_s / max(run.simulated_s, last))


def held_at(system: System, load: float) -> float:
    """Mean requests in flight on one replica, by load; at full load the room of the cache."""
    if load >= 1.0:
        return float(room(system))
    run = at_load(system, load)
    last = float(run.requests["arrival_s"].max())
    return in_flight_between(run, 0.15 * last, last)


# --- words -----------------------------------------------------------------------------------------------------------


def document_prompt(lab: Lab) -> Quantity:
    """Tokens of a prompt, on average."""
    return Quantity(PROMPT, "tokens", digits=5)


def document_answer(lab: Lab) -> Quantity:
    """Tokens of an answer, on average."""
    return Quantity(ANSWER, "tokens")


def replica_carries(lab: Lab) -> Quantity:
    """Requests a second that one replica carries with all of its seats taken."""
    return Quantity(carried(lab.system), "requests/s")


def replica_carries_ceiling(lab: Lab) -> Quantity:
    """Requests a second with perfect software."""
    return Quantity(carried_by_perfect_software(lab.system), "requests/s")


def _served_band(lab: Lab) -> tuple[float, float]:
    """Seconds a request, from and to, in which nine of ten measured throughputs lie."""
    return band(lab.system, "throughput").around(1 / carried(lab.system), 1 / carried_by_perfect_software(lab.system))


def replica_carries_low(lab: Lab) -> Quantity:
    """The slow end of the 90 % band."""
    return Quantity(1 / _served_band(lab)[1], "requests/s")


def replica_carries_high(lab: Lab) -> Quantity:
    """The fast end, never above the ceiling."""
    return Quantity(1 / _served_band(lab)[0], "requests/s")


def replica_room(lab: Lab) -> Quantity:
    return Quantity(room(lab.system), "requests")


@lru_cache(maxsize=32)
def _alone(system: System) -> float:
    return simulate(system, fixed(PROMPT, ANSWER, 1, None), SCHEDULER).mean("e2e_s")


def document_alone(lab: Lab) -> Quantity:
    """How long one request stays that has the replica for itself."""
    return Quantity(_alone(lab.system), "s")


def gauge_by_load(lab: Lab) -> dict[str, list[float]]:
    """What GPU utilisation shows, in per cent, by the share of what the replica carries."""
    return {"x": [100 * load for load in LOADS], "y": [100 * busy_share(lab.system, load) for load in LOADS]}


def gauge_in_proportion(lab: Lab) -> dict[str, list[float]]:
    return {"x": [100 * load for load in LOADS], "y": [100 * load for load in LOADS]}


def gauge_always_full(lab: Lab) -> dict[str, list[float]]:
    return {"x": [100 * load for load in LOADS], "y": [100.0 for _ in LOADS]}


def gauge_loads(lab: Lab) -> list[Quantity]:
    return [Quantity(100 * load, "%") for load in LOADS]


def gauge_shows(lab: Lab) -> list[Quantity]:
    return [Quantity(100 * busy_share(lab.system, load), "%", digits=2) for load in LOADS]


def gauge_at_quarter(lab: Lab) -> Quantity:
    """GPU utilisation at a quarter of what the replica carries."""
    return gauge_shows(lab)[3]


def gauge_runs_ahead(lab: Lab) -> bool:
    """It shows far more than the load while that is small."""
    return all(busy_share(lab.system, load) > 1.5 * load for load in LOADS)
