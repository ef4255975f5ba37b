"""Lesson 2, arithmetic intensity: every number its words name.

Intensity is FLOPs over the bytes that must cross from memory at least: weights once, caches and state once.
What kernels hand to one another may stay on the chip, so it is left out except where the words say so.
"""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_02.vllm_counters import counter_of_last_tenth, counter_of_prompt
from lessonlib.course.lesson_02.whole_step import (
    intensity_at_last,
    proportion_at_last,
)
from lessonlib.course.shared import intensity
from lessonlib.course.shared.experts import (
    heads_sharing,
    query_heads,
)
from lessonlib.course.shared.intensity import intensity_of_any_batch, intensity_of_one, intensity_of_prompt, per_byte
from lessonlib.course.shared.lab_numbers import is_mixture, prefill_ceiling
from lessonlib.roofline import Lab, mixed, prefill, weight_bytes_read

BATCH = 16


# --- the mystery


def writing_ceiling(lab: Lab) -> Quantity:
    """One request, with the lab's usual prompt behind it."""
    return Quantity(intensity.step(lab, 1).ceiling_tokens_per_s, "tok/s")


def times_apart(lab: Lab) -> Quantity:
    """The ceiling of reading a prompt over that of writing, one request, in tokens per second."""
    return Quantity(float(prefill_ceiling(lab)) / float(writing_ceiling(lab)), "x")


def machine_balance(lab: Lab) -> Quantity:
    """Divides the GPU's FLOP/s by its bytes per second: a ratio of the machine, not of the work."""
    return per_byte(lab.system.ridge)


def offers_apart(lab: Lab) -> Quantity:
    """FLOPs for each byte while the usual prompt is read in one piece, over those of a step that writes for one request."""
    return Quantity(float(intensity_of_prompt(lab)) / intensity.step(lab, 1).intensity, "x", digits=2)


def offers_exceed_speeds(lab: Lab) -> bool:
    """Whether that is visibly more than the two ceilings are apart."""
    return float(offers_apart(lab)) > 1.5 * float(times_apart(lab))


# --- a prompt, read in chunks

CHUNK = 512


def chunk_tokens(lab: Lab) -> Quantity:
    """Tokens of a chunk; a shorter prompt is one chunk."""
    return Quantity(min(CHUNK, lab.prompt), "tokens")


def intensity_in_chunks(lab: Lab) -> Quantity:
    """All FLOPs over all bytes of the steps that read the lab's usual prompt; the output head runs in the last one."""
    starts = range(0, lab.prompt, CHUNK)
    steps = [mixed(lab.system, [(min(CHUNK, lab.prompt - start), start, int(start == starts[-1]))]) for start in starts]
    return per_byte(sum(step.flops for step in steps) / sum(step.bytes for step in steps))


def chunk_meets_every_expert(lab: Lab) -> Quantity:
    """Lets every token of a chunk use every weight that is fetched; without experts, that is so."""
    by_length = per_byte(float(intensity_of_one(lab)) * float(chunk_tokens(lab)))
    return by_length if is_mixture(lab) else intensity_in_chunks(lab)


def intensity_of_prompt_at_least(lab: Lab) -> Quantity:
    """The same if everything that kernels hand on crosses memory, too."""
    step = prefill(lab.system, prompt=lab.prompt)
    handed_on = sum(part.activation_bytes for part in step.operations)
    return per_byte(step.flops / (step.bytes + handed_on), digits=2)


def weights_for_prompt(lab: Lab) -> Quantity:
    """Bytes of weights that cross for the prompt."""
    return Quantity(intensity.weights_of(prefill(lab.system, prompt=lab.prompt))[1], "B")


def weight_bytes_grow(lab: Lab) -> Quantity:
    """The prompt's weight bytes over those of one written token."""
    return Quantity(float(weights_for_prompt(lab)) / weight_bytes_read(lab.system), "x")


# --- attention over the caches


def batch_of_step(lab: Lab) -> int:
    return BATCH


def intensity_of_attention_in_batch(lab: Lab) -> Quantity:
    """FLOPs of attention over the bytes of all caches, in a step of 16 requests."""
    return per_byte(intensity.of_kind(intensity.step(lab, BATCH), "attention"))


def cached_bytes(lab: Lab) -> Quantity:
    """Bytes of a cached number in 16 bits."""
    return Quantity(2, "bytes")


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


def state_intensity(lab: Lab) -> Quantity:
    """Linear attention: FLOPs over its state read and written, 0 where the model has none."""
    return per_byte(intensity.of_kind(intensity.step(lab, BATCH), "linear attention"), digits=2)


# --- the picture: shares of the largest intensity in it, which is the prompt's


def layers_intensity_of_prompt(lab: Lab) -> Quantity:
    """What a byte of the layers' weights gets while the usual prompt is read in one piece; the output head, which runs once, is left out."""
    parts = [part for part in prefill(lab.system, prompt=lab.prompt).operations if part.kind in ("matmul", "vectors")]
    layers = [part for part in parts if part.name != "output head"]
    return per_byte(sum(part.flops for part in layers) / sum(part.weight_bytes for part in layers), digits=4)


def one_share(lab: Lab) -> float:
    return float(intensity_of_one(lab)) / float(layers_intensity_of_prompt(lab))


def shared_share(lab: Lab) -> float:
    return float(weights_intensity_in_batch(lab)) / float(layers_intensity_of_prompt(lab))


def own_share(lab: Lab) -> float:
    return float(intensity_of_attention_in_batch(lab)) / float(layers_intensity_of_prompt(lab))


# --- claims: true on every shipped lab -------------------------------------------------------------------------


def one_token_gives_few_flops(lab: Lab) -> bool:
    """A few FLOPs for each byte at batch 1, more than a hundred times as many for a prompt on any count of bytes."""
    return float(intensity_of_one(lab)) < 4 and float(intensity_of_prompt_at_least(lab)) > 100 * float(
        intensity_of_one(lab)
    )


def chunks_fetch_the_weights_again(lab: Lab) -> bool:
    """In chunks a prompt has less than a quarter of the intensity that it has in one piece."""
    return float(intensity_in_chunks(lab)) < float(intensity_of_prompt(lab)) / 4


def prompt_is_bound_by_compute(lab: Lab) -> bool:
    return prefill(lab.system, prompt=lab.prompt).bound == "compute"


def prompt_fetches_far_less_than_in_proportion(lab: Lab) -> bool:
    """Its weight bytes grow by less than a hundredth of its tokens."""
    return float(weight_bytes_grow(lab)) < lab.prompt / 100


def batch_leaves_attention_alone(lab: Lab) -> bool:
    alone = intensity.of_kind(intensity.step(lab, 1), "attention")
    return abs(alone / intensity.of_kind(intensity.step(lab, 256), "attention") - 1) < 1e-6


def whole_step_falls_behind(lab: Lab) -> bool:
    """At the last batch drawn a step has less than 0.8 of what it would have in proportion, and stays below its limit."""
    return float(intensity_at_last(lab)) < min(0.8 * float(proportion_at_last(lab)), float(intensity_of_any_batch(lab)))


def cached_prompt_loses_most(lab: Lab) -> bool:
    """In vLLM's counters the last tenth of a prompt has at most half of the whole prompt's intensity."""
    return float(counter_of_last_tenth(lab)) < 0.5 * float(counter_of_prompt(lab))


def counters_show_less(lab: Lab) -> bool:
    """The counters of vLLM, which add what kernels hand on, stay below the count of what must cross while a prompt is read."""
    return float(counter_of_prompt(lab)) < 0.8 * float(intensity_of_prompt(lab))
