"""The figures of one class: its questions, which ideas are open, which misconceptions are held with certainty."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence

from lessonlib.classroom.report.figures import ClassFigures, HeldFigures, IdeaFigures, QuestionFigures
from lessonlib.classroom.report.judged import Answered, Opener, answered
from lessonlib.classroom.report.question import gain, question_figures, told
from lessonlib.classroom.report.rows import ClassRows
from lessonlib.classroom.wire import LEAST_SHARED
from lessonlib.lesson.concepts import Listing, load_listing
from lessonlib.lesson.source import lesson_names, lesson_title

#: an idea is settled once so many are right: from here on a discussion adds little
SETTLED = 0.7


def class_figures(rows: ClassRows, lessons: Opener | None = None, listing: Listing | None = None) -> ClassFigures:
    """All figures of one class. ``lessons`` opens its lessons, ``listing`` names ideas and misconceptions: the course's by default."""
    return summed(rows, answered(rows, lessons), listing)


def summed(rows: ClassRows, questions: Sequence[Answered], listing: Listing | None = None) -> ClassFigures:
    """The figures of a class whose votes are judged already."""
    listing = listing or load_listing()
    figures = [question_figures(each, listing) for each in questions]
    return {
        "code": rows.code,
        "lesson": rows.lesson,
        "title": title_of(rows.lesson),
        "lab": rows.lab,
        "created": rows.created[:10],
        "voters": rows.voters,
        "least": LEAST_SHARED,
        "ideas": _ideas(figures, listing),
        "held": _held(figures),
        "questions": figures,
    }


def title_of(lesson: str) -> str:
    """The title of a lesson; its name, if the course has none of that name."""
    return lesson_title(lesson) if lesson in lesson_names() else lesson


def mean_right(questions: Sequence[QuestionFigures]) -> tuple[float | None, float | None]:
    """The mean share right of several questions before and when the voting was over; None where none is told."""
    first, last = ([share for each in questions if (share := of(each)) is not None] for of in (_first, _last))
    return (statistics.fmean(first) if first else None, statistics.fmean(last) if last else None)


def _first(figures: QuestionFigures) -> float | None:
    return figures["first"]["right"]


def _last(figures: QuestionFigures) -> float | None:
    """The share right when the voting was over."""
    second = figures["second"]["right"] if figures["second"] else None
    return second if second is not None else figures["first"]["right"]


def _ideas(questions: Iterable[QuestionFigures], listing: Listing) -> list[IdeaFigures]:
    """The ideas that the judged questions are about, in the order of the course."""
    about: dict[str, list[QuestionFigures]] = {}
    for figures in questions:
        for idea in figures["concepts"] if figures["judged"] else ():
            about.setdefault(idea, []).append(figures)
    order = {idea: place for place, idea in enumerate(listing.concepts)}
    return [_idea(idea, about[idea], listing) for idea in sorted(about, key=lambda idea: order.get(idea, len(order)))]


def _idea(idea: str, questions: Sequence[QuestionFigures], listing: Listing) -> IdeaFigures:
    before, after = mean_right(questions)
    again = any(each["second"] and each["second"]["right"] is not None for each in questions)
    known = listing.concepts.get(idea)
    return {
        "id": idea,
        "title": known.title if known else idea.replace("-", " "),
        "questions": len(questions),
        "first": told(before),
        "last": told(after),
        "gain": gain(before, after) if again else None,
        "state": "" if after is None else "settled" if after >= SETTLED else "open",
    }


def _held(questions: Iterable[QuestionFigures]) -> list[HeldFigures]:
    """The misconceptions that somebody was certain of when the voting on their question was over, the surest first."""
    found: list[HeldFigures] = []
    for figures in questions:
        again = figures["second"] is not None and figures["second"]["answers"] >= LEAST_SHARED
        for belief in figures["misconceptions"]:
            share = belief["second"] if again else belief["first"]
            certain = belief["second_certain"] if again else belief["first_certain"]
            if share and certain:
                found.append(
                    {
                        "id": belief["id"],
                        "holds": belief["holds"],
                        "lesson": figures["lesson"],
                        "question": figures["question"],
                        "title": figures["title"],
                        "certain": certain,
                        "share": share,
                    }
                )
    return sorted(found, key=lambda each: (-each["certain"], -each["share"], each["id"]))
