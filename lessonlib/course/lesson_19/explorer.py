"""The explorer: the jump of traffic with another start, signal, floor and window."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_19.flow import Course, Replica, flow
from lessonlib.course.lesson_19.jump import (
    AFTER,
    BEFORE,
    END_S,
    IN_TIME_S,
    MOST,
    NEEDED,
    RISES_S,
    START_S,
    WINDOW_S,
    target_in_flight,
)
from lessonlib.course.lesson_19.served_rate import SHARE
from lessonlib.course.lesson_19.service import busy_share, carried, held_at, room
from lessonlib.draw.explored import Axis, Explored, Line, Value
from lessonlib.roofline import Lab

_STARTS, _FLOORS, _WINDOWS = (15, 60, 120, 300, 600), (1, 2, 3, 4), (0, 60, 300, 900)
_CHOICES = (
    ("in-flight", "requests in flight"),
    ("waiting", "requests waiting"),
    ("gpu", "GPU utilisation"),
    ("served", "tokens, as the servers count them"),
    ("come", "requests, at the gateway"),
)
#: targets: waiting requests a replica, share of the time
_WAITING, _GPU = 5.0, 0.8
#: loads at which one replica is simulated: closer together where its queue begins
_LOADS = (0.125, 0.25, 0.5, 0.75, 0.9, 1.0)


def start_stops(lab: Lab) -> list[int]:
    """Seconds until a replica takes requests."""
    return list(_STARTS)


def floor_stops(lab: Lab) -> list[int]:
    return list(_FLOORS)


def scale_window_stops(lab: Lab) -> list[int]:
    """Seconds of the window of scaling down."""
    return list(_WINDOWS)


def signal_choices(lab: Lab) -> list[dict[str, str]]:
    return [{"value": value, "label": label} for value, label in _CHOICES]


@lru_cache(maxsize=16)
def replica_of(lab: Lab) -> Replica:
    """What the simulated runs of one replica say, by load."""
    system = lab.system
    held, busy = (tuple(each(system, load) for load in _LOADS) for each in (held_at, busy_share))
    return Replica(carried(system), room(system), _LOADS, held, busy)


def target_of(lab: Lab, signal: str) -> float:
    """A replica's target, as in the lesson."""
    rate = SHARE * carried(lab.system)
    return {"in-flight": target_in_flight(lab.system), "waiting": _WAITING, "gpu": _GPU}.get(signal, rate)


@lru_cache(maxsize=512)
def course_of(lab: Lab, start: int, signal: str, floor: int, window: int) -> Course:
    carries = carried(lab.system)
    return flow(
        replica_of(lab),
        lambda at: carries * (BEFORE + (AFTER - BEFORE) * min(1.0, at / RISES_S)),
        signal=signal,
        target=target_of(lab, signal),
        least=floor,
        most=MOST,
        start_s=float(start),
        window_s=float(window),
        end_s=END_S,
    )


def _stairs(times: list[float], counts: list[int]) -> tuple[list[float], list[float]]:
    """The points of a line that jumps, minutes after 13:40."""
    x, y = [times[0] / 60], [float(counts[0])]
    for (_, at), (before, after) in zip(pairwise(times), pairwise(counts), strict=True):
        if after != before:
            x += [at / 60, at / 60]
            y += [float(before), float(after)]
    return [*x, times[-1] / 60], [*y, float(counts[-1])]


def explore_scaling(lab: Lab, *, start: int, signal: str, floor: int, window: int) -> Explored:
    """What came of one setting."""
    run = course_of(lab, start, signal, floor, window)
    share = Quantity(100 * run.in_time(IN_TIME_S, END_S - IN_TIME_S), "%")
    hours = Quantity(run.replica_seconds() / (NEEDED * END_S), "x", digits=2)
    most, last = max(run.ready), run.ready[-1]
    waited = Quantity(run.longest(), "s", digits=2)
    name = dict(_CHOICES)[signal]
    finding = (
        f"On {name}, minimum {floor}, start-up {start} s: {share} of the requests wait at most {Quantity(IN_TIME_S, 's')}, the longest {waited}; at most {most} "
        f"replicas are ready, {last} at 14:04. GPU time is {hours} that of three that are always there."
    )
    return Explored(
        finding=finding,
        values=[
            Value("share", f"Requests that wait at most {Quantity(IN_TIME_S, 's')}", share, "of all, as a flow"),
            Value("longest", "Longest wait in the queue", waited, ""),
            Value("hours", "GPU time over three fixed", hours, ""),
            Value("most", "Most replicas ready", f"{most}", ""),
            Value("last", "Ready at 14:04", f"{last}", ""),
        ],
        x=Axis("minutes after 13:40", low=0.0, high=END_S / 60),
        y=Axis("replicas", low=0.0, high=MOST + 1.0),
        lines=[
            Line("paid for", *_stairs(run.times, run.paid), "other"),
            Line("take requests", *_stairs(run.times, run.ready), "main"),
            Line("what the traffic needs", [0.0, END_S / 60], [AFTER, AFTER], "limit"),
        ],
    )


def flow_in_time(lab: Lab) -> Quantity:
    """What the flow says of the share in time, at the settings of the lesson's run."""
    return Quantity(100 * _as_run(lab).in_time(IN_TIME_S, END_S - IN_TIME_S), "%", digits=2)


def flow_most_ready(lab: Lab) -> int:
    return max(_as_run(lab).ready)


def _as_run(lab: Lab) -> Course:
    return course_of(lab, round(START_S), "in-flight", 1, round(WINDOW_S))
