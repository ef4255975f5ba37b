"""The lab's server with a cache of a few requests, step by step: as many users as find room, and twice as many."""

from __future__ import annotations

from functools import lru_cache

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_10.seats import pages_of
from lessonlib.course.shared.run_timeline import timeline_of
from lessonlib.draw.timeline import Timeline
from lessonlib.roofline import Lab
from lessonlib.serving import Request, Result, Scheduler, Trace, simulate

#: tokens of each prompt, and of the answers in turn
PROMPT, ANSWERS = 1_500, (120, 60, 150, 90, 140, 70, 160, 100, 80, 130)
#: requests that the cache holds, and of the pages by which their answers grow, the share that it has
ROOM, GROWTH = 5, 0.5
REQUESTS = 16


def _blocks(lab: Lab) -> int:
    cut = pages_of(lab)
    read, whole = -(-PROMPT // cut.tokens), -(-(PROMPT + max(ANSWERS)) // cut.tokens)
    return ROOM * (cut.fixed + read) + max(1, int(GROWTH * ROOM * (whole - read)))


@lru_cache(maxsize=32)
def _run(lab: Lab, users: int) -> Result:
    work = [Request(0.0, PROMPT, ANSWERS[turn % len(ANSWERS)]) for turn in range(REQUESTS)]
    return simulate(
        lab.system,
        Trace(tuple(work), "a few users"),
        Scheduler(kv_blocks=_blocks(lab)),
        concurrency=users,
        record="steps",
    )


def with_and_without_room(lab: Lab) -> list[Timeline]:
    """Both runs, under one clock."""
    return [_timeline(lab, users) for users in (ROOM - 1, 2 * ROOM)]


def _timeline(lab: Lab, users: int) -> Timeline:
    run = _run(lab, users)
    first = Quantity(run.percentile("ttft_s", 50.0), "s")
    lost = run.preemptions
    return timeline_of(
        run,
        label=f"{users} users",
        finding=f"{users} users, room for about {ROOM}: {lost or 'no'} preemption{'s' * (lost != 1)}; half of the {REQUESTS} requests have "
        f"their first token after {first} or less; {Quantity(run.throughput_tokens_per_s, 'tok/s')} in all.",
    )


def small_cache_room(lab: Lab) -> Quantity:
    """Requests that the small cache holds."""
    return Quantity(ROOM, "requests")


def small_cache_preempts(lab: Lab) -> bool:
    """Claim: nobody is preempted with room, somebody is without, and the median first token takes three times as long or more."""
    room, none = _run(lab, ROOM - 1), _run(lab, 2 * ROOM)
    waits = [run.percentile("ttft_s", 50.0) for run in (room, none)]
    return room.preemptions == 0 < none.preemptions and waits[1] > 3 * waits[0]
