"""The same prompt beside the same answers, with three budgets, step by step and under one clock."""

from __future__ import annotations

from functools import lru_cache

from lessonlib.course.lesson_12.reading import PROMPT, cost
from lessonlib.course.shared.run_timeline import timeline_of
from lessonlib.draw.timeline import Timeline
from lessonlib.roofline import Lab
from lessonlib.serving import Request, Result, Scheduler, Trace, simulate

#: tokens of a step
BUDGETS = (8192, 2048, 512)
#: answers that are being written when the prompt comes, the tokens of their prompts, and steps that they have to themselves
WRITERS, THEIR_PROMPT, BEFORE = 8, 64, 12


def _usual_step_s(lab: Lab) -> float:
    return cost(lab).mixed([(1, THEIR_PROMPT)] * WRITERS)


def _whole_s(lab: Lab) -> float:
    return cost(lab).mixed([(PROMPT, 0)])


def drawn_until_s(lab: Lab) -> float:
    """Seconds that are drawn: until well after the prompt was read with the smallest budget."""
    return _arrives_s(lab) + _lasts_s(lab)


def _arrives_s(lab: Lab) -> float:
    return 20 * _usual_step_s(lab) + BEFORE * _usual_step_s(lab)


def _lasts_s(lab: Lab) -> float:
    smallest = cost(lab).mixed([(1, THEIR_PROMPT)] * WRITERS + [(BUDGETS[-1] - WRITERS, PROMPT)])
    return PROMPT / (BUDGETS[-1] - WRITERS) * smallest + 10 * _usual_step_s(lab)


@lru_cache(maxsize=64)
def one_long_prompt(lab: Lab, budget: int) -> Result:
    """Eight answers from the start, and one long prompt later; the server's own time is left out."""
    long = int(drawn_until_s(lab) / _usual_step_s(lab)) + 40
    writers = [Request(0.0, THEIR_PROMPT, long) for _ in range(WRITERS)]
    requests = Trace((*writers, Request(_arrives_s(lab), PROMPT, 60)), "one long prompt")
    scheduler = Scheduler(max_num_seqs=64, max_num_batched_tokens=budget, prefix_caching=False, server_s=0.0)
    return simulate(lab.system, requests, scheduler, record="steps")


@lru_cache(maxsize=32)
def _timelines(lab: Lab) -> tuple[Timeline, ...]:
    begin = _arrives_s(lab) - BEFORE * _usual_step_s(lab)
    return tuple(
        timeline_of(
            one_long_prompt(lab, budget),
            label=f"{budget:,} tokens a step",
            from_s=begin,
            until_s=drawn_until_s(lab),
        )
        for budget in BUDGETS
    )


def three_budgets(lab: Lab) -> list[Timeline]:
    """From the largest budget to the smallest."""
    return list(_timelines(lab))
