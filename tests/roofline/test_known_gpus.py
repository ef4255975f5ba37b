"""The table of GPUs: what each multiplies in, what joins it to others, and GPUs that a person describes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lessonlib.base.errors import LessonlibError
from lessonlib.base.formats import parse_toml
from lessonlib.roofline import (
    GPU_EXAMPLE,
    LINK_KINDS,
    System,
    decode,
    gpu_description,
    gpu_names,
    load_gpu,
    load_gpu_or_file,
    load_model,
)
from lessonlib.roofline.gpu import NARROW_FORMATS
from lessonlib.roofline.own_gpu import own_gpu


@pytest.mark.parametrize("name", gpu_names())
def test_a_gpu_multiplies_in_the_formats_of_its_architecture(name: str) -> None:
    gpu = load_gpu(name)
    assert set(gpu.flops) - {"bf16"} == set(NARROW_FORMATS[gpu.architecture]), gpu.architecture
    if gpu.architecture not in ("blackwell", "cdna2"):  # Blackwell Ultra has nearly no int8, CDNA 2 no faster one
        assert all(peak > 1.5 * gpu.flops["bf16"] for key, peak in gpu.flops.items() if key != "bf16")
    assert gpu.link_kind in LINK_KINDS and gpu.source


@pytest.mark.parametrize("name", gpu_names())
def test_the_driver_shows_about_what_the_maker_writes(name: str) -> None:
    """GB against GiB: never below 0.95 of the label, never above 1.08 of it."""
    gpu = load_gpu(name)
    assert 0.95 <= gpu.capacity_bytes / gpu.memory_bytes <= 1.08


@pytest.mark.parametrize(
    ("name", "bf16", "fp8", "fp4", "bandwidth"),
    [
        ("t4", 65e12, None, None, 320e9),
        ("rtx-3090", 71e12, None, None, 936e9),
        ("rtx-5090", 209.5e12, 419e12, 1676e12, 1792e9),
        ("rtx-pro-6000-server", 467.8e12, 935.6e12, 1871.2e12, 1597e9),
        ("h20", 148e12, 296e12, None, 4000e9),
        ("gb300", 2500e12, 5000e12, 15000e12, 8000e9),
        ("dgx-spark", 125e12, 250e12, 500e12, 273e9),
        ("mi325x", 1307.4e12, 2614.9e12, None, 6000e9),
        ("mi355x", 2516.6e12, 5033.2e12, 10066.3e12, 8000e9),
        ("m2-ultra", 27.2e12, None, None, 800e9),
    ],
)
def test_figures_of_newer_gpus(name: str, bf16: float, fp8: float, fp4: float, bandwidth: float) -> None:
    gpu = load_gpu(name)
    assert (gpu.flops["bf16"], gpu.flops.get("fp8"), gpu.flops.get("fp4")) == (bf16, fp8, fp4)
    assert gpu.bandwidth == bandwidth


def test_second_names() -> None:
    assert load_gpu("gb10") == load_gpu("dgx-spark")
    assert load_gpu("rtx-pro-6000") == load_gpu("rtx-pro-6000-server")
    assert load_gpu("RTX 5090") == load_gpu("rtx_5090") == load_gpu("rtx-5090")


def test_two_nodes_are_joined_by_a_network() -> None:
    h100, rack, spark = load_gpu("h100-sxm"), load_gpu("gb200"), load_gpu("dgx-spark")
    assert [h100.nodes(count) for count in (1, 8, 9, 16)] == [1, 1, 2, 2]
    assert h100.inside.kind == "nvlink" and h100.between.kind == "network"
    assert h100.between.bytes_per_second == 50e9 < h100.inside.bytes_per_second
    assert rack.nodes(72) == 1 and rack.nodes(144) == 2
    assert spark.nodes(2) == 2


def test_the_example_reads_back_as_it_says(tmp_path: Path) -> None:
    path = tmp_path / "my-gpu.toml"
    path.write_text(GPU_EXAMPLE)
    gpu = load_gpu_or_file(str(path))
    keys = parse_toml(GPU_EXAMPLE, "example")
    assert gpu.flops == {"bf16": 25.5e12, "int8": 102e12}
    assert gpu.bandwidth == keys["memory_gb_per_s"] * 1e9 and gpu.capacity_bytes == keys["driver_mib"] * 2**20
    assert (gpu.title, gpu.note, gpu.source) == (keys["title"], keys["note"], keys["source"])
    assert gpu.nodes(3) == 2 and gpu.between.bytes_per_second == 1.25e9
    assert decode(System(load_model("llama-3.1-8b"), gpu), 1, 512).ceiling_tokens_per_s > 0


def test_a_lab_file_serves_as_a_gpu_file(tmp_path: Path) -> None:
    path = tmp_path / "lab.toml"
    path.write_text('title = "x"\n[gpu]\nlike = "h100-sxm"\ngpus_per_node = 4\n')
    assert load_gpu_or_file(str(path)).nodes(8) == 2
    path.write_text('title = "x"\ngpu = "l4"\n')
    assert load_gpu_or_file(str(path)) == load_gpu("l4")


def test_formats_that_the_described_architecture_lacks_are_not_inherited() -> None:
    own = own_gpu({"like": "l4", "architecture": "ampere", "bf16_dense_tflops": 60.5}, "mine")
    assert own.flops == {"bf16": 60.5e12, "int8": 121e12}  # half of the base's 242, fp8 gone
    stated = own_gpu({"like": "h100-sxm", "fp8_dense_tflops": 0}, "mine")
    assert "fp8" not in stated.flops and stated.flops["bf16"] == load_gpu("h100-sxm").flops["bf16"]


@pytest.mark.parametrize("name", gpu_names())
def test_a_description_reads_back(name: str) -> None:
    gpu = replace(load_gpu(name), name="own", title="mine", bandwidth=123e9)
    again = own_gpu(gpu_description(gpu), "mine")
    for key, value in gpu.flops.items():
        assert again.flops[key] == pytest.approx(value)
    assert set(again.flops) == set(gpu.flops)
    assert again.bandwidth == pytest.approx(123e9) and again.capacity_bytes == pytest.approx(gpu.capacity_bytes)
    assert (again.inside.kind, again.gpus_per_node) == (gpu.inside.kind, gpu.gpus_per_node)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"link_kind": "nvlnk"}, ["link_kind", "nvlink"]),
        ({"gpus_per_node": 0}, ["gpus_per_node"]),
        ({"gpus_per_node": 2.5}, ["gpus_per_node"]),
        ({"network_gb_per_s_each_way": 0}, ["network_gb_per_s_each_way"]),
        ({"bf16_dense_tflops": 0}, ["bf16_dense_tflops"]),
        ({"fp8_dense_tflops": -1}, ["fp8_dense_tflops"]),
        ({"memory_gb": 1e308}, ["memory_bytes"]),
        ({"driver_mb": 3}, ["driver_mib"]),
    ],
)
def test_what_cannot_be(keys: dict[str, object], words: list[str]) -> None:
    with pytest.raises(LessonlibError) as error:
        own_gpu({"like": "l4", **keys}, "mine.toml")
    assert all(word in str(error.value) for word in words)


def test_files_that_are_no_gpu(tmp_path: Path) -> None:
    with pytest.raises(LessonlibError, match="no file"):
        load_gpu_or_file(str(tmp_path / "none.toml"))
    path = tmp_path / "odd.toml"
    path.write_text("gpu = 3\n")
    with pytest.raises(LessonlibError, match="gpu: expected a table"):
        load_gpu_or_file(str(path))


_KEYS = st.sampled_from([*gpu_description(load_gpu("h100-sxm")), "source", "note", "bandwidth"])
_VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.lists(st.integers(), max_size=2)
)


@given(st.dictionaries(_KEYS, _VALUES, max_size=4))
@settings(max_examples=150, deadline=None)
def test_any_description_is_a_gpu_or_one_line(keys: dict[str, object]) -> None:
    try:
        gpu = own_gpu({"like": "h100-sxm", **keys}, "mine")
    except LessonlibError as error:
        assert "\n" not in str(error) and str(error)
    else:
        assert decode(System(load_model("llama-3.1-8b"), gpu), 1, 512).ceiling_tokens_per_s > 0
