"""Lesson 2, arithmetic intensity: every number its words name.

Intensity is FLOPs over the bytes that must cross from memory at least: weights once, caches and state once.
What kernels hand to one another may stay on the chip, so it is left out except where the words say so.
"""

from __future__ import annotations

from dataclasses import replace

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_02.whole_step import (
    cached_intensity,
    intensity_at_last,
    intensity_of_any_batch,
    proportion_at_last,
)
from lessonlib.course.shared import intensity
from lessonlib.course.shared.experts import (
    heads_sharing,
    query_heads,
)
from lessonlib.course.shared.intensity import intensity_of_one, intensity_of_prompt, per_byte
from lessonlib.course.shared.lab_numbers import is_mixture, prefill_ceiling
from lessonlib.roofline import Lab, System, decode, prefill, weight_bytes_read, weight_format

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


def bytes_per_weight(lab: Lab) -> Quantity:
    """The same in bytes."""
    return Quantity(float(bits_per_weight(lab)) / 8, "bytes")


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


def intensity_of_prompt_at_least(lab: Lab) -> Quantity:
    """The same if everything that kernels hand on crosses memory, too."""
    step = prefill(lab.system, prompt=lab.prompt)
    handed_on = sum(part.activation_bytes for part in step.operations)
    return per_byte(step.flops / (step.bytes + handed_on), digits=2)


def prompt_as_weights(lab: Lab) -> Quantity:
    """FLOPs for each weight of the prompt, without the bytes of a weight."""
    return per_byte(2.0 * lab.prompt)


def prompt_meets_every_expert(lab: Lab) -> Quantity:
    """Lets every token use every weight that is fetched; without experts, that is so."""
    return per_byte(float(intensity_of_one(lab)) * lab.prompt) if is_mixture(lab) else intensity_of_prompt(lab)


def weights_for_prompt(lab: Lab) -> Quantity:
    """Bytes of weights that cross for the prompt."""
    return Quantity(intensity.weights_of(prefill(lab.system, prompt=lab.prompt))[1], "B")


def weight_bytes_grow(lab: Lab) -> Quantity:
    """The prompt's weight bytes over those of one written token."""
    return Quantity(float(weights_for_prompt(lab)) / weight_bytes_read(lab.system), "x")


# --- half the bits


def _stored(lab: Lab, weights: str) -> System:
    return replace(lab.system, weights=weights)


def matrix_in_16(lab: Lab) -> Quantity:
    """One token and a matrix of 16 bits: two FLOPs for each weight, over its bytes."""
    return per_byte(2 / (weight_format("bf16").bits_per_value(lab.system.model.hidden) / 8))


def matrix_in_8(lab: Lab) -> Quantity:
    """The same stored in 8 bits; what it is multiplied in changes nothing."""
    return per_byte(2 / (weight_format("fp8-w8a16").bits_per_value(lab.system.model.hidden) / 8))


def step_in_16(lab: Lab) -> Quantity:
    """Least time of a step for one token, weights of 16 bits."""
    return Quantity(decode(_stored(lab, "bf16"), batch=1, context=0).ceiling_s, "s")


def step_in_8(lab: Lab) -> Quantity:
    """Least time of a step for one token, weights of 8 bits."""
    return Quantity(decode(_stored(lab, "fp8-w8a16"), batch=1, context=0).ceiling_s, "s")


# --- attention over the caches


def batch_of_step(lab: Lab) -> int:
    return BATCH


def intensity_of_attention_in_batch(lab: Lab) -> Quantity:
    """FLOPs of attention over the bytes of all caches, in a step of 16 requests."""
    return per_byte(intensity.of_kind(intensity.step(lab, BATCH), "attention"))


def attention_times_batch(lab: Lab) -> Quantity:
    """Multiplies by the batch, as if the requests looked into each other's caches."""
    return per_byte(BATCH * float(intensity_of_attention_in_batch(lab)))


def attention_as_weights(lab: Lab) -> Quantity:
    """Takes the cache for a weight matrix that all 16 requests share."""
    return per_byte(float(BATCH))


def attention_one_head(lab: Lab) -> Quantity:
    """One query head for each fetched number, as in models without groups."""
    return per_byte(float(intensity_of_attention_in_batch(lab)) / heads_sharing(lab))


def attention_all_heads(lab: Lab) -> Quantity:
    """Lets every query head of the model meet every fetched number."""
    return per_byte(float(attention_one_head(lab)) * query_heads(lab))


def weights_intensity_in_batch(lab: Lab) -> Quantity:
    """The weights' intensity in the same step: once fetched, used by all of the 16 tokens that need them."""
    return per_byte(intensity.of_weights(lab.system, BATCH))


def caches_ahead(lab: Lab) -> bool:
    """Whether a byte of cache gets more to do in that step than a byte of weights."""
    return float(intensity_of_attention_in_batch(lab)) > float(weights_intensity_in_batch(lab))


def state_intensity(lab: Lab) -> Quantity:
    """Linear attention: FLOPs over its state read and written, 0 where the model has none."""
    return per_byte(intensity.of_kind(intensity.step(lab, BATCH), "linear attention"), digits=2)


# --- the picture: shares of the largest intensity in it, which is the prompt's


def one_share(lab: Lab) -> float:
    return float(intensity_of_one(lab)) / float(intensity_of_prompt(lab))


def shared_share(lab: Lab) -> float:
    return float(weights_intensity_in_batch(lab)) / float(intensity_of_prompt(lab))


def own_share(lab: Lab) -> float:
    return float(intensity_of_attention_in_batch(lab)) / float(intensity_of_prompt(lab))


# --- claims: true on every shipped lab -------------------------------------------------------------------------


def one_token_gives_few_flops(lab: Lab) -> bool:
    """A few FLOPs for each byte at batch 1, more than a hundred times as many for a prompt on any count of bytes."""
    return float(intensity_of_one(lab)) < 4 and float(intensity_of_prompt_at_least(lab)) > 100 * float(
        intensity_of_one(lab)
    )


def prompt_is_bound_by_compute(lab: Lab) -> bool:
    return prefill(lab.system, prompt=lab.prompt).bound == "compute"


def prompt_fetches_far_less_than_in_proportion(lab: Lab) -> bool:
    """Its weight bytes grow by less than a hundredth of its tokens."""
    return float(weight_bytes_grow(lab)) < lab.prompt / 100


def eight_bits_double(lab: Lab) -> bool:
    """Half the bits give a matrix twice the intensity; the step's time falls, by half at most."""
    gain = float(matrix_in_8(lab)) / float(matrix_in_16(lab))
    return 1.98 < gain <= 2 and 1.4 < float(step_in_16(lab)) / float(step_in_8(lab)) <= 2


def batch_leaves_attention_alone(lab: Lab) -> bool:
    alone = intensity.of_kind(intensity.step(lab, 1), "attention")
    return abs(alone / intensity.of_kind(intensity.step(lab, 256), "attention") - 1) < 1e-6


def whole_step_falls_behind(lab: Lab) -> bool:
    """At the last batch drawn a step has less than 0.8 of what it would have in proportion, and stays below its limit."""
    return float(intensity_at_last(lab)) < min(0.8 * float(proportion_at_last(lab)), float(intensity_of_any_batch(lab)))


def cached_prompt_loses_most(lab: Lab) -> bool:
    """The last tenth of a prompt has a tenth of its intensity, or little more."""
    return 0.09 < float(cached_intensity(lab)) / float(intensity_of_prompt(lab)) < 0.14
