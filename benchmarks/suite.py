"""What each lesson adds to the tests: seconds of two cores, from the XML reports of a run.

    python -m pytest tests --ignore=tests/browser -n 2 --dist loadfile --junitxml=plain.xml
    python benchmarks/suite.py plain.xml [nbval.xml ...]

A test counts for the lesson that its id names ("06-the-kv-cache", lesson_06, a plot or a picture of the lesson), all others
for the rest. Processor time is what tests/conftest.py noted, kernels included; where nothing was noted (nbval, the browser) it is the time on the clock.
"""

from __future__ import annotations

import functools
import re
import sys
from collections import defaultdict
from pathlib import Path
from xml.etree import ElementTree as ET

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

CORES = 2
BUDGET_S = 30.0
_LESSON = re.compile(r"(?:^|[^0-9a-z])(\d\d)-[a-z]|lesson_(\d\d)")
REST = "the rest"


def seconds(report: Path) -> dict[str, tuple[float, float]]:
    """Lesson -> (seconds on the clock, seconds of processor time), of one report."""
    found: dict[str, tuple[float, float]] = defaultdict(lambda: (0.0, 0.0))
    for case in ET.parse(report).iter("testcase"):
        lesson = _lesson_of(f"{case.get('classname')}::{case.get('name')}")
        clock = float(case.get("time", 0.0))
        noted = [
            float(part.get("value", 0.0)) for part in case.iter("property") if part.get("name", "").endswith("cpu_s")
        ]
        before = found[lesson]
        found[lesson] = (before[0] + clock, before[1] + (sum(noted) if noted else clock))
    return found


def _lesson_of(test: str) -> str:
    named = _LESSON.search(test)
    if named:
        return next(filter(None, named.groups()))
    _, _, parameters = test.partition("[")
    return next((lesson for name, lesson in _drawings().items() if name in parameters), REST)


@functools.cache
def _drawings() -> dict[str, str]:
    """Name of each plot and picture of the course -> its lesson, longer names first."""
    from lessonlib.lesson.code import whole_course

    modules = {**whole_course().drawings("plots"), **whole_course().drawings("pictures")}
    named = {name: _LESSON.search(module) for name, module in modules.items()}
    return {name: found[2] for name, found in sorted(named.items(), key=lambda pair: -len(pair[0])) if found}


def main(reports: list[str]) -> int:
    """Print a line for each lesson; exit status 1 if one is over the budget, 2 if a report cannot be read."""
    if not reports:
        print("benchmarks: name the XML reports of a run: python benchmarks/suite.py plain.xml", file=sys.stderr)
        return 2
    total: dict[str, tuple[float, float]] = defaultdict(lambda: (0.0, 0.0))
    for report in reports:
        try:
            parts = seconds(Path(report))
        except (OSError, ET.ParseError, ValueError) as error:
            print(f"benchmarks: {report}: not a report of pytest: {error}", file=sys.stderr)
            return 2
        for lesson, part in parts.items():
            total[lesson] = (total[lesson][0] + part[0], total[lesson][1] + part[1])
    exceeded = False
    print(f"{'lesson':<10} {'clock s':>9} {'cpu s':>9}   of {CORES} cores (sums over {CORES})")
    for lesson, (clock, cpu) in sorted(total.items()):
        over = lesson != REST and cpu / CORES > BUDGET_S
        exceeded |= over
        print(f"{lesson:<10} {clock / CORES:9.1f} {cpu / CORES:9.1f}   {'OVER' if over else ''}".rstrip())
    sums = [sum(part[place] for part in total.values()) / CORES for place in (0, 1)]
    print(f"{'all':<10} {sums[0]:9.1f} {sums[1]:9.1f}")
    return int(exceeded)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
