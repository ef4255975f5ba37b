"""How far off a learner's numbers were, lesson by lesson: the median factor of what was guessed first in each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from lessonlib.lesson.judge import apart
from lessonlib.lesson.source import is_checkpoint, is_form, lesson_names, load_source, place_in_course
from lessonlib.record.attempts import Attempt
from lessonlib.review.summary import judged

_NUMBERS = ("number", "range", "settings")


@dataclass(frozen=True)
class LessonFactor:
    """lesson: its name; exam: whether the numbers are those of its exam. median: of the factors off (at least 1) of `numbers` guesses."""

    lesson: str
    exam: bool
    median: float
    numbers: int


def course_factors(attempts: Iterable[Attempt]) -> list[LessonFactor]:
    """One entry for each lesson of which a number was judged, in the course's order, and one for each exam; reviews and the inventory left out."""
    own: dict[tuple[str, str], list[float]] = {}
    for attempt in judged(attempts):
        if attempt.factors and not attempt.review:
            own.setdefault((attempt.lesson, attempt.question), []).extend(apart(one, 1.0) for one in attempt.factors)
    found = []
    for name in sorted((name for name in lesson_names() if not is_form(name)), key=_place):
        asked = [body for entry in load_source(name)["steps"] for kind, body in entry.items() if kind == "predict"]
        for exam in (False, True):
            numbers = [
                factor
                for body in asked
                if body["kind"] in _NUMBERS and bool(body.get("exam")) == exam
                for factor in own.get((name, body["id"]), ())
            ]
            if numbers:
                found.append(LessonFactor(name, exam, median(numbers), len(numbers)))
    return found


def _place(name: str) -> tuple[int, bool]:
    """Where it stands in the course: a checkpoint behind the lesson that it comes after."""
    return place_in_course(load_source(name)), is_checkpoint(name)
