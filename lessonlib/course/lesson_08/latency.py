"""What a rate, seats and lengths do to two clocks of the user: 300 requests through the simulator, fast enough for a slider."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from lessonlib.roofline import Lab
from lessonlib.serving import LogNormal, Poisson, Scheduler, Workload, simulate

REQUESTS, SEED, SPREAD = 300, 8, 0.8
#: one request in so many waits longer than a curve says
ONE_IN = (2, 5, 10, 20, 50, 100)


@dataclass(frozen=True)
class Latencies:
    """Seconds: percentiles of the time to first token and of the gap between tokens, one for each of ONE_IN; requests waiting
    for a place on average; tokens a second of all; unbounded: more come than are served.
    """

    first_s: tuple[float, ...]
    gap_s: tuple[float, ...]
    waiting: float
    tokens_per_s: float
    unbounded: bool

    def at(self, many: int) -> tuple[float, float]:
        """Time to first token and gap that one in `many` exceeds."""
        place = ONE_IN.index(many)
        return self.first_s[place], self.gap_s[place]


@lru_cache(maxsize=512)
def latencies(lab: Lab, rate: float, seats: int, prompt: int, answer: int) -> Latencies:
    """300 requests with random arrivals and lengths around these means (tokens), `rate` a second, at most `seats` in the batch."""
    longest = lab.system.model.max_context or 1_000_000
    work = Workload(
        REQUESTS,
        LogNormal(prompt, SPREAD, 1, max(1, longest - answer * 8)),
        LogNormal(max(answer, 2), SPREAD, 2, answer * 8),
        Poisson(rate),
        seed=SEED,
    )
    result = simulate(lab.system, work, Scheduler(max_num_seqs=seats), record="summary", seed=SEED)
    levels = tuple(100.0 - 100.0 / many for many in ONE_IN)
    waits = result.samples["queue_s"].mean()
    return Latencies(
        result.samples["ttft_s"].percentiles(levels),
        result.samples["itl_s"].percentiles(levels),
        waits * result.requests_per_s,
        result.throughput_tokens_per_s,
        any("grows without bound" in warning for warning in result.warnings),
    )
