"""The learner's roof so far: every dot of the course's place questions that is revealed, by the record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lessonlib.lesson.code import code_for
from lessonlib.lesson.items import StepItem
from lessonlib.lesson.kinds import make_question
from lessonlib.lesson.kinds.place import Place
from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.question import Guess
from lessonlib.lesson.source import lesson_names, load_source
from lessonlib.lesson.step import Step
from lessonlib.lesson.words import Numbers, Words


@dataclass(frozen=True)
class Placed:
    """A place question as it stands. number: of its lesson. guess: None if it was skipped or not reached."""

    number: int
    question: Place
    revealed: bool
    guess: Guess | None


def placed_before(lesson: Lesson, item_id: str) -> list[Placed]:
    """The place questions of the earlier lessons of the course, then those of ``lesson`` before the item ``item_id``.

    Those about another set-up than the learner's own are left out: they have a roof of their own.
    """
    here = list(lesson.items)
    before = [lesson.items[name] for name in here[: here.index(item_id)]]
    own = [
        Placed(lesson.raw["number"], item.step.question, item.step.revealed, item.step.guess)
        for item in before
        if isinstance(item, StepItem) and isinstance(item.step.question, Place) and not item.raw.get("elsewhere")
    ]
    return [*_earlier(lesson), *own]


def _earlier(lesson: Lesson) -> Iterator[Placed]:
    if lesson.name not in lesson_names():
        return
    for name in (name for name in lesson_names() if name < lesson.name):
        raw = load_source(name)
        asked = [
            entry["predict"]
            for entry in raw["steps"]
            if entry.get("predict", {}).get("kind") == Place.kind and not entry["predict"].get("elsewhere")
        ]
        if asked:
            yield from _of_lesson(name, raw, asked, lesson)


def _of_lesson(name: str, raw: dict[str, Any], asked: list[dict[str, Any]], lesson: Lesson) -> Iterator[Placed]:
    """The same questions as that lesson asks, each where the learner left it."""
    code = code_for(name, raw["number"])
    words = Words(Numbers(code.workings, lesson.lab), raw["sources"], code=code)
    answered = lesson.journal.answered(name)
    for body in asked:
        question = make_question(body, words, f"{name} {body['id']}")
        if not isinstance(question, Place):
            continue
        step = Step(question, "")
        if question.id in answered:
            address = {"lesson": name, "question": question.id, "hash": question.asked_hash(), "lab": lesson.lab.name}
            step.replay(lesson.journal.records_of(address, step.takes))
        yield Placed(raw["number"], question, step.revealed, None if step.skipped else step.guess)
