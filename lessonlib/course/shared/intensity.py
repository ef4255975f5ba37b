"""What the lessons on intensity and on the roofline have in common. Intensities are FLOPs for each byte that must cross."""

from __future__ import annotations

from math import log

from lessonlib.base.quantity import Quantity
from lessonlib.course.shared.lab_numbers import own_bytes
from lessonlib.roofline import Estimate, Lab, System, decode, load_model, max_batch, prefill, weight_bytes_read


def per_byte(value: float, digits: int = 3) -> Quantity:
    """An intensity, in FLOP/byte."""
    return Quantity(value, "FLOP/byte", digits)


#: Ends of the roofline picture's axis, FLOP/byte.
AXIS = (0.5, 20_000.0)


def place_on_axis(value: Quantity) -> float:
    """Where an intensity stands on that logarithmic axis, 0 to 1."""
    low, high = AXIS
    return log(float(value) / low) / log(high / low)


def weights_of(estimate: Estimate) -> tuple[float, float]:
    """FLOPs and bytes of everything in a step but the requests' own caches and states."""
    parts = [part for part in estimate.operations if part.kind in ("matmul", "vectors")]
    return sum(part.flops for part in parts), sum(part.weight_bytes for part in parts)


def of_weights(system: System, tokens: int = 1) -> float:
    """Two FLOPs for each token and weight that it uses, over the bytes of all weights that any of them uses."""
    flops, moved = weights_of(decode(system, batch=tokens, context=0))
    return flops / moved


def of_model(lab: Lab, name: str) -> System:
    """Another model in 16 bits on one of the lab's GPUs."""
    return System(load_model(name), lab.system.gpu)


def step(lab: Lab, requests: int) -> Estimate:
    """A decode step of so many requests, each with the lab's usual prompt behind it."""
    return decode(lab.system, batch=requests, context=lab.prompt)


def batches(lab: Lab) -> list[int]:
    """Powers of two up to what fits in memory, 256 at most; 8 at least, so that there is a curve, if anything fits at all."""
    most = max_batch(lab.system, lab.prompt)
    return [2**n for n in range(9) if 2**n <= max(most, 8)] if most else [1]


def of_kind(estimate: Estimate, kind: str) -> float:
    """FLOPs over bytes of all operations of one kind ("attention", "linear attention"); 0 where there is none."""
    parts = [part for part in estimate.operations if part.kind == kind]
    return sum(part.flops for part in parts) / sum(part.bytes for part in parts) if parts else 0.0


def intensity_of_prompt(lab: Lab) -> Quantity:
    """FLOPs over bytes of the prefill of the lab's usual prompt."""
    return per_byte(prefill(lab.system, prompt=lab.prompt).intensity)


def intensity_of_one(lab: Lab) -> Quantity:
    """One multiplication and one addition for each weight, over the weight's bytes."""
    return per_byte(2 * lab.system.model.parameters_read / weight_bytes_read(lab.system))


def own_flops(lab: Lab) -> Quantity:
    """All arithmetic of one request in a decode step, its context included."""
    return Quantity(step(lab, 1).flops, "FLOP")


def intensity_of_any_batch(lab: Lab) -> Quantity:
    """What a step tends to as the batch grows: the FLOPs of a request over the bytes that it alone brings."""
    return per_byte(float(own_flops(lab)) / float(own_bytes(lab)))
