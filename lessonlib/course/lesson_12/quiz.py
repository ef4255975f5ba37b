"""The numbers of the closing quiz: pieces of a prompt on another lab, and many short prompts that come together."""

from __future__ import annotations

import math

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_12.reading import FEW_WRITERS, PROMPT, reading
from lessonlib.roofline import Lab

#: short prompts that come together, as many tokens as the long one
SHORT = 256
#: tokens of the prompt whose pieces are counted, the answers beside it, and the tokens of a step
QUIZ_PROMPT, QUIZ_WRITERS, QUIZ_BUDGET = 16384, 256, 1024


def quiz_budget(lab: Lab) -> Quantity:
    return Quantity(QUIZ_BUDGET, "tokens", digits=4)


def quiz_prompt(lab: Lab) -> Quantity:
    return Quantity(QUIZ_PROMPT, "tokens", digits=5)


def quiz_writers(lab: Lab) -> int:
    """Answers that are being written."""
    return QUIZ_WRITERS


def quiz_piece(lab: Lab) -> Quantity:
    """What they leave of the budget."""
    return Quantity(QUIZ_BUDGET - QUIZ_WRITERS, "tokens", digits=4)


def pieces_of_prompt(lab: Lab) -> Quantity:
    """Steps that read a piece: the prompt over what the answers leave of the budget."""
    return Quantity(math.ceil(QUIZ_PROMPT / (QUIZ_BUDGET - QUIZ_WRITERS)), "steps")


def pieces_of_budget(lab: Lab) -> Quantity:
    """As if the prompt had all of the budget."""
    return Quantity(math.ceil(QUIZ_PROMPT / QUIZ_BUDGET), "steps")


def pieces_of_512(lab: Lab) -> Quantity:
    """As if a piece had the 512 tokens of the first versions."""
    return Quantity(QUIZ_PROMPT // 512, "steps")


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
