"""What happened between the replicas of a fleet, for whoever draws it: who got which request, who came and went, what crossed the link.

It is kept with every record but "summary", and only where there are two replicas or more: an entry a request, not one a step.
"""

from __future__ import annotations

from dataclasses import dataclass

#: (time, replica, request)
Routed = tuple[float, int, int]
#: (time, replica, its state from then on)
Change = tuple[float, int, str]


@dataclass(frozen=True, slots=True)
class Crossing:
    """The KV cache of one prompt on the link between two pools. begun_s: its first byte leaves, there_s: it has come, the latency
    counted. bytes: its size. source, target: replicas.
    """

    request: int
    begun_s: float
    there_s: float
    bytes: float
    source: int
    target: int


class FleetLog:
    """Times in seconds of the simulation, each list in their order.

    routed: each request that a replica got from the router, once more if it was lost and sent again. states: changes of the
    state of a replica. desired: (time, replicas that run or start) after each look of the scaler. held: (time, requests in the
    gateway's hands) at each change. crossings: of two pools, as they arrive. resting: (time, replica, blocks in use) of a
    replica of prompts while no step runs, for what waits for the link keeps its blocks.
    """

    def __init__(self) -> None:
        self.routed: list[Routed] = []
        self.states: list[Change] = []
        self.desired: list[tuple[float, int]] = []
        self.held: list[tuple[float, int]] = []
        self.crossings: list[Crossing] = []
        self.resting: list[tuple[float, int, int]] = []
        self._on_link: dict[int, tuple[float, float]] = {}

    def changes(self, now: float, replica: int, state: str) -> None:
        """A replica is in another state."""
        self.states.append((now, replica, state))

    def holds(self, now: float, count: int) -> None:
        """So many requests are with the gateway now."""
        if (self.held[-1][1] if self.held else 0) != count:
            self.held.append((now, count))

    def leaves(self, request: int, begun_s: float, size: float) -> None:
        """The cache of a request goes over the link from `begun_s` on, in bytes; one that was lost on its way goes once more."""
        self._on_link[request] = begun_s, size

    def arrives(self, request: int, now: float, source: int, target: int) -> None:
        """It has come to the replica that goes on with it."""
        begun, size = self._on_link.pop(request)
        self.crossings.append(Crossing(request, begun, now, size, source, target))

    def spells(self, replica: int, begin_s: float, end_s: float, first: str) -> list[tuple[float, float, str]]:
        """(from, to, state) of one replica between two times; `first` is its state at the start of the simulation."""
        found: list[tuple[float, float, str]] = []
        since, state = begin_s, first
        for when, number, after in [*self.states, (end_s, replica, "")]:
            if number != replica or after == state:
                continue
            until = min(when, end_s)
            if until > since:
                found.append((since, until, state))
                since = until
            state = after
        return found
