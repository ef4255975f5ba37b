"""The consistency test: its algebra, its limits, a simulation, and a published measurement."""

from __future__ import annotations

import pytest

from lessonlib.course.lesson_11 import one_after_another as one
from lessonlib.course.lesson_11 import witnesses
from lessonlib.roofline import decode, load_lab, prefill

LAB = load_lab()


def test_the_identity():
    """Whatever the two rates are, taken as P and G with r = P / G, nothing is left for t."""
    for prompts, answers in ((3288.0, 108.0), (871.4, 88.1), (1254.4, 29.2)):
        assert one.written_per_s(prompts, 0.0, prompts / answers) == pytest.approx(answers)
    assert one.identity_leaves_nothing(LAB)


def test_its_limits():
    assert one.written_per_s(1e12, 0.01, 30) == pytest.approx(100)  # reading costs nothing: decode alone
    assert one.written_per_s(3000, 0.0, 30) == pytest.approx(100)  # writing costs nothing: reading alone
    assert one.written_per_s(3000, 0.01, 30) == pytest.approx(50)  # both cost alike: half


def test_one_user_in_the_simulator_writes_what_the_formula_says():
    """A closed loop of one: as the formula, but for the server's own milliseconds before each first token."""
    for weights in ("bf16", "fp8"):
        found = one.expected_of(one.on("h100-sxm", weights))
        assert one.looped(weights, 1) == pytest.approx(found.writes, rel=0.02)
    assert one.looped("bf16", 1) < one.looped("bf16", 2) < 2 * one.looped("bf16", 1)


def test_the_measured_pair_of_the_quiz():
    assert witnesses.formula_meets_the_measurement(LAB)
    assert float(witnesses.prompts_counted(LAB)) == pytest.approx(8 / (8 * 0.487 / 8192 + 0.0043))
    assert float(witnesses.pair_measured_answers(LAB)) == pytest.approx(1884 / 9, rel=1e-6)


def test_one_user_of_nvidias_table():
    """Another measured pair through the same test: 5,000 in after 0.407 s, 500 out at 18.58 ms, and 51.67 tok/s published."""
    assert one.written_per_s(5000 / 0.40677, 0.01858, 10) == pytest.approx(51.67, rel=0.01)


def test_witnesses_as_published():
    assert float(witnesses.witness_apart(LAB)) == pytest.approx(147.8, abs=0.1)
    assert float(witnesses.nim_apart(LAB)) == pytest.approx(5000 / 0.40677 * 0.01858)
    assert float(witnesses.drafted_apart(LAB)) == pytest.approx(8192 / 0.734 * 0.00561)
    assert witnesses.witnesses_are_far_from_thirty(LAB)


def test_the_prompt_that_is_read_at_the_reported_speed():
    system = one.case_system()
    for tokens in (40, 42):
        speed = tokens / prefill(system, tokens).expected_s
        assert (speed > 3288) == (tokens > float(one.true_length(LAB)))
    assert one.only_short_prompts_read_so(LAB)
    assert float(one.true_length(LAB)) == pytest.approx(3288 * float(one.pass_over_weights(LAB)), rel=0.02)


def test_what_the_roofs_rule_out():
    assert one.roofs_rule_out_one(LAB) and one.fp8_comes_nearest(LAB)
    pair = one.on("h100-pcie")
    far = 1 / (
        30.444 / (1e5 / prefill(one.case_system(), 100_000).ceiling_s) + decode(one.case_system(), 1, 100_000).ceiling_s
    )
    assert float(one.far_at_roofs(LAB)) == pytest.approx(far, rel=1e-4)
    assert far < 108 < float(one.far_steps_alone(LAB))
    two = 1 / (30.444 / (4096 / prefill(pair, 4096).ceiling_s) + decode(pair, 2, 4096).ceiling_s / 2)
    assert float(one.pcie_two_at_roofs(LAB)) == pytest.approx(two, rel=1e-4)


def test_the_link_by_hand():
    """Two all-reduces in each of 64 layers, 4,096 tokens of 5,120 numbers in 16 bits."""
    assert float(one.all_reduced(LAB)) == 2 * 64 * 4096 * 5120 * 2
    assert one.no_slot_is_so_slow(LAB)
    missing = 4096 / 3288 - float(one.bridged_prefill(LAB))
    assert float(one.link_needed(LAB)) == pytest.approx(5.3687e9 / missing, rel=1e-3)


def test_every_candidate_of_the_plot_is_a_rate():
    found = one.candidates()
    assert len(found) == 10 and all(20 < value < 150 for _, value in found.values())
    assert {kind for kind, _ in found.values()} == {"roof", "expected", "measured"}
