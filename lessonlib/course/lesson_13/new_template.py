"""An incident: from one moment on nothing that was cached is found any more, with the traffic as it was.

An open loop through the lab's server: all prompts share their beginning, until a release puts a line in front that is another
one in every request. Simulated once for each lab at vLLM's defaults and the engine's expected step times.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_13.services import served
from lessonlib.course.shared.run_monitor import monitor_of
from lessonlib.draw.monitor import Mark, Monitor, clock
from lessonlib.roofline import Lab
from lessonlib.serving import LogNormal, Poisson, Request, Result, Scheduler, Sharing, Trace, Workload, simulate

SEED = 1_403
#: tokens of a prompt's beginning that all share (eight pages of the default lab), of its own, and of an answer
SHARED, OWN, ANSWER = 6_272, 700, 120
#: users of the closed loop that says what the server bears without hits, and requests come at so much of that
USERS, LOAD = 16, 0.9
#: seconds left out at the start, before and after the moment, and after it until the line stands at the end
WARM_S, BEFORE_S, AFTER_S, MENDED_S = 60.0, 60.0, 180.0, 90.0
MOMENT_S, END_S = WARM_S + BEFORE_S, WARM_S + BEFORE_S + AFTER_S
BEGINS, WINDOW_S = "14:01", 15.0


@lru_cache(maxsize=32)
def incident_requests_rate(lab: Lab) -> float:
    """Requests a second: a little less than the server bears without any hit."""
    return LOAD * served(lab, SHARED, OWN, ANSWER, USERS, False).requests_per_s


@lru_cache(maxsize=32)
def template_run(lab: Lab, *, mended: bool = False) -> Result:
    """The run; with the mend, the line goes behind everything that is shared after a while."""
    rate = incident_requests_rate(lab)
    work = Workload(
        int(1.2 * rate * (END_S + WINDOW_S)) + 20,
        LogNormal(SHARED + OWN, 0.02, SHARED + OWN // 2),
        LogNormal(ANSWER, 0.5),
        Poisson(rate),
        Sharing(system_tokens=SHARED),
        seed=SEED,
    )
    came = [request for request in work if request.arrival_s < END_S + WINDOW_S]
    # The charts count from the first arrival; so does the moment, or a scrape on it would tell of what comes after.
    moment = came[0].arrival_s + MOMENT_S
    until = moment + (MENDED_S if mended else AFTER_S + WINDOW_S)
    sent = [_with_a_line(one) if moment <= one.arrival_s < until else one for one in came]
    return simulate(lab.system, Trace(tuple(sent), "a new template"), Scheduler(), limit_s=END_S + WINDOW_S)


def _with_a_line(request: Request) -> Request:
    """The same prompt, with a first line that no other has."""
    return request._replace(prefix=())


CHARTS = ("ttft_mean", "prefix_hits", "prompt_tokens", "generation_tokens", "running", "itl_mean")
MENDED_CHARTS = ("ttft_mean", "prefix_hits", "running", "itl_mean")


def template_incident(lab: Lab) -> Monitor:
    """Six charts, a minute before the moment and some after it."""
    return _incident(lab)


def _seen(lab: Lab, mended: bool, charts: tuple[str, ...]) -> Monitor:
    return monitor_of(
        template_run(lab, mended=mended),
        charts=charts,
        from_s=WARM_S,
        until_s=END_S,
        window_s=WINDOW_S,
        begins=BEGINS,
        log=False,
    )


@lru_cache(maxsize=32)
def _incident(lab: Lab) -> Monitor:
    return _seen(lab, False, CHARTS)


def template_mended(lab: Lab) -> Monitor:
    """Four of the charts, beside the run in which the line has gone to the end."""
    return _mended(lab)


@lru_cache(maxsize=32)
def _mended(lab: Lab) -> Monitor:
    seen, mended = _incident(lab), _seen(lab, True, MENDED_CHARTS)
    # Both runs together are one call of monitor_of; this way the first one's telemetry is worked out once.
    charts = [replace(seen.chart(chart.title), compare=chart.values) for chart in mended.charts]
    first, well = charts[0].values[-1] or 0.0, charts[0].compare[-1] or 0.0
    return replace(
        seen,
        charts=charts,
        marks=(Mark(MOMENT_S + MENDED_S, "moved"),),
        finding=f"With the line moved at {clock(BEGINS, MOMENT_S + MENDED_S)}, the mean first token is back at {Quantity(well, 's')} by "
        f"{clock(BEGINS, END_S)}; without, it is {Quantity(first, 's')}.",
    )


_BEFORE, _LAST = int(BEFORE_S / WINDOW_S), int(60.0 / WINDOW_S)


def _mean(lab: Lab, title: str, last: bool) -> float:
    values = [value or 0.0 for value in _incident(lab).chart(title).values]
    chosen = values[-_LAST:] if last else values[:_BEFORE]
    return sum(chosen) / len(chosen)


def template_first_before(lab: Lab) -> Quantity:
    """Mean time to first token, in the minute before."""
    return Quantity(_mean(lab, "Time to first token, mean", False), "s")


def template_first_after(lab: Lab) -> Quantity:
    """The same in the last minute."""
    return Quantity(_mean(lab, "Time to first token, mean", True), "s")


def template_prompts_before(lab: Lab) -> Quantity:
    """Prompt tokens a second, found ones too, in the minute before."""
    return Quantity(_mean(lab, "Prompt tokens", False), "tok/s", digits=2)


def template_prompts_after(lab: Lab) -> Quantity:
    return Quantity(_mean(lab, "Prompt tokens", True), "tok/s", digits=2)


def template_hits_before(lab: Lab) -> Quantity:
    """Share of prompt tokens found, in the minute before."""
    return Quantity(_mean(lab, "Prompt tokens found in the cache", False), "%", digits=2)


def template_shared(lab: Lab) -> Quantity:
    return Quantity(SHARED, "tokens", digits=4)


def template_window(lab: Lab) -> Quantity:
    """Seconds that each value of the charts covers."""
    return Quantity(WINDOW_S, "s", digits=2)


def one_line_costs_the_hits(lab: Lab) -> bool:
    """Claim: as many prompt tokens come as before within a fifth, nearly none is found from the moment on, the first token takes twice as
    long or more, and the mend brings both back.
    """
    seen, mended = _incident(lab), _mended(lab)
    hits = [value or 0.0 for value in seen.chart("Prompt tokens found in the cache").values]
    again = [value or 0.0 for value in mended.chart("Prompt tokens found in the cache").compare]
    first = [value or 0.0 for value in mended.chart("Time to first token, mean").compare]
    came = float(template_prompts_after(lab)) / float(template_prompts_before(lab))
    return (
        min(hits[:_BEFORE]) > 80
        and max(hits[_BEFORE + 1 :]) < 5
        and 0.8 < came < 1.25
        and float(template_first_after(lab)) > 2 * float(template_first_before(lab))
        and again[-1] > 80
        and first[-1] < 2 * float(template_first_before(lab))
    )
