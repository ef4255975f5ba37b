"""A server that is never idle, in five combinations of formats: one set of requests, all there from the start.

Seconds of a step are the engine's expected ones: unpacking costs bandwidth there, and no arithmetic. Computed, not measured.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_14.formats import (
    WEIGHTS_ONLY,
    bits_are_of_own,
    both_narrow,
    in_16_bits,
    reading_of,
    sixteen_bit_lab,
    stored,
)
from lessonlib.course.lesson_14.gains import alone_gain
from lessonlib.roofline import Lab, System, max_batch
from lessonlib.serving import Request, Result, Scheduler, Trace, simulate

#: requests, tokens of each prompt and answer, and most that are inside at once
REQUESTS, PROMPT, ANSWER, SEATS = 320, 2048, 512, 256


def _requests() -> Trace:
    return Trace(tuple(Request(0.0, PROMPT, ANSWER) for _ in range(REQUESTS)), "never idle")


def _scheduler() -> Scheduler:
    return Scheduler(max_num_seqs=SEATS, prefix_caching=False)


@lru_cache(maxsize=64)
def flat_out_of(system: System) -> Result:
    """The run of one system."""
    return simulate(system, _requests(), _scheduler(), record="summary")


def _rate(system: System) -> float:
    return flat_out_of(system).throughput_tokens_per_s


def _flat(system: System) -> Quantity:
    return Quantity(_rate(system), "tok/s")


def flat_requests(lab: Lab) -> int:
    return REQUESTS


def flat_prompt(lab: Lab) -> Quantity:
    return Quantity(PROMPT, "tokens", digits=4)


def flat_answer(lab: Lab) -> Quantity:
    return Quantity(ANSWER, "tokens")


def flat_seats(lab: Lab) -> int:
    return SEATS


def flat_in_16(lab: Lab) -> Quantity:
    """All answers together."""
    return _flat(stored(lab))


def flat_in_4(lab: Lab) -> Quantity:
    """Weights in 4 bits, multiplied in 16."""
    return _flat(stored(lab, WEIGHTS_ONLY))


def flat_w8a8(lab: Lab) -> Quantity:
    """Weights and vectors in 8 bits."""
    return _flat(stored(lab, both_narrow(lab)))


def flat_cache_8(lab: Lab) -> Quantity:
    """Weights in 16 bits, cache in 8."""
    return _flat(stored(lab, kv="fp8"))


def flat_all_8(lab: Lab) -> Quantity:
    """Weights, vectors and cache in 8 bits."""
    return _flat(stored(lab, both_narrow(lab), "fp8"))


def _prompt(system: System) -> Quantity:
    return Quantity(reading_of(system, PROMPT).expected_s, "s")


def prompt_in_16(lab: Lab) -> Quantity:
    """One prompt alone, in 16 bits."""
    return _prompt(stored(lab))


def prompt_in_4(lab: Lab) -> Quantity:
    """With weights in 4 bits."""
    return _prompt(stored(lab, WEIGHTS_ONLY))


def prompt_in_8(lab: Lab) -> Quantity:
    """With weights and vectors in 8."""
    return _prompt(stored(lab, both_narrow(lab)))


@lru_cache(maxsize=8)
def _share_with_prompts(system: System) -> float:
    """Share of the steps' time in those that hold a piece of a prompt."""
    steps = simulate(system, _requests(), _scheduler()).step_columns()
    return float(steps["seconds"][steps["prefill_tokens"] > 0].sum() / steps["seconds"].sum())


def time_with_prompts(lab: Lab) -> Quantity:
    """Share of the time of the server in 16 bits that goes to steps in which prompts are read."""
    return Quantity(100 * _share_with_prompts(stored(lab)), "%", digits=2)


def flat_by_alone_gain(lab: Lab) -> Quantity:
    """Per cent more as if the server gained what one request gains."""
    return Quantity(100 * (float(alone_gain(lab)) - 1), "%", digits=2)


def flat_by_bits(lab: Lab) -> Quantity:
    """Per cent more as if a quarter of the bits were four times the tokens."""
    return Quantity(300, "%")


def flat_doubled(lab: Lab) -> Quantity:
    """Per cent more as if half the bits were twice the tokens."""
    return Quantity(100, "%")


def _more(lab: Lab, rate: Quantity) -> Quantity:
    return Quantity(100 * (float(rate) / float(flat_in_16(lab)) - 1), "%", digits=2)


def flat_in_4_more(lab: Lab) -> Quantity:
    """By how many per cent."""
    return _more(lab, flat_in_4(lab))


def flat_w8a8_more(lab: Lab) -> Quantity:
    return _more(lab, flat_w8a8(lab))


def flat_cache_8_more(lab: Lab) -> Quantity:
    return _more(lab, flat_cache_8(lab))


def flat_all_8_more(lab: Lab) -> Quantity:
    return _more(lab, flat_all_8(lab))


def room_was_short(lab: Lab) -> bool:
    """Whether fewer requests find room in 16 bits than half of the seats."""
    return float(flat_fit_in_16(lab)) < SEATS / 2


def flat_fit_in_16(lab: Lab) -> Quantity:
    """Requests of the run that find room beside weights in 16 bits."""
    return Quantity(max_batch(stored(lab), PROMPT + ANSWER), "requests")


def flat_fit_in_4(lab: Lab) -> Quantity:
    return Quantity(max_batch(stored(lab, WEIGHTS_ONLY), PROMPT + ANSWER), "requests")


# --- a lab of one's own where room decides


def short_of_room(lab: Lab) -> bool:
    """A dense model that leaves little room in 16 bits, and some in 4: there fewer bits help a full server, whatever they do to
    a step.
    """
    dense = not bits_are_of_own(lab) and not lab.system.model.is_mixture
    return dense and max_batch(replace(in_16_bits(lab), weights=WEIGHTS_ONLY), PROMPT + ANSWER) > 0


def holds_none_in_16(lab: Lab) -> bool:
    """Whether weights in 16 bits leave room for no such request: then there is nothing to compare with."""
    return short_of_room(lab) and float(own_seats_in_16(lab)) == 0


def _own(lab: Lab, weights: str) -> System:
    """The learner's own system where it is short of room; elsewhere the one of the questions."""
    return replace(in_16_bits(lab) if short_of_room(lab) else stored(lab), weights=weights)


def own_seats_in_16(lab: Lab) -> Quantity:
    """Requests of the run that find room."""
    return Quantity(max_batch(_own(lab, "bf16"), PROMPT + ANSWER), "requests")


def own_seats_in_4(lab: Lab) -> Quantity:
    return Quantity(max_batch(_own(lab, WEIGHTS_ONLY), PROMPT + ANSWER), "requests")


def own_room_gain(lab: Lab) -> Quantity:
    """Tokens a second with weights in 4 bits over those in 16, flat out, on the learner's own lab; where that has no room for
    16 bits, on the one of the questions (and the words print none).
    """
    taken = sixteen_bit_lab(lab) if holds_none_in_16(lab) else lab
    return Quantity(_rate(_own(taken, WEIGHTS_ONLY)) / _rate(_own(taken, "bf16")), "x")


# --- claims


def four_bits_gain_little(lab: Lab) -> bool:
    """At most a tenth, or a quarter where room was short, and never less than before: unpacking costs bandwidth alone here."""
    most = 1.25 if room_was_short(lab) else 1.1
    return 1.0 <= float(flat_in_4(lab)) / float(flat_in_16(lab)) < most


def eight_bits_gain_more(lab: Lab) -> bool:
    """A fifth or more over 16 bits, less than twice, and more than 4-bit weights."""
    gain = float(flat_w8a8(lab)) / float(flat_in_16(lab))
    return 1.2 < gain < 1.7 and float(flat_w8a8(lab)) > 1.15 * float(flat_in_4(lab))


def room_is_an_exception(lab: Lab) -> bool:
    """Where 16 bits leave little room, 4-bit weights do help a full server."""
    return not short_of_room(lab) or holds_none_in_16(lab) or float(own_room_gain(lab)) > 1.3
