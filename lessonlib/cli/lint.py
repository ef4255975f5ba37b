"""`lessonlib lint`: every finding about lessons, each with its file, line, rule and what to do."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lessonlib.base.extras import require
from lessonlib.base.text import printable

if TYPE_CHECKING:
    from lessonlib.build.lint import Finding, Report
    from lessonlib.build.places import Place


def add_parser(subparsers: Any) -> None:
    """Declare `lint`."""
    parser = subparsers.add_parser(
        "lint",
        help="say what is wrong with a lesson, line by line",
        description="Look at lessons: their words, their code, each shipped lab, their notebooks and the course around them.",
        epilog="Exit status 0: nothing found; 1: findings; 2: wrong use.",
    )
    add = parser.add_argument
    add("lessons", nargs="*", metavar="LESSON", help="a number, a slug, or the path of a file or folder [all lessons]")
    add("--quiet", action="store_true", help="print findings and the sum alone, no budgets")
    add("--rules", action="store_true", help="list the rules and end")


def run(args: argparse.Namespace) -> int:
    """Print the findings; 1 if there are any."""
    require("yaml", "author", "lessonlib lint")
    if args.rules:
        print(rules())
        return 0
    from lessonlib.build.places import find

    return report(find(args.lessons), quiet=args.quiet)


def report(places: Sequence[Place], *, quiet: bool = False) -> int:
    """Lint these lessons and print what is found; 1 if that is anything."""
    from lessonlib.build.lint import lint_places

    reports, around = lint_places(places)
    found = sorted(
        dict.fromkeys([*(finding for one in reports for finding in one.findings), *around]),
        key=lambda finding: (finding.file, finding.line),
    )
    for line in [*map(str, found), *(() if quiet else budgets(reports)), summary(found, len(reports))]:
        print(printable(line))
    return int(bool(found))


def budgets(reports: Sequence[Report]) -> list[str]:
    """What each lesson takes, a line each."""
    width = max((len(one.name) for one in reports), default=0)
    return [f"{one.name:<{width}}  {one.budget or 'not to be counted yet'}" for one in reports]


def summary(found: Sequence[Finding], lessons: int) -> str:
    """How much was found, in one line."""
    many = _many(len(found), "finding") if found else "no findings"
    return f"{many} in {_many(lessons, 'lesson')}"


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def rules() -> str:
    """Every rule with what it asks for."""
    from lessonlib.build.lint import BEFORE_RULES, RULES

    told = {
        **BEFORE_RULES,
        **{name: rule.says for name, rule in RULES.items()},
    }
    width = max(map(len, told))
    return "\n".join(f"{name:<{width}}  {says}" for name, says in told.items())
