"""Adds and removes replicas (see fleet.Autoscaler)."""

from __future__ import annotations

import math

from lessonlib.serving.events import LOOK, WARM, Events
from lessonlib.serving.fleet.fleet import Autoscaler
from lessonlib.serving.fleet.members import DRAINING, OFF, READY, STARTING, Members


class Scaler:
    """An autoscaler at work on the members of a fleet."""

    def __init__(self, settings: Autoscaler, members: Members, events: Events) -> None:
        self.settings, self._members, self._events = settings, members, events
        self._too_many_since: float | None = None
        self._ttft_sum, self._ttft_count = 0.0, 0
        events.push(settings.every_s, LOOK)

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

    def look(self, now: float, held: int) -> None:
        """Compare, and start or drain replicas."""
        wanted = self.wanted(held)
        running = self._members.count(READY, STARTING)
        if wanted > running:
            self._too_many_since = None
            self.start(wanted - running, now)
        elif wanted < running:
            if self._too_many_since is None:
                self._too_many_since = now
            if now - self._too_many_since >= self.settings.cool_down_s:
                self._drain(running - wanted, now)
        else:
            self._too_many_since = None
        self._events.push(now + self.settings.every_s, LOOK)

    def start(self, count: int, now: float) -> None:
        """Take back replicas that drain, then start cold ones."""
        for number in self._members.numbers(DRAINING)[:count]:
            self._members.set(number, READY, now)
            count -= 1
        for number in self._members.numbers(OFF)[:count]:
            self._members.set(number, STARTING, now)
            self._events.push(now + self.settings.cold_start_s, WARM, number)

    def _drain(self, count: int, now: float) -> None:
        for number in reversed(self._members.numbers(READY)[-count:] if count else []):
            empty = not self._members.replicas[number].in_flight
            self._members.set(number, OFF if empty else DRAINING, now)
