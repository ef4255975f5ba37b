"""A report in its three forms: a page, JSON with the same figures, and a table of the votes without anybody's name."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from lessonlib.base.formats import dumps, whole_characters
from lessonlib.base.quantity import rounded
from lessonlib.base.text import printable
from lessonlib.base.units import base_unit
from lessonlib.classroom.report.class_figures import summed
from lessonlib.classroom.report.classes_page import classes_page
from lessonlib.classroom.report.drawings import STYLE
from lessonlib.classroom.report.figures import ReportFigures
from lessonlib.classroom.report.inventory import sitting_page, withheld
from lessonlib.classroom.report.items import over
from lessonlib.classroom.report.judged import Answered, Judged, Lessons, Opener, answered
from lessonlib.classroom.report.page import class_page
from lessonlib.classroom.report.rows import ClassRows, running_numbers
from lessonlib.classroom.wire import LEAST_SHARED
from lessonlib.draw.page import page
from lessonlib.lesson.concepts import Listing, load_listing
from lessonlib.lesson.form import FORMS
from lessonlib.lesson.kinds.number import Number
from lessonlib.lesson.question import Question
from lessonlib.lesson.words import plain

VERSION = 1
#: the columns of the table of votes
COLUMNS = (
    "class",
    "lesson",
    "lab",
    "question",
    "kind",
    "round",
    "voter",
    "answer",
    "low",
    "high",
    "unit",
    "confidence",
    "right",
    "factor",
    "misconception",
)
#: a spreadsheet takes a text that begins with one of these for a formula
_FORMULA = "=+-@＝＋－＠"  # the wide ones too
_DIGITS = 6


def report_html(classes: Sequence[ClassRows], lessons: Opener | None = None, listing: Listing | None = None) -> str:
    """One self-contained HTML page: of a class all of its questions, of several the questions over all of them."""
    if len(classes) == 1 and classes[0].lesson in FORMS:
        return page("Inventory", sitting_page(classes[0], lessons or Lessons()), STYLE)
    if len(classes) == 1:
        return class_page(classes[0], lessons, listing)
    return classes_page(classes, lessons, listing)


def export_json(classes: Sequence[ClassRows], lessons: Opener | None = None, listing: Listing | None = None) -> str:
    """The figures as JSON, without NaN. The keys are told in docs/CLASS_REPORT.md."""
    return dumps(report_figures(classes, lessons, listing)) + "\n"


def report_figures(
    classes: Sequence[ClassRows], lessons: Opener | None = None, listing: Listing | None = None
) -> ReportFigures:
    """What `export_json` writes, as plain data."""
    lessons, listing = lessons or Lessons(), listing or load_listing()
    found = [(rows, answered(rows, lessons)) for rows in withheld(classes)]
    overall = over(found, listing)
    return {
        "version": VERSION,
        "least": LEAST_SHARED,
        "classes": [summed(rows, questions, listing) for rows, questions in found],
        "items": overall["items"],
        "inventory": overall["inventory"],
    }


def export_csv(classes: Sequence[ClassRows], lessons: Opener | None = None) -> str:
    """The votes that count, a line each, as CSV that no spreadsheet takes for a formula.

    A voter is a running number of its class. A round with fewer than LEAST_SHARED answers is left out, and so is what was
    typed as free text.
    """
    lessons = lessons or Lessons()
    file = io.StringIO()
    lines = csv.writer(file, lineterminator="\n")
    lines.writerow(COLUMNS)
    for rows in withheld(classes):
        for line in _lines(rows, lessons):
            lines.writerow([cell(line.get(column)) for column in COLUMNS])
    return file.getvalue()


def cell(value: object) -> str:
    """A value for a cell: a number as a number, a text on one line that stays a text."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"{value:.15g}"
    text = printable(" ".join(whole_characters(str(value)).split()))
    return f"'{text}" if text.startswith(tuple(_FORMULA)) else text


def _lines(rows: ClassRows, lessons: Opener) -> Iterator[Mapping[str, Any]]:
    """A line for each vote, in the order in which the questions were put, then by round and number."""
    numbers = running_numbers(rows)
    for each in answered(rows, lessons):
        question, poll = each.asked.question, each.asked.poll
        if question is None:
            continue
        about = {"class": rows.code, "lesson": poll.lesson, "lab": poll.lab, "question": poll.question}
        shown = _answers(question)
        for vote in _told(each, lambda vote: (vote.round, numbers[vote.voter])):
            yield {
                **about,
                "kind": question.kind,
                "round": vote.round,
                "voter": numbers[vote.voter],
                "confidence": vote.confidence,
                "right": vote.right,
                "factor": vote.factor,
                "misconception": vote.misconception,
                **shown(vote.guess),
            }


def _told(each: Answered, order: Callable[[Judged], tuple[int, int]]) -> Iterable[Judged]:
    """The votes of those rounds that are large enough."""
    rounds = (each.round(number) for number in (1, 2))
    return sorted((vote for votes in rounds if len(votes) >= LEAST_SHARED for vote in votes), key=order)


def _answers(question: Question) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """How a guess of this question stands in the table: an option's words, or numbers in base units; free text does not."""
    options = {option["key"]: plain(option["html"]) for option in question.ask().get("options", ())}
    unit = base_unit(question.unit) if isinstance(question, Number) else None

    def shown(guess: Mapping[str, Any]) -> dict[str, Any]:
        if "key" in guess:
            return {"answer": options.get(guess["key"])}
        if "value" in guess:
            return {
                "answer": _number(guess["value"]),
                "low": _number(guess["low"]),
                "high": _number(guess["high"]),
                "unit": unit,
            }
        numbers = [guess["x"], guess["y"]] if "x" in guess else guess.get("y", ())
        return {"answer": "; ".join(f"{_number(value):.15g}" for value in numbers)}

    return shown


def _number(value: float | None) -> float | None:
    return None if value is None else rounded(value, _DIGITS)
