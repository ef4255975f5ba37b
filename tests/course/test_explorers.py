"""The explorers that every lesson may use, against the engine and by hand, on every lab."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lessonlib.course.shared.explore_ceilings import context_stops, explore_ceilings, gpu_choices, weights_choices
from lessonlib.course.shared.play_token import play_token, slowed_for
from lessonlib.roofline import Lab, System, decode, lab_names, load_gpu, load_lab, load_model, max_batch, prefill


def mixture_lab() -> Lab:
    """A lab whose weights read depend on the batch."""
    lab = load_lab("qwen3-32b-h200")
    return replace(lab, name="mixture", system=System(load_model("qwen3-30b-a3b"), load_gpu("h100-sxm")))


LABS = [*map(load_lab, lab_names()), mixture_lab()]
each_lab = pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.name)


@each_lab
def test_ceilings_are_those_of_the_engine(lab):
    for gpu, weights, batch, context in (
        (lab.system.gpu.name, lab.system.weights, 1, lab.context),
        ("l40s", "fp8", 37, 2048),
        ("b200", "bf16", 512, 0),
    ):
        own = gpu == lab.system.gpu.name
        system = replace(lab.system, gpu=lab.system.gpu if own else load_gpu(gpu), weights=weights)
        shown = explore_ceilings(lab, batch=batch, context=context, gpu=gpu, weights=weights)
        step, most = decode(system, batch, context), max_batch(system, max(context, 1))
        assert float(shown.value("total")) == step.roof_tokens_per_s
        assert float(shown.value("each")) == pytest.approx(1 / step.roof_s)
        assert float(shown.value("step")) == step.roof_s
        assert ("it fits in memory" in shown.finding) == (batch <= most)
        assert f"room for {most})" in shown.finding
        moved, held = shown.bars
        assert sum(part.value for part in moved.parts) / system.bandwidth == pytest.approx(step.fetch_s, rel=1e-6)
        assert (sum(part.value for part in held.parts) <= held.limit) == (batch <= most)
        assert held.note == f"{'✓ fits' if batch <= most else '✕ does not fit'}; room for {most}"
        if context:
            assert float(shown.value("prefill")) == prefill(system, context).roof_tokens_per_s
        else:
            assert "prefill" not in [value.name for value in shown.values]


@each_lab
def test_the_curve_goes_through_the_dot_and_stays_under_both_roofs(lab):
    shown = explore_ceilings(lab, batch=32, context=lab.context, gpu=lab.system.gpu.name, weights=lab.system.weights)
    lines = {line.label: line for line in shown.lines}
    curve = dict(zip(lines["ceiling"].x, lines["ceiling"].y, strict=True))
    assert curve[32] == shown.points[0].y
    for name, line in lines.items():
        if "roof" in name:
            assert max(curve.values()) <= line.y[0] * (1 + 1e-9), name


@each_lab
def test_choices_hold_the_labs_own_and_contexts_stay_within_the_model(lab):
    assert next(each["value"] for each in gpu_choices(lab)) == lab.system.gpu.name
    assert lab.system.weights in [each["value"] for each in weights_choices(lab)]
    assert sum("your lab" in each["label"] for each in weights_choices(lab)) == 1
    stops = context_stops(lab)
    assert lab.context in stops and max(stops) <= max(lab.context, lab.system.model.max_context or max(stops))


def test_a_mixture_reads_more_weights_with_the_batch():
    lab = load_lab("deepseek-v3-8xh200-fp8")
    read = [float(play_token(lab, batch=batch, context=4096, bits="fp8").value("weights")) for batch in (1, 512)]
    assert read[0] == pytest.approx(37.67e9, rel=1e-3)
    assert 500e9 < read[1] <= 671.3e9


def test_a_window_stops_growing():
    lab = load_lab("gpt-oss-120b-h100-mxfp4")
    at = {
        context: float(play_token(lab, batch=1, context=context, bits="mxfp4").value("caches"))
        for context in (65536, 131072)
    }
    full_layers_alone = 18 * 2 * 8 * 64 * 2
    assert at[131072] - at[65536] == pytest.approx(65536 * full_layers_alone, rel=1e-4)


# --- the token ------------------------------------------------------------------------------------------------------


@each_lab
def test_what_passes_the_gate_takes_its_time_and_each_request_brings_a_cache(lab):
    one, eight = (play_token(lab, batch=batch, context=lab.context, bits=lab.system.weights) for batch in (1, 8))
    for shown, batch in ((one, 1), (eight, 8)):
        gate, step = shown.gate, decode(lab.system, batch, lab.context)
        assert len(gate.caches) == batch
        assert (gate.weights + sum(gate.caches)) / gate.bandwidth == pytest.approx(step.fetch_s, rel=1e-6)
        assert gate.seconds == step.roof_s and gate.compute_s == step.compute_s
        assert float(shown.value("expected")) == step.expected_s
    assert sum(eight.gate.caches) == pytest.approx(8 * sum(one.gate.caches), rel=1e-6)


def test_the_default_labs_token_by_hand():
    shown = play_token(load_lab(), batch=1, context=4096, bits="bf16")
    assert "51.2 GB of weights once" in shown.finding and "6.7 TB/s" in shown.finding and "7.74 ms" in shown.finding
    half = play_token(load_lab(), batch=1, context=4096, bits="fp8")
    assert half.gate.bits == 8 and half.gate.weights < 0.55 * shown.gate.weights


@each_lab
def test_the_scene_is_slowed_by_a_round_factor_that_no_knob_changes(lab):
    slowed = slowed_for(lab)
    assert f"{slowed:.0e}"[0] in "125" and slowed == float(f"{slowed:.0e}")
    assert 0.6 <= slowed * decode(lab.system, 1, lab.context).roof_s <= 1.75
    settings = [(1, 0, "bf16"), (128, 8192, "int4")]
    assert {play_token(lab, batch=b, context=c, bits=w).gate.slowed for b, c, w in settings} == {slowed}
