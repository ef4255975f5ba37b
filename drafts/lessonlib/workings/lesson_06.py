"""Lesson 6, the KV cache: every number its words name.

A learner sees the source of these functions under "Show the working", so each says what it does in the
fewest lines. Other models come in as the engine counts them from their published shapes.
"""

from __future__ import annotations

from lessonlib.quantity import Quantity
from lessonlib.roofline import (
    DEFAULT_LAB,
    Lab,
    decode,
    kv_bytes,
    kv_bytes_per_token,
    load_lab,
    prefill,
    state_bytes,
    weight_bytes,
    weight_bytes_read,
)
from lessonlib.workings.kv_of_models import (  # noqa: F401 - the words name them
    LONG, scores_of_long,
    latent_heads, latent_kv, latent_kv_of_all_heads, latent_layers, latent_model, latent_numbers,
    latent_parameters, latent_saving, mystery_gap, mystery_parameters, old_head_dim, old_heads,
    old_keys_only, old_kv, old_kv_of_one_layer, old_layers, old_model, old_over_text, old_parameters,
    one_vector, token_as_text,
)
from lessonlib.workings.lab import has_state

#: tokens at which the curve is asked
GRID = (128, 512, 2_048, 8_192, 32_768, LONG)
#: top of the curve's axis, in MB
MOST = 100_000


# --- the lab's own model


def layers(lab: Lab) -> int:
    return lab.system.model.layer_count


def kv_layers(lab: Lab) -> int:
    """Layers that keep keys and values."""
    return lab.system.model.kv_layers


def state_layers(lab: Lab) -> int:
    return layers(lab) - kv_layers(lab)


def query_heads(lab: Lab) -> int:
    return lab.system.model.query_heads


def kv_heads(lab: Lab) -> int:
    return lab.system.model.kv_heads


def queries_per_kv(lab: Lab) -> int:
    """Query heads that share one head of keys and values."""
    return query_heads(lab) // kv_heads(lab)


def head_dim(lab: Lab) -> int:
    return next(group.mixer.kv_vector for group in lab.system.model.layers if group.mixer.kv_values)


def kv_precision(lab: Lab) -> str:
    return lab.system.kv


def own_kv(lab: Lab) -> Quantity:
    """Keys and values, in each layer that keeps them, for each KV head."""
    return Quantity(kv_bytes_per_token(lab.system), "B")


def own_kv_in_all_layers(lab: Lab) -> Quantity:
    """Counts every layer, also those that keep a state instead."""
    return Quantity(float(own_kv(lab)) * layers(lab) / kv_layers(lab), "B")


def own_kv_of_query_heads(lab: Lab) -> Quantity:
    """Counts a key and a value for each query head."""
    return Quantity(float(own_kv(lab)) * query_heads(lab) / kv_heads(lab), "B")


def own_kv_naive(lab: Lab) -> Quantity:
    """Counts every layer and every query head (where all layers have a cache, that is one mistake, not two)."""
    return Quantity(float(own_kv_in_all_layers(lab)) * queries_per_kv(lab), "B") if has_state(lab) else own_kv(lab)


def own_keys_only(lab: Lab) -> Quantity:
    """Counts keys or values, not both."""
    return Quantity(float(own_kv(lab)) / 2, "B")


def own_kv_by_parameters(lab: Lab) -> Quantity:
    """Scales the old model's cache with the number of parameters."""
    grown = lab.system.model.parameters / float(old_parameters(lab))
    return Quantity(float(old_kv(lab)) * grown, "B")


def old_over_own(lab: Lab) -> Quantity:
    return Quantity(float(old_kv(lab)) / float(own_kv(lab)), "x", digits=2)


def own_kv_on_one_gpu(lab: Lab) -> Quantity:
    """The part of a token's keys and values that each GPU keeps: some of the KV heads, at least one."""
    heads = max(1.0, kv_heads(lab) / lab.system.tp)
    return Quantity(float(own_kv(lab)) * heads / kv_heads(lab), "B")


def tokens_worth_weights(lab: Lab) -> Quantity:
    """Tokens whose keys and values weigh as much as the weights of one step."""
    return Quantity(weight_bytes_read(lab.system) / kv_bytes_per_token(lab.system), "tokens")


def worth_by_query_heads(lab: Lab) -> Quantity:
    return Quantity(weight_bytes_read(lab.system) / float(own_kv_of_query_heads(lab)), "tokens")


def worth_by_keys_only(lab: Lab) -> Quantity:
    return Quantity(weight_bytes_read(lab.system) / float(own_keys_only(lab)), "tokens")


# --- the state of linear attention


def _hybrid(lab: Lab) -> Lab:
    """This lab if its model keeps a state, else the default one, whose model does."""
    return lab if has_state(lab) else load_lab(DEFAULT_LAB)


def hybrid_model(lab: Lab) -> str:
    return _hybrid(lab).system.model.title


def hybrid_layers(lab: Lab) -> int:
    return layers(_hybrid(lab))


def hybrid_state_layers(lab: Lab) -> int:
    return state_layers(_hybrid(lab))


def hybrid_kv(lab: Lab) -> Quantity:
    return own_kv(_hybrid(lab))


def hybrid_state(lab: Lab) -> Quantity:
    """What the layers of linear attention keep for a request, whatever its length."""
    return Quantity(sum(state_bytes(_hybrid(lab).system).values()), "B")


def state_traffic(lab: Lab) -> Quantity:
    """The state is read and written back at every step."""
    return Quantity(2 * float(hybrid_state(lab)), "B")


def state_as_tokens(lab: Lab) -> Quantity:
    """Tokens whose keys and values a step reads for as many bytes as the state moves."""
    return Quantity(float(state_traffic(lab)) / float(hybrid_kv(lab)), "tokens", digits=2)


def state_read_only(lab: Lab) -> Quantity:
    """Forgets that the state is written back."""
    return Quantity(float(state_as_tokens(lab)) / 2, "tokens")


def state_in_all_layers(lab: Lab) -> Quantity:
    """Gives every layer a state, also those that keep keys and values."""
    return Quantity(float(state_as_tokens(lab)) * hybrid_layers(lab) / hybrid_state_layers(lab), "tokens")


def state_pays_from(lab: Lab) -> Quantity:
    """Context from which a step moves less than with keys and values in all layers."""
    twin = float(own_kv_in_all_layers(_hybrid(lab)))
    return Quantity(float(state_traffic(lab)) / (twin - float(hybrid_kv(lab))), "tokens", digits=2)


# --- one request, from short to long


def _held(lab: Lab, tokens: int) -> float:
    return kv_bytes(lab.system, tokens) + sum(state_bytes(lab.system).values())


def held_curve(lab: Lab) -> dict[str, list[float]]:
    """MB that one request holds: keys and values of all its tokens, and its state."""
    return {"x": list(GRID), "y": [_held(lab, tokens) / 1e6 for tokens in GRID]}


def held_without_state(lab: Lab) -> dict[str, list[float]]:
    return {"x": list(GRID), "y": [kv_bytes(lab.system, tokens) / 1e6 for tokens in GRID]}


def held_squared(lab: Lab) -> dict[str, list[float]]:
    """Grows with the square of the length, to the top of the axis."""
    return {"x": list(GRID), "y": [min(_held(lab, GRID[0]) / 1e6 * (t / GRID[0]) ** 2, MOST) for t in GRID]}


def held_reserved(lab: Lab) -> dict[str, list[float]]:
    """The longest request's room, whatever the length."""
    return {"x": list(GRID), "y": [_held(lab, LONG) / 1e6] * len(GRID)}


def long_tokens(lab: Lab) -> Quantity:
    return Quantity(LONG, "tokens", digits=6)


def short_tokens(lab: Lab) -> Quantity:
    return Quantity(GRID[0], "tokens")


def held_long(lab: Lab) -> Quantity:
    return Quantity(_held(lab, LONG), "B")


def held_short(lab: Lab) -> Quantity:
    return Quantity(_held(lab, GRID[0]), "B")


def kv_of_long(lab: Lab) -> Quantity:
    return Quantity(kv_bytes(lab.system, LONG), "B")


def long_share(lab: Lab) -> Quantity:
    """One long request beside the weights of a step."""
    return Quantity(100 * _held(lab, LONG) / weight_bytes_read(lab.system), "%", digits=2)


def long_as_text(lab: Lab) -> Quantity:
    """The same document as text, at four letters a token."""
    return Quantity(LONG * float(token_as_text(lab)), "B")


def long_fits(lab: Lab) -> bool:
    """Whether one request that long fits beside the weights in nine tenths of the memory."""
    room = 0.9 * lab.system.gpu.memory_bytes * lab.system.gpus - weight_bytes(lab.system)
    return _held(lab, LONG) <= room


def beyond_config(lab: Lab) -> str:
    """The length that the model's configuration names, where it is less than the long request."""
    longest = lab.system.model.max_context or LONG
    return f"{longest:,} tokens" if longest < LONG else ""


# --- doing without


def cached_step(lab: Lab) -> Quantity:
    """The least time for one token with the cache of the usual prompt."""
    return Quantity(decode(lab.system, batch=1, context=lab.prompt).ceiling_s, "s")


def recomputed_step(lab: Lab) -> Quantity:
    """The least time to put all tokens through the model again for one more."""
    return Quantity(prefill(lab.system, prompt=lab.prompt).ceiling_s, "s")


def recompute_factor(lab: Lab) -> Quantity:
    """How many times as long a token takes without the cache."""
    return Quantity(float(recomputed_step(lab)) / float(cached_step(lab)), "x", digits=2)


def recompute_as_tokens(lab: Lab) -> Quantity:
    """Charges a whole decode step for each token that is put through again."""
    return Quantity(lab.prompt, "x")


def recompute_for_free(lab: Lab) -> Quantity:
    """Takes the waiting multipliers to have room for it."""
    return Quantity(1.0, "x")


# --- claims


def heads_are_shared(lab: Lab) -> bool:
    """Several query heads use one head of keys and values, so a token keeps less than the old model's."""
    return queries_per_kv(lab) >= 2 and float(own_kv(lab)) <= float(old_kv(lab)) / 2


def latent_keeps_less(lab: Lab) -> bool:
    """The model of a hundred times the parameters keeps the least of all."""
    return float(mystery_parameters(lab)) > 90 and float(mystery_gap(lab)) > 7


def recomputing_is_tens_of_times_slower(lab: Lab) -> bool:
    """Nowhere free, nowhere near a step for each token."""
    return 9 <= float(recompute_factor(lab)) <= 100 and prefill(lab.system, prompt=lab.prompt).bound == "compute"
