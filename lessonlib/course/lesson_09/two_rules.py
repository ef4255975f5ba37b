"""The first seconds of the run with arrivals, step by step, under both rules and one clock."""

from __future__ import annotations

from functools import lru_cache

from lessonlib.course.lesson_09.runs import CONTINUOUS, FEW, STATIC, arrival_rate, arriving, quarter_hour, scheduler
from lessonlib.course.shared.run_timeline import timeline_of
from lessonlib.draw.timeline import Timeline
from lessonlib.roofline import Lab
from lessonlib.serving import Result, Trace, simulate

#: steps of answers that are drawn, about
STEPS = 900


def drawn_s(lab: Lab) -> float:
    """Seconds that are drawn: so many steps of the median gap."""
    return round(STEPS * quarter_hour(lab, CONTINUOUS).percentile("itl_s", 50), 1)


@lru_cache(maxsize=32)
def first_seconds(lab: Lab, batching: str) -> Result:
    """Those who come in them, each step recorded."""
    came, until = arriving(arrival_rate(lab)).requests, drawn_s(lab)
    inside = [request for request in came if request.arrival_s - came[0].arrival_s < until]
    return simulate(lab.system, Trace(tuple(inside), "arriving"), scheduler(lab, batching, FEW), record="steps")


@lru_cache(maxsize=32)
def _timelines(lab: Lab) -> tuple[Timeline, ...]:
    labels = {STATIC: "A, static batching", CONTINUOUS: "B, continuous batching"}
    return tuple(
        timeline_of(first_seconds(lab, batching), label=label, until_s=drawn_s(lab))
        for batching, label in labels.items()
    )


def two_rules(lab: Lab) -> list[Timeline]:
    """Static above, continuous below."""
    return list(_timelines(lab))
