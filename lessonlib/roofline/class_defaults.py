"""What a family's own configuration class says where a configuration says nothing, and its older names of keys."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from lessonlib.base.errors import LessonlibError, shown
from lessonlib.base.files import read_json
from lessonlib.base.paths import data_dir

#: Sizes that a configuration states itself, unless it stands within another one: such a part is saved as its difference
#: from the class. A size that is missing at the top is a damaged file, and no default may hide that.
_SIZES = frozenset(
    {
        *("hidden_size", "n_embed", "num_hidden_layers", "n_layer", "num_attention_heads", "n_head", "vocab_size"),
        *("intermediate_size", "dense_intermediate_size", "intermediate_size_mlp", "moe_intermediate_size"),
        *("shared_expert_intermediate_size", "shared_intermediate_size", "moe_shared_expert_intermediate_size"),
        *("num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts", "top_k_experts", "moe_k"),
        *("num_experts_per_tok", "num_experts_per_token", "experts_per_token", "n_shared_experts", "share_expert_dim"),
        *("kv_lora_rank", "q_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim"),
        *("index_n_heads", "index_head_dim", "index_topk", "o_groups", "o_lora_rank", "hidden_size_per_layer_input"),
        *("linear_num_key_heads", "linear_key_head_dim", "linear_num_value_heads", "linear_value_head_dim"),
        *("linear_conv_kernel_dim", "mamba_n_heads", "mamba_num_heads", "mamba_head_dim", "mamba_d_state"),
        *("ssm_state_size", "n_groups", "mamba_n_groups", "conv_kernel", "mamba_d_conv", "mamba_d_ssm"),
        *("sliding_window", "max_position_embeddings", "num_kv_shared_layers", "moe_latent_size"),
    }
)


@cache
def _document() -> Mapping[str, Any]:
    document: Mapping[str, Any] = read_json(data_dir() / "model_defaults.json")
    return document


def text_type(outer: object) -> str | None:
    """model_type of the language model inside a configuration of that type, where its class says so."""
    found = _document()["text"].get(outer) if isinstance(outer, str) else None
    return str(found) if found else None


def _same_names(values: dict[str, Any], renamed: Mapping[str, str], where: str) -> None:
    """Give each key that goes by two names both of them. Raises LessonlibError where they disagree."""
    for old, new in renamed.items():
        first, second = values.get(old), values.get(new)
        if first is not None and second is not None and first != second:
            raise LessonlibError(
                f"{where}: {old}: {shown(first)} and {new} {shown(second)} are one key with two values"
            )
        if second is not None or new in values:
            values.setdefault(old, second)
        elif old in values:
            values[new] = first


def completed(
    values: Mapping[str, Any], family: str, nested: bool, where: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The keys under all their names with the class's defaults for those left out, and the sizes that were filled in."""
    known = _document()["families"].get(family, {"defaults": {}, "renamed": {}})
    found = dict(values)
    _same_names(found, known["renamed"], where)
    left_out = {
        key: value
        for key, value in known["defaults"].items()
        if key not in found and value is not None and (nested or key not in _SIZES)
    }
    found |= left_out
    _same_names(found, known["renamed"], where)
    return found, {key: value for key, value in left_out.items() if key in _SIZES}
