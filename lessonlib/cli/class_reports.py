"""What is done with classes that were held: `class report`, `class export`, `class erase`.

They read the store, need no server, and none of what only a server needs.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lessonlib.base.errors import LessonlibError, shown
from lessonlib.base.files import write_text
from lessonlib.base.text import printable
from lessonlib.cli.output import agreed

if TYPE_CHECKING:
    from lessonlib.classroom.report.judged import Opener
    from lessonlib.classroom.report.rows import ClassRows
    from lessonlib.classroom.store import ClassRow, Store

#: the second words of these commands: no lesson is called so
WORDS = ("report", "export", "erase")


def add_parser(subparsers: Any) -> None:
    """Declare the three."""
    report = subparsers.add_parser(
        "class report",
        help="write what a class came to; of several, which questions ask too little or too much",
        description="Writes one HTML page: every question of a class, or the questions over several classes. It holds no name.",
    )
    export = subparsers.add_parser(
        "class export",
        help="write a class's votes as CSV and its figures as JSON",
        description="Writes each vote as a line of CSV, a running number in place of the voter, and the figures of the report as JSON.",
    )
    erase = subparsers.add_parser(
        "class erase",
        help="forget a class with all of its votes",
        description="Deletes all that is kept of these classes. There is no way back.",
    )
    for parser in (report, export, erase):
        add = parser.add_argument
        add("codes", nargs="*", metavar="CLASS", help="the code of a class that is kept")
        add(
            "--store", metavar="URL", help="where votes are kept: postgresql://… or a file [a file beside your journal]"
        )
    for parser in (report, export):
        add = parser.add_argument
        add("--all", action="store_true", help="all classes that are kept")
        add("--out", metavar="NAME", help="what the files are called, without their ends [class-CODE, or classes]")
        add("--lab", metavar="FILE", help="the lab of the class, if it is one of your own")
        add("--lesson", metavar="PATH", help="the lesson of the class, if it is one of your own")
    erase.add_argument("--yes", action="store_true", help="do not ask")


def run(args: argparse.Namespace) -> int:
    """Find the classes, then do it."""
    from lessonlib.classroom.stores import opener

    store = opener(args.store, makes=False)()
    try:
        found = _found(store, args.codes, getattr(args, "all", False))
        if args.command == "class erase":
            return _erase(store, found, args.yes)
        from lessonlib.classroom.report.kept import rows_of

        rows = [rows_of(store, row) for row in found]
    finally:
        store.close()
    return _write(args, rows)


def _found(store: Store, codes: list[str], take_all: bool) -> list[ClassRow]:
    """The classes that are named, each once, in their order."""
    from lessonlib.classroom.class_file import code_of

    kept = {row.code: row for row in store.classes()}
    if take_all and kept:
        return list(kept.values())
    if not codes or not kept:
        raise LessonlibError(f"which class? {_listed(list(kept.values()))}")
    for text in codes:
        if code_of(text) not in kept:
            raise LessonlibError(f"no class {shown(text)} is kept here. {_listed(list(kept.values()))}")
    return [kept[code] for code in dict.fromkeys(map(code_of, codes)) if code is not None]


def _listed(rows: list[ClassRow], most: int = 12) -> str:
    """The classes that are kept, the last ones first, in one line."""
    if not rows:
        return "No class is kept here: hold one with lessonlib class LESSON"
    named = ", ".join(printable(f"{row.code} ({row.lesson})") for row in rows[::-1][:most])
    return f"Kept are: {named}" + (f" and {len(rows) - most} older" if len(rows) > most else "")


def _write(args: argparse.Namespace, rows: list[ClassRows]) -> int:
    from lessonlib.classroom.report.export import export_csv, export_json, report_html

    lessons = _lessons(args.lesson, args.lab)
    name = args.out or (f"class-{rows[0].code}" if len(rows) == 1 else "classes")
    if args.command == "class report":
        files = {".html": report_html(rows, lessons)}
    else:
        files = {".csv": export_csv(rows, lessons), ".json": export_json(rows, lessons)}
    for suffix, text in files.items():
        write_text(Path(f"{name}{suffix}"), text, mode=0o600)
    print(printable(f"wrote {' and '.join(f'{name}{suffix}' for suffix in files)}"))
    return 0


def _lessons(lesson: str | None, lab: str | None) -> Opener:
    """What opens lessons: those of the course, and the one of one's own that is given."""
    from lessonlib.classroom.report.judged import Lessons
    from lessonlib.roofline import load_lab

    given = load_lab(lab) if lab else None
    if lesson is None:
        return Lessons(lab=given)
    from lessonlib.build.places import find

    places = find([lesson])
    if len(places) != 1:
        raise LessonlibError(f"--lesson {lesson} names {len(places)} lessons: a class is of one")
    return Lessons({places[0].stem: places[0].name}, given)


def _erase(store: Store, rows: list[ClassRow], yes: bool) -> int:
    from lessonlib.classroom.class_file import remove_left

    for row in rows:
        if store.is_served(row.code):
            raise LessonlibError(f"the class {row.code} is going on: stop its server first (Ctrl-C)")
    print("To be deleted, for good:")
    for row in rows:
        votes = len(store.votes(row))
        print(printable(f"  {row.code}, {row.lesson}: {store.joined(row):,} voters, {votes:,} votes"))
    if not agreed("Delete?", yes):
        print("nothing deleted")
        return 0
    for row in rows:
        with store.transaction():
            gone = store.erase_class(row)
        remove_left(row.code)
        told = ", ".join(f"{many:,} in {table}" for table, many in gone.items() if many)
        print(printable(f"erased {row.code}: {sum(gone.values()):,} rows ({told})"))
    print("reports and exports that you wrote are still where you put them")
    return 0
