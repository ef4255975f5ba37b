"""What a fleet's requests get under a plan: one simulated run, the same requests for everybody, and what it costs.

The worth of a plan is what the cheapest that holds costs, over what it costs: dollars for a good service. It counts in full where at least
KEPT of the requests keep both limits; each percent below takes FALLS percent away.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from lessonlib.course.checkpoint_3.fleets import FleetLab
from lessonlib.course.checkpoint_3.lines import Plan
from lessonlib.serving import (
    Diurnal,
    Fleet,
    GammaBurst,
    LogNormal,
    Poisson,
    Request,
    Result,
    Sharing,
    Trace,
    Workload,
    simulate,
    steady_sessions,
)

#: Requests of a run: those of so many seconds, within these two numbers.
LEAST, SECONDS, MOST = 600, 150.0, 1200
SEED = 23
KEPT, FALLS = 0.95, 5.0
#: Prompts and answers are no longer than so many times their mean.
_MOST_TIMES = 8


@dataclass(frozen=True)
class Run:
    """What came out. good: requests that keep both limits, of `requests`; late, slow: those that miss the first, the second. tpot_mean_s: mean of the answers'
    gaps. cost: dollars an hour, a starting replica's too. hits: share of prompt tokens found. replicas: in the mean. preemptions: requests thrown out.
    """

    requests: int
    good: int
    late: int
    slow: int
    ttft_p99_s: float
    ttft_p50_s: float
    tpot_p99_s: float
    tpot_p50_s: float
    tpot_mean_s: float
    cost: float
    hits: float
    replicas: float
    preemptions: int

    @property
    def share(self) -> float:
        """Share of the requests that keep both limits."""
        return self.good / self.requests

    @property
    def holds(self) -> bool:
        """Whether enough keep both."""
        return self.share >= KEPT

    @property
    def per_dollar(self) -> float:
        """Worth of the plan: 1 over its cost, less where too few keep both limits."""
        return max(0.0, 1.0 - FALLS * max(0.0, KEPT - self.share)) / self.cost


def workload(
    lab: FleetLab, rate: float, answers: float = 1.0, seed: int = SEED, lasts_s: float | None = None
) -> tuple[Request, ...]:
    """The fleet's requests at that rate in the mean, with answers so many times as long; those of so many seconds, or as many as a judged run has."""
    sharing = Sharing(
        system_tokens=lab.shared,
        system_prompts=lab.ways,
        turns=lab.turns,
        turn_tokens=lab.turn_tokens,
        think_s=lab.think_s,
    )
    (prompt, spread), (answer, wide) = lab.prompts, lab.answers
    mean = rate / lab.turns
    arrivals: Poisson | GammaBurst | Diurnal = Poisson(mean) if lab.burst == 1 else GammaBurst(mean, lab.burst)
    seconds = SECONDS
    if lab.swing:
        arrivals, seconds = Diurnal(mean, lab.swing, lab.day_s), lab.day_s
    lengths = (
        LogNormal(prompt, spread, 16, int(_MOST_TIMES * prompt)),
        LogNormal(answers * answer, wide, 2, int(_MOST_TIMES * answers * answer)),
    )
    count = int(max(LEAST, min(seconds * rate, MOST)) if lasts_s is None else rate * lasts_s)
    drawn = Workload(count, *lengths, arrivals, sharing, seed=seed)
    return tuple(steady_sessions(drawn)) if lab.turns > 1 else tuple(drawn)


@lru_cache(maxsize=32)
def requests_of(fleet: FleetLab) -> Trace:
    """Its requests, drawn once."""
    return Trace(workload(fleet, fleet.rate), fleet.name)


@lru_cache(maxsize=4096)
def run(lab: FleetLab, plan: Plan) -> Run:
    """The run under this plan. Raises LessonlibError where the weights leave no room."""
    result = simulated(lab, plan, requests_of(lab), plan.fleet(lab))
    rows = result.requests
    late = rows["ttft_s"] > lab.ttft_s
    slow = (rows["tpot_s"] > lab.tpot_s) & (rows["output"] > 1)
    hours = result.simulated_s / 3600.0
    replica_hours = result.gpu_seconds / 3600.0 / plan.offer.tp
    return Run(
        len(late),
        int((~late & ~slow).sum()),
        int(late.sum()),
        int(slow.sum()),
        result.percentile("ttft_s", 99),
        result.percentile("ttft_s", 50),
        result.percentile("tpot_s", 99),
        result.percentile("tpot_s", 50),
        mean_of(rows["tpot_s"][rows["output"] > 1]),
        replica_hours * lab.price(plan.offer) / hours,
        result.prefix_hit_rate,
        replica_hours / hours,
        result.preemptions,
    )


def simulated(lab: FleetLab, plan: Plan, requests: Trace, fleet: Fleet) -> Result:
    """The whole result of a run with these requests."""
    return simulate(lab.replica(plan.offer), requests, plan.scheduler(), fleet, record="full")


def mean_of(values: np.ndarray) -> float:
    """The mean of those that are known; nan of none."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")
