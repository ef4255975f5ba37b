"""An incident: at one moment answers become longer, and nothing else changes.

An open loop at one rate through the lab's server, simulated once for each lab at vLLM's defaults and the engine's expected
step times. Below a rate that the server can bear with short answers, above the one that it can bear with long ones.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_10.seats import seats_for
from lessonlib.roofline import Lab
from lessonlib.serving import LogNormal, Poisson, Request, Result, Scheduler, Trace, Workload, simulate

SEED = 910
#: mean tokens, and standard deviation as a share of the mean; answers before and after
PROMPT, SHORT, LONG = (1_500, 0.5), (400, 0.8), (1_200, 0.8)
#: seconds before and after the moment, and how much is left out at the start, while the server fills
BEFORE_S, AFTER_S, WARM_S = 60.0, 270.0, 60.0
#: seconds after the moment from which answers are capped, in the run with the mend
MENDED_S = 150.0
#: requests come at so much of the rate that the server bears with long answers
OVER = 1.4
_TURNS = 3


@lru_cache(maxsize=32)
def rate(lab: Lab) -> float:
    """Requests a second of the incident: above what goes through a full server with long answers."""
    users = round(1.3 * seats_for(lab, PROMPT[0], LONG[0]))
    work = Workload(_TURNS * users, LogNormal(*PROMPT), LogNormal(*LONG), None, seed=SEED)
    result = simulate(lab.system, work, Scheduler(), concurrency=users)
    ends = np.sort(result.requests["finished_s"])
    first, last = len(ends) // 4, 3 * len(ends) // 4
    return OVER * (last - first) / float(ends[last] - ends[first])


def _lengths(lab: Lab, answer: tuple[float, float]) -> list[Request]:
    """The same arrivals and prompts whatever the answers."""
    many = int(1.2 * rate(lab) * (WARM_S + BEFORE_S + AFTER_S)) + 20
    return list(Workload(many, LogNormal(*PROMPT), LogNormal(*answer), Poisson(rate(lab)), seed=SEED))


def _traffic(lab: Lab, mended: bool) -> Trace:
    begin, end = WARM_S + BEFORE_S, WARM_S + BEFORE_S + AFTER_S
    until = begin + MENDED_S if mended else end
    pairs = zip(_lengths(lab, SHORT), _lengths(lab, LONG), strict=True)
    chosen = (long if begin <= long.arrival_s < until else short for short, long in pairs)
    return Trace(tuple(request for request in chosen if request.arrival_s < end), "longer answers")


@lru_cache(maxsize=32)
def incident_run(lab: Lab, *, mended: bool = False) -> Result:
    """The run; with the mend, answers are short again some time after the moment."""
    return simulate(lab.system, _traffic(lab, mended), Scheduler(), limit_s=WARM_S + BEFORE_S + AFTER_S)
