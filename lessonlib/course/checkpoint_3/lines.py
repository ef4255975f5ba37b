"""What a typed line ``lessonlib simulate …`` sets of a fleet: which of its flags are judged, and which values they may have."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from lessonlib.base.command_line import check_text, split_words
from lessonlib.base.errors import LessonlibError, close_matches, listed
from lessonlib.base.serve_line import short
from lessonlib.course.checkpoint_3.fleets import FleetLab, Offer
from lessonlib.serving import Autoscaler, Disaggregation, Fleet, Scheduler

MOST_REPLICAS, MOST_SEATS, MOST_TOKENS = 32, 4096, 65_536
#: Below these a run has so many steps that nobody waits for it.
LEAST_SEATS, LEAST_TOKENS = 4, 256
ROUTERS = ("least-requests", "prefix-aware", "round-robin", "random", "least-tokens", "two-choices")
#: Signals of a scaler that are judged, both a replica: what its target is counted in needs no second table.
SIGNALS = ("rate", "in-flight")
LOOK_S, COOL_DOWN_S = 15.0, 60.0
_WITH_VALUE = (
    "gpu", "tp", "replicas", "router", "disaggregate", "max-num-seqs", "max-num-batched-tokens", "autoscale",
)  # fmt: skip
_SWITCHES = ("no-prefix-caching",)
#: Flags of `simulate` that say what is given here: model, traffic, what is printed, what goes wrong.
GIVEN = (
    "lab", "model", "pp", "dp", "ep", "popularity", "weights", "kv", "link", "rate", "concurrency", "trace", "preset", "burst", "prompt", "output",
    "spread", "requests", "seed", "steady-sessions", "limit", "slo", "price", "summary", "json", "save", "plot", "metrics", "replica", "at", "log", "panel",
    "window", "cost", "batching", "long-prefill-token-threshold", "priority", "reserve-output", "server-time", "memory-share", "block-size",
    "kv-blocks", "watermark", "host-memory", "host-link", "no-hybrid-pages", "speculate", "draft-time", "load-bound", "scrape", "connections",
    "router-fails-at", "slow", "failure", "stall", "kind", "transfer", "prefill-kind", "decode-kind", "look", "start", "cool-down", "signal-age",
    "most-up", "most-down", "rollout", "help",
)  # fmt: skip
_WHOLE = re.compile(r"[0-9]{1,9}")
_DECIMAL = re.compile(r"[0-9]{0,6}\.?[0-9]{0,6}")
_START = ("lessonlib", "simulate")


@dataclass(frozen=True)
class Scale:
    """A scaler: replicas so that each has `target` of the signal, from least to most."""

    signal: str
    target: float
    least: int
    most: int


@dataclass(frozen=True)
class Plan:
    """What a line sets. replicas: of one pool; with `pools` those that read and those that write. seats, tokens: None is what the server takes."""

    offer: Offer
    replicas: int = 1
    router: str = "least-requests"
    tokens: int | None = None
    seats: int | None = None
    caching: bool = True
    pools: tuple[int, int] | None = None
    scale: Scale | None = None

    @property
    def most(self) -> int:
        """Replicas that may ever run."""
        return sum(self.pools) if self.pools else self.scale.most if self.scale else self.replicas

    def scheduler(self) -> Scheduler:
        """Settings of each replica."""
        return Scheduler(max_num_seqs=self.seats, max_num_batched_tokens=self.tokens, prefix_caching=self.caching)

    def fleet(self, lab: FleetLab) -> Fleet:
        """The simulator's fleet."""
        if self.pools:
            return Fleet(1, self.router, disaggregation=Disaggregation(*self.pools))
        if self.scale:
            scaler = Autoscaler(
                self.scale.signal, self.scale.target, self.scale.least, self.scale.most, LOOK_S, lab.start_s, COOL_DOWN_S
            )  # fmt: skip
            return Fleet(self.scale.least, self.router, autoscaler=scaler)
        return Fleet(self.replicas, self.router)


def read_plan(lab: FleetLab, line: object) -> Plan:
    """What a line sets. Raises LessonlibError, in one line, for one that cannot be run on this fleet."""
    flags = _flags(line)
    pools, scale = _pools(flags), _scale(flags)
    if pools and scale:
        raise LessonlibError("--autoscale scales one pool: leave it out, or --disaggregate.")
    if (pools or scale) and "replicas" in flags:
        name = "--disaggregate" if pools else "--autoscale"
        raise LessonlibError(f"{name} counts the replicas itself: leave out --replicas.")
    router = flags.get("router", ROUTERS[0])
    if router not in ROUTERS:
        raise LessonlibError(f"--router is {listed(ROUTERS)} here, not “{short(router)}”.")
    plan = Plan(
        _offer(lab, flags),
        _number(flags, "replicas", 1, MOST_REPLICAS) or 1,
        router,
        _number(flags, "max-num-batched-tokens", LEAST_TOKENS, MOST_TOKENS),
        _number(flags, "max-num-seqs", LEAST_SEATS, MOST_SEATS),
        "no-prefix-caching" not in flags,
        pools,
        scale,
    )
    if plan.seats and plan.tokens and plan.tokens < plan.seats:
        raise LessonlibError(
            f"--max-num-batched-tokens {plan.tokens} is below --max-num-seqs {plan.seats}: the server would not start."
        )
    if plan.most > MOST_REPLICAS:
        raise LessonlibError(f"That is {plan.most} replicas; at most {MOST_REPLICAS} are judged here.")
    return plan


def _flags(line: object) -> Mapping[str, str]:
    words = split_words(check_text(line, "Type the line first: lessonlib simulate, then its flags."))
    if tuple(words[:2]) != _START:
        raise LessonlibError("The line begins with “lessonlib simulate”, then its flags.")
    found: dict[str, str] = {}
    rest = words[2:]
    while rest:
        word = rest.pop(0)
        typed, equals, value = word.partition("=")
        name = typed.removeprefix("--").lower()
        if not typed.startswith("--") or not name:
            raise LessonlibError(f"“{short(word)}” stands alone: a value stands behind its flag, such as --replicas 3.")
        _check_known(name)
        if name in found:
            raise LessonlibError(f"--{name} is there twice: keep one of them.")
        if name in _SWITCHES:
            if equals:
                raise LessonlibError(f"--{name} takes no value.")
            found[name] = ""
            continue
        if not equals:
            if not rest or rest[0].startswith("--"):
                raise LessonlibError(f"--{name} needs a value behind it.")
            value = rest.pop(0)
        if not value.strip():
            raise LessonlibError(f"--{name} needs a value behind it.")
        found[name] = value.strip()
    return found


def _check_known(name: str) -> None:
    if name in _WITH_VALUE or name in _SWITCHES:
        return
    if name in GIVEN:
        raise LessonlibError(f"--{name} is given here, or changes nothing that is judged: leave it out.")
    near = close_matches(name[:80], (*_WITH_VALUE, *_SWITCHES), limit=1)
    hint = f"; did you mean --{near[0]}?" if near else "."
    raise LessonlibError(f"lessonlib simulate has no --{short(name)}{hint}")


def _offer(lab: FleetLab, flags: Mapping[str, str]) -> Offer:
    tp = _number(flags, "tp", 1, 64) or 1
    gpu = flags.get("gpu", lab.offers[0].gpu)
    if Offer(gpu, tp) not in lab.offers:
        known = listed([f"--gpu {each.gpu} --tp {each.tp}" for each in lab.offers])
        raise LessonlibError(f"There is no replica of {tp} x “{short(gpu)}” to rent here; there is {known}.")
    return Offer(gpu, tp)


def _number(flags: Mapping[str, str], name: str, least: int, most: int) -> int | None:
    return None if name not in flags else _whole(name, flags[name], least, most)


def _whole(name: str, text: str, least: int, most: int) -> int:
    typed = text.strip()
    if not (typed.isascii() and _WHOLE.fullmatch(typed)) or not least <= int(typed) <= most:
        raise LessonlibError(f"--{name} takes a whole number from {least} to {most:,}, not “{short(text)}”.")
    return int(typed)


def _pools(flags: Mapping[str, str]) -> tuple[int, int] | None:
    if "disaggregate" not in flags:
        return None
    parts = flags["disaggregate"].split(",")
    if len(parts) != 2:
        raise LessonlibError(
            "--disaggregate takes two numbers with a comma between: replicas that read, and that write, such as 2,3."
        )
    read, write = (_whole("disaggregate", part, 1, MOST_REPLICAS) for part in parts)
    return read, write


def _scale(flags: Mapping[str, str]) -> Scale | None:
    if "autoscale" not in flags:
        return None
    parts = [part.strip() for part in flags["autoscale"].split(",")]
    if len(parts) != 4 or parts[0] not in SIGNALS:
        raise LessonlibError(
            f"--autoscale takes SIGNAL,TARGET,LEAST,MOST with {listed(SIGNALS)} as the signal here, such as rate,3,1,6."
        )
    text = parts[1]
    if (
        not (text.isascii() and _DECIMAL.fullmatch(text))
        or not any(each.isdigit() for each in text)
        or not 0.01 <= float(text) <= 10_000
    ):
        raise LessonlibError(f"--autoscale: the target is a number from 0.01 to 10,000, not “{short(text)}”.")
    least, most = (_whole("autoscale", part, 1, MOST_REPLICAS) for part in parts[2:])
    if least > most:
        raise LessonlibError(f"--autoscale: at least {least} and at most {most} cannot be: LEAST comes first.")
    return Scale(parts[0], float(text), least, most)


def line_of(plan: Plan) -> str:
    """The line that sets it, every flag that counts here written out."""
    parts = [f"lessonlib simulate --gpu {plan.offer.gpu} --tp {plan.offer.tp}"]
    if plan.pools:
        parts.append(f"--disaggregate {plan.pools[0]},{plan.pools[1]}")
    elif plan.scale:
        parts.append(f"--autoscale {plan.scale.signal},{plan.scale.target:g},{plan.scale.least},{plan.scale.most}")
    else:
        parts.append(f"--replicas {plan.replicas}")
    parts.append(f"--router {plan.router}")
    if plan.tokens:
        parts.append(f"--max-num-batched-tokens {plan.tokens}")
    if plan.seats:
        parts.append(f"--max-num-seqs {plan.seats}")
    if not plan.caching:
        parts.append("--no-prefix-caching")
    return " ".join(parts)
