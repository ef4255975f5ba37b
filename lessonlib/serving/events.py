"""The clock of a simulation: events in the order of time, and at one time in the order of their kinds."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Any

#: A request comes; a replica is warm; a replica stops; it is back; a KV cache has crossed the link; the scaler looks;
#: a run of steps ends; an idle replica has something to do. In this order at one time, so that requests that come
#: together start together.
ARRIVAL, WARM, FAILURE, RECOVERY, DELIVERY, LOOK, RUN_END, PLAN = range(8)


class Events:
    """A queue of (time, kind, payload); equal ones leave in the order in which they came."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, int, Any]] = []
        self._count = 0

    def __bool__(self) -> bool:
        return bool(self._heap)

    def push(self, time: float, kind: int, payload: Any = None) -> None:
        """Add an event."""
        self._count += 1
        heappush(self._heap, (time, kind, self._count, payload))

    def pop(self) -> tuple[float, int, Any]:
        """The next event."""
        time, kind, _, payload = heappop(self._heap)
        return time, kind, payload
