"""From a config.json to the bytes that one more token keeps: the engine, the configurations that it is tried on, and slips.

Every function but `kv_cases` takes the parsed configuration of a text model, in 16 bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lessonlib.base.files import read_json
from lessonlib.base.paths import data_dir
from lessonlib.roofline import DEFAULT_LAB, Lab, System, kv_bytes_per_token, load_lab, load_model, model_names

Config = Mapping[str, Any]
#: what differs most from keys and values for every head: a state, a latent, a window
OTHERS = ("qwen3.5-27b", "deepseek-v3", "gpt-oss-120b")
#: bytes of a number in 16 bits
VALUE = 2
#: keys of a configuration that say something of the cache
KEYS = (
    "num_hidden_layers",
    "layer_types",
    "full_attention_interval",
    "sliding_window",
    "hidden_size",
    "num_attention_heads",
    "num_key_value_heads",
    "head_dim",
    "kv_lora_rank",
    "qk_nope_head_dim",
    "qk_rope_head_dim",
    "v_head_dim",
    "linear_num_value_heads",
    "linear_key_head_dim",
    "linear_value_head_dim",
)


def published(name: str) -> dict[str, Any]:
    """The text part of a shipped model's config.json, with the kind of each layer written out as publishers do."""
    whole = read_json(data_dir() / "models" / f"{name}.json")
    config = {key: value for key, value in whole.get("text_config", whole).items() if not key.startswith("_")}
    kinds = _layer_types(config)
    return {**config, "layer_types": kinds} if kinds else config


def _layer_types(config: Config) -> list[str]:
    """One word a layer where layers differ: every so many layers full attention; or windows on the first, third, and so on."""
    layers = config["num_hidden_layers"]
    if interval := config.get("full_attention_interval"):
        return ["linear_attention" if (layer + 1) % interval else "full_attention" for layer in range(layers)]
    if config.get("sliding_window") and config["model_type"] == "gpt_oss":
        return ["full_attention" if layer % 2 else "sliding_attention" for layer in range(layers)]
    return []


def own_name(lab: Lab) -> str:
    """The shipped model of the lab; the default lab's where it has one of its own."""
    name = lab.system.model.name
    return name if name in model_names() else load_lab(DEFAULT_LAB).system.model.name


def case_names(lab: Lab) -> list[str]:
    """The lab's model and the two others that differ most from it."""
    own = own_name(lab)
    return [own, *[name for name in OTHERS if name != own][:2]]


def kv_cases(lab: Lab) -> list[dict[str, Any]]:
    """The configurations that a function of one's own is tried on."""
    cases = ((load_model(name).title, published(name)) for name in case_names(lab))
    return [
        {"title": title, "config": config, "keys": [key for key in KEYS if key in config]} for title, config in cases
    ]


# --- bytes that one more token of a long conversation keeps


def kv_of_config(config: Config) -> float:
    """As the engine counts: keys and values in the layers whose cache grows, or the latent that stands for them."""
    if rank := config.get("kv_lora_rank"):
        return float(config["num_hidden_layers"] * (rank + config["qk_rope_head_dim"]) * VALUE)
    return kv_of_kv_heads(config)


def kv_of_model(name: str) -> float:
    """The same of a shipped model by the engine itself, bytes."""
    system = System(load_model(name), load_lab(DEFAULT_LAB).system.gpu)
    return kv_bytes_per_token(system)


def _unless_latent(config: Config, layers: float, heads: float, width: float) -> float:
    """Keys and values so counted; a model with a latent as the engine counts it."""
    return kv_of_config(config) if "kv_lora_rank" in config else _keys_and_values(layers, heads, width)


def _growing(config: Config) -> int:
    kinds = config.get("layer_types")
    return kinds.count("full_attention") if kinds else config["num_hidden_layers"]


def _head_dim(config: Config) -> int:
    return config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]


def _keys_and_values(layers: float, heads: float, width: float) -> float:
    return float(2 * layers * heads * width * VALUE)


def kv_in_all_layers(config: Config) -> float:
    """Keys and values in every layer."""
    return _unless_latent(config, config["num_hidden_layers"], config["num_key_value_heads"], _head_dim(config))


def kv_of_kv_heads(config: Config) -> float:
    """Keys and values for every KV head that is named, also where a latent stands in their place."""
    return _keys_and_values(_growing(config), config["num_key_value_heads"], _head_dim(config))


def kv_of_query_heads(config: Config) -> float:
    """Keys and values for every query head."""
    return _unless_latent(config, _growing(config), config["num_attention_heads"], _head_dim(config))


def kv_in_all_layers_and_heads(config: Config) -> float:
    """Both."""
    return _unless_latent(config, config["num_hidden_layers"], config["num_attention_heads"], _head_dim(config))


def kv_keys_only(config: Config) -> float:
    """Keys without values."""
    return kv_of_config(config) / 2


def kv_of_width_over_heads(config: Config) -> float:
    """Heads as wide as the model's width over its query heads, whatever head_dim says."""
    width = config["hidden_size"] / config["num_attention_heads"]
    return _unless_latent(config, _growing(config), config["num_key_value_heads"], width)


def kv_of_latent_twice(config: Config) -> float:
    """A latent counted as key and as value; a model without one as the engine counts it."""
    rank = config.get("kv_lora_rank")
    return 2.0 * config["num_hidden_layers"] * rank * VALUE if rank else kv_of_config(config)


def kv_in_bits(config: Config) -> float:
    """Sixteen bytes for sixteen bits."""
    return 8 * kv_of_config(config)
