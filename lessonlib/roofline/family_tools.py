"""What the readers of families share: counts, layer types, attention, feed-forwards, groups of equal layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lessonlib.roofline.attention_kinds import VariedAttention
from lessonlib.roofline.blocks import Attention, Experts, Mlp
from lessonlib.roofline.keys import Keys
from lessonlib.roofline.model import FeedForward, Layers, Mixer

FULL, SLIDING, LINEAR = "full_attention", "sliding_attention", "linear_attention"
Reader = Callable[[Keys], tuple[Layers, ...]]
_MOST_LAYERS = 10_000


def grouped(pairs: Sequence[tuple[Mixer, FeedForward]], norms: int) -> tuple[Layers, ...]:
    """Equal layers together, in the order of first appearance."""
    order = list(dict.fromkeys(pairs))
    return tuple(Layers(pairs.count(pair), *pair, norm_parameters=norms) for pair in order)


def layer_count(keys: Keys) -> int:
    """Decoder layers of the model."""
    count: int = keys.integer("num_hidden_layers", "n_layer", "num_layers")
    if count > _MOST_LAYERS:
        raise keys.error("num_hidden_layers", f"expected at most {_MOST_LAYERS:,}, not {count}")
    return count


def attention(keys: Keys, window: int | None = None, kv_key: str = "num_key_value_heads", **flags: Any) -> Attention:
    """Multi-head, grouped-query or multi-query attention from the usual keys; of a varied kind where flags ask for it."""
    heads = keys.integer("num_attention_heads", "n_head")
    kv_heads = keys.integer(kv_key, default=heads)
    if heads % kv_heads:
        raise keys.error(kv_key, f"{kv_heads} does not divide {heads} query heads")
    if keys.has("head_dim"):
        head_dim = keys.integer("head_dim")
    else:
        hidden = keys.integer("hidden_size", "n_embed")
        keys.divides("num_attention_heads", heads, "hidden_size", hidden)
        head_dim = hidden // heads
    varied = flags.keys() & {"value_dim", "gate_width", "extra_vectors", "keys_are_values", "shared_cache"}
    return (VariedAttention if varied else Attention)(heads, kv_heads, head_dim, window, **flags)


def layer_types(keys: Keys, count: int, default: Sequence[str]) -> tuple[str, ...]:
    """Kind of attention of each layer: the list in the config, or the family's own pattern."""
    listed = keys.strings("layer_types", frozenset({FULL, SLIDING, LINEAR}), count)
    return listed or tuple(default)


def windowed(keys: Keys, types: Sequence[str], **flags: Any) -> list[Attention]:
    """One attention a layer, with the window of the config where the layer slides."""
    window = keys.integer("sliding_window") if SLIDING in types else None
    if LINEAR in types:
        raise keys.error("layer_types", "linear attention is not part of this family")
    return [attention(keys, window if kind == SLIDING else None, **flags) for kind in types]


def slides_everywhere(keys: Keys, count: int) -> tuple[str, ...]:
    """Windows in all layers where the config has one."""
    return layer_types(keys, count, [SLIDING if keys.has("sliding_window") else FULL] * count)


def dense_mlp(keys: Keys, **flags: Any) -> Mlp:
    """The gated feed-forward network of the config."""
    return Mlp(keys.integer("intermediate_size"), **flags)


def experts(keys: Keys, width: str, kind: type[Experts] = Experts, **options: Any) -> Experts:
    """A mixture of experts from the usual keys."""
    count = keys.integer("num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts")
    active = keys.integer("num_experts_per_tok", "experts_per_token", "top_k_experts", "num_experts_per_token")
    if active > count:
        raise keys.error("num_experts_per_tok", f"{active} is more than the {count} experts")
    return kind(count, active, keys.integer(width), **options)


def dense_first(keys: Keys, count: int, mixture: FeedForward) -> list[FeedForward]:
    """Plain feed-forwards in the first layers, or where the config's own list says so, and the mixture in the rest.

    The list is `mlp_layer_types` ("dense" or "sparse") or `moe_layer_freq` (0 or 1 for each layer).
    """
    listed = keys.strings("mlp_layer_types", frozenset({"dense", "sparse"}), count)
    frequency = keys.values.get("moe_layer_freq")
    if listed:
        plain = [kind == "dense" for kind in listed]
    elif isinstance(frequency, list):
        flags = keys.integers("moe_layer_freq")
        if len(flags) != count:
            raise keys.error("moe_layer_freq", f"expected a number for each of the {count} layers, not {len(flags)}")
        plain = [not flag for flag in flags]
    else:
        first = keys.integer("first_k_dense_replace", default=0, least=0)
        step = keys.integer("moe_layer_freq", default=1)
        plain = [i < first or i % step != 0 for i in range(count)]
    return [dense_mlp(keys) if flag else mixture for flag in plain]


def two_norms(keys: Keys, biased: bool = False) -> int:
    """Norm parameters of a layer with one norm before each block."""
    hidden: int = keys.integer("hidden_size", "n_embed")
    return (4 if biased else 2) * hidden
