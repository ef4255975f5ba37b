"""The incident: a canary with few users promised much of 4-bit weights, and noon does not keep it; and the same noon in W8A8.

One replica of the example. A quiet stretch, then more requests a second than weights in 4 bits can take, and fewer than 16 bits can.
"""

from __future__ import annotations

import math
from functools import lru_cache

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_14.formats import WEIGHTS_ONLY, both_narrow, step_of, weighed, weights_lab
from lessonlib.course.shared.run_monitor import monitor_of
from lessonlib.draw.monitor import Monitor
from lessonlib.roofline import Lab, System
from lessonlib.serving import LogNormal, Poisson, Result, Scheduler, Trace, Workload, simulate

#: mean tokens of prompts and answers; tokens of a step, as lesson 12 would set them
PROMPT, ANSWER, BUDGET = 3000, 150, 2048
#: arrivals over what the server in 16 bits takes when never idle: before noon, and at noon
QUIET, NOON = 0.08, 0.9
#: seconds between scrapes, scrapes that are drawn, and after how many noon begins
EVERY_S, SCRAPES, BEFORE = 10.0, 18, 5
#: requests in a step of the canary; replicas, and how much of what it takes each is to get at most
CANARY, REPLICAS, AT_MOST = 2, 10, 0.75


def _scheduler() -> Scheduler:
    return Scheduler(max_num_seqs=256, max_num_batched_tokens=BUDGET, prefix_caching=False)


def _lengths() -> tuple[LogNormal, LogNormal]:
    return LogNormal(PROMPT, 0.4), LogNormal(ANSWER, 0.5)


@lru_cache(maxsize=32)
def _capacity(system: System) -> float:
    """Requests a second, never idle."""
    drawn = Workload(400, *_lengths(), Poisson(1.0), seed=6)
    at_once = Trace(tuple(one._replace(arrival_s=0.0) for one in drawn), "never idle")
    return simulate(system, at_once, _scheduler(), record="summary").requests_per_s


@lru_cache(maxsize=8)
def _requests(lab: Lab) -> Trace:
    takes, turn, ends = _capacity(weighed(lab)), EVERY_S * BEFORE, EVERY_S * SCRAPES
    quiet = Workload(max(2, int(QUIET * takes * turn)), *_lengths(), Poisson(QUIET * takes), seed=7)
    noon = Workload(int(1.3 * NOON * takes * (ends - turn)) + 1, *_lengths(), Poisson(NOON * takes), seed=8)
    sent = [one for one in quiet if one.arrival_s < turn]
    sent += [one._replace(arrival_s=one.arrival_s + turn) for one in noon if one.arrival_s + turn < ends]
    return Trace(tuple(sent), "a canary's morning and noon")


@lru_cache(maxsize=16)
def noon_in(lab: Lab, weights: str) -> Result:
    """The minutes with weights in this format."""
    return simulate(weighed(lab, weights), _requests(lab), _scheduler())


_CHARTS = ("running", "waiting", "kv_usage", "ttft_p50", "itl_mean", "generation_tokens", "gpu_busy")


@lru_cache(maxsize=16)
def _monitor(lab: Lab, mended: bool) -> Monitor:
    return monitor_of(
        noon_in(lab, WEIGHTS_ONLY),
        charts=("running", "waiting", "ttft_p50", "itl_mean", "generation_tokens") if mended else _CHARTS,
        from_s=0.0,
        until_s=EVERY_S * SCRAPES,
        window_s=EVERY_S,
        begins="11:59",
        mend=noon_in(lab, both_narrow(weights_lab(lab))) if mended else None,
        log=not mended,
        alerts=() if mended else ("Time to first token above 2 s (median, 2 min)",),
    )


def noon_monitor(lab: Lab) -> Monitor:
    """With weights in 4 bits."""
    return _monitor(lab, False)


def noon_monitor_mended(lab: Lab) -> Monitor:
    """With weights and vectors in 8 bits beside it."""
    return _monitor(lab, True)


def canary_gap_before(lab: Lab) -> Quantity:
    """A decode step of the canary's two requests in 16 bits."""
    return Quantity(step_of(weighed(lab), CANARY, PROMPT).expected_s, "s")


def canary_gap_after(lab: Lab) -> Quantity:
    """With weights in 4 bits."""
    return Quantity(step_of(weighed(lab, WEIGHTS_ONLY), CANARY, PROMPT).expected_s, "s")


def takes_in_16(lab: Lab) -> Quantity:
    """Requests a second that one replica takes when never idle."""
    return Quantity(_capacity(weighed(lab)), "requests/s")


def takes_in_4(lab: Lab) -> Quantity:
    return Quantity(_capacity(weighed(lab, WEIGHTS_ONLY)), "requests/s")


def takes_w8a8(lab: Lab) -> Quantity:
    return Quantity(_capacity(weighed(lab, both_narrow(weights_lab(lab)))), "requests/s")


def canary_noon_rate(lab: Lab) -> Quantity:
    """Requests a second that come at noon."""
    return Quantity(NOON * _capacity(weighed(lab)), "requests/s")


def takes_in_4_less(lab: Lab) -> Quantity:
    """By how many per cent less than in 16 bits."""
    return Quantity(100 * (1 - float(takes_in_4(lab)) / float(takes_in_16(lab))), "%", digits=2)


def replicas_today(lab: Lab) -> int:
    return REPLICAS


def noon_to_all(lab: Lab) -> Quantity:
    """Requests a second that come to all replicas at noon."""
    return Quantity(REPLICAS * float(canary_noon_rate(lab)), "requests/s")


def _replicas(lab: Lab, takes: float) -> Quantity:
    """So many that each gets no more than three quarters of what it takes."""
    return Quantity(math.ceil(float(noon_to_all(lab)) / (AT_MOST * takes)), "replicas")


def replicas_in_4(lab: Lab) -> Quantity:
    return _replicas(lab, float(takes_in_4(lab)))


def replicas_in_16(lab: Lab) -> Quantity:
    return _replicas(lab, float(takes_in_16(lab)))


def replicas_w8a8(lab: Lab) -> Quantity:
    return _replicas(lab, float(takes_w8a8(lab)))


def replicas_by_canary(lab: Lab) -> Quantity:
    """As if a full replica gained what the canary gained."""
    return _replicas(lab, float(takes_in_16(lab)) * float(canary_gap_before(lab)) / float(canary_gap_after(lab)))


def noon_cache(lab: Lab) -> Quantity:
    """The most of the cache that is ever in use."""
    return Quantity(100 * noon_in(lab, WEIGHTS_ONLY).kv_peak, "%", digits=2)


def _late_s(lab: Lab, weights: str) -> float:
    """Median first token of who came in the last minute."""
    rows = noon_in(lab, weights).requests
    late = sorted(rows["ttft_s"][rows["arrival_s"] > EVERY_S * SCRAPES - 60])
    return float(late[len(late) // 2])


def _late_wait(lab: Lab, weights: str) -> Quantity:
    return Quantity(_late_s(lab, weights), "s")


def late_wait_in_4(lab: Lab) -> Quantity:
    return _late_wait(lab, WEIGHTS_ONLY)


def late_wait_w8a8(lab: Lab) -> Quantity:
    return _late_wait(lab, both_narrow(weights_lab(lab)))


def w8a8_takes_noon(lab: Lab) -> bool:
    """The 4-bit server falls behind with cache to spare, those in 16 bits and in W8A8 do not; each is to get three quarters, so as many
    replicas as are there would do in W8A8 alone, and in 16 bits it takes fewer than in 4.
    """
    noon, wide, four, eight = (float(each(lab)) for each in (canary_noon_rate, takes_in_16, takes_in_4, takes_w8a8))
    waits = [_late_s(lab, weights) for weights in ("bf16", WEIGHTS_ONLY, both_narrow(weights_lab(lab)))]
    replicas = [float(each(lab)) for each in (replicas_w8a8, replicas_in_16, replicas_in_4)]
    return (
        noon > 1.1 * four
        and noon < wide < eight
        and waits[1] > 3 * max(waits[0], waits[2])
        and replicas[0] <= REPLICAS < replicas[1] < replicas[2] - 2
        and float(noon_cache(lab)) < 85
    )
