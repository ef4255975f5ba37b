"""The flags of `simulate` that say how requests are served: scheduler, cache, drafts, fleet; and the settings made of them."""

from __future__ import annotations

import argparse
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from lessonlib.base.checks import number as checked
from lessonlib.base.checks import typed_number
from lessonlib.base.errors import LessonlibError, listed, shown
from lessonlib.cli.limits import number

if TYPE_CHECKING:
    from lessonlib.roofline import System
    from lessonlib.serving import Autoscaler, Disaggregation, Fleet, Kind, Rollout, Scheduler, Speculation

#: What --kind, --prefill-kind and --decode-kind may change.
_CHANGES = ("gpu", "tp", "pp", "weights", "kv", "link", "max-num-seqs", "max-num-batched-tokens")


def add_flags(parser: Any) -> None:
    """Declare all of them, in groups."""
    _add_scheduler(parser.add_argument_group("scheduler, with the names and defaults of vLLM's server").add_argument)
    _add_cache(parser.add_argument_group("KV cache").add_argument)
    _add_speculation(parser.add_argument_group("speculative decoding").add_argument)
    _add_fleet(parser.add_argument_group("fleet").add_argument)
    _add_changes(parser.add_argument_group("a fleet that changes").add_argument)


def _add_scheduler(add: Any) -> None:
    add("--cost", default="expected", help="of a step: expected, or ceiling [expected]")
    add("--batching", default="continuous", help="continuous, in-flight, prefill-first or static [continuous]")
    number(
        add, "simulate", "--max-num-seqs", "requests that run at once in a replica", "by GPU: 1024 or 256", metavar="N"
    )
    number(add, "simulate", "--max-num-batched-tokens", "tokens of a step", "by GPU: 16384, 8192 or 2048", metavar="T")
    number(
        add,
        "simulate",
        "--long-prefill-token-threshold",
        "most tokens of one prompt in a step while there are others",
        "0: no limit",
        metavar="T",
    )
    add("--priority", action="store_true", help="schedule by the priority of each request")
    add("--reserve-output", action="store_true", help="let a request in only with room for all of its answer")
    number(
        add, "simulate", "--server-time", "seconds outside the engine before each first token", "as fitted", metavar="S"
    )


def _add_cache(add: Any) -> None:
    number(
        add, "simulate", "--memory-share", "share of GPU memory for weights and cache", "vLLM's default", metavar="X"
    )
    number(
        add, "simulate", "--block-size", "tokens of a block; hybrids take the page of their state", "16", metavar="T"
    )
    number(add, "simulate", "--kv-blocks", "blocks of the cache", "what the memory leaves", metavar="N")
    number(add, "simulate", "--watermark", "share of the blocks kept free when a request is let in", "0", metavar="X")
    number(add, "simulate", "--host-memory", "of the host, for what the GPUs have computed", "0", metavar="GB")
    number(add, "simulate", "--host-link", "from there to each GPU", "50", metavar="GB/S")
    add("--no-prefix-caching", action="store_true", help="forget the KV cache of finished requests")
    add(
        "--no-hybrid-pages", action="store_true", help="count recurrent states by their bytes, find beginnings anywhere"
    )


def _add_speculation(add: Any) -> None:
    number(
        add,
        "simulate",
        "--speculate",
        "such as 3,0.7; or a share for each draft, as an engine reports them, such as 3,0.9,0.6,0.35",
        metavar="DRAFTS,ACCEPTANCE",
    )
    number(add, "simulate", "--draft-time", "seconds that each draft costs a step", "0", metavar="S")


def _add_fleet(add: Any) -> None:
    number(add, "simulate", "--replicas", "equal replicas", "1", metavar="K")
    add(
        "--router",
        default="least-requests",
        help="random, round-robin, service, least-requests, least-tokens, two-choices, prefix-aware, session or "
        "sticky-until-saturated [least-requests]",
    )
    number(add, "simulate", "--load-bound", "load of a preferred replica over the mean, at most", "1.25", metavar="X")
    number(add, "simulate", "--scrape", "the router sees loads as of every so many seconds", "0: now", metavar="S")
    number(add, "simulate", "--connections", "of all clients, for the router service", "64", metavar="N")
    number(add, "simulate", "--router-fails-at", "from then on requests go to any replica", metavar="S")
    several: dict[str, Any] = {"action": "append"}
    number(
        add, "simulate", "--slow", "replica R takes FACTOR times as long; may come again", metavar="R,FACTOR", **several
    )
    number(
        add,
        "simulate",
        "--failure",
        "replica R stops at AT for FOR seconds; may come again",
        metavar="R,AT,FOR",
        **several,
    )
    number(
        add,
        "simulate",
        "--stall",
        "replica R makes no step from AT for FOR seconds, and loses nothing; may come again",
        metavar="R,AT,FOR",
        **several,
    )
    add(
        "--kind",
        action="append",
        metavar="N,KEY=X,...",
        help=f"N more replicas of another kind, such as 2,gpu=l40s,tp=1; may come again ({', '.join(_CHANGES)}; link in GB/s)",
    )
    number(add, "simulate", "--disaggregate", "P replicas for prompts and D for answers", metavar="P,D")
    number(
        add, "simulate", "--transfer", "of the link that takes a cache from prompts to answers", "50", metavar="GB/S"
    )
    add("--prefill-kind", metavar="KEY=X,...", help="what the replicas for prompts have of their own")
    add("--decode-kind", metavar="KEY=X,...", help="what the replicas for answers have of their own")


def _add_changes(add: Any) -> None:
    add(
        "--autoscale",
        metavar="SIGNAL,TARGET,LEAST,MOST",
        help="replicas by in-flight, waiting, kv, ttft, rate or tokens (a replica), such as rate,5,1,8",
    )
    number(add, "simulate", "--look", "seconds between two looks of the autoscaler", "15", metavar="S")
    add(
        "--start",
        metavar="S",
        help="seconds until a new replica is ready, or its phases: node=90,image=60; each 0 to 1,000,000 [60]",
    )
    number(add, "simulate", "--cool-down", "too many for so long before some go", "300", metavar="S")
    number(add, "simulate", "--signal-age", "how old the signal is", "0", metavar="S")
    number(add, "simulate", "--most-up", "replicas that one look may start", "0: any", metavar="N")
    number(add, "simulate", "--most-down", "replicas that one look may take away", "0: any", metavar="N")
    number(
        add,
        "simulate",
        "--rollout",
        "replace all replicas from AT on; DRAIN seconds for what runs (0: abort), such as 60,1,0,120,30",
        metavar="AT,SURGE,UNAVAILABLE,START,DRAIN",
    )


# --- the settings -----------------------------------------------------------------------------------------------------


def scheduler(args: argparse.Namespace, system: System) -> Scheduler:
    """The scheduler that the flags ask for: limits of a rank, as vLLM's, become those of all copies of the attention."""
    from lessonlib.serving import Scheduler

    seats, tokens = args.max_num_seqs, args.max_num_batched_tokens
    given = {
        "max_num_seqs": None if seats is None else seats * system.dp,
        "max_num_batched_tokens": None if tokens is None else tokens * system.dp,
        "long_prefill_tokens": args.long_prefill_token_threshold,
        "server_s": args.server_time,
        "memory_share": args.memory_share,
        "block_tokens": args.block_size,
        "kv_blocks": args.kv_blocks,
        "watermark": args.watermark,
    }
    if args.host_link is not None and args.host_memory is None:
        raise LessonlibError("--host-link: needs --host-memory")
    for name, flag in (("host_bytes", args.host_memory), ("host_bytes_per_second", args.host_link)):
        given[name] = None if flag is None else flag * 1e9
    return Scheduler(
        batching=args.batching,
        prefix_caching=not args.no_prefix_caching,
        hybrid_pages=not args.no_hybrid_pages,
        reserve_output=args.reserve_output,
        policy="priority" if args.priority else "fcfs",
        speculation=_speculation(args),
        **{name: value for name, value in given.items() if value is not None},
    )


def _speculation(args: argparse.Namespace) -> Speculation | None:
    from lessonlib.serving import Speculation

    if args.speculate is None:
        if args.draft_time is not None:
            raise LessonlibError("--draft-time: needs --speculate")
        return None
    drafts, *shares = args.speculate
    acceptance = shares[0] if len(shares) == 1 else tuple(shares)
    return Speculation(drafts, acceptance, args.draft_time or 0.0)


def fleet(args: argparse.Namespace, system: System) -> Fleet:
    """The fleet that the flags ask for."""
    from lessonlib.serving import Failure, Fleet, Stall

    given = {
        "load_bound": args.load_bound,
        "scrape_s": args.scrape,
        "connections": args.connections,
        "router_fails_at_s": args.router_fails_at,
    }
    if args.connections is not None and args.router != "service":
        raise LessonlibError("--connections: they are balanced by --router service alone")
    scaler = _autoscaler(args)
    least = scaler.least if scaler else 1
    return Fleet(
        max(least, 1) if args.replicas is None else args.replicas,
        args.router,
        slow=dict(args.slow or ()),
        failures=tuple(Failure(*parts) for parts in args.failure or ()),
        stalls=tuple(Stall(*parts) for parts in args.stall or ()),
        autoscaler=scaler,
        disaggregation=_pools(args, system),
        kinds=tuple(_kind(text, args, system) for text in args.kind or ()),
        rollout=_rollout(args),
        **{name: value for name, value in given.items() if value is not None},
    )


def _kind(text: str, args: argparse.Namespace, system: System) -> Kind:
    from lessonlib.serving import Kind

    count, _, changes = text.partition(",")
    own, settings = _changed("--kind", changes, system, scheduler(args, system))
    return Kind(own, _count("--kind", _value("--kind", count)), settings)


def _pools(args: argparse.Namespace, system: System) -> Disaggregation | None:
    from lessonlib.serving import Disaggregation

    if args.disaggregate is None:
        for flag in ("transfer", "prefill_kind", "decode_kind"):
            if getattr(args, flag) is not None:
                raise LessonlibError(f"--{flag.replace('_', '-')}: needs --disaggregate")
        return None
    if args.replicas is not None:
        raise LessonlibError("--disaggregate: counts the replicas of both pools itself; leave out --replicas")
    prefill, decode = args.disaggregate
    own: dict[str, Any] = {}
    for pool in ("prefill", "decode"):
        text = getattr(args, f"{pool}_kind")
        if text is not None:
            changed = _changed(f"--{pool}-kind", text, system, scheduler(args, system))
            own[f"{pool}_system"], own[f"{pool}_scheduler"] = changed
    if args.transfer is not None:
        own["link_bytes_per_second"] = args.transfer * 1e9
    return Disaggregation(prefill, decode, **own)


def _autoscaler(args: argparse.Namespace) -> Autoscaler | None:
    from lessonlib.serving import Autoscaler

    flags = ("look", "start", "cool_down", "signal_age", "most_up", "most_down")
    if args.autoscale is None:
        for flag in flags:
            if getattr(args, flag) is not None:
                raise LessonlibError(f"--{flag.replace('_', '-')}: needs --autoscale")
        return None
    signal, _, rest = args.autoscale.partition(",")
    target, least, most = _parts("--autoscale", rest, 3)
    given = {
        "every_s": args.look,
        "cold_start_s": None if args.start is None else _phases(args.start),
        "cool_down_s": args.cool_down,
        "scrape_s": args.signal_age,
        "most_up": args.most_up,
        "most_down": args.most_down,
    }
    known = {name: value for name, value in given.items() if value is not None}
    return Autoscaler(signal, target, _count("--autoscale", least), _count("--autoscale", most), **known)


def _phases(text: str) -> float | dict[str, float]:
    if "=" not in text:
        return _wait("--start", text)
    return {name: _wait("--start", value) for name, value in _pairs("--start", text).items()}


def _rollout(args: argparse.Namespace) -> Rollout | None:
    from lessonlib.serving import Rollout

    if args.rollout is None:
        return None
    return Rollout(*args.rollout)


# --- parts of a flag --------------------------------------------------------------------------------------------------


def _parts(flag: str, text: str, count: int) -> list[float]:
    """So many numbers with commas between; LessonlibError says what is none."""
    words = text.split(",")
    if len(words) != count:
        what = "a number" if count == 1 else f"{count} numbers with commas between"
        raise LessonlibError(f"{flag}: expected {what}, not {shown(text, 60)}")
    return [_value(flag, word) for word in words]


def _value(flag: str, text: str) -> float:
    try:
        return typed_number(text)
    except ValueError as error:
        raise LessonlibError(f"{flag}: {error}") from None


def _wait(flag: str, text: str) -> float:
    return checked(flag, _value(flag, text), least=0.0, most=1e6)


def _count(flag: str, value: float) -> int:
    if value != int(value):
        raise LessonlibError(f"{flag}: expected a whole number, not {value:g}")
    return int(value)


def _pairs(flag: str, text: str) -> dict[str, str]:
    found = {}
    for part in text.split(","):
        name, sign, value = part.partition("=")
        if not sign or not name.strip():
            raise LessonlibError(f"{flag}: expected KEY=VALUE with commas between, not {shown(text, 60)}")
        if name.strip() in found:
            raise LessonlibError(f"{flag}: {shown(name.strip(), 40)} is given twice")
        found[name.strip()] = value.strip()
    return found


def _changed(flag: str, text: str, system: System, settings: Scheduler) -> tuple[System, Scheduler]:
    """The system and the settings with what the flag changes."""
    from lessonlib.roofline import load_gpu_or_file

    changes = _pairs(flag, text)
    for name in changes:
        if name not in _CHANGES:
            raise LessonlibError(f"{flag}: unknown key {shown(name, 40)}: expected {listed(_CHANGES)}")
    own: dict[str, Any] = {name: changes[name] for name in ("weights", "kv") if name in changes}
    own |= {name: _count(flag, _value(flag, changes[name])) for name in ("tp", "pp") if name in changes}
    gpu = load_gpu_or_file(changes["gpu"]) if "gpu" in changes else system.gpu
    if "link" in changes:
        gpu = with_link(flag, gpu, _value(flag, changes["link"]))
    limits: dict[str, Any] = {
        name.replace("-", "_"): _count(flag, _value(flag, changes[name])) * system.dp
        for name in ("max-num-seqs", "max-num-batched-tokens")
        if name in changes
    }
    return replace(system, gpu=gpu, **own), replace(settings, **limits)


def with_link(flag: str, gpu: Any, gigabytes: float) -> Any:
    """The same GPU with another link to its peers, GB/s one way, such as the 64 of PCIe 5 where NVLink is down."""
    changed = {"link_bytes_per_second": checked(flag, gigabytes, above=0.0) * 1e9, "link": f"{gigabytes:g} GB/s"}
    if any(field.name == "link_kind" for field in fields(gpu)):
        changed["link_kind"] = "pcie"
    return replace(gpu, **changed)
