"""Which replica a request goes to. A router sees what a gateway can see: requests and prompt tokens in flight, and for
the prefix-aware one which beginnings a replica still holds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np

from lessonlib.base.errors import LessonlibError, listed
from lessonlib.serving.fleet.prefix_index import PrefixIndex
from lessonlib.serving.replica.job import Job
from lessonlib.serving.replica.replica import Replica


class Router(Protocol):
    """Chooses among the replicas that take requests (never empty)."""

    def choose(self, job: Job, replicas: Sequence[Replica]) -> Replica:
        """The replica for a job."""
        ...


def _in_flight(replica: Replica) -> int:
    return replica.in_flight


def _prompt_tokens(replica: Replica) -> int:
    return replica.prompt_tokens


class Random:
    """Any replica, equally likely."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.Generator(np.random.PCG64(seed))

    def choose(self, job: Job, replicas: Sequence[Replica]) -> Replica:
        """The replica for a job."""
        return replicas[int(self._random.random() * len(replicas))]


class RoundRobin:
    """One after the other."""

    def __init__(self) -> None:
        self._next = 0

    def choose(self, job: Job, replicas: Sequence[Replica]) -> Replica:
        """The replica for a job."""
        self._next += 1
        return replicas[(self._next - 1) % len(replicas)]


class LeastRequests:
    """The one with the fewest requests in flight, the first of several."""

    def choose(self, job: Job, replicas: Sequence[Replica]) -> Replica:
        """The replica for a job."""
        return min(replicas, key=_in_flight)


class LeastTokens:
    """The one with the fewest prompt tokens in flight (nobody knows how long the answers will be)."""

    def choose(self, job: Job, replicas: Sequence[Replica]) -> Replica:
        """The replica for a job."""
        return min(replicas, key=_prompt_tokens)


class TwoChoices(Random):
    """The emptier of two drawn at random (Mitzenmacher 2001)."""

    def choose(self, job: Job, replicas: Sequence[Replica]) -> Replica:
        """The replica for a job."""
        return min(super().choose(job, replicas), super().choose(job, replicas), key=_in_flight)


class PrefixAware:
    """The one that holds most of the prompt's beginning, unless it has more than `load_bound` times the mean load;
    among equals the one with the fewest requests in flight.
    """

    def __init__(self, load_bound: float, index: PrefixIndex) -> None:
        self._bound, self._index = load_bound, index

    def choose(self, job: Job, replicas: Sequence[Replica]) -> Replica:
        """The replica for a job."""
        loads = [replica.in_flight for replica in replicas]
        most = self._bound * (1.0 + sum(loads) / len(loads))
        size = replicas[0].kv.size
        longest = (job.prompt - 1) // size
        best: Replica | None = None
        best_match = 0
        # From the longest beginning down: nobody who lacks a part holds more than what lies before it.
        for end, holders in reversed(self._index.levels(job.runs(size))):
            bound = min(end, longest) * size
            if best_match > bound:
                break
            able = [
                replica
                for replica, load in zip(replicas, loads, strict=True)
                if load < most and replica.number in holders
            ]
            for replica in sorted(able, key=_in_flight):
                match = replica.kv.matched_tokens(job)
                if match > best_match or (match == best_match and best and replica.in_flight < best.in_flight):
                    best, best_match = replica, match
                if match >= bound:
                    break
        if best is not None:
            return best
        least = min(loads)
        return replicas[loads.index(least)]


#: name -> how the router of that name is made from a seed, a bound on the load and an index of what replicas hold.
ROUTERS: Mapping[str, Callable[[int, float, PrefixIndex], Router]] = {
    "random": lambda seed, *_: Random(seed),
    "round-robin": lambda *_: RoundRobin(),
    "least-requests": lambda *_: LeastRequests(),
    "least-tokens": lambda *_: LeastTokens(),
    "two-choices": lambda seed, *_: TwoChoices(seed),
    "prefix-aware": lambda _, load_bound, index: PrefixAware(load_bound, index),
}


def router_names() -> tuple[str, ...]:
    """Names that `make_router` knows."""
    return tuple(ROUTERS)


def make_router(name: str, seed: int, load_bound: float, index: PrefixIndex) -> Router:
    """The router of that name; LessonlibError lists the known ones.

    seed: of those that draw. load_bound: what the prefix-aware one allows a replica, as a multiple of the mean load. index: what it asks.
    """
    if name not in ROUTERS:
        raise LessonlibError(f"router: expected {listed(ROUTERS)}, not {name!r}")
    return ROUTERS[name](seed, load_bound, index)
