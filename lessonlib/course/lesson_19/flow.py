"""A fleet under an autoscaler as a flow: requests come and go as water does, without chance.

Each replica has a level, its requests in flight, and lets through what the simulated runs of `service` say of that level; what comes
goes to the lowest. The scaler follows Kubernetes' rule, as `lessonlib.serving` does. It is there for the explorer, which has to answer
at once; a test holds it against the simulator.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

#: how a scaler's signal is named here: in flight, at the gateway, as the servers count them, waiting, GPU utilisation
SIGNALS = ("in-flight", "come", "served", "waiting", "gpu")
_STEP_S, _LOOK_S, _TOLERANCE = 2.5, 15.0, 0.1


def between(x: float, xs: Sequence[float], ys: Sequence[float]) -> float:
    """On the broken line through (0, 0) and the points; level behind the last."""
    low_x, low_y = 0.0, 0.0
    for high_x, high_y in zip(xs, ys, strict=True):
        if x <= high_x:
            return low_y + (high_y - low_y) * (x - low_x) / (high_x - low_x)
        low_x, low_y = high_x, high_y
    return low_y


@dataclass(frozen=True)
class Replica:
    """What one replica carries (requests/s), how many it has room for, and what it holds and shows (share) by its load."""

    carries: float
    room: float
    loads: tuple[float, ...]
    held: tuple[float, ...]
    busy: tuple[float, ...]

    def through(self, level: float) -> float:
        """Requests a second that it finishes with so many in flight."""
        return self.carries * between(level, self.held, self.loads)


@dataclass
class Course:
    """What came of it: times in seconds, replicas that are ready and those that are paid for; (seconds, requests, wait) of who came."""

    times: list[float] = field(default_factory=list)
    ready: list[int] = field(default_factory=list)
    paid: list[int] = field(default_factory=list)
    waits: list[tuple[float, float, float]] = field(default_factory=list)

    def in_time(self, limit_s: float, until_s: float) -> float:
        """Share of those who come before `until_s` and wait no longer in the queue."""
        came = [(count, wait) for at, count, wait in self.waits if at <= until_s]
        return sum(count for count, wait in came if wait <= limit_s) / sum(count for count, _ in came)

    def longest(self) -> float:
        """Seconds of the longest wait in the queue."""
        return max(wait for _, _, wait in self.waits)

    def replica_seconds(self) -> float:
        """Seconds of all replicas that are paid for, starting and draining ones too."""
        return _STEP_S * sum(self.paid)


def _poured(levels: list[float], water: float) -> list[float]:
    """What each level gets when all goes to the lowest."""
    order = sorted(range(len(levels)), key=lambda place: levels[place])
    reached, deep = levels[order[0]], 1
    for deep in range(1, len(order) + 1):
        rise = water / deep
        above = levels[order[deep]] if deep < len(order) else math.inf
        if reached + rise <= above:
            reached += rise
            break
        water -= (above - reached) * deep
        reached = above
    got = [0.0] * len(levels)
    for place in order[:deep]:
        got[place] = reached - levels[place]
    return got


def flow(
    replica: Replica,
    rate: Callable[[float], float],
    *,
    signal: str,
    target: float,
    least: int,
    most: int,
    start_s: float,
    window_s: float,
    end_s: float,
) -> Course:
    """Traffic of `rate(seconds)` requests a second through the fleet, which begins with `least` replicas."""
    found, starting, wanted = Course(), deque[float](), deque([(0.0, least)])
    levels, draining, at, next_look = [0.0] * least, list[float](), 0.0, _LOOK_S
    while at <= end_s:
        while starting and starting[0] <= at:
            starting.popleft()
            levels.append(0.0)
        came, served = rate(at) * _STEP_S, 0.0
        got = _poured(levels, came)
        for place, more in enumerate(got):
            if more > 0:
                found.waits.append((at, more, max(0.0, levels[place] + more - replica.room) / replica.carries))
            through = min(levels[place] + more, replica.through(levels[place] + more) * _STEP_S)
            levels[place] += more - through
            served += through
        draining = [level - replica.through(level) * _STEP_S for level in draining]
        draining = [level for level in draining if level > 0.5]
        found.times.append(at)
        found.ready.append(len(levels))
        found.paid.append(len(levels) + len(starting) + len(draining))
        if at >= next_look:
            next_look += _LOOK_S
            total = {
                "in-flight": sum(levels),
                "come": rate(at),
                "served": served / _STEP_S,
                "waiting": sum(max(0.0, level - replica.room) for level in levels),
                "gpu": sum(between(level, replica.held, replica.busy) for level in levels),
            }[signal]
            ready = len(levels)
            asked = ready if abs(total / ready / target - 1) <= _TOLERANCE else math.ceil(total / target)
            asked = max(least, min(most, asked))
            wanted.append((at, asked))
            while wanted[0][0] < at - window_s:
                wanted.popleft()
            running, highest = ready + len(starting), max(count for _, count in wanted)
            starting.extend(at + start_s for _ in range(asked - running))
            for _ in range(running - highest):
                if starting:
                    starting.pop()
                else:
                    draining.append(levels.pop())
        at += _STEP_S
    return found
