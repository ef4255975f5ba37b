"""`lessonlib new`: a lesson that already passes, for an author to replace piece by piece."""

from __future__ import annotations

import argparse
import shlex
from typing import Any

from lessonlib.base.extras import require
from lessonlib.cli.limits import number


def add_parser(subparsers: Any) -> None:
    """Declare `new`."""
    parser = subparsers.add_parser(
        "new",
        help="start a lesson: words, workings and notebook that already pass",
        description="Write a lesson that already passes the linter. In a checkout it joins the course; elsewhere, or with --folder, it lives in a folder of its own.",
        epilog="For example: lessonlib new 09 continuous-batching",
    )
    add = parser.add_argument
    number(add, "new", "NUMBER", "of the lesson", dest="number", metavar="NUMBER")
    add("slug", metavar="SLUG", help="its name in a-z, 0-9 and hyphens")
    add("--folder", metavar="DIR", help="a folder of its own, made if it is not there")
    add("--short", action="store_true", help="two questions and a card, without the blocks of a full lesson")


def run(args: argparse.Namespace) -> int:
    """Write the files, build the notebook, and say what to do next."""
    require("yaml", "author", "lessonlib new")
    from lessonlib.build.lint.finding import shown
    from lessonlib.build.new import order, write_lesson
    from lessonlib.build.places import of_course
    from lessonlib.cli.build import build
    from lessonlib.lesson.source import lesson_names

    place, written = write_lesson(order(str(args.number), args.slug, args.folder, args.short))
    for path in written:
        print(f"wrote {shown(path)}", flush=True)
    # The map of the start notebook shows every lesson.
    start = [of_course(name) for name in lesson_names()[:1] if place.in_course and name != place.stem]
    status = build([place, *start])
    name = place.stem[:2] if place.in_course else shlex.quote(shown(place.folder))
    print(f"Next: lessonlib lint {name}; lessonlib try {name}; docs/AUTHORS.md tells the rest.")
    return status
