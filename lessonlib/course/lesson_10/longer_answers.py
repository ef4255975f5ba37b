"""An incident: at one moment answers become longer, and nothing else changes.

An open loop at one rate through the lab's server, simulated once for each lab at vLLM's defaults and the engine's expected
step times. Below a rate that the server can bear with short answers, above the one that it can bear with long ones.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_10.seats import seats_for
from lessonlib.course.shared.run_monitor import monitor_of
from lessonlib.draw.monitor import Mark, Monitor, clock
from lessonlib.roofline import Lab
from lessonlib.serving import LogNormal, Poisson, Request, Result, Scheduler, Trace, Workload, simulate

SEED = 910
#: mean tokens, and standard deviation as a share of the mean; answers before and after
PROMPT, SHORT, LONG = (3_000, 0.5), (600, 0.7), (1_800, 0.7)
#: seconds before and after the moment, and how much is left out at the start, while the server fills
BEFORE_S, AFTER_S, WARM_S = 60.0, 330.0, 60.0
#: seconds after the moment from which answers are capped, in the run with the mend; and tokens of the cap
MENDED_S, CAP = 120.0, 600
#: what the clock says when the run begins, and seconds between two scrapes
BEGINS, WINDOW_S = "08:58", 15.0
#: the moment, and the end of what is shown, in the run's own seconds
MOMENT_S, END_S = WARM_S + BEFORE_S, WARM_S + BEFORE_S + AFTER_S
#: requests come at so much of the rate that the server bears with long answers
OVER = 1.45
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
    many = int(1.2 * rate(lab) * (END_S + WINDOW_S)) + 20
    return list(Workload(many, LogNormal(*PROMPT), LogNormal(*answer), Poisson(rate(lab)), seed=SEED))


def _traffic(lab: Lab, mended: bool) -> Trace:
    begin, end = MOMENT_S, END_S + WINDOW_S
    capped_from = begin + MENDED_S if mended else end
    pairs = zip(_lengths(lab, SHORT), _lengths(lab, LONG), strict=True)
    chosen = (long if begin <= long.arrival_s else short for short, long in pairs)
    capped = (
        request._replace(output=min(request.output, CAP)) if request.arrival_s >= capped_from else request
        for request in chosen
    )
    return Trace(tuple(request for request in capped if request.arrival_s < end), "longer answers")


@lru_cache(maxsize=32)
def incident_run(lab: Lab, *, mended: bool = False) -> Result:
    """The run; with the mend, answers are capped from some time after the moment on."""
    return simulate(lab.system, _traffic(lab, mended), Scheduler(), limit_s=END_S + WINDOW_S)


# --- as monitoring shows it

CHARTS = ("ttft_mean", "waiting", "running", "kv_usage", "generation_tokens", "finished")
MENDED_CHARTS = ("ttft_mean", "waiting", "kv_usage", "generation_tokens", "finished")


def incident(lab: Lab) -> Monitor:
    """Six charts, a minute before the moment and some after it."""
    return _incident(lab)


@lru_cache(maxsize=32)
def _incident(lab: Lab) -> Monitor:
    return monitor_of(
        incident_run(lab), charts=CHARTS, from_s=WARM_S, until_s=END_S, window_s=WINDOW_S, begins=BEGINS, log=False
    )


def incident_mended(lab: Lab) -> Monitor:
    """Five of the charts, beside the run whose answers are capped after a while."""
    return _mended(lab)


@lru_cache(maxsize=32)
def _mended(lab: Lab) -> Monitor:
    mended = monitor_of(
        incident_run(lab, mended=True),
        charts=MENDED_CHARTS,
        from_s=WARM_S,
        until_s=END_S,
        window_s=WINDOW_S,
        begins=BEGINS,
        log=False,
    )
    seen = incident(lab)
    # Both runs together are one call of monitor_of; this way the first one's telemetry is worked out once.
    charts = [replace(seen.chart(chart.title), compare=chart.values) for chart in mended.charts]
    shown = replace(seen, charts=charts, marks=(Mark(MOMENT_S + MENDED_S, "capped"),))
    queue, well = (_shown(shown, "Requests waiting", compare=compare) for compare in (False, True))
    return replace(
        shown,
        finding=f"With answers capped from {clock(BEGINS, MOMENT_S + MENDED_S)} on, the queue of up to {max(well):.0f} is at {well[-1]:.0f} by "
        f"{clock(BEGINS, END_S)}; without, {queue[-1]:.0f} wait.",
    )


def _shown(monitor: Monitor, title: str, *, compare: bool = False) -> list[float]:
    """The values of a chart, one a scrape."""
    chart = monitor.chart(title)
    return [value or 0.0 for value in (chart.compare if compare else chart.values)]


def incident_short(lab: Lab) -> Quantity:
    """Mean answer before."""
    return Quantity(SHORT[0], "tokens", digits=4)


def incident_long(lab: Lab) -> Quantity:
    """Mean answer afterwards."""
    return Quantity(LONG[0], "tokens", digits=4)


def incident_cap(lab: Lab) -> Quantity:
    """Tokens at which answers are cut off in the mend."""
    return Quantity(CAP, "tokens", digits=4)


#: scrapes before the moment, and those of the last minute
_BEFORE, _LAST = int(BEFORE_S / WINDOW_S), int(60.0 / WINDOW_S)


def incident_rate_before(lab: Lab) -> Quantity:
    """Tokens generated a second, in the minute before."""
    return Quantity(sum(_shown(incident(lab), "Tokens generated")[:_BEFORE]) / _BEFORE, "tok/s")


def incident_rate_after(lab: Lab) -> Quantity:
    """The same in the last minute."""
    return Quantity(sum(_shown(incident(lab), "Tokens generated")[-_LAST:]) / _LAST, "tok/s")


def incident_finished_before(lab: Lab) -> Quantity:
    """Requests finished a second, in the minute before."""
    return Quantity(sum(_shown(incident(lab), "Requests finished")[:_BEFORE]) / _BEFORE, "requests/s", digits=2)


def incident_finished_after(lab: Lab) -> Quantity:
    """The same in the last minute."""
    return Quantity(sum(_shown(incident(lab), "Requests finished")[-_LAST:]) / _LAST, "requests/s", digits=2)


def incident_running(lab: Lab) -> Quantity:
    """Requests running at the last scrape."""
    return Quantity(_shown(incident(lab), "Requests running")[-1], "requests")


def longer_answers_fill_the_cache(lab: Lab) -> bool:
    """Claim: nobody waits before, the cache is full and many wait at the end, more is written and no more requests finish than
    before, and the mend empties the queue.
    """
    seen, mended = incident(lab), incident_mended(lab)
    waiting, well = _shown(seen, "Requests waiting"), _shown(mended, "Requests waiting", compare=True)
    return (
        max(waiting[:_BEFORE]) < 3
        and min(_shown(seen, "KV cache in use")[-_LAST:]) > 94
        and waiting[-1] > 20
        and well[-1] < 0.3 * waiting[-1]
        and float(incident_rate_after(lab)) > 1.2 * float(incident_rate_before(lab))
        and float(incident_finished_after(lab)) < float(incident_finished_before(lab))
    )
