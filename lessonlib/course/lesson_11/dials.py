"""The explorer: a machine as fast as one likes, a traffic, and a window; what the two dials of the log then say. 150 simulated requests."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_11.night_and_noon import most_requests_per_s, roomy
from lessonlib.draw.explored import Axis, Explored, Line, Value
from lessonlib.roofline import Lab
from lessonlib.serving import (
    Fleet,
    LogNormal,
    Poisson,
    ShareOfPrompt,
    Sharing,
    Telemetry,
    Workload,
    simulate,
)
from lessonlib.serving.results.log_lines import rates

_REQUESTS, _SEED, _PROMPT = 150, 11, LogNormal(6000, 0.5, least=512)
#: the rate at which the explorer starts, as a share of what the lab can take
_START = 0.2
_SHARED = Sharing(512, 1, 2048, 40)
#: windows that are drawn
_MOST_POINTS = 200


@dataclass(frozen=True)
class Dials:
    """Tokens/s of each window, and of the whole stretch: prompt and generation. busy: 0 to 1. inside: requests. gap_s: mean seconds between tokens."""

    ends_s: tuple[float, ...]
    prompts: tuple[float, ...]
    answers: tuple[float, ...]
    prompt_rate: float
    answer_rate: float
    busy: float
    inside: float
    gap_s: float


@lru_cache(maxsize=256)
def dials(lab: Lab, rate: float, ratio: float, speed: float, caching: bool, window: float) -> Dials:
    """A run: `rate` requests/s with `ratio` prompt tokens for each written one, on the lab made `speed` times as fast."""
    work = Workload(
        _REQUESTS, _PROMPT, ShareOfPrompt(ratio, ratio), Poisson(rate), _SHARED if caching else Sharing(), seed=_SEED
    )
    result = simulate(lab.system, work, roomy(lab.system, caching), Fleet(slow={0: 1 / speed}))
    arrivals, told = result.requests["arrival_s"], Telemetry(result)
    begin, last = float(arrivals.min()), float(arrivals.max())
    ends = begin + window * np.arange(1, max(2, int((last - begin) / window)) + 1)
    lines = np.array([rates(told, end - window, end) for end in ends[:_MOST_POINTS].tolist()])
    whole = rates(told, begin, last)
    return Dials(
        tuple((ends[:_MOST_POINTS] - begin).tolist()),
        tuple(lines[:, 0].tolist()),
        tuple(lines[:, 1].tolist()),
        *whole,
        result.busy_s / result.simulated_s,
        result.requests_in_system,
        result.mean("itl_s"),
    )


def dial_rate_low(lab: Lab) -> float:
    """The lowest rate: a twentieth of what the lab can take."""
    return float(f"{0.05 * most_requests_per_s(lab):.2g}")


def dial_rate_high(lab: Lab) -> float:
    """The highest: all that it can take."""
    return float(f"{most_requests_per_s(lab):.2g}")


def dial_rate_start(lab: Lab) -> float:
    return float(f"{_START * most_requests_per_s(lab):.2g}")


def speed_choices(lab: Lab) -> list[dict[str, object]]:
    """How fast the machine is, beside the lab."""
    return [
        {"value": 0.5, "label": "half as fast"},
        {"value": 1.0, "label": "your lab, as expected"},
        {"value": 2.0, "label": "twice as fast"},
        {"value": 4.0, "label": "four times as fast"},
    ]


def caching_choices(lab: Lab) -> list[dict[str, object]]:
    """Whether the engine keeps beginnings, and prompts have some in common."""
    return [{"value": "off", "label": "off"}, {"value": "on", "label": "on, and prompts share beginnings"}]


def explore_dials(lab: Lab, *, rate: float, ratio: float, speed: float, window: float, caching: str) -> Explored:
    """What the log says, window by window, and what the machine does meanwhile."""
    found = dials(lab, rate, ratio, speed, caching == "on", window)
    prompts, answers = Quantity(found.prompt_rate, "tok/s"), Quantity(found.answer_rate, "tok/s")
    high, low = max(found.prompts), min(found.prompts)
    busy = Quantity(100 * found.busy, "%", digits=2)
    full = " It is never idle: now the counters are the machine's." if found.busy > 0.985 else ""
    return Explored(
        finding=(
            f"The counters say {prompts} and {answers}, {Quantity(found.prompt_rate / found.answer_rate, '', 2)} to one; windows of "
            f"{window:g} s go from {Quantity(low, 'tok/s', 2)} to {Quantity(high, 'tok/s', 2)} of prompts. The machine is busy {busy} of the time.{full}"
        ),
        values=[
            Value("prompts", "Prompt counter", prompts, "mean"),
            Value("answers", "Generation counter", answers, "mean"),
            Value("ratio", "One over the other", Quantity(found.prompt_rate / found.answer_rate, "", 3), "the mix"),
            Value("busy", "Busy", busy, "of the time"),
            Value("inside", "Requests inside", Quantity(found.inside, "requests", 2), "mean"),
            Value("gap", "Between two tokens", Quantity(found.gap_s, "s"), "mean, expected"),
        ],
        x=Axis("time", "s", low=0.0),
        y=Axis("the log says", "tok/s", low=0.0),
        lines=[
            Line("prompt throughput", found.ends_s, found.prompts, "compute"),
            Line("generation throughput", found.ends_s, found.answers, "memory"),
        ],
    )
