"""The replicas of a running fleet: which take requests, which start, drain or have failed, how long each ran; and the
scaler that starts and drains them.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from lessonlib.roofline import System
from lessonlib.serving.fleet.fleet import Autoscaler, Fleet
from lessonlib.serving.fleet.prefix_index import PrefixIndex
from lessonlib.serving.replica.pages import pages
from lessonlib.serving.replica.replica import Replica, StepRecorder
from lessonlib.serving.replica.scheduler import Scheduler
from lessonlib.serving.replica.step_time import StepCost

OFF, STARTING, READY, DRAINING, FAILED = "off", "starting", "ready", "draining", "failed"


class Members:
    """replicas: all that may ever run, by number. timeline: (time, replicas that take requests) at each change."""

    def __init__(
        self, system: System, scheduler: Scheduler, fleet: Fleet, cost: str, recorder: StepRecorder, seed: int
    ) -> None:
        self.pages = pages(system, scheduler)
        costs: dict[float, StepCost] = {}
        pools = fleet.disaggregation
        self.replicas: list[Replica] = []
        self.index = PrefixIndex()
        for number in range(fleet.most):
            factor = float(fleet.slow.get(number, 1.0))
            if factor not in costs:
                costs[factor] = StepCost(system, cost, factor)
            pool = "both" if pools is None else "prefill" if number < pools.prefill else "decode"
            self.replicas.append(Replica(number, costs[factor], scheduler, self.pages, recorder, seed, pool))
        if fleet.router == "prefix-aware":
            for replica in self.replicas:
                replica.kv.tell(self.index, replica.number)
        self.states = [READY if pools or number < fleet.replicas else OFF for number in range(fleet.most)]
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


class Scaler:
    """An autoscaler at work on the members of a fleet.

    The caller looks every `settings.every_s` seconds, and calls replicas that were started ready `settings.cold_start_s`
    seconds later.
    """

    def __init__(self, settings: Autoscaler, members: Members) -> None:
        self.settings, self._members = settings, members
        self._too_many_since: float | None = None
        self._ttft_sum, self._ttft_count = 0.0, 0

    def first_token(self, seconds: float) -> None:
        """A request got its first token `seconds` after it came."""
        self._ttft_sum += seconds
        self._ttft_count += 1

    def _signal(self, held: int) -> float:
        members, ready = self._members, max(1, self._members.count(READY))
        if self.settings.signal == "in-flight":
            return members.mean(lambda replica: replica.in_flight) + held / ready
        if self.settings.signal == "waiting":
            return members.mean(lambda replica: len(replica.queue)) + held / ready
        if self.settings.signal == "kv":
            return members.mean(lambda replica: replica.kv.used / replica.kv.total)
        mean = self._ttft_sum / self._ttft_count if self._ttft_count else 0.0
        self._ttft_sum, self._ttft_count = 0.0, 0
        return mean

    def wanted(self, held: int) -> int:
        """Replicas that there should be; `held`: requests that no replica takes yet."""
        settings, ready = self.settings, self._members.count(READY)
        ratio = self._signal(held) / settings.target
        if ready and abs(ratio - 1.0) <= settings.tolerance:
            return max(settings.least, min(settings.most, ready))
        wanted = math.ceil(max(1, ready) * ratio)
        return max(settings.least, min(settings.most, max(wanted, 1 if held else 0)))

    def look(self, now: float, held: int) -> list[int]:
        """Compare, and start or drain replicas; returns the numbers of those that start cold."""
        wanted = self.wanted(held)
        running = self._members.count(READY, STARTING)
        if wanted > running:
            self._too_many_since = None
            return self.start(wanted - running, now)
        if wanted < running:
            if self._too_many_since is None:
                self._too_many_since = now
            if now - self._too_many_since >= self.settings.cool_down_s:
                self._drain(running - wanted, now)
        else:
            self._too_many_since = None
        return []

    def start(self, count: int, now: float) -> list[int]:
        """Take back replicas that drain, then start cold ones; returns the numbers of the cold ones."""
        for number in self._members.numbers(DRAINING)[:count]:
            self._members.set(number, READY, now)
            count -= 1
        cold = self._members.numbers(OFF)[:count]
        for number in cold:
            self._members.set(number, STARTING, now)
        return cold

    def _drain(self, count: int, now: float) -> None:
        """Take replicas away: first those that are not ready yet, as Kubernetes does, so that fewer than wanted are never ready."""
        starting = list(reversed(self._members.numbers(STARTING)))[:count]
        for number in starting:
            self._members.set(number, OFF, now)
        count -= len(starting)
        for number in reversed(self._members.numbers(READY)[-count:] if count else []):
            empty = not self._members.replicas[number].in_flight
            self._members.set(number, OFF if empty else DRAINING, now)
