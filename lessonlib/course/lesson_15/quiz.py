"""The closing quiz: fewer drafts than those of a line of a log, and two speedups at once; and the learner's own lab, one request."""

from __future__ import annotations

from dataclasses import replace

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_15.accepted import ACCEPTED, BY_POSITION, DRAFTED
from lessonlib.course.lesson_15.checking import (
    CHANCE,
    DRAFTS,
    step_ratio,
    step_seconds,
    tokens_of_a_step,
)
from lessonlib.roofline import Lab, System
from lessonlib.roofline.band import band
from lessonlib.roofline.efficiency import load_efficiency

#: drafts that are set in place of the log's six; requests of the quiz's full step
SET, CROWD = 2, 64


# --- fewer drafts than the log's


def _step(lab: Lab, drafts: int) -> float:
    return step_seconds(lab.system, 1, drafts)


def quiz_drafts_set(lab: Lab) -> int:
    return SET


def quiz_step_of_log(lab: Lab) -> Quantity:
    """One request with the log's six drafts."""
    return Quantity(_step(lab, len(BY_POSITION)), "s")


def quiz_step_set(lab: Lab) -> Quantity:
    """One request with two drafts."""
    return Quantity(_step(lab, SET), "s")


def _token(lab: Lab, drafts: int) -> float:
    """Seconds for each token with so many drafts: the shares of their positions add up, and one token is the model's own."""
    return _step(lab, drafts) / (1 + sum(BY_POSITION[:drafts]))


def quiz_token(lab: Lab) -> Quantity:
    """A token comes so often with two drafts."""
    return Quantity(_token(lab, SET), "s")


def quiz_token_of_log(lab: Lab) -> Quantity:
    """And with six."""
    return Quantity(_token(lab, len(BY_POSITION)), "s")


def quiz_token_by_rate(lab: Lab) -> Quantity:
    """As if the rate of six drafts were that of two."""
    return Quantity(_step(lab, SET) / (1 + SET * ACCEPTED / DRAFTED), "s")


def quiz_token_without_own(lab: Lab) -> Quantity:
    """The model's own token left out."""
    return Quantity(_step(lab, SET) / sum(BY_POSITION[:SET]), "s")


def quiz_tokens_of_a_step(lab: Lab) -> Quantity:
    return Quantity(1 + sum(BY_POSITION[:SET]), "tokens")


def quiz_rate_of_set(lab: Lab) -> Quantity:
    """The rate that a log with two drafts would print."""
    return Quantity(100 * sum(BY_POSITION[:SET]) / SET, "%", digits=2)


def _best(lab: Lab) -> int:
    return min(range(1, len(BY_POSITION) + 1), key=lambda drafts: _token(lab, drafts))


def quiz_best_drafts(lab: Lab) -> int:
    """Of one to six drafts, those with which a token comes soonest."""
    return _best(lab)


def quiz_best_token(lab: Lab) -> Quantity:
    return Quantity(_token(lab, _best(lab)), "s")


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


def quiz_together(lab: Lab) -> Quantity:
    """What three drafts and 4-bit weights gain together."""
    return Quantity(float(quiz_drafts(lab)) * float(quiz_four_bits_with_drafts(lab)), "x")


def quiz_unpacked(lab: Lab) -> Quantity:
    """Arithmetic rate on weights that come in fewer bits, of that on 16-bit ones, as the engine expects it of this GPU."""
    return Quantity(100 * load_efficiency().offset("rate.unpacked", lab.system.gpu.architecture), "%", digits=2)


def quiz_product(lab: Lab) -> Quantity:
    """As if the two multiplied."""
    return Quantity(float(quiz_four_bits(lab)) * float(quiz_drafts(lab)), "x")


def quiz_checked(lab: Lab) -> Quantity:
    """Tokens in that step with drafts."""
    return Quantity((DRAFTS + 1) * CROWD, "tokens")


def four_bits_add_nothing_to_drafts(lab: Lab) -> bool:
    """On the labs of the quiz: no more than 3 %, or a loss where unpacking costs arithmetic, while plain steps gain well; what that
    arithmetic's rate makes lies close. Elsewhere nothing is said.
    """
    if lab.name not in ("llama-3.1-8b-a100-80gb", "qwen3-32b-h200"):
        return True
    with_drafts, by_rate = float(quiz_four_bits_with_drafts(lab)), float(quiz_unpacked(lab)) / 100
    return (
        with_drafts < 1.03
        and 0.8 < by_rate / with_drafts < 1.25
        and float(quiz_four_bits(lab)) > 1.25 * max(1.0, with_drafts)
    )


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
