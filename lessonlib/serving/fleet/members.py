"""The replicas of a running fleet: which take requests, which start, drain or have failed, and how long each ran."""

from __future__ import annotations

from collections.abc import Callable

from lessonlib.roofline.system import System
from lessonlib.serving.fleet.fleet import Fleet
from lessonlib.serving.replica.kv_cache import block_counts
from lessonlib.serving.replica.replica import Replica
from lessonlib.serving.replica.settings import Scheduler
from lessonlib.serving.replica.step_time import StepCost
from lessonlib.serving.results.recorder import Recorder

OFF, STARTING, READY, DRAINING, FAILED = "off", "starting", "ready", "draining", "failed"


class Members:
    """replicas: all that may ever run, by number. timeline: (time, replicas that take requests) at each change."""

    def __init__(
        self, system: System, scheduler: Scheduler, fleet: Fleet, cost: str, recorder: Recorder, seed: int
    ) -> None:
        self.blocks = block_counts(system, scheduler)
        costs: dict[float, StepCost] = {}
        pools = fleet.disaggregation
        self.replicas: list[Replica] = []
        for number in range(fleet.most):
            factor = float(fleet.slow.get(number, 1.0))
            if factor not in costs:
                costs[factor] = StepCost(system, cost, factor)
            pool = "both" if pools is None else "prefill" if number < pools.prefill else "decode"
            self.replicas.append(Replica(number, costs[factor], scheduler, self.blocks, recorder, seed, pool))
        self.states = [READY if pools or number < fleet.replicas else OFF for number in range(fleet.most)]
        self._since = [0.0] * fleet.most
        self._seconds = [0.0] * fleet.most
        self.timeline: list[tuple[float, int]] = []
        self.prompts: list[Replica] = []
        self.answers: list[Replica] = []
        self._sort(0.0)

    def _sort(self, now: float) -> None:
        ready = [replica for replica, state in zip(self.replicas, self.states, strict=True) if state == READY]
        self.prompts = [replica for replica in ready if replica.pool != "decode"]
        self.answers = [replica for replica in ready if replica.pool == "decode"]
        if not self.timeline or self.timeline[-1][1] != len(ready):
            self.timeline.append((now, len(ready)))

    def begin(self, now: float) -> None:
        """Count the time of replicas that run already from now on: the first request is here."""
        self._since = [now] * len(self._since)

    def set(self, number: int, state: str, now: float) -> None:
        """Change the state of a replica. It counts as running from the start of its start until it is off."""
        before, self.states[number] = self.states[number], state
        if before == OFF and state != OFF:
            self._since[number] = now
        if before != OFF and state == OFF:
            self._seconds[number] += now - self._since[number]
        self._sort(now)

    def count(self, *states: str) -> int:
        """Replicas in any of these states."""
        return sum(state in states for state in self.states)

    def numbers(self, state: str) -> list[int]:
        """Replicas in a state, by number."""
        return [number for number, found in enumerate(self.states) if found == state]

    def running_seconds(self, now: float) -> float:
        """Seconds of all replicas together until now, starting, draining and failed ones included."""
        going = sum(now - since for since, state in zip(self._since, self.states, strict=True) if state != OFF)
        return sum(self._seconds) + going

    def mean(self, value: Callable[[Replica], float]) -> float:
        """Mean of a value over the replicas that take requests; 0 without any."""
        ready = [*self.prompts, *self.answers]
        return sum(map(value, ready)) / len(ready) if ready else 0.0

    @property
    def waiting(self) -> int:
        """Requests that wait in a replica's queue."""
        return sum(len(replica.queue) for replica in self.replicas)
