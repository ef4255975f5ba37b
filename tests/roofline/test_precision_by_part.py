"""Weights whose parts are kept in formats of their own, as checkpoints have them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.roofline import System, decode, load_gpu, load_model, weight_bytes, weight_bytes_read
from lessonlib.roofline.calibrate.rows import category


def system(weights: object, model: str = "gpt-oss-20b") -> System:
    return System(load_model(model), load_gpu("dgx-spark"), weights=weights)  # type: ignore[arg-type]


def stored(of: System) -> dict[str, str]:
    return {part.name: part.stored for part in decode(of, 1, 100).operations if part.kind == "matmul"}


def test_a_gguf_of_gpt_oss_has_mxfp4_experts_and_eight_bits_elsewhere() -> None:
    parts = {"attention": "int8", "experts": "mxfp4", "head": "int8", "embedding": "int8"}
    found = stored(system(parts))
    assert found["attention: q, k, v"] == found["output head"] == "int8"
    assert found["experts: down"] == "mxfp4"
    assert found["router"] == "bf16"
    assert weight_bytes_read(system(parts)) < weight_bytes_read(system("mxfp4"))
    assert weight_bytes(system(parts)) < weight_bytes(system("mxfp4"))


def test_text_and_mapping_say_the_same() -> None:
    mapping = system({"experts": "nvfp4", "attention": "fp8"}, "deepseek-v3")
    assert mapping.weights == "attention=fp8, experts=nvfp4"
    assert mapping == system("experts=nvfp4,attention=fp8", "deepseek-v3") == replace(mapping, kv="bf16")
    assert hash(mapping) == hash(system(mapping.weights, "deepseek-v3"))
    assert mapping.weight_format.name == "nvfp4"


def test_what_is_not_named_stays_in_sixteen_bits() -> None:
    assert set(stored(system("experts=mxfp4")).values()) == {"bf16", "mxfp4"}
    assert weight_bytes(system("experts=mxfp4")) == pytest.approx(weight_bytes(system("mxfp4")))
    assert system("attention=int8", "llama-3.1-8b").weight_format.name == "bf16"


@pytest.mark.parametrize(
    ("weights", "says"),
    [
        ("experts=mxfp5", "precision of the weights 'mxfp5'"),
        ("expert=mxfp4", "unknown part 'expert'"),
        ("experts=mxfp4,experts=fp8", "'experts' is given twice"),
        ("experts=", "precision of the weights ''"),
        ({}, "expected a name or part=name"),
        ({"experts": 4}, "precision of the weights 4"),
    ],
)
def test_what_is_no_part_or_format_is_refused_in_one_line(weights: object, says: str) -> None:
    with pytest.raises(LessonlibError, match=says) as caught:
        system(weights)
    assert "\n" not in str(caught.value)


def test_classes_of_steps() -> None:
    assert [category("decode", tp) for tp in (1, 4, 16)] == ["decode, 1 GPU", "decode, TP2-4", "decode, TP8"]
