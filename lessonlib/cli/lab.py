"""`lessonlib lab`: JupyterLab, opened at the start notebook."""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lessonlib.base.errors import LessonlibError
from lessonlib.base.paths import data_dir

START = "notebooks/00-start-here.ipynb"
# Holds labconfig/default_setting_overrides.json: no question about news, no look for updates. JupyterLab reads it
# beside the learner's own settings, which still win.
_CONFIG = Path(__file__).parent / "jupyter"


def add_parser(subparsers: Any) -> None:
    """Declare `lab`."""
    parser = subparsers.add_parser(
        "lab",
        help="open JupyterLab at the start notebook",
        description="Open JupyterLab at the start notebook.",
        epilog="Every other argument goes to JupyterLab, for example --no-browser, --port 9999 or --ip 0.0.0.0.",
    )
    parser.set_defaults(extra=[])


def command(root: Path, extra: Sequence[str]) -> list[str]:
    """The command that starts JupyterLab in the folder `root`; `extra` comes last, so it wins."""
    return [
        sys.executable,
        "-m",
        "jupyterlab",
        f"--ServerApp.root_dir={root}",
        f"--LabApp.default_url=/lab/tree/{START}",
        *extra,
    ]


def environment(base: Mapping[str, str]) -> dict[str, str]:
    """The environment `base` with our JupyterLab defaults on the search path."""
    paths = [str(_CONFIG), *filter(None, [base.get("JUPYTER_CONFIG_PATH")])]
    return {**base, "JUPYTER_CONFIG_PATH": os.pathsep.join(paths)}


def run(args: argparse.Namespace) -> int:
    """Start JupyterLab and stay with it until it ends; returns its exit status."""
    root = data_dir().parent
    if not (root / START).is_file():
        raise LessonlibError(
            f"the start notebook {root / START} is missing: get it back with git checkout, or make notebooks"
        )
    if importlib.util.find_spec("jupyterlab") is None:
        raise LessonlibError(f"JupyterLab is not installed for {sys.executable}: run make lab in {root}")
    argv, env = command(root, args.extra), environment(os.environ)
    if os.name == "posix":
        # JupyterLab takes our place, so that Ctrl-C and its questions reach it directly.
        os.execve(argv[0], argv, env)
    return subprocess.run(argv, env=env, check=False).returncode
