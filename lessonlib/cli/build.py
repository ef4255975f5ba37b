"""`lessonlib build`: from the words of lessons to executed notebooks, once or after every save."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lessonlib.base.errors import LessonlibError
from lessonlib.base.extras import require

if TYPE_CHECKING:
    from lessonlib.build.places import Place


def add_parser(subparsers: Any) -> None:
    """Declare `build`."""
    parser = subparsers.add_parser(
        "build",
        help="build and execute the notebooks of lessons",
        description="Build notebooks from their words, execute them with no guess made, and store the outputs. In a checkout the seals are written too.",
    )
    add = parser.add_argument
    add(
        "lessons",
        nargs="*",
        metavar="LESSON",
        help="a number, a slug, a page such as review, or the path of a file or folder [all lessons and pages]",
    )
    add("--watch", action="store_true", help="stay, and lint and build again after every save; Ctrl-C ends it")


def run(args: argparse.Namespace) -> int:
    """Build what was asked for; 1 if a notebook does not run through."""
    require("yaml", "author", "lessonlib build")
    from lessonlib.base.paths import checkout_dir
    from lessonlib.build.pages import PAGES
    from lessonlib.build.places import find

    if not args.lessons and checkout_dir() is None:
        raise LessonlibError("the course's own notebooks are built in a checkout; name the path of your lesson")
    pages = [name for name in args.lessons or PAGES if name in PAGES]
    places = (
        find(name for name in args.lessons if name not in PAGES) if set(args.lessons) != set(pages) or not pages else []
    )
    if args.watch:
        from lessonlib.build.watch import watch

        watch(places, lambda: lint_and_build(places))
    return build(places, pages)


def build(places: Sequence[Place], pages: Sequence[str] = ()) -> int:
    """Build, execute and write; 1 if a notebook does not run through. The others are built all the same."""
    from lessonlib.build import pages as other
    from lessonlib.build.lint.finding import shown
    from lessonlib.build.notebooks import BuildError, refresh

    failed = 0
    work = [*((refresh, place.name) for place in places), *((other.refresh, name) for name in pages)]
    for rebuild, name in work:
        try:
            for path in rebuild([name]):
                print(f"wrote {shown(path)}", flush=True)
        except BuildError as error:
            print(f"lessonlib: {error}", file=sys.stderr)
            failed = 1
    return failed


def lint_and_build(places: Sequence[Place]) -> None:
    """One turn of --watch. What is wrong with the words does not keep the notebook from being tried, unless they do not open."""
    from lessonlib.cli.lint import report

    try:
        build(places)
    except LessonlibError as error:
        print(f"lessonlib: {error}", file=sys.stderr)
    report(places)
