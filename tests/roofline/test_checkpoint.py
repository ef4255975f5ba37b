"""What a checkpoint's quantisation says, in every layout that is read, and what it says wrongly."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.cli.main import main
from lessonlib.roofline import (
    System,
    decode,
    load_gpu,
    load_model,
    precision_notes,
    stated_precision,
    weight_bytes,
    weight_bytes_read,
)
from lessonlib.roofline.config import read_config
from lessonlib.roofline.model import Model
from tests.roofline.test_families import CASES as EARLIER
from tests.roofline.test_more_families import BASE, CASES

MIXED = BASE | {
    "model_type": "qwen3_moe",
    "num_experts": 8,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 32,
    "shared_expert_intermediate_size": 48,
}
LATENT = BASE | CASES["kimi_k2"][0] | {"model_type": "kimi_k2"}
DENSE = BASE | {"model_type": "llama"}


def group(
    bits: int, kind: str = "float", size: int | None = None, activations: bool = True, **more: Any
) -> dict[str, Any]:
    weights = {"num_bits": bits, "type": kind} | ({"group_size": size} if size else {}) | more
    return {"weights": weights, "input_activations": dict(weights) if activations else None, "targets": ["Linear"]}


def quantised(config: dict[str, Any], table: dict[str, Any], beside: dict[str, Any] | None = None) -> Model:
    return read_config(config | ({"quantization_config": table} if table else {}), "tiny", "tiny", beside)


LAYERS = [f"model.layers.{i}" for i in range(4)]


@pytest.mark.parametrize(
    ("table", "weights", "kv"),
    [
        ({"quant_method": "fp8", "weight_block_size": [128, 128]}, "fp8", None),
        ({"quant_method": "fbgemm_fp8"}, "fp8", None),
        ({"quant_method": "awq", "bits": 4, "group_size": 128}, "int4", None),
        ({"quant_method": "gptq", "bits": 4, "group_size": 32}, "int4-g32", None),
        ({"quant_method": "gptq", "bits": 8, "group_size": 128}, "int8", None),
        ({"quant_method": "bitsandbytes", "load_in_4bit": True}, "int4", None),
        ({"quant_method": "bitsandbytes", "load_in_8bit": True}, "int8", None),
        ({"quant_method": "mxfp4"}, "mxfp4", None),
        ({"quant_method": "compressed-tensors", "config_groups": {"a": group(8)}}, "fp8", None),
        (
            {"quant_method": "compressed-tensors", "config_groups": {"a": group(8, activations=False)}},
            "fp8-w8a16",
            None,
        ),
        ({"quant_method": "compressed-tensors", "config_groups": {"a": group(8, "int")}}, "int8-w8a8", None),
        ({"quant_method": "compressed-tensors", "config_groups": {"a": group(4, "int", 128, False)}}, "int4", None),
        (
            {"quant_method": "compressed-tensors", "config_groups": {"a": group(4, "int", 32, False, symmetric=True)}},
            "int4-g32-sym",
            None,
        ),
        ({"quant_method": "compressed-tensors", "config_groups": {"a": group(4, "float", 32)}}, "mxfp4", None),
        (
            {"quant_method": "compressed-tensors", "config_groups": {"a": group(4, "float", 16)}}
            | {"kv_cache_scheme": {"num_bits": 8, "type": "float"}},
            "nvfp4",
            "fp8",
        ),
        ({"quant_method": "modelopt", "quant_algo": "FP8", "kv_cache_quant_algo": "FP8"}, "fp8", "fp8"),
        ({"quant_algo": "NVFP4", "producer": {"name": "modelopt"}}, "nvfp4", None),
        ({"quant_method": "quark", "global_quant_config": {"weight": {"dtype": "fp8_e4m3"}}}, "fp8", None),
        (
            {"quant_method": "quark", "global_quant_config": {"weight": {"dtype": "fp4", "group_size": 32}}},
            "mxfp4",
            None,
        ),
    ],
)
def test_one_format_for_all(table: dict[str, Any], weights: str, kv: str | None) -> None:
    model = quantised(DENSE, table | {"ignore": ["lm_head"], "exclude": ["lm_head"], "exclude_modules": ["lm_head"]})
    stated = stated_precision(model)
    assert stated == {"weights": weights, "head": "bf16"} | ({"kv": kv} if kv else {})
    note = precision_notes(model)[0]
    assert f"weights {weights}" in note and "quantization_config" in note and "output head" in note
    assert model.sixteen_bit_parts == frozenset()
    wide = weight_bytes(System(quantised(DENSE, {}), load_gpu("l4")))
    assert weight_bytes(System(model, load_gpu("l4"), **stated)) < 0.8 * wide


@pytest.mark.parametrize(
    "kept",
    [
        [f"{layer}.self_attn.{name}" for layer in LAYERS for name in ("q_proj", "o_proj")],
        [f"{layer}.self_attn*" for layer in LAYERS],
        ["model.layers.*.self_attn"],
        ["re:.*self_attn.*"],
        ["self_attn"],
        ["*.self_attn.*"],
        [f"model.language_model.layers.{i}.self_attn*" for i in range(4)],
        [f"language_model.model.layers.{i}.self_attn" for i in (0, 1, 3)],
    ],
)
def test_attention_kept_in_16_bits_however_it_is_written(kept: list[str]) -> None:
    table = {"quant_method": "compressed-tensors", "config_groups": {"a": group(8)}, "ignore": [*kept, "lm_head"]}
    model = quantised(MIXED, table)
    assert model.checkpoint is not None
    assert model.checkpoint.formats == {
        "attention": "bf16",
        "router": "bf16",
        "experts": "fp8",
        "mlp": "fp8",
        "head": "bf16",
        "embedding": "bf16",
    }
    assert "attention" in model.sixteen_bit_parts and "attention" in precision_notes(model)[0]
    system, all_of_it = System(model, load_gpu("h100-sxm"), weights="fp8"), quantised(MIXED, {})
    attention = 4 * (64 * 8 * 16 + 64 * 64)
    more = weight_bytes_read(system) - weight_bytes_read(System(all_of_it, load_gpu("h100-sxm"), weights="fp8"))
    assert more == pytest.approx(attention, rel=0.01)  # a byte more for each weight, less its scales


def test_shared_experts_alone_or_the_routed_alone() -> None:
    shared = quantised(
        MIXED,
        {"quant_algo": "NVFP4", "exclude_modules": ["*.mlp.shared_expert.*", *(f"{la}.self_attn*" for la in LAYERS)]},
    )
    assert shared.checkpoint is not None
    found = shared.checkpoint.formats
    assert (found["attention"], found["mlp"], found["experts"]) == ("bf16", "bf16", "nvfp4")
    routed = quantised(MIXED, {"quant_method": "fp8", "modules_to_not_convert": [f"{la}.mlp.experts" for la in LAYERS]})
    assert routed.checkpoint is not None
    assert routed.checkpoint.formats["experts"] == "bf16" and routed.checkpoint.formats["attention"] == "fp8"


def test_some_matrices_of_a_part_stay_wide() -> None:
    """ModelOpt leaves the low-rank projections of latent attention alone and narrows its output."""
    names = ("q_a_proj", "q_b_proj", "kv_a_proj_with_mqa", "kv_b_proj")
    beside = {
        "producer": {"name": "modelopt"},
        "quantization": {
            "quant_algo": "NVFP4",
            "kv_cache_quant_algo": "FP8",
            "exclude_modules": ["lm_head", *(f"{layer}.self_attn.{name}" for layer in LAYERS for name in names)],
        },
    }
    model = quantised(LATENT, {}, beside)
    system = System(model, load_gpu("b200"), **stated_precision(model))
    formats = {m.name: system.format_of(m).name for g in model.layers for m in g.matrices(model.hidden)}
    assert formats["attention: output"] == "nvfp4" and formats["experts: down"] == "nvfp4"
    assert {formats[f"attention: {name}"] for name in ("q down", "q up", "kv down", "kv up")} == {"bf16"}
    assert stated_precision(model)["kv"] == "fp8" and "hf_quant_config.json" in precision_notes(model)[0]


def test_parts_in_formats_of_their_own() -> None:
    wide = [f"{layer}.self_attn.{name}_proj" for layer in LAYERS for name in "qkvo"]
    narrow = [
        f"{layer}.mlp.experts.{i}.{name}_proj" for layer in LAYERS for i in range(8) for name in ("gate", "up", "down")
    ]
    table = {
        "quant_algo": "MIXED_PRECISION",
        "kv_cache_quant_algo": "FP8",
        "quantized_layers": {name: {"quant_algo": "FP8"} for name in wide}
        | {name: {"quant_algo": "NVFP4", "group_size": 16} for name in [*narrow, "lm_head"]},
    }
    model = quantised(MIXED, table)
    stated = stated_precision(model)
    assert stated == {"weights": "attention=fp8, experts=nvfp4, head=nvfp4", "head": "nvfp4", "kv": "fp8"}
    system = System(model, load_gpu("b200"), **stated)
    assert {system.format_of(m).name for g in model.layers for m in g.matrices(64)} == {"bf16", "fp8", "nvfp4"}
    groups = {"a": group(8) | {"targets": wide}, "b": group(4, size=16) | {"targets": [*narrow, "lm_head"]}}
    other = quantised(MIXED, {"quant_method": "compressed-tensors", "config_groups": groups})
    assert stated_precision(other)["weights"] == stated["weights"]


def test_experts_in_four_bits_inside_an_fp8_checkpoint() -> None:
    config = BASE | CASES["deepseek_v32"][0] | {"model_type": "deepseek_v32", "expert_dtype": "fp4"}
    model = quantised(config, {"quant_method": "fp8", "weight_block_size": [128, 128]})
    assert stated_precision(model)["weights"] == "attention=fp8, mlp=fp8, experts=mxfp4"
    experts = {f"{layer}.ffn.experts": {"quant_algo": "NVFP4"} for layer in LAYERS}
    over = quantised(
        MIXED,
        {
            "quant_method": "fp8",
            "quant_algo": "MIXED_PRECISION",
            "quantized_layers": {key.replace("ffn", "mlp"): value for key, value in experts.items()},
        },
    )
    assert stated_precision(over)["weights"] == "attention=fp8, experts=nvfp4, mlp=fp8"


def test_nested_in_the_language_model() -> None:
    inner = DENSE | {"quantization_config": {"quant_method": "fp8"}}
    model = read_config({"model_type": "mistral3", "text_config": inner}, "x", "x")
    assert (
        "text_config.quantization_config" in precision_notes(model)[0] and stated_precision(model)["weights"] == "fp8"
    )


def test_a_file_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(DENSE))
    assert stated_precision(load_model(tmp_path)) == {}
    (tmp_path / "hf_quant_config.json").write_text(json.dumps({"quantization": {"quant_algo": "FP8"}}))
    assert stated_precision(load_model(tmp_path))["weights"] == "fp8"
    (tmp_path / "hf_quant_config.json").write_text("{")
    with pytest.raises(LessonlibError, match=r"hf_quant_config\.json.*JSON"):
        load_model(tmp_path)


def test_numbers_that_python_writes_and_json_does_not_have(tmp_path: Path) -> None:
    text = json.dumps(DENSE | {"time_step_limit": [0.0, float("inf")], "note": 'say "Infinity" or \\ NaN'})
    (tmp_path / "config.json").write_text(text)
    assert load_model(tmp_path).parameters == read_config(DENSE, "x", "x").parameters
    (tmp_path / "config.json").write_text(text.replace('"hidden_size": 64', '"hidden_size": Infinity'))
    with pytest.raises(LessonlibError, match="hidden_size: missing"):
        load_model(tmp_path)


@pytest.mark.parametrize(
    "table",
    [
        {"quant_method": "aqlm"},
        {"quant_method": "gptq", "bits": 3},
        {"quant_method": "modelopt", "quant_algo": "W2A2"},
        {"quant_method": "compressed-tensors", "config_groups": {"a": group(6)}},
        {"quant_method": "quark", "global_quant_config": {"weight": {"dtype": "uint2"}}},
        {"bits": 4},
    ],
)
def test_a_format_that_is_not_known_is_said(table: dict[str, Any]) -> None:
    model = quantised(DENSE, table)
    with pytest.raises(LessonlibError, match="not known here.*--weights"):
        stated_precision(model)
    assert "not read" in precision_notes(model)[0]
    assert decode(System(model, load_gpu("l4")), 1, 10).ceiling_s > 0


def test_a_hostile_expression_is_not_tried() -> None:
    table = {
        "quant_method": "compressed-tensors",
        "config_groups": {"a": group(8)},
        "ignore": ["re:(a+)+$", "re:(", "lm_head"],
    }
    model = quantised(DENSE, table)
    assert "not understood" in precision_notes(model)[0] and stated_precision(model)["weights"] == "fp8"


# --- a seeded walk over damaged configurations: a model, or one line ---

_ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    10**30,
    1e308,
    0.5,
    "",
    "x",
    "\n",
    [],
    [0],
    {},
    {"a": 1},
    [None],
    [[]],
    "re:(a*)*",
)
_TABLES: tuple[dict[str, Any], ...] = (
    {"quant_method": "fp8", "modules_to_not_convert": ["lm_head", "model.layers.0.mlp.gate"]},
    {"quant_method": "compressed-tensors", "config_groups": {"a": group(4, "int", 32)}, "ignore": ["re:.*self_attn.*"]},
    {"quant_algo": "MIXED_PRECISION", "quantized_layers": {"model.layers.0.mlp.up_proj": {"quant_algo": "FP8"}}},
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, item in items for place in ((*path, key), *_places(item, (*path, key)))]


def _drop(holder: Any, key: Any, rng: random.Random) -> None:
    del holder[key]


def _odd(holder: Any, key: Any, rng: random.Random) -> None:
    holder[key] = deepcopy(rng.choice(_ODD))


def _negative(holder: Any, key: Any, rng: random.Random) -> None:
    holder[key] = -holder[key] if isinstance(holder[key], (int, float)) else deepcopy(rng.choice(_ODD))


def _scaled(holder: Any, key: Any, rng: random.Random) -> None:
    holder[key] = (
        holder[key] * rng.choice((0, 2, 7, 10**6)) if isinstance(holder[key], int) else deepcopy(rng.choice(_ODD))
    )


def _nested(holder: Any, key: Any, rng: random.Random) -> None:
    holder[key] = rng.choice(([holder[key]], {"x": holder[key]}, [holder[key]] * 3))


_DAMAGES: tuple[Callable[[Any, Any, random.Random], None], ...] = (_drop, _odd, _negative, _scaled, _nested)


@pytest.mark.parametrize("family", sorted({**EARLIER, **CASES}))
def test_a_damaged_configuration_is_a_model_or_one_line(family: str) -> None:
    rng = random.Random(f"{family} 1")
    extra = {**EARLIER, **CASES}[family][0]
    outcomes = {"model": 0, "refused": 0}
    for _ in range(120):
        config: Any = deepcopy(BASE | extra | {"model_type": family, "architectures": ["SomeForCausalLM"]})
        config["quantization_config"] = deepcopy(rng.choice(_TABLES))
        if rng.random() < 0.3:
            config = {"model_type": family, "text_config": config}
        for _ in range(rng.choice((1, 1, 2, 4))):
            places = _places(config)
            if not places:
                break
            *path, key = rng.choice(places)
            holder = config
            for step in path:
                holder = holder[step]
            rng.choice(_DAMAGES)(holder, key, rng)
        try:
            model = read_config(config, "x", "x/config.json")
            stated = stated_precision(model)
            step = decode(System(model, load_gpu("b200"), **stated), 2, 100)
            assert 0 < step.ceiling_s < float("inf") and model.parameters > 0
            outcomes["model"] += 1
        except LessonlibError as error:
            message = str(error)
            assert message and "\n" not in message and len(message) < 2100
            outcomes["refused"] += 1
    assert min(outcomes.values()) > 5, outcomes


@pytest.mark.parametrize(
    "config",
    [
        {"quantization": {"group_size": 64, "bits": 4}},
        {"quantization_config": "fp8"},
        {"quantization_config": [1]},
        {"quantization_config": {"quant_method": "hqq", "quant_config": {"weight_quant_params": {"nbits": 2}}}},
        {"quantization_config": {"quant_method": "gptq", "bits": 4, "dynamic": {"+:.*down_proj": {"bits": 8}}}},
        {"quantization_config": {"quant_method": "auto-round", "bits": 4, "extra_config": {"lm_head": {"bits": 8}}}},
    ],
    ids=["mlx", "a text", "a list", "hqq in 2 bits", "gptq by module", "auto-round by module"],
)
def test_a_quantisation_that_is_not_known_wants_the_weights_said(config: dict[str, Any]) -> None:
    with pytest.raises(LessonlibError, match="say --weights"):
        stated_precision(read_config(DENSE | config, "tiny", "tiny"))


@pytest.mark.parametrize(("bits", "weights"), [(4, "int4"), (8, "int8")])
def test_hqq_says_its_bits_two_tables_down(bits: int, weights: str) -> None:
    table = {"quant_method": "hqq", "quant_config": {"weight_quant_params": {"nbits": bits, "group_size": 64}}}
    assert stated_precision(quantised(DENSE, table))["weights"] == weights


def test_a_flag_goes_before_the_checkpoint_and_the_note_says_so(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(DENSE | {"quantization_config": {"quant_method": "fp8"}}), encoding="utf-8")
    assert main(["estimate", "--model", str(path), "--weights", "bf16", "--prompt", "10", "--context", "10"]) == 0
    assert "--weights bf16 goes before the checkpoint" in capsys.readouterr().out


def test_more_tokens_than_the_model_has_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["estimate", "--model", "phi-3-mini", "--context", "100000"]) == 0
    assert "phi-3-mini ends at 4,096 tokens" in capsys.readouterr().out
