"""Alarms on the freeze of the run, tried on its counters as Prometheus would: how long each is true, and what a gauge of the queue tells.

Prometheus takes the samples later than a range's start, its end included; rate() and increase() need two of them. Before that,
they are nothing, and an alarm on nothing is silent.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_08.incident import EVERY_S
from lessonlib.course.lesson_08.service_run import OPEN_S, service_run
from lessonlib.roofline import Lab

#: seconds between scrapes of a quick and a usual set-up
QUICK_S, USUAL_S = EVERY_S, 30.0
#: seconds that the two alarms look back
SHORT_S, LONG_S = 30.0, 300.0
#: a first token later than this is late: a bound of vLLM's buckets, seconds
LATE_S = 10.0
#: how often an alarm is looked at, seconds
_LOOKS_S = 1.0


def _begin(lab: Lab) -> float:
    return float(service_run(lab).result.requests["arrival_s"].min())


def _true_for(lab: Lab, every_s: float, window_s: float, count: Callable[[float], float], *, moved: bool) -> float:
    """Seconds of the run in which a counter, scraped every so often, has moved (or has not) over a window."""
    begin = _begin(lab)
    samples = [(turn * every_s, count(begin + turn * every_s)) for turn in range(1, int(OPEN_S / every_s) + 1)]
    seconds = 0.0
    for look in range(1, int(OPEN_S / _LOOKS_S)):
        inside = [value for at, value in samples if look - window_s < at <= look]
        if len(inside) > 1 and (inside[-1] > inside[0]) == moved:
            seconds += _LOOKS_S
    return seconds


@lru_cache(maxsize=32)
def _standing_still(lab: Lab, every_s: float) -> float:
    """rate(vllm:generation_tokens_total[30s]) == 0."""
    tokens = service_run(lab).telemetry.counters["vllm:generation_tokens"]
    return _true_for(lab, every_s, SHORT_S, tokens.total, moved=False)


@lru_cache(maxsize=32)
def _late_firsts(lab: Lab, every_s: float) -> float:
    """increase(...first token later than 10 s...[5m]) >= 1."""
    waits = service_run(lab).telemetry.histograms["vllm:time_to_first_token_seconds"]

    def late(until: float) -> float:
        return float((waits.values(float("-inf"), until) > LATE_S).sum())

    return _true_for(lab, every_s, LONG_S, late, moved=True)


def alarm_at_10(lab: Lab) -> Quantity:
    """How long the counter of tokens stands still over 30 s, scraped every 10."""
    return Quantity(_standing_still(lab, QUICK_S), "s")


def alarm_at_30(lab: Lab) -> Quantity:
    """The same, scraped every 30 s: never, as one sample is no rate."""
    return Quantity(_standing_still(lab, USUAL_S), "s")


def late_alarm_at_10(lab: Lab) -> Quantity:
    """How long the last five minutes hold a late first token, scraped every 10 s."""
    return Quantity(_late_firsts(lab, QUICK_S), "s")


def late_alarm_at_30(lab: Lab) -> Quantity:
    """The same, scraped every 30 s."""
    return Quantity(_late_firsts(lab, USUAL_S), "s")


# --- the gauge of the queue


@lru_cache(maxsize=32)
def _waiting(lab: Lab) -> tuple[float, ...]:
    told, begin = service_run(lab).telemetry, _begin(lab)
    return tuple(
        told.gauges(begin + turn * EVERY_S)["vllm:num_requests_waiting"] for turn in range(1, int(OPEN_S / EVERY_S) + 1)
    )


def gauge_scrapes(lab: Lab) -> int:
    """Scrapes of the whole run, one every ten seconds."""
    return len(_waiting(lab))


def waiting_by_gauge(lab: Lab) -> Quantity:
    """Mean of vllm:num_requests_waiting over them."""
    return Quantity(sum(_waiting(lab)) / len(_waiting(lab)), "requests", digits=2)


def an_alarm_on_a_short_window_is_luck(lab: Lab) -> bool:
    """Scraped every 10 s it is true for a moment, every 30 s never; late first tokens are seen for minutes with either."""
    late = min(float(late_alarm_at_10(lab)), float(late_alarm_at_30(lab)))
    return 0 < float(alarm_at_10(lab)) <= EVERY_S and float(alarm_at_30(lab)) == 0 and late > LONG_S / 2
