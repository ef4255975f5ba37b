"""How far the card is from the systems of the exam, which took no part in its fit: whatever comes out is what the page says."""

from __future__ import annotations

from statistics import median

from lessonlib.base.quantity import Quantity
from lessonlib.course.checkpoint_1.card import card
from lessonlib.course.checkpoint_1.exam_systems import ExamSystem, exam_sets
from lessonlib.course.checkpoint_1.steps_measured import step_of
from lessonlib.roofline import Lab


def off_on(each: ExamSystem) -> float:
    """The factor between the card's forecast and what was measured on a system of the exam, at least 1."""
    step = step_of(each.name, "", each.system, each.requests, each.context, each.measured_s)
    return card().off(step)


def set_medians() -> list[float]:
    """The card's median factor on each set."""
    return [median(map(off_on, labs)) for labs in exam_sets()]


def exam_count(lab: Lab) -> int:
    """Systems in all sets of the exam."""
    return sum(map(len, exam_sets()))


def exam_off(lab: Lab) -> Quantity:
    """The card's median factor over all systems of the exam."""
    return Quantity(median(off_on(each) for labs in exam_sets() for each in labs), "x")


def exam_within(lab: Lab) -> int:
    """On how many systems of the exam the card is within a quarter."""
    return sum(off_on(each) <= 1.25 for labs in exam_sets() for each in labs)


def exam_best_set(lab: Lab) -> Quantity:
    """The card's median factor on the set that suits it best."""
    return Quantity(min(set_medians()), "x")


def exam_worst_set(lab: Lab) -> Quantity:
    """The card's median factor on the set that suits it least."""
    return Quantity(max(set_medians()), "x")
