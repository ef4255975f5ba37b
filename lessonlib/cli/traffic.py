"""The flags that say which requests come, and the requests made of them: one home for all commands that serve some."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from lessonlib.base.errors import LessonlibError
from lessonlib.base.text import printable
from lessonlib.cli.limits import number

if TYPE_CHECKING:
    from lessonlib.serving import Arrivals, Trace, Workload

REQUESTS = 400
_PROMPT, _OUTPUT = 1000, 200


def add_flags(parser: Any, command: str, closed: bool = True) -> None:
    """Declare them for a command, in its group `parser`. closed: also those of a closed loop."""
    load = parser.add_mutually_exclusive_group()
    number(load.add_argument, command, "--rate", "requests per second that come by themselves (Poisson)", metavar="R")
    if closed:
        number(
            load.add_argument,
            command,
            "--concurrency",
            "requests always under way (one ends, the next comes)",
            metavar="N",
        )
    add = parser.add_argument
    otherwise = f"{REQUESTS}" if closed else "as long as ten of the longest answers"
    add(
        "--trace",
        metavar="FILE",
        help="requests from a .csv, .jsonl or .json file: arrival_s, prompt, output, or the columns of Azure, BurstGPT, Mooncake, Qwen-Bailian, AIPerf, ShareGPT, vLLM's custom format",
    )
    add(
        "--preset",
        metavar="NAME",
        help="lengths and sharing made to published statistics: conversation, code, long-conversation, agent, rag",
    )
    number(
        add,
        command,
        "--burst",
        "gamma gaps with this coefficient of variation instead of Poisson (above 1: bursts)",
        metavar="CV",
    )
    number(add, command, "--prompt", "tokens of each prompt", f"{_PROMPT}", metavar="T")
    number(add, command, "--output", "tokens of each answer", f"{_OUTPUT}", metavar="T")
    number(
        add, command, "--spread", "lognormal lengths with a deviation of S times the mean", "0: all equal", metavar="S"
    )
    number(add, command, "--requests", "how many", otherwise, metavar="N")
    if not closed:
        number(add, command, "--shared", "tokens with which all prompts begin", "0", metavar="T")
    if closed:
        add(
            "--steady-sessions",
            action="store_true",
            help="sessions of a preset are under way at the start, and hold the rate",
        )


def requests(args: argparse.Namespace, command: str, count: int = REQUESTS) -> Workload | Trace:
    """The requests that the flags ask for; `count` where they do not say how many. Raises LessonlibError for wrong input."""
    from lessonlib.serving import Sharing, Workload, preset, read_trace, steady_sessions, without_arrivals
    from lessonlib.serving.traffic.trace_files import MOST_SECONDS

    if args.trace is not None:
        _refuse(
            args,
            ("preset", "prompt", "output", "requests", "spread", "burst", "rate", "shared"),
            "the trace says that already; leave it out, or leave out --trace",
        )
        trace = read_trace(args.trace)
        if not trace.timed and _concurrency(args) is None:
            told = f" ({'; '.join(trace.notes)})" if trace.notes else ""
            raise LessonlibError(
                f"{args.trace}: says not when requests come: "
                f"{'give --concurrency N, or' if hasattr(args, 'concurrency') else 'it needs'} a column arrival_s{told}"
            )
        for note in trace.notes:
            print(printable(f"lessonlib {command}: {args.trace}: {note}"), file=sys.stderr)
        return trace
    law = _arrivals(args)
    count = count if args.requests is None else args.requests
    if args.rate is not None and count / args.rate > MOST_SECONDS:
        raise LessonlibError(
            f"--rate {args.rate:g}: {count:,} requests would come in more than {MOST_SECONDS:,.0f} s, longer than a clock can "
            "tell apart; take a higher rate, or fewer --requests"
        )
    if args.preset is not None:
        _refuse(args, ("prompt", "output", "spread", "shared"), "the preset says that already; leave one of them out")
        found = preset(args.preset, count, law, seed=args.seed)
        closed = hasattr(args, "concurrency")
        # Where no loop can be closed, sessions are steady: what is asked of a rate must come at that rate.
        if args.steady_sessions if closed else found.sharing.turns > 1:
            return steady_sessions(found)
        return without_arrivals(found) if _concurrency(args) is not None else found
    if getattr(args, "steady_sessions", False):
        raise LessonlibError("--steady-sessions: needs --preset with sessions of several turns")
    sizes = (_PROMPT if args.prompt is None else args.prompt, _OUTPUT if args.output is None else args.output)
    prompt, output = (
        _lengths(flag, size, args.spread) for flag, size in zip(("--prompt", "--output"), sizes, strict=True)
    )
    shared = getattr(args, "shared", None) or 0
    if shared >= sizes[0]:
        raise LessonlibError(f"--shared: {shared:,} tokens are not fewer than the {sizes[0]:,} of a prompt")
    return Workload(count, prompt, output, law, Sharing(system_tokens=shared), seed=args.seed)


def _refuse(args: argparse.Namespace, flags: Iterable[str], why: str) -> None:
    """LessonlibError for the first of the flags that was given."""
    for flag in flags:
        if getattr(args, flag, None) is not None:
            raise LessonlibError(f"--{flag}: {why}")


def _arrivals(args: argparse.Namespace) -> Arrivals | None:
    """The law that the flags ask for; None for that of the preset, and in a closed loop."""
    from lessonlib.serving import PRESETS, GammaBurst, Poisson

    if args.burst is not None and args.rate is None:
        raise LessonlibError("--burst: needs --rate")
    if args.rate is None and _concurrency(args) is None and args.preset is None:
        raise LessonlibError(
            f"say how requests come: --rate R, {'--concurrency N, ' * hasattr(args, 'concurrency')}--trace FILE or --preset NAME"
        )
    turns = PRESETS[args.preset].sharing.turns if args.preset in PRESETS else 1
    if args.burst is not None:
        return GammaBurst(args.rate / turns, args.burst)
    if args.rate is not None:
        return Poisson(args.rate / turns) if args.rate > 0 else Poisson(args.rate)
    return None


def _lengths(flag: str, mean: int, spread: float | None) -> Any:
    from lessonlib.serving import Fixed, LogNormal

    try:
        return LogNormal(mean, spread) if spread else Fixed(mean)
    except LessonlibError as error:
        raise LessonlibError(f"{flag}: {error}") from None


def _concurrency(args: argparse.Namespace) -> int | None:
    """Of a closed loop; None where the command knows none."""
    found: int | None = getattr(args, "concurrency", None)
    return found
