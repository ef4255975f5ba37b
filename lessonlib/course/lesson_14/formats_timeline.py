"""The same prompt beside the same answers in three formats, step by step and under one clock."""

from __future__ import annotations

from functools import lru_cache

from lessonlib.course.lesson_14.formats import WEIGHTS_ONLY, both_narrow, step_of, weighed, weights_lab
from lessonlib.course.shared.run_timeline import timeline_of
from lessonlib.draw.timeline import Timeline
from lessonlib.roofline import Lab
from lessonlib.serving import Request, Result, Scheduler, Trace, simulate

#: answers that are being written, tokens of their prompts; the prompt that comes, tokens of a step
WRITERS, THEIR_PROMPT, PROMPT, BUDGET = 6, 64, 6144, 2048
#: steps of the answers before it and after it, in 16 bits
BEFORE, AFTER = 8, 8


def _named(lab: Lab) -> tuple[tuple[str, str], ...]:
    return (
        ("16 bits", "bf16"),
        ("W4A16: weights in 4", WEIGHTS_ONLY),
        ("W8A8: weights and vectors in 8", both_narrow(weights_lab(lab))),
    )


def _step_s(lab: Lab) -> float:
    return step_of(weighed(lab), WRITERS, THEIR_PROMPT).expected_s


def _arrives_s(lab: Lab) -> float:
    return 30 * _step_s(lab)


@lru_cache(maxsize=64)
def prompt_beside_answers(lab: Lab, weights: str) -> Result:
    """Six answers from the start, and one prompt later; the server's own time is left out."""
    writers = [Request(0.0, THEIR_PROMPT, 400) for _ in range(WRITERS)]
    came = Trace((*writers, Request(_arrives_s(lab), PROMPT, 40)), "a prompt beside answers")
    scheduler = Scheduler(max_num_seqs=64, max_num_batched_tokens=BUDGET, prefix_caching=False, server_s=0.0)
    return simulate(weighed(lab, weights), came, scheduler, record="steps")


def _reading_s(lab: Lab, weights: str) -> float:
    """Seconds of the steps that hold a large piece of the prompt."""
    steps = prompt_beside_answers(lab, weights).step_columns()
    return float(steps["seconds"][steps["prefill_tokens"] > BUDGET // 2].sum())


@lru_cache(maxsize=32)
def _timelines(lab: Lab) -> tuple[Timeline, ...]:
    begin, step = _arrives_s(lab) - BEFORE * _step_s(lab), _step_s(lab)
    until = _arrives_s(lab) + max(_reading_s(lab, weights) for _, weights in _named(lab)) + AFTER * step
    return tuple(
        timeline_of(prompt_beside_answers(lab, weights), label=label, from_s=begin, until_s=until)
        for label, weights in _named(lab)
    )


def three_formats(lab: Lab) -> list[Timeline]:
    """16 bits, weights alone in 4, weights and vectors in 8."""
    return list(_timelines(lab))
