"""A table of everything that is tried: `python -m tests.inputs` (some of each kind), `python -m tests.inputs --all`.

A module of this folder named kinds_*.py has a list KINDS; a new one is found by its name.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import sys
import tempfile
from pathlib import Path

from tests.inputs.tried import Kind, sums

SOME = 400


def kinds() -> list[Kind]:
    """All kinds there are, of every module."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("kinds_*.py"))
    return [kind for name in names for kind in importlib.import_module(f"tests.inputs.{name}").KINDS]


def main(argv: list[str]) -> int:
    """Print the table, then what fell short; 1 if anything did. Words after the options choose kinds."""
    most = None if "--all" in argv else SOME
    words = [word for word in argv if not word.startswith("-")]
    os.environ["LESSON_JOURNAL"] = "off"
    logging.disable(logging.CRITICAL)
    print(f"{'kind':<50} {'tried':>7} {'one line':>9} {'fell short':>11}")
    total, short = [0, 0, 0], []
    for kind in kinds():
        if words and not any(word in f"{kind.group}: {kind.name}" for word in words):
            continue
        with (
            tempfile.TemporaryDirectory() as here,
            contextlib.chdir(here),
        ):  # what one kind writes, the next does not find
            tried, lines, fell = sums(kind, most)
        print(f"{f'{kind.group}: {kind.name}':<50} {tried:>7,} {lines:>9,} {len(fell):>11,}", flush=True)
        total = [total[0] + tried, total[1] + lines, total[2] + len(fell)]
        short += [(kind, *one) for one in fell]
    print(f"{'all':<50} {total[0]:>7,} {total[1]:>9,} {total[2]:>11,}")
    for kind, what, came in short:
        print(f"{kind.group}: {kind.name}: {what}\n    {came}")
    return int(bool(short))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
