"""A cache that is too small for its users, with answers as long as prompts: who is preempted, and what that costs.

Simulated once for each lab at vLLM's defaults and the engine's expected step times: computed, not measured.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_10.crowd import SEED, Crowd, observed
from lessonlib.course.lesson_10.seats import seats_for
from lessonlib.roofline import Lab
from lessonlib.serving import LogNormal, Result, Scheduler, Workload, simulate

#: mean tokens, and standard deviation as a share of the mean
PROMPT, ANSWER = (1_024, 0.5), (1_024, 0.8)
#: users for each seat, and how many requests each sends
PRESSED, TURNS = 1.5, 3
#: preempted requests that are looked at one by one
_MOST = 100


@lru_cache(maxsize=32)
def _run(lab: Lab) -> tuple[Result, int]:
    users = max(2, round(PRESSED * seats_for(lab, PROMPT[0], ANSWER[0])))
    work = Workload(TURNS * users, LogNormal(*PROMPT), LogNormal(*ANSWER), None, seed=SEED, name="long answers")
    return simulate(lab.system, work, Scheduler(), concurrency=users), users


@lru_cache(maxsize=32)
def _pressed(lab: Lab) -> Crowd:
    return observed(*_run(lab))


def pressed_prompt(lab: Lab) -> Quantity:
    """Mean tokens of a prompt, and of an answer."""
    return Quantity(PROMPT[0], "tokens", digits=4)


def pressed_preemptions(lab: Lab) -> Quantity:
    """Preemptions for each hundred requests."""
    return Quantity(100 * _pressed(lab).preemptions, "preemptions", digits=2)


def pressed_wait(lab: Lab) -> Quantity:
    """Median time to first token."""
    return Quantity(_pressed(lab).first_s, "s", digits=2)


@lru_cache(maxsize=32)
def _pauses(lab: Lab) -> np.ndarray:
    """Seconds of the longest gap in each preempted answer, of as many as are looked at; those of the first wave are left out."""
    result, _ = _run(lab)
    rows = result.requests
    hit = np.flatnonzero((rows["preemptions"] > 0) & (rows["arrival_s"] > rows["arrival_s"].min()))[:_MOST]
    gaps = [np.diff(result.token_times(int(number))) for number in hit]
    return np.array([gap.max() for gap in gaps if gap.size])


def pressed_pause(lab: Lab) -> Quantity:
    """Median of the longest gap between two tokens of an answer that was preempted; 0 where none was, which the words do not print."""
    pauses = _pauses(lab)
    return Quantity(float(np.median(pauses)) if pauses.size else 0.0, "s", digits=2)


def pressed_preempts(lab: Lab) -> bool:
    """Whether anybody is preempted: not where the seats are more than an engine starts at once."""
    return bool(_pauses(lab).size)


def outside_is_worse(lab: Lab) -> bool:
    """Who is preempted pauses for a fraction of what those outside wait."""
    return 20 * float(pressed_pause(lab)) < float(pressed_wait(lab)) and float(pressed_preemptions(lab)) > 3
