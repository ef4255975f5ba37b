"""The report of several classes as one page: which questions ask too little or too much, so that the next edition improves."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape

from lessonlib.classroom.report.drawings import STYLE, difficulty
from lessonlib.classroom.report.figures import ClassesFigures, ItemFigures
from lessonlib.classroom.report.inventory import inventory_section
from lessonlib.classroom.report.items import TOO_EASY, TOO_HARD, classes_figures
from lessonlib.classroom.report.judged import Opener
from lessonlib.classroom.report.parts import many, share, signed, table
from lessonlib.classroom.report.rows import ClassRows
from lessonlib.draw.page import page
from lessonlib.lesson.concepts import Listing


def classes_page(classes: Sequence[ClassRows], lessons: Opener | None = None, listing: Listing | None = None) -> str:
    """The questions over several classes as one self-contained HTML page."""
    figures = classes_figures(classes, lessons, listing)
    return page(f"Report of {many(len(classes), 'class', 'classes')}", _classes(figures), STYLE)


def _classes(figures: ClassesFigures) -> str:
    what = (
        "What stands here is for the next edition: which questions ask too little or too much. "
        f"No share is shown that fewer than {figures['least']} answers stand behind."
    )
    parts = [
        f"<h1>Report of {many(len(figures['classes']), 'class', 'classes')}</h1>",
        f"<p>{many(sum(each['voters'] for each in figures['classes']), 'voter')} joined. {what}</p>",
    ]
    told = [item for item in figures["items"] if item["right"] is not None]
    parts.append(inventory_section(figures["inventory"]))
    parts += [_verdicts(told), _items(told)] if told else ["<p>Too few answers to tell.</p>"]
    listed = table(
        "Classes, by the mean share right of their judged questions",
        ["class", "lesson", "voters", "questions", "first vote", "at the end"],
        [
            [
                " ".join(filter(None, (each["code"], each["created"]))),
                f"{each['title']}, on {each['lab']}",
                f"{each['voters']:,}",
                str(each["questions"]),
                share(each["first"]),
                share(each["last"]),
            ]
            for each in figures["classes"]
        ],
    )
    return "".join([*parts, f"<h2>The classes</h2>{listed}"])


def _verdicts(items: Sequence[ItemFigures]) -> str:
    """What to look at, in words; a question is named by its number in the table."""
    numbers = {(item["lesson"], item["question"]): number for number, item in enumerate(items, 1)}

    def named(found: Iterable[ItemFigures]) -> str:
        return ", ".join(str(numbers[item["lesson"], item["question"]]) for item in found)

    groups = (
        ("splits", "Split the class, 40 to 60 % right at first, the best to talk over"),
        ("too easy", f"Too easy, more than {share(TOO_EASY)} right at first: ask for more, or leave it out"),
        ("too hard", f"Too hard, fewer than {share(TOO_HARD)} right at first: is something missing before it?"),
    )
    lines = []
    for verdict, words in groups:
        found = [item for item in items if item["verdict"] == verdict]
        if found:
            lines.append(f"<li>{words}: {named(found)}.</li>")
    misleads = [item for item in items if _misleads(item)]
    if misleads:
        lines.append(
            f"<li>Missed more often by those who know more (a negative discrimination), so read the words again: {named(misleads)}.</li>"
        )
    lines += [
        f"<li>Hardly anybody thinks so in question {named([item])}: {escape(', '.join(f'“{belief}”' for belief in item['untaken']))}</li>"
        for item in items
        if item["untaken"]
    ]
    return f"<h2>What to look at</h2><ul>{''.join(lines)}</ul>" if lines else ""


def _misleads(item: ItemFigures) -> bool:
    """Whether its discrimination is below zero by more than twice the chance error of a correlation, 1 / sqrt(n)."""
    return item["discrimination"] is not None and item["discrimination"] < -2 / math.sqrt(item["discriminated"])


def _items(items: Sequence[ItemFigures]) -> str:
    rows = [
        (str(number), item["right"] or 0.0, item["low"] or 0.0, item["high"] or 0.0)
        for number, item in enumerate(items, 1)
    ]
    hardest, easiest = (sorted(rows, key=lambda row: row[1])[place] for place in (0, -1))
    alt = (
        f"Share right in the first vote of {many(len(items), 'question')}: from {share(hardest[1])} (question {hardest[0]}) "
        f"to {share(easiest[1])} (question {easiest[0]})."
    )
    listed = table(
        "Questions over all classes",
        ["", "question", "answers", "right at first (95\u00a0% interval)", "", "discrimination", "gain"],
        [
            [
                str(number),
                f"{item['lesson_title']}: {item['title']}",
                f"{item['answers']:,} in {many(item['classes'], 'class', 'classes')}",
                f"{share(item['right'])} ({share(item['low'])} to {share(item['high'])})",
                item["verdict"],
                f"{signed(item['discrimination'])} of {item['discriminated']:,}",
                signed(item["gain"]),
            ]
            for number, item in enumerate(items, 1)
        ],
    )
    note = (
        "<p><small>Discrimination: the correlation of a right answer with the share right of the same voter's other questions, "
        "of so many voters who answered at least three. Gain: which part of what was missing was won between the votes.</small></p>"
    )
    return f"<h2>The questions</h2>{difficulty(rows, alt)}{listed}{note}"
