"""One request of the small trace, picked to be drawn: its wait, its prefill and its answer are all long enough to be seen."""

from __future__ import annotations

import math
from functools import lru_cache

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_08.small_trace import TracedRequest, mean, percentile, small_trace
from lessonlib.roofline import Lab


@lru_cache(maxsize=32)
def _shown(lab: Lab) -> TracedRequest:
    """A request that waits, is read and is answered, each long enough to be seen, and that gives no answer away."""
    waits = [request.ttft for request in small_trace(lab).requests]
    taken = [mean(waits), percentile(waits, 99), mean(request.end_to_end for request in small_trace(lab).requests)]

    def unlike(request: TracedRequest) -> float:
        parts = ((request.started - request.arrived, 0.28), (request.first - request.started, 0.24))
        clash = any(0.85 < value / known < 1.18 for value in (request.ttft, request.end_to_end) for known in taken)
        return sum(abs(math.log(max(seconds / request.end_to_end, 1e-3) / wanted)) for seconds, wanted in parts) + clash

    return min(small_trace(lab).requests, key=unlike)


def shown_wait(lab: Lab) -> Quantity:
    return Quantity(_shown(lab).started - _shown(lab).arrived, "s")


def shown_prefill(lab: Lab) -> Quantity:
    return Quantity(_shown(lab).first - _shown(lab).started, "s")


def shown_first(lab: Lab) -> Quantity:
    return Quantity(_shown(lab).ttft, "s")


def shown_end(lab: Lab) -> Quantity:
    return Quantity(_shown(lab).end_to_end, "s")


def shown_tokens(lab: Lab) -> Quantity:
    return Quantity(_shown(lab).answer, "tokens", digits=4)


def shown_gap(lab: Lab) -> Quantity:
    """Mean gap between its tokens."""
    return Quantity((_shown(lab).last - _shown(lab).first) / (_shown(lab).answer - 1), "s")


def shown_wait_share(lab: Lab) -> float:
    return float(shown_wait(lab)) / float(shown_end(lab))


def shown_prefill_share(lab: Lab) -> float:
    return float(shown_prefill(lab)) / float(shown_end(lab))
