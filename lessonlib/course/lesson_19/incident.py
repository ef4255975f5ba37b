"""On call: a morning's upgrade renames a metric, the scaler's query has no result, and KEDA reads that as 0.

Two replicas carry 1.5 times what one carries. The lab's own numbers, at the speed that the engine expects.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from lessonlib.base.quantity import Quantity
from lessonlib.base.versions import vllm
from lessonlib.course.lesson_19.jump import START_S
from lessonlib.course.lesson_19.service import SCHEDULER, carried, requests_of
from lessonlib.course.shared.run_monitor import monitor_of
from lessonlib.draw.monitor import Chart, LogLine, Mark, Monitor, written
from lessonlib.roofline import Lab, System
from lessonlib.serving import Autoscaler, Fleet, Poisson, Result, simulate

_BEGINS, _FROM_S, _END_S, _EVERY_S = "11:47", 60.0, 780.0, 20.0
#: when the last old pod is gone, the window of the scaler, traffic over what a replica carries, replicas
_LOST_S, _WINDOW_S, _RATE, REPLICAS = 180.0, 300.0, 1.5, 2
_LOOK_S = 15.0


@lru_cache(maxsize=32)
def noon(system: System, lost: bool) -> Result:
    """From 11:47 to noon; with the query lost, or with an error in its place, which leaves the fleet as it is."""
    rate = _RATE * carried(system)
    requests = requests_of(int(1.1 * rate * _END_S), Poisson(rate), 8)
    if not lost:
        return simulate(system, requests, SCHEDULER, Fleet(REPLICAS), limit_s=_END_S + _EVERY_S)
    # The target is so low that two are always wanted, and there are no more GPUs.
    scaler = Autoscaler("kv", 0.02, 1, REPLICAS, _LOOK_S, START_S, _WINDOW_S, signal_lost_at_s=_LOST_S)
    return simulate(system, requests, SCHEDULER, Fleet(REPLICAS, autoscaler=scaler), limit_s=_END_S + _EVERY_S)


def _ready(run: Result, times: list[float]) -> list[float | None]:
    return [float([count for when, count in run.replicas if when <= at][-1]) for at in times]


def _came(run: Result, times: list[float]) -> list[float | None]:
    counts, _ = np.histogram(run.requests["arrival_s"], [times[0] - _EVERY_S, *times])
    return [float(each) for each in counts / _EVERY_S]


@lru_cache(maxsize=16)
def _monitor(system: System, mended: bool) -> Monitor:
    run = noon(system, True)
    other = noon(system, False) if mended else None
    drawn = monitor_of(
        run,
        charts=("running", "waiting", "kv_usage", "ttft_mean")
        if mended
        else ("running", "waiting", "kv_usage", "generation_tokens", "ttft_mean"),
        from_s=_FROM_S,
        until_s=_END_S,
        window_s=_EVERY_S,
        begins=_BEGINS,
        mend=other,
        log=False,
    )
    times = list(drawn.times)
    ready = Chart(
        "Replicas ready",
        'kube_deployment_status_replicas_ready{deployment="chat"}',
        _ready(run, times),
        "",
        _ready(other, times) if other else (),
        REPLICAS + 1.0,
    )
    came = Chart("Requests that come", f"rate(envoy_cluster_upstream_rq_total[{_EVERY_S:g}s])", _came(run, times), "/s")
    charts = [ready, *drawn.charts] if mended else [came, ready, *drawn.charts]
    gone = next(when for when, count in run.replicas if count < REPLICAS)
    finding = "" if mended else _finding(charts)
    return Monitor(
        finding or drawn.finding,
        times,
        charts,
        _BEGINS,
        _FROM_S,
        () if mended else _log(gone),
        [Mark(_LOST_S, "upgrade done")],
        () if mended else ("Time to first token above 10 s (mean, 1 min)",),
        drawn.compare,
    )


def _log(gone: float) -> list[LogLine]:
    """Events of the cluster that somebody would look at."""
    return [
        LogLine(_LOST_S - 90, "deployment-controller  ScalingReplicaSet  Scaled up replica set chat-6f7c to 2 from 1"),
        LogLine(_LOST_S, "deployment-controller  ScalingReplicaSet  Scaled down replica set chat-5d9b to 0 from 1"),
        LogLine(gone, "horizontal-pod-autoscaler  SuccessfulRescale  New size: 1; reason: All metrics below target"),
        LogLine(gone + 2, "deployment-controller  ScalingReplicaSet  Scaled down replica set chat-6f7c to 1 from 2"),
    ]


def _finding(charts: list[Chart]) -> str:
    """First, highest and last of each chart, and nothing about why."""
    told = []
    for chart in charts:
        known = [value for value in chart.values if value is not None]
        first, most, last = (written(value, chart.unit) for value in (known[0], max(known), known[-1]))
        told.append(f"“{chart.title}” {first}, at most {most}, at the end {last}")
    return f"From 11:48 to 12:00: {'; '.join(told)}."


def noon_without_query(lab: Lab) -> Monitor:
    """As it was."""
    return _monitor(lab.system, False)


def noon_with_error(lab: Lab) -> Monitor:
    """With a query that fails in place of one that is empty, beside it."""
    return _monitor(lab.system, True)


def _last_first_token(lab: Lab, lost: bool) -> Quantity:
    """Median wait of those who got their first token in the last two minutes."""
    rows = noon(lab.system, lost).requests
    late = rows["arrival_s"] + rows["ttft_s"] > _END_S - 120
    return Quantity(float(np.median(rows["ttft_s"][late])), "s", digits=2)


def first_token_without_query(lab: Lab) -> Quantity:
    return _last_first_token(lab, True)


def first_token_with_error(lab: Lab) -> Quantity:
    return _last_first_token(lab, False)


def query_is_lost(lab: Lab) -> bool:
    """Two replicas until the window is over, then one, and waits that are far longer; the cache was never empty."""
    sizes = [count for _, count in noon(lab.system, True).replicas]
    return sizes == [2, 1] and float(first_token_without_query(lab)) > 10 * float(first_token_with_error(lab))


def earlier_cache_gauge(lab: Lab) -> str:
    """What vLLM called its gauge of the cache before."""
    return vllm().metric("kv_cache_usage_perc").earlier[0]
