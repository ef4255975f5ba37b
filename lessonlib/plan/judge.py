"""What a set-up with so many replicas comes to, by the simulator; the requests and the seed are the same for all."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lessonlib.base.errors import LessonlibError
from lessonlib.plan.grid import SetUp, Size
from lessonlib.plan.question import Question, Slo
from lessonlib.serving import Result, simulate

#: A look at the first part of a run, where most of what is overloaded has missed too often already.
_LOOK = 0.2
_LEAST_TO_LOOK = 400


@dataclass(frozen=True)
class Outcome:
    """One run. share: of all requests, those that kept both limits; goodput: of these, a second. late: share whose first token
    came too late, slow: share whose tokens came too slowly. ttft, tpot: (median, 99th percentile), seconds. grows: the queue
    grew until the end. early: the run was broken off, because too many had missed already; the numbers are of what was seen.
    refused: why nothing could be served. peak: most requests that were in one step of a replica.
    """

    size: Size
    holds: bool
    share: float = math.nan
    goodput: float = math.nan
    late: float = math.nan
    slow: float = math.nan
    ttft: tuple[float, float] = (math.nan, math.nan)
    tpot: tuple[float, float] = (math.nan, math.nan)
    grows: bool = False
    early: bool = False
    refused: str = ""
    peak: int = 0


def judge(question: Question, set_up: SetUp, size: Size, slowdown: float = 1.0, whole: bool = False) -> Outcome:
    """Serve the requests. slowdown: a factor on every step. whole: run to the end even where it cannot hold any more."""
    requests, slo = question.requests, question.slo
    count = len(requests)
    first, last = question.window
    if count >= _LEAST_TO_LOOK and last > first and not whole:
        end = first + _LOOK * (last - first)
        begun = _run(question, set_up, size, slowdown, end)
        if isinstance(begun, str):
            return Outcome(size, holds=False, refused=begun)
        late, slow, missed = _missed(begun, slo, end)
        if missed > count - question.needed:
            shares = (late / count, slow / count)
            return Outcome(
                size, False, 1.0 - missed / count, 0.0, *shares, *_times(begun), early=True, peak=_peak(begun)
            )
    result = _run(question, set_up, size, slowdown, None)
    if isinstance(result, str):
        return Outcome(size, holds=False, refused=result)
    late, slow, missed = _missed(result, slo, math.inf)
    grows = any(text.startswith("the queue grows") for text in result.warnings)
    seconds = result.simulated_s
    return Outcome(
        size,
        holds=count - missed >= question.needed and not grows,
        share=1.0 - missed / count,
        goodput=(count - missed) / seconds if seconds else 0.0,
        late=late / count,
        slow=slow / count,
        ttft=_times(result)[0],
        tpot=_times(result)[1],
        grows=grows,
        peak=_peak(result),
    )


def _run(question: Question, set_up: SetUp, size: Size, slowdown: float, end: float | None) -> Result | str:
    """The run, or why there is none. After Ctrl-C there is none to be judged."""
    try:
        result = simulate(
            set_up.system,
            question.traffic,
            set_up.scheduler(set_up.system),
            set_up.fleet(size, question.router, slowdown),
            limit_s=end or None,
            seed=question.seed,
        )
    except LessonlibError as error:
        return str(error)
    if result.stopped == "interrupted":
        raise KeyboardInterrupt
    return result


def _missed(result: Result, slo: Slo, now: float) -> tuple[int, int, int]:
    """Requests whose first token came too late (or did not come in time by `now`), whose tokens came too slowly, and either."""
    rows = result.requests
    first = np.where(np.isnan(rows["ttft_s"]), now - rows["arrival_s"], rows["ttft_s"])
    late = first > slo.ttft_s
    with np.errstate(invalid="ignore"):
        slow = (rows["tpot_s"] > slo.tpot_s) & (rows["output"] > 1)
    return int(late.sum()), int(slow.sum()), int((late | slow).sum())


def _times(result: Result) -> tuple[tuple[float, float], tuple[float, float]]:
    """(median, 99th percentile) of the first token, and of the seconds a token."""
    pairs = []
    for name in ("ttft_s", "tpot_s"):
        values = result.requests[name]
        known = values[np.isfinite(values)]
        # As the simulator's own percentiles: the least value that so many per cent do not exceed.
        low, high = np.percentile(known, (50.0, 99.0), method="inverted_cdf") if len(known) else (math.nan, math.nan)
        pairs.append((float(low), float(high)))
    return pairs[0], pairs[1]


def _peak(result: Result) -> int:
    runs = result.runs
    return int((runs["decoding"] + runs["prefills"]).max()) if len(runs["decoding"]) else 0
