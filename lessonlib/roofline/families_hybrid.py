"""Families that mix attention with state spaces, linear attention or convolutions, and layers of one block each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lessonlib.roofline.blocks import Experts, LatentAttention, Mlp
from lessonlib.roofline.family_tools import (
    FULL,
    LINEAR,
    attention,
    dense_first,
    dense_mlp,
    experts,
    grouped,
    layer_count,
    two_norms,
)
from lessonlib.roofline.feed_forwards import NO_FEED_FORWARD, NarrowExperts
from lessonlib.roofline.keys import Keys
from lessonlib.roofline.model import FeedForward, Layers, Mixer
from lessonlib.roofline.state_space import NO_MIXER, KimiDelta, LightningAttention, Mamba2, ShortConvolution

_BLOCKS = {"M": "mamba", "*": "attention", "-": "mlp", "E": "moe"}
_SAME = {LINEAR: "mamba", FULL: "attention"}
_MOST_BLOCKS = 10_000


def _paired(blocks: Sequence[tuple[Mixer | None, FeedForward | None]], hidden: int) -> tuple[Layers, ...]:
    """Layers from blocks that stand alone: a mixer and the feed-forward after it together, each with its norm."""
    pairs: list[tuple[Mixer, FeedForward]] = []
    for mixer, feed in blocks:
        if mixer is not None:
            pairs.append((mixer, NO_FEED_FORWARD))
        elif feed is not None and pairs and pairs[-1][1] is NO_FEED_FORWARD:
            pairs[-1] = (pairs[-1][0], feed)
        elif feed is not None:
            pairs.append((NO_MIXER, feed))
    found = []
    for pair in dict.fromkeys(pairs):
        norms = hidden * ((pair[0] is not NO_MIXER) + (pair[1] is not NO_FEED_FORWARD))
        found.append(Layers(pairs.count(pair), *pair, norm_parameters=norms))
    return tuple(found)


def _pattern(keys: Keys) -> list[str]:
    """Kinds of the blocks: from the list, or from the letters of older configs."""
    listed = keys.values.get("layers_block_type")
    letters = keys.values.get("hybrid_override_pattern")
    kinds: list[str] = []
    wrong = False
    if isinstance(listed, list):
        kinds = [_SAME.get(item, item) for item in listed if isinstance(item, str)]
        wrong = len(kinds) != len(listed) or bool(set(kinds) - set(_BLOCKS.values()))
        key = "layers_block_type"
    else:
        key = "hybrid_override_pattern"
        wrong = not isinstance(letters, str) or bool(set(letters) - set(_BLOCKS))
        kinds = [] if wrong else [_BLOCKS[letter] for letter in str(letters)]
    if wrong or not 0 < len(kinds) <= _MOST_BLOCKS:
        raise keys.error(key, "missing or with unknown blocks: expected mamba, attention, mlp or moe for each layer")
    return kinds


def _mamba(keys: Keys, heads: str, head_dim: int, groups: str, state: str, kernel: str, **flags: Any) -> Mamba2:
    return Mamba2(
        key_heads=keys.integer(groups),
        key_dim=keys.integer(state),
        value_heads=keys.integer(heads),
        value_dim=head_dim,
        kernel=keys.integer(kernel),
        **flags,
    )


def nemotron_h(keys: Keys) -> tuple[Layers, ...]:
    """Nemotron-H and Nemotron 3: Mamba-2, a few attention layers, plain feed-forwards or experts (squared ReLU)."""
    hidden = keys.integer("hidden_size")
    kinds = _pattern(keys)
    values = dict(keys.values)
    if "attention_head_dim" in values:  # older name
        values["head_dim"] = values["attention_head_dim"]
    made: dict[str, tuple[Mixer | None, FeedForward | None]] = {}
    for kind in dict.fromkeys(kinds):
        if kind == "mamba":
            bias, conv = keys.boolean("use_bias", False), keys.boolean("use_conv_bias", True)
            dim = keys.integer("mamba_head_dim")
            shape = ("mamba_num_heads", dim, "n_groups", "ssm_state_size", "conv_kernel")
            made[kind] = (_mamba(keys, *shape, conv_bias=conv, bias=bias), None)
        elif kind == "attention":
            bias = keys.boolean("attention_bias", False)
            made[kind] = (attention(Keys(values, keys.where), None, qkv_bias=bias, out_bias=bias), None)
        elif kind == "mlp":
            made[kind] = (None, dense_mlp(keys, gated=False, bias=keys.boolean("mlp_bias", False)))
        else:
            mixture = experts(
                keys,
                "moe_intermediate_size",
                kind=NarrowExperts,
                shared_width=keys.integer("moe_shared_expert_intermediate_size", default=0, least=0),
                router_bias=True,
                latent=keys.integer("moe_latent_size", default=0, least=0),
            )
            made[kind] = (None, mixture)
    return _paired([made[kind] for kind in kinds], hidden)


def _granite_feed(keys: Keys) -> FeedForward:
    """A shared feed-forward, and experts where there are any."""
    shared = keys.integer("shared_intermediate_size")
    if not keys.integer("num_local_experts", "num_experts", default=0, least=0):
        return Mlp(shared)
    return experts(keys, "intermediate_size", shared_width=shared)


def _head_dim(keys: Keys, inner: int) -> int:
    """Width of a Mamba head, "auto" or stated."""
    heads = keys.integer("mamba_n_heads")
    stated = keys.values.get("mamba_d_head")
    if stated not in (None, "auto"):
        found: int = keys.integer("mamba_d_head")
        return found
    keys.divides("mamba_n_heads", heads, "the inner width", inner)
    return inner // int(heads)


def _listed_types(keys: Keys, count: int, default: Sequence[str]) -> list[str]:
    names = frozenset({"mamba", "attention", LINEAR, FULL})
    name = "layers_block_type" if keys.has("layers_block_type") else "layer_types"
    found = keys.strings(name, names, count) or tuple(default)
    return [_SAME.get(kind, kind) for kind in found]


def _mamba_or_attention(keys: Keys, default: str | None, feed: FeedForward) -> tuple[Layers, ...]:
    count, hidden = layer_count(keys), keys.integer("hidden_size")
    pattern = [default] * count if default else []
    indices = keys.integers("attn_layer_indices")
    if indices:
        pattern = ["attention" if i in indices else "mamba" for i in range(count)]
    types = _listed_types(keys, count, [kind for kind in pattern if kind])
    if len(types) != count:
        raise keys.error("layer_types", f"missing: mamba or attention for each of the {count} layers")
    inner = keys.integer("mamba_expand", default=2) * hidden
    shape = ("mamba_n_heads", _head_dim(keys, inner), "mamba_n_groups", "mamba_d_state", "mamba_d_conv")
    conv, projections = keys.boolean("mamba_conv_bias", True), keys.boolean("mamba_proj_bias", False)
    bias = keys.boolean("attention_bias", False)
    made: dict[str, Mixer] = {"mamba": _mamba(keys, *shape, conv_bias=conv, bias=projections)}
    if "attention" in types:
        made["attention"] = attention(keys, None, qkv_bias=bias, out_bias=bias)
    return grouped([(made[kind], feed) for kind in types], two_norms(keys))


def granite_hybrid(keys: Keys) -> tuple[Layers, ...]:
    """Granite 4: Mamba-2 or attention in each layer, a shared feed-forward, experts in some models."""
    return _mamba_or_attention(keys, "mamba", _granite_feed(keys))


def bamba(keys: Keys) -> tuple[Layers, ...]:
    """Bamba: Mamba-2 with attention in a few layers, a plain gated feed-forward."""
    return _mamba_or_attention(keys, "mamba", dense_mlp(keys, bias=keys.boolean("mlp_bias", False)))


def falcon_h1(keys: Keys) -> tuple[Layers, ...]:
    """Falcon-H1: Mamba-2 beside attention in every layer; here the two stand as layer groups of their own."""
    count, hidden = layer_count(keys), keys.integer("hidden_size")
    inner = keys.integer("mamba_d_ssm", default=keys.integer("mamba_expand", default=2) * hidden)
    shape = ("mamba_n_heads", _head_dim(keys, inner), "mamba_n_groups", "mamba_d_state", "mamba_d_conv")
    conv, norm = keys.boolean("mamba_conv_bias", True), keys.boolean("mamba_rms_norm", False)
    mamba = _mamba(keys, *shape, conv_bias=conv, bias=keys.boolean("mamba_proj_bias", False), norm=norm)
    bias = keys.boolean("attention_bias", False)
    mixer = attention(keys, None, qkv_bias=bias, out_bias=bias)
    mlp = dense_mlp(keys, bias=keys.boolean("mlp_bias", False))
    return (*grouped([(mamba, NO_FEED_FORWARD)] * count, 0), *grouped([(mixer, mlp)] * count, two_norms(keys)))


def minimax(keys: Keys) -> tuple[Layers, ...]:
    """MiniMax-01: lightning attention with softmax attention in every eighth layer, experts in every layer."""
    count = layer_count(keys)
    listed = keys.strings("layer_types", frozenset({FULL, LINEAR}), count)
    flags = keys.integers("attn_type_list")
    if not listed and len(flags) == count:
        listed = tuple(FULL if flag else LINEAR for flag in flags)
    if not listed:
        raise keys.error("layer_types", f"missing: the kind of attention of each of the {count} layers")
    full = attention(keys)
    linear = LightningAttention(full.heads, full.head_dim, full.heads, full.head_dim, 1)
    mixture = experts(keys, "intermediate_size")
    mixers: list[Mixer] = [full if kind == FULL else linear for kind in listed]
    return grouped([(mixer, mixture) for mixer in mixers], two_norms(keys))


#: Keys of Kimi K3 that change shapes which its configuration alone does not tell.
_UNKNOWN_KIMI = ("attn_res_block_size", "routed_expert_hidden_size", "mla_use_output_gate")


def kimi_linear(keys: Keys) -> tuple[Layers, ...]:
    """Kimi Linear: Kimi delta attention with latent attention in every fourth layer, routed and shared experts."""
    unknown = [name for name in _UNKNOWN_KIMI if keys.values.get(name)]
    if unknown:
        raise keys.error(
            "model_type",
            f"kimi_linear with {', '.join(unknown)} (Kimi K3): no rule for the shapes of its residuals, gates and "
            "narrow experts; known: Kimi Linear, Kimi K2",
        )
    count = layer_count(keys)
    table = keys.table("linear_attn_config")
    types = keys.strings("layer_types", frozenset({FULL, LINEAR}), count)
    full_layers = set(table.integers("full_attn_layers"))  # counted from 1
    kinds = types or tuple(FULL if i + 1 in full_layers else LINEAR for i in range(count))
    heads = table.integer("num_heads", default=keys.integer("linear_num_heads", default=32))
    dim = table.integer("head_dim", default=keys.integer("linear_head_dim", default=128))
    kernel = table.integer("short_conv_kernel_size", default=keys.integer("linear_conv_kernel_dim", default=4))
    linear = KimiDelta(heads, dim, heads, dim, kernel)
    latent = LatentAttention(
        heads=keys.integer("num_attention_heads"),
        q_rank=keys.integer("q_lora_rank", default=None),
        kv_rank=keys.integer("kv_lora_rank"),
        nope_dim=keys.integer("qk_nope_head_dim"),
        rope_dim=keys.integer("qk_rope_head_dim"),
        value_dim=keys.integer("v_head_dim"),
    )
    width = keys.integer("moe_intermediate_size")
    shared = keys.integer("num_shared_experts", "n_shared_experts", default=1, least=0)
    mixture: Experts = experts(keys, "moe_intermediate_size", shared_width=shared * width, router_bias=True)
    feeds = dense_first(keys, count, mixture)
    mixers: list[Mixer] = [latent if kind == FULL else linear for kind in kinds]
    return grouped(list(zip(mixers, feeds, strict=True)), two_norms(keys))


def _adjusted(keys: Keys) -> int:
    """LFM2's feed-forward width: two thirds of the stated one, rounded up, where the config says so."""
    width: int = keys.integer("intermediate_size", "block_ff_dim")
    if not keys.boolean("block_auto_adjust_ff_dim", True):
        return width
    block = keys.integer("block_multiple_of", default=256)
    return int(block * -(-(2 * width // 3) // block))


def lfm2(keys: Keys) -> tuple[Layers, ...]:
    """LFM2: short convolutions with attention in a few layers."""
    count, hidden = layer_count(keys), keys.integer("hidden_size")
    types = keys.strings("layer_types", frozenset({"conv", FULL}), count)
    chosen = set(keys.integers("full_attn_idxs"))
    kinds = types or tuple(FULL if i in chosen else "conv" for i in range(count))
    bias = keys.boolean("conv_bias", False)
    conv = ShortConvolution(0, 0, 0, 0, keys.integer("conv_L_cache", default=3), width=hidden, bias=bias)
    full = attention(keys, None, norms=True)
    mixers: list[Mixer] = [full if kind == FULL else conv for kind in kinds]
    return grouped([(mixer, Mlp(_adjusted(keys))) for mixer in mixers], two_norms(keys))


def nemotron_nas(keys: Keys) -> tuple[Layers, ...]:
    """Nemotron Super and Ultra (a pruned Llama): attention or feed-forward left out of some layers, widths of their own."""
    count, hidden = layer_count(keys), keys.integer("hidden_size")
    listed = keys.values.get("block_configs")
    if not isinstance(listed, list) or len(listed) != count:
        raise keys.error("block_configs", f"expected a list of {count} blocks")
    blocks: list[tuple[Mixer | None, FeedForward | None]] = []
    for i, item in enumerate(listed):
        block = Keys(item if isinstance(item, dict) else {}, f"{keys.where}: block_configs[{i}]")
        mixing, feeding = block.table("attention"), block.table("ffn")
        for part in (mixing, feeding):
            if part.boolean("replace_with_linear", False):
                raise part.error("replace_with_linear", "a block replaced by one matrix is not known here")
        if not mixing.boolean("no_op", False):
            heads, share = keys.integer("num_attention_heads"), mixing.integer("n_heads_in_group")
            block.divides("n_heads_in_group", share, "num_attention_heads", heads)
            own = Keys(dict(keys.values) | {"num_key_value_heads": heads // share}, keys.where)
            blocks.append((attention(own), None))
        if not feeding.boolean("no_op", False):
            blocks.append((None, Mlp(_multiplied(feeding, hidden))))
    if not blocks:
        raise keys.error("block_configs", "no layer has any block")
    return _paired(blocks, hidden)


def _multiplied(keys: Keys, hidden: int) -> int:
    """Width of a feed-forward from its multiple of the hidden size: two thirds of twice that, rounded up to 256."""
    if keys.has("intermediate_size"):
        width: int = keys.integer("intermediate_size")
        return width
    factor = keys.values.get("ffn_mult")
    if isinstance(factor, bool) or not isinstance(factor, (int, float)) or not 0 < factor < 1000:
        raise keys.error("ffn_mult", "expected a number above 0")
    return 256 * -(-int(2 * factor * hidden / 3) // 256)
