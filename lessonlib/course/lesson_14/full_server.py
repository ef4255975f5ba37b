"""A server that is never idle, in five combinations of formats: one set of requests, all there from the start.

Seconds of a step are the engine's expected ones: unpacking costs bandwidth, and from Hopper on arithmetic too. Computed, not measured.
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
    own_loses_nothing,
    reading_of,
    sixteen_bit_lab,
    stored,
    weighed,
    weights_lab,
)
from lessonlib.course.lesson_14.gains import alone_gain
from lessonlib.course.shared.seats import seats_on_average
from lessonlib.roofline import Lab, System
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
    return _flat(weighed(lab))


def flat_in_4(lab: Lab) -> Quantity:
    """Weights in 4 bits, multiplied in 16."""
    return _flat(weighed(lab, WEIGHTS_ONLY))


def flat_w8a8(lab: Lab) -> Quantity:
    """Weights and vectors in 8 bits."""
    return _flat(weighed(lab, both_narrow(weights_lab(lab))))


def flat_cache_8(lab: Lab) -> Quantity:
    """Weights in 16 bits, cache in 8."""
    return _flat(weighed(lab, kv="fp8"))


def flat_all_8(lab: Lab) -> Quantity:
    """Weights, vectors and cache in 8 bits."""
    return _flat(weighed(lab, both_narrow(weights_lab(lab)), "fp8"))


def _prompt(system: System) -> Quantity:
    return Quantity(reading_of(system, PROMPT).expected_s, "s")


def prompt_in_16(lab: Lab) -> Quantity:
    """One prompt alone, in 16 bits."""
    return _prompt(weighed(lab))


def prompt_in_4(lab: Lab) -> Quantity:
    """With weights in 4 bits."""
    return _prompt(weighed(lab, WEIGHTS_ONLY))


@lru_cache(maxsize=8)
def _kinds_of_steps(system: System) -> tuple[float, float, float]:
    """Seconds of all steps that hold a piece of a prompt, seconds of the others, and the requests in one of these on average."""
    steps = simulate(system, _requests(), _scheduler()).step_columns()
    reading = steps["prefill_tokens"] > 0
    seconds = steps["seconds"]
    return float(seconds[reading].sum()), float(seconds[~reading].sum()), float(steps["decoding"][~reading].mean())


def time_with_prompts(lab: Lab) -> Quantity:
    """Share of the time of the server in 16 bits that goes to steps in which prompts are read."""
    reading, writing, _ = _kinds_of_steps(weighed(lab))
    return Quantity(100 * reading / (reading + writing), "%", digits=2)


def other_requests(lab: Lab) -> Quantity:
    """Requests in a step that reads no prompt, on average, in 16 bits."""
    return Quantity(_kinds_of_steps(weighed(lab))[2], "requests", digits=2)


def other_times(lab: Lab) -> Quantity:
    """Time of all steps that read no prompt with weights in 4 bits, over that in 16."""
    return Quantity(_kinds_of_steps(weighed(lab, WEIGHTS_ONLY))[1] / _kinds_of_steps(weighed(lab))[1], "x", digits=2)


def reading_times(lab: Lab) -> Quantity:
    """The same of all steps that do read prompts."""
    return Quantity(_kinds_of_steps(weighed(lab, WEIGHTS_ONLY))[0] / _kinds_of_steps(weighed(lab))[0], "x")


def prompt_by_alone_gain(lab: Lab) -> Quantity:
    """As if a prompt gained what one user's gap gains."""
    return Quantity(float(prompt_in_16(lab)) / float(alone_gain(lab)), "s")


def _prompt_times(lab: Lab) -> float:
    """Seconds of the prompt with weights in 4 bits over those in 16."""
    return float(prompt_in_4(lab)) / float(prompt_in_16(lab))


def prompt_longer(lab: Lab) -> Quantity:
    """By how many per cent the prompt takes longer with weights in 4 bits."""
    return Quantity(100 * (_prompt_times(lab) - 1), "%", digits=2)


def _less(times_as_long: float) -> Quantity:
    """Per cent fewer tokens a second where the same takes so many times as long; 1 at least, as a question has no other sign."""
    return Quantity(max(1.0, 100 * (1 - 1 / times_as_long)), "%", digits=2)


def flat_in_4_less(lab: Lab) -> Quantity:
    """By how many per cent fewer tokens a second than in 16 bits."""
    return _less(float(flat_in_16(lab)) / float(flat_in_4(lab)))


def flat_less_by_alone_gain(lab: Lab) -> Quantity:
    """As if the steps without prompts gained what one user gains, and those with prompts lost what a prompt loses."""
    share = float(time_with_prompts(lab)) / 100
    return _less(share * _prompt_times(lab) + (1 - share) / float(alone_gain(lab)))


def flat_less_as_prompt(lab: Lab) -> Quantity:
    """As if all steps lost what a prompt loses."""
    return _less(_prompt_times(lab))


def _more(lab: Lab, rate: Quantity) -> Quantity:
    return Quantity(100 * (float(rate) / float(flat_in_16(lab)) - 1), "%", digits=2)


def flat_w8a8_more(lab: Lab) -> Quantity:
    return _more(lab, flat_w8a8(lab))


def flat_cache_8_more(lab: Lab) -> Quantity:
    return _more(lab, flat_cache_8(lab))


def flat_all_8_more(lab: Lab) -> Quantity:
    return _more(lab, flat_all_8(lab))


# --- a lab of one's own that loses nothing


def own_prompts(lab: Lab) -> list[Quantity]:
    """One prompt on the learner's own lab, in 16 bits and with weights in 4."""
    return [_prompt(stored(lab, weights)) for weights in ("bf16", WEIGHTS_ONLY)]


def own_rates(lab: Lab) -> list[Quantity]:
    """The full server there, all answers together."""
    return [_flat(stored(lab, weights)) for weights in ("bf16", WEIGHTS_ONLY)]


# --- a lab of one's own where room decides


def short_of_room(lab: Lab) -> bool:
    """A dense model that leaves little room in 16 bits, and some in 4: there fewer bits help a full server, whatever they do to
    a step.
    """
    dense = not bits_are_of_own(lab) and not lab.system.model.is_mixture
    return dense and seats_on_average(replace(in_16_bits(lab), weights=WEIGHTS_ONLY), PROMPT, ANSWER, _scheduler()) > 0


def holds_none_in_16(lab: Lab) -> bool:
    """Whether weights in 16 bits leave room for no such request: then there is nothing to compare with."""
    return short_of_room(lab) and float(own_seats_in_16(lab)) == 0


def _own(lab: Lab, weights: str) -> System:
    """The learner's own system where it is short of room; elsewhere the one of the questions."""
    return replace(in_16_bits(lab) if short_of_room(lab) else weighed(lab), weights=weights)


def own_seats_in_16(lab: Lab) -> Quantity:
    """Requests of the run that find room, their answers half written on average."""
    return Quantity(seats_on_average(_own(lab, "bf16"), PROMPT, ANSWER, _scheduler()), "requests")


def own_seats_in_4(lab: Lab) -> Quantity:
    return Quantity(seats_on_average(_own(lab, WEIGHTS_ONLY), PROMPT, ANSWER, _scheduler()), "requests")


def own_room_gain(lab: Lab) -> Quantity:
    """Tokens a second with weights in 4 bits over those in 16, flat out, on the learner's own lab; where that has no room for
    16 bits, on the one of the questions (and the words print none).
    """
    taken = sixteen_bit_lab(lab) if holds_none_in_16(lab) else lab
    return Quantity(_rate(_own(taken, WEIGHTS_ONLY)) / _rate(_own(taken, "bf16")), "x")


# --- claims


def four_bits_lose(lab: Lab) -> bool:
    """A prompt takes 1.3 times as long or more, and the full server writes a tenth less or worse, though less than all of that."""
    rates = float(flat_in_4(lab)) / float(flat_in_16(lab))
    return _prompt_times(lab) > 1.3 and 1 / _prompt_times(lab) < rates < 0.9


def own_loses_none(lab: Lab) -> bool:
    """Where the words say so of the learner's own lab: neither a prompt nor the full server loses."""
    prompts, rates = ([float(each) for each in pair(lab)] for pair in (own_prompts, own_rates))
    return not own_loses_nothing(lab) or (prompts[1] < 1.02 * prompts[0] and 1 <= rates[1] / rates[0] < 1.1)


def eight_bits_gain_more(lab: Lab) -> bool:
    """A fifth or more over 16 bits, less than twice, and more than 4-bit weights."""
    gain = float(flat_w8a8(lab)) / float(flat_in_16(lab))
    return 1.2 < gain < 1.7 and float(flat_w8a8(lab)) > 1.15 * float(flat_in_4(lab))


def room_is_an_exception(lab: Lab) -> bool:
    """Where 16 bits leave little room, 4-bit weights do help a full server."""
    return not short_of_room(lab) or holds_none_in_16(lab) or float(own_room_gain(lab)) > 1.3
