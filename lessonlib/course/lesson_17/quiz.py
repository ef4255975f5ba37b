"""The closing quiz, on a lab with a mixture of experts, and the learner's own lab: a step of one request and of many."""

from __future__ import annotations

from functools import lru_cache

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_17.lead import BATCHES, BEHIND, experts_of
from lessonlib.course.lesson_17.routing import busiest_of_one
from lessonlib.course.lesson_17.spread import NODE
from lessonlib.course.shared.lab_numbers import is_mixture
from lessonlib.roofline import Estimate, Lab, decode
from lessonlib.roofline.band import band
from lessonlib.roofline.expert_routing import distinct

#: requests of the fuller of the two steps of the learner's own lab
MANY = BATCHES[3]


# --- drafts on a mixture

#: tokens that a step checks: three drafts and its own; tokens that come out of a step on average
_CHECKED, _COME_OUT = 4, 2.5


def quiz_count(lab: Lab) -> int:
    """Experts in a layer."""
    return experts_of(lab.system).count


def quiz_active(lab: Lab) -> int:
    """Of these, a token's."""
    return experts_of(lab.system).active


def _fetch(lab: Lab) -> tuple[float, float]:
    """Bytes of weights of one token's step: all, and those of its experts."""
    operations = decode(lab.system, 1, 0).operations
    return sum(part.weight_bytes for part in operations), sum(
        part.weight_bytes for part in operations if part.work == "experts"
    )


def quiz_fetched(lab: Lab) -> Quantity:
    """Weights that a step of one token fetches."""
    return Quantity(_fetch(lab)[0], "B")


def quiz_expert_bytes(lab: Lab) -> Quantity:
    """Of these, its experts."""
    return Quantity(_fetch(lab)[1], "B")


def quiz_come_out(lab: Lab) -> Quantity:
    """Tokens that a step with drafts brings on average."""
    return Quantity(_COME_OUT, "tokens")


def quiz_more_experts(lab: Lab) -> Quantity:
    """Different experts of the tokens of such a step over those of one token, fair."""
    return Quantity(distinct(quiz_count(lab), quiz_active(lab), 0.0, _CHECKED) / quiz_active(lab), "x")


def quiz_bytes_checked(lab: Lab) -> Quantity:
    """Weights that such a step fetches, from the numbers as they are shown."""
    whole, experts, more = (each(lab).printed for each in (quiz_fetched, quiz_expert_bytes, quiz_more_experts))
    return Quantity(whole - experts + experts * more, "B")


def quiz_drafts_gain(lab: Lab) -> Quantity:
    """Tokens for the bytes of weights, with drafts over without; from the bytes as they are shown."""
    return Quantity(_COME_OUT * quiz_fetched(lab).printed / quiz_bytes_checked(lab).printed, "x")


def quiz_come_out_times(lab: Lab) -> Quantity:
    """Wrong: as if checking fetched nothing more."""
    return Quantity(_COME_OUT, "x")


def quiz_drafts_of_passes(lab: Lab) -> Quantity:
    """Wrong: as if all weights were fetched for each token checked."""
    return Quantity(_COME_OUT / _CHECKED, "x")


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
        low, high = band(lab.system, "decode step").around(step.expected_s, step.roof_s)
        found.append(f"{Quantity(low, 's')} to {Quantity(high, 's')}")
    return found


def own_different(lab: Lab) -> Quantity:
    """Different experts of a layer that the fuller step needs, fair; 0 in a dense model."""
    if not is_mixture(lab):
        return Quantity(0, "experts")
    block = experts_of(lab.system)
    return Quantity(distinct(block.count, block.active, 0.0, MANY), "experts")


# --- claims


def drafts_fetch_experts(lab: Lab) -> bool:
    """Checking fetches far more, though less than a pass for each token: both slips are far off."""
    if not is_mixture(lab):
        return True
    found = float(quiz_drafts_gain(lab))
    return float(quiz_come_out_times(lab)) > 1.5 * found and found > 1.3 * float(quiz_drafts_of_passes(lab))


def whole_is_slower_alone(lab: Lab) -> bool:
    """For one request slices are read much sooner than whole experts."""
    return not is_mixture(lab) or 1.8 < float(quiz_whole_ratio(lab)) < 4.5
