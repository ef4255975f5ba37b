"""Lesson 1, prefill vs decode: every number its words name.

A learner sees the source of these functions under "Show the working", so each says what it does in the
fewest lines. Ceilings are physics with no fitted constant: what no software can beat.
"""

from __future__ import annotations

from lessonlib.quantity import Quantity
from lessonlib.roofline import Estimate, Lab, decode, max_batch, prefill, weight_bytes_read
from lessonlib.workings.lab import (
    decode_ceiling,
    decode_ceiling_with_context,
    flops_per_token,
    mystery_lab,
    own_bytes,
    prefill_ceiling,
    weights_read,
)

BATCH = 8


# --- decode: one request


def cache_share(lab: Lab) -> Quantity:
    """How much of a decode step's traffic is not weights, at the lab's usual prompt."""
    step = decode(lab.system, batch=1, context=lab.prompt)
    return Quantity(100 * (1 - weight_bytes_read(lab.system) / step.bytes), "%", digits=2)


def idle_share(lab: Lab) -> Quantity:
    """For how much of a decode step the arithmetic waits for memory, at least (rounded down)."""
    step = decode(lab.system, batch=1, context=lab.prompt)
    return Quantity(int(100 * (1 - step.compute_s / step.memory_s)), "%", digits=2)


def busy_at_most(lab: Lab) -> Quantity:
    """For how much of a decode step the arithmetic is busy, at most (rounded up)."""
    return Quantity(100 - float(idle_share(lab)), "%", digits=2)


# --- wrong workings of the ceiling

def ceiling_in_bits(lab: Lab) -> Quantity:
    """Divides the bandwidth by 8 once more, as if the data sheet counted bits."""
    return Quantity(float(decode_ceiling(lab)) / 8, "tok/s")


def ceiling_of_one_gpu(lab: Lab) -> Quantity:
    """Uses one GPU's bandwidth although each GPU reads only its own share of the weights."""
    return Quantity(lab.system.gpu.bandwidth / weight_bytes_read(lab.system), "tok/s")


def ceiling_by_flops(lab: Lab) -> Quantity:
    """Divides FLOP/s by FLOPs: the roof of the wrong resource."""
    return Quantity(lab.system.flops / float(flops_per_token(lab)), "tok/s")


def ceiling_one_byte_each(lab: Lab) -> Quantity:
    """Counts one byte for each parameter."""
    return Quantity(lab.system.bandwidth / lab.system.model.parameters, "tok/s")


# --- prefill


def prefill_bytes(lab: Lab) -> Quantity:
    """What memory must move to read the whole prompt: the weights once, and the KV cache it writes."""
    return Quantity(prefill(lab.system, prompt=lab.prompt).bytes, "B")


def prefill_busy_at_most(lab: Lab) -> Quantity:
    """The same if every result that one kernel hands to the next crosses memory, too."""
    step = prefill(lab.system, prompt=lab.prompt)
    busy = sum(operation.memory_s + operation.activation_s for operation in step.operations)
    return Quantity(100 * busy / step.compute_s, "%", digits=2)


def prefill_busy(lab: Lab) -> Quantity:
    """For how much of an ideal prefill the memory is busy."""
    step = prefill(lab.system, prompt=lab.prompt)
    return Quantity(100 * step.memory_s / step.compute_s, "%", digits=2)


def roofs_apart(lab: Lab) -> Quantity:
    """Prefill's roof over decode's roof, for one request of the lab's usual size."""
    return Quantity(float(prefill_ceiling(lab)) / float(decode_ceiling_with_context(lab)), "x")


def reported_roofs_apart(lab: Lab) -> Quantity:
    """The same for the lab that the mystery is about."""
    return roofs_apart(mystery_lab(lab))


def prompt_length_as_gap(lab: Lab) -> Quantity:
    """Takes the prompt's length for the gap, as if compute had no limit."""
    return Quantity(lab.prompt, "x")


# --- batching

def batch(lab: Lab) -> int:
    return BATCH


def _served(lab: Lab, requests: int) -> float:
    return decode(lab.system, batch=requests, context=lab.prompt).ceiling_tokens_per_s


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


def gain_none(lab: Lab) -> Quantity:
    """Sharing the GPU as if it were a queue: eight requests, the same total."""
    return Quantity(1.0, "x")


def gain_full(lab: Lab) -> Quantity:
    """As if the KV cache were shared, too."""
    return Quantity(float(BATCH), "x")


def gain_root(lab: Lab) -> Quantity:
    """Half of the ideal, as if weights and cache weighed the same."""
    return Quantity(BATCH / 2, "x")


def overtaking_fits(lab: Lab) -> bool:
    """Whether as many requests fit in memory as it takes to outweigh the weights."""
    return float(kv_overtakes_at(lab)) <= max_batch(lab.system, lab.prompt)


def _batches(lab: Lab) -> list[int]:
    """Powers of two up to what fits in memory, 256 at most."""
    return [2**n for n in range(9) if 2**n <= max_batch(lab.system, lab.prompt)]


def throughput_curve(lab: Lab) -> dict[str, list[float]]:
    """Ceiling of decode throughput against batch, at the lab's usual prompt as context."""
    return {"x": _batches(lab), "y": [_served(lab, size) for size in _batches(lab)]}


def curve_every_doubling_doubles(lab: Lab) -> dict[str, list[float]]:
    return {"x": _batches(lab), "y": [size * _served(lab, 1) for size in _batches(lab)]}


def curve_no_gain(lab: Lab) -> dict[str, list[float]]:
    return {"x": _batches(lab), "y": [_served(lab, 1) for _ in _batches(lab)]}


def curve_last_batch(lab: Lab) -> int:
    return _batches(lab)[-1]


def curve_gain(lab: Lab) -> Quantity:
    """Throughput at the largest batch drawn over that of a single request."""
    truth = throughput_curve(lab)["y"]
    return Quantity(truth[-1] / truth[0], "x", digits=2)


def kv_overtakes_at(lab: Lab) -> Quantity:
    """The batch at which what each request brings (KV cache and state) weighs as much as the weights."""
    alone = decode(lab.system, batch=1, context=lab.prompt).bytes - weight_bytes_read(lab.system)
    return Quantity(round(weight_bytes_read(lab.system) / alone), "requests")


def user_cost(lab: Lab) -> str:
    """What a user loses when served in the batch, in words."""
    return f"about {100 - float(batch_kept(lab)):.0f} % of their speed"


def step_growth(lab: Lab) -> Quantity:
    """How much longer a step with the batch is than one with a single request."""
    return Quantity(float(batch_step_bytes(lab)) / float(single_step_bytes(lab)), "x")


# --- pictures

def memory_time(lab: Lab) -> Quantity:
    """Time to haul the weights for one token at full bandwidth."""
    return Quantity(decode(lab.system, batch=1, context=0).memory_s, "s")


def compute_time(lab: Lab) -> Quantity:
    """Time to multiply for one token at full compute."""
    return Quantity(decode(lab.system, batch=1, context=0).compute_s, "s")


def bare_memory_share(lab: Lab) -> float:
    return _shares(decode(lab.system, batch=1, context=0))[1]


def bare_compute_share(lab: Lab) -> float:
    return _shares(decode(lab.system, batch=1, context=0))[0]


def batch_total(lab: Lab) -> Quantity:
    """Ceiling of the 8 requests together."""
    return Quantity(_served(lab, BATCH), "tok/s")


def batch_each_speed(lab: Lab) -> Quantity:
    """Ceiling of each of the 8."""
    return Quantity(_served(lab, BATCH) / BATCH, "tok/s")


def _shares(step: Estimate) -> tuple[float, float]:
    """(compute, memory): for how much of an ideal step each is busy, 0 to 1."""
    longest = max(step.compute_s, step.memory_s)
    return step.compute_s / longest, step.memory_s / longest


def prefill_compute_share(lab: Lab) -> float:
    return _shares(prefill(lab.system, prompt=lab.prompt))[0]


def prefill_memory_share(lab: Lab) -> float:
    return _shares(prefill(lab.system, prompt=lab.prompt))[1]


def decode_compute_share(lab: Lab) -> float:
    return _shares(decode(lab.system, batch=1, context=lab.prompt))[0]


def decode_memory_share(lab: Lab) -> float:
    return _shares(decode(lab.system, batch=1, context=lab.prompt))[1]


def prefill_flops_per_token(lab: Lab) -> Quantity:
    """FLOPs of one prompt token: a multiply-add for each weight of the layers, and its share of attention."""
    return Quantity(prefill(lab.system, prompt=lab.prompt).flops / lab.prompt, "FLOP")


# --- claims: true on every shipped lab, or the text would have to say otherwise ------------------------------


def memory_sets_decode(lab: Lab) -> bool:
    """One request's decode step is bound by memory."""
    return decode(lab.system, batch=1, context=lab.prompt).bound == "memory"


def compute_sets_prefill(lab: Lab) -> bool:
    """Reading the usual prompt is bound by compute."""
    return prefill(lab.system, prompt=lab.prompt).bound == "compute"


def cache_is_small_beside_weights(lab: Lab) -> bool:
    """One request's own bytes are less than a seventh of the weights."""
    return float(own_bytes(lab)) < float(weights_read(lab)) / 7


def idle_most_of_the_time(lab: Lab) -> bool:
    """The multipliers wait more than nine tenths of a step."""
    return float(idle_share(lab)) > 90


def arithmetic_outlasts_activations(lab: Lab) -> bool:
    """Prefill keeps memory busy less than half the time even with all activations through memory."""
    return float(prefill_busy_at_most(lab)) < 50


def batch_gains_but_less_than_fully(lab: Lab) -> bool:
    """Eight requests give more than four times the tokens, and visibly less than eight."""
    return 4 < float(batch_gain(lab)) < 7.9


def roofs_far_apart(lab: Lab) -> bool:
    """Prefill's roof is more than 30 times decode's."""
    return float(roofs_apart(lab)) > 30


def curve_bends(lab: Lab) -> bool:
    """To the last batch drawn the step stays memory-bound, and the curve falls below two thirds of the straight line."""
    last = _batches(lab)[-1]
    step = decode(lab.system, batch=last, context=lab.prompt)
    return step.bound == "memory" and throughput_curve(lab)["y"][-1] < curve_every_doubling_doubles(lab)["y"][-1] * 2 / 3
