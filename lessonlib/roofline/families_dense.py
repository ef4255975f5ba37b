"""Families of dense models, and mixtures that differ from them in the feed-forward alone."""

from __future__ import annotations

from lessonlib.roofline.blocks import Mlp
from lessonlib.roofline.family_tools import (
    FULL,
    SLIDING,
    attention,
    dense_mlp,
    experts,
    grouped,
    layer_count,
    layer_types,
    slides_everywhere,
    two_norms,
    windowed,
)
from lessonlib.roofline.keys import Keys
from lessonlib.roofline.model import FeedForward, Layers


def llama(keys: Keys) -> tuple[Layers, ...]:
    """Llama and Mistral: RMS norm, grouped-query attention, SwiGLU; Mistral may slide everywhere."""
    count = layer_count(keys)
    bias = keys.boolean("attention_bias", False)
    out = keys.boolean("attention_out_bias", bias)
    mixers = windowed(keys, slides_everywhere(keys, count), qkv_bias=bias, out_bias=out)
    mlp = dense_mlp(keys, bias=keys.boolean("mlp_bias", False))
    return grouped([(mixer, mlp) for mixer in mixers], two_norms(keys))


def llama_full(keys: Keys) -> tuple[Layers, ...]:
    """As Llama, with full attention in every layer whatever the config says of windows (Granite, GLM, SmolLM3)."""
    count = layer_count(keys)
    bias = keys.boolean("attention_bias", False)
    mixer = attention(keys, None, qkv_bias=bias, out_bias=keys.boolean("attention_out_bias", bias))
    mlp = dense_mlp(keys, bias=keys.boolean("mlp_bias", False))
    return grouped([(mixer, mlp)] * count, two_norms(keys))


def arcee(keys: Keys) -> tuple[Layers, ...]:
    """Arcee: Llama with a plain feed-forward (squared ReLU)."""
    bias = keys.boolean("attention_bias", False)
    mixer = attention(keys, None, qkv_bias=bias, out_bias=bias)
    mlp = dense_mlp(keys, gated=False, bias=keys.boolean("mlp_bias", False))
    return grouped([(mixer, mlp)] * layer_count(keys), two_norms(keys))


def nemotron(keys: Keys) -> tuple[Layers, ...]:
    """Nemotron 3 and 4: layer norms with biases, a plain feed-forward (squared ReLU)."""
    bias = keys.boolean("attention_bias", False)
    mixer = attention(keys, None, qkv_bias=bias, out_bias=bias)
    mlp = dense_mlp(keys, gated=False, bias=keys.boolean("mlp_bias", False))
    return grouped([(mixer, mlp)] * layer_count(keys), two_norms(keys, biased=True))


def apertus(keys: Keys) -> tuple[Layers, ...]:
    """Apertus: norms on queries and keys, a plain feed-forward whose activation has two learned numbers."""
    bias = keys.boolean("attention_bias", False)
    mixer = attention(keys, None, norms=True, qkv_bias=bias, out_bias=bias)
    return grouped([(mixer, dense_mlp(keys, gated=False))] * layer_count(keys), two_norms(keys) + 2)


def glm4(keys: Keys) -> tuple[Layers, ...]:
    """GLM-4: four norms a layer in the later version, biases on query, key and value where asked for."""
    norms = 2 if keys.values.get("model_type") == "glm" else 4
    mixer = attention(keys, None, qkv_bias=keys.boolean("attention_bias", False))
    return grouped([(mixer, dense_mlp(keys))] * layer_count(keys), norms * two_norms(keys) // 2)


def olmo(keys: Keys) -> tuple[Layers, ...]:
    """OLMo 1: norms without parameters."""
    bias = keys.boolean("attention_bias", False)
    mixer = attention(keys, None, qkv_bias=bias, out_bias=bias)
    return grouped([(mixer, dense_mlp(keys))] * layer_count(keys), 0)


def olmo2(keys: Keys) -> tuple[Layers, ...]:
    """OLMo 2 and 3: norms over all queries and over all keys; the third slides in three of four layers."""
    count = layer_count(keys)
    third = keys.values.get("model_type") == "olmo3"
    pattern = [SLIDING if third and (i + 1) % 4 else FULL for i in range(count)]
    bias = keys.boolean("attention_bias", False)
    plain = attention(keys)
    wide = (plain.heads + plain.kv_heads) * plain.head_dim
    types = layer_types(keys, count, pattern)
    mixers = windowed(keys, types, extra_vectors=wide, qkv_bias=bias, out_bias=bias)
    return grouped([(mixer, dense_mlp(keys)) for mixer in mixers], two_norms(keys))


def olmoe(keys: Keys) -> tuple[Layers, ...]:
    """OLMoE: norms over all queries and keys, experts in every layer."""
    plain = attention(keys)
    bias = keys.boolean("attention_bias", False)
    wide = (plain.heads + plain.kv_heads) * plain.head_dim
    mixer = attention(keys, None, extra_vectors=wide, qkv_bias=bias, out_bias=bias)
    return grouped([(mixer, experts(keys, "intermediate_size"))] * layer_count(keys), two_norms(keys))


def cohere(keys: Keys) -> tuple[Layers, ...]:
    """Command R: one norm for both blocks; R+ norms queries and keys of each head, R7B slides in three of four layers."""
    count = layer_count(keys)
    second = keys.values.get("model_type") == "cohere2"
    every = keys.integer("sliding_window_pattern", default=4)
    pattern = [SLIDING if second and (i + 1) % every else FULL for i in range(count)]
    bias = keys.boolean("attention_bias", False)
    plain = attention(keys)
    flags = {}
    if keys.boolean("use_qk_norm", False):
        flags = {"extra_vectors": (plain.heads + plain.kv_heads) * plain.head_dim}
    mixers = windowed(keys, layer_types(keys, count, pattern), qkv_bias=bias, out_bias=bias, **flags)
    return grouped([(mixer, dense_mlp(keys)) for mixer in mixers], two_norms(keys) // 2)


def falcon(keys: Keys) -> tuple[Layers, ...]:
    """Falcon: multi-query attention, or grouped in the new architecture; a plain feed-forward, blocks side by side."""
    hidden = keys.integer("hidden_size", "n_embed")
    bias = keys.boolean("bias", False)
    new = keys.boolean("new_decoder_architecture", False)
    heads = keys.integer("num_attention_heads", "n_head")
    one = keys.boolean("multi_query", True) and not new
    values = dict(keys.values) | ({"num_kv_heads": 1} if one else {})
    if not new and not one:
        values["num_kv_heads"] = heads
    mixer = attention(Keys(values, keys.where), None, kv_key="num_kv_heads", qkv_bias=bias, out_bias=bias)
    mlp = Mlp(keys.integer("ffn_hidden_size", default=4 * hidden), gated=False, bias=bias)
    parallel = keys.boolean("parallel_attn", True)
    norms = keys.integer("num_ln_in_parallel_attn", default=2 if new else 1)
    return grouped([(mixer, mlp)] * layer_count(keys), 2 * hidden * (norms if new or parallel else 2))


def phi(keys: Keys) -> tuple[Layers, ...]:
    """Phi-1 and Phi-2: biases everywhere, one norm for both blocks, a plain feed-forward."""
    if keys.boolean("qk_layernorm", False):
        raise keys.error("qk_layernorm", "norms on queries and keys are not known for this family")
    mixer = attention(keys, None, qkv_bias=True, out_bias=True)
    mlp = dense_mlp(keys, gated=False, bias=True)
    return grouped([(mixer, mlp)] * layer_count(keys), two_norms(keys, biased=True) // 2)


def phimoe(keys: Keys) -> tuple[Layers, ...]:
    """Phi-3.5-MoE: layer norms with biases, experts in every layer, windows everywhere where there is one."""
    count = layer_count(keys)
    bias = keys.boolean("attention_bias", False)
    mixers = windowed(keys, slides_everywhere(keys, count), qkv_bias=bias, out_bias=bias)
    mixture = experts(keys, "intermediate_size")
    return grouped([(mixer, mixture) for mixer in mixers], two_norms(keys, biased=True))


def gpt_neox(keys: Keys) -> tuple[Layers, ...]:
    """GPT-NeoX and Pythia: multi-head attention, a plain feed-forward, layer norms, all with biases."""
    bias = keys.boolean("attention_bias", True)
    mixer = attention(keys, None, qkv_bias=bias, out_bias=bias)
    mlp = dense_mlp(keys, gated=False, bias=True)
    return grouped([(mixer, mlp)] * layer_count(keys), two_norms(keys, biased=True))


def starcoder2(keys: Keys) -> tuple[Layers, ...]:
    """StarCoder2: layer norms with biases, a plain feed-forward, biases where asked for."""
    count = layer_count(keys)
    bias = keys.boolean("use_bias", True)
    mixers = windowed(keys, slides_everywhere(keys, count), qkv_bias=bias, out_bias=bias)
    mlp = dense_mlp(keys, gated=False, bias=bias)
    return grouped([(mixer, mlp) for mixer in mixers], two_norms(keys, biased=True))


def stablelm(keys: Keys) -> tuple[Layers, ...]:
    """StableLM: layer norms with biases; the 12B norms queries and keys and has one norm a layer."""
    plain = attention(keys, None, qkv_bias=keys.boolean("use_qkv_bias", False))
    mixer = plain
    if keys.boolean("qk_layernorm", False):
        wide = (plain.heads + plain.kv_heads) * plain.head_dim
        mixer = attention(keys, None, qkv_bias=plain.qkv_bias, extra_vectors=wide)
    single = keys.boolean("use_parallel_residual", False)
    norms = two_norms(keys, biased=True) // (2 if single else 1)
    return grouped([(mixer, dense_mlp(keys))] * layer_count(keys), norms)


def exaone4(keys: Keys) -> tuple[Layers, ...]:
    """EXAONE 4: norms on queries and keys and after each block; windows in three of four layers where there is one."""
    count = layer_count(keys)
    every = keys.values.get("sliding_window_pattern")
    if isinstance(every, str):
        raise keys.error("sliding_window_pattern", "give layer_types instead of a pattern of letters")
    step = keys.integer("sliding_window_pattern", default=4)
    slides = keys.has("sliding_window")
    pattern = [SLIDING if slides and (i + 1) % step else FULL for i in range(count)]
    mixers = windowed(keys, layer_types(keys, count, pattern), norms=True)
    return grouped([(mixer, dense_mlp(keys)) for mixer in mixers], two_norms(keys))


def ernie(keys: Keys) -> tuple[Layers, ...]:
    """ERNIE 4.5, dense."""
    bias = keys.boolean("use_bias", False)
    mixer = attention(keys, None, qkv_bias=bias, out_bias=bias)
    return grouped([(mixer, dense_mlp(keys, bias=bias))] * layer_count(keys), two_norms(keys))


def hunyuan(keys: Keys) -> tuple[Layers, ...]:
    """Hunyuan, dense: norms on queries and keys."""
    bias = keys.boolean("attention_bias", False)
    mixer = attention(keys, None, norms=True, qkv_bias=bias, out_bias=bias)
    return grouped([(mixer, dense_mlp(keys))] * layer_count(keys), two_norms(keys))


def mixtral(keys: Keys) -> tuple[Layers, ...]:
    """Mixtral: a mixture of experts in every layer."""
    count = layer_count(keys)
    mixers = windowed(keys, slides_everywhere(keys, count))
    return grouped([(mixer, experts(keys, "intermediate_size")) for mixer in mixers], two_norms(keys))


def granite_moe(keys: Keys) -> tuple[Layers, ...]:
    """Granite 3 MoE: experts in every layer, a shared one in the later version."""
    bias = keys.boolean("attention_bias", False)
    mixer = attention(keys, None, qkv_bias=bias, out_bias=bias)
    shared = keys.integer("shared_intermediate_size", default=0, least=0)
    mixture = experts(keys, "intermediate_size", shared_width=shared)
    return grouped([(mixer, mixture)] * layer_count(keys), two_norms(keys))


def gemma(keys: Keys) -> tuple[Layers, ...]:
    """Gemma 1 has two norms a layer; 2 and 3 have four, and windows in most layers; 3 norms queries and keys."""
    count = layer_count(keys)
    name = str(keys.values.get("model_type", ""))
    first, third = name == "gemma", name.startswith("gemma3")
    every = keys.integer("sliding_window_pattern", default=6 if third else 2)
    pattern = [FULL if first or (i + 1) % every == 0 else SLIDING for i in range(count)]
    mixers = windowed(
        keys,
        layer_types(keys, count, pattern),
        norms=third,
        qkv_bias=keys.boolean("attention_bias", False),
        out_bias=keys.boolean("attention_bias", False),
    )
    return grouped([(mixer, dense_mlp(keys)) for mixer in mixers], (1 if first else 2) * two_norms(keys))


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


def mimo(keys: Keys) -> tuple[Layers, ...]:
    """MiMo-7B: Llama's layers with biases on query, key and value."""
    mixer = attention(keys, None, qkv_bias=keys.boolean("attention_bias", True))
    feed: FeedForward = dense_mlp(keys)
    return grouped([(mixer, feed)] * layer_count(keys), two_norms(keys))
