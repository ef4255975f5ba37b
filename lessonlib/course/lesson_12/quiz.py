"""The numbers of the closing quiz: the answers beside a prompt that is read in pieces, and many short prompts that come together."""

from __future__ import annotations

import math

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_12.reading import FEW_WRITERS, PROMPT, reading
from lessonlib.roofline import Lab

#: short prompts that come together, as many tokens as the long one
SHORT = 256
#: tokens of the prompt whose pieces are counted, the answers beside it at night, the tokens of a step, and the steps at noon
QUIZ_PROMPT, QUIZ_FEW, QUIZ_BUDGET, QUIZ_STEPS = 7936, 16, 512, 64


def quiz_budget(lab: Lab) -> Quantity:
    return Quantity(QUIZ_BUDGET, "tokens")


def quiz_prompt(lab: Lab) -> Quantity:
    return Quantity(QUIZ_PROMPT, "tokens", digits=4)


def quiz_few(lab: Lab) -> int:
    """Answers beside the prompt at night."""
    return QUIZ_FEW


def quiz_steps_few(lab: Lab) -> int:
    """Steps that read the prompt then."""
    return math.ceil(QUIZ_PROMPT / (QUIZ_BUDGET - QUIZ_FEW))


def quiz_steps_many(lab: Lab) -> int:
    """Steps that read it at noon."""
    return QUIZ_STEPS


def quiz_steps_over(lab: Lab) -> Quantity:
    """Steps at noon over steps at night."""
    return Quantity(QUIZ_STEPS / quiz_steps_few(lab), "x")


def quiz_piece(lab: Lab) -> Quantity:
    """What the answers leave of the budget at noon."""
    return Quantity(QUIZ_PROMPT / QUIZ_STEPS, "tokens")


def quiz_answers(lab: Lab) -> Quantity:
    """Answers at noon: the budget without the prompt's piece."""
    return Quantity(QUIZ_BUDGET - QUIZ_PROMPT / QUIZ_STEPS, "answers")


def quiz_answers_as_piece(lab: Lab) -> Quantity:
    """As if the prompt's piece were the answers'."""
    return Quantity(float(quiz_piece(lab)), "answers")


def quiz_answers_in_proportion(lab: Lab) -> Quantity:
    """As if so many times the steps meant so many times the answers."""
    return Quantity(QUIZ_FEW * QUIZ_STEPS / quiz_steps_few(lab), "answers")


def prompt_of_many(lab: Lab) -> Quantity:
    return Quantity(SHORT, "tokens")


def prompts_together(lab: Lab) -> int:
    return PROMPT // SHORT


def gap_of_short_prompts(lab: Lab) -> Quantity:
    """One step that takes them all, beside the answers."""
    return Quantity(reading(lab, PROMPT + FEW_WRITERS, prompt=SHORT, prompts=PROMPT // SHORT).worst_gap_s, "s")


def gap_of_one_short(lab: Lab) -> Quantity:
    """As if each had a step of its own, and the answers a token in between."""
    return Quantity(reading(lab, PROMPT + FEW_WRITERS, prompt=SHORT).worst_gap_s, "s")


def gap_in_line(lab: Lab) -> Quantity:
    """As if each made the gap that it makes alone."""
    return Quantity(PROMPT // SHORT * float(gap_of_one_short(lab)), "s")


def gap_added_up(lab: Lab) -> Quantity:
    """As if each added to the step of the answers what the first one adds."""
    plain = reading(lab, PROMPT + FEW_WRITERS).plain_s
    return Quantity(plain + PROMPT // SHORT * (float(gap_of_one_short(lab)) - plain), "s")


def short_add_up(lab: Lab) -> bool:
    """Together they make the answers wait five times as long as one of them, or more."""
    return float(gap_of_short_prompts(lab)) > 5 * float(gap_of_one_short(lab))
