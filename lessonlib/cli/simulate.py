"""The command `simulate`: many requests through a model on GPUs, from a terminal."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lessonlib.base.errors import LessonlibError
from lessonlib.base.files import check_apart
from lessonlib.base.text import printable, printable_lines
from lessonlib.cli import simulate_monitor, simulate_serving, traffic
from lessonlib.cli.limits import number
from lessonlib.cli.output import print_json

if TYPE_CHECKING:
    from lessonlib.roofline import System
    from lessonlib.serving import Progress, Result

INTERRUPTED = 130
#: Requests whose every time is kept: about a gigabyte.
_MOST_KEPT = 5_000_000
_EPILOG = """examples:
  lessonlib simulate --model llama-3.1-8b --gpu h100-sxm --rate 12 --prompt 1000 --output 200
  lessonlib simulate --model llama-3.1-70b --tp 2 --weights fp8 --kv fp8 --concurrency 100 --prompt 5000 --output 500
  lessonlib simulate --lab qwen3.5-27b-2xh100-sxm --preset rag --rate 1.5 --replicas 4 --router prefix-aware --json
  lessonlib simulate --trace requests.jsonl --plot timeline.svg
  lessonlib simulate --rate 40 --replicas 2 --kind 2,gpu=a100-80gb-sxm --router service --connections 8 --log
  lessonlib simulate --rate 20 --requests 4000 --autoscale rate,8,1,6 --start node=90,image=60,weights=10 --panel panel.csv"""


def add_parser(subparsers: Any) -> None:
    """Declare `simulate`."""
    parser = subparsers.add_parser(
        "simulate",
        usage="lessonlib simulate [options]",
        help="many requests through a fleet: waiting, batching, caching",
        description="Serve many requests and print throughput, waiting times and what the cache did.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_system(parser.add_argument_group("model and GPUs").add_argument)
    traffic.add_flags(parser.add_argument_group("requests"), "simulate")
    simulate_serving.add_flags(parser)
    add = parser.add_argument_group("the run and what is told of it").add_argument
    _number(add, "--seed", "decides every random draw", "0", default=0)
    _number(add, "--limit", "stop at this simulated time", metavar="S")
    _number(add, "--slo", "limits in seconds to count goodput by, such as 1,0.05", metavar="TTFT,TPOT")
    _number(add, "--price", "of one GPU for one hour, to print costs", metavar="P")
    add("--summary", action="store_true", help="keep sums only: memory does not grow with the run")
    add("--json", action="store_true", help="print one JSON object")
    add("--save", metavar="FILE", help="write one row a request (.csv)")
    add("--plot", metavar="FILE", help="write a timeline (.svg, .png, .pdf)")
    simulate_monitor.add_flags(parser)


def _number(add: Any, option: str, what: str, otherwise: str = "", **more: Any) -> None:
    number(add, "simulate", option, what, otherwise, **more)


def _add_system(add: Any) -> None:
    add("--lab", help="start from a lab: its model, GPUs and precision")
    add("--model", help="a name (see `models`) or a path to a config.json [llama-3.1-8b]")
    add("--gpu", help="a name (see `gpus`) or a file (see `gpus --example`) [h100-sxm]")
    _number(add, "--tp", "GPUs that share every layer, in each replica", "1")
    _number(add, "--pp", "stages of layers, in each replica", "1")
    _number(add, "--dp", "copies of the attention that step together, in each replica; needs --ep", "1")
    _number(add, "--ep", "GPUs over which whole experts are spread (tp x dp)", "1")
    _number(add, "--popularity", "how unequally experts are taken: 0 fair, 1 as 1/rank", "even")
    add("--weights", help="precision of the matrices [bf16]")
    add("--kv", help="precision of the KV cache [bf16]")
    _number(add, "--link", "of a GPU to its peers, one way; 64: NVLink is down", "data sheet", metavar="GB/S")


def run(args: argparse.Namespace) -> int:
    """Simulate, print and write; 0, or 130 after Ctrl-C (with what there is). Raises LessonlibError for wrong input."""
    from lessonlib.serving import run_summary, run_summary_text, save_requests, simulate

    if not args.summary and (args.requests or 0) > _MOST_KEPT:
        raise LessonlibError(
            f"--requests: more than {_MOST_KEPT:,} are too many to keep each of them in memory: add --summary"
        )
    if args.summary and (
        any(value is not None for value in (args.slo, args.save, args.plot)) or simulate_monitor.asked(args)
    ):
        raise LessonlibError(
            "--summary: keeps no single requests; leave it out for --slo, --save, --plot, --log, --metrics or --panel"
        )
    check_apart(
        {"--save": args.save, "--plot": args.plot, "--metrics": args.metrics, "--panel": args.panel},
        {"--trace": args.trace, "--lab": args.lab, "--model": args.model, "--gpu": args.gpu},
    )
    simulate_monitor.check(args)
    _check_output(args)
    system, requests = _system(args), traffic.requests(args, "simulate")
    scheduler, fleet = simulate_serving.scheduler(args, system), simulate_serving.fleet(args, system)
    with _progress(len(requests)) as tell:
        result = simulate(
            system, requests, scheduler, fleet, concurrency=args.concurrency, cost=args.cost, limit_s=args.limit,
            record="summary" if args.summary else "full", seed=args.seed, progress=tell,
        )  # fmt: skip
    for warning in result.warnings:
        print(printable(f"lessonlib simulate: {warning}"), file=sys.stderr)
    data = run_summary(result, args.slo, args.price)
    if args.log:
        lines = simulate_monitor.log(result)
        data |= {"log": lines}
        if not args.json:
            print(printable_lines("\n".join([*lines, ""])))
    if args.json:
        print_json(data)
    else:
        print(run_summary_text(data))
    if args.save is not None:
        save_requests(result, Path(args.save))
    if args.plot is not None:
        _plot(result, args.plot)
    simulate_monitor.write(result, args)
    return INTERRUPTED if result.stopped == "interrupted" else 0


def _system(args: argparse.Namespace) -> System:
    from lessonlib.cli.model_choice import model_choice
    from lessonlib.roofline import System, load_gpu, load_gpu_or_file, load_lab, load_model

    base = (
        load_lab(args.lab).system if args.lab is not None else System(load_model("llama-3.1-8b"), load_gpu("h100-sxm"))
    )
    usual = {
        name: getattr(base, name)
        for name in ("tp", "pp", "weights", "kv", "head", "launches", "ep", "dp", "popularity")
    }
    flags = ("tp", "pp", "dp", "ep", "weights", "kv", "popularity")
    given = {name: getattr(args, name) for name in flags if getattr(args, name) is not None}
    model, stated, notes = model_choice(args, base.model)
    for note in notes:
        print(printable(f"lessonlib simulate: {note}"), file=sys.stderr)
    gpu = load_gpu_or_file(args.gpu) if args.gpu is not None else base.gpu
    if args.link is not None:
        gpu = simulate_serving.with_link("--link", gpu, args.link)
    return System(model=model, gpu=gpu, **(usual | stated | given))


@contextmanager
def _progress(total: int) -> Iterator[Progress]:
    """A bar on a terminal for runs that take longer than a second; nothing elsewhere."""
    from tqdm import tqdm

    with tqdm(total=total, unit="request", file=sys.stderr, disable=None, leave=False, delay=1.0) as bar:

        def tell(finished: int, seconds: float) -> None:
            bar.set_postfix_str(f"{seconds:,.0f} s simulated", refresh=False)
            bar.update(finished - bar.n)

        yield tell


def _check_output(args: argparse.Namespace) -> None:
    """What would be wrong after the run is said before it."""
    from lessonlib.draw.style import SUFFIXES
    from lessonlib.serving import check_file

    if args.save is not None:
        check_file("--save", Path(args.save), (".csv",))
    if args.plot is not None:
        check_file("--plot", Path(args.plot), SUFFIXES)


def _plot(result: Result, file: str) -> None:
    from lessonlib.course.engine.serving_timeline import write

    write(result, Path(file))
    print(f"wrote {file}", file=sys.stderr)
