"""`lessonlib lab`: JupyterLab, opened at the start notebook.

It shows the notebooks alone: those of the checkout, where data/lessons and tests/seals, which hold every answer, stay out of
the file browser; elsewhere those in a folder of the learner's, into which it puts them.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lessonlib.base.errors import LessonlibError
from lessonlib.base.files import is_file, is_folder
from lessonlib.base.paths import checkout_dir

START = "00-start-here.ipynb"
#: The learner's folder, unless they name one: in the folder where they are.
FOLDER = "predict-first"
# Holds labconfig/default_setting_overrides.json: no question about news, no look for updates; JupyterLab reads it
# beside the learner's own settings, which still win. And labextensions/lessonlib, which takes a learner to where they
# stopped; a wheel also puts that where JupyterLab finds it without us (share/jupyter/labextensions).
_CONFIG = Path(__file__).parent / "jupyter"


def add_parser(subparsers: Any) -> None:
    """Declare `lab`."""
    parser = subparsers.add_parser(
        "lab",
        help="open JupyterLab at the start notebook",
        description="Open JupyterLab at the start notebook: of the checkout, or of a folder of yours into which the notebooks are put. "
        "What you changed there is never written over.",
        epilog="Every other argument goes to JupyterLab, for example --no-browser, --port 9999 or --ip 0.0.0.0.",
    )
    parser.add_argument(
        "--folder", metavar="DIR", help=f"your folder with the notebooks [{FOLDER} here; in a checkout: its notebooks]"
    )
    parser.add_argument(
        "--update",
        action="store_true",
        help="bring newer editions into that folder; your answers are kept, and so is what you changed",
    )
    parser.add_argument(
        "--hub",
        action="store_true",
        help="be the server that a JupyterHub starts for a learner: its Spawner.cmd (docs/HUB.md)",
    )
    parser.set_defaults(extra=[])


def command(root: Path, extra: Sequence[str], start: str = START, hub: bool = False) -> list[str]:
    """The command that starts JupyterLab in the folder `root` at the notebook `start`; `extra` comes last, so it wins.

    hub: behind a JupyterHub.
    """
    return [
        sys.executable,
        "-m",
        "jupyterhub.singleuser" if hub else "jupyterlab",
        f"--ServerApp.root_dir={root}",
        # A single-user server opens what the server itself is told to; without a Hub it is JupyterLab that is asked.
        f"--{'ServerApp' if hub else 'LabApp'}.default_url=/lab/tree/{start}",
        *extra,
    ]


def environment(base: Mapping[str, str]) -> dict[str, str]:
    """The environment `base` with our JupyterLab defaults and our extension on the search paths."""
    both = ("JUPYTER_CONFIG_PATH", "JUPYTER_PATH")
    return {**base, **{name: os.pathsep.join(filter(None, (str(_CONFIG), base.get(name)))) for name in both}}


def run(args: argparse.Namespace) -> int:
    """Start JupyterLab and stay with it until it ends; returns its exit status."""
    if args.hub and importlib.util.find_spec("jupyterhub") is None:
        raise LessonlibError(f"JupyterHub is not installed for {sys.executable}: see docs/HUB.md")
    if importlib.util.find_spec("jupyterlab") is None:
        raise LessonlibError(
            f"JupyterLab is not installed for {sys.executable}: pip install jupyterlab, or in a checkout make lab"
        )
    root, start = _place(args.folder, args.update)
    return become(command(root, args.extra, start, args.hub))


def become(argv: Sequence[str]) -> int:
    """Be JupyterLab from here on; where that cannot be, stay with it and return its exit status."""
    env = environment(os.environ)
    sys.stdout.flush()
    if os.name == "posix":
        # JupyterLab takes our place, so that Ctrl-C and its questions reach it directly.
        os.execve(argv[0], list(argv), env)  # noqa: S606 - this Python, and the learner's own arguments
    import subprocess  # start-up imports no more than it needs

    return subprocess.run(argv, env=env, check=False).returncode  # noqa: S603 - as above


def _place(folder: str | None, update: bool) -> tuple[Path, str]:
    """The folder that JupyterLab shows, and the start notebook in it; the notebooks are there afterwards."""
    checkout = checkout_dir()
    if checkout and is_folder(checkout / "notebooks") and folder is None:
        if update:
            raise LessonlibError(
                f"the notebooks in {checkout} come with the checkout: update them by git pull, or name a folder of yours with --folder"
            )
        notebooks = checkout / "notebooks"
        if not is_file(notebooks / START):
            raise LessonlibError(
                f"the start notebook {notebooks / START} is missing: get it back with git checkout, or make notebooks"
            )
        return notebooks, START
    from lessonlib.build.working_folder import prepare

    root = _named(folder) if folder is not None else _own_folder()
    prepare(root, update)
    return root, START


def _named(folder: str) -> Path:
    """The folder of --folder, from the root. A shell leaves the ~ of --folder=~/x to us."""
    try:
        return Path(folder).expanduser().absolute()
    except (RuntimeError, OSError):
        raise LessonlibError(
            f"--folder {folder}: there is no such home, or the folder that you are in is gone"
        ) from None


def _own_folder() -> Path:
    """The learner's folder here. Who is already in it means that one, not a second one inside it."""
    from lessonlib.build.working_folder import is_ours

    try:
        here = Path.cwd()
        return here if is_ours(here / START) else here / FOLDER
    except OSError:
        raise LessonlibError("the folder that you are in cannot be read, or is gone: cd to another") from None
