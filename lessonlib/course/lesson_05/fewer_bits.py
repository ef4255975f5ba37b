"""Weights in fewer bits, for lesson 5: what a token fetches then, what still stays in 16 bits, what room is left.

Where the lab's weights already have four bits, its own format is the one that is set against 16 bits.
"""

from __future__ import annotations

import dataclasses

from lessonlib.base.quantity import Quantity
from lessonlib.roofline import (
    DEFAULT_LAB,
    WEIGHT_FORMATS,
    Lab,
    System,
    decode,
    load_gpu,
    load_lab,
    load_model,
    weight_bytes,
    weight_bytes_read,
)

#: share of a GPU's memory given to the engine
USABLE = 0.9
#: bytes of a parameter in 16 bits
BYTES = 2
#: one Llama-3-8B on an RTX 4090, llama.cpp, 512 tokens, in 16 bits and as Q4_K_M: tokens a second
MEASURED = {"write": (54.84, 130.58), "read": (9382.0, 7138.99)}
#: its shapes are those of Llama 3.1; bytes of the Q4_K_M file (4.58 GiB)
MEASURED_MODEL, MEASURED_GPU, MEASURED_FILE = "llama-3.1-8b", "rtx-4090", 4.58 * 2**30


# --- the measurement of the mystery


def measured_write_before(lab: Lab) -> Quantity:
    return Quantity(MEASURED["write"][0], "tok/s")


def measured_write_after(lab: Lab) -> Quantity:
    return Quantity(MEASURED["write"][1], "tok/s")


def measured_read_before(lab: Lab) -> Quantity:
    return Quantity(MEASURED["read"][0], "tok/s", digits=4)


def measured_read_after(lab: Lab) -> Quantity:
    return Quantity(MEASURED["read"][1], "tok/s", digits=4)


def measured_write_gain(lab: Lab) -> Quantity:
    return Quantity(MEASURED["write"][1] / MEASURED["write"][0], "x", digits=2)


def measured_read_gain(lab: Lab) -> Quantity:
    return Quantity(MEASURED["read"][1] / MEASURED["read"][0], "x", digits=2)


def measured_file_gain(lab: Lab) -> Quantity:
    """How much smaller the file became: two bytes a parameter over what Q4_K_M takes."""
    return Quantity(BYTES * load_model(MEASURED_MODEL).parameters / MEASURED_FILE, "x", digits=2)


def reach_before(lab: Lab) -> Quantity:
    """How near its ceiling it wrote in 16 bits: what crossed in a second, over the bandwidth."""
    crossed = MEASURED["write"][0] * BYTES * load_model(MEASURED_MODEL).parameters_read
    return Quantity(100 * crossed / load_gpu(MEASURED_GPU).bandwidth, "%", digits=2)


def reach_after(lab: Lab) -> Quantity:
    """The same as Q4_K_M, with the whole file crossing for each token: that is a little too much."""
    return Quantity(100 * MEASURED["write"][1] * MEASURED_FILE / load_gpu(MEASURED_GPU).bandwidth, "%", digits=2)


# --- the lab's model in four bits


def few_name(lab: Lab) -> str:
    """The four-bit format: the lab's own, or int4."""
    own = lab.system.weight_format.name
    return own if WEIGHT_FORMATS[own].bits == 4 else "int4"


def _stored(lab: Lab, weights: str) -> System:
    """The lab's model and GPUs with the layers' matrices in another precision."""
    return dataclasses.replace(lab.system, weights=weights)


def few_bits(lab: Lab) -> str:
    """Bits a weight takes: four, and its part of the scale that a group of weights shares."""
    stored = WEIGHT_FORMATS[few_name(lab)]
    group = stored.group or 1  # every format of four bits has one
    return f"{stored.bits + stored.scale_bits / group:g}"


def few_scales(lab: Lab) -> str:
    """The scales in words: "a 16-bit scale for every 128 weights"."""
    stored = WEIGHT_FORMATS[few_name(lab)]
    return f"{'an' if stored.scale_bits == 8 else 'a'} {stored.scale_bits:g}-bit scale for every {stored.group} weights"


def fetch_bf16(lab: Lab) -> Quantity:
    """Weights of one token with all matrices in 16 bits."""
    return Quantity(weight_bytes_read(_stored(lab, "bf16")), "B")


def fetch_few(lab: Lab) -> Quantity:
    """The same with the matrices in four bits, but for what the recipe leaves in 16."""
    return Quantity(weight_bytes_read(_stored(lab, few_name(lab))), "B")


def ceiling_bf16(lab: Lab) -> Quantity:
    return Quantity(lab.system.bandwidth / float(fetch_bf16(lab)), "tok/s")


def ceiling_few(lab: Lab) -> Quantity:
    return Quantity(lab.system.bandwidth / float(fetch_few(lab)), "tok/s")


def _feed_forward(lab: Lab, weights: str) -> Quantity:
    step = decode(_stored(lab, weights), batch=1, context=0)
    names = ("MLP", "experts", "shared expert")
    return Quantity(sum(part.weight_bytes for part in step.operations if part.name.startswith(names)), "B")


def feed_forward_bf16(lab: Lab) -> Quantity:
    """What a token fetches of the feed-forward (of the experts, those in use) in 16 bits."""
    return _feed_forward(lab, "bf16")


def feed_forward_few(lab: Lab) -> Quantity:
    """The same in four bits."""
    return _feed_forward(lab, few_name(lab))


def few_gain(lab: Lab) -> Quantity:
    """How much higher the decode ceiling is: fewer bytes for each token, some of them as before."""
    return Quantity(float(fetch_bf16(lab)) / float(fetch_few(lab)), "x")


def few_gain_by_bits(lab: Lab) -> Quantity:
    """Sixteen bits over four."""
    return Quantity(4, "x")


def few_gain_by_scales(lab: Lab) -> Quantity:
    """With the scales, but as if everything were in few bits."""
    return Quantity(16 / float(few_bits(lab)), "x")


def few_gain_by_flops(lab: Lab) -> Quantity:
    """As many multiplications as before, so no gain."""
    return Quantity(1, "x")


def stays(lab: Lab) -> str:
    """What the recipe leaves in 16 bits."""
    return "attention and the output head" if "attention" in lab.system.model.sixteen_bit_parts else "the output head"


def _stays_share(lab: Lab, weights: str) -> Quantity:
    step = decode(_stored(lab, few_name(lab)), batch=1, context=0)
    left = sum(part.weight_bytes for part in step.operations if part.stored == "bf16")
    return Quantity(100 * left / weight_bytes_read(_stored(lab, weights)), "%", digits=2)


def stays_share_before(lab: Lab) -> Quantity:
    """What will stay in 16 bits, in what a token fetches when everything still is."""
    return _stays_share(lab, "bf16")


def stays_share_after(lab: Lab) -> Quantity:
    """The same once the rest is in four bits."""
    return _stays_share(lab, few_name(lab))


# --- room on one GPU


def _held_on_one(lab: Lab, weights: str) -> float:
    return weight_bytes(dataclasses.replace(_stored(lab, weights), tp=1, ep=1))


def _roomy(lab: Lab) -> Lab:
    """The lab itself if its model in bf16 fits on one of its GPUs, else the default one."""
    return lab if _held_on_one(lab, "bf16") < USABLE * lab.system.gpu.memory_bytes else load_lab(DEFAULT_LAB)


def room_model(lab: Lab) -> str:
    return _roomy(lab).system.model.title


def one_gpu(lab: Lab) -> str:
    return f"one {_roomy(lab).system.gpu.title}"


def usable_of_one(lab: Lab) -> Quantity:
    """What an engine takes of one GPU for weights and cache."""
    return Quantity(USABLE * _roomy(lab).system.gpu.memory_bytes, "B")


def held_bf16(lab: Lab) -> Quantity:
    return Quantity(_held_on_one(_roomy(lab), "bf16"), "B")


def held_fp8(lab: Lab) -> Quantity:
    return Quantity(_held_on_one(_roomy(lab), "fp8"), "B")


def room_bf16(lab: Lab) -> Quantity:
    return Quantity(float(usable_of_one(lab)) - float(held_bf16(lab)), "B")


def room_fp8(lab: Lab) -> Quantity:
    return Quantity(float(usable_of_one(lab)) - float(held_fp8(lab)), "B")


def room_gain(lab: Lab) -> Quantity:
    """Room beside fp8 weights over room beside bf16 weights, on one GPU."""
    return Quantity(float(room_fp8(lab)) / float(room_bf16(lab)), "x")


def room_gain_by_bits(lab: Lab) -> Quantity:
    """Half the bytes, twice the room."""
    return Quantity(2, "x")


def room_gain_none(lab: Lab) -> Quantity:
    """It fitted before, it fits now."""
    return Quantity(1, "x")


def own_held_16(lab: Lab) -> Quantity:
    """All weights of the lab's own model in bf16, over its GPUs."""
    return Quantity(weight_bytes(_stored(lab, "bf16")), "B")


def own_memory(lab: Lab) -> Quantity:
    """Memory of all its GPUs, of which an engine takes nine tenths."""
    return Quantity(lab.system.gpu.memory_bytes * lab.system.gpus, "B")


def fits_in_16(lab: Lab) -> bool:
    """Whether the lab's model fits on its GPUs in bf16."""
    return float(own_held_16(lab)) < USABLE * float(own_memory(lab))
