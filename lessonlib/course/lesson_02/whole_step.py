"""Lesson 2 on whole steps: intensity against the batch, its limit, and what the quiz asks of copies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from lessonlib.base.quantity import Quantity
from lessonlib.course.shared import intensity
from lessonlib.course.shared.intensity import intensity_of_any_batch, per_byte
from lessonlib.roofline import Lab, weight_bytes_read

#: fine-tunes in the quiz, and requests to each
MODELS, EACH = 8, 4


# --- a whole step


def intensity_curve(lab: Lab) -> dict[str, Sequence[float]]:
    """All FLOPs of a decode step over all its bytes, against the batch."""
    sizes = intensity.batches(lab)
    return {"x": sizes, "y": [intensity.step(lab, size).intensity for size in sizes]}


def curve_in_proportion(lab: Lab) -> dict[str, Sequence[float]]:
    """As if a step moved nothing but weights, and every request used them all."""
    sizes = intensity.batches(lab)
    return {"x": sizes, "y": [size * intensity.of_weights(lab.system) for size in sizes]}


def last_batch(lab: Lab) -> int:
    return intensity.batches(lab)[-1]


def intensity_at_last(lab: Lab) -> Quantity:
    return per_byte(intensity_curve(lab)["y"][-1])


def proportion_at_last(lab: Lab) -> Quantity:
    """What the last batch drawn would have in proportion."""
    return per_byte(curve_in_proportion(lab)["y"][-1])


def weights_grow(lab: Lab) -> Quantity:
    """Bytes of weights in a step of that many requests, over those of one request."""
    return Quantity(intensity.weights_of(intensity.step(lab, last_batch(lab)))[1] / weight_bytes_read(lab.system), "x")


def each_doubling_raises_and_none_doubles(lab: Lab) -> bool:
    """Claim: along the curve every doubling of the batch lifts the intensity visibly, and by less than twice."""
    values = intensity_curve(lab)["y"]
    return all(1.03 < after / before < 2 for before, after in pairwise(values))


# --- any batch


def any_batch_at_half(lab: Lab) -> Quantity:
    """The same with half the context."""
    return intensity_of_any_batch(replace(lab, prompt=lab.prompt // 2))


def limit_with_small_cache(lab: Lab) -> Quantity:
    """The same with the cache in 8 bits."""
    return intensity_of_any_batch(replace(lab, system=replace(lab.system, kv="fp8")))


def step_of_one(lab: Lab) -> Quantity:
    """A step that writes for one request."""
    return per_byte(intensity.step(lab, 1).intensity)


def step_of_one_in_8_bits(lab: Lab) -> Quantity:
    """The same with the layers' weights in 8 bits; what a checkpoint leaves in 16 bits stays."""
    return step_of_one(_in_8_bits(lab))


def _in_8_bits(lab: Lab) -> Lab:
    return replace(lab, system=replace(lab.system, weights="int8"))


def small_weights_lift_one_end_only(lab: Lab) -> bool:
    """Where weights are in 16 bits: in 8 they lift a step of one request by two thirds and more, and leave the limit where it is."""
    gain = float(step_of_one_in_8_bits(lab)) / float(step_of_one(lab))
    same = abs(float(intensity_of_any_batch(_in_8_bits(lab))) / float(intensity_of_any_batch(lab)) - 1) < 1e-9
    return same and (lab.system.weights != "bf16" or 5 / 3 < gain < 2)


# --- the quiz


def requests_of_a_model(lab: Lab) -> int:
    """Requests to each of the fine-tunes."""
    return EACH


def requests_of_all(lab: Lab) -> int:
    return MODELS * EACH


def intensity_of_fine_tunes(lab: Lab) -> Quantity:
    """Eight models, four requests to each: FLOPs and bytes are eight times those of one model's step, and so is neither more than the other."""
    return per_byte(intensity.of_weights(lab.system, EACH))


def intensity_of_one_model(lab: Lab) -> Quantity:
    """The weights' intensity if all requests went to one model."""
    return per_byte(intensity.of_weights(lab.system, MODELS * EACH))
