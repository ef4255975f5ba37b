"""Four replicas and one traffic: all alike, divided into two pools in three ways, or alike with a smaller token budget.

Prompts and answers are drawn once, 29 prompt tokens to one of an answer; no two prompts begin alike. Requests come at four fifths of
what the four can take undivided. Seconds of a step are those that the engine expects, computed and not measured.

In two pools the first token is the first one of the pool that writes, as vLLM's proxy hands it out: it waits for the crossing too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from lessonlib.roofline import Lab, decode, load_gpu, prefill
from lessonlib.serving import Disaggregation, Fleet, LogNormal, Poisson, Result, Scheduler, Trace, Workload, simulate
from lessonlib.serving.replica.step_time import StepCost

REPLICAS = 4
#: mean tokens, and standard deviation as a share of the mean
PROMPTS, ANSWERS = (4096, 0.4), (140, 0.5)
SEED, REQUESTS, FLAT_OUT = 1, 500, 400
#: arrivals as a share of what four replicas take undivided
LOAD = 0.8
#: limits: the first token within so many times the reading of a mean prompt alone, and a token, on average of an answer, within so many
#: times a step of 16 answers
FIRST_LIMIT, TOKEN_LIMIT, TOKEN_BATCH = 5.0, 2.0, 16
#: the divisions, replicas that read and that write
DIVISIONS = ((1, 3), (2, 2), (3, 1))
BEST = (3, 1)
#: tokens of a step in the undivided fleet, when somebody sets them, and the seats that go with it
SMALL_BUDGET, SEATS = 512, 256
#: bytes a second of the link of each replica that reads: 100 Gbit/s
LINK = 12.5e9


def drawn(rate: float, count: int) -> Trace:
    """The requests; rate 0: all are there from the start."""
    workload = Workload(count, LogNormal(*PROMPTS), LogNormal(*ANSWERS), Poisson(1.0), seed=SEED)
    return Trace(
        tuple(one._replace(arrival_s=one.arrival_s / rate if rate else 0.0) for one in workload), "prompts and answers"
    )


def scheduler(budget: int = 0) -> Scheduler:
    """What vLLM takes on this GPU where nobody says; budget: tokens of a step that somebody has set."""
    if budget:
        return Scheduler(max_num_seqs=SEATS, max_num_batched_tokens=budget, prefix_caching=False)
    return Scheduler(prefix_caching=False)


def fleet(division: tuple[int, int] | None, link: float = LINK, gpu: str = "", lab: Lab | None = None) -> Fleet:
    """Four equal replicas, or two pools. gpu: of the pool that writes, where it is another one than the lab's."""
    if division is None:
        return Fleet(REPLICAS)
    other = replace(lab.system, gpu=load_gpu(gpu)) if gpu and lab else None
    return Fleet(1, disaggregation=Disaggregation(*division, link_bytes_per_second=link, decode_system=other))


@lru_cache(maxsize=128)
def flat_out(lab: Lab, division: tuple[int, int] | None, budget: int = 0) -> Result:
    """All requests are there from the start."""
    return simulate(lab.system, drawn(0.0, FLAT_OUT), scheduler(budget), fleet(division), record="summary")


@lru_cache(maxsize=64)
def rate_at_peak(lab: Lab) -> float:
    """Requests a second of the peak, two digits."""
    return float(f"{LOAD * flat_out(lab, None).requests_per_s:.2g}")


@lru_cache(maxsize=128)
def peak(lab: Lab, division: tuple[int, int] | None, budget: int = 0, gpu: str = "") -> Result:
    """The same requests at the peak's rate."""
    return simulate(
        lab.system, drawn(rate_at_peak(lab), REQUESTS), scheduler(budget), fleet(division, gpu=gpu, lab=lab)
    )


@lru_cache(maxsize=64)
def cost(lab: Lab) -> StepCost:
    """Seconds of a step of the lab."""
    return StepCost(lab.system)


@lru_cache(maxsize=64)
def reading_s(lab: Lab) -> float:
    """Seconds to read one prompt alone, the mean over those drawn: a long one takes more than its share."""
    lengths = [one.prompt for one in drawn(0.0, FLAT_OUT)]
    return sum(cost(lab).mixed([(length, 0)]) for length in lengths) / len(lengths)


def first_limit_s(lab: Lab) -> float:
    """The first token has to come within this time."""
    return float(f"{FIRST_LIMIT * prefill(lab.system, PROMPTS[0]).expected_s:.2g}")


def token_limit_s(lab: Lab) -> float:
    """The mean time of the tokens after it has to be below this."""
    return float(f"{TOKEN_LIMIT * decode(lab.system, TOKEN_BATCH, PROMPTS[0] + ANSWERS[0] // 2).expected_s:.2g}")


@dataclass(frozen=True)
class Felt:
    """What users feel: seconds to the first token and mean seconds of a later one, by request (nan: there is none), and all gaps."""

    first_s: np.ndarray
    token_s: np.ndarray
    gaps_s: np.ndarray

    def kept(self, first_s: float, token_s: float) -> float:
        """Share of the requests that keep both limits, per cent."""
        good = (self.first_s <= first_s) & ((self.token_s <= token_s) | np.isnan(self.token_s))
        return 100.0 * float(good.mean())


def felt(result: Result) -> Felt:
    """Of a run with a full record."""
    handed = 1 if result.settings["fleet"].disaggregation else 0
    rows = result.requests
    times = [result.token_times(int(number)) for number in rows["number"]]
    # The token that the pool that reads makes is not handed out, unless it is the only one.
    shown = [each[min(handed, len(each) - 1) :] for each in times]
    first = np.array([each[0] for each in shown]) - rows["arrival_s"]
    token = np.array([(each[-1] - each[0]) / (len(each) - 1) if len(each) > 1 else np.nan for each in shown])
    return Felt(first, token, np.concatenate([np.diff(each) for each in shown]))


@lru_cache(maxsize=128)
def felt_at_peak(lab: Lab, division: tuple[int, int] | None, budget: int = 0, gpu: str = "") -> Felt:
    """Of the run at the peak."""
    return felt(peak(lab, division, budget, gpu))


def kept(lab: Lab, division: tuple[int, int] | None, budget: int = 0) -> float:
    """Share of the requests that keep both limits at the peak, per cent."""
    return felt_at_peak(lab, division, budget).kept(first_limit_s(lab), token_limit_s(lab))
