"""A server whose memory is full of requests, for lesson 7: its step, its dot under the roof, and a long neighbour's cost."""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_07 import long_context as lc
from lessonlib.course.lesson_07.long_models import EIGHT
from lessonlib.course.shared.lab_numbers import is_mixture, weights_held, weights_read
from lessonlib.course.shared.roof import Dot, on_roof
from lessonlib.course.shared.whole_pages import requests_in_pages
from lessonlib.roofline import (
    Estimate,
    Lab,
    capacity,
    decode,
    load_lab,
    max_batch,
    prefill,
    sequence_bytes,
    state_bytes,
)

#: context of the requests that fill the memory
FILLING = 16_384
#: context of short ones, and where a full server of such is compute-bound
SHORT, SHORT_LAB = 512, "llama-3.1-8b-a100-80gb"
#: tokens in a usual answer
ANSWER = 500


# --- full of requests


def filling_tokens(lab: Lab) -> Quantity:
    return Quantity(FILLING, "tokens", digits=6)


def requests_that_fit(lab: Lab) -> int:
    """Requests of that context that fit in the memory which an engine hands out."""
    return max_batch(lab.system, FILLING)


def _full(lab: Lab) -> Estimate:
    return decode(lab.system, requests_that_fit(lab), FILLING)


def handed_out(lab: Lab) -> Quantity:
    """Memory for weights and requests: 0.92 of what the maker writes, vLLM's default share."""
    return Quantity(capacity(lab.system, FILLING).usable_bytes, "B")


def weights_of_full_step(lab: Lab) -> Quantity:
    """Weights that a step of so many requests fetches."""
    return Quantity(lc.weights_at(lab.system, requests_that_fit(lab)), "B")


def own_when_full(lab: Lab) -> Quantity:
    """What all requests bring to that step."""
    return Quantity(requests_that_fit(lab) * lc.own_at(lab.system, FILLING), "B")


def held_by_each(lab: Lab) -> Quantity:
    """What one request of that context holds: every copy of its cache, and its state once."""
    return Quantity(sequence_bytes(lab.system, FILLING), "B")


def own_bytes_of_each(lab: Lab) -> Quantity:
    """What one request of that context brings."""
    return Quantity(lc.own_at(lab.system, FILLING), "B")


def full_step(lab: Lab) -> Quantity:
    """The least time of that step: weights once, and what each request brings."""
    return Quantity(_full(lab).roof_s, "s")


def full_step_of_one(lab: Lab) -> Quantity:
    """As if further requests were free."""
    return Quantity(decode(lab.system, 1, FILLING).roof_s, "s")


def full_step_one_tokens_experts(lab: Lab) -> Quantity:
    """As if all requests used the same experts (in a dense model, the truth)."""
    return Quantity((float(weights_read(lab)) + float(own_when_full(lab))) / lab.system.bandwidth, "s")


def full_step_all_held(lab: Lab) -> Quantity:
    """As if every expert that is held were read (in a dense model, the truth)."""
    if not is_mixture(lab):
        return full_step(lab)
    return Quantity((float(weights_held(lab)) + float(own_when_full(lab))) / lab.system.bandwidth, "s")


def weights_when_full(lab: Lab) -> Quantity:
    """The weights' share of that step's bytes."""
    whole = float(weights_of_full_step(lab)) + float(own_when_full(lab))
    return Quantity(100 * float(weights_of_full_step(lab)) / whole, "%", digits=2)


def memory_over_bandwidth(lab: Lab) -> Quantity:
    """Time to read all that an engine hands out, once."""
    return Quantity(float(handed_out(lab)) / lab.system.bandwidth, "s")


def outweighs_from(lab: Lab) -> int:
    """The first batch of that context whose own bytes weigh more than the weights of its step."""
    return lc.overtaking(lab.system, FILLING)[0]


def outweighs_fits(lab: Lab) -> bool:
    """Whether that batch fits in memory."""
    return outweighs_from(lab) <= requests_that_fit(lab)


def busy_when_full(lab: Lab) -> Quantity:
    """For how much of that step the arithmetic is busy."""
    step = _full(lab)
    return Quantity(100 * step.compute_s / step.fetch_s, "%", digits=2)


# --- its dot


def place_of_full_step(lab: Lab) -> Dot:
    """FLOPs over bytes of that whole step; on the roof."""
    return on_roof(lab, _full(lab).intensity, f"a full server, {FILLING:,} tokens each")


def intensity_when_full(lab: Lab) -> Quantity:
    return Quantity(_full(lab).intensity, "FLOP/byte")


def flops_when_full(lab: Lab) -> Quantity:
    return Quantity(_full(lab).flops, "FLOP")


def ridge_of_lab(lab: Lab) -> Quantity:
    return Quantity(lab.system.ridge, "FLOP/byte")


# --- full of short ones


def short_tokens(lab: Lab) -> Quantity:
    return Quantity(SHORT, "tokens")


def short_ones_that_fit(lab: Lab) -> int:
    """Short requests that fit in the same memory, counted by the byte."""
    return max_batch(lab.system, SHORT)


def short_ones_in_pages(lab: Lab) -> int:
    """The same in whole pages, at vLLM's defaults."""
    return requests_in_pages(lab, SHORT)


def whole_pages_seat_fewer(lab: Lab) -> bool:
    """Whether whole pages leave room for clearly fewer of them: by a fiftieth or more."""
    return short_ones_in_pages(lab) < 0.98 * short_ones_that_fit(lab)


def _short(lab: Lab) -> Estimate:
    return decode(lab.system, short_ones_that_fit(lab), SHORT)


def held_by_short_one(lab: Lab) -> Quantity:
    return Quantity(sequence_bytes(lab.system, SHORT), "B")


def weights_of_short_step(lab: Lab) -> Quantity:
    """Weights that a step of so many requests fetches."""
    return Quantity(lc.weights_at(lab.system, short_ones_that_fit(lab)), "B")


def flops_of_short_ones(lab: Lab) -> Quantity:
    return Quantity(_short(lab).flops, "FLOP")


def bytes_of_short_ones(lab: Lab) -> Quantity:
    """What their step moves: weights once, each cache once, each state twice."""
    return Quantity(_short(lab).bytes, "B")


def place_of_short_ones(lab: Lab) -> Dot:
    """FLOPs over bytes of their step; on the roof."""
    return on_roof(lab, _short(lab).intensity, f"a full server, {SHORT:,} tokens each")


def place_of_short_batch(lab: Lab) -> Dot:
    """As if the step did one FLOP a byte for each request."""
    return on_roof(lab, short_ones_that_fit(lab), "one for each request")


def place_if_states_cross_once(lab: Lab) -> Dot:
    """As if states were read and not written (where there are none, the truth)."""
    step, once = _short(lab), short_ones_that_fit(lab) * sum(state_bytes(lab.system).values())
    return on_roof(lab, step.flops / (step.bytes - once), "states read, not written")


def intensity_of_short_ones(lab: Lab) -> Quantity:
    return Quantity(_short(lab).intensity, "FLOP/byte")


def short_ones_reach_the_ridge(lab: Lab) -> bool:
    return _short(lab).bound == "compute"


def busy_with_short_ones(lab: Lab) -> Quantity:
    """For how much of their step the arithmetic is busy, where memory is the limit."""
    step = _short(lab)
    return Quantity(100 * step.compute_s / step.fetch_s, "%", digits=2)


def bytes_at_ridge(lab: Lab) -> Quantity:
    """What can cross while the arithmetic of one token is done: its FLOPs over the ridge."""
    return Quantity(decode(lab.system, 1, SHORT).compute_s * lab.system.bandwidth, "B")


def bound_from(lab: Lab) -> Quantity:
    """Context from which one request's own bytes take longer than its own arithmetic: no batch is compute-bound then."""
    low, high = 0, lc.LONGEST
    while high - low > 1:
        middle = (low + high) // 2
        takes = lc.own_at(lab.system, middle) / lab.system.bandwidth
        low, high = (low, middle) if takes >= decode(lab.system, 1, middle).compute_s else (middle, high)
    return Quantity(high, "tokens", digits=2)


def a100_short_ones(lab: Lab) -> int:
    return short_ones_that_fit(load_lab(SHORT_LAB))


# --- one long request among short ones


def _long(lab: Lab) -> int:
    return lc.contexts(lab)[-1]


def short_step(lab: Lab) -> Quantity:
    """Eight requests with the lab's usual prompt."""
    return Quantity(decode(lab.system, EIGHT, lab.prompt).roof_s, "s")


def document_state_moved(lab: Lab) -> Quantity:
    """That document's state, read and written back at every step."""
    return Quantity(2 * sum(state_bytes(lab.system).values()), "B")


def longer_by(lab: Lab) -> Quantity:
    """By how much a document that joins them makes each step longer, for all: its own bytes over the bandwidth."""
    return Quantity(lc.own_at(lab.system, _long(lab)) / lab.system.bandwidth, "s")


def step_with_a_long_one(lab: Lab) -> Quantity:
    """The step of the eight, and what the document adds."""
    return Quantity(float(short_step(lab)) + float(longer_by(lab)), "s")


def reading_time(lab: Lab) -> Quantity:
    """The least time to read that document in one piece."""
    return Quantity(prefill(lab.system, _long(lab)).roof_s, "s")


def steps_worth_reading(lab: Lab) -> Quantity:
    """Steps after which the longer steps have cost as much as the reading."""
    return Quantity(float(reading_time(lab)) / float(longer_by(lab)), "tokens")


def steps_by_whole_step(lab: Lab) -> Quantity:
    """Charges the whole step to the long request, not what it adds."""
    return Quantity(float(reading_time(lab)) / float(step_with_a_long_one(lab)), "tokens")


def answer_tokens(lab: Lab) -> int:
    return ANSWER


def slower_over_answer(lab: Lab) -> Quantity:
    """What a usual answer costs each neighbour by longer steps."""
    return Quantity(ANSWER * float(longer_by(lab)), "s")


def reading_share_of_stall(lab: Lab) -> Quantity:
    """The reading in all that the document costs them during such an answer."""
    both = float(reading_time(lab)) + float(slower_over_answer(lab))
    return Quantity(100 * float(reading_time(lab)) / both, "%", digits=2)


# --- claims


def long_requests_keep_it_memory_bound(lab: Lab) -> bool:
    """Full of long requests, the arithmetic is busy less than half of the time, and the step is no step of one request."""
    return float(busy_when_full(lab)) < 50 and float(full_step(lab)) > 1.5 * float(full_step_of_one(lab))


def short_ones_move_the_dot(lab: Lab) -> bool:
    """Short ones bring several times the FLOPs for each byte, on one lab as far as the flat roof; a state alone holds a batch back."""
    moved = float(intensity_of_short_ones(lab)) > 3 * float(intensity_when_full(lab))
    held = not sum(state_bytes(lab.system).values()) or float(bound_from(lab)) == 1
    return moved and held and short_ones_reach_the_ridge(load_lab(SHORT_LAB))


def reading_is_most_of_it(lab: Lab) -> bool:
    """The eight short ones fit, and reading the long one costs them most of what it costs during an answer."""
    return max_batch(lab.system, lab.prompt) >= EIGHT and float(reading_share_of_stall(lab)) > 60
