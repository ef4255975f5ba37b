"""The same ten requests, with and without prefix caching, step by step."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from lessonlib.base.quantity import Quantity
from lessonlib.course.shared.run_timeline import timeline_of
from lessonlib.draw.timeline import Timeline
from lessonlib.roofline import Lab, prefill
from lessonlib.serving import Request, Result, Scheduler, Trace, simulate

#: tokens of a prompt and of the beginning that all share (four pages of the default lab); the answers, in turn
PROMPT, SHARED, ANSWERS = 3_400, 3_136, (24, 40, 16, 32, 20)
REQUESTS = 10


@lru_cache(maxsize=32)
def _run(lab: Lab, caching: bool) -> Result:
    # One every so often that a prompt is read from its start in the time between two.
    apart = 1.1 * prefill(lab.system, prompt=PROMPT).expected_s
    work = [
        Request(turn * apart, PROMPT, ANSWERS[turn % len(ANSWERS)], prefix=(("beginning", SHARED),))
        for turn in range(REQUESTS)
    ]
    return simulate(lab.system, Trace(tuple(work), "ten requests"), Scheduler(prefix_caching=caching), record="steps")


def ten_prompt(lab: Lab) -> Quantity:
    """Tokens of each prompt of the ten."""
    return Quantity(PROMPT, "tokens", digits=4)


def ten_shared(lab: Lab) -> Quantity:
    """Of these, the ones that all begin with."""
    return Quantity(SHARED, "tokens", digits=4)


def with_and_without_hits(lab: Lab) -> list[Timeline]:
    """Both runs, under one clock."""
    return [_timeline(lab, caching) for caching in (False, True)]


def _timeline(lab: Lab, caching: bool) -> Timeline:
    run = _run(lab, caching)
    first = Quantity(float(np.median(run.requests["ttft_s"])), "s", digits=2)
    return timeline_of(
        run,
        label="With the prefix cache" if caching else "Without",
        finding=f"{int(run.requests['cached'].sum()):,} of {int(run.requests['prompt'].sum()):,} prompt tokens are found; half of the "
        f"{REQUESTS} requests have their first token after {first} or less.",
    )


def hits_shorten_the_first_token(lab: Lab) -> bool:
    """Claim: the median first token comes sooner by a fifth or more."""
    waits = [float(np.median(_run(lab, caching).requests["ttft_s"])) for caching in (False, True)]
    return waits[0] > 1.2 * waits[1]
