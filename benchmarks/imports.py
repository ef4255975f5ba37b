"""What `import lessonlib` costs over a bare Python, in fresh processes that take turns."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from statistics import median

from benchmarks.result import Result

ROUNDS = 15


def _seconds(code: str) -> float:
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - begun


def measure() -> Iterator[Result]:
    """Medians over ROUNDS; the difference counts."""
    codes = ("pass", "import lessonlib", "import lessonlib.cli.main; lessonlib.cli.main.build_parser()")
    rounds = [[_seconds(code) for code in codes] for _ in range(ROUNDS)]
    bare, package, parser = (median(column) * 1e3 for column in zip(*rounds, strict=True))
    yield Result(
        "import lessonlib, over bare Python",
        package - bare,
        60,
        "ms",
        f"{package / bare:.2f} x bare Python's {bare:.0f} ms",
    )
    yield Result("command line ready, over bare Python", parser - bare, 60, "ms", f"{parser / bare:.2f} x bare Python")
