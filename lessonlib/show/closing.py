"""What the closing panel shows beside the question to the teacher: the score card and the sources."""

from __future__ import annotations

from lessonlib.lesson.items import StepItem
from lessonlib.lesson.kinds.spoken import Closing
from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.views import ClosingPart
from lessonlib.show.score_card import score_html


def is_closing(item: object) -> bool:
    """Whether it is the panel at the end of a lesson."""
    return isinstance(item, StepItem) and isinstance(item.step.question, Closing)


def closing_part(lesson: Lesson, item: StepItem) -> ClosingPart:
    """Both, once every step is revealed: sources say what they are cited for."""
    question = item.step.question
    before = list(lesson.items).index(item.id)
    steps = [step for step in lesson.steps if list(lesson.items).index(step.id) < before]
    lock = next((f"Reveal {step.name} first" for step in steps if not step.step.revealed), "")
    if lock or not isinstance(question, Closing):
        return {"locked": lock, "score": "", "sources": ""}
    return {"locked": "", "score": score_html(lesson), "sources": question.sources()}
