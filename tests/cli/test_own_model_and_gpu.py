"""A model and a GPU of one's own on the command line: what was taken from their files is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lessonlib.cli.main import main

CONFIG = {
    "model_type": "qwen3_moe",
    "architectures": ["Qwen3MoeForCausalLM"],
    "hidden_size": 256,
    "intermediate_size": 512,
    "moe_intermediate_size": 128,
    "num_experts": 8,
    "num_experts_per_tok": 2,
    "num_hidden_layers": 4,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "head_dim": 32,
    "vocab_size": 1000,
    "quantization_config": {
        "quant_method": "fp8",
        "modules_to_not_convert": ["lm_head", "model.layers.*.self_attn"],
        "kv_cache_scheme": {"num_bits": 8, "type": "float"},
    },
}


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(list(words)) == 0
    return capsys.readouterr().out


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    return tmp_path


def test_the_checkpoint_says_and_is_quoted(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = json.loads(printed(capsys, "estimate", "--model", str(folder), "--json"))
    assert (data["weights"], data["kv"]) == ("fp8", "fp8")
    assert "kept in 16 bits: attention, router, output head; KV cache fp8" in data["notes"][0]
    assert data["notes"][0] in printed(capsys, "estimate", "--model", str(folder))


def test_a_flag_goes_before_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("estimate", "--model", str(folder), "--json", "--weights", "int4", "--kv", "bf16")
    data = json.loads(printed(capsys, *words))
    assert (data["weights"], data["kv"]) == ("int4", "bf16")


def test_a_lab_does_not_lend_its_precision_to_another_model(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("estimate", "--lab", "qwen3.5-27b-2xh100-sxm-fp8", "--model")
    wide = dict(CONFIG)
    del wide["quantization_config"]
    (folder / "config.json").write_text(json.dumps(wide))
    data = json.loads(printed(capsys, *words, str(folder), "--json"))
    assert data["weights"] == "bf16" and "notes" not in data


def test_an_unknown_quantisation_asks_for_weights(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "config.json").write_text(json.dumps(CONFIG | {"quantization_config": {"quant_method": "vptq"}}))
    assert main(["estimate", "--model", str(folder)]) == 2
    assert "vptq" in capsys.readouterr().err
    assert "not read" in printed(capsys, "estimate", "--model", str(folder), "--weights", "int4")


def test_the_simulator_takes_the_same(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("simulate", "--model", str(folder), "--rate", "5", "--prompt", "50", "--output", "10", "--requests", "5")
    assert main(list(words)) == 0
    assert "weights fp8 from the checkpoint" in capsys.readouterr().err


def test_the_example_of_a_gpu_serves(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "my-gpu.toml"
    path.write_text(printed(capsys, "gpus", "--example"))
    assert "on 1 x GeForce RTX 3060, 12 GB," in printed(
        capsys, "estimate", "--gpu", str(path), "--model", "llama-3.1-8b"
    )
    assert main(["estimate", "--gpu", str(tmp_path / "none.toml")]) == 2
    assert "no file" in capsys.readouterr().err
