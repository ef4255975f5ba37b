"""What to expect: above the ceiling, near the measurements, and better with better hardware."""

from __future__ import annotations

import statistics
from dataclasses import replace

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.roofline import (
    System,
    decode,
    decode_load,
    lab_names,
    load_gpu,
    load_lab,
    load_model,
    prefill,
    prefill_load,
)
from lessonlib.roofline.band import band
from lessonlib.roofline.blocks import Matrix
from lessonlib.roofline.calibrate.rows import calibration_rows, fitted_rows
from lessonlib.roofline.efficiency import load_efficiency
from lessonlib.roofline.expectation import communication_seconds, operation_seconds
from lessonlib.roofline.operations import matmul

# Median absolute errors on the rows fitted, a little above what the fit reached.
REACHED = {
    "decode, 1 GPU": 0.05,
    "decode, TP2-4": 0.07,
    "decode, TP8": 0.08,
    "prefill": 0.08,
    "kernel: gemm": 0.08,
    "kernel: attention": 0.08,
    "kernel: linear attention": 0.05,
}


@pytest.mark.parametrize("name", lab_names())
def test_expectation_stays_under_the_ceiling(name: str) -> None:
    lab = load_lab(name)
    for estimate in (decode(lab.system, 1, lab.context), prefill(lab.system, lab.prompt)):
        # One request of DeepSeek-V3 on eight GPUs waits for kernels to start, not for bytes: a twelfth of the ceiling.
        assert 0.05 < estimate.ceiling_s / estimate.expected_s < 0.9
        assert estimate.per_operation_s >= estimate.ceiling_s


@pytest.mark.parametrize("category", REACHED)
def test_median_error_on_published_measurements(category: str) -> None:
    rows = [row for row in fitted_rows() if row.category == category]
    assert len(rows) >= 6
    assert statistics.median(abs(row.expected_s() / row.seconds - 1) for row in rows) < REACHED[category]


def test_the_measured_lab_is_met() -> None:
    lab = load_lab("llama-3.1-8b-a100-80gb")
    measured = lab.measured["decode_tokens_per_s"].value
    assert decode(lab.system, 1, lab.context).expected_tokens_per_s == pytest.approx(measured, rel=0.05)


def test_a_model_and_engine_outside_the_fit() -> None:
    """Qwen2.5-72B on two H100, served, one request: 30.9 ms a token at 128 + 128 tokens and 31.3 ms
    at 8,192 (tenstorrent/tt-inference-server, issue 143, 2025-04-01).
    """
    system = System(load_model("qwen2.5-72b"), load_gpu("h100-sxm"), tp=2)
    assert decode(system, 1, 192).expected_s * 1e3 == pytest.approx(30.9, rel=0.05)
    assert decode(system, 1, 8256).expected_s * 1e3 == pytest.approx(31.3, rel=0.05)


def test_rows_carry_their_source() -> None:
    for row in calibration_rows():
        assert row.source and row.engine and row.seconds > 0


def test_kernels_started_one_by_one_are_slower_and_have_a_floor() -> None:
    system = System(load_model("llama-2-70b"), load_gpu("h100-sxm"), tp=8)
    eager = replace(system, launches="eager")
    assert decode(eager, 1, 600).expected_s > decode(system, 1, 600).expected_s
    assert 0.028 < decode(eager, 1, 600).expected_s < 0.032
    assert decode(eager, 1, 600).ceiling_s == decode(system, 1, 600).ceiling_s
    with pytest.raises(LessonlibError, match="graphs or eager"):
        replace(system, launches="lazy")


def test_links_cost_nothing_alone_and_more_over_pcie() -> None:
    base = load_lab().system
    constants = load_efficiency()
    one = replace(base, tp=1)
    slow = replace(base, gpu=replace(base.gpu, link_bytes_per_second=64e9 / 2))
    step, prompt = decode_load(1, 4096), prefill_load(8192, 1)
    assert communication_seconds(one, step, constants) == 0
    assert communication_seconds(slow, prompt, constants) > 5 * communication_seconds(base, prompt, constants)
    assert communication_seconds(slow, step, constants) < 1.5 * communication_seconds(base, step, constants)


def test_an_architecture_without_constants_of_its_own_leans_on_all_others() -> None:
    system = replace(load_lab().system, tp=1)
    other, third = (replace(system, gpu=replace(system.gpu, architecture=name)) for name in ("next", "and the next"))
    assert decode(other, 4, 1000).expected_s == decode(third, 4, 1000).expected_s
    constants = load_efficiency()
    assert constants.offset("compute", "next") == 1.0
    assert constants.offset("compute", "blackwell") == constants.offset("compute", "hopper") != 1.0


def test_experts_are_slower_than_dense_matrices_and_slower_still_with_few_rows() -> None:
    """A mixture's prompt reaches a smaller share of the peak than a dense one's, a short one the smallest."""
    gpu = load_gpu("h200-sxm")
    mixture, dense = System(load_model("gpt-oss-120b"), gpu), System(load_model("llama-3.1-8b"), gpu)

    def share(system: System, tokens: int) -> float:
        step = prefill(system, tokens)
        return step.compute_s / step.expected_s

    assert share(mixture, 8192) < 0.6 * share(dense, 8192)
    assert share(mixture, 1024) < share(mixture, 8192)


def test_beyond_one_node_messages_cross_the_network() -> None:
    """DeepSeek-V3 on two nodes of H100, one request: 31.2 ms a token were measured; inside one node it would be a third."""
    step, constants = decode_load(1, 1000), load_efficiency()
    one, two = (System(load_model("deepseek-v3"), load_gpu("h100-sxm"), tp=tp, weights="fp8") for tp in (8, 16))
    assert communication_seconds(two, step, constants) > 5 * communication_seconds(one, step, constants)
    low, high = band(two, "decode step").around(decode(two, 1, 1000).expected_s)
    assert low < 31.2e-3 < high


def test_a_band_is_wider_outside_the_data_and_says_what_is_unseen() -> None:
    base = load_lab().system
    inside = band(base, "decode step")
    assert not inside.extrapolated and inside.factor < 1.4
    for change in (
        {"gpu": load_gpu("b200")},
        {"weights": "nvfp4", "gpu": load_gpu("b200")},
        {"pp": 2},
        {"model": load_model("gpt-oss-20b"), "gpu": load_gpu("l40s")},
    ):
        outside = band(replace(base, **change), "decode step")
        assert outside.extrapolated and outside.factor > band(base, "decode step").factor
        assert all(item.startswith("decode with ") for item in outside.unseen)
    with pytest.raises(LessonlibError, match="metric"):
        band(base, "speed")


def test_a_band_never_reaches_below_the_ceiling() -> None:
    low, high = band(load_lab().system, "prefill").around(1.0, 0.95)
    assert low == 0.95 < 1.0 < high


@pytest.mark.parametrize(
    ("gpu", "longer"), [("a100-80gb-sxm", 1.0), ("rtx-4090", 1.0), ("h100-sxm", 1 / 0.66), ("b200", 1 / (0.66 * 0.64))]
)
def test_unpacking_costs_arithmetic_on_hopper_and_later(gpu: str, longer: float) -> None:
    """Published: 756 against 502 TFLOP/s on H100; none on A100; 402 against 966 ms for a prompt on B200."""
    model = load_model("llama-3.1-8b")
    wide, packed = (System(model, load_gpu(gpu), 1, weights) for weights in ("bf16", "int4"))
    matrix = Matrix("m", "mlp", 8192, 8192)

    def seconds(system: System, rows: int) -> float:
        part = matmul(system, matrix, 1, rows)
        constants = load_efficiency()
        return float(operation_seconds(system, part, constants)) - constants.launch_s(part, system.gpu.architecture)

    assert seconds(packed, 8192) == pytest.approx(longer * seconds(wide, 8192), rel=1e-6)
    assert seconds(packed, 1) < 0.4 * seconds(wide, 1), "one row waits for the bytes"


def test_experts_lose_nothing_to_unpacking() -> None:
    """Their kernels are no better with 16-bit weights."""
    model = load_model("qwen3-30b-a3b")
    wide, packed = (System(model, load_gpu("h100-sxm"), 1, weights) for weights in ("bf16", "int4"))
    experts = Matrix("m", "experts", 2048, 1536, 128, 8)
    one, other = (
        float(operation_seconds(each, matmul(each, experts, 1, 65536), load_efficiency())) for each in (wide, packed)
    )
    assert other == pytest.approx(one, rel=1e-6)


def test_a_format_that_no_row_has_on_these_gpus_is_extrapolated() -> None:
    """Both were measured, the format and the GPU, but never together: what unpacks a format is a kernel for one architecture."""
    measured = band(System(load_model("gpt-oss-120b"), load_gpu("h100-sxm"), weights="mxfp4"), "decode step")
    never = band(System(load_model("gpt-oss-120b"), load_gpu("a100-80gb-sxm"), weights="mxfp4"), "decode step")
    assert not measured.extrapolated and never.extrapolated and never.factor > measured.factor
    assert "decode with weights in mxfp4 on ampere GPUs" in never.unseen


def test_the_two_formats_of_16_bits_are_one() -> None:
    found = [
        band(System(load_model("llama-3.1-8b"), load_gpu("a100-80gb-sxm"), weights=weights), "prefill").unseen
        for weights in ("bf16", "fp16")
    ]
    assert found == [(), ()]
