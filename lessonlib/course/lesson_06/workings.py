"""Lesson 6, the KV cache: every number its words name.

A learner sees the source of these functions under "Show the working", so each says what it does in the
fewest lines. Other models come in as the engine counts them from their published shapes.
"""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_06.held_by_request import (
    chats_own,
    document_own,
    window_full,
    window_half,
    windowed,
)
from lessonlib.course.lesson_06.kv_of_models import (
    mystery_gap,
    mystery_parameters,
    old_kv,
    old_parameters,
)
from lessonlib.course.shared.experts import latent
from lessonlib.course.shared.lab_numbers import has_state
from lessonlib.roofline import (
    DEFAULT_LAB,
    Lab,
    Layers,
    decode,
    kv_bytes_per_token,
    load_lab,
    prefill,
    weight_bytes_read,
)

# --- the model of step 3: the lab's own, unless its heads share a latent


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


def asked_layers(lab: Lab) -> int:
    return _asked(lab).system.model.layer_count


def asked_kv_layers(lab: Lab) -> int:
    """Layers of full attention, which keep the keys and values of all tokens."""
    full = [group.count for group in _caches(lab) if group.mixer.window is None]
    return sum(full) or sum(group.count for group in _caches(lab))


def asked_other_layers(lab: Lab) -> int:
    return asked_layers(lab) - asked_kv_layers(lab)


def asked_query_heads(lab: Lab) -> int:
    return _asked(lab).system.model.query_heads


def asked_kv_heads(lab: Lab) -> int:
    return _asked(lab).system.model.kv_heads


def queries_per_kv(lab: Lab) -> int:
    """Query heads that share one head of keys and values."""
    return asked_query_heads(lab) // asked_kv_heads(lab)


def asked_head_dim(lab: Lab) -> int:
    return _caches(lab)[0].mixer.kv_vector


def asked_kv_precision(lab: Lab) -> str:
    return _asked(lab).system.kv


def asked_kv(lab: Lab) -> Quantity:
    """Keys and values, in each layer of full attention, for each KV head."""
    return Quantity(kv_bytes_per_token(_asked(lab).system), "B")


def asked_number_bytes(lab: Lab) -> str:
    """What one cached number takes: "2 bytes"."""
    each = float(asked_kv(lab)) / (asked_kv_layers(lab) * 2 * asked_kv_heads(lab) * asked_head_dim(lab))
    return f"{each:.3g} byte{'s' if each > 1 else ''}"


def asked_in_all_layers(lab: Lab) -> Quantity:
    """Counts every layer, also those that keep a state or a window instead."""
    return Quantity(float(asked_kv(lab)) * asked_layers(lab) / asked_kv_layers(lab), "B")


def asked_of_query_heads(lab: Lab) -> Quantity:
    """Counts a key and a value for each query head."""
    return Quantity(float(asked_kv(lab)) * asked_query_heads(lab) / asked_kv_heads(lab), "B")


def asked_naive(lab: Lab) -> Quantity:
    """Counts every layer and every query head (where all layers keep all tokens, that is one mistake, not two)."""
    return Quantity(float(asked_in_all_layers(lab)) * queries_per_kv(lab), "B") if asked_mixed(lab) else asked_kv(lab)


def asked_keys_only(lab: Lab) -> Quantity:
    """Counts keys or values, not both."""
    return Quantity(float(asked_kv(lab)) / 2, "B")


def asked_by_parameters(lab: Lab) -> Quantity:
    """Scales the old model's cache with the number of parameters."""
    grown = _asked(lab).system.model.parameters / float(old_parameters(lab))
    return Quantity(float(old_kv(lab)) * grown, "B")


def old_over_asked(lab: Lab) -> Quantity:
    return Quantity(float(old_kv(lab)) / float(asked_kv(lab)), "x", digits=2)


# --- the lab's own model


def own_kv(lab: Lab) -> Quantity:
    """What each further token of a long conversation keeps."""
    return Quantity(kv_bytes_per_token(lab.system), "B")


def own_kv_on_one_gpu(lab: Lab) -> Quantity:
    """The part of a token's cache that each GPU keeps: some of the KV heads, at least one; of a latent all of it."""
    copies = max(group.mixer.kv_copies(lab.system.tp) for group in lab.system.model.layers if group.mixer.kv_values)
    return Quantity(float(own_kv(lab)) * copies / lab.system.tp, "B")


def tokens_worth_weights(lab: Lab) -> Quantity:
    """Tokens whose keys and values weigh as much as the weights that one request's step fetches."""
    return Quantity(weight_bytes_read(lab.system) / kv_bytes_per_token(lab.system), "tokens")


def worth_by_query_heads(lab: Lab) -> Quantity:
    """Counts a key and a value for each query head."""
    return Quantity(weight_bytes_read(lab.system) / float(asked_of_query_heads(lab)), "tokens")


def worth_by_keys_only(lab: Lab) -> Quantity:
    """Counts keys or values, not both."""
    return Quantity(weight_bytes_read(lab.system) / float(asked_keys_only(lab)), "tokens")


# --- doing without


def cached_step(lab: Lab) -> Quantity:
    """The least time for one token with the cache of the usual prompt."""
    return Quantity(decode(lab.system, batch=1, context=lab.prompt).ceiling_s, "s")


def cached_steps(lab: Lab) -> Quantity:
    """A decode step for each token of the usual prompt."""
    return Quantity(lab.prompt * decode(lab.system, batch=1, context=lab.prompt // 2).ceiling_s, "s")


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
    return (
        queries_per_kv(lab) >= 2
        and float(asked_kv(lab)) <= float(old_kv(lab)) / 2
        and float(own_kv(lab)) < float(old_kv(lab))
    )


def latent_keeps_less(lab: Lab) -> bool:
    """The model of a hundred times the parameters keeps the least of all."""
    return float(mystery_parameters(lab)) > 90 and float(mystery_gap(lab)) > 7


def recomputing_is_tens_of_times_slower(lab: Lab) -> bool:
    """Nowhere free, nowhere near a step for each token; and one pass is far quicker than as many steps."""
    far = float(cached_steps(lab)) > 30 * float(recomputed_step(lab))
    return (
        far and 9 <= float(recompute_factor(lab)) <= 100 and prefill(lab.system, prompt=lab.prompt).bound == "compute"
    )


def chats_cost_more_than_a_document(lab: Lab) -> bool:
    """For a hybrid, many short chats move more of their own than one document of as many tokens."""
    return float(chats_own(lab)) > 2 * float(document_own(lab))


def windows_stop_growing(lab: Lab) -> bool:
    """Twice the long context holds within a few per cent twice as much, windows or not."""
    return 1.9 < float(window_full(lab)) / float(window_half(lab)) < 2
