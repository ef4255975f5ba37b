"""Lesson 5, counting bytes: every number its words name.

A learner sees the source of these functions under "Show the working", so each says what it does in the
fewest lines. Ceilings count the weights alone: bandwidth over bytes, nothing fitted.
"""

from __future__ import annotations

import dataclasses

from lessonlib.quantity import Quantity
from lessonlib.roofline import Lab, System, decode, load_lab, load_model, weight_bytes, weight_bytes_read
from lessonlib.workings.mixtures import (  # noqa: F401 - the words name them
    large_moe, large_moe_parameters, large_moe_read, large_moe_share, moe_active, moe_always,
    moe_experts, moe_experts_only, moe_fetch, moe_fetch_all, moe_held, moe_in_experts, moe_layers, moe_model,
    moe_one_of_its_name, moe_parameters, moe_read, moe_share,
)

TIED, FOUR_BITS = "gemma-3-1b", "llama-3.1-8b-int4-rtx-4090"
#: bytes of a parameter in 16 bits
BYTES = 2
#: share of a GPU's memory that vLLM hands out by default (gpu_memory_utilization)
USABLE = 0.9
#: one Llama-3-8B on an RTX 4090, llama.cpp, 512 tokens, in 16 bits and as Q4_K_M: tokens a second
MEASURED = {"write": (54.84, 130.58), "read": (9382.0, 7138.99)}
#: its shapes are those of Llama 3.1; bytes of the Q4_K_M file (4.58 GiB)
MEASURED_MODEL, MEASURED_FILE = "llama-3.1-8b", 4.58 * 2**30


def _stored(lab: Lab, weights: str) -> System:
    """The lab's model and GPUs with the layers' matrices in another precision."""
    return dataclasses.replace(lab.system, weights=weights)


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


# --- held and fetched


def weights_held(lab: Lab) -> Quantity:
    """All weights, over all GPUs."""
    return Quantity(weight_bytes(lab.system), "B")


def vocabulary(lab: Lab) -> Quantity:
    return Quantity(lab.system.model.vocabulary, digits=6)


def table_bytes(lab: Lab) -> Quantity:
    """The input embedding, kept in 16 bits: a row for each word of the vocabulary."""
    return Quantity(BYTES * lab.system.model.embedding_parameters, "B")


def row_bytes(lab: Lab) -> Quantity:
    """What a token reads of it."""
    return Quantity(BYTES * lab.system.model.hidden, "B")


def table_share(lab: Lab) -> Quantity:
    """The input embedding in all weights held."""
    return Quantity(100 * float(table_bytes(lab)) / float(weights_held(lab)), "%", digits=2)


def small_table_share(lab: Lab) -> Quantity:
    """The same for an 8-billion model in four bits."""
    return table_share(load_lab(FOUR_BITS))


def head_bytes(lab: Lab) -> Quantity:
    """The output head, as it is stored."""
    return Quantity(lab.system.matrix_bytes(lab.system.model.head), "B")


def head_is_a_copy(lab: Lab) -> bool:
    """Whether the model has one table for both ends."""
    return lab.system.model.tied


def tied_model(lab: Lab) -> str:
    return load_model(TIED).title


def tied_parameters(lab: Lab) -> Quantity:
    return Quantity(load_model(TIED).parameters, "parameters", digits=2)


def tied_table_parameters(lab: Lab) -> Quantity:
    return Quantity(load_model(TIED).embedding_parameters, "parameters")


def tied_fetch(lab: Lab) -> Quantity:
    """The one table is the output head as well, so all of it is read."""
    return Quantity(BYTES * load_model(TIED).parameters_read, "B")


def tied_less_table(lab: Lab) -> Quantity:
    """Takes the table off, as if it were a lookup only."""
    model = load_model(TIED)
    return Quantity(BYTES * (model.parameters - model.embedding_parameters), "B")


def tied_with_second_table(lab: Lab) -> Quantity:
    """Adds an output head of its own."""
    model = load_model(TIED)
    return Quantity(BYTES * (model.parameters + model.embedding_parameters), "B")


def tied_one_byte_each(lab: Lab) -> Quantity:
    return Quantity(load_model(TIED).parameters, "B")


# --- where in the layers


def _share(lab: Lab, *names: str) -> float:
    """Parts of a step's weights whose name begins so, from 0 to 1."""
    step = decode(lab.system, batch=1, context=0)
    found = sum(part.weight_bytes for part in step.operations if part.name.startswith(names))
    return found / weight_bytes_read(lab.system)


def mlp_share(lab: Lab) -> Quantity:
    """The feed-forward matrices (or experts) of all layers in a step's weights."""
    return Quantity(100 * _share(lab, "MLP", "experts", "shared expert"), "%", digits=2)


def attention_share(lab: Lab) -> Quantity:
    """The matrices of attention, full or linear."""
    return Quantity(100 * _share(lab, "attention", "DeltaNet"), "%", digits=2)


def head_share(lab: Lab) -> Quantity:
    return Quantity(100 * _share(lab, "output head"), "%", digits=2)


def half_each(lab: Lab) -> Quantity:
    """Two blocks a layer, half each."""
    return Quantity(50, "%", digits=2)


def mlp_fetch(lab: Lab) -> Quantity:
    return Quantity(_share(lab, "MLP", "experts", "shared expert") * weight_bytes_read(lab.system), "B")


# --- fewer bits


def fetch_bf16(lab: Lab) -> Quantity:
    return Quantity(weight_bytes_read(_stored(lab, "bf16")), "B")



def fetch_int4(lab: Lab) -> Quantity:
    return Quantity(weight_bytes_read(_stored(lab, "int4")), "B")


def ceiling_bf16(lab: Lab) -> Quantity:
    return Quantity(lab.system.bandwidth / float(fetch_bf16(lab)), "tok/s")


def ceiling_int4(lab: Lab) -> Quantity:
    return Quantity(lab.system.bandwidth / float(fetch_int4(lab)), "tok/s")


def int4_bits(lab: Lab) -> str:
    """Bits a weight takes: four, and its part of a 16-bit scale that 128 weights share."""
    return f"{4 + 16 / 128:g}"


def int4_gain(lab: Lab) -> Quantity:
    """How much higher the decode ceiling is: fewer bytes for each token, the output head as before."""
    return Quantity(float(fetch_bf16(lab)) / float(fetch_int4(lab)), "x")


def int4_gain_by_bits(lab: Lab) -> Quantity:
    """Sixteen bits over four."""
    return Quantity(4, "x")


def int4_gain_by_scales(lab: Lab) -> Quantity:
    """With the scales, but as if the output head were in few bits, too."""
    return Quantity(16 / (4 + 16 / 128), "x")


def int4_gain_by_flops(lab: Lab) -> Quantity:
    """As many multiplications as before, so no gain."""
    return Quantity(1, "x")


def head_share_int4(lab: Lab) -> Quantity:
    """The output head in what a token fetches once the layers are in four bits."""
    system = _stored(lab, "int4")
    return Quantity(100 * system.matrix_bytes(system.model.head) / weight_bytes_read(system), "%", digits=2)


def head_share_bf16(lab: Lab) -> Quantity:
    system = _stored(lab, "bf16")
    return Quantity(100 * system.matrix_bytes(system.model.head) / weight_bytes_read(system), "%", digits=2)


# --- room


def one_gpu(lab: Lab) -> str:
    return f"one {lab.system.gpu.title}"


def usable_of_one(lab: Lab) -> Quantity:
    """What an engine takes of one GPU for weights and cache."""
    return Quantity(USABLE * lab.system.gpu.memory_bytes, "B")


def _held_on_one(lab: Lab, weights: str) -> float:
    return weight_bytes(dataclasses.replace(_stored(lab, weights), tp=1))


def held_bf16(lab: Lab) -> Quantity:
    return Quantity(_held_on_one(lab, "bf16"), "B")


def held_fp8(lab: Lab) -> Quantity:
    return Quantity(_held_on_one(lab, "fp8"), "B")


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


# --- claims


def feed_forward_is_most(lab: Lab) -> bool:
    """The feed-forward is well over half of the fetch, and attention less than a third."""
    return float(mlp_share(lab)) > 58 and float(attention_share(lab)) < 33


def four_bits_gain_less_than_four(lab: Lab) -> bool:
    """Four bits gain more than three times, but not four."""
    return 3 < float(int4_gain(lab)) < 3.7


def room_is_not_doubled(lab: Lab) -> bool:
    """Room beside fp8 weights is more than beside bf16 ones, which fit, and not just twice."""
    return float(room_bf16(lab)) > 0 and float(room_gain(lab)) > 1.1 and not 1.82 < float(room_gain(lab)) < 2.2


def mixture_reads_a_quarter(lab: Lab) -> bool:
    """One token reads little more than a quarter of the mixture."""
    return 25 < float(moe_share(lab)) < 30
