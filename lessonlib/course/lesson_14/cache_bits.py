"""A cache in 8 bits: what it gains in a decode step, by how many tokens lie behind whom."""

from __future__ import annotations

import math

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_14.formats import step_of, stored
from lessonlib.course.shared.seats import requests_with_room
from lessonlib.roofline import Lab, kv_bytes_per_token, weight_bytes_read

#: one request with a long context, and many with a short one: as many tokens in all
LONG, MANY, SHORT = 131072, 32, 4096
#: and many with a long one
BIG = 32768
NEEDLE_16, NEEDLE_8, NEEDLE_MENDED = 91.0, 13.0, 89.0
#: times as fast that the quiz wants
WANTED = 1.25


def _gain(lab: Lab, requests: int, context: int, basis: str = "expected_s") -> Quantity:
    wide, narrow = (getattr(step_of(stored(lab, kv=kv), requests, context), basis) for kv in ("bf16", "fp8"))
    return Quantity(wide / narrow, "x")


def long_context(lab: Lab) -> Quantity:
    return Quantity(LONG, "tokens", digits=6)


def many_short(lab: Lab) -> int:
    """Requests that have as many tokens between them."""
    return MANY


def short_context(lab: Lab) -> Quantity:
    return Quantity(SHORT, "tokens", digits=4)


def cache_gain_long(lab: Lab) -> Quantity:
    """One request with the long context, cache in 8 bits."""
    return _gain(lab, 1, LONG)


def cache_gain_many(lab: Lab) -> Quantity:
    """The many with the short one."""
    return _gain(lab, MANY, SHORT)


def cache_gain_one_short(lab: Lab) -> Quantity:
    return _gain(lab, 1, SHORT)


def shared_cache_bytes(lab: Lab) -> Quantity:
    """Cache of either, in 16 bits."""
    return Quantity(LONG * kv_bytes_per_token(stored(lab)), "B")


def big_context(lab: Lab) -> Quantity:
    """So many tokens for each of a few requests: what fits in 16 bits, at most eight."""
    return Quantity(BIG, "tokens", digits=5)


def big_requests(lab: Lab) -> int:
    """Requests of that length that fit in 16 bits, 32 at most."""
    return min(32, requests_with_room(stored(lab), BIG))


def cache_gain_big(lab: Lab) -> Quantity:
    """Their decode step with the cache in 8 bits."""
    return _gain(lab, big_requests(lab), BIG)


# --- published


def needle_in_16(lab: Lab) -> Quantity:
    """Found in 128k tokens with a cache in 16 bits, published."""
    return Quantity(NEEDLE_16, "%")


def needle_in_8(lab: Lab) -> Quantity:
    """With a cache in fp8 on Hopper, before the mend, published."""
    return Quantity(NEEDLE_8, "%")


def needle_mended(lab: Lab) -> Quantity:
    return Quantity(NEEDLE_MENDED, "%")


def needle_if_lossless(lab: Lab) -> Quantity:
    """As if nothing to speak of were lost."""
    return Quantity(90, "%", digits=2)


def needle_if_rounded(lab: Lab) -> Quantity:
    """As if what is lost were what rounding the stored numbers loses."""
    return Quantity(70, "%", digits=2)


def break_even_context(lab: Lab) -> Quantity:
    """Tokens from which one request of Llama-3.1-8B on an H100 gains, published."""
    return Quantity(7010, "tokens", digits=4)


# --- quiz


def quiz_request_bytes(lab: Lab) -> Quantity:
    """Cache of one request of 4,096 tokens, in 16 bits."""
    return Quantity(SHORT * kv_bytes_per_token(stored(lab)), "B")


def _requests(lab: Lab, over_weights: float) -> Quantity:
    """Requests whose cache in 16 bits is so many times the weights, rounded up."""
    return Quantity(
        math.ceil(over_weights * float(quiz_weight_bytes(lab)) / float(quiz_request_bytes(lab))), "requests"
    )


def requests_for_gain(lab: Lab) -> Quantity:
    """From how many on a step is so many times as fast at its ceiling: (W + C) / (W + C / 2), solved for C."""
    return _requests(lab, (WANTED - 1) / (1 - WANTED / 2))


def requests_if_a_quarter_goes(lab: Lab) -> Quantity:
    """As if a share of all bytes had to go that is as large as the gain: half of the cache is a quarter of W + C."""
    return _requests(lab, 2 * (WANTED - 1) / (1 - 2 * (WANTED - 1)))


def requests_if_all_of_it_goes(lab: Lab) -> Quantity:
    """As if the cache cost nothing any more: (W + C) / W."""
    return _requests(lab, WANTED - 1)


def quiz_weight_bytes(lab: Lab) -> Quantity:
    """Weights that it fetches in 16 bits."""
    return Quantity(weight_bytes_read(stored(lab)), "B")


# --- claims


def tokens_count_not_length(lab: Lab) -> bool:
    """One long and many short gain within 5 % of each other; many long gain more than either on every example."""
    one, many, big = (float(each(lab)) for each in (cache_gain_long, cache_gain_many, cache_gain_big))
    return abs(one / many - 1) < 0.05 and big > 1.02 * max(one, many) and float(cache_gain_one_short(lab)) < 1.03
