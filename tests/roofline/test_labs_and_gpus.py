"""Labs, GPUs and what they refuse."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.base.paths import data_dir
from lessonlib.roofline import (
    DEFAULT_LAB,
    USABLE,
    System,
    decode,
    gpu_names,
    kv_bytes,
    lab_names,
    load_gpu,
    load_lab,
    load_model,
    max_batch,
    weight_bytes,
)

SHIPPED = {
    "qwen3.5-27b-2xh100-sxm",
    "qwen3.5-27b-2xh100-nvl",
    "qwen3.5-27b-2xh100-sxm-fp8",
    "llama-3.1-8b-a100-80gb",
    "llama-3.1-8b-int4-rtx-4090",
    "qwen3-32b-h200",
}
GPUS = {"a100-40gb-sxm", "a100-80gb-sxm", "a100-80gb-pcie", "h100-sxm", "h100-pcie", "h100-nvl", "h200-sxm"}
GPUS |= {"b200", "l4", "l40s", "rtx-4090", "mi300x", "tpu-v5e", "tpu-v6e"}


def test_shipped_labs() -> None:
    assert set(lab_names()) >= SHIPPED
    assert lab_names()[0] == DEFAULT_LAB
    for name in lab_names():
        lab = load_lab(name)
        assert lab.title and lab.prompt > 0 and lab.context > 0
        assert lab.gpus_in_lab >= lab.system.gpus
        assert max_batch(lab.system, lab.context) >= 1
        for measured in lab.measured.values():
            assert measured.unit == "tok/s" and measured.how and measured.source


def test_the_default_lab_carries_the_reported_numbers() -> None:
    for name in (DEFAULT_LAB, "qwen3.5-27b-2xh100-nvl", "qwen3.5-27b-2xh100-sxm-fp8"):
        lab = load_lab(name)
        assert lab.measured["decode_tokens_per_s"].value == 108
        assert lab.measured["prefill_tokens_per_s"].value == 3288
        assert lab.traffic == (19, 47)
        assert lab.flags == ("--enable-chunked-prefill",)
        assert lab.gpus_in_lab == 4 and lab.system.tp == 2
        assert {"gpu", "weights", "link"} <= set(lab.assumed)


def test_unmeasured_stays_absent() -> None:
    assert set(load_lab("llama-3.1-8b-a100-80gb").measured) == {"decode_tokens_per_s"}
    assert not load_lab("qwen3-32b-h200").measured
    assert not load_lab("llama-3.1-8b-int4-rtx-4090").measured


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('gpu = "h100-sxm"\n', "", ["gpu", "missing"]),
        ('gpu = "h100-sxm"', 'gpu = "h100"', ["gpu", "h100-sxm", "h100-pcie"]),
        ('model = "qwen3.5-27b"', 'model = "qwen-27b"', ["model", "qwen3.5-27b"]),
        ("tp = 2", "tp = 5", ["tp", "allowed", "1, 2"]),
        ("tp = 2", "tp = 0", ["tp"]),
        ("tp = 2", 'tp = "two"', ["tp", "'two'"]),
        ("tp = 2", "tp = 8", ["gpus_in_lab", "4"]),
        ('weights = "bf16"', 'weights = "bf17"', ["weights", "bf16", "int4"]),
        ('kv = "bf16"', "kv = 16", ["kv", "fp8"]),
        ("context = 4096", "context = -1", ["context", "-1"]),
        ("prompt = 4096", "prompt = 1.5", ["prompt", "1.5"]),
        ("value = 108", "value = -108", ["decode_tokens_per_s", "value", "-108"]),
        ("value = 108", "value = nan", ["value", "nan"]),
        ("value = 108", 'value = "108"', ["value", "108"]),
        ("prompt_to_generation_low = 19", "prompt_to_generation_low = 90", ["traffic"]),
        ("prompt_to_generation_low = 19\n", "", ["prompt_to_generation_low", "missing"]),
        ("gpus_in_lab = 4", "gpu_in_lab = 4", ["gpu_in_lab", "gpus_in_lab"]),
        ('title = "', 'title = "', []),
        ("tp = 2", "tp = ", ["not valid TOML"]),
        ("[measured.decode_tokens_per_s]", "[measured.tokens]", ["tokens", "decode_tokens_per_s"]),
    ],
)
def test_a_wrong_lab_is_one_clear_line(tmp_path: Path, old: str, new: str, words: list[str]) -> None:
    text = (data_dir() / "labs" / f"{DEFAULT_LAB}.toml").read_text()
    text = text.replace("[assumed]  # the report does not say these\ngpu = ", "[assumed]\ncard = ", 1)
    assert old in text
    path = tmp_path / "mine.toml"
    path.write_text(text.replace(old, new, 1))
    if not words:
        assert load_lab(path).name == "mine"
        return
    with pytest.raises(LessonlibError) as error:
        load_lab(path)
    message = str(error.value)
    assert "mine.toml" in message and "\n" not in message
    for word in words:
        assert word in message


OWN = 'gpu = {like = "h100-sxm", title = "H100 at half speed", memory_gb_per_s = 1675}'


def lab_with(tmp_path: Path, gpu: str) -> Path:
    text = (data_dir() / "labs" / f"{DEFAULT_LAB}.toml").read_text()
    path = tmp_path / "own.toml"
    path.write_text(text.replace('gpu = "h100-sxm"', gpu, 1))
    return path


def test_a_lab_may_describe_its_own_gpu(tmp_path: Path) -> None:
    lab, usual = load_lab(lab_with(tmp_path, OWN)), load_lab()
    assert lab.system.gpu.title == "H100 at half speed"
    assert lab.system.gpu.flops == usual.system.gpu.flops
    half = decode(lab.system, 1, 4096).ceiling_tokens_per_s
    assert half == pytest.approx(decode(usual.system, 1, 4096).ceiling_tokens_per_s / 2)


@pytest.mark.parametrize(
    ("gpu", "words"),
    [
        (OWN.replace("1675", "-1675"), ["gpu", "memory_gb_per_s", "-1675"]),
        (OWN.replace("1675", "'fast'"), ["memory_gb_per_s", "fast"]),
        (OWN.replace("memory_gb_per_s", "bandwidth"), ["bandwidth", "memory_gb_per_s"]),
        (OWN.replace('like = "h100-sxm", ', ""), ["like", "missing"]),
        (OWN.replace('like = "h100-sxm"', 'like = "h100"'), ["h100-sxm"]),
        (OWN.replace('"H100 at half speed"', "3"), ["title", "3"]),
        ("gpu = 3", ["gpu", "3"]),
    ],
)
def test_a_gpu_described_wrongly(tmp_path: Path, gpu: str, words: list[str]) -> None:
    with pytest.raises(LessonlibError) as error:
        load_lab(lab_with(tmp_path, gpu))
    message = str(error.value)
    assert message.count("own.toml") == 1 and "\n" not in message
    for word in words:
        assert word in message


def test_unknown_lab_and_absent_file(tmp_path: Path) -> None:
    with pytest.raises(LessonlibError, match="did you mean"):
        load_lab("qwen3.5-27b-2xh100")
    with pytest.raises(LessonlibError, match="cannot be read"):
        load_lab(tmp_path / "none.toml")


def test_all_gpus_with_sources() -> None:
    assert set(gpu_names()) >= GPUS
    for name in gpu_names():
        gpu = load_gpu(name)
        assert gpu.source and gpu.link
        assert gpu.memory_bytes > 1e10 and gpu.bandwidth > 5e10
    assert load_gpu("mi300x").secondary
    assert not load_gpu("h100-sxm").secondary


@pytest.mark.parametrize(
    ("name", "ridge"),
    [
        ("a100-40gb-sxm", 201),
        ("a100-80gb-sxm", 153),
        ("h100-sxm", 295),
        ("h100-pcie", 378),
        ("h200-sxm", 206),
        ("b200", 292),
        ("l4", 403),
        ("l40s", 419),
        ("rtx-4090", 164),
        ("mi300x", 247),
        ("tpu-v5e", 240.5),
    ],
)
def test_ridge_points(name: str, ridge: float) -> None:
    assert load_gpu(name).ridge() == pytest.approx(ridge, abs=0.6)


def test_unknown_gpu_offers_the_family() -> None:
    with pytest.raises(LessonlibError, match=r"h100-sxm.*h100-.*lessonlib gpus"):
        load_gpu("h100")


@pytest.mark.parametrize("change", [{"bandwidth": -1.0}, {"bandwidth": 0.0}, {"memory_bytes": float("nan")}])
def test_a_gpu_with_a_wrong_number_is_refused(change: dict) -> None:
    with pytest.raises(LessonlibError, match=next(iter(change))):
        replace(load_gpu("l4"), **change)


def test_tensor_parallelism_must_divide_heads() -> None:
    system = load_lab().system
    with pytest.raises(LessonlibError, match="allowed: 1, 2, 3, 4"):
        replace(system, tp=5)
    with pytest.raises(LessonlibError, match="tp"):
        replace(system, tp=True)


def test_more_gpus_than_kv_heads_keep_copies() -> None:
    model, gpu = load_model("qwen3.5-27b"), load_gpu("h100-sxm")
    four, eight = (decode(System(model, gpu, tp), 1, 8192) for tp in (4, 8))
    read = [sum(op.kv_read_bytes for op in step.operations) for step in (four, eight)]
    assert read[1] == 2 * read[0]


def test_what_fits() -> None:
    lab = load_lab()
    assert 210 <= max_batch(lab.system, 4096) <= 240
    h200 = replace(lab.system, gpu=load_gpu("h200-sxm"))
    assert max_batch(h200, 4096) == pytest.approx(2.2 * max_batch(lab.system, 4096), rel=0.03)
    assert max_batch(replace(lab.system, gpu=load_gpu("l4")), 4096) == 0
    count = max_batch(lab.system, 131_072)
    assert count >= 8
    room = USABLE * 160e9 - weight_bytes(lab.system)
    assert count * kv_bytes(lab.system, 131_072) < room


@pytest.mark.parametrize(("batch", "context"), [(0, 1), (-1, 1), (1, -1), (1.5, 1), ("1", 1), (1, None), (True, 1)])
def test_wrong_batch_or_context(batch: object, context: object) -> None:
    with pytest.raises(LessonlibError, match=r"batch|context"):
        decode(load_lab().system, batch, context)
