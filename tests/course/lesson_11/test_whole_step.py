"""The decode step against its batch: by hand, against the engine, and in its limits."""

from __future__ import annotations

import pytest

from lessonlib.course.lesson_11 import whole_step as step
from lessonlib.roofline import decode, kv_bytes_per_token, lab_names, load_lab, weight_bytes_read

every_lab = pytest.mark.parametrize("name", lab_names())


def test_the_default_lab_by_hand():
    """Qwen3.5-27B on two H100 SXM: 16 attention layers with 2 x 4 x 256 numbers a token, 48 states of 48 x 128 x 128 in fp32 and a short
    convolution each, read and written; 6.7 TB/s, 1,979 TFLOP/s.
    """
    lab = load_lab()
    cache = 16 * 2 * 4 * 256 * 2 * step.CONTEXT
    state = 48 * (48 * 128 * 128 * 4) * 2
    assert float(step.added_bytes(lab)) == pytest.approx((cache + state) / 6.7e12, rel=0.02)
    assert float(step.added_bytes_without_context(lab)) == pytest.approx(state / 6.7e12, rel=0.03)
    assert float(step.bytes_of_first(lab)) == pytest.approx(
        weight_bytes_read(lab.system) / 6.7e12 + float(step.added_bytes(lab)), rel=1e-3
    )
    # Two FLOPs for each of 25.7 thousand million weights that a token is multiplied with.
    assert float(step.added_arithmetic_without_context(lab)) == pytest.approx(2 * 25.7e9 / 1.979e15, rel=0.02)


@every_lab
def test_no_batch_helps_at_the_usual_context(name):
    lab = load_lab(name)
    assert step.bytes_outrun_arithmetic(lab)
    for batch in (1, 64, 1_000, 30_000):
        assert decode(lab.system, batch=batch, context=step.CONTEXT).bound == "memory"


@every_lab
def test_the_limit_of_the_context_is_where_the_engine_has_it(name):
    """Below it a huge batch waits for arithmetic, above it none does; with no limit, none does at a context of one."""
    lab = load_lab(name)
    system = lab.system
    if step.none_here(lab):
        assert float(step.limit_here(lab)) == 0
        assert decode(system, batch=1_000_000, context=1).bound == "memory"
        return
    limit = float(step.limit_here(lab))
    bounds = [decode(system, batch=3_000_000, context=round(limit * part)).bound for part in (0.9, 1.1)]
    assert bounds == ["compute", "memory"]


def test_the_asked_limit_by_hand():
    """FLOPs over ridge and bytes a token; attention adds 4 FLOPs for each query head and number, which lifts it by 4 FLOP/byte."""
    lab = load_lab()
    system = load_lab("llama-3.1-8b-a100-80gb").system
    assert kv_bytes_per_token(system) == 32 * 2 * 8 * 128 * 2
    ridge = 312e12 / 2.039e12
    assert float(step.ridge_of_the_card(lab)) == pytest.approx(ridge, rel=1e-3)
    attention = 4 * 32 * 128 / (2 * 8 * 128 * 2)
    by_hand = float(step.arithmetic_of_a_request(lab)) / (131_072 * (ridge - attention))
    assert float(step.short_limit(lab)) == pytest.approx(by_hand, rel=0.01)
    assert float(step.short_batch(lab)) == pytest.approx(461, abs=2)


def test_the_batch_of_the_quiz_is_where_the_engine_changes_its_bound():
    lab = load_lab("qwen3-32b-h200")
    batch = float(step.quiz_whole_batch(lab))
    context = round(float(step.quiz_context(lab)))
    bounds = [decode(lab.system, batch=round(batch) + more, context=context).bound for more in (-3, 3)]
    assert bounds == ["memory", "compute"]
    assert float(step.quiz_matrix_batch(lab)) < batch < float(step.quiz_cache_batch(lab))


@every_lab
def test_the_drawn_curve_is_the_engines_and_its_mistakes_are_others(name):
    lab = load_lab(name)
    truth = step.step_time_curve(lab)
    assert truth["y"] == [decode(lab.system, batch, step.CONTEXT).expected_s for batch in step.BATCHES]
    assert truth["y"] == sorted(truth["y"]) and step.step_grows_all_the_way(lab)
    proportional = step.step_time_in_proportion(lab)["y"]
    assert proportional[0] == truth["y"][0] and proportional[-1] == pytest.approx(512 * truth["y"][0])
    corner = step.step_time_flat_to_corner(lab)["y"]
    assert corner[0] == truth["y"][0] and min(corner) == corner[0]


@every_lab
def test_kernels_in_turn_take_at_least_as_long_as_their_bytes(name):
    lab = load_lab(name)
    assert float(step.last_one_by_one(lab)) >= float(step.bytes_of_last(lab)) * (1 - 1e-9)
    assert float(step.arithmetic_of_last(lab)) == pytest.approx(512 * float(step.arithmetic_of_first(lab)), rel=1e-6)
