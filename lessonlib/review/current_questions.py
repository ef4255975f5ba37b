"""Which attempts are at questions as they are asked today, and what follows for the ideas of the course."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lessonlib.base.errors import LessonlibError
from lessonlib.lesson.items import StepItem
from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.source import is_form, lesson_names, load_source
from lessonlib.record.attempts import Attempt
from lessonlib.review.progress import progress, questions_of
from lessonlib.roofline import lab_names, load_lab


class CurrentQuestions:
    """Opens a lesson on a lab when an attempt at it first turns up, and keeps what it found."""

    def __init__(self) -> None:
        self._lessons: dict[tuple[str, str], Lesson] = {}
        #: (lesson, lab, question) -> its hash today; None where that cannot be told
        self._hashes: dict[tuple[str, str, str], str | None] = {}

    def asked_by(self, attempt: Attempt) -> bool:
        """Whether its question still reads the same. On a lab of the learner's own that cannot be told, so it counts."""
        address = attempt.lesson, attempt.lab, attempt.question
        if address not in self._hashes:
            self._hashes[address] = self._asked_hash(*address) if attempt.lab in lab_names() else None
        return self._hashes[address] in (None, attempt.hash)

    def _asked_hash(self, lesson: str, lab: str, question: str) -> str:
        try:
            if (lesson, lab) not in self._lessons:
                self._lessons[lesson, lab] = Lesson(lesson, load_lab(lab))
            item = self._lessons[lesson, lab].items.get(question)
            return item.step.question.asked_hash() if isinstance(item, StepItem) else ""
        except LessonlibError:
            return ""  # a lesson that does not open asks nothing


_CURRENT = CurrentQuestions()


def states_of(concepts: Iterable[str], attempts: Iterable[Attempt]) -> dict[str, str]:
    """The state of each idea after the ``attempts`` of a journal; see :func:`lessonlib.review.progress.progress`."""
    kept = list(attempts)
    return progress(concepts, questions_of(_answered_lessons(kept)), kept, _CURRENT.asked_by)


def _answered_lessons(attempts: Iterable[Attempt]) -> dict[str, Mapping[str, Any]]:
    """The lessons that ``attempts`` are of, name -> YAML; without those that are gone or cannot be read, and without the inventory: it measures, and teaches nothing."""
    found: dict[str, Mapping[str, Any]] = {}
    for name in sorted({attempt.lesson for attempt in attempts if not is_form(attempt.lesson)} & set(lesson_names())):
        try:
            found[name] = load_source(name)
        except LessonlibError:
            continue
    return found
