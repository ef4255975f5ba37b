"""Lesson 7, long context: the numbers of one request whose context grows.

A learner sees the source of these functions under "Show the working". Ceilings are physics with no fitted constant.
Where a model's window or the memory ends before 131,072 tokens, the curve and its numbers end there, too.
"""

from __future__ import annotations

from collections.abc import Sequence

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_07 import long_context as lc
from lessonlib.course.lesson_07.long_models import level_at
from lessonlib.course.lesson_07.scores import (
    cache_of_a_layer,
    fused_time,
    layer_time,
    plain_time,
    row_traffic,
    score_tokens,
)
from lessonlib.roofline import Lab, decode, kv_bytes_per_token

#: a context between
MIDDLE = 16_384


def first_tokens(lab: Lab) -> Quantity:
    return Quantity(lc.FIRST, "tokens", digits=6)


def middle_tokens(lab: Lab) -> Quantity:
    return Quantity(MIDDLE, "tokens", digits=6)


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


def own_at_middle(lab: Lab) -> Quantity:
    """The same after 16,384."""
    return Quantity(lc.own_at(lab.system, MIDDLE), "B")


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


def step_longer_by(lab: Lab) -> Quantity:
    """By how much a step there is longer than at the first point."""
    return Quantity(100 * (100 / lc.speed_share(lab.system, lc.contexts(lab)[-1]) - 1), "%", digits=2)


def speed_lost(lab: Lab) -> Quantity:
    """What the speed has lost there."""
    return Quantity(100 - lc.speed_share(lab.system, lc.contexts(lab)[-1]), "%", digits=2)


def context_grows_by(lab: Lab) -> Quantity:
    """By how much the context has grown there."""
    return Quantity(100 * (lc.contexts(lab)[-1] / lc.FIRST - 1), "%", digits=3)


def share_if_cache_were_all(lab: Lab) -> Quantity:
    """As if time were in proportion to context."""
    return Quantity(100 * lc.FIRST / lc.contexts(lab)[-1], "%", digits=2)


def halves_at(lab: Lab) -> Quantity:
    """Context at which a step moves twice what it moves at 1,024 tokens: as much again, token by token."""
    first = lc.weights_at(lab.system, 1) + lc.own_at(lab.system, lc.FIRST)
    return Quantity(lc.FIRST + first / lc.read_per_token(lab.system), "tokens", digits=2)


def halves_beyond(lab: Lab) -> bool:
    return float(halves_at(lab)) > lc.contexts(lab)[-1]


def ceiling_at_first(lab: Lab) -> Quantity:
    return Quantity(decode(lab.system, 1, lc.FIRST).ceiling_tokens_per_s, "tok/s")


def ceiling_at_middle(lab: Lab) -> Quantity:
    return Quantity(decode(lab.system, 1, MIDDLE).ceiling_tokens_per_s, "tok/s")


def ceiling_at_long(lab: Lab) -> Quantity:
    return Quantity(decode(lab.system, 1, lc.contexts(lab)[-1]).ceiling_tokens_per_s, "tok/s")


# --- claims


def long_steps_wait_for_memory(lab: Lab) -> bool:
    """To the longest context the arithmetic is busy less than a quarter of the time."""
    return float(busy_at_long(lab)) < 25


def long_context_costs_speed(lab: Lab) -> bool:
    """Visible on every lab, nowhere in proportion to the context."""
    return 30 < float(speed_left_at_long(lab)) < 90


def plain_waits_for_memory(lab: Lab) -> bool:
    """With the scores written out, memory takes longer than the arithmetic."""
    return float(plain_time(lab)) > 1.2 * float(layer_time(lab))


def fused_waits_for_arithmetic(lab: Lab) -> bool:
    """Without, the arithmetic takes more than four times as long as the bytes."""
    return float(layer_time(lab)) > 4 * float(fused_time(lab))


def row_is_small(lab: Lab) -> bool:
    """In a decode step all that the scores move is at most a quarter of the cache that is read, at a context that is drawn."""
    drawn = float(score_tokens(lab)) in lc.contexts(lab)
    return drawn and float(row_traffic(lab)) <= float(cache_of_a_layer(lab)) / 4


def both_models_lead_somewhere(lab: Lab) -> bool:
    """The two models are level at a context between the first and the longest."""
    return lc.FIRST < float(level_at(lab)) < lc.LONGEST
