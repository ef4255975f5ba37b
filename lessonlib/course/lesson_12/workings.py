"""Lesson 12, chunked prefill: what one long prompt costs the answers beside it and itself, by the tokens of a step.

Seconds are those of ``reading``: expected ones, computed and not measured.
"""

from __future__ import annotations

import math

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_12.reading import (
    BEHIND,
    BUDGETS,
    FEW_WRITERS,
    MANY_WRITERS,
    PROMPT,
    SMALLEST,
    Reading,
    reading,
)
from lessonlib.roofline import Lab, prefill
from lessonlib.roofline.band import band
from lessonlib.serving.replica.defaults import batch_defaults

# --- the prompt, taken whole


def long_prompt(lab: Lab) -> Quantity:
    return Quantity(PROMPT, "tokens", digits=4)


def few_writers(lab: Lab) -> int:
    """Answers that are being written."""
    return FEW_WRITERS


def many_writers(lab: Lab) -> int:
    return MANY_WRITERS


def tokens_behind(lab: Lab) -> Quantity:
    """Of each answer that is being written."""
    return Quantity(BEHIND, "tokens")


def _whole(lab: Lab, basis: str = "expected") -> Reading:
    return reading(lab, PROMPT + FEW_WRITERS, basis=basis)


def step_of_writers(lab: Lab) -> Quantity:
    """A step in which the answers are written and nothing is read."""
    return Quantity(_whole(lab).plain_s, "s")


def freeze_when_whole(lab: Lab) -> Quantity:
    """The step that takes the whole prompt beside them."""
    return Quantity(_whole(lab).worst_gap_s, "s")


def freeze_over_step(lab: Lab) -> Quantity:
    return Quantity(_whole(lab).worst_gap_s / _whole(lab).plain_s, "x", digits=2)


def freeze_ceiling(lab: Lab) -> Quantity:
    """The same step with perfect software."""
    return Quantity(_whole(lab, "ceiling").worst_gap_s, "s")


def _freeze_band(lab: Lab) -> tuple[float, float]:
    """Seconds from, to, in which nine of ten measured prefills lie."""
    return band(lab.system, "prefill").around(float(freeze_when_whole(lab)), float(freeze_ceiling(lab)))


def freeze_low(lab: Lab) -> Quantity:
    """The fast end of the 90 % band, never below the ceiling."""
    return Quantity(_freeze_band(lab)[0], "s")


def freeze_high(lab: Lab) -> Quantity:
    return Quantity(_freeze_band(lab)[1], "s")


# --- what holds where nobody sets anything


def _usual(lab: Lab) -> Reading:
    return reading(lab, batch_defaults(lab.system.gpu)[1])


def usual_pieces(lab: Lab) -> int:
    """Steps in which the prompt is read under the default budget, beside the answers."""
    return _usual(lab).steps


def usual_first_piece(lab: Lab) -> Quantity:
    """Tokens of the prompt in the first of them."""
    return Quantity(batch_defaults(lab.system.gpu)[1] - FEW_WRITERS, "tokens", digits=4)


def piece_of_512(lab: Lab) -> Quantity:
    """As if a piece had the tokens that it had in the first versions."""
    return Quantity(512, "tokens")


def prompt_alone(lab: Lab) -> Quantity:
    """The whole prompt in one step, with nobody beside it."""
    return Quantity(prefill(lab.system, prompt=PROMPT).expected_s, "s")


def usual_gap_with_prompt(lab: Lab) -> Quantity:
    """The worst gap of the answers under the default budget."""
    return Quantity(_usual(lab).worst_gap_s, "s")


def usual_over_step(lab: Lab) -> Quantity:
    """That gap over a step of the answers alone."""
    return Quantity(_usual(lab).worst_gap_s / _usual(lab).plain_s, "x", digits=2)


def hardly_cut(lab: Lab) -> bool:
    """Whether the first piece under the default budget is nearly all of the prompt."""
    return float(usual_first_piece(lab)) > 0.9 * PROMPT


# --- by budget


def _curve(y: list[float]) -> dict[str, list[float]]:
    return {"x": [float(budget) for budget in BUDGETS], "y": y}


def worst_gap_by_budget(lab: Lab) -> dict[str, list[float]]:
    """The worst gap of the answers while the prompt is read, seconds, by tokens of a step."""
    return _curve([reading(lab, budget).worst_gap_s for budget in BUDGETS])


def gap_unmoved(lab: Lab) -> dict[str, list[float]]:
    """As if the prompt cost as much in one gap however it is cut."""
    return _curve([float(freeze_when_whole(lab)) for _ in BUDGETS])


def gap_of_a_step(lab: Lab) -> dict[str, list[float]]:
    """As if reading ran beside writing."""
    return _curve([float(step_of_writers(lab)) for _ in BUDGETS])


def gaps_by_budget(lab: Lab) -> list[Quantity]:
    """The worst gap of the answers, one for each of the budgets."""
    return [Quantity(reading(lab, budget).worst_gap_s, "s") for budget in BUDGETS]


def first_tokens_by_budget(lab: Lab) -> list[Quantity]:
    """Until the prompt's first token."""
    return [Quantity(reading(lab, budget).until_read_s, "s") for budget in BUDGETS]


def lost_by_budget(lab: Lab) -> list[Quantity]:
    """By how much each answer is later in the end."""
    return [Quantity(reading(lab, budget).lost_s, "s") for budget in BUDGETS]


def budgets(lab: Lab) -> list[Quantity]:
    """Tokens of a step."""
    return [Quantity(budget, "tokens", digits=4) for budget in BUDGETS]


# --- what the prompt pays


def smallest_budget(lab: Lab) -> Quantity:
    return Quantity(SMALLEST, "tokens")


def first_token_in_pieces(lab: Lab) -> Quantity:
    """Seconds until the prompt is read with the smallest budget, all its steps together."""
    return Quantity(reading(lab, SMALLEST).until_read_s, "s")


def first_token_over_whole(lab: Lab) -> Quantity:
    return Quantity(float(first_token_in_pieces(lab)) / float(freeze_when_whole(lab)), "x")


def first_token_of_first_piece(lab: Lab) -> Quantity:
    """As if the answer could begin when the first piece is read."""
    return Quantity(reading(lab, SMALLEST).step_s[0], "s")


def first_token_if_recomputed(lab: Lab) -> Quantity:
    """As if each piece read all before it anew: of n pieces, (n + 1) / 2 times the work."""
    return Quantity(float(freeze_when_whole(lab)) * (reading(lab, SMALLEST).steps + 1) / 2, "s")


def smallest_pieces(lab: Lab) -> Quantity:
    """Steps that read a piece: the prompt over what the answers leave of the budget."""
    return Quantity(math.ceil(PROMPT / (SMALLEST - FEW_WRITERS)), "steps")


def mean_small_step(lab: Lab) -> Quantity:
    """The mean step of them."""
    return Quantity(reading(lab, SMALLEST).until_read_s / reading(lab, SMALLEST).steps, "s")


def smallest_gap(lab: Lab) -> Quantity:
    """The worst gap with the smallest budget."""
    return Quantity(reading(lab, SMALLEST).worst_gap_s, "s")


# --- many answers


def _crowded(lab: Lab) -> Reading:
    return reading(lab, SMALLEST, MANY_WRITERS)


def first_token_in_a_crowd(lab: Lab) -> Quantity:
    """The same prompt and budget, with many answers being written."""
    return Quantity(_crowded(lab).until_read_s, "s")


def crowd_in_proportion(lab: Lab) -> Quantity:
    """As if the wait grew with the answers."""
    return Quantity(float(first_token_in_pieces(lab)) * MANY_WRITERS / FEW_WRITERS, "s")


def crowd_in_as_many_pieces(lab: Lab) -> Quantity:
    """As if the pieces were as large as beside few answers, and only each step took longer."""
    return Quantity(float(smallest_pieces(lab)) * float(crowded_step(lab)), "s")


def crowded_pieces(lab: Lab) -> Quantity:
    return Quantity(_crowded(lab).steps, "steps")


def crowded_step(lab: Lab) -> Quantity:
    """The mean step of them."""
    return Quantity(_crowded(lab).until_read_s / _crowded(lab).steps, "s")


def piece_beside_few(lab: Lab) -> Quantity:
    """What the answers leave of the budget."""
    return Quantity(SMALLEST - FEW_WRITERS, "tokens")


def piece_beside_many(lab: Lab) -> Quantity:
    return Quantity(SMALLEST - MANY_WRITERS, "tokens")


# --- claims: true on every shipped lab, or the text would have to say otherwise


def whole_prompt_freezes(lab: Lab) -> bool:
    """The step with the whole prompt is nine times one without it, or more."""
    return float(freeze_over_step(lab)) > 9


def smaller_budget_smaller_gap(lab: Lab) -> bool:
    """At every halving, down to the smallest budget; and the prompt pays at every one."""
    gaps = [reading(lab, budget).worst_gap_s for budget in BUDGETS]
    waits = [reading(lab, budget).until_read_s for budget in BUDGETS]
    return gaps == sorted(gaps) and waits == sorted(waits, reverse=True)


def answers_eat_the_budget(lab: Lab) -> bool:
    """Three and a half times as many answers, and the prompt takes longer by more than that, with five times the steps or more."""
    factor = float(first_token_in_a_crowd(lab)) / float(first_token_in_pieces(lab))
    steps = float(crowded_pieces(lab)) / float(smallest_pieces(lab))
    return factor > 1.3 * MANY_WRITERS / FEW_WRITERS and 5 < steps < 5.5
