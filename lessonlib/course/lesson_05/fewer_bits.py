"""Weights in fewer bits, for lesson 5: what a token fetches then, where it stands on the roof, what was measured.

Where the lab's weights already have four bits, its own format is the one that is set against 16 bits.
"""

from __future__ import annotations

import dataclasses

from lessonlib.base.quantity import Quantity
from lessonlib.course.shared.intensity import per_byte
from lessonlib.course.shared.roof import Dot, on_roof
from lessonlib.roofline import (
    WEIGHT_FORMATS,
    Lab,
    System,
    decode,
    load_gpu,
    load_model,
    weight_bytes,
    weight_bytes_read,
)

#: bytes of a parameter in 16 bits
BYTES = 2
#: one Llama-3-8B on an RTX 4090, llama.cpp, 512 tokens, in 16 bits and as Q4_K_M: tokens a second
MEASURED = {"write": (54.84, 130.58), "read": (9382.0, 7138.99)}
#: its shapes are those of Llama 3.1; bytes of the Q4_K_M file (4.58 GiB)
MEASURED_MODEL, MEASURED_GPU, MEASURED_FILE = "llama-3.1-8b", "rtx-4090", 4.58 * 2**30


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


def fetch_all_in_16_bits(lab: Lab) -> Quantity:
    """Weights of one token with all matrices in 16 bits."""
    return Quantity(weight_bytes_read(_stored(lab, "bf16")), "B")


def fetch_in_few_bits(lab: Lab) -> Quantity:
    """The same with the matrices in four bits, but for what the recipe leaves in 16."""
    return Quantity(weight_bytes_read(_stored(lab, few_name(lab))), "B")


def few_gain(lab: Lab) -> Quantity:
    """How much higher the decode ceiling is: fewer bytes for each token, some of them as before."""
    return Quantity(float(fetch_all_in_16_bits(lab)) / float(fetch_in_few_bits(lab)), "x")


def stays(lab: Lab) -> str:
    """What the recipe leaves in 16 bits."""
    return "attention and the output head" if "attention" in lab.system.model.sixteen_bit_parts else "the output head"


def fetched_in_16_bits(lab: Lab) -> Quantity:
    """What of a token's fetch stays in 16 bits."""
    step = decode(_stored(lab, few_name(lab)), batch=1, context=0)
    return Quantity(sum(part.weight_bytes for part in step.operations if part.stored == "bf16"), "B")


def stays_share_before(lab: Lab) -> Quantity:
    """What will stay in 16 bits, in what a token fetches when everything still is."""
    return Quantity(100 * float(fetched_in_16_bits(lab)) / float(fetch_all_in_16_bits(lab)), "%", digits=2)


def stays_share_after(lab: Lab) -> Quantity:
    """The same once the rest is in four bits."""
    return Quantity(100 * float(fetched_in_16_bits(lab)) / float(fetch_in_few_bits(lab)), "%", digits=2)


def stays_share_of_held(lab: Lab) -> Quantity:
    """All that stays in 16 bits, the input embedding included, in what is held."""
    model = lab.system.model
    table = 0 if model.tied else BYTES * model.embedding_parameters
    held = weight_bytes(_stored(lab, few_name(lab)))
    return Quantity(100 * (float(fetched_in_16_bits(lab)) + table) / held, "%", digits=2)


# --- on the roof


def _one_token(lab: Lab) -> float:
    return 2.0 * lab.system.model.parameters_read


def place_of_few_bits(lab: Lab) -> Dot:
    """As many FLOPs as in 16 bits, over the bytes in four."""
    return on_roof(
        lab, _one_token(lab) / float(fetch_in_few_bits(lab)), f"writing, batch 1, weights in {few_name(lab)}"
    )


def place_of_16_bits(lab: Lab) -> Dot:
    """Two FLOPs over two bytes for each weight."""
    return on_roof(lab, _one_token(lab) / float(fetch_all_in_16_bits(lab)), "writing, batch 1, 16 bits")


def place_by_bits(lab: Lab) -> Dot:
    """A quarter of the bits for everything, so four times the FLOPs for each byte."""
    return on_roof(lab, 4.0, "every weight in four bits")


def intensity_in_16(lab: Lab) -> Quantity:
    return per_byte(place_of_16_bits(lab)["x"])


def intensity_of_few(lab: Lab) -> Quantity:
    return per_byte(place_of_few_bits(lab)["x"])


# --- what was measured


def writing_in_16_bits(lab: Lab) -> Quantity:
    return Quantity(MEASURED["write"][0], "tok/s")


def writing_as_q4_k_m(lab: Lab) -> Quantity:
    return Quantity(MEASURED["write"][1], "tok/s")


def reading_in_16_bits(lab: Lab) -> Quantity:
    return Quantity(MEASURED["read"][0], "tok/s", digits=4)


def reading_as_q4_k_m(lab: Lab) -> Quantity:
    return Quantity(MEASURED["read"][1], "tok/s", digits=4)


def measured_write_gain(lab: Lab) -> Quantity:
    return Quantity(MEASURED["write"][1] / MEASURED["write"][0], "x")


def measured_read_gain(lab: Lab) -> Quantity:
    return Quantity(MEASURED["read"][1] / MEASURED["read"][0], "x", digits=2)


def file_in_16_bits(lab: Lab) -> Quantity:
    """Two bytes a parameter."""
    return Quantity(BYTES * load_model(MEASURED_MODEL).parameters, "B")


def file_as_q4_k_m(lab: Lab) -> Quantity:
    return Quantity(MEASURED_FILE, "B")


def measured_file_gain(lab: Lab) -> Quantity:
    """How much smaller the file became."""
    return Quantity(float(file_in_16_bits(lab)) / MEASURED_FILE, "x")


def write_by_bits(lab: Lab) -> Quantity:
    """A quarter of the bits, four times the speed."""
    return Quantity(4 * MEASURED["write"][0], "tok/s")


def write_by_file(lab: Lab) -> Quantity:
    """As much faster as the file is smaller."""
    return Quantity(float(measured_file_gain(lab)) * MEASURED["write"][0], "tok/s")


def write_unchanged(lab: Lab) -> Quantity:
    """As many multiplications, so as many tokens a second."""
    return writing_in_16_bits(lab)


def reach_before(lab: Lab) -> Quantity:
    """How near its ceiling it wrote in 16 bits: what crossed in a second, over the bandwidth."""
    crossed = MEASURED["write"][0] * BYTES * load_model(MEASURED_MODEL).parameters_read
    return Quantity(100 * crossed / load_gpu(MEASURED_GPU).bandwidth, "%", digits=2)


def reach_after(lab: Lab) -> Quantity:
    """The same as Q4_K_M, with the whole file crossing for each token: that is a little too much."""
    return Quantity(100 * MEASURED["write"][1] * MEASURED_FILE / load_gpu(MEASURED_GPU).bandwidth, "%", digits=2)


def four_bits_gain_less_than_four(lab: Lab) -> bool:
    """Four bits gain twice to 3.7 times, never four times."""
    return 2 < float(few_gain(lab)) < 3.7
