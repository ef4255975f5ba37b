"""`lessonlib check`: execute all notebooks, with a table of times and the first cell that failed of each."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from lessonlib.base.errors import LessonlibError
from lessonlib.base.extras import require
from lessonlib.base.parallel import check_address
from lessonlib.base.text import printable, printable_lines
from lessonlib.cli.limits import number

if TYPE_CHECKING:
    from lessonlib.build.check import CellFailure, NotebookRun


def add_parser(subparsers: Any) -> None:
    """Declare `check`."""
    parser = subparsers.add_parser(
        "check",
        help="execute all notebooks; name the first cell that fails",
        description="Execute notebooks from top to bottom. They are read, never written.",
    )
    add = parser.add_argument
    add("notebooks", nargs="*", metavar="NOTEBOOK", help="files or folders [all lessons]")
    add(
        "--auto",
        choices=("truth", "each", "skip"),
        help="answer each question right, in every way, or skip it [nobody answers]",
    )
    add("--lab", metavar="NAME", help="a shipped lab or a lab file [the lab of the notebook]")
    number(add, "check", "--jobs", "notebooks at a time", "2", metavar="N")
    add(
        "--dask",
        metavar="ADDRESS",
        help="run on a Dask cluster that sees these files: the address of its scheduler, such as tcp://10.0.0.5:8786",
    )
    number(add, "check", "--timeout", "longest time for one cell", "120", default=120, metavar="SECONDS")


def run(args: argparse.Namespace) -> int:
    """Execute what was asked for; 0 when every notebook ran through, 1 when one failed."""
    from lessonlib.build.check import execute_all, execute_on_cluster, find, parameters

    require("papermill", "author", "executing notebooks")
    if args.dask is not None:
        check_address("--dask", args.dask)
        if args.jobs is not None:
            raise LessonlibError("--jobs: a cluster has as many as it has; leave out --jobs or --dask")
    notebooks = find(args.notebooks)
    settings = parameters(args.auto, args.lab)
    begun = time.perf_counter()
    if args.dask is not None:
        running = execute_on_cluster(notebooks, settings, args.timeout, args.dask)
    else:
        running = execute_all(notebooks, settings, 2 if args.jobs is None else args.jobs, args.timeout)
    outcomes = _with_progress(running, len(notebooks))
    outcomes.sort(key=lambda outcome: notebooks.index(outcome.notebook))
    print(table(outcomes, time.perf_counter() - begun))
    for outcome in outcomes:
        if outcome.failure:
            print(failure_text(outcome), file=sys.stderr)
    return int(any(outcome.failure for outcome in outcomes))


def _with_progress(outcomes: Iterator[NotebookRun], total: int) -> list[NotebookRun]:
    """Draw a progress bar on stderr, if that is a terminal, while the outcomes come in."""
    from tqdm import tqdm

    done = []
    with tqdm(total=total, unit="notebook", file=sys.stderr, disable=None, leave=False) as bar:
        for outcome in outcomes:
            done.append(outcome)
            bar.set_postfix_str(
                f"{printable(outcome.notebook.stem)} {'failed' if outcome.failure else 'ok'}", refresh=False
            )
            bar.update()
    return done


def table(outcomes: Sequence[NotebookRun], wall_seconds: float) -> str:
    """Notebook, seconds and result, a line each, and the sum."""
    names = [printable(outcome.notebook.name) for outcome in outcomes]
    width = max(map(len, names))
    lines = [
        f"{name:<{width}}  {outcome.seconds:6.1f} s  {_result(outcome.failure)}"
        for name, outcome in zip(names, outcomes, strict=True)
    ]
    failed = sum(bool(outcome.failure) for outcome in outcomes)
    noun = "notebook" if len(outcomes) == 1 else "notebooks"
    summary = f"{len(outcomes)} {noun}, {f'{failed} failed' if failed else 'all ran through'}"
    return "\n".join([*lines, f"{summary}, {wall_seconds:.1f} s"])


def _result(failure: CellFailure | None) -> str:
    if failure is None:
        return "ok"
    return f"failed in cell {failure.cell}" if failure.cell else "failed"


def failure_text(outcome: NotebookRun) -> str:
    """The failure of one notebook in a few lines: where, which code, what error."""
    failure = outcome.failure
    if failure is None:
        return ""
    where = f"cell {failure.cell} failed" if failure.cell else "no cell was executed"
    details = [f"  {line}" for line in [*failure.code.splitlines(), failure.error]]
    return printable_lines("\n".join(["", f"{printable(outcome.notebook.name)}: {where}", *details]))
