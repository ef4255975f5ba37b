"""Which records of the journal are of questions as they are asked today."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lessonlib.base.errors import LessonlibError
from lessonlib.lesson.items import StepItem
from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.source import lesson_names, load_source
from lessonlib.review.progress import progress, questions_of
from lessonlib.roofline import lab_names, load_lab

Record = Mapping[str, Any]


class Editions:
    """Opens a lesson on a lab when a record of it first turns up, and keeps what it found."""

    def __init__(self) -> None:
        self._lessons: dict[tuple[str, str], Lesson] = {}
        self._hashes: dict[tuple[str, str, str], str] = {}

    def current(self, record: Record) -> bool:
        """Whether its question still reads the same. On a lab of the learner's own that cannot be told, so it counts."""
        if record["lab"] not in lab_names():
            return True
        address = record["lesson"], record["lab"], record["question"]
        if address not in self._hashes:
            self._hashes[address] = self._asked_hash(*address)
        return self._hashes[address] == record["hash"]

    def _asked_hash(self, lesson: str, lab: str, question: str) -> str:
        try:
            if (lesson, lab) not in self._lessons:
                self._lessons[lesson, lab] = Lesson(lesson, load_lab(lab))
            item = self._lessons[lesson, lab].items.get(question)
            return item.step.question.asked_hash() if isinstance(item, StepItem) else ""
        except LessonlibError:
            return ""  # a lesson that does not open asks nothing


_EDITIONS = Editions()


def standing(concepts: Iterable[str], records: Iterable[Record]) -> dict[str, str]:
    """The state of each idea after the ``records`` of a journal; see :func:`lessonlib.review.progress.progress`."""
    kept = list(records)
    return progress(concepts, questions_of(answered_lessons(kept)), kept, _EDITIONS.current)


def answered_lessons(records: Iterable[Record]) -> dict[str, Mapping[str, Any]]:
    """The lessons that ``records`` are of, name -> YAML; without those that are gone or cannot be read."""
    found = {}
    for name in sorted({record["lesson"] for record in records} & set(lesson_names())):
        try:
            found[name] = load_source(name)
        except LessonlibError:
            continue
    return found
