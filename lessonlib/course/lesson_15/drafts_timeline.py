"""The same few answers with and without drafts, step by step and under one clock."""

from __future__ import annotations

from functools import lru_cache

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_15.checking import DRAFTS, dense_lab
from lessonlib.course.lesson_15.served import speculation_of
from lessonlib.course.shared.run_timeline import timeline_of
from lessonlib.draw.timeline import Timeline
from lessonlib.roofline import Lab
from lessonlib.serving import Request, Result, Scheduler, Trace, simulate

#: answers, tokens of each prompt and of each answer
ANSWERS, PROMPT, TOKENS = 4, 256, 60
_LABELS = {0: "without drafts", DRAFTS: "three drafts a step"}


@lru_cache(maxsize=32)
def few_answers(lab: Lab, drafts: int) -> Result:
    """Four answers that begin together; the server's own time is left out."""
    sent = Trace(tuple(Request(0.0, PROMPT, TOKENS) for _ in range(ANSWERS)), "few answers")
    system = dense_lab(lab).system
    scheduler = Scheduler(prefix_caching=False, server_s=0.0, speculation=speculation_of(system, drafts))
    return simulate(system, sent, scheduler, record="steps")


@lru_cache(maxsize=32)
def _timelines(lab: Lab) -> tuple[Timeline, ...]:
    return tuple(
        timeline_of(few_answers(lab, drafts), label=label, finding=_finding(lab, drafts, label))
        for drafts, label in _LABELS.items()
    )


def _finding(lab: Lab, drafts: int, label: str) -> str:
    run = few_answers(lab, drafts)
    ends = [Quantity(float(end), "s") for end in run.requests["finished_s"]]
    first, last = (pick(range(ANSWERS), key=lambda place: float(ends[place])) for pick in (min, max))
    if float(ends[first]) == float(ends[last]):
        return f"{label.capitalize()}: all {ANSWERS} answers of {TOKENS} tokens end together, at {ends[last]}."
    return (
        f"{label.capitalize()}: answers of {TOKENS} tokens end at different times. The drafts of request {first} were right most often, so it "
        f"took the fewest steps and ended at {ends[first]}; request {last} ended at {ends[last]}."
    )


def with_and_without(lab: Lab) -> list[Timeline]:
    """Without drafts above, with three below."""
    return list(_timelines(lab))


def most_of_a_step(lab: Lab) -> int:
    """Tokens that a step can bring at most."""
    return DRAFTS + 1
