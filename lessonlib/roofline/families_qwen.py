"""The Qwen family: dense, mixtures, and hybrids of Gated DeltaNet and gated attention."""

from __future__ import annotations

from lessonlib.roofline.blocks import DeltaNet
from lessonlib.roofline.family_tools import (
    FULL,
    LINEAR,
    SLIDING,
    attention,
    dense_mlp,
    experts,
    grouped,
    layer_count,
    layer_types,
    two_norms,
    windowed,
)
from lessonlib.roofline.keys import Keys
from lessonlib.roofline.model import FeedForward, Layers


def _types(keys: Keys, count: int) -> tuple[str, ...]:
    slides = keys.boolean("use_sliding_window", False) and keys.has("sliding_window")
    first = keys.integer("max_window_layers", default=count, least=0) if slides else count
    return layer_types(keys, count, [FULL if i < first else SLIDING for i in range(count)])


def _feeds(keys: Keys, count: int) -> list[FeedForward]:
    """Plain feed-forwards, or experts in every `decoder_sparse_step`-th layer but those listed as plain.

    The family's name says which: a mixture saved under renamed keys is none the less a mixture.
    """
    if "moe" not in str(keys.values.get("model_type")) and keys.values.get("model_type") != "qwen3_next":
        if keys.has("num_experts") and keys.integer("num_experts", least=0) > 1:
            raise keys.error("num_experts", "a mixture, but the family of this model_type is dense")
        return [dense_mlp(keys)] * count
    step = keys.integer("decoder_sparse_step", default=1)
    plain = set(keys.integers("mlp_only_layers"))
    shared = keys.integer("shared_expert_intermediate_size", default=0, least=0)
    mixture = experts(keys, "moe_intermediate_size", shared_width=shared, shared_gate=bool(shared))
    is_plain = [i in plain or (i + 1) % step != 0 for i in range(count)]
    return [dense_mlp(keys) if flag else mixture for flag in is_plain]


def qwen2(keys: Keys) -> tuple[Layers, ...]:
    """Qwen2 and Qwen2-MoE: biases on query, key and value."""
    count = layer_count(keys)
    mixers = windowed(keys, _types(keys, count), qkv_bias=keys.boolean("qkv_bias", True))
    return grouped(list(zip(mixers, _feeds(keys, count), strict=True)), two_norms(keys))


def qwen3(keys: Keys) -> tuple[Layers, ...]:
    """Qwen3 and Qwen3-MoE: norms on queries and keys, no biases unless asked for."""
    count = layer_count(keys)
    bias = keys.boolean("attention_bias", False)
    mixers = windowed(keys, _types(keys, count), qkv_bias=bias, out_bias=bias, norms=True)
    return grouped(list(zip(mixers, _feeds(keys, count), strict=True)), two_norms(keys))


def qwen_hybrid(keys: Keys) -> tuple[Layers, ...]:
    """Qwen3-Next and Qwen3.5: Gated DeltaNet layers, with gated softmax attention every few."""
    count = layer_count(keys)
    every = keys.integer("full_attention_interval", default=4)
    pattern = [FULL if (i + 1) % every == 0 else LINEAR for i in range(count)]
    types = layer_types(keys, count, pattern)
    gated = keys.boolean("attn_output_gate", True)
    bias = keys.boolean("attention_bias", False)
    full = attention(keys, None, gated=gated, norms=True, qkv_bias=bias, out_bias=bias)
    linear = DeltaNet(
        key_heads=keys.integer("linear_num_key_heads"),
        key_dim=keys.integer("linear_key_head_dim"),
        value_heads=keys.integer("linear_num_value_heads"),
        value_dim=keys.integer("linear_value_head_dim"),
        kernel=keys.integer("linear_conv_kernel_dim"),
    )
    if linear.value_heads % linear.key_heads:
        raise keys.error("linear_num_key_heads", f"does not divide {linear.value_heads} value heads")
    if SLIDING in types:
        raise keys.error("layer_types", "sliding attention is not part of this family")
    mixers = [full if kind == FULL else linear for kind in types]
    return grouped(list(zip(mixers, _feeds(keys, count), strict=True)), two_norms(keys))
