"""Lesson 2 on whole steps: intensity against the batch, its limit, and what the quiz asks of prompts and copies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lessonlib.base.quantity import Quantity
from lessonlib.course.shared import intensity
from lessonlib.course.shared.intensity import per_byte
from lessonlib.course.shared.lab_numbers import own_bytes
from lessonlib.roofline import Lab, mixed, weight_bytes_read

#: requests, or copies of a model, in the quiz
COPIES = 8


# --- a whole step


def intensity_curve(lab: Lab) -> dict[str, Sequence[float]]:
    """All FLOPs of a decode step over all its bytes, against the batch."""
    sizes = intensity.batches(lab)
    return {"x": sizes, "y": [intensity.step(lab, size).intensity for size in sizes]}


def curve_in_proportion(lab: Lab) -> dict[str, Sequence[float]]:
    """As if a step moved nothing but weights, and every request used them all."""
    sizes = intensity.batches(lab)
    return {"x": sizes, "y": [size * intensity.of_weights(lab.system) for size in sizes]}


def curve_flat(lab: Lab) -> dict[str, Sequence[float]]:
    """As if every request brought weights of its own."""
    sizes = intensity.batches(lab)
    return {"x": sizes, "y": [intensity.step(lab, 1).intensity for _ in sizes]}


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


# --- any batch


def own_flops(lab: Lab) -> Quantity:
    """All arithmetic of one request in a decode step, its context included."""
    return Quantity(intensity.step(lab, 1).flops, "FLOP")


def intensity_of_any_batch(lab: Lab) -> Quantity:
    """What a step tends to as the batch grows: the FLOPs of a request over the bytes that it alone brings."""
    return per_byte(float(own_flops(lab)) / float(own_bytes(lab)))


def any_batch_at_half(lab: Lab) -> Quantity:
    """The same with half the context."""
    return intensity_of_any_batch(replace(lab, prompt=lab.prompt // 2))


def limit_with_small_cache(lab: Lab) -> Quantity:
    """The same with the cache in 8 bits."""
    return intensity_of_any_batch(replace(lab, system=replace(lab.system, kv="fp8")))


def limit_without_sharing(lab: Lab) -> Quantity:
    """Keeps the weights among the bytes, although ever more requests share them."""
    return per_byte(intensity.step(lab, 1).intensity)


def cached_intensity(lab: Lab) -> Quantity:
    """Prefill of the last tenth of a prompt, the other nine tenths read from the cache."""
    new = lab.prompt // 10
    return per_byte(mixed(lab.system, [(new, lab.prompt - new)]).intensity)


# --- the quiz


def weights_of_copies(lab: Lab) -> Quantity:
    """Eight requests, each to a model of its own: eight fetches of one request's weights."""
    return Quantity(COPIES * weight_bytes_read(lab.system), "B")


def weights_of_eight(lab: Lab) -> Quantity:
    """Eight requests to one model: what any of them uses crosses once."""
    return Quantity(intensity.weights_of(intensity.step(lab, COPIES))[1], "B")
