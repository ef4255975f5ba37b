"""From the keys of a Hugging Face style config.json to the blocks of a model, family by family."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lessonlib.roofline.blocks import Attention, DeltaNet, Experts, LatentAttention, Mlp
from lessonlib.roofline.keys import Keys
from lessonlib.roofline.model import FeedForward, Layers, Mixer

FULL, SLIDING, LINEAR = "full_attention", "sliding_attention", "linear_attention"
Reader = Callable[[Keys], tuple[Layers, ...]]


def grouped(pairs: Sequence[tuple[Mixer, FeedForward]], norms: int) -> tuple[Layers, ...]:
    """Equal layers together, in the order of first appearance."""
    order = list(dict.fromkeys(pairs))
    return tuple(Layers(pairs.count(pair), *pair, norm_parameters=norms) for pair in order)


def layer_count(keys: Keys) -> int:
    """Decoder layers of the model."""
    count: int = keys.integer("num_hidden_layers", "n_layer", "num_layers")
    if count > 10_000:
        raise keys.error("num_hidden_layers", f"expected at most 10,000, not {count}")
    return count


def attention(keys: Keys, window: int | None = None, **flags: bool) -> Attention:
    """Multi-head, grouped-query or multi-query attention from the usual keys."""
    heads = keys.integer("num_attention_heads", "n_head")
    kv_heads = keys.integer("num_key_value_heads", default=heads)
    if heads % kv_heads:
        raise keys.error("num_key_value_heads", f"{kv_heads} does not divide {heads} query heads")
    if keys.has("head_dim"):
        head_dim = keys.integer("head_dim")
    else:
        hidden = keys.integer("hidden_size", "n_embed")
        keys.divides("num_attention_heads", heads, "hidden_size", hidden)
        head_dim = hidden // heads
    return Attention(heads, kv_heads, head_dim, window, **flags)


def layer_types(keys: Keys, count: int, default: Sequence[str]) -> tuple[str, ...]:
    """Kind of attention of each layer: the list in the config, or the family's own pattern."""
    listed = keys.strings("layer_types", frozenset({FULL, SLIDING, LINEAR}), count)
    return listed or tuple(default)


def windowed(keys: Keys, types: Sequence[str], **flags: bool) -> list[Attention]:
    """One attention a layer, with the window of the config where the layer slides."""
    window = keys.integer("sliding_window") if SLIDING in types else None
    if LINEAR in types:
        raise keys.error("layer_types", "linear attention is not part of this family")
    return [attention(keys, window if kind == SLIDING else None, **flags) for kind in types]


def dense_mlp(keys: Keys, **flags: bool) -> Mlp:
    """The gated feed-forward network of the config."""
    return Mlp(keys.integer("intermediate_size"), **flags)


def experts(keys: Keys, width: str, **options: Any) -> Experts:
    """A mixture of experts from the usual keys."""
    count = keys.integer("num_experts", "num_local_experts", "n_routed_experts")
    active = keys.integer("num_experts_per_tok", "experts_per_token")
    if active > count:
        raise keys.error("num_experts_per_tok", f"{active} is more than the {count} experts")
    return Experts(count, active, keys.integer(width), **options)


def two_norms(keys: Keys) -> int:
    """Norm parameters of a layer with one norm before each block."""
    hidden: int = keys.integer("hidden_size")
    return 2 * hidden


def llama(keys: Keys) -> tuple[Layers, ...]:
    """Llama and Mistral: RMS norm, grouped-query attention, SwiGLU; Mistral may slide everywhere."""
    count = layer_count(keys)
    bias = keys.boolean("attention_bias", False)
    kind = SLIDING if keys.has("sliding_window") else FULL
    mixers = windowed(keys, layer_types(keys, count, [kind] * count), qkv_bias=bias, out_bias=bias)
    mlp = dense_mlp(keys, bias=keys.boolean("mlp_bias", False))
    return grouped([(mixer, mlp) for mixer in mixers], two_norms(keys))


def mixtral(keys: Keys) -> tuple[Layers, ...]:
    """Mixtral: a mixture of experts in every layer."""
    count = layer_count(keys)
    kind = SLIDING if keys.has("sliding_window") else FULL
    mixers = windowed(keys, layer_types(keys, count, [kind] * count))
    return grouped([(mixer, experts(keys, "intermediate_size")) for mixer in mixers], two_norms(keys))


def _qwen_types(keys: Keys, count: int) -> tuple[str, ...]:
    slides = keys.boolean("use_sliding_window", False) and keys.has("sliding_window")
    first = keys.integer("max_window_layers", default=count, least=0) if slides else count
    return layer_types(keys, count, [FULL if i < first else SLIDING for i in range(count)])


def _qwen_feed_forward(keys: Keys, count: int) -> list[FeedForward]:
    """Experts in every `decoder_sparse_step`-th layer, except in those listed as plain."""
    step = keys.integer("decoder_sparse_step", default=1)
    plain = set(keys.integers("mlp_only_layers"))
    shared = keys.integer("shared_expert_intermediate_size", default=0, least=0)
    mixture = experts(keys, "moe_intermediate_size", shared_width=shared, shared_gate=bool(shared))
    is_plain = [i in plain or (i + 1) % step != 0 for i in range(count)]
    return [dense_mlp(keys) if flag else mixture for flag in is_plain]


def qwen2(keys: Keys) -> tuple[Layers, ...]:
    """Qwen2 and Qwen2-MoE: biases on query, key and value."""
    count = layer_count(keys)
    mixers = windowed(keys, _qwen_types(keys, count), qkv_bias=True)
    mixture = keys.has("num_experts")
    feeds = _qwen_feed_forward(keys, count) if mixture else [dense_mlp(keys)] * count
    return grouped(list(zip(mixers, feeds, strict=True)), two_norms(keys))


def qwen3(keys: Keys) -> tuple[Layers, ...]:
    """Qwen3 and Qwen3-MoE: norms on queries and keys, no biases unless asked for."""
    count = layer_count(keys)
    bias = keys.boolean("attention_bias", False)
    mixers = windowed(keys, _qwen_types(keys, count), qkv_bias=bias, out_bias=bias, norms=True)
    mixture = keys.has("num_experts")
    feeds = _qwen_feed_forward(keys, count) if mixture else [dense_mlp(keys)] * count
    return grouped(list(zip(mixers, feeds, strict=True)), two_norms(keys))


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
    mixture = keys.has("num_experts")
    feeds = _qwen_feed_forward(keys, count) if mixture else [dense_mlp(keys)] * count
    return grouped(list(zip(mixers, feeds, strict=True)), two_norms(keys))


def gemma(keys: Keys) -> tuple[Layers, ...]:
    """Gemma 2 and 3: four norms a layer and windows in most layers; Gemma 3 norms queries and keys."""
    count = layer_count(keys)
    third = str(keys.values.get("model_type", "")).startswith("gemma3")
    every = keys.integer("sliding_window_pattern", default=6 if third else 2)
    pattern = [FULL if (i + 1) % every == 0 else SLIDING for i in range(count)]
    mixers = windowed(
        keys,
        layer_types(keys, count, pattern),
        norms=third,
        qkv_bias=keys.boolean("attention_bias", False),
        out_bias=keys.boolean("attention_bias", False),
    )
    return grouped([(mixer, dense_mlp(keys)) for mixer in mixers], 2 * two_norms(keys))


def deepseek(keys: Keys) -> tuple[Layers, ...]:
    """DeepSeek-V2 and V3: latent attention, a few dense layers, then routed and shared experts."""
    count = layer_count(keys)
    mixer = LatentAttention(
        heads=keys.integer("num_attention_heads"),
        q_rank=keys.integer("q_lora_rank", default=None),
        kv_rank=keys.integer("kv_lora_rank"),
        nope_dim=keys.integer("qk_nope_head_dim"),
        rope_dim=keys.integer("qk_rope_head_dim"),
        value_dim=keys.integer("v_head_dim"),
    )
    width = keys.integer("moe_intermediate_size")
    mixture = experts(
        keys,
        "moe_intermediate_size",
        shared_width=keys.integer("n_shared_experts", default=0, least=0) * width,
        router_bias=keys.values.get("topk_method") == "noaux_tc",
    )
    dense = keys.integer("first_k_dense_replace", default=0, least=0)
    step = keys.integer("moe_layer_freq", default=1)
    feeds = [dense_mlp(keys) if i < dense or i % step else mixture for i in range(count)]
    return grouped([(mixer, feed) for feed in feeds], two_norms(keys))


def gpt_oss(keys: Keys) -> tuple[Layers, ...]:
    """gpt-oss: windows in every other layer, attention sinks, biases everywhere, experts."""
    count = layer_count(keys)
    pattern = [SLIDING if i % 2 == 0 else FULL for i in range(count)]
    bias = keys.boolean("attention_bias", True)
    mixers = windowed(keys, layer_types(keys, count, pattern), qkv_bias=bias, out_bias=bias, sinks=True)
    mixture = experts(keys, "intermediate_size", router_bias=True, bias=True)
    return grouped([(mixer, mixture) for mixer in mixers], two_norms(keys))


def bloom(keys: Keys) -> tuple[Layers, ...]:
    """BLOOM: multi-head attention and a plain MLP of four times the width, all with biases."""
    hidden = keys.integer("hidden_size", "n_embed")
    mixer = attention(keys, None, qkv_bias=True, out_bias=True)
    mlp = Mlp(4 * hidden, gated=False, bias=True)
    return (Layers(layer_count(keys), mixer, mlp, norm_parameters=4 * hidden),)


#: model_type -> (reader of the layers, whether the head is tied when the config does not say)
FAMILIES: Mapping[str, tuple[Reader, bool]] = {
    "llama": (llama, False),
    "mistral": (llama, False),
    "phi3": (llama, False),
    "mixtral": (mixtral, False),
    "qwen2": (qwen2, False),
    "qwen2_moe": (qwen2, False),
    "qwen3": (qwen3, False),
    "qwen3_moe": (qwen3, False),
    "qwen3_next": (qwen_hybrid, False),
    "qwen3_5": (qwen_hybrid, False),
    "qwen3_5_text": (qwen_hybrid, False),
    "qwen3_5_moe": (qwen_hybrid, False),
    "qwen3_5_moe_text": (qwen_hybrid, False),
    "gemma2": (gemma, True),
    "gemma3": (gemma, True),
    "gemma3_text": (gemma, True),
    "deepseek_v2": (deepseek, False),
    "deepseek_v3": (deepseek, False),
    "gpt_oss": (gpt_oss, False),
    "bloom": (bloom, True),
}
