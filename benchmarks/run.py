"""The budgets of the course, measured on this machine: `make bench`, or parts of it by name.

    python benchmarks/run.py [imports] [sweep] [serving] [notebooks] [wire] [journal] [explore] [browser] [classes]

Each line is a measurement beside its budget, where possible as a ratio to something measured in the same
minute, so that a slow or a busy machine moves both. Nothing here is a test; exit status 1 only says that a
budget was exceeded.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import browser, class_load, explore, imports, journal, notebooks, serving, sweep, wire
from benchmarks.result import Result

PARTS: dict[str, Callable[[], Iterator[Result]]] = {
    "imports": imports.measure,
    "sweep": sweep.measure,
    "serving": serving.measure,
    "notebooks": notebooks.measure,
    "wire": wire.measure,
    "journal": journal.measure,
    "explore": explore.measure,
    "browser": browser.measure,
    "classes": class_load.measure,
}


def main(names: list[str]) -> int:
    """Measure the named parts, or all of them."""
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        print(f"benchmarks: no part {unknown[0]!r}: choose from {', '.join(PARTS)}", file=sys.stderr)
        return 2
    exceeded = False
    for name in names or PARTS:
        for result in PARTS[name]():
            print(result, flush=True)
            exceeded |= not result.within
    return int(exceeded)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
