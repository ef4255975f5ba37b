"""Families of mixtures of experts, and Gemma's later members with their own odd shapes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lessonlib.roofline.attention_kinds import (
    CompressedPast,
    IndexedAttention,
    SharedKeyAttention,
    SparseLatentAttention,
)
from lessonlib.roofline.blocks import Attention, Experts, LatentAttention, Mlp
from lessonlib.roofline.family_tools import (
    FULL,
    SLIDING,
    attention,
    dense_first,
    experts,
    grouped,
    layer_count,
    layer_types,
    two_norms,
)
from lessonlib.roofline.feed_forwards import NO_FEED_FORWARD, Projections, SideMlp
from lessonlib.roofline.keys import Keys
from lessonlib.roofline.model import FeedForward, Layers, Mixer
from lessonlib.roofline.state_space import NO_MIXER

CHUNKED = "chunked_attention"


def _latent_shapes(keys: Keys) -> dict[str, Any]:
    return {
        "heads": keys.integer("num_attention_heads"),
        "q_rank": keys.integer("q_lora_rank", default=None),
        "kv_rank": keys.integer("kv_lora_rank"),
        "nope_dim": keys.integer("qk_nope_head_dim"),
        "rope_dim": keys.integer("qk_rope_head_dim"),
        "value_dim": keys.integer("v_head_dim"),
    }


def _routed(keys: Keys, biased: bool) -> Experts:
    """Routed experts beside `n_shared_experts` shared ones of the same width."""
    width = keys.integer("moe_intermediate_size")
    shared = keys.integer("n_shared_experts", "num_shared_experts", default=0, least=0) * width
    return experts(keys, "moe_intermediate_size", shared_width=shared, router_bias=biased)


def deepseek(keys: Keys) -> tuple[Layers, ...]:
    """DeepSeek-V2 and V3, Kimi K2: latent attention, a few dense layers, then routed and shared experts."""
    count = layer_count(keys)
    biased = keys.values.get("topk_method") == "noaux_tc"
    mixer = LatentAttention(**_latent_shapes(keys))
    feeds = dense_first(keys, count, _routed(keys, biased))
    return grouped([(mixer, feed) for feed in feeds], two_norms(keys))


def deepseek_sparse(keys: Keys) -> tuple[Layers, ...]:
    """DeepSeek-V3.2 and GLM-5: latent attention over the best positions; an indexer of its own, or an earlier layer's."""
    count = layer_count(keys)
    shapes = _latent_shapes(keys) | {
        "index_heads": keys.integer("index_n_heads"),
        "index_dim": keys.integer("index_head_dim"),
        "top_k": keys.integer("index_topk"),
    }
    types = keys.strings("indexer_types", frozenset({"full", "shared"}), count) or ("full",) * count
    mixers = [SparseLatentAttention(**shapes, own_index=kind == "full") for kind in types]
    feeds = dense_first(keys, count, _routed(keys, True))
    return grouped(list(zip(mixers, feeds, strict=True)), two_norms(keys))


_RATIOS = {SLIDING: 0, "compressed_sparse_attention": 4, "heavily_compressed_attention": 128}


def _compression(keys: Keys, count: int) -> tuple[int, ...]:
    """Positions that one compressed vector stands for, layer by layer (0: no far past)."""
    listed = keys.strings("layer_types", frozenset(_RATIOS), count)
    if listed:
        return tuple(_RATIOS[kind] for kind in listed)
    ratios = keys.integers("compress_ratios")
    extra = keys.integer("num_nextn_predict_layers", default=0, least=0)
    if len(ratios) not in (count, count + extra):
        raise keys.error("compress_ratios", f"expected a number for each of the {count} layers, not {len(ratios)}")
    if any(ratio not in (0, 4, 128) for ratio in ratios):
        raise keys.error("compress_ratios", "expected 0, 4 or 128 for each layer")
    return ratios[:count]


def deepseek_v4(keys: Keys) -> tuple[Layers, ...]:
    """DeepSeek-V4: a window of shared keys, a compressed far past, hyper-connections, experts in every layer.

    The far past of a layer stands as a layer group of its own, without a feed-forward.
    """
    count = layer_count(keys)
    hidden, streams = keys.integer("hidden_size"), keys.integer("hc_mult", default=4)
    heads, head_dim = keys.integer("num_attention_heads"), keys.integer("head_dim")
    rank, groups = keys.integer("q_lora_rank"), keys.integer("o_groups")
    keys.divides("o_groups", groups, "num_attention_heads x head_dim", heads * head_dim)
    near = SharedKeyAttention(
        heads,
        1,
        head_dim,
        keys.integer("sliding_window"),
        q_rank=rank,
        out_groups=groups,
        out_rank=keys.integer("o_lora_rank"),
        extra_vectors=2 * (streams * (streams + 2) * (streams * hidden + 1) + 3),
    )
    far = {
        4: CompressedPast(
            heads,
            1,
            head_dim,
            ratio=4,
            overlap=2,
            q_rank=rank,
            index_heads=keys.integer("index_n_heads"),
            index_dim=keys.integer("index_head_dim"),
            top_k=keys.integer("index_topk"),
        ),
        128: CompressedPast(heads, 1, head_dim, ratio=128),
    }
    ratios = _compression(keys, count)
    found = grouped([(near, _routed(keys, True))] * count, two_norms(keys))
    return found + grouped([(far[ratio], NO_FEED_FORWARD) for ratio in ratios if ratio], 0)


def glm4_moe(keys: Keys) -> tuple[Layers, ...]:
    """GLM-4.5 and dots.llm1: grouped-query attention, a few dense layers, then routed and shared experts."""
    count = layer_count(keys)
    dots = keys.values.get("model_type") == "dots1"
    bias = keys.boolean("attention_bias", False)
    norms = True if dots else keys.boolean("use_qk_norm", False)
    mixer = attention(keys, None, norms=norms, qkv_bias=bias, out_bias=bias and dots)
    feeds = dense_first(keys, count, _routed(keys, True))
    return grouped([(mixer, feed) for feed in feeds], two_norms(keys))


def ernie_moe(keys: Keys) -> tuple[Layers, ...]:
    """ERNIE 4.5 MoE: plain feed-forwards outside a range of layers, routed and shared experts inside it."""
    count = layer_count(keys)
    bias = keys.boolean("use_bias", False)
    mixer = attention(keys, None, qkv_bias=bias, out_bias=bias)
    for key in ("moe_num_experts", "moe_k", "moe_intermediate_size"):
        keys.integer(key)
    total, active, width = (keys.integer(key) for key in ("moe_num_experts", "moe_k", "moe_intermediate_size"))
    if active > total:
        raise keys.error("moe_k", f"{active} is more than the {total} experts")
    shared = keys.integer("moe_num_shared_experts", default=0, least=0)
    mixture = Experts(total, active, width, shared_width=shared * width, router_bias=True)
    first = keys.integer("moe_layer_start_index", default=1, least=0)
    last = keys.integer("moe_layer_end_index", default=-1, least=-1)
    step = keys.integer("moe_layer_interval", default=1)
    last = count - 1 if last < 0 else last
    sparse = [first <= i <= last and (i + 1) % step == 0 for i in range(count)]
    plain = Mlp(keys.integer("intermediate_size"), bias=bias)
    return grouped([(mixer, mixture if flag else plain) for flag in sparse], two_norms(keys))


def minimax_m2(keys: Keys) -> tuple[Layers, ...]:
    """MiniMax-M2: grouped-query attention with norms over all queries and keys, experts in every layer."""
    count = layer_count(keys)
    if any(kind != 1 for kind in keys.integers("attn_type_list")):
        raise keys.error("attn_type_list", "lightning attention is not part of this family: its model_type is minimax")
    plain = attention(keys)
    mixer: Mixer = plain
    if keys.boolean("use_qk_norm", True):
        wide = (plain.heads + plain.kv_heads) * plain.head_dim
        per_head = keys.values.get("qk_norm_type") == "per_head"
        mixer = attention(keys, None, norms=True) if per_head else attention(keys, None, extra_vectors=wide)
    shared = keys.integer("shared_intermediate_size", default=0, least=0)
    mixture = experts(keys, "intermediate_size", shared_width=shared, router_bias=True)
    return grouped([(mixer, mixture)] * count, two_norms(keys))


def minimax_m3(keys: Keys) -> tuple[Layers, ...]:
    """MiniMax-M3: attention over the best blocks after a few full layers; a few dense layers, then shared experts too."""
    count = layer_count(keys)
    sparse = keys.table("sparse_attention_config")
    flags = sparse.integers("sparse_attention_freq")
    listed = keys.strings("layer_types", frozenset({FULL, "minimax_m3_sparse"}), count)
    if listed:
        flags = tuple(int(kind != FULL) for kind in listed)
    if len(flags) != count:
        raise sparse.error("sparse_attention_freq", f"expected a number for each of the {count} layers")
    full = attention(keys, None, norms=keys.boolean("use_qk_norm", True))
    block = sparse.integer("sparse_block_size", default=keys.integer("index_block_size", default=128))
    indexed = IndexedAttention(
        full.heads,
        full.kv_heads,
        full.head_dim,
        norms=full.norms,
        index_heads=sparse.integer("sparse_num_index_heads", default=keys.integer("index_n_heads", default=4)),
        index_dim=sparse.integer("sparse_index_dim", default=keys.integer("index_head_dim", default=128)),
        chosen=block * sparse.integer("sparse_topk_blocks", default=keys.integer("index_topk_blocks", default=16)),
    )
    shared = keys.integer("shared_intermediate_size", default=0, least=0)
    mixture = experts(keys, "intermediate_size", shared_width=shared, router_bias=True)
    plain = Mlp(keys.integer("dense_intermediate_size"))
    dense = dense_first(Keys(dict(keys.values) | {"intermediate_size": plain.width}, keys.where), count, mixture)
    mixers = [indexed if flag else full for flag in flags]
    return grouped(list(zip(mixers, dense, strict=True)), two_norms(keys))


def llama4(keys: Keys) -> tuple[Layers, ...]:
    """Llama 4: attention within chunks in three of four layers, experts beside a shared one in every layer or every other.

    A chunk counts as a window of its width: a token sees at most so many positions.
    """
    count = layer_count(keys)
    rope = keys.integers("no_rope_layers") or tuple(int((i + 1) % 4 != 0) for i in range(count))
    if len(rope) != count:
        raise keys.error("no_rope_layers", f"expected a number for each of the {count} layers, not {len(rope)}")
    default = [CHUNKED if flag else FULL for flag in rope]
    types = keys.strings("layer_types", frozenset({FULL, CHUNKED}), count) or default
    chunk = keys.integer("attention_chunk_size", default=None)
    bias = keys.boolean("attention_bias", False)
    mixers = [attention(keys, chunk if kind == CHUNKED else None, qkv_bias=bias, out_bias=bias) for kind in types]
    step = keys.integer("interleave_moe_layer_step", default=1)
    sparse = set(keys.integers("moe_layers")) or {i for i in range(count) if (i + 1) % step == 0}
    mixture = experts(keys, "intermediate_size", shared_width=keys.integer("intermediate_size"))
    plain = Mlp(keys.integer("intermediate_size_mlp"))
    feeds: list[FeedForward] = [mixture if i in sparse else plain for i in range(count)]
    return grouped(list(zip(mixers, feeds, strict=True)), two_norms(keys))


def step3(keys: Keys) -> tuple[Layers, ...]:
    """Step-3.5 and 3.7: windows in three of four layers, a gate a head, a few dense layers, then routed and shared experts."""
    count = layer_count(keys)
    extra = keys.integer("num_nextn_predict_layers", default=0, least=0)
    values = dict(keys.values)
    for name in ("layer_types", "mlp_layer_types"):  # some configs list the prediction layers too
        if isinstance(values.get(name), list) and len(values[name]) == count + extra:
            values[name] = values[name][:count]
    keys = Keys(values, keys.where)
    types = layer_types(keys, count, [FULL] * count)
    heads = keys.integer("num_attention_heads")
    many = keys.integer("num_sliding_attention_heads", default=heads)
    window = keys.integer("sliding_window") if SLIDING in types else None
    bias = keys.boolean("attention_bias", False)
    flags: dict[str, Any] = {"norms": True, "qkv_bias": bias, "out_bias": bias}
    sliding = Keys(dict(keys.values) | {"num_attention_heads": many}, keys.where)
    kinds = {
        FULL: attention(keys, None, gate_width=heads, **flags),
        SLIDING: attention(sliding, window, gate_width=many, **flags),
    }
    if set(types) - set(kinds):
        raise keys.error("layer_types", "linear attention is not part of this family")
    shared = keys.integer("share_expert_dim", default=0, least=0)
    biased = keys.boolean("use_moe_router_bias", True)
    mixture = experts(keys, "moe_intermediate_size", shared_width=shared, router_bias=biased)
    feeds = dense_first(keys, count, mixture)
    return grouped([(kinds[kind], feed) for kind, feed in zip(types, feeds, strict=True)], two_norms(keys))


def mimo_v2(keys: Keys) -> tuple[Layers, ...]:
    """MiMo-V2-Flash: windows with sinks in five of six layers, values narrower than keys, experts after one dense layer."""
    count = layer_count(keys)
    flags = keys.integers("hybrid_layer_pattern")
    listed = keys.strings("layer_types", frozenset({FULL, SLIDING}), count)
    if listed:
        flags = tuple(int(kind == SLIDING) for kind in listed)
    if len(flags) != count:
        raise keys.error("hybrid_layer_pattern", f"expected a number for each of the {count} layers, not {len(flags)}")
    bias = keys.boolean("attention_bias", False)
    near_keys = dict(keys.values)
    for name in ("num_attention_heads", "num_key_value_heads", "head_dim", "v_head_dim"):
        other = "swa_v_head_dim" if name == "v_head_dim" else f"swa_{name}"
        if keys.has(other):
            near_keys[name] = keys.values[other]
    near_set = Keys(near_keys, keys.where)
    full = attention(keys, None, value_dim=keys.integer("v_head_dim"), qkv_bias=bias)
    near = attention(
        near_set,
        keys.integer("sliding_window"),
        value_dim=near_set.integer("v_head_dim"),
        qkv_bias=bias,
        sinks=keys.boolean("add_swa_attention_sink_bias", True),
    )
    feeds = dense_first(keys, count, _routed(keys, True))
    mixers = [near if flag else full for flag in flags]
    return grouped(list(zip(mixers, feeds, strict=True)), two_norms(keys))


def per_layer_lookup(values: Mapping[str, Any], keys: Keys) -> int:
    """Parameters of the embeddings that each layer of Gemma 3n and 4 looks up for itself."""
    if not str(values.get("model_type", "")).startswith(("gemma3n", "gemma4")):
        return 0
    width = keys.integer("hidden_size_per_layer_input", default=0, least=0)
    if not width:
        return 0
    vocabulary: int = keys.integer("vocab_size_per_layer_input", "vocab_size")
    return vocabulary * int(width) * layer_count(keys)


def _widths(keys: Keys, count: int) -> tuple[int, ...]:
    """Width of the feed-forward, one for all layers or one for each."""
    if not isinstance(keys.values.get("intermediate_size"), list):
        return (keys.integer("intermediate_size"),) * count
    widths = keys.integers("intermediate_size")
    if len(widths) != count or any(not 0 < width <= 10**9 for width in widths):
        raise keys.error("intermediate_size", f"expected a width above 0 for each of the {count} layers")
    return widths


def _shared_caches(keys: Keys, count: int) -> int:
    """First layer that uses the keys and values of an earlier one."""
    shared = keys.integer("num_kv_shared_layers", default=0, least=0)
    if shared >= count:
        raise keys.error("num_kv_shared_layers", f"{shared} of {count} layers leave none that keeps a cache")
    return count - int(shared)


def gemma3n(keys: Keys) -> tuple[Layers, ...]:
    """Gemma 3n: windows in four of five layers, late layers share a cache, four streams, embeddings for each layer."""
    count = layer_count(keys)
    hidden, narrow = keys.integer("hidden_size"), keys.integer("hidden_size_per_layer_input")
    types = layer_types(keys, count, [FULL if (i + 1) % 5 == 0 else SLIDING for i in range(count)])
    window, first = keys.integer("sliding_window"), _shared_caches(keys, count)
    streams = keys.integer("altup_num_inputs", default=4)
    small = 4 * hidden + streams * hidden + streams**2 + streams**3  # two norms, AltUp's scale, norm, router, mixing
    pairs: list[tuple[Mixer, FeedForward]] = []
    for i, (kind, width) in enumerate(zip(types, _widths(keys, count), strict=True)):
        reach = window if kind == SLIDING else None
        flags: dict[str, Any] = {"shared_cache": True} if i >= first else {}
        mixer = attention(keys, reach, norms=True, **flags)
        feed = SideMlp(width, per_layer=narrow, laurel=keys.integer("laurel_rank", default=64), extra_vectors=small)
        pairs.append((mixer, feed))
    outside = Projections(0, outputs=(count * narrow, *(hidden,) * (2 * (streams - 1))))
    return (*grouped(pairs, 2 * two_norms(keys)), Layers(1, NO_MIXER, outside, norm_parameters=narrow))


def _gemma4_attention(keys: Keys, kind: str, shared: bool) -> Attention:
    bias = keys.boolean("attention_bias", False)
    flags: dict[str, Any] = {"norms": True, "qkv_bias": bias, "out_bias": bias}
    if shared:
        flags["shared_cache"] = True
    if kind == SLIDING:
        return attention(keys, keys.integer("sliding_window"), **flags)
    changed = {"head_dim": keys.integer("global_head_dim", default=512)}
    if keys.boolean("attention_k_eq_v", False):
        flags["keys_are_values"] = True
        kv_heads = keys.integer("num_key_value_heads")
        changed["num_key_value_heads"] = keys.integer("num_global_key_value_heads", default=kv_heads)
    return attention(Keys(dict(keys.values) | changed, keys.where), None, **flags)


def gemma4(keys: Keys) -> tuple[Layers, ...]:
    """Gemma 4: windows in most layers, wider heads in the rest; experts beside the feed-forward in the mixture."""
    count = layer_count(keys)
    hidden, narrow = keys.integer("hidden_size"), keys.integer("hidden_size_per_layer_input", default=0, least=0)
    types = list(layer_types(keys, count, [FULL if (i + 1) % 6 == 0 else SLIDING for i in range(count)]))
    types[-1] = FULL
    first = _shared_caches(keys, count)
    mixture = keys.boolean("enable_moe_block", False)
    doubled = keys.boolean("use_double_wide_mlp", False)
    norms = 2 * two_norms(keys) + (4 * hidden if mixture else 0)  # and the scale of the router's input
    pairs: list[tuple[Mixer, FeedForward]] = []
    for i, (kind, width) in enumerate(zip(types, _widths(keys, count), strict=True)):
        mixer = _gemma4_attention(keys, kind, i >= first)
        wide = width * (2 if doubled and i >= first else 1)
        if mixture:
            pairs.append((mixer, experts(keys, "moe_intermediate_size", shared_width=wide, router_bias=True)))
        elif narrow:
            pairs.append((mixer, SideMlp(wide, per_layer=narrow, extra_vectors=hidden)))
        else:
            pairs.append((mixer, Mlp(wide)))
    found = grouped(pairs, norms)
    if mixture and narrow:
        raise keys.error("hidden_size_per_layer_input", "embeddings for each layer beside experts are not known here")
    if not narrow:
        return found
    return (*found, Layers(1, NO_MIXER, Projections(0, outputs=(count * narrow,)), norm_parameters=narrow))
