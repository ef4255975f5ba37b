"""The system that the lesson puts into fewer bits, and the formats that it compares.

Everything starts from 16 bits. That is the learner's own model and GPUs where the model is dense and 16 bits leave room for a full server;
elsewhere it is the default lab, and the words say so. Seconds are the engine's expected ones unless a name says ceiling.
"""

from __future__ import annotations

from dataclasses import replace

from lessonlib.course.shared.lab_numbers import gpus, model
from lessonlib.roofline import Estimate, Lab, System, decode, load_lab, max_batch, prefill

#: weights in 4 bits that are unpacked and multiplied in 16
WEIGHTS_ONLY = "int4"
#: requests of 4,096 tokens that the cache must hold in 16 bits, or room would be all that counts
_ROOM_FOR, _TOKENS = 40, 4096


def in_16_bits(lab: Lab) -> System:
    """The lab's own model and GPUs, with weights and cache in 16 bits."""
    return replace(lab.system, weights="bf16", kv="bf16")


def sixteen_bit_lab(lab: Lab) -> Lab:
    """The lab of the questions, in 16 bits."""
    dense = not lab.system.model.is_mixture
    taken = lab if dense and max_batch(in_16_bits(lab), _TOKENS) >= _ROOM_FOR else load_lab()
    return replace(taken, system=in_16_bits(taken))


def bits_are_of_own(lab: Lab) -> bool:
    """Whether the questions are about the learner's own model and GPUs."""
    return sixteen_bit_lab(lab).name == lab.name


def bits_example(lab: Lab) -> str:
    """Such as "Qwen3.5-27B on 2 × H100 SXM"."""
    taken = sixteen_bit_lab(lab)
    return f"{model(taken)} on {gpus(taken)}"


def multiplies_fp8(lab: Lab) -> bool:
    """Whether the example's GPU multiplies in fp8."""
    return "fp8" in sixteen_bit_lab(lab).system.gpu.flops


def both_narrow(lab: Lab) -> str:
    """The engine's name for weights and vectors in 8 bits on this GPU: fp8, or int8 where it has no fp8."""
    return "fp8" if multiplies_fp8(lab) else "int8-w8a8"


def stored(lab: Lab, weights: str = "bf16", kv: str = "bf16") -> System:
    """The example with weights and cache in other formats."""
    return replace(sixteen_bit_lab(lab).system, weights=weights, kv=kv)


def step_of(system: System, requests: int, context: int) -> Estimate:
    """One decode step."""
    return decode(system, batch=requests, context=context)


def reading_of(system: System, tokens: int) -> Estimate:
    """One prompt alone."""
    return prefill(system, prompt=tokens)
