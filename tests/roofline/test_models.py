"""Parameter counts, cache sizes and configurations of the shipped models."""

from __future__ import annotations

import json

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.roofline import (
    System,
    kv_bytes_per_token,
    load_gpu,
    load_model,
    model_names,
    state_bytes,
    weight_bytes,
    weight_bytes_read,
)

# Published counts: sums over the tensors of the released checkpoints (text part, without vision
# towers and multi-token-prediction layers). What they were read from:
# - bytes in the safetensors index, halved (16 bit): Llama-3.1-8B and 70B, Qwen3-32B, 30B-A3B and
#   235B-A22B, Mixtral-8x7B, BLOOM, Mistral-7B, Qwen2.5-7B and 72B, DeepSeek-V2-Lite,
#   Qwen1.5-MoE-A2.7B; Llama-2 too, less the rotary buffers its index counts (layers x 64 x 4 bytes);
# - the hub's safetensors total: Llama-3.1-405B, Gemma-2-9B, Gemma-3-1B, Phi-3-mini, DeepSeek-V2;
# - the parameter count in GGUF headers: gpt-oss (a hub total of 21,511,953,984 for a 20b counts one
#   scale for 32 weights as well) and the Qwen3.5-27B text part (of Qwen3.6-27B, same shapes; the hub's
#   27,781,427,952 adds vision and the prediction layer);
# - an audit of the shard headers without FP8 scales: DeepSeek-V3;
# - the hub's total of Qwen3-Coder-Next, same shapes: Qwen3-Next (its own 81,324,862,720 adds the
#   prediction layer).
PARAMETERS = {
    "llama-2-7b": 6_738_415_616,
    "llama-2-70b": 68_976_648_192,
    "llama-3.1-8b": 8_030_261_248,
    "llama-3.1-70b": 70_553_706_496,
    "llama-3.1-405b": 405_853_388_800,
    "qwen3-32b": 32_762_123_264,
    "qwen3.5-27b": 26_895_998_464,
    "mixtral-8x7b": 46_702_792_704,
    "qwen3-30b-a3b": 30_532_122_624,
    "gpt-oss-20b": 20_914_757_184,
    "gpt-oss-120b": 116_829_156_672,
    "deepseek-v3": 671_026_419_200,
    "bloom-176b": 176_247_271_424,
    "mistral-7b": 7_241_732_096,
    "qwen2.5-7b": 7_615_616_512,
    "gemma-2-9b": 9_241_705_984,
    "gemma-3-1b": 999_885_952,
    "phi-3-mini": 3_821_079_552,
    "deepseek-v2-lite": 15_706_484_224,
    "deepseek-v2": 235_741_434_880,
    "qwen3-next-80b-a3b": 79_674_391_296,
    "qwen3-235b-a22b": 235_093_634_560,
    "qwen1.5-moe-a2.7b": 14_315_784_192,
    "qwen2.5-72b": 72_706_203_648,
}

# (parameters read for one decoded token, KV bytes a token in 16 bits), counted independently from
# the matrices alone: norms, biases and router corrections left out for the last five.
READ_AND_KV = {
    "llama-2-7b": (6_607_343_616, 524_288),
    "llama-3.1-8b": (7_504_924_672, 131_072),
    "llama-3.1-70b": (69_503_033_344, 327_680),
    "mixtral-8x7b": (12_748_853_248, 131_072),
    "qwen3.5-27b": (25_624_600_064, 65_536),
    "qwen3-32b": (31_984_194_560, 262_144),
    "qwen3-30b-a3b": (3_041_855_488, 98_304),
    "gpt-oss-20b": (3_607_283_520, 24_576),
    "gpt-oss-120b": (5_131_310_400, 36_864),
    "deepseek-v3": (36_624_637_952, 70_272),
}


def system(name: str, **options: object) -> System:
    return System(load_model(name), load_gpu("h100-sxm"), **options)


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters_are_the_published_ones(name: str) -> None:
    assert load_model(name).parameters == PARAMETERS[name]


@pytest.mark.parametrize("name", READ_AND_KV)
def test_bytes_of_one_token(name: str) -> None:
    read, cache = READ_AND_KV[name]
    assert load_model(name).parameters_read == pytest.approx(read, rel=4e-4)
    assert kv_bytes_per_token(system(name)) == cache


def test_every_model_loads_and_says_where_it_comes_from() -> None:
    assert set(model_names()) == set(PARAMETERS)
    for name in model_names():
        model = load_model(name)
        assert 0 < model.parameters_read <= model.parameters
        assert "config.json" in model.source


def test_default_lab_model_to_the_byte() -> None:
    hybrid = system("qwen3.5-27b", tp=2)
    assert weight_bytes_read(hybrid) == 51_249_200_128
    assert weight_bytes(hybrid) == 2 * 26_895_998_464
    assert state_bytes(hybrid) == {"recurrent": 150_994_944, "convolution": 2_949_120}
    assert hybrid.model.kv_layers == 16


def test_scales_count() -> None:
    matrices = 6_979_321_856  # of Llama-3.1-8B: all layers' matrices
    head = 2 * 128_256 * 4096
    vectors = 2 * (65 * 4096)
    assert weight_bytes_read(system("llama-3.1-8b", weights="int4")) == pytest.approx(
        matrices * 4.125 / 8 + head + vectors
    )
    mxfp4 = weight_bytes_read(system("llama-3.1-8b", weights="mxfp4"))
    assert mxfp4 == pytest.approx(matrices * 4.25 / 8 + head + vectors)


def test_block_scales_of_fp8() -> None:
    read = weight_bytes_read(system("llama-3.1-8b", weights="fp8"))
    matrices = 6_979_321_856
    others = 2 * (128_256 * 4096 + 65 * 4096)
    assert read == pytest.approx(matrices * (1 + 4 / 128**2) + others, rel=1e-9)


def test_gpt_oss_keeps_attention_in_sixteen_bits() -> None:
    quantised = system("gpt-oss-120b", weights="mxfp4")
    assert 60e9 < weight_bytes(quantised) < 66e9
    assert weight_bytes(system("gpt-oss-120b")) == pytest.approx(2 * 116_829_156_672)


def test_config_by_path(tmp_path) -> None:
    config = {
        "model_type": "llama",
        "hidden_size": 64,
        "intermediate_size": 256,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "vocab_size": 100,
        "some_odd_key": [1, 2],
    }
    path = tmp_path / "tiny" / "config.json"
    path.parent.mkdir()
    path.write_text(json.dumps(config))
    layer = 4 * 64 * 64 + 3 * 64 * 256 + 2 * 64
    assert load_model(path).parameters == 2 * 100 * 64 + 2 * layer + 64
    assert load_model(str(path.parent)).name == "tiny"


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"model_type": "mamba2"}, "mamba2"),
        ({"model_type": None}, "model_type"),
        ({"hidden_size": None}, "hidden_size"),
        ({"hidden_size": "64"}, "hidden_size"),
        ({"hidden_size": 0}, "hidden_size"),
        ({"num_hidden_layers": -2}, "num_hidden_layers"),
        ({"num_hidden_layers": 10**12}, "num_hidden_layers"),
        ({"num_attention_heads": 5}, "num_attention_heads"),
        ({"num_key_value_heads": 3}, "num_key_value_heads"),
        ({"vocab_size": 1.5}, "vocab_size"),
        ({"vocab_size": True}, "vocab_size"),
        ({"tie_word_embeddings": "no"}, "tie_word_embeddings"),
        ({"layer_types": ["full_attention"]}, "layer_types"),
        ({"layer_types": ["full_attention", "star_attention"]}, "star_attention"),
        ({"text_config": 3}, "text_config"),
    ],
)
def test_wrong_config_names_file_and_key(tmp_path, change: dict, key: str) -> None:
    config = {
        "model_type": "llama",
        "hidden_size": 64,
        "intermediate_size": 256,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "vocab_size": 100,
    }
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config | change))
    with pytest.raises(LessonlibError) as error:
        load_model(path)
    assert key in str(error.value)
    assert "config.json" in str(error.value)
    assert "\n" not in str(error.value)


def test_broken_json(tmp_path) -> None:
    path = tmp_path / "config.json"
    path.write_text("{")
    with pytest.raises(LessonlibError, match="not valid JSON"):
        load_model(path)
    with pytest.raises(LessonlibError, match="no file"):
        load_model(tmp_path / "absent" / "config.json")


def test_unknown_name_offers_close_ones() -> None:
    with pytest.raises(LessonlibError, match=r"did you mean llama-3\.1-8b.*lessonlib models"):
        load_model("llama3.1-8b")
