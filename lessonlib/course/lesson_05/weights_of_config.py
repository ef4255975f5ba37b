"""Weights of a model counted from its config.json, for the function that the learner writes in lesson 5.

All functions take the parsed config.json and return bytes in 16 bits; the norms and biases that they count and a
learner may leave out are far less than a hundredth. Each slip is one that public calculators make.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lessonlib.base.files import read_json
from lessonlib.base.paths import data_dir
from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_05.workings import BYTES
from lessonlib.roofline import Experts, Lab, Mlp, Model
from lessonlib.roofline.config import read_config

Config = Mapping[str, Any]

#: one table for both ends; experts in every layer; neither
_TIED, _MIXTURE, _PLAIN = "gemma-3-1b", "mixtral-8x7b", "llama-3.1-8b"
#: lines that are shown first, of those that a configuration has
_KEYS = (
    *("hidden_size", "intermediate_size", "moe_intermediate_size", "num_hidden_layers", "num_attention_heads"),
    *("num_key_value_heads", "head_dim", "vocab_size", "tie_word_embeddings", "num_local_experts", "n_routed_experts"),
    *("n_shared_experts", "first_k_dense_replace", "full_attention_interval", "q_lora_rank", "kv_lora_rank"),
    *("qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim", "linear_num_key_heads", "linear_key_head_dim"),
    *("linear_num_value_heads", "linear_value_head_dim"),
)


def _config(name: str) -> dict[str, Any]:
    """The shipped config.json of a model, its text part, without what the course wrote into it."""
    whole = read_json(data_dir() / "models" / f"{name}.json")
    whole |= whole.pop("text_config", {})
    return {key: value for key, value in whole.items() if not key.startswith("_")}


def _model(config: Config) -> Model:
    return read_config(dict(config), "model", "config.json")


def _bytes(parameters: float) -> Quantity:
    return Quantity(BYTES * parameters, "B")


def weights_cases(lab: Lab) -> list[dict[str, Any]]:
    """A tied model, one with experts and one without, the lab's own among them if its config.json is shipped."""
    own = lab.system.model
    shipped = own.name not in (_TIED, _MIXTURE, _PLAIN) and (data_dir() / "models" / f"{own.name}.json").is_file()
    mixture = own.name if shipped and own.is_mixture else _MIXTURE
    plain = own.name if shipped and not own.is_mixture else _PLAIN
    return [{"title": name, "config": _config(name), "keys": _KEYS} for name in (_TIED, mixture, plain)]


def weights_of_config(config: Config) -> Quantity:
    """All parameters of the text model, two bytes each."""
    return _bytes(_model(config).parameters)


def weights_without_head(config: Config) -> Quantity:
    """As if every model used one table for both ends."""
    model = _model(config)
    return _bytes(model.parameters - (0 if model.tied else model.head.size))


def weights_with_two_tables(config: Config) -> Quantity:
    """As if no model used one table for both ends."""
    model = _model(config)
    return _bytes(model.parameters + (model.embedding_parameters if model.tied else 0))


def weights_of_one_expert(config: Config) -> Quantity:
    """As if each layer had one feed-forward."""
    model = _model(config)
    spare = sum(
        group.count * (group.feed_forward.count - 1) * 3 * group.feed_forward.width * model.hidden
        for group in model.layers
        if isinstance(group.feed_forward, Experts)
    )
    return _bytes(model.parameters - spare)


def weights_with_two_matrices(config: Config) -> Quantity:
    """As if a feed-forward had two matrices, up and down, and no gate."""
    model = _model(config)
    gates = 0
    for group in model.layers:
        feed = group.feed_forward
        copies = feed.count if isinstance(feed, Experts) else 1 if isinstance(feed, Mlp) else 0
        gates += group.count * copies * feed.width * model.hidden
    return _bytes(model.parameters - gates)
