"""Which replica a request goes to. A router sees what a gateway can see: requests and prompt tokens in flight, and for
the prefix-aware one which beginnings a replica still holds.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
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


class Loads:
    """What a router knows of the load of replicas: the present, or what it saw at the last scrape (`scrape_s` above 0)."""

    def __init__(self, scrape_s: float = 0.0) -> None:
        self._seen: dict[int, tuple[int, int]] | None = {} if scrape_s > 0 else None

    def scrape(self, replicas: Sequence[Replica]) -> None:
        """Look at all replicas."""
        if self._seen is not None:
            self._seen = {replica.number: (replica.in_flight, replica.prompt_tokens) for replica in replicas}

    def requests(self, replica: Replica) -> int:
        """Requests in flight at a replica; 0 for one that was never seen."""
        return replica.in_flight if self._seen is None else self._seen.get(replica.number, (0, 0))[0]

    def tokens(self, replica: Replica) -> int:
        """Prompt tokens in flight at a replica; 0 for one that was never seen."""
        return replica.prompt_tokens if self._seen is None else self._seen.get(replica.number, (0, 0))[1]


@dataclass(frozen=True)
class Sight:
    """What routers are made from. seed: of those that draw. load_bound: load that a replica may have, as a multiple of the mean, before
    one that prefers it looks elsewhere. connections: of the clients, for a Service. index: which replica holds which beginning.
    """

    seed: int = 0
    load_bound: float = 1.25
    connections: int = 64
    index: PrefixIndex = field(default_factory=PrefixIndex)
    loads: Loads = field(default_factory=Loads)

    def random(self) -> np.random.Generator:
        """A generator of its own."""
        return np.random.Generator(np.random.PCG64(self.seed))

    def least(self, replicas: Sequence[Replica]) -> Replica:
        """The one with the fewest requests in flight, the first of several."""
        return min(replicas, key=self.loads.requests)


class Random:
    """Any replica, equally likely."""

    def __init__(self, sight: Sight) -> None:
        self._random = sight.random()

    def choose(self, job: Job, replicas: Sequence[Replica]) -> Replica:
        """The replica for a job."""
        return replicas[int(self._random.random() * len(replicas))]


class RoundRobin:
    """One after the other."""

    def __init__(self, sight: Sight) -> None:
        self._next = 0

    def choose(self, job: Job, replicas: Sequence[Replica]) -> Replica:
        """The replica for a job."""
        self._next += 1
        return replicas[(self._next - 1) % len(replicas)]


class Service:
    """A Kubernetes Service in front of clients that keep their connections: a connection goes to any replica when it is
    opened, and all its requests go there until that replica takes no more. Requests come over any connection.
    """

    def __init__(self, sight: Sight) -> None:
        self._random, self._count = sight.random(), sight.connections
        self._open: dict[int, int] = {}

    def choose(self, job: Job, replicas: Sequence[Replica]) -> Replica:
        """The replica for a job."""
        connection = int(self._random.random() * self._count)
        number = self._open.get(connection)
        found = next((replica for replica in replicas if replica.number == number), None)
        if found is None:
            found = replicas[int(self._random.random() * len(replicas))]
            self._open[connection] = found.number
        return found


class LeastRequests:
    """The one with the fewest requests in flight, the first of several."""

    def __init__(self, sight: Sight) -> None:
        self._load = sight.loads.requests

    def choose(self, job: Job, replicas: Sequence[Replica]) -> Replica:
        """The replica for a job."""
        return min(replicas, key=self._load)


class LeastTokens:
    """The one with the fewest prompt tokens in flight (nobody knows how long the answers will be)."""

    def __init__(self, sight: Sight) -> None:
        self._load = sight.loads.tokens

    def choose(self, job: Job, replicas: Sequence[Replica]) -> Replica:
        """The replica for a job."""
        return min(replicas, key=self._load)


class TwoChoices(Random):
    """The emptier of two drawn at random (Mitzenmacher 2001)."""

    def __init__(self, sight: Sight) -> None:
        super().__init__(sight)
        self._load = sight.loads.requests

    def choose(self, job: Job, replicas: Sequence[Replica]) -> Replica:
        """The replica for a job."""
        return min(super().choose(job, replicas), super().choose(job, replicas), key=self._load)


class Session:
    """All turns of a session to one replica, new sessions to the one with the fewest requests in flight. A turn is known by a
    beginning that an earlier request has named as its own.
    """

    def __init__(self, sight: Sight) -> None:
        self._sight = sight
        self._homes: dict[Hashable, int] = {}

    def choose(self, job: Job, replicas: Sequence[Replica]) -> Replica:
        """The replica for a job."""
        home = next((self._homes.pop(key) for key, _ in reversed(job.prefix) if key in self._homes), None)
        found = next((replica for replica in replicas if replica.number == home), None)
        if found is None or self._saturated(found, replicas):
            found = self._sight.least(replicas)
        self._homes[job.own] = found.number
        return found

    def _saturated(self, replica: Replica, replicas: Sequence[Replica]) -> bool:
        return False


class StickyUntilSaturated(Session):
    """As `Session`, until that replica has more than `load_bound` times the mean load; then the session moves."""

    def _saturated(self, replica: Replica, replicas: Sequence[Replica]) -> bool:
        load = self._sight.loads.requests
        mean = sum(map(load, replicas)) / len(replicas)
        return load(replica) >= self._sight.load_bound * (1.0 + mean)


class PrefixAware:
    """The one that holds most of the prompt's beginning, unless it has more than `load_bound` times the mean load;
    among equals the one with the fewest requests in flight.
    """

    def __init__(self, sight: Sight) -> None:
        self._bound, self._index, self._load = sight.load_bound, sight.index, sight.loads.requests

    def choose(self, job: Job, replicas: Sequence[Replica]) -> Replica:
        """The replica for a job."""
        load_of = self._load
        loads = [load_of(replica) for replica in replicas]
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
            for replica in sorted(able, key=load_of):
                match = replica.kv.matched_tokens(job)
                if match > best_match or (match == best_match and best and load_of(replica) < load_of(best)):
                    best, best_match = replica, match
                if match >= bound:
                    break
        if best is not None:
            return best
        least = min(loads)
        return replicas[loads.index(least)]


ROUTERS: Mapping[str, Callable[[Sight], Router]] = {
    "random": Random,
    "round-robin": RoundRobin,
    "service": Service,
    "least-requests": LeastRequests,
    "least-tokens": LeastTokens,
    "two-choices": TwoChoices,
    "prefix-aware": PrefixAware,
    "session": Session,
    "sticky-until-saturated": StickyUntilSaturated,
}


def router_names() -> tuple[str, ...]:
    """Names that `make_router` knows."""
    return tuple(ROUTERS)


def make_router(name: str, sight: Sight) -> Router:
    """The router of that name; LessonlibError lists the known ones."""
    if name not in ROUTERS:
        raise LessonlibError(f"router: expected {listed(ROUTERS)}, not {name!r}")
    return ROUTERS[name](sight)
