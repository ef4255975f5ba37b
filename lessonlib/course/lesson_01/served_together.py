"""Lesson 1 on requests decoded together: what they share of a step, what each brings, and what that makes of the total."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

from lessonlib.base.quantity import Quantity
from lessonlib.course.shared.lab_numbers import own_bytes, weights_of_step, weights_read
from lessonlib.roofline import Lab, decode, max_batch

BATCH = 8


def batch_served(lab: Lab) -> int:
    return BATCH


def _served(lab: Lab, requests: int) -> float:
    return decode(lab.system, batch=requests, context=lab.prompt).roof_tokens_per_s


def batch_gain(lab: Lab) -> Quantity:
    """Total tokens per second of 8 requests over 1, each with the lab's usual prompt behind it."""
    return Quantity(_served(lab, BATCH) / _served(lab, 1), "x", digits=2)


def batch_kept(lab: Lab) -> Quantity:
    """What each of the 8 keeps of the speed of a user alone."""
    return Quantity(100 * _served(lab, BATCH) / BATCH / _served(lab, 1), "%", digits=2)


def batch_step_bytes(lab: Lab) -> Quantity:
    return Quantity(decode(lab.system, batch=BATCH, context=lab.prompt).bytes, "B")


def single_step_bytes(lab: Lab) -> Quantity:
    return Quantity(decode(lab.system, batch=1, context=lab.prompt).bytes, "B")


def batch_total(lab: Lab) -> Quantity:
    """Ceiling of the 8 requests together."""
    return Quantity(_served(lab, BATCH), "tok/s")


def batch_each_speed(lab: Lab) -> Quantity:
    """Ceiling of each of the 8."""
    return Quantity(_served(lab, BATCH) / BATCH, "tok/s")


# --- a mixture of experts


def _with_one_tokens_experts(lab: Lab, requests: int) -> float:
    """The total over that of one request, if a batch fetched the weights of one token: right where all use the same."""
    weights, own = float(weights_read(lab)), float(own_bytes(lab))
    return requests * (weights + own) / (weights + requests * own)


def step_weights(lab: Lab) -> Quantity:
    """Weights that a step with all 8 fetches."""
    return weights_of_step(lab, BATCH)


# --- the curve


def _batches(lab: Lab) -> list[int]:
    """Powers of two up to what fits in memory, 256 at most."""
    return [2**n for n in range(9) if 2**n <= max_batch(lab.system, lab.prompt)]


def throughput_curve(lab: Lab) -> dict[str, Sequence[float]]:
    """Ceiling of decode throughput against batch, at the lab's usual prompt as context."""
    return {"x": _batches(lab), "y": [_served(lab, size) for size in _batches(lab)]}


def curve_every_doubling_doubles(lab: Lab) -> dict[str, Sequence[float]]:
    return {"x": _batches(lab), "y": [size * _served(lab, 1) for size in _batches(lab)]}


def curve_one_tokens_experts(lab: Lab) -> dict[str, Sequence[float]]:
    """As if the whole batch used the weights of one token."""
    return {"x": _batches(lab), "y": [_served(lab, 1) * _with_one_tokens_experts(lab, size) for size in _batches(lab)]}


def curve_no_gain(lab: Lab) -> dict[str, Sequence[float]]:
    return {"x": _batches(lab), "y": [_served(lab, 1) for _ in _batches(lab)]}


def gain_of_two(lab: Lab) -> Quantity:
    """Throughput of two requests over that of one."""
    return Quantity(_served(lab, 2) / _served(lab, 1), "x")


def gain_of_last_doubling(lab: Lab) -> Quantity:
    """Throughput at the last batch drawn over that at half of it."""
    half, whole = throughput_curve(lab)["y"][-2:]
    return Quantity(whole / half, "x")


def last_doubling_gains_a_part(lab: Lab) -> bool:
    """Claim: it raises the total visibly, and far from twofold."""
    return 1.1 < float(gain_of_last_doubling(lab)) < 1.7


def curve_last_batch(lab: Lab) -> int:
    return _batches(lab)[-1]


def curve_gain(lab: Lab) -> Quantity:
    """Throughput at the largest batch drawn over that of a single request."""
    truth = throughput_curve(lab)["y"]
    return Quantity(truth[-1] / truth[0], "x", digits=2)


def last_step_weights(lab: Lab) -> Quantity:
    """Weights that a step of the largest batch drawn fetches."""
    return weights_of_step(lab, curve_last_batch(lab))


def kv_overtakes_at(lab: Lab) -> Quantity:
    """The batch at which what each request brings (KV cache and state) weighs as much as the weights of the step, to the nearest request."""
    own = float(own_bytes(lab))
    return Quantity(
        next(size for size in count(1) if (size + 0.5) * own > float(weights_of_step(lab, size))), "requests"
    )


def kv_overtaking_fits(lab: Lab) -> bool:
    """Whether as many requests fit in memory as it takes to outweigh the weights."""
    return float(kv_overtakes_at(lab)) <= max_batch(lab.system, lab.prompt)
