"""Lesson 5, counting bytes: what is held and what is fetched (fewer bits, rooms and mixtures have modules of their own).

A learner sees the source of these functions under "Show the working", so each says what it does in the
fewest lines. Ceilings count the weights alone: bandwidth over bytes, nothing fitted.
"""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.course.shared.lab_numbers import is_mixture
from lessonlib.roofline import Lab, decode, load_model, weight_bytes_read

TIED = "gemma-3-1b"
#: bytes of a parameter in 16 bits
BYTES = 2
#: the feed-forward among the operations of a step, dense or of experts
FEED_FORWARD = ("MLP", "experts", "shared expert")


# --- one table for both ends


def head_is_a_copy(lab: Lab) -> bool:
    """Whether the model has one table for both ends."""
    return lab.system.model.tied


def tied_model(lab: Lab) -> str:
    return load_model(TIED).title


def parameters_of_tied_model(lab: Lab) -> Quantity:
    return Quantity(load_model(TIED).parameters, "parameters")


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


# --- where in the layers


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


def _share(lab: Lab, *names: str) -> float:
    """Parts of a step's weights whose name begins so, from 0 to 1."""
    step = decode(lab.system, batch=1, context=0)
    found = sum(part.weight_bytes for part in step.operations if part.name.startswith(names))
    return found / weight_bytes_read(lab.system)


def mlp_share(lab: Lab) -> Quantity:
    """The feed-forward matrices (of the experts, those in use) of all layers in a step's weights."""
    return Quantity(100 * _share(lab, *FEED_FORWARD), "%", digits=2)


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
    """Without experts it is well over half of the fetch, and attention under a third."""
    return is_mixture(lab) or (float(mlp_share(lab)) > 58 and float(attention_share(lab)) < 33)
