"""Prompts that share long beginnings, more of them than one replica keeps: what three routers make of it.

The lab's server with its cache cut down to room for a few beginnings, so that a run is short; users who ask again as soon as they
have an answer. Simulated once for each lab; what comes while the caches fill is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import ceil

import numpy as np

from lessonlib.base.quantity import Quantity, rounded
from lessonlib.course.lesson_18.traffic import REPLICAS
from lessonlib.roofline import Lab
from lessonlib.serving import Fixed, Fleet, Scheduler, Sharing, Workload, simulate
from lessonlib.serving.replica.pages import pages

SEED = 4
#: tokens of a beginning (eight pages of the default lab), of a question behind it, of an answer
BEGINNING, QUESTION, ANSWER = 6_272, 600, 40
#: beginnings that one replica is to have room for, and how many there are
ROOM, BEGINNINGS = 24, 60
#: users at once, requests of a run, and the shares of the answers between which it is counted
USERS, _REQUESTS, _FROM, _UNTIL = 48, 720, 0.45, 0.9

#: requests that come while the picker is away, of what the fleet serves with it
PICKER_LOAD = 0.85


@dataclass(frozen=True)
class Routed:
    """Requests a second, share of the beginnings' tokens that is found, median seconds to the first token."""

    requests_per_s: float
    found: float
    first_s: float


@dataclass(frozen=True)
class _Cut:
    """Pages of a replica's cache, of one beginning, and of what a request adds to it."""

    total: int
    beginning: int
    request: int


def _pages(lab: Lab) -> _Cut:
    """The lab's cache, cut down to room for ROOM beginnings beside a few requests more than there are users; as it is if it is smaller."""
    cut = pages(lab.system, Scheduler())
    beginning = -(-BEGINNING // cut.tokens) + cut.state
    request = -(-(QUESTION + ANSWER) // cut.tokens) + cut.fixed
    return _Cut(min(cut.total, ROOM * beginning + (USERS // REPLICAS + 4) * request), beginning, request)


@lru_cache(maxsize=128)
def routed(lab: Lab, router: str, replicas: int = REPLICAS) -> Routed:
    """The service behind a router, with as many users for each replica."""
    work = Workload(
        _REQUESTS * replicas // REPLICAS,
        Fixed(BEGINNING + QUESTION),
        Fixed(ANSWER),
        None,
        Sharing(system_tokens=BEGINNING, system_prompts=BEGINNINGS, zipf=0.0),
        seed=SEED,
    )
    settings = Scheduler(kv_blocks=_pages(lab).total)
    rows = simulate(
        lab.system, work, settings, Fleet(replicas, router), concurrency=USERS * replicas // REPLICAS
    ).requests
    ends = np.sort(rows["finished_s"])
    begin, end = ends[int(_FROM * len(ends))], ends[int(_UNTIL * len(ends))]
    counted = (rows["finished_s"] > begin) & (rows["finished_s"] <= end)
    return Routed(
        float(counted.sum() / (end - begin)),
        float(rows["cached"][counted].mean() / BEGINNING),
        float(np.median(rows["ttft_s"][counted])),
    )


def _rate(lab: Lab, router: str) -> Quantity:
    return Quantity(routed(lab, router).requests_per_s, "requests a second", digits=3)


def _found(lab: Lab, router: str) -> Quantity:
    return Quantity(100 * routed(lab, router).found, "%", digits=2)


def _first(lab: Lab, router: str) -> Quantity:
    return Quantity(routed(lab, router).first_s, "s", digits=2)


def beginning_tokens_routed(lab: Lab) -> Quantity:
    return Quantity(BEGINNING, "tokens", digits=4)


def beginnings_in_play(lab: Lab) -> int:
    return BEGINNINGS


def beginnings_kept(lab: Lab) -> int:
    """Beginnings that have room in a replica's cache beside what its users' requests add."""
    cut = _pages(lab)
    return (cut.total - USERS // REPLICAS * cut.request) // cut.beginning


def routed_users(lab: Lab) -> int:
    return USERS


def rate_in_turn(lab: Lab) -> Quantity:
    """Requests a second, to each replica in turn."""
    return _rate(lab, "round-robin")


def rate_by_load(lab: Lab) -> Quantity:
    """Requests a second, each to the replica with the fewest requests in flight."""
    return _rate(lab, "least-requests")


def rate_by_prefix(lab: Lab) -> Quantity:
    """Requests a second, each to a replica that holds its beginning, unless that one is too full."""
    return _rate(lab, "prefix-aware")


def _picker_rate(lab: Lab) -> float:
    """Requests a second, three digits."""
    return rounded(PICKER_LOAD * float(rate_by_prefix(lab)), 3)


def picker_rate(lab: Lab) -> Quantity:
    """Requests a second that come while the picker is away: most of what the fleet serves with it."""
    return Quantity(_picker_rate(lab), "requests a second")


def replicas_without_picker(lab: Lab) -> Quantity:
    """Replicas that serve what comes when no request is sent to where its prefix lies.

    Each finds what the four find in turn: it is asked for every prefix, however many replicas there are. From the rates as they are shown.
    """
    of_one = rounded(float(rate_in_turn(lab)), 3) / REPLICAS
    return Quantity(ceil(_picker_rate(lab) / of_one), "replicas", digits=2)


def replicas_as_before(lab: Lab) -> Quantity:
    """As if all four served what they did with the picker."""
    return Quantity(REPLICAS, "replicas", digits=2)


def one_replica_more(lab: Lab) -> Quantity:
    """As if one spare were enough."""
    return Quantity(REPLICAS + 1, "replicas", digits=2)


def rate_half_way(lab: Lab) -> Quantity:
    """As if the load were worth half of what the beginnings are."""
    return Quantity((float(rate_in_turn(lab)) + float(rate_by_prefix(lab))) / 2, "requests a second")


def found_by_turns(lab: Lab) -> Quantity:
    return _found(lab, "round-robin")


def found_by_load(lab: Lab) -> Quantity:
    return _found(lab, "least-requests")


def found_by_beginning(lab: Lab) -> Quantity:
    return _found(lab, "prefix-aware")


def first_in_turn(lab: Lab) -> Quantity:
    """Median time to first token."""
    return _first(lab, "round-robin")


def first_by_prefix(lab: Lab) -> Quantity:
    return _first(lab, "prefix-aware")


def counting_finds_nothing(lab: Lab) -> bool:
    """Claim: the least loaded replica finds what turns find, within eight points, and carries what they carry, within 15 %; by beginnings at
    least 1.6 times as many are carried and 1.8 times as much is found.
    """
    turns, load, prefix = (routed(lab, router) for router in ("round-robin", "least-requests", "prefix-aware"))
    return (
        abs(load.found - turns.found) < 0.08
        and abs(load.requests_per_s / turns.requests_per_s - 1) < 0.15
        and prefix.requests_per_s > 1.6 * load.requests_per_s
        and prefix.found > 1.8 * turns.found
    )
