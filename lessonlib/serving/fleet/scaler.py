"""The scaler at work: it looks at a signal now and then, and starts and drains replicas."""

from __future__ import annotations

import math
from collections import deque

from lessonlib.serving.fleet.fleet import Autoscaler
from lessonlib.serving.fleet.members import DRAINING, OFF, READY, STARTING, Members


class Scaler:
    """An autoscaler at work on the members of a fleet.

    The caller looks every `settings.every_s` seconds, and calls replicas that were started ready `settings.start_s`
    seconds later.
    """

    def __init__(self, settings: Autoscaler, members: Members) -> None:
        self.settings, self._members = settings, members
        self._ttft_sum, self._ttft_count = 0.0, 0
        self._came, self._came_tokens, self._looked = 0, 0, 0.0
        #: (time, signal) of the looks whose signal is still too fresh to be seen.
        self._seen: deque[tuple[float, float]] = deque()
        #: (time, replicas wanted) of the looks within `cool_down_s`; what there is at the start counts as wanted then.
        self._recommended: deque[tuple[float, int]] = deque([(0.0, members.count(READY, STARTING))])

    def first_token(self, seconds: float) -> None:
        """A request got its first token `seconds` after it came."""
        self._ttft_sum += seconds
        self._ttft_count += 1

    def arrived(self, prompt: int) -> None:
        """A request with so many prompt tokens has come."""
        self._came += 1
        self._came_tokens += prompt

    def _aged(self, signal: float, now: float) -> float:
        """The signal as it was `scrape_s` before, or the oldest that is known."""
        self._seen.append((now, signal))
        while len(self._seen) > 1 and self._seen[1][0] <= now - self.settings.scrape_s:
            self._seen.popleft()
        return self._seen[0][1]

    def _per_second(self, count: int, now: float) -> float:
        """Of what came since the last look, a second and a replica that is ready."""
        seconds, ready = now - self._looked, max(1, self._members.count(READY))
        return count / seconds / ready if seconds > 0 else 0.0

    def _signal(self, held: int, now: float) -> float:
        lost = self.settings.signal_lost_at_s
        return 0.0 if lost is not None and now >= lost else self._measured(held, now)

    def _measured(self, held: int, now: float) -> float:
        if self.settings.signal in ("rate", "tokens"):
            return self._per_second(self._came if self.settings.signal == "rate" else self._came_tokens, now)
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

    def wanted(self, held: int, now: float) -> int:
        """Replicas that there should be; `held`: requests that no replica takes yet."""
        settings, ready = self.settings, self._members.count(READY)
        ratio = self._aged(self._signal(held, now), now) / settings.target
        self._came, self._came_tokens, self._looked = 0, 0, now
        if ready and abs(ratio - 1.0) <= settings.tolerance:
            return max(settings.least, min(settings.most, ready))
        wanted = math.ceil(max(1, ready) * ratio)
        return max(settings.least, min(settings.most, max(wanted, 1 if held else 0)))

    def look(self, now: float, held: int) -> list[int]:
        """Compare, and start or drain replicas; returns the numbers of those that start cold."""
        wanted = self.wanted(held, now)
        running = self._members.count(READY, STARTING)
        highest = self._highest(wanted, now)
        if wanted > running:
            return self.start(self._limited(wanted - running, self.settings.most_up), now)
        if highest < running:
            self._drain(self._limited(running - highest, self.settings.most_down), now)
        return []

    def _highest(self, wanted: int, now: float) -> int:
        """The highest number wanted within `cool_down_s`, this look's included."""
        self._recommended.append((now, wanted))
        while self._recommended[0][0] < now - self.settings.cool_down_s:
            self._recommended.popleft()
        return max(count for _, count in self._recommended)

    @staticmethod
    def _limited(count: int, most: int) -> int:
        return min(count, most) if most else count

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
