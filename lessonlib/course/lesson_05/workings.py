"""Lesson 5, counting bytes: every number its words name (those of fewer bits are in fewer_bits.py).

A learner sees the source of these functions under "Show the working", so each says what it does in the
fewest lines. Ceilings count the weights alone: bandwidth over bytes, nothing fitted.
"""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_05.fewer_bits import (
    few_gain,
    room_bf16,
    room_gain,
)
from lessonlib.course.lesson_05.mixtures import (
    moe_share,
    moe_wanted_by_eight,
)
from lessonlib.course.shared.lab_numbers import is_mixture, weights_held
from lessonlib.roofline import (
    DEFAULT_LAB,
    Lab,
    decode,
    load_lab,
    load_model,
    weight_bytes,
    weight_bytes_read,
)

TIED, FOUR_BITS = "gemma-3-1b", "llama-3.1-8b-int4-rtx-4090"
#: bytes of a parameter in 16 bits
BYTES = 2
#: the feed-forward among the operations of a step, dense or of experts
FEED_FORWARD = ("MLP", "experts", "shared expert")


# --- held and fetched


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


def tied_table_parameters(lab: Lab) -> str:
    """Numbers in its one table, as "302 million"."""
    return str(Quantity(load_model(TIED).embedding_parameters, "parameters")).removesuffix(" parameters")


def tied_table_share(lab: Lab) -> Quantity:
    """Its one table in what a token fetches."""
    model = load_model(TIED)
    return Quantity(100 * model.embedding_parameters / model.parameters_read, "%", digits=2)


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


# --- dense models and mixtures


def _dense(lab: Lab) -> Lab:
    """The lab itself if its model has no experts, else the default one."""
    return load_lab(DEFAULT_LAB) if is_mixture(lab) else lab


def dense_model(lab: Lab) -> str:
    return _dense(lab).system.model.title


def dense_held(lab: Lab) -> Quantity:
    return weights_held(_dense(lab))


def dense_read(lab: Lab) -> Quantity:
    """What one token fetches of a model without experts: all but the input embedding."""
    return Quantity(weight_bytes_read(_dense(lab).system), "B")


def own_experts(lab: Lab) -> int:
    """Experts in a layer of the lab's model; 0 in a dense one."""
    return max(_feeds(lab, "count"))


def own_active(lab: Lab) -> int:
    """Experts of a layer that a token uses."""
    return max(_feeds(lab, "active"))


def own_shared(lab: Lab) -> bool:
    """Whether a layer has an expert that every token uses, beside those that are picked."""
    return max(_feeds(lab, "shared_width")) > 0


def _feeds(lab: Lab, what: str) -> list[int]:
    return [getattr(group.feed_forward, what, 0) for group in lab.system.model.layers]


def own_fetched_share(lab: Lab) -> Quantity:
    """What a token fetches of all that is held."""
    return Quantity(100 * weight_bytes_read(lab.system) / weight_bytes(lab.system), "%", digits=2)


# --- where in the layers


def _share(lab: Lab, *names: str) -> float:
    """Parts of a step's weights whose name begins so, from 0 to 1."""
    step = decode(lab.system, batch=1, context=0)
    found = sum(part.weight_bytes for part in step.operations if part.name.startswith(names))
    return found / weight_bytes_read(lab.system)


def mlp_share(lab: Lab) -> Quantity:
    """The feed-forward matrices (of the experts, those in use) of all layers in a step's weights."""
    return Quantity(100 * _share(lab, *FEED_FORWARD), "%", digits=2)


def mlp_share_of_held(lab: Lab) -> Quantity:
    """The feed-forward, with all experts, in all weights held."""
    system = lab.system
    held = sum(
        group.count * matrix.copies * system.matrix_bytes(matrix)
        for group in system.model.layers
        for matrix in group.feed_forward.matrices(system.model.hidden)
        if matrix.name.startswith(FEED_FORWARD)
    )
    return Quantity(100 * held / weight_bytes(system), "%", digits=2)


def feed_forward_shape(lab: Lab) -> str:
    """The matrices of it that one token fetches, as "64 layers × 3 matrices of 5,120 × 17,408, at 16 bits a weight"."""
    stored = lab.system.weight_format
    shapes: dict[str, int] = {}
    for group in lab.system.model.layers:
        feed = group.feed_forward
        used = getattr(feed, "active", 0) + getattr(feed, "shared_width", 0) / feed.width
        shape = f"{f'{used:g} experts × ' if used else ''}{3 if getattr(feed, 'gated', True) else 2} matrices of {lab.system.model.hidden:,} × {feed.width:,}"
        shapes[shape] = shapes.get(shape, 0) + group.count
    each = stored.bits_per_value(lab.system.model.hidden)
    return f"{' and '.join(f'{count} layers × {shape}' for shape, count in shapes.items())}, at {round(8 * each) / 8:g} bits a weight"


def attention_share(lab: Lab) -> Quantity:
    """The matrices of attention, full or linear."""
    return Quantity(100 * _share(lab, "attention", "DeltaNet"), "%", digits=2)


def head_share(lab: Lab) -> Quantity:
    return Quantity(100 * _share(lab, "output head"), "%", digits=2)


def half_each(lab: Lab) -> Quantity:
    """Two blocks a layer, half each."""
    return Quantity(50, "%", digits=2)


def mlp_fetch(lab: Lab) -> Quantity:
    return Quantity(_share(lab, *FEED_FORWARD) * weight_bytes_read(lab.system), "B")


def feed_forward_leads(lab: Lab) -> bool:
    """Whether a token fetches clearly more of the feed-forward than of attention."""
    return float(mlp_share(lab)) > 1.5 * float(attention_share(lab))


def attention_stays(lab: Lab) -> bool:
    """Whether this checkpoint has its experts in few bits, and leaves attention in 16."""
    return "attention" in lab.system.model.sixteen_bit_parts and lab.system.weights != "bf16"


# --- claims


def feed_forward_is_most(lab: Lab) -> bool:
    """Without experts it is well over half of the fetch and attention under a third; of what is held it leads anywhere."""
    fetched = float(mlp_share(lab)) > 58 and float(attention_share(lab)) < 33
    return (fetched or is_mixture(lab)) and float(mlp_share_of_held(lab)) > 50


def four_bits_gain_less_than_four(lab: Lab) -> bool:
    """Four bits gain twice to 3.7 times, never four times."""
    return 2 < float(few_gain(lab)) < 3.7


def room_is_not_doubled(lab: Lab) -> bool:
    """Room beside fp8 weights is more than beside bf16 ones, which fit, and not just twice."""
    return float(room_bf16(lab)) > 0 and float(room_gain(lab)) > 1.1 and not 1.82 < float(room_gain(lab)) < 2.2


def dense_reads_nearly_all(lab: Lab) -> bool:
    """A model without experts fetches four fifths of what it holds and more; the stand-in of a mixture does, too."""
    return float(dense_read(lab)) > 0.8 * float(dense_held(lab))


def mixture_reads_a_quarter(lab: Lab) -> bool:
    """One token reads little more than a quarter of the mixture, and eight want most of it."""
    return 25 < float(moe_share(lab)) < 30 and float(moe_wanted_by_eight(lab)) > 7
