"""What is asked: which requests come, what must hold, what may be spent."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from lessonlib.base.checks import kind, number, set_whole
from lessonlib.base.errors import LessonlibError, listed
from lessonlib.plan.prices import Price
from lessonlib.roofline import Model
from lessonlib.serving import Request, Trace, Workload, router_names

#: A run lasts so many times the longest answer that the limits allow, or the length of its start would tell.
_ANSWERS_LONG = 10.0
_FEWEST, _MOST = 1000, 20_000


@dataclass(frozen=True)
class Slo:
    """At least `share` of all requests have their first token within `ttft_s` seconds and take at most `tpot_s` seconds, on
    average, for each token after it. Raises LessonlibError for what cannot be.
    """

    ttft_s: float
    tpot_s: float
    share: float = 0.99

    def __post_init__(self) -> None:
        number("slo: seconds to the first token", self.ttft_s, above=0.0)
        number("slo: seconds a token", self.tpot_s, above=0.0)
        number("share", self.share, above=0.0, most=1.0)


@dataclass(frozen=True)
class Choice:
    """A model that would do, in which precisions: of its weights, and of its KV cache."""

    model: Model
    weights: tuple[str, ...] = ("bf16",)
    kv: tuple[str, ...] = ("bf16",)
    head: str = "bf16"


@dataclass(frozen=True)
class Question:
    """traffic: the requests, with their times of arrival. prices: GPU (as it is called) -> its price. budget: most US dollars
    an hour. most_gpus: of one set-up. within: set-ups are told up to so many times the cost of the cheapest one that holds.
    seed: of routers; the traffic has its own. Raises LessonlibError for what cannot be.
    """

    traffic: Workload | Trace
    slo: Slo
    prices: Mapping[str, Price] = field(default_factory=dict)
    budget: float | None = None
    most_gpus: int = 64
    within: float = 2.0
    router: str = "least-requests"
    seed: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.traffic, (Workload, Trace)):
            raise LessonlibError(f"traffic: expected a Workload or a Trace, not {type(self.traffic).__name__}")
        if isinstance(self.traffic, Trace) and not self.traffic.timed:
            raise LessonlibError(f"{self.traffic.name}: says not when requests come: a column arrival_s is needed")
        if isinstance(self.traffic, Workload) and self.traffic.arrivals is None:
            raise LessonlibError("traffic: needs a law of arrival such as Poisson(4.0)")
        kind("slo", self.slo, Slo, "Slo(ttft_s=1.0, tpot_s=0.05)")
        if self.budget is not None:
            number("budget", self.budget, above=0.0)
        set_whole(self, "most_gpus", 1, 4096)
        number("within", self.within, least=1.0, most=1000.0)
        if self.router not in router_names():
            raise LessonlibError(f"router: expected {listed(router_names())}, not {self.router!r}")
        set_whole(self, "seed", 0, 2**63 - 1)

    @cached_property
    def requests(self) -> tuple[Request, ...]:
        """All requests, in the order of arrival."""
        return tuple(self.traffic)

    @property
    def label(self) -> str:
        """What the traffic is called."""
        return self.traffic.name

    @cached_property
    def rate(self) -> float:
        """Requests a second over the time in which they come, as far as that is known ahead (later turns of a session are not)."""
        first, last = self.window
        return len(self.requests) / (last - first) if last > first else math.inf

    @cached_property
    def window(self) -> tuple[float, float]:
        """When the first and the last request come of themselves, seconds."""
        times = [request.arrival_s for request in self.requests if request.follows < 0]
        return times[0], times[-1]

    @property
    def needed(self) -> int:
        """How many requests must keep both limits."""
        return math.ceil(self.slo.share * len(self.requests) - 1e-9)


def enough_requests(rate: float, outputs: Iterable[int] | float, slo: Slo) -> int:
    """How many requests a run has where nobody says: ten times as long as the longest answer that the limits allow takes at most,
    from 1,000 to 20,000. rate: requests/s. outputs: mean tokens of an answer, or some answers.
    """
    mean = float(outputs) if isinstance(outputs, (int, float)) else max(outputs, default=1)
    longest = slo.ttft_s + mean * slo.tpot_s
    return int(min(_MOST, max(_FEWEST, _ANSWERS_LONG * longest * rate)))
