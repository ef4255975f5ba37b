"""The incident: more come than eight seats take, with everything else idle; and the same hour with more seats.

One run of a server that was left with few seats, on the requests of ``runs``, faster than those seats can serve.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_09.runs import CONTINUOUS, FEW, arriving, backlog, mean_lengths, scheduler
from lessonlib.course.shared.run_monitor import monitor_of
from lessonlib.draw.monitor import Monitor
from lessonlib.roofline import Lab
from lessonlib.serving import Result, Telemetry, Trace, simulate

#: arrivals as a share of what the few seats can take, and how many come
OVERLOAD, CAME = 1.2, 500
#: seats after the mend
MENDED = 64
#: the second at which somebody looks
LOOKED_AT_S = 60.0


def overload_rate(lab: Lab) -> float:
    """Requests a second, rounded."""
    return float(f"{OVERLOAD * backlog(lab, CONTINUOUS, FEW).requests_per_s:.2g}")


@lru_cache(maxsize=32)
def overloaded(lab: Lab, seats: int) -> Result:
    """The run with so many seats."""
    came = Trace(arriving(overload_rate(lab)).requests[:CAME], "promotion")
    return simulate(lab.system, came, scheduler(lab, CONTINUOUS, seats))


def arrivals_now(lab: Lab) -> Quantity:
    return Quantity(overload_rate(lab), "requests/s")


def seats_now(lab: Lab) -> int:
    return FEW


def seats_after(lab: Lab) -> int:
    return MENDED


def _first_token(lab: Lab, seats: int) -> Quantity:
    return Quantity(overloaded(lab, seats).percentile("ttft_s", 50), "s")


def incident_first_token(lab: Lab) -> Quantity:
    """Median time to first token."""
    return _first_token(lab, FEW)


def mended_first_token(lab: Lab) -> Quantity:
    return _first_token(lab, MENDED)


def incident_tokens(lab: Lab) -> Quantity:
    """Tokens a second in the time that is shown."""
    return Quantity(_mean(incident_monitor(lab).chart("Tokens generated").values), "tok/s")


def mended_tokens(lab: Lab) -> Quantity:
    return Quantity(_mean(mended_monitor(lab).chart("Tokens generated").compare), "tok/s")


def _mean(values: Sequence[float | None]) -> float:
    return float(np.mean([value or 0.0 for value in values]))


def incident_gap_p99(lab: Lab) -> Quantity:
    return Quantity(overloaded(lab, FEW).percentile("itl_s", 99), "s")


def mended_gap_p99(lab: Lab) -> Quantity:
    return Quantity(overloaded(lab, MENDED).percentile("itl_s", 99), "s")


def incident_cache(lab: Lab) -> Quantity:
    """The most of the KV cache that was ever in use."""
    return Quantity(100 * overloaded(lab, FEW).kv_peak, "%", digits=2)


def incident_busy(lab: Lab) -> Quantity:
    """The share of the time in which a step runs, which is what nvidia-smi calls utilisation."""
    result = overloaded(lab, FEW)
    return Quantity(100 * result.busy_s / result.simulated_s, "%", digits=2)


#: what the monitoring shows, and seconds between its scrapes
_CHARTS = ("ttft_p50", "waiting", "kv_usage", "gpu_busy", "generation_tokens", "running", "itl_p99")
_EVERY_S = 10.0


@lru_cache(maxsize=32)
def _monitor(lab: Lab, seats: int) -> Monitor:
    """From the first request to the last that comes, with the run of so many seats beside it if those are more."""
    mend = overloaded(lab, seats) if seats != FEW else None
    arrivals = overloaded(lab, FEW).requests["arrival_s"]
    until = (arrivals.max() - arrivals.min()) // _EVERY_S * _EVERY_S
    return monitor_of(
        overloaded(lab, FEW),
        charts=_CHARTS,
        from_s=0.0,
        until_s=float(until),
        window_s=_EVERY_S,
        mend=mend,
        log=mend is None,
        alerts=() if mend else ("Time to first token, p50, above 5 s (page)",),
    )


def incident_monitor(lab: Lab) -> Monitor:
    """The promotion, as the server with few seats meets it."""
    return _monitor(lab, FEW)


def mended_monitor(lab: Lab) -> Monitor:
    """The same requests with more seats beside it."""
    return _monitor(lab, MENDED)


# --- how many run with more seats


def mended_first_mean(lab: Lab) -> Quantity:
    """Mean seconds to the first token with more seats."""
    return Quantity(overloaded(lab, MENDED).mean("ttft_s"), "s")


def mended_gap_mean(lab: Lab) -> Quantity:
    """Mean seconds between two tokens with more seats."""
    return Quantity(overloaded(lab, MENDED).mean("itl_s"), "s")


def mended_stay(lab: Lab) -> Quantity:
    """Mean seconds from coming to the last token: nobody waits for a seat."""
    rows = overloaded(lab, MENDED).requests
    return Quantity(float((rows["finished_s"] - rows["arrival_s"]).mean()), "s", digits=3)


def mended_running(lab: Lab) -> Quantity:
    """Little's law: as many are inside as come a second, times the seconds that each stays."""
    return Quantity(overload_rate(lab) * float(mended_stay(lab)), "requests")


def mended_as_the_cap(lab: Lab) -> Quantity:
    """As if every seat were taken."""
    return Quantity(MENDED, "requests")


def mended_as_before(lab: Lab) -> Quantity:
    """As if no more could run than before."""
    return Quantity(FEW, "requests")


# --- the newcomer of the quiz


@lru_cache(maxsize=32)
def _waiting(lab: Lab) -> int:
    begin = float(overloaded(lab, FEW).requests["arrival_s"].min())
    return round(Telemetry(overloaded(lab, FEW)).gauges(begin + LOOKED_AT_S)["vllm:num_requests_waiting"])


def looked_at(lab: Lab) -> Quantity:
    return Quantity(LOOKED_AT_S, "s")


def waiting_then(lab: Lab) -> Quantity:
    """The gauge of waiting requests."""
    return Quantity(_waiting(lab), "requests")


def full_rate(lab: Lab) -> Quantity:
    """Tokens a second that the few seats make when all are taken."""
    return Quantity(backlog(lab, CONTINUOUS, FEW).throughput_tokens_per_s, "tok/s")


def answers_a_second(lab: Lab) -> Quantity:
    """Answers a second: tokens a second over the tokens of an answer."""
    return Quantity(float(full_rate(lab)) / mean_lengths()[1], "requests/s")


def newcomer_wait(lab: Lab) -> Quantity:
    """Little's law for the queue: those before you, over the answers a second."""
    return Quantity(_waiting(lab) / float(answers_a_second(lab)), "s", digits=2)


def newcomer_simulated(lab: Lab) -> Quantity:
    """What the request waited that came next after the look."""
    rows = overloaded(lab, FEW).requests
    place = int((rows["arrival_s"] > rows["arrival_s"].min() + LOOKED_AT_S).argmax())
    return Quantity(float(rows["queue_s"][place]), "s", digits=2)


def stay_then(lab: Lab) -> Quantity:
    """Seconds in a seat, on average."""
    rows = overloaded(lab, FEW).requests
    return Quantity(float((rows["finished_s"] - rows["started_s"]).mean()), "s")


def newcomer_in_line(lab: Lab) -> Quantity:
    """As if those before were served one after the other."""
    return Quantity(_waiting(lab) * float(stay_then(lab)), "s")


def newcomer_next(lab: Lab) -> Quantity:
    """As if the next seat were theirs."""
    return Quantity(1 / float(answers_a_second(lab)), "s")


def newcomer_in_tokens(lab: Lab) -> Quantity:
    return Quantity(_waiting(lab) / float(full_rate(lab)), "s")


# --- claims


def seats_end_it(lab: Lab) -> bool:
    """All but seats is left over: little cache in use, a queue that grows; and with more seats the wait is gone."""
    short = float(incident_cache(lab)) < 25 and float(incident_busy(lab)) > 97 and _waiting(lab) > 15
    mended = float(mended_first_token(lab)) < 0.2 * float(incident_first_token(lab))
    shown = _mean(mended_monitor(lab).chart("Requests running").compare)
    mended = mended and abs(float(mended_running(lab)) / shown - 1) < 0.2
    return short and mended and float(mended_tokens(lab)) > float(incident_tokens(lab))


def queue_follows_little(lab: Lab) -> bool:
    """The newcomer of the run waits as long as the sum says, to a quarter."""
    return abs(float(newcomer_wait(lab)) / float(newcomer_simulated(lab)) - 1) < 0.25
