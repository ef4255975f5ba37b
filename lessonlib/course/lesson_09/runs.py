"""The runs that this lesson's numbers come from: one draw of requests, served under two rules of who is in the batch.

Static: a batch is made of those who wait, up to the seats there are, and nobody joins before its last answer ends. A request that
is done keeps its seat, and steps take as long as if it went on. Continuous: after each step who is done leaves, and who waits
comes in (vLLM 0.33.0). Seconds of a step are the engine's expected ones, computed and not measured. All requests come from
one seed, so every lab meets the same ones. Their prompts have no beginning in common, so prefix caching is off.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from lessonlib.roofline import Lab
from lessonlib.serving import LogNormal, Poisson, Request, Result, Scheduler, Trace, Workload, simulate

SEED, REQUESTS = 2, 1000
#: mean tokens, standard deviation as a share of the mean, least, most
PROMPT, ANSWER = (1300, 0.8, 32, 8192), (150, 1.0, 2, 1024)
#: the two rules
STATIC, CONTINUOUS = "static", "continuous"
#: seats of the run with random arrivals, and of the two backlogs that are looked at closely
FEW, INSIDE, MANY = 8, 16, 32
#: arrivals as a share of what static batching can take with few seats
LOAD = 0.75


@lru_cache(maxsize=1)
def requests() -> tuple[Request, ...]:
    """The requests, one a second on average."""
    return tuple(Workload(REQUESTS, LogNormal(*PROMPT), LogNormal(*ANSWER), Poisson(1.0), seed=SEED))


@lru_cache(maxsize=1)
def answer_lengths() -> np.ndarray:
    """Tokens of each answer, in the order in which the requests come."""
    return np.array([request.output for request in requests()])


@lru_cache(maxsize=1)
def mean_lengths() -> tuple[float, float]:
    """Mean tokens of a prompt, and of an answer."""
    return float(np.mean([request.prompt for request in requests()])), float(answer_lengths().mean())


def scheduler(lab: Lab, batching: str, seats: int) -> Scheduler:
    """As vLLM has it by default on the GPUs of the lab, with so many seats."""
    return Scheduler(batching, max_num_seqs=seats, prefix_caching=False)


def all_at_once(shortest_first: bool = False) -> Trace:
    """A backlog: all requests are there from the start, in their order or by the length of the answer."""
    kept = sorted(requests(), key=lambda request: request.output) if shortest_first else requests()
    return Trace(tuple(request._replace(arrival_s=0.0) for request in kept), "backlog")


@lru_cache(maxsize=128)
def backlog(lab: Lab, batching: str, seats: int, shortest_first: bool = False, cost: str = "expected") -> Result:
    """The backlog, served as fast as it goes."""
    return simulate(lab.system, all_at_once(shortest_first), scheduler(lab, batching, seats), cost=cost)


def arrival_rate(lab: Lab) -> float:
    """Requests a second of the run with arrivals: a load that both rules can take, rounded."""
    rate = LOAD * backlog(lab, STATIC, FEW).requests_per_s
    return round(rate * 20) / 20 if rate > 0.5 else float(f"{rate:.2g}")


def arriving(rate: float) -> Trace:
    """The same requests, so many a second on average."""
    return Trace(tuple(request._replace(arrival_s=request.arrival_s / rate) for request in requests()), "arriving")


@lru_cache(maxsize=64)
def quarter_hour(lab: Lab, batching: str) -> Result:
    """The run with arrivals: few seats, and more of both than are needed."""
    return simulate(lab.system, arriving(arrival_rate(lab)), scheduler(lab, batching, FEW))


def prompt_steps(result: Result, while_some_wait: bool = False) -> float:
    """The share of all gaps between tokens in which a prompt is read: of all, or only as long as somebody waits for a seat."""
    runs = result.runs
    gaps = runs["decoding"] * runs["steps"]
    if while_some_wait:
        gaps = np.where(runs["start_s"] < result.requests["started_s"].max(), gaps, 0)
    return float(gaps[runs["prefill_tokens"] > 0].sum() / gaps.sum())


def written_share(result: Result) -> float:
    """Of a static run: the share of the seats in decode steps that write a token, not held by an answer that is done."""
    held = float((result.runs["decoding"] * result.runs["steps"]).sum())
    return float((result.requests["output"] - 1).sum()) / held
