"""The system that the lesson puts into fewer bits, and the formats that it compares.

Everything starts from 16 bits. That is the learner's own model and GPUs where the model is dense and 16 bits leave room for a full server;
elsewhere it is the default lab, and the words say so. What the lesson asks of weights in 4 bits also needs GPUs that pay for unpacking, so
for those that do not (before Hopper) it asks that of the default lab. Seconds are the engine's expected ones unless a name says ceiling.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from lessonlib.course.shared.lab_numbers import gpus, model
from lessonlib.course.shared.seats import requests_with_room
from lessonlib.roofline import Estimate, Lab, System, decode, load_lab, prefill

#: weights in 4 bits that are unpacked and multiplied in 16
WEIGHTS_ONLY = "int4"
#: requests of 4,096 tokens that the cache must hold in 16 bits, or room would be all that counts
_ROOM_FOR, _TOKENS = 40, 4096
#: a prompt, and a full step of answers with so many tokens behind each: where both are slower with weights in 4 bits, unpacking costs
_PROMPT, _FULL, _BEHIND = 2048, 256, 1024


def in_16_bits(lab: Lab) -> System:
    """The lab's own model and GPUs, with weights and cache in 16 bits."""
    return replace(lab.system, weights="bf16", kv="bf16")


def sixteen_bit_lab(lab: Lab) -> Lab:
    """The lab of the questions, in 16 bits."""
    dense = not lab.system.model.is_mixture
    taken = lab if dense and requests_with_room(in_16_bits(lab), _TOKENS) >= _ROOM_FOR else load_lab()
    return replace(taken, system=in_16_bits(taken))


def bits_are_of_own(lab: Lab) -> bool:
    """Whether the questions are about the learner's own model and GPUs."""
    return sixteen_bit_lab(lab).name == lab.name


def bits_example(lab: Lab) -> str:
    """Such as "Qwen3.5-27B on 2 × H100 SXM"."""
    taken = sixteen_bit_lab(lab)
    return f"{model(taken)} on {gpus(taken)}"


def both_narrow(lab: Lab) -> str:
    """The engine's name for weights and vectors in 8 bits on this GPU: fp8, or int8 where it has no fp8."""
    return "fp8" if "fp8" in sixteen_bit_lab(lab).system.gpu.flops else "int8-w8a8"


def stored(lab: Lab, weights: str = "bf16", kv: str = "bf16") -> System:
    """The example with weights and cache in other formats."""
    return replace(sixteen_bit_lab(lab).system, weights=weights, kv=kv)


@lru_cache(maxsize=32)
def _times_as_long(lab: Lab) -> tuple[float, float]:
    """With weights in 4 bits, on the example: seconds of a prompt and of a full step of answers, over those in 16 bits."""
    wide, narrow = stored(lab), stored(lab, WEIGHTS_ONLY)
    prompts, steps = ([reading_of(each, _PROMPT), step_of(each, _FULL, _BEHIND)] for each in (wide, narrow))
    prompt, step = (after.expected_s / before.expected_s for before, after in zip(prompts, steps, strict=True))
    return prompt, step


def weights_lab(lab: Lab) -> Lab:
    """The lab of the questions on weights: the example, where its GPUs pay for unpacking in prompts and in full steps."""
    prompt, step = _times_as_long(lab)
    return sixteen_bit_lab(lab if prompt > 1.3 and step > 1.1 else load_lab())


def weights_are_of_own(lab: Lab) -> bool:
    """Whether those questions are about the learner's own model and GPUs."""
    return weights_lab(lab).name == lab.name


def weights_example(lab: Lab) -> str:
    """Such as "Qwen3.5-27B on 2 × H100 SXM"."""
    return bits_example(weights_lab(lab))


def own_loses_nothing(lab: Lab) -> bool:
    """Whether the learner's own lab is an example on whose GPUs unpacking costs a prompt nothing."""
    return bits_are_of_own(lab) and _times_as_long(lab)[0] < 1.02


def weighed(lab: Lab, weights: str = "bf16", kv: str = "bf16") -> System:
    """The example of the questions on weights, with weights and cache in other formats."""
    return stored(weights_lab(lab), weights, kv)


def step_of(system: System, requests: int, context: int) -> Estimate:
    """One decode step."""
    return decode(system, batch=requests, context=context)


def reading_of(system: System, tokens: int) -> Estimate:
    """One prompt alone."""
    return prefill(system, prompt=tokens)
