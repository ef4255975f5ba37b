"""What a service's requests get under given settings: one simulated run, the same requests for everybody.

Goodput is the share of requests that keep both limits, times the requests a second that come. Where nobody keeps them there is
nothing to be a factor away from: it counts as one good request.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from lessonlib.course.checkpoint_2.services import Service
from lessonlib.course.checkpoint_2.settings import Settings
from lessonlib.serving import GammaBurst, LogNormal, Poisson, Sharing, Trace, Workload, simulate, steady_sessions

#: Requests of a run: so many, or those of so many seconds, as a run that ends before its first answers tells nothing of the load.
LEAST, SECONDS, MOST = 400, 100.0, 1500
SEED = 11
#: Prompts and answers are no longer than so many times their mean.
_MOST_TIMES = 8


@dataclass(frozen=True)
class Run:
    """What came out. good: requests that keep both limits, of `requests`. goodput: of them a second. late, slow: those that miss the
    first limit, the second. ended: requests a second that end, good or not. full_seats, full_room: whether all seats, or all room, were taken at some time. inside: mean requests in a step.
    """

    requests: int
    good: int
    goodput: float
    ttft_p99_s: float
    ttft_p50_s: float
    tpot_p99_s: float
    tpot_p50_s: float
    late: int
    slow: int
    full_seats: bool
    full_room: bool
    room: float
    preemptions: int
    inside: float
    hits: float
    ended: float

    @property
    def share(self) -> float:
        """Share of the requests that keep both limits."""
        return self.good / self.requests


@lru_cache(maxsize=32)
def requests_of(service: Service) -> Trace:
    """Its requests, drawn once."""
    prompt, spread = service.prompts
    answer, wide = service.answers
    sharing = Sharing(
        system_tokens=service.shared,
        system_prompts=service.ways,
        turns=service.turns,
        turn_tokens=service.turn_tokens,
        think_s=service.think_s,
    )
    rate = service.rate / service.turns
    arrivals = Poisson(rate) if service.burst == 1 else GammaBurst(rate, service.burst)
    lengths = (
        LogNormal(prompt, spread, 16, int(_MOST_TIMES * prompt)),
        LogNormal(answer, wide, 2, int(_MOST_TIMES * answer)),
    )
    count = int(max(LEAST, min(SECONDS * service.rate, MOST)))
    drawn = Workload(count, *lengths, arrivals, sharing, seed=SEED)
    return steady_sessions(drawn) if service.turns > 1 else Trace(tuple(drawn), service.name)


@lru_cache(maxsize=4096)
def run(service: Service, settings: Settings) -> Run:
    """The run under these settings. Raises LessonlibError where the weights leave no room."""
    result = simulate(settings.system(service), requests_of(service), settings.scheduler(service), record="full")
    rows = result.requests
    late = rows["ttft_s"] > service.ttft_s
    slow = (rows["tpot_s"] > service.tpot_s) & (rows["output"] > 1)
    good = int((~late & ~slow).sum())
    seats = result.settings["scheduler"].max_num_seqs
    return Run(
        len(late),
        good,
        max(good, 1) / len(late) * service.rate,
        result.percentile("ttft_s", 99),
        result.percentile("ttft_s", 50),
        result.percentile("tpot_s", 99),
        result.percentile("tpot_s", 50),
        int(late.sum()),
        int(slow.sum()),
        bool(np.max(result.runs["decoding"], initial=0) >= 0.98 * seats),
        result.kv_peak > 0.97,
        result.kv_peak,
        result.preemptions,
        result.mean_batch,
        result.prefix_hit_rate,
        result.requests_per_s,
    )
