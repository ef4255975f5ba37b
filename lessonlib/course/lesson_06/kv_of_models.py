"""The two models of lesson 6's mystery: one that keeps keys and values for every head, one that keeps a latent.

Counted from their published shapes, in 16 bits, whatever the lab; each function takes the lab as all workings do.
"""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.roofline import Lab, System, kv_bytes_per_token, load_model

OLD, LATENT = "llama-2-7b", "deepseek-v3"
#: bytes of a value in 16 bits
VALUE = 2
LONG = 131_072


def old_model(lab: Lab) -> str:
    return load_model(OLD).title


def old_parameters(lab: Lab) -> Quantity:
    return Quantity(load_model(OLD).parameters, "parameters", digits=2)


def old_layers(lab: Lab) -> int:
    return load_model(OLD).layer_count


def old_heads(lab: Lab) -> int:
    return load_model(OLD).query_heads


def old_head_dim(lab: Lab) -> int:
    return load_model(OLD).layers[0].mixer.head_dim


def old_kv(lab: Lab) -> Quantity:
    """A key and a value, in each layer, for each head, of head_dim numbers of 2 bytes."""
    model = load_model(OLD)
    return Quantity(2 * model.layer_count * model.kv_heads * old_head_dim(lab) * VALUE, "B")


def old_kv_in_bits(lab: Lab) -> Quantity:
    """Counts 16 bytes for a number of 16 bits."""
    return Quantity(8 * float(old_kv(lab)), "B")


def old_kv_of_one_layer(lab: Lab) -> Quantity:
    """Counts one layer only."""
    return Quantity(float(old_kv(lab)) / old_layers(lab), "B")


def one_vector(lab: Lab) -> Quantity:
    """One vector of the model's width, as if a token were kept as its embedding."""
    return Quantity(load_model(OLD).hidden * VALUE, "B")


def token_as_text(lab: Lab) -> Quantity:
    """A token as the few letters it stands for."""
    return Quantity(4, "B")


def old_over_text(lab: Lab) -> Quantity:
    """How many times as large as its letters a token's keys and values are."""
    return Quantity(float(old_kv(lab)) / float(token_as_text(lab)), "x", digits=2)


def latent_model(lab: Lab) -> str:
    return load_model(LATENT).title


def latent_parameters(lab: Lab) -> Quantity:
    return Quantity(load_model(LATENT).parameters, "parameters")


def latent_layers(lab: Lab) -> int:
    return load_model(LATENT).layer_count


def latent_heads(lab: Lab) -> int:
    return load_model(LATENT).query_heads


def latent_numbers(lab: Lab) -> int:
    """Numbers kept for a token in each layer: the latent and a key for position, shared by all heads."""
    return load_model(LATENT).layers[0].mixer.kv_values


def latent_kv(lab: Lab) -> Quantity:
    """One shared vector in each layer, of numbers of 2 bytes."""
    return Quantity(kv_bytes_per_token(System(load_model(LATENT), lab.system.gpu)), "B")


def latent_kv_of_all_heads(lab: Lab) -> Quantity:
    """The same model if each head kept the key and the value that it works with."""
    mixer = load_model(LATENT).layers[0].mixer
    each = mixer.nope_dim + mixer.rope_dim + mixer.value_dim
    return Quantity(latent_layers(lab) * mixer.heads * each * VALUE, "B")


def latent_saving(lab: Lab) -> Quantity:
    return Quantity(float(latent_kv_of_all_heads(lab)) / float(latent_kv(lab)), "x", digits=2)


def mystery_parameters(lab: Lab) -> Quantity:
    """How many times as many parameters the larger model has."""
    return Quantity(load_model(LATENT).parameters / load_model(OLD).parameters, "x", digits=2)


def mystery_gap(lab: Lab) -> Quantity:
    """How many times as much one of the two keeps for the same conversation."""
    return Quantity(float(old_kv(lab)) / float(latent_kv(lab)), "x", digits=2)


def scores_of_long(lab: Lab) -> Quantity:
    """One score for each pair of tokens, in each head of each layer."""
    return Quantity(LONG**2 / 2 * old_heads(lab) * old_layers(lab) * VALUE, "B")
