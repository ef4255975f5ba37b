"""Tokens of a step: a published line of a log, and what two readings of its acceptance rate make of it.

The line: Qwen3.6-27B, six drafts, one request at a time, vLLM 0.20.1 on two RTX 3090 (club-3090 issue 105).
"""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_15.checking import CHANCE, DRAFTS, chance_of, tokens_of_a_step
from lessonlib.roofline import Lab

#: share of steps in which each draft and all before it were accepted; accepted and drafted tokens of the window
BY_POSITION = (0.740, 0.473, 0.309, 0.187, 0.099, 0.057)
ACCEPTED, DRAFTED = 489, 1572


def _rate() -> float:
    return ACCEPTED / DRAFTED


def log_drafts(lab: Lab) -> int:
    """Drafts a step."""
    return len(BY_POSITION)


def log_rate(lab: Lab) -> Quantity:
    """Accepted over drafted tokens, as the log prints it."""
    return Quantity(100 * _rate(), "%")


def log_counts(lab: Lab) -> str:
    """Accepted and drafted tokens of the ten seconds."""
    return f"{ACCEPTED} of {DRAFTED:,}"


def log_tokens(lab: Lab) -> Quantity:
    """Mean tokens of a step: the model's own one and the drafts accepted."""
    return Quantity(1 + len(BY_POSITION) * _rate(), "tokens")


def log_accepted(lab: Lab) -> Quantity:
    """Drafts accepted a step."""
    return Quantity(len(BY_POSITION) * _rate(), "tokens")


def log_tokens_by_formula(lab: Lab) -> Quantity:
    """As if the log's rate were the chance of each draft given those before it."""
    return Quantity(tokens_of_a_step(_rate(), len(BY_POSITION)), "tokens")


def log_tokens_without_own(lab: Lab) -> Quantity:
    """The model's own token left out."""
    return log_accepted(lab)


def log_chance(lab: Lab) -> Quantity:
    """The one chance given those before that brings as many tokens."""
    return Quantity(chance_of(float(log_tokens(lab)), len(BY_POSITION)), "", digits=2)


def log_positions(lab: Lab) -> list[str]:
    """Shares by position, as the log prints them."""
    return [f"{share:.3f}" for share in BY_POSITION]


# --- what the questions take


def drafts_taken(lab: Lab) -> int:
    """Drafts a step."""
    return DRAFTS


def chance_taken(lab: Lab) -> str:
    """Chance of a draft given those before it."""
    return f"{CHANCE:g}"


def tokens_taken(lab: Lab) -> Quantity:
    """Mean tokens of a step with them."""
    return Quantity(tokens_of_a_step(CHANCE, DRAFTS), "tokens")


def positions_add_up(lab: Lab) -> bool:
    """The shares by position, the rate and the length of the line agree; in formula and log the same letter means two things."""
    by_rate, by_share = float(log_tokens(lab)), 1 + sum(BY_POSITION)
    return abs(by_rate / by_share - 1) < 0.01 and by_rate > 1.8 * float(log_tokens_by_formula(lab))
