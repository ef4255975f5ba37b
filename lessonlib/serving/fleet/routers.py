"""Which replica a request goes to. A router sees what a gateway can see: requests and prompt tokens in flight, and for
the prefix-aware one which beginnings a replica still holds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np

from lessonlib.base.errors import LessonlibError, listed
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

    def __init__(self, load_bound: float) -> None:
        self._bound = load_bound

    def choose(self, job: Job, replicas: Sequence[Replica]) -> Replica:
        """The replica for a job."""
        most = self._bound * (1.0 + sum(map(_in_flight, replicas)) / len(replicas))
        open_ones = [replica for replica in replicas if replica.in_flight < most] or replicas
        return min(open_ones, key=lambda replica: (-replica.kv.matched_tokens(job), replica.in_flight))


#: name -> how the router of that name is made from a seed and a bound on the load.
ROUTERS: Mapping[str, Callable[[int, float], Router]] = {
    "random": lambda seed, _: Random(seed),
    "round-robin": lambda _, __: RoundRobin(),
    "least-requests": lambda _, __: LeastRequests(),
    "least-tokens": lambda _, __: LeastTokens(),
    "two-choices": lambda seed, _: TwoChoices(seed),
    "prefix-aware": lambda _, load_bound: PrefixAware(load_bound),
}


def router_names() -> tuple[str, ...]:
    """Names that `make_router` knows."""
    return tuple(ROUTERS)


def make_router(name: str, seed: int, load_bound: float) -> Router:
    """The router of that name; LessonlibError lists the known ones.

    seed: of those that draw. load_bound: what the prefix-aware one allows a replica, as a multiple of the mean load.
    """
    if name not in ROUTERS:
        raise LessonlibError(f"router: expected {listed(ROUTERS)}, not {name!r}")
    return ROUTERS[name](seed, load_bound)
