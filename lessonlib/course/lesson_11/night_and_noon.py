"""The same kind of requests at night and at noon, on the learner's lab: what the time of the GPU goes into.

Rates follow the lab: noon is nine tenths of what it can take, night a sixth of that. Every lab meets the same requests,
drawn from one seed, none with a beginning in common with another.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType

import numpy as np

from lessonlib.base.quantity import Quantity
from lessonlib.course.shared.seats import requests_with_room
from lessonlib.roofline import Lab, System
from lessonlib.serving import Result, Scheduler, preset, simulate, without_arrivals

#: requests of a run, users of the run that finds out what the lab can take
_REQUESTS, _USERS, _SEED = 300, 64, 1
#: noon as a share of that, and how many times the night's rate it is
NOON, TIMES = 0.9, 6
#: tokens that must fit into the cache, more than any prompt has; blocks of a cache where they do not
_LONGEST, _BLOCKS = 32_768, 100_000


def roomy(system: System, caching: bool = False) -> Scheduler:
    """VLLM's defaults; where the weights leave no room for the longest prompt, as if the GPUs had it."""
    if requests_with_room(system, _LONGEST):
        return Scheduler(prefix_caching=caching)
    return Scheduler(prefix_caching=caching, kv_blocks=_BLOCKS)


@dataclass(frozen=True)
class Day:
    """rate: requests/s. Shares, 0 to 1: busy, of the clock with a step running; reading, of the busy time in steps with prompt tokens;
    compute_bound, of the busy time in steps whose arithmetic takes longer than their bytes; prompt_share, of the tokens.
    in_a_step: requests in a step, on average.
    """

    rate: float
    busy: float
    reading: float
    compute_bound: float
    prompt_share: float
    in_a_step: float

    @property
    def reading_of_clock(self) -> float:
        """Share of all the time that goes into steps with prompt tokens."""
        return self.busy * self.reading


@lru_cache(maxsize=64)
def _most(system: System) -> float:
    work = without_arrivals(preset("rag", _REQUESTS, rate=1.0, seed=_SEED))
    return simulate(system, work, roomy(system), concurrency=_USERS, record="summary").requests_per_s


def most_requests_per_s(lab: Lab) -> float:
    """Requests a second where 64 users ask again as soon as they are answered."""
    return _most(lab.system)


def _rounded(value: float) -> float:
    return float(f"{value:.2g}")


@lru_cache(maxsize=64)
def at_rate(lab: Lab, rate: float) -> Day:
    """A run with so many requests a second."""
    result: Result = simulate(lab.system, preset("rag", _REQUESTS, rate=rate, seed=_SEED), roomy(lab.system))
    steps = result.step_columns()
    seconds = steps["seconds"]
    return Day(
        rate,
        result.busy_s / result.simulated_s,
        float(np.average(steps["prefill_tokens"] > 0, weights=seconds)),
        float(np.average(steps["compute_bound"], weights=seconds)),
        result.prompt_tokens / (result.prompt_tokens + result.output_tokens),
        result.mean_batch,
    )


def night(lab: Lab) -> Day:
    return at_rate(lab, _rounded(NOON * most_requests_per_s(lab) / TIMES))


def noon(lab: Lab) -> Day:
    return at_rate(lab, TIMES * night(lab).rate)


def _per_cent(share: float) -> Quantity:
    return Quantity(100 * share, "%", digits=2)


def night_rate(lab: Lab) -> Quantity:
    return Quantity(night(lab).rate, "requests/s", digits=2)


def noon_rate(lab: Lab) -> Quantity:
    return Quantity(noon(lab).rate, "requests/s", digits=2)


def noon_times(lab: Lab) -> int:
    """How many times the night's requests come at noon."""
    return TIMES


def night_busy(lab: Lab) -> Quantity:
    """Share of the clock in which a step runs."""
    return _per_cent(night(lab).busy)


def noon_busy(lab: Lab) -> Quantity:
    return _per_cent(noon(lab).busy)


def night_reading(lab: Lab) -> Quantity:
    """Share of the busy time in steps with prompt tokens."""
    return _per_cent(night(lab).reading)


def noon_reading(lab: Lab) -> Quantity:
    return _per_cent(noon(lab).reading)


def noon_compute_bound(lab: Lab) -> Quantity:
    """Share of the busy time in steps whose arithmetic takes longer than their bytes."""
    return _per_cent(noon(lab).compute_bound)


def night_inside(lab: Lab) -> Quantity:
    """Requests in a step, on average over steps."""
    return Quantity(night(lab).in_a_step, "requests", digits=3)


def noon_inside(lab: Lab) -> Quantity:
    return Quantity(noon(lab).in_a_step, "requests", digits=3)


def noon_reading_by_hand(lab: Lab) -> Quantity:
    """A prompt takes what it takes: six times the requests, six times the share of the clock, over the share that is busy."""
    return _per_cent(TIMES * night(lab).reading_of_clock / noon(lab).busy)


def reading_by_tokens(lab: Lab) -> Quantity:
    """The share of prompt tokens among all tokens."""
    return _per_cent(noon(lab).prompt_share)


def _with_twice(lab: Lab, what: str) -> Quantity:
    """Requests a second of a full server whose cards have twice the FLOP/s, or twice the bandwidth, over what it takes now."""
    gpu = lab.system.gpu
    if what == "flops":
        better = replace(gpu, flops=MappingProxyType({name: 2 * peak for name, peak in gpu.flops.items()}))
    else:
        better = replace(gpu, bandwidth=2 * gpu.bandwidth)
    return Quantity(_most(replace(lab.system, gpu=better)) / _most(lab.system), "x")


def full_with_twice_flops(lab: Lab) -> Quantity:
    """By which factor a full server takes more requests a second with twice the FLOP/s."""
    return _with_twice(lab, "flops")


def full_with_twice_bandwidth(lab: Lab) -> Quantity:
    """The same with twice the bandwidth."""
    return _with_twice(lab, "bandwidth")


def prompt_for_each_written(lab: Lab) -> Quantity:
    """Prompt tokens for each written one in these requests."""
    share = noon(lab).prompt_share
    return Quantity(share / (1 - share), "tokens", digits=2)


def noon_as_night(lab: Lab) -> Quantity:
    """As if the mix of tokens alone decided: the night's share."""
    return night_reading(lab)


# --- claims


def prompts_take_noon(lab: Lab) -> bool:
    """At night most of the busy time goes into answers, at noon most into prompts; nearly all of that waits for arithmetic."""
    dark, light = night(lab), noon(lab)
    return dark.reading < 0.5 < light.reading and light.compute_bound > 0.9 * light.reading


def full_server_wants_flops(lab: Lab) -> bool:
    """A full server gains more from twice the FLOP/s than from twice the bandwidth."""
    return float(full_with_twice_flops(lab)) > 1.05 * float(full_with_twice_bandwidth(lab))


def noon_follows_from_night(lab: Lab) -> bool:
    """What is worked out by hand from the night is what the run of noon shows, within a seventh."""
    return abs(float(noon_reading_by_hand(lab)) / float(noon_reading(lab)) - 1) < 1 / 7
