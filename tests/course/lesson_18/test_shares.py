"""Shares: connections thrown at pods, turns with one slow replica, and the quiz on both."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from lessonlib.course.lesson_18 import connections, incident, quiz, slow_one, traffic
from lessonlib.roofline import lab_names, load_lab, prefill
from lessonlib.serving import Constant, Fleet, Poisson, Scheduler, fixed, simulate

each_lab = pytest.mark.parametrize("lab", [*map(load_lab, lab_names())], ids=lambda lab: lab.name)
some_labs = pytest.mark.parametrize(
    "lab",
    [*map(load_lab, ("qwen3.5-27b-2xh100-sxm", "gpt-oss-120b-h100-mxfp4", "llama-3.1-8b-int4-rtx-4090"))],
    ids=lambda lab: lab.name,
)


@pytest.mark.parametrize(("thrown", "pods"), [(3, 2), (4, 3), (5, 4)])
def test_the_fullest_pod_by_trying_every_throw(thrown, pods):
    fullest = [max(map(throw.count, range(pods))) for throw in itertools.product(range(pods), repeat=thrown)]
    assert connections.busiest_mean(thrown, pods) == pytest.approx(np.mean(fullest))


def test_one_pod_has_all_and_one_connection_is_somewhere():
    assert connections.busiest_mean(7, 1) == pytest.approx(7)
    assert connections.busiest_mean(1, 9) == pytest.approx(1)


def test_a_service_sends_nothing_to_a_pod_that_no_connection_reaches():
    """One connection: one of four pods gets everything, however long its line."""
    lab = load_lab("llama-3.1-8b-a100-80gb")
    result = simulate(lab.system, fixed(1_000, 20, 60, Poisson(20.0)), Scheduler(), Fleet(4, "service", connections=1))
    assert len(set(result.requests["replica"].tolist())) == 1


@each_lab
def test_the_line_of_the_slow_one(lab):
    assert slow_one.one_line_grows(lab)


@some_labs
def test_a_replica_carries_less_than_prompts_alone_would_let_it(lab):
    """By the engine's time for a mean prompt alone: answers take a part of it."""
    prompts_alone = 1 / prefill(lab.system, prompt=5_000).expected_s
    assert 0.6 * prompts_alone < traffic.carried_rate(lab) < 1.02 * prompts_alone


def test_the_line_grows_with_time_and_not_without_a_slow_one():
    lab = load_lab("qwen3.5-27b-2xh100-sxm")
    lines = [slow_one._line(lab, traffic.SLOW, at) for at in (40.0, 80.0, 120.0)]
    growth = float(slow_one.line_by_hand(lab)) / traffic.STRETCH_S
    assert np.diff(lines) == pytest.approx([40 * growth] * 2, rel=0.2)
    rate = traffic.fleet_rate(lab)
    well = simulate(lab.system, traffic.work(400, Constant(rate)), Scheduler(), Fleet(4, "round-robin"))
    assert well.percentile("ttft_s", 99) < 3


@each_lab
def test_the_slow_pod_hides_behind_a_count(lab):
    assert incident.counting_hides_the_slow(lab)


def test_a_slow_pod_gets_its_share_of_the_speed():
    """By speed: a half over three and a half."""
    lab = load_lab("qwen3.5-27b-2xh100-sxm")
    assert float(incident.share_of_the_slow(lab)) == pytest.approx(100 * 0.5 / 3.5, abs=2.5)


def test_the_monitors_hold_what_the_words_say():
    lab = load_lab("qwen3.5-27b-2xh100-sxm")
    seen, mended = incident.slow_morning(lab), incident.three_pods(lab)
    fullest, emptiest = (np.array(seen.chart(f"Running, {which} pod").values) for which in ("fullest", "emptiest"))
    assert (fullest >= emptiest).all() and np.mean(fullest - emptiest) < 4
    assert np.mean(mended.chart("Time to first token, p99").compare) < np.mean(
        seen.chart("Time to first token, p99").values
    )
    assert np.mean(seen.chart("Prompt tokens").values) == pytest.approx(
        np.mean(seen.chart("Prompt tokens").compare), rel=0.1
    )


def test_the_quiz_by_hand():
    lab = load_lab("qwen3-32b-h200")
    carried = traffic.one_replica_carries(lab).printed
    # The pod with 9 of 24 connections is full at 24/9 of what one serves; the slow one, with 2, at 24/2 of 0.6 of it.
    assert float(quiz.quiz_carried(lab)) == pytest.approx(24 / 9 * carried)
    assert float(quiz.quiz_slow_first(lab)) == pytest.approx(7.2 * carried)
    # A fifth of all, and an eighth of the other four fifths.
    assert float(quiz.share_at_the_favourite(lab)) == pytest.approx(30)
    assert float(quiz.rate_of_the_favourite(lab)) == pytest.approx(carried / 0.3)


def test_the_replica_of_the_favourite_gets_its_part_of_the_rest():
    """By drawing requests: one prefix has a fifth, two thousand others share the rest and are dealt over eight replicas."""
    draw = np.random.default_rng(3)
    prefixes = np.where(draw.random(40_000) < quiz.FAVOURITE, 0, draw.integers(1, 2_001, 40_000))
    shares = np.bincount(prefixes % quiz.MANY, minlength=quiz.MANY) / len(prefixes)
    assert 100 * shares.max() == pytest.approx(float(quiz.share_at_the_favourite(load_lab("qwen3-32b-h200"))), rel=0.03)


@pytest.mark.parametrize(("of_full", "grows"), [(0.85, False), (1.25, True)])
def test_a_replica_with_that_share_is_full_at_that_rate(of_full, grows):
    """One replica alone, at its share of the rate: below it the last ones wait like the first, above it longer and longer."""
    lab = load_lab("qwen3-32b-h200")
    rate = of_full * float(quiz.rate_of_the_favourite(lab)) * float(quiz.share_at_the_favourite(lab)) / 100
    rows = simulate(lab.system, traffic.work(300, Constant(rate)), Scheduler()).requests
    begin, end = (np.median(rows["ttft_s"][part]) for part in (slice(50, 100), slice(250, 300)))
    assert bool(end > 3 * begin) == grows


def test_the_share_of_a_new_pod_by_drawing():
    """Connections of an hour, opened at any minute: those opened since draw one of five pods."""
    draw = np.random.default_rng(5)
    opened_since = draw.uniform(0, connections.LIVES_MIN, 100_000) < connections.LATER_MIN
    at_the_new_one = opened_since & (draw.integers(0, 5, 100_000) == 4)
    share = float(connections.share_of_the_fifth(load_lab("qwen3-32b-h200")))
    assert share == pytest.approx(20 / 3) and 100 * at_the_new_one.mean() == pytest.approx(share, rel=0.05)
