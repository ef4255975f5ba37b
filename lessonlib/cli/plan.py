"""The command `plan`: the cheapest set-ups that hold, from a terminal."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lessonlib.base.errors import LessonlibError
from lessonlib.base.files import check_apart
from lessonlib.base.text import printable, printable_lines
from lessonlib.cli import traffic
from lessonlib.cli.limits import number
from lessonlib.cli.output import print_json

if TYPE_CHECKING:
    from lessonlib.plan import Choice, Question, SetUp
    from lessonlib.plan.sweep import Tell
    from lessonlib.roofline import GPU, Lab

INTERRUPTED = 130
_PAGES = (".html", ".htm")
_EPILOG = """examples:
  lessonlib plan --rate 8 --prompt 1000 --output 200 --slo 1,0.03 --gpu h100-sxm,l40s
  lessonlib plan --lab qwen3.5-27b-2xh100-sxm --preset rag --rate 4 --slo 2,0.05 --budget 60 --html plan.html
  lessonlib plan --model deepseek-v3 --weights fp8 --gpu h200-sxm --tp 8 --rate 2 --prompt 4000 --output 500 --slo 2,0.05 --price h200-sxm=3.5
  lessonlib plan --trace requests.jsonl --slo 1,0.04 --json > plan.json
  lessonlib plan --preset conversation --rate 40 --slo 1,0.03 --dask tcp://10.0.0.5:8786"""


def add_parser(subparsers: Any) -> None:
    """Declare `plan`."""
    parser = subparsers.add_parser(
        "plan",
        usage="lessonlib plan --slo TTFT,TPOT [options]",
        help="traffic, limits and prices: the cheapest set-ups that hold",
        description="Find the cheapest set-ups that serve the requests within the limits. Ceilings drop what cannot, the simulator judges the rest.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    traffic.add_flags(parser.add_argument_group("requests"), "plan", closed=False)
    add = parser.add_argument_group("what must hold, and what it may cost").add_argument
    _number(
        add, "--slo", "seconds until the first token, and for each token after it, such as 1,0.05", metavar="TTFT,TPOT"
    )
    _number(add, "--share", "of the requests that must keep both", "0.99", metavar="X")
    _number(add, "--budget", "dollars an hour", "any", metavar="USD")
    add(
        "--price",
        action="append",
        metavar="GPU=USD",
        help="of one GPU for one hour, such as h100-sxm=2.5; may come again [data/prices.csv]",
    )
    _number(add, "--most-gpus", "GPUs of one set-up", "64", metavar="N")
    _number(add, "--within", "tell of what costs up to so many times the cheapest", "2", metavar="X")
    add = parser.add_argument_group("what is tried").add_argument
    add("--lab", help="start from a lab: its model, GPU and precision")
    add(
        "--model",
        action="append",
        help="a name (see `models`) or a path to a config.json; may come again [llama-3.1-8b]",
    )
    add(
        "--gpu",
        action="append",
        help="names with commas between (see `gpus`), or a file (see `gpus --example`); may come again [h100-sxm]",
    )
    add(
        "--weights",
        metavar="NAMES",
        help="precisions of the matrices, with commas between [as the checkpoint or lab says, else bf16,fp8]",
    )
    add(
        "--kv",
        metavar="NAMES",
        help="precisions of the KV cache, with commas between [as the checkpoint or lab says, else bf16]",
    )
    _number(add, "--tp", "GPUs that share every layer, with commas between; ", "1,2,4,8", metavar="N,...")
    _number(
        add,
        "--max-num-seqs",
        "requests that run at once in a replica, with commas between; ",
        "by GPU, and 32,128",
        metavar="N,...",
    )
    _number(
        add, "--max-num-batched-tokens", "tokens of a step, with commas between; ", "by GPU, and 2048", metavar="T,..."
    )
    add(
        "--pools",
        default="both",
        help="one: prompts and answers in the same replicas; two: in pools of their own; or both [both]",
    )
    add("--router", default="least-requests", help="as of simulate [least-requests]")
    add = parser.add_argument_group("the sweep and what is told of it").add_argument
    _number(add, "--seed", "decides every random draw", "0", default=0)
    _number(add, "--jobs", "processes at a time", "all cores", metavar="N")
    add(
        "--dask",
        metavar="ADDRESS",
        help="run on a Dask cluster: the address of its scheduler, such as tcp://10.0.0.5:8786",
    )
    add("--json", action="store_true", help="print one JSON object")
    add("--html", metavar="FILE", help="write a page that stands alone (.html)")
    add("--plot", metavar="FILE", help="write cost against first token, time per token and goodput (.svg, .png, .pdf)")


def _number(add: Any, option: str, what: str, otherwise: str = "", **more: Any) -> None:
    number(add, "plan", option, what, otherwise, **more)


def run(args: argparse.Namespace) -> int:
    """Plan, print and write; 0, 1 if nothing holds, 130 after Ctrl-C (with what is known). Raises LessonlibError for wrong input."""
    from lessonlib.plan import answer_data, answer_text, plan

    check_apart(
        {"--html": args.html, "--plot": args.plot},
        {"--trace": args.trace, "--lab": args.lab} | {f"--model {name}": name for name in args.model or ()},
    )
    _check_output(args)
    question, grid = asked(args)
    with _progress(len(grid)) as tell:
        answer = plan(question, grid, args.jobs, args.dask, tell)
    data = answer_data(answer)
    if args.json:
        print_json(data)
    else:
        print(printable_lines(answer_text(data)))
    if data["set_ups"]:
        _write(data, args)
    elif args.html is not None or args.plot is not None:
        print("lessonlib plan: nothing holds, so nothing was drawn", file=sys.stderr)
    if answer.interrupted:
        print("lessonlib plan: stopped", file=sys.stderr)
        return INTERRUPTED
    return 0 if answer.winners else 1


def _check_output(args: argparse.Namespace) -> None:
    """What would be wrong after the run is said before it."""
    from lessonlib.draw.style import SUFFIXES
    from lessonlib.serving import check_file

    if args.html is not None:
        check_file("--html", Path(args.html), _PAGES)
    if args.plot is not None:
        check_file("--plot", Path(args.plot), SUFFIXES)
    if args.dask is not None:
        from lessonlib.base.parallel import check_address

        check_address("--dask", args.dask)
        if args.jobs is not None:
            raise LessonlibError("--jobs: a cluster has as many as it has; leave out --jobs or --dask")


def asked(args: argparse.Namespace) -> tuple[Question, tuple[SetUp, ...]]:
    """The question and the set-ups that the flags ask for."""
    from lessonlib.plan import Question, Slo, price_of, set_ups
    from lessonlib.plan.grid import SEATS, TOKENS, TP
    from lessonlib.plan.prices import given_prices
    from lessonlib.roofline import load_lab

    if args.slo is None:
        raise LessonlibError(
            "say what must hold: --slo TTFT,TPOT, seconds until the first token and for each after it, such as 1,0.05"
        )
    slo = Slo(*args.slo, **({} if args.share is None else {"share": args.share}))
    lab = load_lab(args.lab) if args.lab is not None else None
    gpus = _gpus(args, lab)
    given = given_prices(args.price or (), gpus)
    prices = {gpu.called: price_of(gpu, given) for gpu in gpus}
    choices = _choices(args, lab)
    requests = traffic.requests(args, "plan", _count(args, slo))
    more = {name: getattr(args, name) for name in ("budget", "most_gpus", "within") if getattr(args, name) is not None}
    question = Question(requests, slo, prices, router=args.router, seed=args.seed, **more)
    grid = set_ups(
        choices,
        gpus,
        args.tp or TP,
        SEATS if args.max_num_seqs is None else args.max_num_seqs,
        TOKENS if args.max_num_batched_tokens is None else args.max_num_batched_tokens,
        args.pools,
    )
    return question, grid


def _count(args: argparse.Namespace, slo: Any) -> int:
    """Requests of a run where nobody says: as long as ten of the longest answers, by the mean of some."""
    from lessonlib.plan.question import enough_requests
    from lessonlib.serving import PRESETS

    if args.trace is not None or args.requests is not None:
        return 1
    preset = PRESETS.get(args.preset) if args.preset is not None else None
    rate = args.rate if args.rate is not None else preset.rate if preset else 1.0
    outputs = [request.output for request in traffic.requests(args, "plan", 200)]
    return enough_requests(rate, sum(outputs) / len(outputs), slo)


def _gpus(args: argparse.Namespace, lab: Lab | None) -> list[GPU]:
    from lessonlib.roofline import load_gpu, load_gpu_or_file

    if args.gpu is None:
        return [lab.system.gpu if lab else load_gpu("h100-sxm")]
    names = [name for text in args.gpu for name in ([text] if Path(text).suffix == ".toml" else _names("--gpu", text))]
    found = {gpu.called: gpu for gpu in map(load_gpu_or_file, names)}
    return list(found.values())


def _names(flag: str, text: str) -> list[str]:
    """The names in a text with commas between, each once."""
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise LessonlibError(f"{flag}: expected names with commas between, one is empty")
    return list(dict.fromkeys(names))


def _choices(args: argparse.Namespace, lab: Lab | None) -> list[Choice]:
    """The models that would do, each in the precisions of the flags, or of its checkpoint or lab."""
    from lessonlib.plan import Choice
    from lessonlib.roofline import kv_format, load_model, precision_notes, stated_precision
    from lessonlib.roofline.precision import part_formats

    weights = _formats("--weights", args.weights, part_formats)
    caches = _formats("--kv", args.kv, kv_format)
    if args.model is None and lab is not None:
        system = lab.system
        return [Choice(system.model, weights or (system.weights,), caches or (system.kv,), system.head)]
    found = []
    for name in dict.fromkeys(args.model or ["llama-3.1-8b"]):
        model = load_model(name)
        stated = stated_precision(model)
        for note in precision_notes(model):
            print(printable(f"lessonlib plan: {model.name}: {note}"), file=sys.stderr)
        own = (stated["weights"],) if "weights" in stated else ("bf16", "fp8")
        found.append(Choice(model, weights or own, caches or (stated.get("kv", "bf16"),), stated.get("head", "bf16")))
    return found


def _formats(flag: str, text: str | None, check: Any) -> tuple[str, ...]:
    """The names of a flag; formats by part hold commas of their own, so that such a text is one."""
    if text is None:
        return ()
    names = [text] if "=" in text else _names(flag, text)
    for name in names:
        try:
            check(name)
        except LessonlibError as error:
            raise LessonlibError(f"{flag}: {error}") from None
    return tuple(names)


@contextmanager
def _progress(total: int) -> Iterator[Tell]:
    """A bar on a terminal, with the cheapest so far; nothing elsewhere."""
    from tqdm import tqdm

    with tqdm(total=total, unit="set-up", file=sys.stderr, disable=None, leave=False) as bar:

        def tell(done: int, _total: int, cheapest: float | None) -> None:
            if cheapest is not None:
                bar.set_postfix_str(f"cheapest so far ${cheapest:,.2f}/h", refresh=False)
            bar.update(done - bar.n)

        yield tell


def _write(data: dict[str, Any], args: argparse.Namespace) -> None:
    """The page and the plot."""
    files: Sequence[str | None] = (args.html, args.plot)
    if args.html is not None:
        from lessonlib.base.files import write_text
        from lessonlib.show.plan_page import plan_page

        write_text(args.html, plan_page(data), f"--html {args.html}")
    if args.plot is not None:
        from lessonlib.course.engine.plan_fronts import write

        write(data, Path(args.plot))
    for file in files:
        if file is not None:
            print(printable(f"wrote {file}"), file=sys.stderr)
