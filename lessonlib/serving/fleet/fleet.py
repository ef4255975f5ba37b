"""Settings of a fleet: how many replicas, who gets what, what goes wrong, who adds and removes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lessonlib.base.checks import kind, number, set_whole
from lessonlib.base.errors import LessonlibError, listed
from lessonlib.roofline import System
from lessonlib.serving.fleet.rollout import Rollout
from lessonlib.serving.fleet.routers import ROUTERS
from lessonlib.serving.replica.scheduler import Scheduler

#: What a scaler looks at, a replica: requests in flight, requests waiting, share of the KV cache in use, the mean
#: seconds to the first token of those that got theirs since the last look, requests or prompt tokens that came a second since then.
SIGNALS = ("in-flight", "waiting", "kv", "ttft", "rate", "tokens")


@dataclass(frozen=True)
class Failure:
    """A replica stops at `at_s` (at the end of its step) and is back, empty, after `for_s` seconds.

    Its requests go to other replicas, which compute prompt and answer so far again.
    """

    replica: int
    at_s: float
    for_s: float = 60.0

    def __post_init__(self) -> None:
        set_whole(self, "replica", 0)
        number("failure: at_s", self.at_s, least=0.0)
        number("failure: for_s", self.for_s, above=0.0)


@dataclass(frozen=True)
class Stall:
    """A replica makes no step from `at_s` (the end of the step that runs then) until `for_s` seconds later, and goes on.

    It loses nothing: its next step takes so much longer, as when a collective or a driver call hangs. Requests still come,
    and what its monitoring says of them is as of the last step.
    """

    replica: int
    at_s: float
    for_s: float = 10.0

    def __post_init__(self) -> None:
        set_whole(self, "replica", 0)
        number("stall: at_s", self.at_s, least=0.0)
        number("stall: for_s", self.for_s, above=0.0)


@dataclass(frozen=True)
class Autoscaler:
    """Every `every_s` seconds the number of replicas becomes ceil(replicas x signal / target), as Kubernetes' horizontal
    autoscaler has it, within `least` and `most`; a signal within `tolerance` of the target changes nothing.

    cold_start_s: from the decision until a replica takes requests; or the seconds of its phases by name, such as {"node": 90,
    "image": 60, "weights": 10, "compile": 55}. cool_down_s: it goes down to the highest number that was wanted in so many seconds,
    as Kubernetes' stabilization window has it.
    scrape_s: age of the signal at each look. most_up, most_down: replicas that one look may start, or take away (0: as many as it
    likes; Kubernetes' own policy is the larger of 4 and 100 % up, all down). least = 0 lets an idle fleet go to zero; the next
    request then wakes one replica. signal_lost_at_s: from then on the signal reads 0, as KEDA reads a query without a result.
    """

    signal: str = "in-flight"
    target: float = 32.0
    least: int = 1
    most: int = 8
    every_s: float = 15.0
    cold_start_s: float | Mapping[str, float] = 60.0
    cool_down_s: float = 300.0
    tolerance: float = 0.1
    scrape_s: float = 0.0
    most_up: int = 0
    most_down: int = 0
    signal_lost_at_s: float | None = None

    def __post_init__(self) -> None:
        if self.signal not in SIGNALS:
            raise LessonlibError(f"signal: expected {listed(SIGNALS)}, not {self.signal!r}")
        number("target", self.target, above=0.0)
        set_whole(self, "least", 0, 4096)
        set_whole(self, "most", max(1, self.least), 4096)
        number("every_s", self.every_s, above=0.0)
        for name, seconds in self.phases.items():
            number("cold_start_s" if name == "start" else f"cold_start_s: {name}", seconds, least=0.0)
        number("scrape_s", self.scrape_s, least=0.0)
        set_whole(self, "most_up", 0, 4096)
        set_whole(self, "most_down", 0, 4096)
        number("cool_down_s", self.cool_down_s, least=0.0)
        if self.signal_lost_at_s is not None:
            number("signal_lost_at_s", self.signal_lost_at_s, least=0.0)
        number("tolerance", self.tolerance, least=0.0, most=1.0)

    @property
    def phases(self) -> dict[str, float]:
        """What a start is made of, seconds by name."""
        return dict(self.cold_start_s) if isinstance(self.cold_start_s, Mapping) else {"start": self.cold_start_s}

    @property
    def start_s(self) -> float:
        """Seconds from the decision until a replica takes requests."""
        return sum(self.phases.values())


@dataclass(frozen=True)
class Disaggregation:
    """Separate pools: `prefill` replicas compute prompts, `decode` replicas write answers.

    The KV cache of each prompt crosses a link of `link_bytes_per_second`, one after the other for each prefill replica,
    and `latency_s` more. The default is one 400 Gbit/s adapter a replica. The systems and schedulers of the pools are those
    of the run where they are None.
    """

    prefill: int = 1
    decode: int = 1
    link_bytes_per_second: float = 50e9
    latency_s: float = 0.001
    prefill_system: System | None = None
    decode_system: System | None = None
    prefill_scheduler: Scheduler | None = None
    decode_scheduler: Scheduler | None = None

    def __post_init__(self) -> None:
        set_whole(self, "prefill", 1, 4096)
        set_whole(self, "decode", 1, 4096)
        for name in ("prefill_system", "decode_system"):
            if getattr(self, name) is not None:
                kind(name, getattr(self, name), System, 'System(load_model("llama-3.1-8b"), load_gpu("l40s"))')
        for name in ("prefill_scheduler", "decode_scheduler"):
            if getattr(self, name) is not None:
                kind(name, getattr(self, name), Scheduler, "Scheduler(max_num_seqs=64)")
        number("link_bytes_per_second", self.link_bytes_per_second, above=0.0)
        number("latency_s", self.latency_s, least=0.0)


@dataclass(frozen=True)
class Kind:
    """`replicas` replicas of a kind of their own in a fleet that mixes them: another GPU, precision, link, or other settings.

    scheduler: None for that of the run.
    """

    system: System
    replicas: int = 1
    scheduler: Scheduler | None = None

    def __post_init__(self) -> None:
        kind("kinds: system", self.system, System, 'System(load_model("llama-3.1-8b"), load_gpu("l40s"))')
        set_whole(self, "replicas", 1, 4096)
        if self.scheduler is not None:
            kind("kinds: scheduler", self.scheduler, Scheduler, "Scheduler(max_num_seqs=64)")


@dataclass(frozen=True)
class Fleet:
    """`replicas` equal replicas behind a router. Raises LessonlibError, which names the field, for what cannot be.

    kinds: replicas of other kinds, which come after the equal ones and have the next numbers. scrape_s: how often the router looks at the load (0: it always knows). connections: of the clients, for the router "service".
    router_fails_at_s: from then on requests go to any replica (a gateway whose picker is away lets them pass). slow: {replica: factor on its step times}. load_bound: of the prefix-aware router. With pools the replicas are
    counted there; with an autoscaler `replicas` is how many there are at the start.
    """

    replicas: int = 1
    router: str = "least-requests"
    load_bound: float = 1.25
    slow: Mapping[int, float] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()
    stalls: tuple[Stall, ...] = ()
    autoscaler: Autoscaler | None = None
    disaggregation: Disaggregation | None = None
    kinds: tuple[Kind, ...] = ()
    scrape_s: float = 0.0
    connections: int = 64
    router_fails_at_s: float | None = None
    rollout: Rollout | None = None

    def __post_init__(self) -> None:
        set_whole(self, "replicas", 0 if self.autoscaler is not None else 1, 4096)
        self._check_kinds()
        self._check_router()
        self._check_parts()
        if not isinstance(self.slow, Mapping):
            raise LessonlibError(f"slow: expected factors by replica such as {{0: 2.0}}, not {self.slow!r}")
        if not isinstance(self.failures, (tuple, list)):
            raise LessonlibError(f"failures: expected several such as (Failure(0, at_s=10.0),), not {self.failures!r}")
        if not isinstance(self.stalls, (tuple, list)):
            raise LessonlibError(f"stalls: expected several such as (Stall(0, at_s=10.0),), not {self.stalls!r}")
        for replica, factor in self.slow.items():
            self._known("slow", replica)
            number("slow: factor", factor, above=0.0)
        for failure in self.failures:
            kind("failures", failure, Failure, "Failure(0, at_s=10.0)")
            self._known("failure", failure.replica)
        for stall in self.stalls:
            kind("stalls", stall, Stall, "Stall(0, at_s=10.0)")
            self._known("stall", stall.replica)

    def _check_router(self) -> None:
        if self.router not in ROUTERS:
            raise LessonlibError(f"router: expected {listed(ROUTERS)}, not {self.router!r}")
        number("load_bound", self.load_bound, least=1.0)
        if number("scrape_s", self.scrape_s, least=0.0):
            number("scrape_s", self.scrape_s, least=0.001)  # more often than a step is all the time
        set_whole(self, "connections", 1, 1_000_000)
        if self.router_fails_at_s is not None:
            number("router_fails_at_s", self.router_fails_at_s, least=0.0)

    def _check_parts(self) -> None:
        if self.autoscaler is not None:
            kind("autoscaler", self.autoscaler, Autoscaler, 'Autoscaler("in-flight", target=32.0)')
        if self.disaggregation is not None:
            kind("disaggregation", self.disaggregation, Disaggregation, "Disaggregation(prefill=1, decode=1)")
        if self.rollout is not None:
            kind("rollout", self.rollout, Rollout, "Rollout(at_s=60.0)")
            if self.autoscaler or self.disaggregation or self.kinds:
                raise LessonlibError("rollout: of equal replicas only; leave out autoscaler, disaggregation and kinds")
        if self.autoscaler and self.disaggregation:
            raise LessonlibError("autoscaler: scales one pool of replicas, not two; leave out disaggregation")
        if self.autoscaler and not self.autoscaler.least <= self.replicas <= self.autoscaler.most:
            raise LessonlibError(
                f"replicas: expected {self.autoscaler.least} to {self.autoscaler.most} as the autoscaler allows, not {self.replicas}"
            )

    def _check_kinds(self) -> None:
        if not isinstance(self.kinds, (tuple, list)):
            raise LessonlibError(f"kinds: expected several such as (Kind(system, 2),), not {self.kinds!r}")
        for group in self.kinds:
            kind("kinds", group, Kind, "Kind(system, replicas=2)")
        if self.kinds and (self.autoscaler or self.disaggregation):
            raise LessonlibError(
                "kinds: a fleet that mixes kinds has no autoscaler and no pools; leave one of them out"
            )

    def kind_of(self, number: int) -> Kind | None:
        """The kind of a replica, None for one of the equal ones."""
        number -= self.replicas
        for group in self.kinds:
            if 0 <= number < group.replicas:
                return group
            number -= group.replicas
        return None

    @property
    def most(self) -> int:
        """Replicas that may ever run."""
        if self.disaggregation:
            return self.disaggregation.prefill + self.disaggregation.decode
        if self.autoscaler:
            return self.autoscaler.most
        surge = self.rollout.surge if self.rollout else 0
        return self.replicas + surge + sum(group.replicas for group in self.kinds)

    def _known(self, what: str, replica: int) -> None:
        if replica not in range(self.most):
            raise LessonlibError(f"{what}: no replica {replica!r}: there are 0 to {self.most - 1}")
