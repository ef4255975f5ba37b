"""The closing quiz, on a lab with a mixture of experts, and the learner's own lab: a step of one request and of many."""

from __future__ import annotations

from functools import lru_cache

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_17.lead import BATCHES, BEHIND, experts_of
from lessonlib.course.lesson_17.routing import busiest_of_one
from lessonlib.course.lesson_17.spread import NODE
from lessonlib.course.shared.experts import spread
from lessonlib.course.shared.lab_numbers import is_mixture
from lessonlib.roofline import Estimate, Lab, decode, max_batch
from lessonlib.roofline.band import band
from lessonlib.roofline.expert_routing import distinct

#: requests of the fuller of the two steps of the learner's own lab
MANY = BATCHES[3]


# --- from how many requests on experts wait for arithmetic


def _at_each(lab: Lab) -> float:
    """Ridge over the two FLOPs that a token gives to a weight's bytes."""
    system = lab.system
    matrix = next(each for each in experts_of(system).matrices(system.model.hidden) if each.name.endswith("gate, up"))
    return system.ridge * system.matrix_bytes(matrix) / matrix.size / 2


def quiz_at_each(lab: Lab) -> Quantity:
    """Tokens at one expert from which on its matrices wait for arithmetic."""
    return Quantity(round(_at_each(lab)), "tokens")


def quiz_count(lab: Lab) -> int:
    """Experts in a layer."""
    return experts_of(lab.system).count


def quiz_active(lab: Lab) -> int:
    """Of these, a token's."""
    return experts_of(lab.system).active


def quiz_crossing(lab: Lab) -> Quantity:
    """Requests in a decode step that bring so many tokens to each expert."""
    return Quantity(_at_each(lab) * spread(lab), "requests", digits=2)


def quiz_crossing_at_each(lab: Lab) -> Quantity:
    """As if every token came to every expert."""
    return Quantity(_at_each(lab), "requests", digits=2)


def quiz_crossing_of_one_each(lab: Lab) -> Quantity:
    """As if each token came to one expert only."""
    return Quantity(_at_each(lab) * quiz_count(lab), "requests", digits=2)


def quiz_room(lab: Lab) -> Quantity:
    """Requests of the lab's usual length that have room."""
    return Quantity(max_batch(lab.system, lab.context), "requests")


# --- one request, experts whole or sliced


def quiz_node(lab: Lab) -> int:
    return NODE


def _sliced_s(lab: Lab) -> float:
    """Seconds of one token's experts in all layers, an even share on each of eight GPUs, at full bandwidth."""
    fetch = sum(part.weight_bytes for part in decode(lab.system, 1, 0).operations if part.work == "experts")
    return fetch / (NODE * lab.system.gpu.bandwidth)


def _busiest(lab: Lab) -> float:
    block = experts_of(lab.system)
    return busiest_of_one(block.count, block.active, NODE)


def quiz_sliced(lab: Lab) -> Quantity:
    """With a slice of each expert on every GPU."""
    return Quantity(_sliced_s(lab), "s")


def quiz_whole(lab: Lab) -> Quantity:
    """With whole experts: each layer waits for the GPU that has most of the token's experts."""
    return Quantity(_sliced_s(lab) * _busiest(lab) * NODE / quiz_active(lab), "s", digits=2)


def quiz_whole_of_one_gpu(lab: Lab) -> Quantity:
    """As if all of them lay on one GPU."""
    return Quantity(NODE * _sliced_s(lab), "s", digits=2)


def quiz_whole_ratio(lab: Lab) -> Quantity:
    """Whole over sliced."""
    return Quantity(_busiest(lab) * NODE / quiz_active(lab), "x", digits=2)


def quiz_busiest(lab: Lab) -> Quantity:
    """One token's experts on the busiest GPU."""
    return Quantity(_busiest(lab), "experts", digits=2)


def quiz_mean(lab: Lab) -> Quantity:
    """And on an average one."""
    return Quantity(quiz_active(lab) / NODE, "experts", digits=2)


# --- the learner's own lab


@lru_cache(maxsize=64)
def _own(lab: Lab, requests: int) -> Estimate:
    return decode(lab.system, requests, BEHIND)


def own_many(lab: Lab) -> int:
    """Requests of the fuller step."""
    return MANY


def own_behind(lab: Lab) -> Quantity:
    """Tokens behind each."""
    return Quantity(BEHIND, "tokens")


def own_fetched(lab: Lab) -> list[Quantity]:
    """Weights of a step, one request and many."""
    return [Quantity(sum(part.weight_bytes for part in _own(lab, requests).operations), "B") for requests in (1, MANY)]


def own_step_ceilings(lab: Lab) -> list[Quantity]:
    """Seconds of a step: computed, perfect software; requests whose experts differ cannot beat it."""
    return [Quantity(_own(lab, requests).roof_s, "s") for requests in (1, MANY)]


def own_steps_expected(lab: Lab) -> list[Quantity]:
    return [Quantity(_own(lab, requests).expected_s, "s") for requests in (1, MANY)]


def own_ranges(lab: Lab) -> list[str]:
    """Where nine in ten lie."""
    found = []
    for requests in (1, MANY):
        step = _own(lab, requests)
        low, high = band(lab.system, "time per token").around(step.expected_s, step.roof_s)
        found.append(f"{Quantity(low, 's')} to {Quantity(high, 's')}")
    return found


def own_growth(lab: Lab) -> Quantity:
    """Expected step of many requests over that of one."""
    one, many = (_own(lab, requests).expected_s for requests in (1, MANY))
    return Quantity(many / one, "x", digits=2)


def own_different(lab: Lab) -> Quantity:
    """Different experts of a layer that the fuller step needs, fair; 0 in a dense model."""
    if not is_mixture(lab):
        return Quantity(0, "experts")
    block = experts_of(lab.system)
    return Quantity(distinct(block.count, block.active, 0.0, MANY), "experts")


# --- claims


def experts_never_wait_for_math(lab: Lab) -> bool:
    """On the labs of the quiz there is room for far fewer requests than would make experts wait for arithmetic."""
    return not is_mixture(lab) or float(quiz_room(lab)) < 0.5 * float(quiz_crossing(lab))


def whole_is_slower_alone(lab: Lab) -> bool:
    """For one request slices are read much sooner than whole experts."""
    return not is_mixture(lab) or 1.8 < float(quiz_whole_ratio(lab)) < 4.5
