"""Both rules on one traffic, fast enough for a slider: what rate, seats and the spread of answer lengths do to each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_09.runs import ANSWER, CONTINUOUS, FEW, PROMPT, STATIC, arrival_rate, scheduler
from lessonlib.draw.explored import Axis, Explored, Line, Point, Value
from lessonlib.roofline import Lab
from lessonlib.serving import LogNormal, Poisson, Result, Workload, simulate

REQUESTS, SEED = 120, 5
#: one request in so many waits longer than a curve says
ONE_IN = (2, 5, 10, 20, 50)
_RATES = (0.25, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0)
_SEATS = (1, 2, 4, 8, 16, 32, 64)
_SPREADS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5)


@dataclass(frozen=True)
class Served:
    """What one rule did: tokens a second, seconds to the first token that one in ONE_IN exceeds, p99 of the gaps; unbounded:
    more came than it took.
    """

    tokens_per_s: float
    first_s: tuple[float, ...]
    gap_p99_s: float
    unbounded: bool


@lru_cache(maxsize=512)
def served(lab: Lab, batching: str, rate: float, seats: int, spread: float) -> Served:
    """120 requests with random arrivals, their answers `spread` times their mean apart."""
    work = Workload(REQUESTS, LogNormal(*PROMPT), LogNormal(ANSWER[0], spread, *ANSWER[2:]), Poisson(rate), seed=SEED)
    result: Result = simulate(lab.system, work, scheduler(lab, batching, seats), record="summary")
    return Served(
        result.throughput_tokens_per_s,
        result.samples["ttft_s"].percentiles(tuple(100.0 - 100.0 / many for many in ONE_IN)),
        result.percentile("itl_s", 99),
        any("grows without bound" in warning for warning in result.warnings),
    )


def batching_seat_stops(lab: Lab) -> list[int]:
    """Seats."""
    return list(_SEATS)


def batching_seats_start(lab: Lab) -> int:
    return FEW


def spread_stops(lab: Lab) -> list[float]:
    """Standard deviation of the answers' lengths, as a share of their mean."""
    return list(_SPREADS)


def batching_rate_start(lab: Lab) -> float:
    return arrival_rate(lab)


def batching_rate_stops(lab: Lab) -> list[float]:
    """Round rates, and that of the run with arrivals."""
    return sorted({*_RATES, arrival_rate(lab)})


def explore_batching(lab: Lab, *, rate: float, seats: int, spread: float) -> Explored:
    """Time to first token that one request in 2, 5, ... exceeds, under both rules."""
    static, continuous = (served(lab, batching, rate, seats, spread) for batching in (STATIC, CONTINUOUS))
    waits = [Quantity(one.first_s[0], "s") for one in (static, continuous)]
    rates = [Quantity(one.tokens_per_s, "tok/s") for one in (static, continuous)]
    gaps = [Quantity(one.gap_p99_s, "s") for one in (static, continuous)]
    notes = ["✕ the queue grows without end" if one.unbounded else "expected" for one in (static, continuous)]
    return Explored(
        finding=f"Half have their first token within {waits[0]} under static batching and {waits[1]} under continuous; "
        f"{rates[0]} and {rates[1]} are written, and 99 gaps in 100 are below {gaps[0]} and {gaps[1]}.",
        values=[
            Value("static_first", "First token, p50, static", waits[0], notes[0]),
            Value("continuous_first", "First token, p50, continuous", waits[1], notes[1]),
            Value("static_tokens", "All answers, static", rates[0], "expected"),
            Value("continuous_tokens", "All answers, continuous", rates[1], "expected"),
            Value("static_gap", "Gap, p99, static", gaps[0], "expected"),
            Value("continuous_gap", "Gap, p99, continuous", gaps[1], "expected"),
        ],
        x=Axis("one request in so many", log=True, low=ONE_IN[0], high=ONE_IN[-1]),
        y=Axis("waits longer for its first token than", "s", log=True, low=0.05, high=200.0),
        lines=[
            Line("static", ONE_IN, static.first_s, "memory"),
            Line("continuous", ONE_IN, continuous.first_s, "compute"),
        ],
        points=[
            Point("p50", ONE_IN[0], static.first_s[0], "memory"),
            Point("p50", ONE_IN[0], continuous.first_s[0], "compute"),
        ],
    )
