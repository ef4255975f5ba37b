"""Lesson 2, arithmetic intensity: every number its words name.

Intensity is FLOPs over the bytes that must cross from memory at least: weights once, caches and state once.
What kernels hand to one another may stay on the chip, so it is left out except where the words say so.
"""

from __future__ import annotations

from dataclasses import replace

from lessonlib.quantity import Quantity
from lessonlib.roofline import Lab, System, decode, mixed, prefill, weight_bytes_read
from lessonlib.workings import intensity
from lessonlib.workings.intensity import per_byte
from lessonlib.workings.lab import own_bytes, prefill_ceiling

BATCH = 16
SMALL, LARGE = "llama-3.1-8b", "llama-3.1-405b"


# --- the mystery

def writing_ceiling(lab: Lab) -> Quantity:
    """One request, with the lab's usual prompt behind it."""
    return Quantity(intensity.step(lab, 1).ceiling_tokens_per_s, "tok/s")


def times_apart(lab: Lab) -> Quantity:
    """The ceiling of reading a prompt over that of writing, one request, in tokens per second."""
    return Quantity(float(prefill_ceiling(lab)) / float(writing_ceiling(lab)), "x")


def writing_share_of_peak(lab: Lab) -> Quantity:
    """Share of the arithmetic that is in use while one request is written at its ceiling."""
    step = intensity.step(lab, 1)
    return Quantity(100 * step.compute_s / step.ceiling_s, "%", digits=2)


# --- one token

def bits_per_weight(lab: Lab) -> Quantity:
    """Bits of a fetched weight, on average over the model, scales included."""
    return Quantity(8 * weight_bytes_read(lab.system) / lab.system.model.parameters_read, "bits")


def intensity_of_one(lab: Lab) -> Quantity:
    """One multiplication and one addition for each weight, over the weight's bytes."""
    return per_byte(2 * lab.system.model.parameters_read / weight_bytes_read(lab.system))


def intensity_add_forgotten(lab: Lab) -> Quantity:
    """Counts the multiplication and not the addition."""
    return per_byte(float(intensity_of_one(lab)) / 2)


def intensity_in_bits(lab: Lab) -> Quantity:
    """Divides by the bits of a weight instead of its bytes."""
    return per_byte(2 / float(bits_per_weight(lab)))


def intensity_per_weight(lab: Lab) -> Quantity:
    """FLOPs for each weight, not for each byte."""
    return per_byte(2.0)


def machine_balance(lab: Lab) -> Quantity:
    """Divides the GPU's FLOP/s by its bytes per second: a ratio of the machine, not of the work."""
    return per_byte(lab.system.ridge)


# --- a larger model, both in 16 bits

def small_model(lab: Lab) -> str:
    return intensity.of_model(lab, SMALL).model.title


def large_model(lab: Lab) -> str:
    return intensity.of_model(lab, LARGE).model.title


def small_flops(lab: Lab) -> Quantity:
    """Two for each weight that a token meets."""
    return Quantity(2.0 * intensity.of_model(lab, SMALL).model.parameters_read, "FLOP")


def small_bytes(lab: Lab) -> Quantity:
    return Quantity(weight_bytes_read(intensity.of_model(lab, SMALL)), "B")


def large_flops(lab: Lab) -> Quantity:
    """Two for each weight that a token meets."""
    return Quantity(2.0 * intensity.of_model(lab, LARGE).model.parameters_read, "FLOP")


def large_bytes(lab: Lab) -> Quantity:
    return Quantity(weight_bytes_read(intensity.of_model(lab, LARGE)), "B")


def times_larger(lab: Lab) -> Quantity:
    """How many times the weights of the small model the large one has."""
    return Quantity(float(large_bytes(lab)) / float(small_bytes(lab)), "x", digits=2)


# --- a prompt

def intensity_of_prompt(lab: Lab) -> Quantity:
    """Prefill of the lab's usual prompt: all FLOPs over weights and the cache that is written."""
    return per_byte(prefill(lab.system, prompt=lab.prompt).intensity)


def intensity_of_prompt_at_least(lab: Lab) -> Quantity:
    """The same if everything that kernels hand on crosses memory, too."""
    step = prefill(lab.system, prompt=lab.prompt)
    handed_on = sum(part.activation_bytes for part in step.operations)
    return per_byte(step.flops / (step.bytes + handed_on), digits=2)


def prompt_as_weights(lab: Lab) -> Quantity:
    """FLOPs for each weight of the prompt, without the bytes of a weight."""
    return per_byte(2.0 * lab.prompt)


# --- half the bits

def _stored(lab: Lab, weights: str) -> System:
    return replace(lab.system, weights=weights)


def intensity_in_16(lab: Lab) -> Quantity:
    """One token of the lab's model with weights of 16 bits."""
    return per_byte(intensity.of_weights(_stored(lab, "bf16")), digits=2)


def intensity_in_8(lab: Lab) -> Quantity:
    """The same with the layers in 8 bits and the arithmetic in 16; the output head stays in 16 bits."""
    return per_byte(intensity.of_weights(_stored(lab, "fp8-w8a16")))


def step_in_16(lab: Lab) -> Quantity:
    """Least time of a step for one token, weights of 16 bits."""
    return Quantity(decode(_stored(lab, "bf16"), batch=1, context=0).ceiling_s, "s")


def step_in_8(lab: Lab) -> Quantity:
    """Least time of a step for one token, weights of 8 bits."""
    return Quantity(decode(_stored(lab, "fp8-w8a16"), batch=1, context=0).ceiling_s, "s")


# --- attention over the caches

def batch(lab: Lab) -> int:
    return BATCH


def query_heads(lab: Lab) -> int:
    return intensity.attention(lab).heads


def kv_heads(lab: Lab) -> int:
    return intensity.attention(lab).kv_heads


def intensity_of_attention(lab: Lab) -> Quantity:
    """FLOPs of attention over the bytes of all caches, in a step of 16 requests."""
    return per_byte(intensity.of_kind(intensity.step(lab, BATCH), "attention"), digits=2)


def attention_times_batch(lab: Lab) -> Quantity:
    """Multiplies by the batch, as if the requests looked into each other's caches."""
    return per_byte(BATCH * float(intensity_of_attention(lab)))


def attention_as_weights(lab: Lab) -> Quantity:
    """Takes the cache for a weight matrix that all 16 requests share."""
    return per_byte(float(BATCH))


def attention_one_head(lab: Lab) -> Quantity:
    """One query head for each head of keys and values, as in models without groups."""
    return per_byte(1.0)


def attention_all_heads(lab: Lab) -> Quantity:
    """Lets every query head meet every cached number."""
    return per_byte(float(query_heads(lab)))


def weights_of_batch(lab: Lab) -> Quantity:
    """The weights' intensity in the same step: once fetched, used by 16 tokens."""
    return per_byte(intensity.of_weights(lab.system, BATCH))


def state_intensity(lab: Lab) -> Quantity:
    """Linear attention: FLOPs over its state read and written, 0 where the model has none."""
    return per_byte(intensity.of_kind(intensity.step(lab, BATCH), "linear attention"), digits=2)


# --- the picture: shares of the largest intensity in it, which is the prompt's

def one_share(lab: Lab) -> float:
    return float(intensity_of_one(lab)) / float(intensity_of_prompt(lab))


def shared_share(lab: Lab) -> float:
    return float(weights_of_batch(lab)) / float(intensity_of_prompt(lab))


def own_share(lab: Lab) -> float:
    return float(intensity_of_attention(lab)) / float(intensity_of_prompt(lab))


# --- a whole step

def intensity_curve(lab: Lab) -> dict[str, list[float]]:
    """All FLOPs of a decode step over all its bytes, against the batch."""
    sizes = intensity.batches(lab)
    return {"x": sizes, "y": [intensity.step(lab, size).intensity for size in sizes]}


def curve_of_weights(lab: Lab) -> dict[str, list[float]]:
    """As if a step moved nothing but weights."""
    sizes = intensity.batches(lab)
    return {"x": sizes, "y": [intensity.of_weights(lab.system, size) for size in sizes]}


def curve_flat(lab: Lab) -> dict[str, list[float]]:
    """As if every request brought weights of its own."""
    sizes = intensity.batches(lab)
    return {"x": sizes, "y": [intensity.step(lab, 1).intensity for _ in sizes]}


def last_batch(lab: Lab) -> int:
    return intensity.batches(lab)[-1]


def intensity_at_last(lab: Lab) -> Quantity:
    return per_byte(intensity_curve(lab)["y"][-1])


def weights_at_last(lab: Lab) -> Quantity:
    """The weights' intensity alone, at the last batch drawn."""
    return per_byte(curve_of_weights(lab)["y"][-1])


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


def limit_without_sharing(lab: Lab) -> Quantity:
    """Keeps the weights among the bytes, although ever more requests share them."""
    return per_byte(intensity.step(lab, 1).intensity)


def cached_intensity(lab: Lab) -> Quantity:
    """Prefill of the last tenth of a prompt, the other nine tenths read from the cache."""
    new = lab.prompt // 10
    return per_byte(mixed(lab.system, [(new, lab.prompt - new)]).intensity)


# --- claims: true on every shipped lab -------------------------------------------------------------------------


def one_token_gives_few_flops(lab: Lab) -> bool:
    """A few FLOPs for each byte at batch 1, more than a hundred times as many for a prompt on any count of bytes."""
    return float(intensity_of_one(lab)) < 4 and float(intensity_of_prompt_at_least(lab)) > 100 * float(intensity_of_one(lab))


def eight_bits_nearly_double(lab: Lab) -> bool:
    """Half the bits give nearly twice the intensity and nearly half the time, on any lab's model."""
    gain = float(intensity_in_8(lab)) / float(intensity_in_16(lab))
    return 1.75 < gain <= 2 and 1.75 < float(step_in_16(lab)) / float(step_in_8(lab)) <= 2


def batch_leaves_attention_alone(lab: Lab) -> bool:
    alone = intensity.of_kind(intensity.step(lab, 1), "attention")
    return abs(alone / intensity.of_kind(intensity.step(lab, 256), "attention") - 1) < 1e-6


def whole_step_falls_behind(lab: Lab) -> bool:
    """At the last batch drawn a step has less than 0.8 of the weights' intensity, and stays below its limit."""
    return float(intensity_at_last(lab)) < min(0.8 * float(weights_at_last(lab)), float(intensity_of_any_batch(lab)))


def cached_prompt_loses_nine_tenths(lab: Lab) -> bool:
    return 0.09 < float(cached_intensity(lab)) / float(intensity_of_prompt(lab)) < 0.12
