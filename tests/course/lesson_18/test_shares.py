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
    carried = traffic.carried_rate(lab)
    assert float(quiz.quiz_carried(lab)) == pytest.approx(3.6 * carried)
    assert float(quiz.quiz_without_it(lab)) > float(quiz.quiz_carried(lab))
    assert float(quiz.rate_of_the_favourite(lab)) == pytest.approx(2.5 * carried)
