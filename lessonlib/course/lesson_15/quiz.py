"""The closing quiz: a token every so often from a line of a log, and two speedups at once; and the learner's own lab, one request."""

from __future__ import annotations

from dataclasses import replace

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_15.checking import (
    CHANCE,
    DRAFTS,
    step_ratio,
    step_seconds,
    tokens_of_a_step,
)
from lessonlib.roofline import Lab, System
from lessonlib.roofline.band import band

#: of the drafted tokens that are accepted, in the quiz; requests of its full step
HALF, CROWD = 0.5, 64


# --- a token every so often


def quiz_rate(lab: Lab) -> Quantity:
    return Quantity(100 * HALF, "%", digits=2)


def quiz_plain_step(lab: Lab) -> Quantity:
    """One request without drafts."""
    return Quantity(step_seconds(lab.system, 1), "s")


def quiz_draft_step(lab: Lab) -> Quantity:
    """One request with three drafts."""
    return Quantity(step_seconds(lab.system, 1, DRAFTS), "s")


def _per_token(lab: Lab, tokens: float) -> Quantity:
    return Quantity(step_seconds(lab.system, 1, DRAFTS) / tokens, "s")


def quiz_token(lab: Lab) -> Quantity:
    """A token comes so often: the model's own and half of three."""
    return _per_token(lab, 1 + DRAFTS * HALF)


def quiz_token_by_formula(lab: Lab) -> Quantity:
    """As if the rate of the log were the formula's chance."""
    return _per_token(lab, tokens_of_a_step(HALF, DRAFTS))


def quiz_token_without_own(lab: Lab) -> Quantity:
    """The model's own token left out."""
    return _per_token(lab, DRAFTS * HALF)


def quiz_tokens_of_a_step(lab: Lab) -> Quantity:
    return Quantity(1 + DRAFTS * HALF, "tokens")


# --- two speedups


def _stored(lab: Lab, weights: str) -> System:
    return replace(lab.system, weights=weights, kv="bf16")


def _four_bit_gain(lab: Lab, requests: int, drafts: int) -> Quantity:
    wide, narrow = (step_seconds(_stored(lab, weights), requests, drafts) for weights in ("bf16", "int4"))
    return Quantity(wide / narrow, "x")


def quiz_crowd(lab: Lab) -> int:
    return CROWD


def quiz_four_bits(lab: Lab) -> Quantity:
    """Weights in 4 bits, plain steps of 64 requests."""
    return _four_bit_gain(lab, CROWD, 0)


def quiz_four_bits_alone(lab: Lab) -> Quantity:
    """Of one request."""
    return _four_bit_gain(lab, 1, 0)


def quiz_four_bits_with_drafts(lab: Lab) -> Quantity:
    """Steps of 64 requests with three drafts."""
    return _four_bit_gain(lab, CROWD, DRAFTS)


def quiz_drafts(lab: Lab) -> Quantity:
    """What three drafts gain there, in 16 bits."""
    return Quantity(tokens_of_a_step(CHANCE, DRAFTS) / step_ratio(_stored(lab, "bf16"), CROWD), "x")


def quiz_product(lab: Lab) -> Quantity:
    """As if the two multiplied."""
    return Quantity(float(quiz_four_bits(lab)) * float(quiz_drafts(lab)), "x")


def quiz_checked(lab: Lab) -> Quantity:
    """Tokens in that step with drafts."""
    return Quantity((DRAFTS + 1) * CROWD, "tokens")


def four_bits_add_nothing_to_drafts(lab: Lab) -> bool:
    """On the labs of the quiz: within 3 %, while plain steps gain well. Elsewhere nothing is said."""
    if lab.name not in ("llama-3.1-8b-a100-80gb", "qwen3-32b-h200"):
        return True
    return 0.99 < float(quiz_four_bits_with_drafts(lab)) < 1.03 and float(quiz_four_bits(lab)) > 1.35


# --- the learner's own lab, one request


def _token_with(lab: Lab, basis: str) -> float:
    """Seconds for each token with three drafts."""
    return step_seconds(lab.system, 1, DRAFTS, basis) / tokens_of_a_step(CHANCE, DRAFTS)


def _around(lab: Lab, expected: float, ceiling: float) -> tuple[float, float]:
    return band(lab.system, "time per token").around(expected, ceiling)


def own_drafts_ceiling(lab: Lab) -> Quantity:
    """A token every so often with three drafts and perfect software."""
    return Quantity(_token_with(lab, "ceiling"), "s")


def own_drafts_expected(lab: Lab) -> Quantity:
    return Quantity(_token_with(lab, "expected"), "s")


def own_drafts_low(lab: Lab) -> Quantity:
    """The fast end of the 90 % band, never below the ceiling."""
    return Quantity(_around(lab, _token_with(lab, "expected"), _token_with(lab, "ceiling"))[0], "s")


def own_drafts_high(lab: Lab) -> Quantity:
    return Quantity(_around(lab, _token_with(lab, "expected"), _token_with(lab, "ceiling"))[1], "s")


def _plain(lab: Lab, basis: str) -> float:
    return step_seconds(lab.system, 1, 0, basis)


def own_plain_ceiling(lab: Lab) -> Quantity:
    """Without drafts."""
    return Quantity(_plain(lab, "ceiling"), "s")


def own_plain_expected(lab: Lab) -> Quantity:
    return Quantity(_plain(lab, "expected"), "s")


def own_plain_low(lab: Lab) -> Quantity:
    return Quantity(_around(lab, _plain(lab, "expected"), _plain(lab, "ceiling"))[0], "s")


def own_plain_high(lab: Lab) -> Quantity:
    return Quantity(_around(lab, _plain(lab, "expected"), _plain(lab, "ceiling"))[1], "s")
