"""`lessonlib try`: lint a lesson, build it, and open it in JupyterLab."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from pathlib import Path
from typing import Any

from lessonlib.base.errors import LessonlibError
from lessonlib.base.extras import require
from lessonlib.cli import lab

_URL = "--LabApp.default_url="


def add_parser(subparsers: Any) -> None:
    """Declare `try`."""
    parser = subparsers.add_parser(
        "try",
        help="lint and build a lesson, then open it in JupyterLab",
        description="Lint a lesson, build its notebook, and open that in JupyterLab.",
        epilog="Every other argument goes to JupyterLab, for example --no-browser, --port 9999 or --ip 0.0.0.0.",
    )
    parser.add_argument("lesson", metavar="LESSON", help="a number, a slug, or the path of a file or folder")
    parser.set_defaults(extra=[])


def run(args: argparse.Namespace) -> int:
    """Stop at findings with status 1; else stay with JupyterLab until it ends."""
    require("yaml", "author", "lessonlib try")
    from lessonlib.build.places import find
    from lessonlib.cli.build import build
    from lessonlib.cli.lint import report

    [place, *more] = find([args.lesson])
    if more:
        raise LessonlibError(f"{args.lesson} is {len(more) + 1} lessons: name the file of one")
    if importlib.util.find_spec("jupyterlab") is None:
        raise LessonlibError(f"JupyterLab is not installed for {sys.executable}: pip install jupyterlab")
    # Built first: the linter looks at the notebook too. What does not open is left to the linter to say.
    failed = _built(lambda: build([place]))
    if report([place]) or failed:
        return 1
    return lab.become(command(place.notebook, args.extra))


def _built(build: Any) -> int:
    try:
        return int(build())
    except LessonlibError:
        return 1


def command(notebook: Path, extra: list[str]) -> list[str]:
    """The command that starts JupyterLab at one notebook, in its folder; ``extra`` comes last, so it wins."""
    from urllib.parse import quote  # start-up imports no more than it needs

    argv = [part for part in lab.command(notebook.parent, []) if not part.startswith(_URL)]
    return [*argv, f"{_URL}/lab/tree/{quote(notebook.name)}", *extra]
