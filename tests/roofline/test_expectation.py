"""What to expect: above the ceiling, near the measurements, and better with better hardware."""

from __future__ import annotations

import json
import statistics
from dataclasses import replace

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.base.paths import data_dir
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
from lessonlib.roofline.calibrate.fit import CONSTANTS, Fit
from lessonlib.roofline.calibrate.rows import calibration_rows, fitted_rows
from lessonlib.roofline.efficiency import expected_error, load_efficiency
from lessonlib.roofline.expectation import communication_seconds

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


def constants_file() -> dict:
    return json.loads((data_dir() / "efficiency.json").read_text())


@pytest.mark.parametrize("name", lab_names())
def test_expectation_stays_under_the_ceiling(name: str) -> None:
    lab = load_lab(name)
    for estimate in (decode(lab.system, 1, lab.context), prefill(lab.system, lab.prompt)):
        assert 0.1 < estimate.ceiling_s / estimate.expected_s < 0.9
        assert estimate.per_operation_s >= estimate.ceiling_s


@pytest.mark.parametrize("category", REACHED)
def test_median_error_on_published_measurements(category: str) -> None:
    rows = [row for row in fitted_rows() if row.category == category]
    assert len(rows) >= 6
    assert statistics.median(abs(row.expected_s() / row.seconds - 1) for row in rows) < REACHED[category]


def test_cross_validated_errors_meet_their_aims() -> None:
    errors = constants_file()["cross_validated"]["one model of one source"]
    aims = {"decode, 1 GPU": 0.08, "decode, TP2-4": 0.15, "decode, TP8": 0.25, "prefill": 0.15}
    for category, aim in aims.items():
        assert errors[category]["median_absolute_error"] <= aim, category


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


def test_every_constant_has_a_value_an_interval_and_a_provenance() -> None:
    constants = constants_file()["constants"]
    assert set(constants) == set(CONSTANTS) == set(load_efficiency().values)
    for name, entry in constants.items():
        low, high = CONSTANTS[name].bounds
        assert low * 0.999 <= entry["value"] <= high * 1.001, name
        assert entry["low"] <= entry["high"]
        assert entry["meaning"] and entry["from"]


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


def test_architectures_without_constants_of_their_own_take_the_general_ones() -> None:
    system = replace(load_lab().system, tp=1)
    other = replace(system, gpu=replace(system.gpu, architecture="next"))
    assert decode(other, 4, 1000).expected_s == decode(system, 4, 1000).expected_s


def test_the_committed_script_finds_the_committed_constants() -> None:
    found = Fit(fitted_rows()).run().values
    for name, entry in constants_file()["constants"].items():
        assert found[name] == pytest.approx(entry["value"], rel=0.02), name


@pytest.mark.parametrize(("tp", "category"), [(1, "decode, 1 GPU"), (4, "decode, TP2-4"), (16, "decode, TP8")])
def test_the_error_to_quote(tp: int, category: str) -> None:
    kept = constants_file()["cross_validated"].values()
    assert len(kept) == 2
    assert expected_error("decode", tp) == max(errors[category]["median_absolute_error"] for errors in kept)
    assert expected_error("prefill", tp) == max(errors["prefill"]["median_absolute_error"] for errors in kept)
