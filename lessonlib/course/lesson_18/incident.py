"""An incident: one pod of four shares its GPUs and runs at half speed, prompts and tokens alike, behind a router that counts requests in flight, and what is left when it is taken out.

The same requests three times: as yesterday, with the slow pod, and with three pods. Simulated once for each lab at vLLM's defaults
and the engine's expected step times.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise

import numpy as np

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_18.traffic import (
    REPLICAS,
    SLOW,
    SPEED,
    arrivals_at,
    carried_rate,
    one_replica_carries,
    work,
)
from lessonlib.draw.monitor import Chart, Monitor
from lessonlib.roofline import Lab
from lessonlib.serving import Fleet, Result, Scheduler, Telemetry, simulate
from lessonlib.serving.results.quantiles import percentile

_SEED = 189
#: share of what four healthy pods carry
QUIET_LOAD = 0.55
#: seconds left out at the start, seconds shown, and of a window
WARM_S, SHOWN_S, WINDOW_S = 20.0, 100.0, 10.0
BEGINS = "10:20"
ALERT = "p99 of the time to first token is {} times that of yesterday (ticket)"


@lru_cache(maxsize=96)
def morning(lab: Lab, slow: bool, pods: int = REPLICAS) -> Result:
    """The requests of one morning behind a router by requests in flight."""
    count = int(QUIET_LOAD * REPLICAS * carried_rate(lab) * (WARM_S + SHOWN_S))
    fleet = Fleet(pods, "least-requests", slow={SLOW: 1 / SPEED} if slow else {})
    return simulate(lab.system, work(count, arrivals_at(lab, QUIET_LOAD), _SEED), Scheduler(), fleet)


#: (telemetry of each pod, seconds of the scrape before, of this one) -> value
_At = Callable[[list[Telemetry], float, float], float]


def _over_pods(name: str, pick: Callable[[list[float]], float]) -> _At:
    return lambda pods, _, until: pick([pod.gauges(until)[name] for pod in pods])


def _rate(name: str) -> _At:
    return lambda pods, after, until: (
        sum(pod.counters[name].total(until) - pod.counters[name].total(after) for pod in pods) / (until - after)
    )


def _first_token(level: float) -> _At:
    def at(pods: list[Telemetry], after: float, until: float) -> float:
        seen = [pod.histograms["vllm:time_to_first_token_seconds"].values(after, until) for pod in pods]
        return percentile(np.concatenate(seen).tolist(), level)

    return at


#: title, query, unit, value
_CHARTS: tuple[tuple[str, str, str, _At], ...] = (
    ("Requests finished", "sum(rate(vllm:request_success_total[10s]))", "/s", _rate("vllm:request_success")),
    ("Prompt tokens", "sum(rate(vllm:prompt_tokens_total[10s]))", "tok/s", _rate("vllm:prompt_tokens")),
    ("Time to first token, p50", "at the gateway", "s", _first_token(50.0)),
    ("Time to first token, p99", "at the gateway", "s", _first_token(99.0)),
    ("Running, fullest pod", "max(vllm:num_requests_running)", "", _over_pods("vllm:num_requests_running", max)),
    ("Running, emptiest pod", "min(vllm:num_requests_running)", "", _over_pods("vllm:num_requests_running", min)),
    ("Waiting, all pods", "sum(vllm:num_requests_waiting)", "", _over_pods("vllm:num_requests_waiting", sum)),
)


def _values(result: Result) -> list[list[float]]:
    """A row for each chart: its value at each scrape."""
    begin = float(result.requests["arrival_s"].min())
    pods = [Telemetry(result, number) for number in range(result.settings["fleet"].replicas)]
    edges = begin + np.arange(WARM_S, WARM_S + SHOWN_S + 1.0, WINDOW_S)
    return [[at(pods, float(after), float(until)) for after, until in pairwise(edges)] for _, _, _, at in _CHARTS]


def _monitor(result: Result, beside: Result, compare: str, finding: str, alerts: tuple[str, ...]) -> Monitor:
    times = np.arange(WARM_S + WINDOW_S, WARM_S + SHOWN_S + 1.0, WINDOW_S)
    rows = zip(_CHARTS, _values(result), _values(beside), strict=True)
    charts = [Chart(title, query, values, unit, others) for (title, query, unit, _), values, others in rows]
    return Monitor(finding, times.tolist(), charts, BEGINS, WARM_S, (), (), alerts, compare)


@lru_cache(maxsize=32)
def slow_morning(lab: Lab) -> Monitor:
    """The morning, and the same requests a day before."""
    return _monitor(
        morning(lab, True),
        morning(lab, False),
        "yesterday",
        f"p99 of the time to first token is {morning_worst(lab)}, and was {yesterday_worst(lab)} yesterday; the median is {morning_median(lab)} after "
        f"{yesterday_median(lab)}.",
        (ALERT.format(worst_times(lab).bare),),
    )


@lru_cache(maxsize=32)
def three_pods(lab: Lab) -> Monitor:
    """The same morning without the slow pod."""
    return _monitor(
        morning(lab, True),
        morning(lab, False, REPLICAS - 1),
        "three pods",
        f"With three pods p99 of the time to first token is {three_worst(lab)} instead of {morning_worst(lab)}; a token comes every {three_token(lab)}.",
        (),
    )


def morning_rate(lab: Lab) -> Quantity:
    """Requests a second that come to all pods."""
    return Quantity(QUIET_LOAD * REPLICAS * one_replica_carries(lab).printed, "requests a second")


def _first(lab: Lab, level: float, slow: bool, pods: int = REPLICAS) -> Quantity:
    return Quantity(morning(lab, slow, pods).percentile("ttft_s", level), "s", digits=2)


def morning_worst(lab: Lab) -> Quantity:
    """p99 of the time to first token with the slow pod."""
    return _first(lab, 99.0, True)


def yesterday_worst(lab: Lab) -> Quantity:
    return _first(lab, 99.0, False)


def morning_median(lab: Lab) -> Quantity:
    return _first(lab, 50.0, True)


def yesterday_median(lab: Lab) -> Quantity:
    return _first(lab, 50.0, False)


def three_worst(lab: Lab) -> Quantity:
    """p99 with three pods, all healthy."""
    return _first(lab, 99.0, False, REPLICAS - 1)


def worst_times(lab: Lab) -> Quantity:
    """How many times yesterday's p99."""
    return Quantity(float(morning_worst(lab)) / float(yesterday_worst(lab)), "x", digits=2)


def _token(lab: Lab, slow: bool, pods: int, of: Callable[[int], bool]) -> Quantity:
    rows = morning(lab, slow, pods).requests
    mine = np.array([of(int(number)) for number in rows["replica"]])
    return Quantity(float(np.nanmean(rows["tpot_s"][mine])), "s")


def token_of_the_slow(lab: Lab) -> Quantity:
    """Mean time of a token of the answers that the slow pod writes."""
    return _token(lab, True, REPLICAS, lambda number: number == SLOW)


def token_of_the_others(lab: Lab) -> Quantity:
    return _token(lab, True, REPLICAS, lambda number: number != SLOW)


def three_token(lab: Lab) -> Quantity:
    """Mean time of a token with three pods."""
    return _token(lab, False, REPLICAS - 1, lambda number: number >= 0)


def share_of_the_slow(lab: Lab) -> Quantity:
    """Share of the requests that the slow pod gets."""
    return Quantity(100 * float((morning(lab, True).requests["replica"] == SLOW).mean()), "%", digits=2)


def running_at_the_slow(lab: Lab) -> Quantity:
    """Requests running at the slow pod, mean of the scrapes."""
    return _running(lab, [SLOW])


def running_at_the_others(lab: Lab) -> Quantity:
    """The same at one of the others."""
    return _running(lab, [number for number in range(REPLICAS) if number != SLOW])


def _running(lab: Lab, pods: list[int]) -> Quantity:
    result = morning(lab, True)
    begin = float(result.requests["arrival_s"].min())
    times = begin + np.arange(WARM_S, WARM_S + SHOWN_S + 1.0, 5.0)
    told = [Telemetry(result, number) for number in pods]
    values = [pod.gauges(float(at))["vllm:num_requests_running"] for pod in told for at in times]
    return Quantity(float(np.mean(values)), "requests", digits=2)


def counting_hides_the_slow(lab: Lab) -> bool:
    """Claim: behind the router that counts, the slow pod runs as many as the others within a fifth or one request, gets an eighth or so of all
    requests and writes at half the pace; p99 rises by a third or more, and three pods bring it down again.
    """
    slow, others = float(running_at_the_slow(lab)), float(running_at_the_others(lab))
    return (
        abs(slow - others) <= max(1.0, 0.2 * others)
        and 10 < float(share_of_the_slow(lab)) < 19
        and 1.6 < float(token_of_the_slow(lab)) / float(token_of_the_others(lab)) < 2.6
        and float(worst_times(lab)) > 1.3
        and float(three_worst(lab)) < 0.95 * float(morning_worst(lab))
        and float(morning_median(lab)) < 1.35 * float(yesterday_median(lab))
    )
