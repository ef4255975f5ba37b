"""The run that all of this lesson comes from: users, a load test and a stall on one server, simulated once for each lab.

Users come on their own, about one a second for a quarter of an hour, with prompts and answers of very different lengths. A
load test sends its requests one after the other, each as soon as the last one has been answered. Both are served by
vLLM's defaults for the lab's GPUs; once, the server makes no step for ``STALL_S`` seconds. Seconds of a step are the
engine's expected ones, computed and not measured. Draws come from one seed, so every lab meets the same users.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from lessonlib.roofline import Lab
from lessonlib.serving import (
    Fleet,
    LogNormal,
    Poisson,
    Request,
    Result,
    Scheduler,
    Stall,
    Telemetry,
    Trace,
    Workload,
    simulate,
)

SEED = 214
#: seconds in which users come, and how many a second
OPEN_S, RATE = 900.0, 1.0
#: mean tokens, standard deviation as a share of the mean, least, most
PROMPT, ANSWER = (1500, 1.0, 32, 16384), (200, 0.8, 2, 1024)
#: requests of the load test, each with so many tokens
TESTS, TEST_PROMPT, TEST_ANSWER = 300, 1500, 100
STALL_AT_S, STALL_S = 126.0, 28.0


@dataclass(frozen=True)
class ServiceRun:
    """result: of the simulation. test: whether a request is one of the load test's, shape (requests,)."""

    result: Result
    test: np.ndarray

    @cached_property
    def telemetry(self) -> Telemetry:
        """What the server tells its monitoring."""
        return Telemetry(self.result)

    @property
    def user_waits(self) -> np.ndarray:
        """Seconds to the first token of each user, in the order of arrival."""
        return self._of("ttft_s", users=True)

    @property
    def test_waits(self) -> np.ndarray:
        """The same of each request of the load test."""
        return self._of("ttft_s", users=False)

    @property
    def user_arrivals(self) -> np.ndarray:
        """Seconds at which users came."""
        return self._of("arrival_s", users=True)

    @property
    def test_arrivals(self) -> np.ndarray:
        """Seconds at which the load test sent."""
        return self._of("arrival_s", users=False)

    @property
    def test_stays(self) -> np.ndarray:
        """Seconds from sending to the last token of each request of the load test."""
        return self._of("e2e_s", users=False)

    def _of(self, column: str, *, users: bool) -> np.ndarray:
        values: np.ndarray = self.result.requests[column][self.test != users]
        return values

    @cached_property
    def gaps(self) -> np.ndarray:
        """Seconds between neighbouring tokens of one answer, of all answers."""
        return self.telemetry.histograms["vllm:inter_token_latency_seconds"].value


@lru_cache(maxsize=32)
def service_run(lab: Lab) -> ServiceRun:
    """The run on this lab, at vLLM's defaults."""
    requests, test = traffic()
    stall = Stall(0, STALL_AT_S, STALL_S)
    return ServiceRun(simulate(lab.system, requests, Scheduler(), Fleet(stalls=(stall,))), test)


@lru_cache(maxsize=1)
def traffic() -> tuple[Trace, np.ndarray]:
    """The requests, and which of them are the load test's."""
    drawn = Workload(
        int(2 * OPEN_S * RATE), LogNormal(*PROMPT), LogNormal(*ANSWER), Poisson(RATE), seed=SEED, name="users"
    )
    users = [request for request in drawn if request.arrival_s < OPEN_S]
    first = Request(0.0, TEST_PROMPT, TEST_ANSWER)
    # The load test's others stand behind the users in the list; each follows the one before it.
    second = 1 + len(users)
    others = [first._replace(follows=second + place - 1 if place else 0) for place in range(TESTS - 1)]
    test = np.array([True] + [False] * len(users) + [True] * len(others))
    return Trace((first, *users, *others), "users and a load test"), test


def mean(values: Iterable[float]) -> float:
    """The sum, shared out evenly."""
    kept = list(values)
    return float(sum(kept) / len(kept))
