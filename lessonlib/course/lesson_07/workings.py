"""Lesson 7, long context: every number its words name.

A learner sees the source of these functions under "Show the working". Ceilings are physics with no fitted constant.
Where a model's window or the memory ends before 131,072 tokens, the curve and its numbers end there, too.
"""

from __future__ import annotations

from collections.abc import Sequence

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_07 import long_context as lc
from lessonlib.course.lesson_07.long_models import (
    EIGHT,
    window_layers,
)
from lessonlib.course.lesson_07.scores import (
    cache_of_a_layer,
    fused_time,
    layer_time,
    plain_time,
    row_of_scores,
    score_tokens,
)
from lessonlib.course.shared.lab_numbers import has_state, weights_read
from lessonlib.roofline import Lab, decode, kv_bytes_per_token, max_batch, mixed

#: context at which the caches are weighed against the weights
CROSSING = 16_384
#: tokens in an answer
ANSWER = 500


# --- one request


def first_tokens(lab: Lab) -> Quantity:
    return Quantity(lc.FIRST, "tokens", digits=6)


def longest_drawn(lab: Lab) -> Quantity:
    """The longest context drawn: 131,072 tokens, or less where the window or the memory ends before."""
    return Quantity(lc.contexts(lab)[-1], "tokens", digits=6)


def ends_early(lab: Lab) -> str:
    """What ends the curve before 131,072 tokens, if anything does."""
    if lc.contexts(lab)[-1] == lc.LONGEST:
        return ""
    window = lab.system.model.max_context
    return (
        f"this model's window is {window:,} tokens"
        if window and window < lc.LONGEST
        else "the next doubling does not fit beside the weights"
    )


def own_at_first(lab: Lab) -> Quantity:
    """What a step moves for this request alone after 1,024 tokens."""
    return Quantity(lc.own_at(lab.system, lc.FIRST), "B")


def own_at_long(lab: Lab) -> Quantity:
    """The same at the longest context drawn."""
    return Quantity(lc.own_at(lab.system, lc.contexts(lab)[-1]), "B")


def read_per_token(lab: Lab) -> Quantity:
    """What each further token of context adds to a step."""
    return Quantity(lc.read_per_token(lab.system), "B")


def copied(lab: Lab) -> bool:
    """Whether the GPUs read more than one copy of each cached number."""
    return lc.read_per_token(lab.system) > 1.01 * kv_bytes_per_token(lab.system)


def busy_at_long(lab: Lab) -> Quantity:
    """For how much of such a step the arithmetic is busy, rounded up."""
    step = decode(lab.system, 1, lc.contexts(lab)[-1])
    return Quantity(int(100 * step.compute_s / step.memory_s) + 1, "%")


def speed_curve(lab: Lab) -> dict[str, Sequence[float]]:
    """One request's decode ceiling, in per cent of that at 1,024 tokens: the bytes of a step, compared."""
    grid = lc.contexts(lab)
    return {"x": grid, "y": [lc.speed_share(lab.system, context) for context in grid]}


def curve_constant(lab: Lab) -> dict[str, Sequence[float]]:
    grid = lc.contexts(lab)
    return {"x": grid, "y": [100.0 for _ in grid]}


def curve_inverse(lab: Lab) -> dict[str, Sequence[float]]:
    """As if a step moved nothing but the cache: twice the context, half the speed, to the foot of the axis."""
    grid = lc.contexts(lab)
    return {"x": grid, "y": [max(10.0, 100.0 * lc.FIRST / context) for context in grid]}


def curve_of_all_layers(lab: Lab) -> dict[str, Sequence[float]]:
    """Counts a growing cache in every layer."""
    grid = lc.contexts(lab)
    return {"x": grid, "y": [lc.twin_speed_share(lab.system, context) for context in grid]}


def speed_left_at_long(lab: Lab) -> Quantity:
    """What is left of the speed at the longest context drawn."""
    return Quantity(lc.speed_share(lab.system, lc.contexts(lab)[-1]), "%", digits=2)


def share_constant(lab: Lab) -> Quantity:
    """As if the cache made every token cost the same."""
    return Quantity(100.0, "%")


def share_if_cache_were_all(lab: Lab) -> Quantity:
    """As if time were in proportion to context."""
    return Quantity(100 * lc.FIRST / lc.contexts(lab)[-1], "%", digits=2)


def share_without_windows(lab: Lab) -> Quantity:
    """Lets every layer's cache grow (the same number where all of them do)."""
    grown = lab.system.model.layer_count / (lab.system.model.layer_count - window_layers(lab))
    step = [
        lc.weights_at(lab.system, 1) + grown * lc.read_per_token(lab.system) * tokens
        for tokens in (lc.FIRST, lc.contexts(lab)[-1])
    ]
    return Quantity(100 * step[0] / step[1], "%", digits=2) if window_layers(lab) else speed_left_at_long(lab)


def halves_at(lab: Lab) -> Quantity:
    """Context at which a request's own bytes weigh as much as the weights, so that a step takes twice as long."""
    return Quantity(lc.weights_at(lab.system, 1) / lc.read_per_token(lab.system), "tokens", digits=2)


def halves_beyond(lab: Lab) -> bool:
    return float(halves_at(lab)) > lc.contexts(lab)[-1]


def read_for_an_answer(lab: Lab) -> Quantity:
    """What an answer of 500 tokens fetches of that one context."""
    return Quantity(ANSWER * lc.own_at(lab.system, lc.contexts(lab)[-1]), "B")


def answer_tokens(lab: Lab) -> int:
    return ANSWER


def ceiling_at_first(lab: Lab) -> Quantity:
    return Quantity(decode(lab.system, 1, lc.FIRST).ceiling_tokens_per_s, "tok/s")


def ceiling_at_crossing(lab: Lab) -> Quantity:
    return Quantity(decode(lab.system, 1, CROSSING).ceiling_tokens_per_s, "tok/s")


def ceiling_at_long(lab: Lab) -> Quantity:
    return Quantity(decode(lab.system, 1, lc.contexts(lab)[-1]).ceiling_tokens_per_s, "tok/s")


# --- one long request among short ones


def weights_for_eight(lab: Lab) -> Quantity:
    """Weights that a step of eight requests fetches."""
    return Quantity(lc.weights_at(lab.system, EIGHT), "B")


def short_step(lab: Lab) -> Quantity:
    """Eight requests with the lab's usual prompt."""
    return Quantity(decode(lab.system, EIGHT, lab.prompt).roof_s, "s")


def step_with_a_long_one(lab: Lab) -> Quantity:
    """Seven of them, and one with the longest context drawn."""
    return Quantity(mixed(lab.system, [(1, lab.prompt)] * (EIGHT - 1) + [(1, lc.contexts(lab)[-1])]).roof_s, "s")


def neighbour(lab: Lab) -> Quantity:
    """By how much that makes the step longer, for all eight."""
    return Quantity(100 * (float(step_with_a_long_one(lab)) / float(short_step(lab)) - 1), "%", digits=2)


def neighbour_by_tokens(lab: Lab) -> Quantity:
    """As if time followed the tokens held, and the weights took none."""
    return Quantity(100 * (lc.contexts(lab)[-1] / lab.prompt - 1) / EIGHT, "%", digits=2)


def neighbour_divided(lab: Lab) -> Quantity:
    """Divides the delay among the eight."""
    return Quantity(float(neighbour(lab)) / EIGHT, "%", digits=2)


# --- where the caches outweigh the weights


def crossing_tokens(lab: Lab) -> Quantity:
    return Quantity(CROSSING, "tokens", digits=6)


def own_at_crossing(lab: Lab) -> Quantity:
    return Quantity(lc.own_at(lab.system, CROSSING), "B")


def overtakes_at(lab: Lab) -> Quantity:
    """Weights of such a step, over what each request brings."""
    return Quantity(lc.overtaking(lab.system, CROSSING)[1], "requests")


def outweighs_from(lab: Lab) -> int:
    """The first batch whose caches weigh more than its weights."""
    return lc.overtaking(lab.system, CROSSING)[0]


def weights_there(lab: Lab) -> Quantity:
    """Weights that a step of that many requests fetches."""
    return Quantity(lc.weights_at(lab.system, lc.overtaking(lab.system, CROSSING)[0]), "B")


def overtakes_by_ridge(lab: Lab) -> Quantity:
    """Takes the batch at which 16-bit weights turn compute-bound."""
    return Quantity(lab.system.ridge, "requests")


def overtakes_without_state(lab: Lab) -> Quantity:
    """Forgets the state."""
    return Quantity(float(weights_there(lab)) / (lc.read_per_token(lab.system) * CROSSING), "requests")


def overtakes_in_all_layers(lab: Lab) -> Quantity:
    """Counts keys and values in every layer."""
    twin = lc.twin_own_at(lab.system, CROSSING) if has_state(lab) else lc.own_at(lab.system, CROSSING)
    return Quantity(float(weights_there(lab)) / twin, "requests")


def overtakes_one_token(lab: Lab) -> Quantity:
    """Takes a batch to fetch no more weights than one request does."""
    return Quantity(float(weights_read(lab)) / lc.own_at(lab.system, CROSSING), "requests")


def most_that_fit(lab: Lab) -> int:
    """Requests of that context that fit in memory."""
    return max_batch(lab.system, CROSSING)


def own_bytes_overtaking_fits(lab: Lab) -> bool:
    return float(overtakes_at(lab)) <= most_that_fit(lab)


def _busy(lab: Lab, context: int) -> float:
    step = decode(lab.system, lc.overtaking(lab.system, context)[0], context)
    return 100 * step.compute_s / step.fetch_s


def busy_at_overtaking(lab: Lab) -> Quantity:
    """For how much of that step the arithmetic is busy."""
    return Quantity(_busy(lab, CROSSING), "%", digits=2)


def overtakes_at_prompt(lab: Lab) -> Quantity:
    """The same at the lab's usual prompt."""
    return Quantity(lc.overtaking(lab.system, lab.prompt)[1], "requests")


def busy_at_prompt(lab: Lab) -> Quantity:
    return Quantity(_busy(lab, lab.prompt), "%", digits=2)


# --- claims


def long_steps_wait_for_memory(lab: Lab) -> bool:
    """To the longest context, and where the caches overtake, the arithmetic is busy less than a quarter of the time."""
    return float(busy_at_long(lab)) < 25 and max(_busy(lab, CROSSING), _busy(lab, lab.prompt)) < 25


def long_context_costs_speed(lab: Lab) -> bool:
    """Visible on every lab, nowhere in proportion to the context."""
    return 30 < float(speed_left_at_long(lab)) < 90


def a_long_neighbour_is_felt(lab: Lab) -> bool:
    """The seven short ones fit beside the long one, and wait at least a tenth longer."""
    room = max_batch(lab.system, lab.prompt)
    return room >= EIGHT and float(neighbour(lab)) > 10


def plain_waits_for_memory(lab: Lab) -> bool:
    """With the scores written out, memory takes longer than the arithmetic."""
    return float(plain_time(lab)) > 1.2 * float(layer_time(lab))


def fused_waits_for_arithmetic(lab: Lab) -> bool:
    """Without, the arithmetic takes more than four times as long as the bytes."""
    return float(layer_time(lab)) > 4 * float(fused_time(lab))


def row_is_small(lab: Lab) -> bool:
    """In a decode step the scores are less than a tenth of the cache that is read."""
    return float(row_of_scores(lab)) < float(cache_of_a_layer(lab)) / 10 and float(score_tokens(lab)) in lc.contexts(
        lab
    )
