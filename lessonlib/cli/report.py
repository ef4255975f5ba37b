"""The commands `report` (hand in what your guesses came to) and `erase` (forget all of it)."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lessonlib.base.errors import LessonlibError
from lessonlib.base.files import reason, write_text
from lessonlib.base.formats import dumps
from lessonlib.base.text import printable
from lessonlib.cli.output import agreed

if TYPE_CHECKING:
    from lessonlib.record.event import Event
    from lessonlib.review.learner_report import LearnerReport


def add_parser(subparsers: Any) -> None:
    """Declare `report` and `erase`."""
    report = subparsers.add_parser(
        "report",
        help="write what your guesses came to, for an instructor",
        description="Shows what your journal holds, then writes one HTML page and a JSON file. Nothing is sent anywhere.",
    )
    report.add_argument(
        "--out",
        default="predict-first-report",
        metavar="NAME",
        help="writes NAME.html and NAME.json [predict-first-report]",
    )
    report.add_argument(
        "--class",
        dest="votes",
        action="append",
        default=[],
        metavar="FILE",
        help="with your own votes in a class, from the file that your phone downloaded; may be given several times",
    )
    erase = subparsers.add_parser(
        "erase",
        help="forget every guess, and the lab you chose",
        description="Deletes the journal and the settings on this machine. There is no way back.",
    )
    for parser in (report, erase):
        parser.add_argument("--yes", action="store_true", help="do not ask")


def run(args: argparse.Namespace) -> int:
    """Show, ask, do."""
    return _report(args) if args.command == "report" else _erase(args)


def _journal() -> Path:
    """The learner's journal file, also outside JupyterLab, where nothing is kept unasked."""
    from lessonlib.record.journal import journal_path

    path = journal_path()
    if path is None:
        raise LessonlibError("LESSON_JOURNAL is off, so no journal is kept")
    return path


def _report(args: argparse.Namespace) -> int:
    from lessonlib.classroom.report.own_votes import beside
    from lessonlib.lesson.concepts import load_listing
    from lessonlib.record.journal import Journal, journal_path
    from lessonlib.review.learner_report import learner_report
    from lessonlib.show.report_page import report_page

    warned: list[str] = []
    votes = _votes(args.votes)
    path = _journal() if not votes else journal_path()
    events = Journal(path, warned.append).events() if path else []
    if votes:
        events = beside(events, votes)
    if not events:
        raise LessonlibError(warned[0] if warned else f"the journal {path} holds nothing yet: take a lesson first")
    data = learner_report(events)
    print(contents(data))
    html, plain = (Path(f"{args.out}{end}") for end in (".html", ".json"))
    if not agreed(f"Write {html} and {plain}?", args.yes):
        print("nothing written")
        return 0
    page = report_page(events, load_listing().misconceptions, date.today().isoformat())
    write_text(html, page, mode=0o600)  # the learner's own words: for others only once they are handed in
    write_text(plain, dumps(data) + "\n", mode=0o600)
    print(printable(f"wrote {html} and {plain}"))
    return 0


def _votes(files: list[str]) -> list[Event]:
    """The learner's own votes in classes; what could not be taken of a file is told."""
    from lessonlib.classroom.report.own_votes import own_votes
    from lessonlib.classroom.report.parts import many

    events = []
    for file in files:
        found = own_votes(file)
        events += found.events
        if found.unrevealed:
            print(
                printable(f"{file}: left out: {many(found.unrevealed, 'vote')} on questions that were not revealed yet")
            )
        if found.other:
            print(printable(f"{file}: left out: {many(found.other, 'line')} that hold no vote of yours in a class"))
    return events


def contents(data: LearnerReport) -> str:
    """What would be handed in, for a terminal; the learner's own words in full."""
    lines = ["This is what the report holds:"]
    for name, lesson in data["lessons"].items():
        many = f"{lesson['guesses']} prediction{'s' * (lesson['guesses'] != 1)}"
        lines.append(
            f"  {name}: {many} with how sure you were and what came out, {lesson['minutes']:.0f} minutes, lab {', '.join(lesson['labs'])}"
        )
    lines += [
        f"  your words in {note['lesson']}{', with the answer they got' * ('answer' in note)}: “{note['text']}”"
        for note in data["notes"]
    ]
    lines.append("No name, no path, nothing about this machine. Nothing is sent; you hand it in yourself.")
    # A journal may have been edited, or pasted into: nothing of it moves the terminal's cursor.
    return "\n".join(printable(" ".join(line.splitlines())) for line in lines)


def _erase(args: argparse.Namespace) -> int:
    from lessonlib.classroom.joined import holds_our_cookie, joined_file
    from lessonlib.record.ours import refuse_what_is_not_ours
    from lessonlib.record.settings import holds_our_setting, settings_beside

    path = _journal()
    refuse_what_is_not_ours(path)
    settings = settings_beside(path)
    files = [path] if path.exists() else []
    files += [settings] if settings != path and holds_our_setting(settings) else []
    files += [joined_file()] if holds_our_cookie(joined_file()) else []
    if not files:
        print(printable(f"nothing to forget: there is no journal at {path}"))
        return 0
    print("To be deleted, for good:", *(printable(f"  {file}") for file in files), sep="\n")
    if not agreed("Delete?", args.yes):
        print("nothing deleted")
        return 0
    refuse_what_is_not_ours(path)  # the question may have stood for hours
    for file in files:
        try:
            file.unlink(missing_ok=True)
        except OSError as error:
            raise LessonlibError(f"{file}: cannot be deleted: {reason(error)}") from None
    print("forgotten; reports, lab files and notebooks that you saved are still where you put them,")
    print("and a lesson that is open now keeps what it holds until you close it or restart its kernel")
    return 0
