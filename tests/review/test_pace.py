"""How long lessons take a learner: from the journal, beside the formula."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from lessonlib.record.event import Event
from lessonlib.review.pace import Pace, pace

BEGAN = datetime(2026, 3, 2, 10, tzinfo=UTC)
QUESTIONS = {"01-x": ("a", "b", "c", "d"), "02-y": ("a", "b")}
FORMULA = {"01-x": 10.0, "02-y": 20.0}


def events(lesson: str, questions: str, every: float, *, review: bool = False, kind: str = "commit") -> list[Event]:
    """A guess at each of these questions, one every so many minutes."""
    return [
        Event(lesson, question, "h", "l", kind, review=review, time=BEGAN + timedelta(minutes=every * number))
        for number, question in enumerate(questions)
    ]


def test_a_lesson_that_was_taken_has_the_learners_own_minutes() -> None:
    assert pace(events("01-x", "abcd", 4), QUESTIONS, FORMULA) == Pace({"01-x": 12.0}, 1.2)


def test_the_median_is_over_lessons() -> None:
    found = pace([*events("01-x", "abcd", 4), *events("02-y", "ab", 4.5)], QUESTIONS, FORMULA)
    assert found.spent == {"01-x": 12.0, "02-y": 4.5} and found.factor == (1.2 + 4.5 / 20) / 2


def test_what_was_begun_reviewed_or_clicked_through_does_not_count() -> None:
    nothing = Pace({}, None)
    assert pace([], QUESTIONS, FORMULA) == nothing
    assert pace(events("01-x", "ab", 4), QUESTIONS, FORMULA) == nothing, "half of it"
    assert pace(events("01-x", "abcd", 4, review=True), QUESTIONS, FORMULA) == nothing
    assert pace(events("01-x", "abcd", 0.1), QUESTIONS, FORMULA) == nothing, "ten seconds in all"
    assert pace(events("01-x", "abcd", 4, kind="hint"), QUESTIONS, FORMULA) == nothing
    assert pace(events("03-z", "abcd", 4), QUESTIONS, FORMULA) == nothing, "no lesson of today's course"


def test_three_of_four_questions_are_enough() -> None:
    assert pace(events("01-x", "abd", 4), QUESTIONS, FORMULA).spent == {"01-x": 8.0}
