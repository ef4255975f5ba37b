"""The numpy grid gives the numbers of single cases; parallelism divides what it should."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.roofline import (
    System,
    decode,
    decode_load,
    load_gpu,
    load_lab,
    load_model,
    max_batch,
    model_names,
    napkin,
    prefill,
    weight_bytes,
)
from lessonlib.roofline.capacity import activation_bytes, capacity, sequence_bytes
from lessonlib.roofline.efficiency import load_efficiency
from lessonlib.roofline.links import (
    Link,
    all_reduce_s,
    one_shot_all_reduce_s,
    ring_all_reduce_s,
    traffic,
)
from lessonlib.roofline.sweep import COLUMNS, sweep


@pytest.mark.parametrize("name", model_names())
def test_grid_agrees_with_single_cases(name: str) -> None:
    system = System(load_model(name), load_gpu("h200-sxm"), tp=2, weights="fp8")
    batches, contexts = [1, 2, 7, 64, 1000], [0, 1, 100, 127, 128, 129, 5000]
    grid = sweep(system, batches, contexts)
    for i, batch in enumerate(batches):
        for j, context in enumerate(contexts):
            single = decode(system, batch, context)
            for key in ("compute_s", "memory_s", "ceiling_s", "expected_s", "intensity"):
                assert getattr(grid, key)[i, j] == pytest.approx(getattr(single, key), rel=1e-12), key
            assert grid.ceiling_tokens_per_s[i, j] == pytest.approx(single.ceiling_tokens_per_s)


@pytest.mark.parametrize("options", [{"pp": 2}, {"dp": 4}, {"dp": 2, "pp": 2}, {"launches": "eager"}])
def test_grid_agrees_with_single_cases_in_parallel(options: dict) -> None:
    system = replace(load_lab().system, **options)
    grid = sweep(system, [1, 3, 8, 100], [0, 4096])
    for i, batch in enumerate([1, 3, 8, 100]):
        single = decode(system, batch, 4096)
        assert grid.expected_s[i, 1] == pytest.approx(single.expected_s, rel=1e-12)
        assert grid.ceiling_s[i, 1] == pytest.approx(single.ceiling_s, rel=1e-12)


def test_rows_of_a_grid() -> None:
    rows = list(sweep(load_lab().system, [1, 8], [0, 4096]).rows())
    assert [(row["batch"], row["context"]) for row in rows] == [(1, 0), (1, 4096), (8, 0), (8, 4096)]
    assert tuple(rows[0]) == COLUMNS
    assert rows[1]["bound"] == "memory"


@pytest.mark.parametrize("batches", [[], [0], [-1], [1.5], ["a"], [[1, 2]], [float("nan")]])
def test_wrong_axis(batches: list) -> None:
    with pytest.raises(LessonlibError, match="batches"):
        sweep(load_lab().system, batches, [1])


def test_single_cases_need_no_numpy() -> None:
    code = (
        "import sys; from lessonlib.roofline import *; lab = load_lab();"
        "decode(lab.system, 4, 100); prefill(lab.system, 100); mixed(lab.system, [(1, 5), (7, 0)]);"
        "max_batch(lab.system, 100);"
        "assert not {'numpy', 'matplotlib', 'anywidget'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_data_parallel_copies_double_throughput_at_equal_step_time() -> None:
    one = load_lab().system
    two = replace(one, dp=2)
    assert two.gpus == 4
    assert weight_bytes(two) == 2 * weight_bytes(one)
    single, double = decode(one, 8, 4096), decode(two, 16, 4096)
    assert double.ceiling_s == pytest.approx(single.ceiling_s)
    assert double.tokens == 2 * single.tokens
    assert double.flops == pytest.approx(2 * single.flops)
    assert double.bytes == pytest.approx(2 * single.bytes)
    assert decode(two, 1, 4096).ceiling_s == pytest.approx(decode(one, 1, 4096).ceiling_s)
    assert max_batch(two, 4096) == 2 * max_batch(one, 4096)


def test_pipeline_stages_hold_more_and_do_not_shorten_one_request() -> None:
    one = load_lab().system
    two = replace(one, pp=2)
    assert decode(two, 1, 4096).ceiling_s == pytest.approx(decode(one, 1, 4096).ceiling_s)
    assert decode(two, 1, 4096).expected_s > decode(one, 1, 4096).expected_s
    assert weight_bytes(two) == weight_bytes(one)
    assert max_batch(two, 4096) > 2 * max_batch(one, 4096)
    busy, split = decode(one, 64, 4096), decode(two, 64, 4096)
    assert split.ceiling_s < busy.ceiling_s
    assert split.flops == pytest.approx(busy.flops)


def test_expert_parallelism_keeps_one_copy_of_the_experts() -> None:
    model, gpu = load_model("qwen3-30b-a3b"), load_gpu("h100-sxm")
    copied = System(model, gpu, dp=8)
    spread = System(model, gpu, dp=8, ep=8)
    assert weight_bytes(spread) < 0.25 * weight_bytes(copied)
    assert decode(spread, 64, 1000).ceiling_s < decode(copied, 64, 1000).ceiling_s
    assert decode(spread, 64, 1000).flops == pytest.approx(decode(copied, 64, 1000).flops)
    assert decode(spread, 64, 1000).bytes < decode(copied, 64, 1000).bytes
    within = System(model, gpu, tp=4, ep=4)
    sliced = System(model, gpu, tp=4)
    assert decode(within, 64, 1000).ceiling_s == pytest.approx(decode(sliced, 64, 1000).ceiling_s)


@pytest.mark.parametrize(
    ("options", "word"),
    [({"pp": 0}, "pp"), ({"dp": -1}, "dp"), ({"ep": 2}, "no experts"), ({"pp": 65}, "64 layers"), ({"dp": 1.0}, "dp")],
)
def test_impossible_parallelism(options: dict, word: str) -> None:
    with pytest.raises(LessonlibError, match=word):
        replace(load_lab().system, **options)


def test_experts_must_divide() -> None:
    model, gpu = load_model("gpt-oss-20b"), load_gpu("h100-sxm")
    with pytest.raises(LessonlibError, match="32 experts"):
        System(model, gpu, tp=8, dp=8, ep=64)
    with pytest.raises(LessonlibError, match="tp x dp = 2"):
        System(model, gpu, tp=2, ep=4)


def test_capacity_adds_up() -> None:
    system = load_lab().system
    fits = capacity(system, 4100)
    used = fits.weight_bytes + fits.sequences * sequence_bytes(system, 4100) + fits.free_bytes
    assert used == pytest.approx(fits.usable_bytes)
    assert fits.usable_bytes + fits.reserve_bytes == pytest.approx(2 * 80e9)
    assert fits.fragmentation_bytes_per_sequence == (4112 - 4100) * 65_536
    assert fits.free_bytes + fits.short_bytes == pytest.approx(sequence_bytes(system, 4100))
    assert 0 < fits.activation_bytes < fits.reserve_bytes
    assert activation_bytes(system, 2048) < activation_bytes(system, 8192)


def test_what_lacks_when_the_weights_alone_do_not_fit() -> None:
    system = System(load_model("llama-3.1-70b"), load_gpu("h100-sxm"))
    fits = capacity(system, 4096)
    assert fits.sequences == 0
    lacking = weight_bytes(system) + sequence_bytes(system, 4096) - 0.92 * 80e9
    assert fits.short_bytes == pytest.approx(lacking)


def test_napkin_beside_the_exact_count() -> None:
    lab = load_lab()
    quick = napkin(lab.system, 4096)
    assert 1 / quick.decode_s == pytest.approx(124.5, rel=0.002)
    assert quick.decode_s > decode(lab.system, 1, 4096).ceiling_s * 0.9
    assert 4096 / quick.prefill_s == pytest.approx(36_770, rel=0.002)
    assert quick.prefill_s > prefill(lab.system, 4096).ceiling_s


def test_a_grid_is_what_numpy_gives() -> None:
    grid = sweep(load_lab().system, np.arange(1, 50), np.arange(0, 30) * 16)
    assert grid.ceiling_s.shape == (49, 30)
    assert np.all(np.diff(grid.ceiling_s, axis=0) >= 0)
    assert np.all(np.diff(grid.ceiling_s, axis=1) >= 0)


def test_all_reduce_takes_the_quicker_way() -> None:
    link = Link(bytes_per_second=100e9, latency_s=1e-5)
    for gpus in (2, 4, 8):
        for payload in (1e3, 1e9):
            ways = (ring_all_reduce_s(gpus, payload, link), one_shot_all_reduce_s(gpus, payload, link))
            assert all_reduce_s(gpus, payload, link) == min(ways)
    assert ring_all_reduce_s(8, 8e9, link) == pytest.approx(2 * 7 / 8 * 8e9 / 100e9, rel=0.01)
    assert one_shot_all_reduce_s(8, 1e3, link) < ring_all_reduce_s(8, 1e3, link)
    assert one_shot_all_reduce_s(8, 1e9, link) > ring_all_reduce_s(8, 1e9, link)


def test_messages_of_a_step() -> None:
    lab = load_lab()
    constants, step = load_efficiency(), decode_load(4, 100)
    (found,) = traffic(lab.system, step, constants)
    assert (found.name, found.messages) == ("all-reduce", 128)
    assert found.bytes_per_gpu == 128 * 4 * 5120 * 2
    assert traffic(replace(lab.system, tp=1), step, constants) == []
    staged = traffic(replace(lab.system, tp=1, pp=4), decode_load(4, 100), constants)
    assert [(item.name, item.messages) for item in staged] == [("hand-over", 3)]
    spread = System(load_model("qwen3-30b-a3b"), load_gpu("h100-sxm"), dp=8, ep=8)
    (moved,) = traffic(spread, decode_load(8, 100), constants)
    assert moved.messages == 2 * 48
    assert moved.bytes_per_gpu == pytest.approx(2 * 48 * 1 * 2048 * 2 * 8 * 7 / 8)
