"""Whoever types what a reveal prints is right: of every number that the course asks for."""

from __future__ import annotations

import pytest

from lessonlib.lesson.items import StepItem
from lessonlib.lesson.kinds.number import Number
from lessonlib.lesson.source import lesson_names
from lessonlib.roofline import DEFAULT_LAB
from tests.content.conftest import opened


@pytest.mark.parametrize("lesson", lesson_names())
@pytest.mark.parametrize("lab", [DEFAULT_LAB, "llama-3.1-8b-int4-rtx-4090"])
def test_what_the_reveal_prints_is_right(lesson: str, lab: str) -> None:
    for item in opened(lesson, lab).items.values():
        if not isinstance(item, StepItem) or not isinstance(item.step.question, Number):
            continue
        question = item.step.question
        text = str(question.truth())
        guess = question.accept({"text": text, "low": text, "high": text})
        assert question.score(guess)["right"], f"{question.raw['id']}: {text}"
