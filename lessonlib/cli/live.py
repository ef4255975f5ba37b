"""`lessonlib class LESSON`: the lesson in front of a room.

The server is in :mod:`lessonlib.classroom.server`. What comes after a class is in :mod:`lessonlib.cli.class_reports`.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lessonlib.base.errors import LessonlibError
from lessonlib.cli.limits import number

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from lessonlib.classroom.app import ClassApp
    from lessonlib.classroom.server import Served

_EPILOG = """examples:
  lessonlib class 03                      phones on this machine's own browser, to try it
  lessonlib class 03 --bind 0.0.0.0       phones on the same network
  lessonlib class 03 --code ABCDEF        go on with a class whose server has stopped

afterwards:
  lessonlib class report|export|erase CODE        each has a --help of its own

environment:
  LESSONLIB_CLASS_STORE                              as --store, where its password should be in no list of processes
  LESSONLIB_CLASS_TOKEN                              the token that steers, where several servers share a class
  JUPYTERHUB_SERVICE_URL, JUPYTERHUB_SERVICE_PREFIX  where to listen as a service of a JupyterHub; with JUPYTERHUB_API_URL
                                                     and JUPYTERHUB_API_TOKEN its members log in (docs/HUB.md)"""


def add_parser(subparsers: Any) -> None:
    """Declare `class`."""
    parser = subparsers.add_parser(
        "class",
        help="put a lesson to a room: phones vote, twice, before anybody sees an answer",
        description="Serves a lesson to a room. The instructor steers from the lesson's notebook on this machine; "
        "students vote on their phones, and the wall shows how.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("lesson", metavar="LESSON", help="a number, a slug, or the path of a lesson of your own")
    add("--lab", help="the lab that all numbers are of [the one you chose in the start notebook]")
    number(add, "class", "--port", "where to listen", "8010", metavar="PORT")
    add("--bind", metavar="ADDR", help="whom to listen to: 0.0.0.0 for the whole network [this machine alone]")
    add("--store", metavar="URL", help="where votes are kept: postgresql://… or a file [a file beside your journal]")
    add("--public-url", metavar="URL", help="the address that phones open, if a proxy stands in between")
    add("--code", help="go on with the class that has this code, or begin one with it")


def run(args: argparse.Namespace) -> int:
    """Serve the class until Ctrl-C."""
    _need_packages()
    from lessonlib.build.places import find
    from lessonlib.classroom.server import address, serve
    from lessonlib.lesson.lesson import Lesson
    from lessonlib.record.settings import chosen_lab
    from lessonlib.roofline import load_lab

    where = address(args.bind, args.port, args.public_url, os.environ)
    places = find([args.lesson])
    if len(places) != 1:
        raise LessonlibError(f"{args.lesson} names {len(places)} lessons: a class is of one")
    lesson = Lesson(places[0].name, load_lab(args.lab or chosen_lab()))
    code = serve(
        lesson, where, args.store or os.environ.get("LESSONLIB_CLASS_STORE"), args.code, _pages(), _told, _routes
    )
    print(f"The class {code} has stopped. Go on with it: lessonlib class {args.lesson} --code {code}")
    return 0


def _routes(app: ClassApp) -> list[BaseRoute]:
    from lessonlib.classroom import hub_routes, report_routes

    return [*report_routes.routes(app), *hub_routes.routes(app)]


def _need_packages() -> None:
    from lessonlib.base.extras import require

    for module in ("starlette", "uvicorn", "segno"):
        require(module, "class", "a class")


def _pages() -> Mapping[str, tuple[str, bytes]]:
    """The pages of phones and of the screen."""
    from lessonlib.show.class_pages import pages

    return pages()


def _told(served: Served) -> None:
    """What the instructor needs, once phones can join."""
    from lessonlib.classroom.qr import terminal

    if sys.stdout.isatty():
        print(terminal(served.join))
    print(f"Phones: {served.join}   (code {served.code})")
    print(f"Screen: {served.screen}")
    print("Steer from the lesson's notebook in JupyterLab. Ctrl-C stops the class; its votes are kept.", flush=True)
