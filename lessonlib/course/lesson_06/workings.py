"""Lesson 6, the KV cache: the numbers of its steps on the lab's own model, on a dot under the roof, and without a cache.

A learner sees the source of these functions under "Show the working", so each says what it does in the
fewest lines. Other models come in as the engine counts them from their published shapes.
"""

from __future__ import annotations

from typing import Any

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_06.held_by_request import chats_over_document, windowed
from lessonlib.course.lesson_06.kv_of_models import (
    latent_as_kv_heads,
    latent_heads,
    latent_kv,
    latent_model,
    latent_numbers,
    latent_rank,
    old_kv,
)
from lessonlib.course.shared.experts import latent
from lessonlib.course.shared.lab_numbers import has_state, prefill_ceiling
from lessonlib.roofline import (
    DEFAULT_LAB,
    Lab,
    Layers,
    decode,
    kv_bytes,
    kv_bytes_per_token,
    load_gpu,
    load_lab,
    load_model,
    prefill,
    state_bytes,
)

#: bytes of a number in 16 bits
VALUE = 2

# --- the model of step 1: the lab's own, unless its heads share a latent


def _asked(lab: Lab) -> Lab:
    """The lab itself if its attention has KV heads, else the default one."""
    return load_lab(DEFAULT_LAB) if latent(lab) else lab


def _caches(lab: Lab) -> list[Layers]:
    return [group for group in _asked(lab).system.model.layers if group.mixer.kv_values]


def asked_model(lab: Lab) -> str:
    return _asked(lab).system.model.title


def asked_state(lab: Lab) -> bool:
    """Whether that model is a hybrid, some of whose layers keep a state."""
    return has_state(_asked(lab))


def asked_windowed(lab: Lab) -> bool:
    """Whether some of its layers look back over a window only."""
    return windowed(_asked(lab))


def asked_mixed(lab: Lab) -> bool:
    """Whether only some of its layers keep a key and a value of every token."""
    return asked_state(lab) or asked_windowed(lab)


def asked_hidden(lab: Lab) -> int:
    return _asked(lab).system.model.hidden


def asked_layers(lab: Lab) -> int:
    return _asked(lab).system.model.layer_count


def layers_that_grow(lab: Lab) -> int:
    """Layers of full attention, which keep the keys and values of all tokens."""
    full = [group.count for group in _caches(lab) if group.mixer.window is None]
    return sum(full) or sum(group.count for group in _caches(lab))


def asked_interval(lab: Lab) -> int:
    """One layer in so many has full attention."""
    return asked_layers(lab) // layers_that_grow(lab)


def asked_query_heads(lab: Lab) -> int:
    return _asked(lab).system.model.query_heads


def heads_kept(lab: Lab) -> int:
    return _asked(lab).system.model.kv_heads


def queries_per_kv(lab: Lab) -> int:
    """Query heads that share one head of keys and values."""
    return asked_query_heads(lab) // heads_kept(lab)


def head_size(lab: Lab) -> int:
    return _caches(lab)[0].mixer.kv_vector


def asked_width_over_heads(lab: Lab) -> bool:
    """Whether a head is as wide as the model over its heads, so that the configuration need not say it."""
    return head_size(lab) * asked_query_heads(lab) == asked_hidden(lab)


def asked_kv_precision(lab: Lab) -> str:
    return _asked(lab).system.kv


def asked_kv(lab: Lab) -> Quantity:
    """Keys and values, in each layer of full attention, for each KV head."""
    return Quantity(kv_bytes_per_token(_asked(lab).system), "B")


def asked_number_bytes(lab: Lab) -> str:
    """What one cached number takes: "2 bytes"."""
    each = float(asked_kv(lab)) / (layers_that_grow(lab) * 2 * heads_kept(lab) * head_size(lab))
    return f"{each:.3g} byte{'s' if each > 1 else ''}"


def asked_in_all_layers(lab: Lab) -> Quantity:
    """Counts every layer, also those that keep a state or a window instead."""
    return Quantity(float(asked_kv(lab)) * asked_layers(lab) / layers_that_grow(lab), "B")


def asked_of_query_heads(lab: Lab) -> Quantity:
    """Counts a key and a value for each query head."""
    return Quantity(float(asked_kv(lab)) * asked_query_heads(lab) / heads_kept(lab), "B")


def asked_naive(lab: Lab) -> Quantity:
    """Counts every layer and every query head (where all layers keep all tokens, that is one mistake, not two)."""
    return Quantity(float(asked_in_all_layers(lab)) * queries_per_kv(lab), "B") if asked_mixed(lab) else asked_kv(lab)


def asked_keys_only(lab: Lab) -> Quantity:
    """Counts keys or values, not both."""
    return Quantity(float(asked_kv(lab)) / 2, "B")


# --- the lab's own model


def own_kv(lab: Lab) -> Quantity:
    """What each further token of a long conversation keeps."""
    return Quantity(kv_bytes_per_token(lab.system), "B")


def own_kv_on_one_gpu(lab: Lab) -> Quantity:
    """The part of a token's cache that each GPU keeps: some of the KV heads, at least one; of a latent all of it."""
    copies = max(group.mixer.kv_copies(lab.system.tp) for group in lab.system.model.layers if group.mixer.kv_values)
    return Quantity(float(own_kv(lab)) * copies / lab.system.tp, "B")


# --- doing without


def cached_step(lab: Lab) -> Quantity:
    """The least time for one token with the cache of the usual prompt."""
    return Quantity(decode(lab.system, batch=1, context=lab.prompt).ceiling_s, "s")


def flops_of_each(lab: Lab) -> Quantity:
    """Arithmetic of one token of the usual prompt on its way through the model, attention included, on average."""
    return Quantity(prefill(lab.system, prompt=lab.prompt).flops / lab.prompt, "FLOP")


def parameters_below_head(lab: Lab) -> Quantity:
    """Parameters that a token is multiplied with before the output head, which only the last token of a prompt needs."""
    model = lab.system.model
    return Quantity(model.parameters_read - model.head.size, "parameters")


def looking_back_time(lab: Lab) -> Quantity:
    """The least time for what no parameter takes part in: looks back, states, and one token's output head."""
    napkin = 2.0 * float(parameters_below_head(lab)) * lab.prompt / float(peak_of_reading(lab))
    return Quantity(float(recomputed_step(lab)) - napkin, "s", digits=2)


def peak_of_reading(lab: Lab) -> Quantity:
    """Dense peak of all GPUs for that arithmetic, each part in the precision in which it multiplies."""
    read = prefill(lab.system, prompt=lab.prompt)
    return Quantity(read.flops / read.compute_s, "FLOP/s")


def recomputed_step(lab: Lab) -> Quantity:
    """The least time to put all tokens through the model again for one more."""
    return Quantity(prefill(lab.system, prompt=lab.prompt).ceiling_s, "s")


def recompute_factor(lab: Lab) -> Quantity:
    """How many times as long a token takes without the cache."""
    return Quantity(float(recomputed_step(lab)) / float(cached_step(lab)), "x")


def recompute_one_by_one(lab: Lab) -> Quantity:
    """Gives each earlier token a step of its own."""
    return Quantity(lab.prompt, "x", digits=4)


def recompute_multiply_only(lab: Lab) -> Quantity:
    """Counts one FLOP for each parameter."""
    return Quantity(float(recompute_factor(lab)) / 2, "x")


def recompute_growing_layers(lab: Lab) -> Quantity:
    """Puts the tokens through the layers with keys and values only (in a model where all have them, the truth)."""
    model = lab.system.model
    return Quantity(float(recompute_factor(lab)) * model.kv_layers / model.layer_count, "x")


def recompute_for_free(lab: Lab) -> Quantity:
    """Takes the waiting multipliers to have room for it."""
    return Quantity(1.0, "x")


# --- or bringing it from elsewhere


def held_to_bring(lab: Lab) -> Quantity:
    """What a request of the usual prompt holds, once: keys and values, and its state."""
    return Quantity(kv_bytes(lab.system, lab.prompt) + sum(state_bytes(lab.system).values()), "B")


def bring_from(lab: Lab) -> Quantity:
    """Bytes per second from which bringing the cache of the usual prompt is faster than reading that prompt again, both at best."""
    return Quantity(float(held_to_bring(lab)) / float(recomputed_step(lab)), "B/s")


def bring_in_bits(lab: Lab) -> Quantity:
    """The same figure taken for gigabits."""
    return Quantity(8 * float(bring_from(lab)), "B/s")


def bring_all_layers(lab: Lab) -> Quantity:
    """Counts a growing cache in every layer."""
    grow = [group.count for group in lab.system.model.layers if group.mixer.kv_values and group.mixer.window is None]
    factor = lab.system.model.layer_count / sum(grow)
    return Quantity(factor * float(own_kv(lab)) * float(prefill_ceiling(lab)), "B/s")


#: speeds of Ethernet as it is sold, Gbit/s
NETWORKS = (1, 10, 25, 40, 100, 200, 400)


def network_too_slow(lab: Lab) -> int:
    """The fastest of these that reading beats."""
    return max(speed for speed in NETWORKS if speed < float(bits_from(lab)))


def network_fast_enough(lab: Lab) -> int:
    """The slowest of these that beats reading."""
    return min(speed for speed in NETWORKS if speed > float(bits_from(lab)))


def bits_from(lab: Lab) -> Quantity:
    """The bandwidth from which bringing pays, as networks are sold."""
    return Quantity(8 * float(bring_from(lab)) / 1e9, "Gbit/s")


# --- a dot under the lab's roof: a latent's attention, on one GPU, for all heads


def own_roof(lab: Lab) -> dict[str, list[float]]:
    """The roof of one GPU of the lab in 16 bits: bandwidth times intensity, and never more than the peak."""
    gpu = lab.system.gpu
    ridge = gpu.ridge()
    x = [0.25, ridge, 16_384.0]
    return {"x": x, "y": [min(gpu.bandwidth * at, gpu.flops["bf16"]) for at in x]}


def _dot(lab: Lab, intensity: float, label: str) -> dict[str, Any]:
    gpu = lab.system.gpu
    return {"x": intensity, "y": min(gpu.bandwidth * intensity, gpu.flops["bf16"]), "label": label}


def _latent_flops(lab: Lab) -> float:
    """FLOPs on one token's latent in one layer: each head multiplies all of it for the score, and its first part again for the sum."""
    return 2 * latent_heads(lab) * (latent_numbers(lab) + latent_rank(lab))


def place_of_latent(lab: Lab) -> dict[str, Any]:
    """Those FLOPs over the latent's bytes; as high as the roof is there."""
    return _dot(lab, _latent_flops(lab) / (latent_numbers(lab) * VALUE), f"attention of {latent_model(lab)}, decode")


def place_of_own_keys(lab: Lab) -> dict[str, Any]:
    """As if each head had a key and a value of its own: two FLOPs a number, of two bytes."""
    return _dot(lab, 1.0, "one key and value a head")


def place_of_one_use(lab: Lab) -> dict[str, Any]:
    """As if each head used the latent once."""
    return _dot(lab, latent_heads(lab), "each number used once a head")


def latent_intensity(lab: Lab) -> Quantity:
    return Quantity(place_of_latent(lab)["x"], "FLOP/byte")


def ridge_of_gpu(lab: Lab) -> Quantity:
    """The ridge of one GPU of the lab in 16 bits."""
    return Quantity(lab.system.gpu.ridge(), "FLOP/byte")


def ridge_of_h200(lab: Lab) -> Quantity:
    return Quantity(load_gpu("h200-sxm").ridge(), "FLOP/byte")


def latent_over_ridge(lab: Lab) -> bool:
    """Whether that dot lies on the flat part of the roof."""
    return float(latent_intensity(lab)) > float(ridge_of_gpu(lab))


def own_attention_place(lab: Lab) -> Quantity:
    """The intensity of attention over a cache of heads: query heads over KV heads, in 16 bits."""
    return Quantity(queries_per_kv(lab), "FLOP/byte")


# --- claims


def heads_are_shared(lab: Lab) -> bool:
    """Several query heads use one head of keys and values, so a token keeps less than the old model's."""
    return queries_per_kv(lab) >= 2 and float(asked_kv(lab)) <= float(old_kv(lab)) / 2


def latent_keeps_less(lab: Lab) -> bool:
    """The latent is a small part of what the old model keeps, and of what its own KV heads would."""
    return float(old_kv(lab)) > 7 * float(latent_kv(lab)) and float(latent_as_kv_heads(lab)) > 20 * float(
        latent_kv(lab)
    )


def recomputing_is_tens_of_times_slower(lab: Lab) -> bool:
    """Nowhere free, nowhere near a step for each token, and bound by arithmetic."""
    return 9 <= float(recompute_factor(lab)) <= 100 and prefill(lab.system, prompt=lab.prompt).bound == "compute"


def chats_cost_more_than_a_document(lab: Lab) -> bool:
    """For a hybrid, many short chats hold more than one document of as many tokens."""
    return float(chats_over_document(lab)) > 2


def a_plain_network_is_enough(lab: Lab) -> bool:
    """Bringing the cache pays on a network of 200 Gbit/s at the latest, and of no less than 5."""
    return 5 < float(bits_from(lab)) < 200


def latent_is_dense_work(lab: Lab) -> bool:
    """The latent's attention does more than half of the FLOPs for each byte that the ridge asks for."""
    model = load_model("deepseek-v3")
    return model.query_heads == latent_heads(lab) and float(latent_intensity(lab)) > 0.5 * float(ridge_of_gpu(lab))
