"""One decode step from a config.json: the engine, the configurations that a function of one's own is tried on, and slips.

Every function but `step_cases` takes the parsed configuration of a text model in 16 bits, the bytes of weights that the
step fetches, how many requests it has, the tokens of context of each, and bytes/s; it returns seconds.
"""

from __future__ import annotations

from typing import Any

from lessonlib.course.lesson_06.config_keys import KEYS, Config, kv_in_all_layers, kv_of_config, own_name, published
from lessonlib.course.lesson_07 import long_context as lc
from lessonlib.roofline import Lab, System, load_gpu, load_model

#: models without a latent, whose copies would have to be counted
OTHERS = ("qwen3.5-27b", "gpt-oss-120b", "llama-3.1-8b")
BATCH, CONTEXT, GPU = 32, 8_192, "h200-sxm"
#: bytes of a number in a state, which is kept in 32 bits
STATE_VALUE = 4


def step_cases(lab: Lab) -> list[dict[str, Any]]:
    """The lab's model, unless it has a latent, and others that differ from it: three in all."""
    own = own_name(lab)
    names = [own] if "kv_lora_rank" not in published(own) else []
    names += [name for name in OTHERS if name != own]
    return [_case(name) for name in names[:3]]


def _case(name: str) -> dict[str, Any]:
    config, system = published(name), System(load_model(name), load_gpu(GPU))
    given = {
        "weights": round(lc.weights_at(system, BATCH)),
        "batch": BATCH,
        "context": CONTEXT,
        "bandwidth": round(system.bandwidth),
    }
    return {
        "title": system.model.title,
        "config": config,
        "keys": [key for key in KEYS if key in config],
        "given": given,
    }


def state_of_config(config: Config) -> float:
    """Bytes of a request's state: a matrix for each value head of each linear layer (what the short convolution keeps is left out)."""
    linear = config.get("layer_types", []).count("linear_attention")
    if not linear:
        return 0.0
    matrix = config["linear_key_head_dim"] * config["linear_value_head_dim"]
    return float(linear * config["linear_num_value_heads"] * matrix * STATE_VALUE)


def _seconds(weights: float, batch: int, each: float, bandwidth: float) -> float:
    return (weights + batch * each) / bandwidth


def step_of_config(config: Config, weights: float, batch: int, context: int, bandwidth: float) -> float:
    """Weights once; for each request its cache read, and its state read and written back."""
    each = context * kv_of_config(config) + 2 * state_of_config(config)
    return _seconds(weights, batch, each, bandwidth)


def step_without_state(config: Config, weights: float, batch: int, context: int, bandwidth: float) -> float:
    """Forgets the state."""
    return _seconds(weights, batch, context * kv_of_config(config), bandwidth)


def step_state_only_read(config: Config, weights: float, batch: int, context: int, bandwidth: float) -> float:
    """Forgets that the state is written back."""
    each = context * kv_of_config(config) + state_of_config(config)
    return _seconds(weights, batch, each, bandwidth)


def step_in_all_layers(config: Config, weights: float, batch: int, context: int, bandwidth: float) -> float:
    """Counts a growing cache in every layer."""
    each = context * kv_in_all_layers(config) + 2 * state_of_config(config)
    return _seconds(weights, batch, each, bandwidth)


def step_with_one_cache(config: Config, weights: float, batch: int, context: int, bandwidth: float) -> float:
    """Shares one cache among all requests."""
    return step_of_config(config, weights, 1, context, bandwidth)


def step_with_weights_each(config: Config, weights: float, batch: int, context: int, bandwidth: float) -> float:
    """Fetches the weights anew for each request."""
    return step_of_config(config, batch * weights, batch, context, bandwidth)


def step_of_weights(config: Config, weights: float, batch: int, context: int, bandwidth: float) -> float:
    """Fetches the weights and nothing else."""
    return weights / bandwidth


def step_in_milliseconds(config: Config, weights: float, batch: int, context: int, bandwidth: float) -> float:
    """Returns milliseconds."""
    return 1000 * step_of_config(config, weights, batch, context, bandwidth)
