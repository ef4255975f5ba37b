"""The replicas of a running fleet: which take requests, which start, drain or have failed, how long each ran."""

from __future__ import annotations

from collections.abc import Callable

from lessonlib.roofline import System
from lessonlib.serving.fleet.fleet import Fleet
from lessonlib.serving.fleet.prefix_index import PrefixIndex
from lessonlib.serving.replica.pages import pages
from lessonlib.serving.replica.replica import Replica, StepRecorder
from lessonlib.serving.replica.scheduler import Scheduler
from lessonlib.serving.replica.step_time import StepCost

OFF, STARTING, READY, DRAINING, FAILED = "off", "starting", "ready", "draining", "failed"


def _place(fleet: Fleet, number: int, system: System, scheduler: Scheduler, cost: str) -> tuple[str, System, Scheduler]:
    """Pool, system and settings of a replica."""
    pools, group = fleet.disaggregation, fleet.kind_of(number)
    if pools is None:
        if group is None:
            return "both", system, scheduler.resolved(system, cost)
        return "both", group.system, (group.scheduler or scheduler).resolved(group.system, cost)
    if number < pools.prefill:
        pool, own, settings = "prefill", pools.prefill_system, pools.prefill_scheduler
    else:
        pool, own, settings = "decode", pools.decode_system, pools.decode_scheduler
    own = own or system
    return pool, own, (settings or scheduler).resolved(own, cost)


class Members:
    """replicas: all that may ever run, by number. timeline: (time, replicas that take requests) at each change. first_states: of
    each replica at the start. tell: called with (time, replica, state) at each change of a state.
    """

    def __init__(
        self,
        system: System,
        scheduler: Scheduler,
        fleet: Fleet,
        cost: str,
        recorder: StepRecorder,
        seed: int,
        tell: Callable[[float, int, str], None] | None = None,
    ) -> None:
        self._tell = tell
        self.replicas: list[Replica] = []
        self.index = PrefixIndex()
        #: System of each replica.
        self.systems: list[System] = []
        costs: dict[tuple[int, float], StepCost] = {}
        for number in range(fleet.most):
            pool, own, settings = _place(fleet, number, system, scheduler, cost)
            factor = float(fleet.slow.get(number, 1.0))
            key = (id(own), factor)
            if key not in costs:
                costs[key] = StepCost(own, cost, factor)
            self.systems.append(own)
            self.replicas.append(Replica(number, costs[key], settings, pages(own, settings), recorder, seed, pool))
        if fleet.router == "prefix-aware":
            for replica in self.replicas:
                replica.kv.tell(self.index, replica.number)
        ready = fleet.replicas if fleet.autoscaler or fleet.rollout else fleet.most
        self.states = [READY if number < ready else OFF for number in range(fleet.most)]
        self.first_states = tuple(self.states)
        #: Changes of the state of each replica, so that a warm-up that was called off can be told.
        self.changes = [0] * fleet.most
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
        self.changes[number] += 1
        if self._tell:
            self._tell(now, number, state)
        if before == OFF and state != OFF:
            self._since[number] = now
        if before != OFF and state == OFF:
            # Whoever starts in its place starts with an empty cache.
            self.replicas[number].kv.clear()
            self._seconds[number] += now - self._since[number]
        self._sort(now)

    def count(self, *states: str) -> int:
        """Replicas in any of these states."""
        return sum(state in states for state in self.states)

    def numbers(self, state: str) -> list[int]:
        """Replicas in a state, by number."""
        return [number for number, found in enumerate(self.states) if found == state]

    def running_seconds(self, now: float) -> list[float]:
        """Seconds of each replica until now, those of starting, draining and having failed included."""
        return [
            done + (now - since if state != OFF else 0.0)
            for done, since, state in zip(self._seconds, self._since, self.states, strict=True)
        ]

    def mean(self, value: Callable[[Replica], float]) -> float:
        """Mean of a value over the replicas that take requests; 0 without any."""
        ready = [*self.prompts, *self.answers]
        return sum(map(value, ready)) / len(ready) if ready else 0.0

    @property
    def waiting(self) -> int:
        """Requests that wait in a replica's queue."""
        return sum(len(replica.queue) for replica in self.replicas)
