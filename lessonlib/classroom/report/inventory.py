"""What the inventory came to in a class: before and after, idea by idea, once both sittings were held.

Until then its answers are nobody's: a class that voted on one form alone gets a page that says how many did, and no figure.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import replace
from html import escape
from itertools import pairwise

from lessonlib.classroom.report.drawings import BarRow, bars
from lessonlib.classroom.report.figures import InventoryFigures
from lessonlib.classroom.report.judged import Answered, Opener, answered
from lessonlib.classroom.report.parts import beside, many, share, signed
from lessonlib.classroom.report.rows import ClassRows
from lessonlib.classroom.wire import LEAST_SHARED
from lessonlib.lesson.form import FORMS
from lessonlib.review.inventory import AFTER, BEFORE, Row, gains, told

_WAITS = "The answers of the inventory, and what was right, are shown once it was taken twice: give this report the class of the second sitting too."


def sittings_of(classes: Sequence[ClassRows]) -> dict[str, int]:
    """Code of each class that took a form of the inventory -> BEFORE or AFTER. The longest time between two of them lies between
    the sittings, so both forms may be taken on one day by two halves of a course. Of one alone nothing follows: BEFORE.
    """
    taken = sorted((rows for rows in classes if rows.lesson in FORMS), key=_when)
    waits = [_when(later) - _when(earlier) for earlier, later in pairwise(taken)]
    first = waits.index(max(waits)) + 1 if waits else len(taken)
    return {rows.code: BEFORE if place < first else AFTER for place, rows in enumerate(taken)}


def _when(rows: ClassRows) -> dt.timedelta:
    """When a class was opened; one without a time comes first."""
    begin = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    try:
        found = dt.datetime.fromisoformat(rows.created)
    except ValueError:
        return dt.timedelta()
    return (found if found.tzinfo else found.replace(tzinfo=dt.UTC)) - begin


def twice(classes: Sequence[ClassRows]) -> bool:
    """Whether both sittings are among the classes."""
    return set(sittings_of(classes).values()) == {BEFORE, AFTER}


def withheld(classes: Sequence[ClassRows]) -> list[ClassRows]:
    """The classes as they may be told: one sitting of the inventory alone keeps its voters and loses its votes."""
    if twice(classes):
        return list(classes)
    return [replace(rows, polls=(), votes=()) if rows.lesson in FORMS else rows for rows in classes]


def inventory_figures(classes: Sequence[tuple[ClassRows, Sequence[Answered]]]) -> InventoryFigures | None:
    """Shares right before and after and the normalised gain, of each idea and of all; None before the second sitting. A class's
    voters cannot be told again, so all answers count, and no share stands on fewer than LEAST_SHARED.
    """
    rows = [each for each, _ in classes]
    if not twice(rows):
        return None
    place = sittings_of(rows)
    found = told(gains(_answers(classes, place), least=LEAST_SHARED, matched=False))
    if not found:
        return None
    return {
        "before": [code for code, sitting in place.items() if sitting == BEFORE],
        "after": [code for code, sitting in place.items() if sitting == AFTER],
        "ideas": found[:-1],
        "whole": found[-1],
    }


def _answers(classes: Sequence[tuple[ClassRows, Sequence[Answered]]], place: dict[str, int]) -> Iterator[Row]:
    for rows, questions in classes:
        for each in questions if rows.code in place else ():
            for vote in each.round(1):
                if vote.right is not None and each.asked.concepts:
                    yield Row((rows.code, vote.voter), place[rows.code], each.asked.concepts[0], vote.right)


def inventory_section(figures: InventoryFigures | None) -> str:
    """Before and after as a drawing with its table, a sentence first; "" where there is nothing to tell."""
    if figures is None:
        return ""
    ideas = [idea for idea in figures["ideas"] if idea["before"] is not None]
    whole = figures["whole"]
    if not ideas:
        return "<h2>The inventory</h2><p>Too few answers to tell.</p>"
    gained = "" if whole["gain"] is None else f", a normalised gain of {signed(whole['gain'])}"
    finding = (
        f"Right before: {share(whole['before'])}, after: {share(whole['after'])}{gained}. "
        f"Before is {', '.join(figures['before'])}; after is {', '.join(figures['after'])}."
    )
    least = [idea["gain"] for idea in ideas if idea["gain"] is not None]
    if least:
        finding += f" Least was gained on: {next(idea['title'] for idea in ideas if idea['gain'] == min(least))}."
    drawn = bars(
        [BarRow(str(n), idea["before"], idea["after"]) for n, idea in enumerate(ideas, 1)],
        "Share right of the inventory's questions, idea by idea.",
        True,
        end="after",
        begin="before",
    )
    lines = [
        [str(n), idea["title"], share(idea["before"]), share(idea["after"]), signed(idea["gain"])]
        for n, idea in enumerate(ideas, 1)
    ]
    lines.append(["", whole["title"], share(whole["before"]), share(whole["after"]), signed(whole["gain"])])
    note = (
        "<p><small>Gain: (after − before) / (1 − before), the part of what was left to gain. One question for each idea in each form, "
        "and voters are not matched: read the last row first.</small></p>"
    )
    table = beside("Before and after", drawn, ["", "idea", "before", "after", "gain"], lines)
    return f"<h2>The inventory</h2><p>{escape(finding)}</p>{table}{note}"


def sitting_page(rows: ClassRows, lessons: Opener) -> str:
    """What may be told of one sitting alone: how many voted on how many questions."""
    questions = answered(rows, lessons)
    voters = len({vote.voter for each in questions for vote in each.votes})
    counts = f"{many(rows.voters, 'voter')} joined, {many(voters, 'voter')} answered, {many(len(questions), 'question was', 'questions were')} asked."
    day = f", {rows.created[:10]}" if rows.created else ""
    return f"<h1>Inventory, {escape(rows.lesson[-1].upper())}</h1><p>Class {escape(rows.code + day)}. {counts}</p><p>{_WAITS}</p>"
