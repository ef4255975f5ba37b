"""The command `estimate`: the roofline engine from a terminal."""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lessonlib.base.errors import LessonlibError, listed, shown
from lessonlib.cli.limits import LIMITS, Limit, number
from lessonlib.cli.output import print_json

if TYPE_CHECKING:
    from lessonlib.roofline import Case

_MOST_CELLS = 1_000_000
_STRIDE = Limit(1, 100_000_000, whole=True)
_AXES = ("batch", "context")
_EPILOG = """examples:
  lessonlib estimate --model llama-3.1-8b --gpu h100-sxm --batch 32 --context 2048
  lessonlib estimate --lab qwen3.5-27b-2xh100-sxm --table
  lessonlib estimate --sweep batch=1:512 > throughput.csv
  lessonlib estimate --model path/to/config.json --gpu l40s --weights int4 --plot roofline.svg"""


def add_parser(subparsers: Any) -> None:
    """Declare `estimate`."""
    parser = subparsers.add_parser(
        "estimate",
        help="ceilings and expected times of a model on GPUs",
        description="Arithmetic, bytes, ceiling and expected time of a prefill and of one decode step.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--lab", help="start from a lab: its model, GPU, precision, prompt and context, one request")
    add("--model", help="a name (see `models`) or a path to a config.json [llama-3.1-8b]")
    add("--gpu", help="a name (see `gpus`) or a file (see `gpus --example`) [h100-sxm]")
    number(add, "estimate", "--tp", "GPUs that share every layer (tensor parallelism)", "1")
    number(add, "estimate", "--pp", "stages of layers (pipeline parallelism)", "1")
    number(add, "estimate", "--dp", "copies of the model (data parallelism)", "1")
    number(add, "estimate", "--ep", "1, or tp x dp (whole experts spread over those GPUs)", "1")
    number(add, "estimate", "--popularity", "how unequally experts are taken: 0 fair, 1 as 1/rank", "even")
    add("--weights", help="precision of the matrices [as the checkpoint says, else bf16]")
    add("--kv", help="precision of the KV cache [as the checkpoint says, else bf16]")
    add("--head", help="precision of the output head [as the checkpoint says, else bf16]")
    add("--launches", help="graphs, or eager: kernels started one by one [graphs]")
    number(add, "estimate", "--batch", "requests, in the prefill and in the decode step", "32")
    number(add, "estimate", "--prompt", "tokens of each prompt", "2048")
    number(add, "estimate", "--context", "tokens that each decoding request holds", "2048")
    add("--json", action="store_true", help="print one JSON object")
    add("--table", action="store_true", help="print every operation of both phases")
    add(
        "--sweep",
        action="append",
        metavar="AXIS=FIRST:LAST[:STEP]",
        help="decode over batch or context (or a list: batch=1,8,64), as CSV; may be given twice",
    )
    add("--plot", metavar="FILE", help="write a roofline with the operations on it (.svg, .png, .pdf)")


def run(args: argparse.Namespace) -> int:
    """Print the case that the flags ask for, or a sweep; write the plot. Raises LessonlibError for wrong input."""
    from lessonlib.base.text import printable_lines
    from lessonlib.roofline import estimate_data, estimate_text, operation_table

    case, notes = _case(args)
    data = estimate_data(case) | ({"notes": notes} if notes else {})
    if args.plot is not None:
        _write_plot(case, args.plot)
    if args.sweep is not None:
        _print_sweep(case, args.sweep)
    elif args.json:
        print_json(data)
    else:
        print(printable_lines("\n".join([estimate_text(data), *notes])))
        if args.table:
            for phase in ("prefill", "decode"):
                print(f"\n{phase}\n{operation_table(case, phase)}")
    return 0


def _case(args: argparse.Namespace) -> tuple[Case, list[str]]:
    """The case that the flags (and a lab) ask for, and what was taken from the model's own files."""
    from lessonlib.cli.model_choice import model_choice
    from lessonlib.roofline import Case, System, load_gpu, load_gpu_or_file, load_lab, load_model

    lab = load_lab(args.lab) if args.lab is not None else None
    base = lab.system if lab else System(load_model("llama-3.1-8b"), load_gpu("h100-sxm"))
    choices = ("tp", "pp", "ep", "dp", "weights", "kv", "head", "launches", "popularity")
    given = {name: getattr(args, name) for name in choices if getattr(args, name) is not None}
    usual = {name: getattr(base, name) for name in choices}
    model, stated, notes = model_choice(args, base.model)
    gpu = load_gpu_or_file(args.gpu) if args.gpu is not None else base.gpu
    system = System(model=model, gpu=gpu, **(usual | stated | given))
    sizes = {"batch": 32, "prompt": 2048, "context": 2048}
    if lab:
        sizes = {"batch": 1, "prompt": lab.prompt, "context": lab.context}
    chosen = {name: getattr(args, name) for name in sizes if getattr(args, name) is not None}
    case = Case(system, **(sizes | chosen))
    longest = max(case.prompt, case.context)
    if model.max_context is not None and longest > model.max_context:
        notes.append(
            f"{model.name} ends at {model.max_context:,} tokens (max_position_embeddings): {longest:,} are more"
        )
    return case, notes


def _values(text: str, axis: str) -> Sequence[int]:
    """Whole numbers of "1:512", "0:8192:1024" or "1,8,64", within the limits of the option of that name."""
    limit = LIMITS["estimate"][f"--{axis}"]
    parts = text.split(":")
    try:
        if len(parts) == 1:
            return [int(limit(item)) for item in text.split(",")]  # type: ignore[arg-type]
        if len(parts) <= 3:
            first, last = (int(limit(item)) for item in parts[:2])  # type: ignore[arg-type]
            stride = int(_STRIDE(parts[2])) if len(parts) == 3 else 1
            if first <= last:
                return range(first, last + 1, stride)
    except argparse.ArgumentTypeError as error:
        raise LessonlibError(f"--sweep {axis}: {error}") from None
    raise LessonlibError(
        f"--sweep {axis}: expected FIRST:LAST, FIRST:LAST:STEP or a list such as 1,8,64, not {shown(text)}"
    )


def _axes(specs: list[str], case: Case) -> dict[str, Sequence[int]]:
    axes: dict[str, Sequence[int]] = {"batch": [case.batch], "context": [case.context]}
    for spec in specs:
        name, mark, values = spec.partition("=")
        if not mark or name not in _AXES:
            raise LessonlibError(f"--sweep {shown(spec)}: expected {listed(f'{axis}=1:512' for axis in _AXES)}")
        axes[name] = _values(values, name)
    if len(axes["batch"]) * len(axes["context"]) > _MOST_CELLS:
        raise LessonlibError(f"--sweep: more than {_MOST_CELLS:,} cells; take a larger step")
    return axes


def _print_sweep(case: Case, specs: list[str]) -> None:
    from lessonlib.roofline.sweep import COLUMNS, sweep

    axes = _axes(specs, case)
    table = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
    grid = sweep(case.system, axes["batch"], axes["context"])
    table.writeheader()
    for row in grid.rows():
        numbers = {key: f"{v:.6g}" if isinstance(v, float) else v for key, v in row.items()}
        table.writerow(numbers)


def _write_plot(case: Case, file: str) -> None:
    from lessonlib.course.engine.roofline_operations import write

    write(case, Path(file))
    print(f"wrote {file}", file=sys.stderr)
