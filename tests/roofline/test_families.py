"""Every family against a count written out by hand, and fuzzed configurations."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lessonlib.base.errors import LessonlibError
from lessonlib.roofline import System, decode, kv_bytes_per_token, load_gpu, prefill, weight_bytes
from lessonlib.roofline.config import read_config
from lessonlib.roofline.families import FAMILIES

BASE = {
    "hidden_size": 64,
    "intermediate_size": 160,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "vocab_size": 1000,
}
EMBEDDING = 1000 * 64
GQA = 64 * (4 + 2 * 2) * 16 + 64 * 64
MLP = 3 * 64 * 160
NORMS = 2 * 64


def moe(count: int, width: int) -> int:
    return 64 * count + count * 3 * 64 * width


# family -> (further keys, parameters by hand: embeddings + layers + last norm)
CASES = {
    "llama": ({}, 2 * EMBEDDING + 4 * (GQA + MLP + NORMS) + 64),
    "mistral": ({"sliding_window": 256}, 2 * EMBEDDING + 4 * (GQA + MLP + NORMS) + 64),
    "phi3": ({}, 2 * EMBEDDING + 4 * (GQA + MLP + NORMS) + 64),
    "qwen2": ({"tie_word_embeddings": True}, EMBEDDING + 4 * (GQA + 8 * 16 + MLP + NORMS) + 64),
    "qwen3": ({"head_dim": 32}, 2 * EMBEDDING + 4 * (2 * GQA + 64 + MLP + NORMS) + 64),
    "gemma2": ({"sliding_window": 8}, EMBEDDING + 4 * (GQA + MLP + 2 * NORMS) + 64),
    "gemma3_text": ({"sliding_window": 8}, EMBEDDING + 4 * (GQA + 32 + MLP + 2 * NORMS) + 64),
    "mixtral": (
        {"num_local_experts": 8, "num_experts_per_tok": 2},
        2 * EMBEDDING + 4 * (GQA + moe(8, 160) + NORMS) + 64,
    ),
    "qwen3_moe": (
        {"num_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 32, "mlp_only_layers": [0]},
        2 * EMBEDDING + 4 * (GQA + 32 + NORMS) + MLP + 3 * moe(8, 32) + 64,
    ),
    "qwen2_moe": (
        {
            "num_experts": 8,
            "num_experts_per_tok": 2,
            "moe_intermediate_size": 32,
            "shared_expert_intermediate_size": 48,
        },
        2 * EMBEDDING + 4 * (GQA + 8 * 16 + moe(8, 32) + 3 * 64 * 48 + 64 + NORMS) + 64,
    ),
    "gpt_oss": (
        {"num_local_experts": 8, "num_experts_per_tok": 2, "sliding_window": 8},
        2 * EMBEDDING + 4 * (GQA + 8 * 16 + 64 + 4 + moe(8, 160) + 8 + 8 * (2 * 160 + 64) + NORMS) + 64,
    ),
    "deepseek_v2": (
        {
            "q_lora_rank": None,
            "kv_lora_rank": 32,
            "qk_nope_head_dim": 16,
            "qk_rope_head_dim": 8,
            "v_head_dim": 16,
            "n_routed_experts": 8,
            "n_shared_experts": 2,
            "num_experts_per_tok": 2,
            "moe_intermediate_size": 32,
            "first_k_dense_replace": 1,
        },
        2 * EMBEDDING
        + 4 * (64 * 4 * 24 + 64 * 40 + 32 * 4 * 32 + 4 * 16 * 64 + 32 + NORMS)
        + MLP
        + 3 * (moe(8, 32) + 3 * 64 * 64)
        + 64,
    ),
    "qwen3_next": (
        {
            "num_experts": 8,
            "num_experts_per_tok": 2,
            "moe_intermediate_size": 32,
            "shared_expert_intermediate_size": 32,
            "linear_num_key_heads": 2,
            "linear_key_head_dim": 8,
            "linear_num_value_heads": 4,
            "linear_value_head_dim": 8,
            "linear_conv_kernel_dim": 4,
        },
        2 * EMBEDDING
        + (64 * 12 * 16 + 64 * 64 + 32)
        + 3 * (64 * 96 + 64 * 8 + 32 * 64 + 64 * 4 + 8 + 8)
        + 4 * (moe(8, 32) + 3 * 64 * 32 + 64 + NORMS)
        + 64,
    ),
}


@pytest.mark.parametrize("family", CASES)
def test_parameters_by_hand(family: str) -> None:
    keys, expected = CASES[family]
    model = read_config(BASE | keys | {"model_type": family}, "tiny", "tiny/config.json")
    assert model.parameters == expected
    system = System(model, load_gpu("l4"))
    assert weight_bytes(system) == 2 * expected
    assert decode(system, 3, 50).ceiling_s > 0


def test_vision_models_are_read_by_their_text_part() -> None:
    inner = BASE | {"model_type": "gemma3_text", "sliding_window": 8}
    model = read_config({"model_type": "gemma3", "text_config": inner}, "tiny", "x")
    assert model.parameters == CASES["gemma3_text"][1]


def test_windows_follow_the_pattern_of_the_family() -> None:
    two = read_config(BASE | {"model_type": "gemma2", "sliding_window": 8}, "tiny", "x")
    three = read_config(BASE | {"model_type": "gemma3_text", "sliding_window": 8}, "tiny", "x")
    count = {name: sum(g.count for g in m.layers if g.mixer.window) for name, m in (("2", two), ("3", three))}
    assert count == {"2": 2, "3": 4}


def test_an_unknown_family_is_refused_with_the_known_ones() -> None:
    with pytest.raises(LessonlibError, match=r"no rule.*'llama5'.*nearest known: llama") as error:
        read_config(BASE | {"model_type": "llama5"}, "tiny", "tiny/config.json")
    assert all(name in str(error.value) for name in FAMILIES)


@pytest.mark.parametrize(
    ("family", "missing"),
    [
        ("mixtral", "num_experts_per_tok"),
        ("deepseek_v2", "kv_lora_rank"),
        ("qwen3_next", "linear_num_value_heads"),
        ("gpt_oss", "sliding_window"),
        ("qwen3_moe", "moe_intermediate_size"),
    ],
)
def test_a_missing_key_is_named(family: str, missing: str) -> None:
    keys = {key: value for key, value in CASES[family][0].items() if key != missing}
    with pytest.raises(LessonlibError, match=f"config.json: {missing}"):
        read_config(BASE | keys | {"model_type": family}, "tiny", "tiny/config.json")


WRONG = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**12), 10**12),
    st.floats(allow_nan=True, allow_infinity=True),
    st.text(max_size=4),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=1),
)


@settings(max_examples=250, deadline=None, derandomize=True)
@given(st.sampled_from(sorted(CASES)), st.data())
def test_a_fuzzed_config_is_right_or_refused(family: str, data: st.DataObject) -> None:
    config = BASE | CASES[family][0] | {"model_type": family}
    for key in data.draw(st.lists(st.sampled_from(sorted(config)), max_size=3, unique=True)):
        config[key] = data.draw(WRONG)
    refused = ""
    try:
        model = read_config(config, "fuzzed", "config.json")
    except LessonlibError as error:
        refused = str(error)
    if refused:
        assert "\n" not in refused
        assert "config.json" in refused
        return
    vocabulary, hidden = int(config["vocab_size"]), int(config["hidden_size"])
    assert model.parameters >= vocabulary * hidden > 0
    assert 0 < model.parameters_read <= model.parameters + vocabulary * hidden
    system = System(model, load_gpu("h100-sxm"))
    for estimate in (decode(system, 2, 100), prefill(system, 100)):
        assert math.isfinite(estimate.ceiling_s) and estimate.ceiling_s > 0
        assert estimate.bytes >= 2 * model.parameters_read * 0.999
        assert math.isfinite(estimate.expected_s) and estimate.expected_s > estimate.ceiling_s * 0.99


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    heads=st.sampled_from([1, 2, 4, 6, 8, 16]),
    shared=st.integers(1, 16),
    head_dim=st.integers(1, 256),
    layers=st.integers(1, 100),
    tp=st.integers(1, 16),
)
def test_heads_divide_or_are_refused(heads: int, shared: int, head_dim: int, layers: int, tp: int) -> None:
    config = BASE | {
        "model_type": "llama",
        "num_attention_heads": heads,
        "num_key_value_heads": shared,
        "head_dim": head_dim,
        "num_hidden_layers": layers,
    }
    refused = ""
    try:
        system = System(read_config(config, "fuzzed", "config.json"), load_gpu("h100-sxm"), tp=tp)
    except LessonlibError as error:
        refused = str(error)
    if refused:
        assert heads % shared or heads % tp
        assert "num_key_value_heads" in refused or "tp" in refused
        return
    assert heads % shared == 0 and heads % tp == 0
    assert kv_bytes_per_token(system) == 2 * layers * shared * head_dim * 2
    read = sum(part.kv_read_bytes for part in decode(system, 1, 10).operations)
    assert read == pytest.approx(10 * kv_bytes_per_token(system) * max(1, tp / shared))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(scale=st.floats(1e-3, 1e3), batch=st.integers(1, 512), context=st.integers(0, 100_000))
def test_units_scale(scale: float, batch: int, context: int) -> None:
    """A GPU that is `scale` times as fast in everything takes 1 / scale of the time."""
    from dataclasses import replace

    model = read_config(BASE | CASES["qwen3_next"][0] | {"model_type": "qwen3_next"}, "tiny", "x")
    gpu = load_gpu("h100-sxm")
    peaks = {name: value * scale for name, value in gpu.flops.items()}
    other = replace(gpu, flops=peaks, bandwidth=gpu.bandwidth * scale)
    first, second = (decode(System(model, g), batch, context) for g in (gpu, other))
    assert second.ceiling_s * scale == pytest.approx(first.ceiling_s)
    assert second.intensity == pytest.approx(first.intensity)
