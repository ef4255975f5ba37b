"""An incident in one fleet of a set, from its panels alone: the same hour a day before, and today with one thing wrong.

Requests of both days are the same but for what is wrong. Charts are of all replicas together, and of the slowest and the middle one where
they can differ.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from statistics import median

import numpy as np

from lessonlib.base.errors import LessonlibError
from lessonlib.base.quantity import Quantity
from lessonlib.course.checkpoint_3.fleets import FleetLab, Incident, fleet_of, fleet_pool
from lessonlib.course.checkpoint_3.judge import KEPT, mean_of, simulated, workload
from lessonlib.course.checkpoint_3.lines import Plan, read_plan
from lessonlib.draw.monitor import Chart, Monitor
from lessonlib.roofline import Lab
from lessonlib.serving import Request, Result, Trace
from lessonlib.serving.results.quantiles import percentile

#: What may be wrong: one replica is slow, the router's picker is away, answers are longer, another tenant's prompts come too.
CAUSES = ("slow", "picker", "longer", "tenant")
#: How much: a slow replica takes so many times as long; answers are so many times as long; the tenant brings so much more.
SLOWER, LONGER, TENANT = 2.0, 1.5, 0.35
_SEED, _TENANT_SEED = 31, 67
#: seconds left out at the start, seconds shown, and of a window
WARM_S, SHOWN_S, WINDOW_S = 20.0, 90.0, 10.0
_LASTS_S = WARM_S + SHOWN_S + WINDOW_S
BEGINS = "14:10"


@dataclass(frozen=True)
class Day:
    """The runs of the day before and of today, on the line that ran."""

    plan: Plan
    before: Result
    today: Result


def incident_fleet(lab: Lab) -> FleetLab:
    """The fleet whose incident it is; for any other lab the first of the pool that has one."""
    fleet = fleet_of(lab)
    return fleet if fleet.incident else next(each for each in fleet_pool() if each.incident)


@lru_cache(maxsize=8)
def day_of(fleet: FleetLab) -> Day:
    """Both runs. Raises LessonlibError for a cause that is none."""
    ill = fleet.incident
    if ill is None or ill.cause not in CAUSES:
        raise LessonlibError(f"{fleet.name}: no incident, or one of none of the causes {', '.join(CAUSES)}")
    plan = read_plan(fleet, ill.line)
    usual = plan.fleet(fleet)
    calm = Trace(_requests(fleet, ill, 1.0), fleet.name)
    before = simulated(fleet, plan, calm, usual)
    if ill.cause == "slow":
        return Day(plan, before, simulated(fleet, plan, calm, replace(usual, slow={plan.most - 1: SLOWER})))
    if ill.cause == "picker":
        return Day(plan, before, simulated(fleet, plan, calm, replace(usual, router_fails_at_s=0.0)))
    if ill.cause == "longer":
        return Day(plan, before, simulated(fleet, plan, Trace(_requests(fleet, ill, LONGER), fleet.name), usual))
    return Day(plan, before, simulated(fleet, plan, Trace(_with_tenant(fleet, ill), fleet.name), usual))


def _requests(fleet: FleetLab, ill: Incident, answers: float) -> tuple[Request, ...]:
    calm = replace(fleet, name=f"{fleet.name}-incident", swing=0.0, burst=1.0)
    return workload(calm, ill.share * fleet.rate, answers, _SEED, _LASTS_S)


def _with_tenant(fleet: FleetLab, ill: Incident) -> tuple[Request, ...]:
    """The usual requests, and between them those of another tenant: as long, each with a beginning of its own."""
    other = replace(fleet, name=f"{fleet.name}-tenant", swing=0.0, burst=1.0, shared=0, ways=1, turns=1)
    more = workload(other, TENANT * ill.share * fleet.rate, 1.0, _TENANT_SEED, _LASTS_S)
    return tuple(sorted([*_requests(fleet, ill, 1.0), *more], key=lambda each: each.arrival_s))


#: (rows of the requests of a window by arrival, seconds of it) -> value
_At = Callable[[dict[str, np.ndarray], float], float]


def _pace(pick: Callable[[list[float]], float]) -> _At:
    """Of the mean time of a token in each replica, the one that is picked."""

    def at(rows: dict[str, np.ndarray], _: float) -> float:
        found = [mean_of(rows["tpot_s"][rows["replica"] == number]) for number in np.unique(rows["replica"])]
        known = [one for one in found if np.isfinite(one)]
        return pick(known) if known else float("nan")

    return at


def _waited(level: float) -> _At:
    return lambda rows, _: percentile(rows["ttft_s"].tolist(), level) if rows["ttft_s"].size else float("nan")


#: title, query, unit, value
_CHARTS: tuple[tuple[str, str, str, _At], ...] = (
    ("Requests", "sum(rate(vllm:request_success_total[10s]))", "/s", lambda rows, lasts: len(rows["ttft_s"]) / lasts),
    ("Tokens of a prompt, mean", "vllm:request_prompt_tokens", "tokens", lambda rows, _: mean_of(rows["prompt"].astype(float))),
    ("Tokens of an answer, mean", "vllm:request_generation_tokens", "tokens", lambda rows, _: mean_of(rows["output"].astype(float))),
    ("Prompt tokens found in a cache", "vllm:prefix_cache_hits_total / vllm:prefix_cache_queries_total", "%", lambda rows, _: 100.0 * float(rows["cached"].sum()) / max(1.0, float(rows["prompt"].sum()))),
    ("Time of a token, slowest replica", "max by (pod)", "s", _pace(max)),
    ("Time of a token, middle replica", "quantile(0.5, by pod)", "s", _pace(median)),
    ("Time to first token, p50", "at the gateway", "s", _waited(50.0)),
    ("Time to first token, p99", "at the gateway", "s", _waited(99.0)),
)  # fmt: skip


def _values(result: Result) -> list[list[float]]:
    """A row for each chart: its value in each window, of the requests that came in it."""
    rows = result.requests
    came = rows["arrival_s"]
    edges = float(came.min()) + np.arange(WARM_S, WARM_S + SHOWN_S + 0.5, WINDOW_S)
    names = ("ttft_s", "tpot_s", "replica", "prompt", "output", "cached")
    windows = []
    for after, until in pairwise(edges):
        inside = (came >= after) & (came < until)
        windows.append({name: rows[name][inside] for name in names})
    return [[at(window, WINDOW_S) for window in windows] for *_, at in _CHARTS]


@lru_cache(maxsize=8)
def incident_panels(lab: Lab) -> Monitor:
    """Today, and as the dashed line the day before."""
    day = day_of(incident_fleet(lab))
    rows = zip(_CHARTS, _values(day.today), _values(day.before), strict=True)
    charts = [
        Chart(title, query, _drawn(values), unit, _drawn(others)) for (title, query, unit, _), values, others in rows
    ]
    times = np.arange(WARM_S + WINDOW_S, WARM_S + SHOWN_S + 0.5, WINDOW_S)
    finding = (
        f"{incident_good(lab)} of the requests keep both limits, after {incident_good_before(lab)} the day before; p99 of the time to first token is "
        f"{_p99(day.today)}, and was {_p99(day.before)}."
    )
    alert = f"Fewer than {100 * KEPT:.0f} % of the requests keep both limits (page)"
    return Monitor(finding, times.tolist(), charts, BEGINS, WARM_S, (), (), (alert,), "the day before")


def _drawn(values: list[float]) -> list[float | None]:
    return [value if np.isfinite(value) else None for value in values]


def incident_title(lab: Lab) -> str:
    return incident_fleet(lab).title


def incident_line(lab: Lab) -> str:
    """The line that ran."""
    ill = incident_fleet(lab).incident
    return ill.line if ill else ""


def incident_cause(lab: Lab) -> str:
    """What was wrong: one of CAUSES."""
    ill = incident_fleet(lab).incident
    return ill.cause if ill else ""


def _p99(result: Result) -> Quantity:
    return Quantity(result.percentile("ttft_s", 99), "s", digits=2)


def _good(fleet: FleetLab, result: Result) -> Quantity:
    return Quantity(100 * result.goodput(fleet.ttft_s, fleet.tpot_s)[1], "%", digits=2)


def incident_good(lab: Lab) -> Quantity:
    """Share of the requests that keep both limits today."""
    fleet = incident_fleet(lab)
    return _good(fleet, day_of(fleet).today)


def incident_good_before(lab: Lab) -> Quantity:
    """The same the day before."""
    fleet = incident_fleet(lab)
    return _good(fleet, day_of(fleet).before)


def _both(lab: Lab, place: int, unit: str) -> str:
    """The mean of a chart, the day before and today, in words."""
    day = day_of(incident_fleet(lab))
    before, today = (
        Quantity(float(np.nanmean(_values(one)[place])), unit, digits=2) for one in (day.before, day.today)
    )
    return f"{before} the day before, {today} today"


def incident_rates(lab: Lab) -> str:
    """Requests a second, both days."""
    return _both(lab, 0, "requests/s")


def incident_answers(lab: Lab) -> str:
    """Tokens of an answer, both days."""
    return _both(lab, 2, "tokens")


def incident_hits(lab: Lab) -> str:
    """Share of the prompt tokens that is found, both days."""
    return _both(lab, 3, "%")


def incident_slowest(lab: Lab) -> str:
    """Time of a token in the slowest replica, both days."""
    return _both(lab, 4, "s")


def incident_middle(lab: Lab) -> str:
    """The same in the middle one."""
    return _both(lab, 5, "s")
