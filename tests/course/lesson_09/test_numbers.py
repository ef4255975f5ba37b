"""What lesson 9 makes of its runs: by hand where a hand can, on every lab where words depend on it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lessonlib.course.lesson_09 import incident, quiz, runs, workings
from lessonlib.roofline import lab_names, load_lab

every_lab = pytest.mark.parametrize("name", lab_names())


def test_eight_answers_by_hand():
    lab = load_lab()
    assert float(workings.eight_busy(lab)) == pytest.approx(100 * 212.5 / 800)
    assert str(workings.tokens_of_eight(lab)) == "1,700 tokens" and float(workings.seats_times_steps(lab)) == 6400
    assert str(workings.eight_busy(lab)) == "26.6 %"


def test_mixed_batches_as_they_are_drawn():
    """Nine answers in ten of 100 tokens, one of 1,000, eight in a batch: by the sum, and by drawing."""
    lab = load_lab()
    drawn = np.where(np.random.default_rng(9).random((20_000, 8)) < 0.1, 1000, 100)
    share = 100 * drawn.sum() / (8 * drawn.max(axis=1).sum())
    assert float(workings.mixed_busy(lab)) == pytest.approx(share, rel=0.02) == pytest.approx(31.0, rel=0.02)
    naive = [float(one(lab)) for one in (workings.mixed_one_long, workings.mixed_half, workings.mixed_idle)]
    assert all(not 0.8 < guess / share < 1.25 for guess in naive)


def test_the_default_labs_numbers():
    """As they were when the words were written: a change of the engine or the simulator shows here first."""
    lab = load_lab()
    said = [workings.rate_of_a, workings.first_of_a, workings.first_of_b, workings.join_wait, workings.batching_gain]
    assert [str(one(lab)) for one in said] == ["160 tok/s", "3.42 s", "138 ms", "6.21 ms", "2.81×"]


@every_lab
def test_the_wait_until_joining_is_half_of_a_step(name):
    lab = load_lab(name)
    assert float(workings.join_wait(lab)) == pytest.approx(float(workings.half_a_step(lab)), rel=0.1)
    assert workings.came_beside_answers(lab) > 300


@every_lab
def test_the_gain_is_amdahls(name):
    lab = load_lab(name)
    reading, write = (float(one(lab)) / 100 for one in (workings.prompts_share, workings.seats_that_write))
    by_hand = 1 / (reading + (1 - reading) * write)
    assert float(workings.batching_gain(lab)) == pytest.approx(by_hand, rel=0.1)
    assert float(workings.gain_by_hand(lab)) == pytest.approx(by_hand)
    assert float(workings.gain_of_idle_seats(lab)) == pytest.approx(1 / write)


@every_lab
def test_the_curve_is_equal_at_one_seat_and_wrong_curves_are_apart(name):
    lab = load_lab(name)
    truth = workings.continuous_by_seats(lab)["y"]
    assert workings.by_seats_all_written(lab)["y"][0] == pytest.approx(truth[0], rel=0.01)
    assert workings.by_seats_parallel(lab)["y"][0] > 1.5 * truth[0]
    assert workings.by_seats_doubling(lab)["y"][-1] == 256 * truth[0] > 5 * truth[-1]
    static, gains = workings.static_by_seats(lab), workings.gains_by_seats(lab)
    assert [float(one) * float(gain) for one, gain in zip(static, gains, strict=True)] == pytest.approx(truth)
    assert list(map(float, workings.continuous_written(lab))) == pytest.approx(truth)
    for cells in (workings.prompts_by_seats, workings.idle_gains_by_seats, workings.seats_tried):
        assert len(cells(lab)) == len(workings.SEATS)


@every_lab
def test_gaps_with_a_prompt_follow_from_the_seats(name):
    lab = load_lab(name)
    assert float(workings.gaps_with_a_prompt(lab)) == pytest.approx(100 * 15 / runs.mean_lengths()[1], rel=0.2)
    # Whoever repeats the share of the time that goes into prompts under static batching is told so.
    if name == "qwen3.5-27b-2xh100-sxm":
        assert float(workings.prompts_share(lab)) > 1.25 * float(workings.gaps_with_a_prompt(lab))


@every_lab
def test_expected_lies_in_its_band_and_under_the_ceiling(name):
    lab = load_lab(name)
    low, high = float(workings.tokens_low(lab)), float(workings.tokens_high(lab))
    assert low < float(workings.tokens_continuous(lab)) < high <= float(workings.tokens_ceiling(lab)) * (1 + 1e-9)


@every_lab
def test_sorting_brings_most_of_the_gain_and_replicas_follow_it(name):
    lab = load_lab(name)
    assert quiz.sorting_is_nearly_all(lab)
    exactly = float(quiz.replicas_exactly(lab))
    assert exactly * float(workings.batching_gain(lab)) == pytest.approx(quiz.REPLICAS)
    assert 0 <= float(quiz.replicas_after(lab)) - exactly < 1
    after, idle = float(quiz.replicas_after(lab)), float(quiz.replicas_by_idle_seats(lab))
    assert float(quiz.replicas_by_headline(lab)) < idle < after / 1.25 < after < quiz.REPLICAS


@pytest.mark.parametrize("name", ["qwen3-32b-h200", "qwen3.5-27b-2xh100-sxm"])
def test_replicas_are_the_same_by_hand_and_from_the_run(name):
    """On the two labs on which it is asked, with the inputs as printed, exact or rounded."""
    lab = load_lab(name)
    reading, write = (round(float(one(lab))) / 100 for one in (workings.prompts_share, workings.seats_that_write))
    printed = 1 / (reading + (1 - reading) * write)
    gains = [float(workings.batching_gain(lab)), float(workings.gain_by_hand(lab)), printed, round(printed, 1)]
    needed = [quiz.REPLICAS / gain for gain in gains]
    assert {math.ceil(number) for number in needed} == {int(float(quiz.replicas_after(lab)))}
    assert all(math.ceil(number) - number > 0.1 for number in needed)


@every_lab
def test_inside_with_more_seats_is_littles_law(name):
    """From what the question gives: the rate, the first token, the gap and the length of an answer."""
    lab = load_lab(name)
    stay = float(incident.mended_first_mean(lab)) + (runs.mean_lengths()[1] - 1) * float(incident.mended_gap_mean(lab))
    truth = float(incident.mended_running(lab))
    assert float(incident.arrivals_now(lab)) * stay == pytest.approx(truth, rel=0.05)
    assert truth > 1.25 * float(incident.mended_as_before(lab)) and 1.25 * truth < float(
        incident.mended_as_the_cap(lab)
    )


@every_lab
def test_the_incident_is_one_of_seats_alone(name):
    lab = load_lab(name)
    assert incident.seats_end_it(lab)
    assert (incident.overloaded(lab, runs.FEW).runs["decoding"] <= runs.FEW).all()
    shown = incident.incident_monitor(lab)
    charts = {chart.title: chart.values for chart in shown.charts}
    assert set(charts["Requests running"]) == {runs.FEW} and max(charts["Requests waiting"]) > 40
    assert max(charts["KV cache in use"]) < 25 and min(charts["GPU “utilisation”"]) > 95
    # The finding says what is to be seen, not what is short.
    assert "seat" not in shown.finding and "max" not in shown.finding
    mended = {chart.title: chart.compare for chart in incident.mended_monitor(lab).charts}
    assert max(mended["Requests waiting"]) < 10 and min(mended["GPU “utilisation”"]) > 90


@every_lab
def test_the_newcomer_waits_as_little_says(name):
    lab = load_lab(name)
    assert incident.queue_follows_little(lab)
    through = float(incident.full_rate(lab)) / runs.mean_lengths()[1]
    assert float(incident.newcomer_wait(lab)) == pytest.approx(float(incident.waiting_then(lab)) / through)
    by_seats = float(incident.waiting_then(lab)) / runs.FEW * float(incident.stay_then(lab))
    assert float(incident.newcomer_wait(lab)) == pytest.approx(by_seats, rel=0.15)
