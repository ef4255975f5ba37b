"""The figures of an article on serving, and its own example worked out: a dense 70B in 16 bits, 4,096 tokens of context.

The article (Towards Data Science, 2026; an excerpt was read) gives an H100 60 to 80 operations a byte in decode and 200 to
400 in prefill. Its example has 80 layers and 8 heads of keys and values of 128 numbers, which is Llama 3.1 70B's shape.
"""

from __future__ import annotations

from dataclasses import replace

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_02.vllm_counters import counted
from lessonlib.course.shared.intensity import per_byte
from lessonlib.roofline import (
    Estimate,
    Lab,
    System,
    decode,
    load_gpu,
    load_model,
    prefill,
    weight_bytes,
    weight_bytes_read,
)

DECODE_LOW, PREFILL_LOW, PREFILL_HIGH = 60.0, 200.0, 400.0
CONTEXT = 4096


def _example() -> System:
    return System(load_model("llama-3.1-70b"), load_gpu("h100-sxm"))


def _step(requests: int) -> Estimate:
    return decode(_example(), batch=requests, context=CONTEXT)


def article_low(lab: Lab) -> Quantity:
    """The lower end of what the article gives decode."""
    return per_byte(DECODE_LOW)


def article_prompt(lab: Lab) -> Quantity:
    """The middle of what it gives prefill."""
    return per_byte((PREFILL_LOW + PREFILL_HIGH) / 2)


def article_weights(lab: Lab) -> Quantity:
    """Weights that a decode step of its example fetches, however many requests there are."""
    return Quantity(weight_bytes_read(_example()), "B")


def article_flops(lab: Lab) -> Quantity:
    """FLOPs of one request in that step, attention included."""
    return Quantity(_step(1).flops, "FLOP")


def article_own(lab: Lab) -> Quantity:
    """Bytes of one request's own in that step: its KV cache."""
    return Quantity(_step(1).bytes - weight_bytes_read(_example()), "B")


def article_batch(lab: Lab) -> Quantity:
    """Requests with which the step has 60 FLOPs for each byte: B x FLOPs = 60 x (weights + B x own bytes)."""
    spare = float(article_flops(lab)) - DECODE_LOW * float(article_own(lab))
    return Quantity(DECODE_LOW * float(article_weights(lab)) / spare, "requests", digits=2)


def article_equation(lab: Lab) -> str:
    """The equation that this solves, in units of 10^9: FLOPs of B requests against 60 times the bytes."""
    flops, weights, own = (float(part(lab)) / 1e9 for part in (article_flops, article_weights, article_own))
    return f"{flops:.1f}·B = {DECODE_LOW:.0f}·({weights:.1f} + {own:.3f}·B), in billions"


def article_batch_of_weights(lab: Lab) -> Quantity:
    """Reads the intensity as the batch, which holds for the weights alone."""
    return Quantity(DECODE_LOW, "requests")


def article_at_one(lab: Lab) -> Quantity:
    """What its example has with one request."""
    return per_byte(_step(1).intensity)


def article_at_sixty(lab: Lab) -> Quantity:
    """What its example has with 60 requests."""
    return per_byte(_step(int(DECODE_LOW)).intensity)


def article_held(lab: Lab) -> Quantity:
    """Weights, and the caches of that many requests, all of which memory must hold."""
    return Quantity(weight_bytes(_example()) + float(article_batch(lab)) * float(article_own(lab)), "B")


def article_reading(lab: Lab) -> Quantity:
    """FLOPs for each byte that must cross while its example reads 4,096 tokens."""
    return per_byte(prefill(_example(), CONTEXT).intensity)


def article_counter(lab: Lab) -> Quantity:
    """The same as vLLM would count it, with all that kernels hand on."""
    return per_byte(counted(replace(lab, system=_example()), 1, CONTEXT, CONTEXT).intensity)


def article_is_wrong_by_its_own_example(lab: Lab) -> bool:
    """Claim: far under 60 with one request, at 60 only past a hundred; reading far over 400 however bytes are counted."""
    writing = float(article_at_one(lab)) < 2 and 115 < float(article_batch(lab)) < 125
    return writing and float(article_counter(lab)) > 2 * PREFILL_HIGH
