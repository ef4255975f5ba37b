"""A load test that waits, and a rate with a limit: counts and rates by hand."""

from __future__ import annotations

import pytest

from lessonlib.course.lesson_08 import load_test
from lessonlib.roofline import lab_names, load_lab
from lessonlib.serving import fixed, simulate

every_lab = pytest.mark.parametrize("name", lab_names())


@every_lab
def test_in_proportion_it_would_be_nine(name):
    assert float(load_test.tests_in_proportion(load_lab(name))) == pytest.approx(300 * 27 / 895)


@every_lab
def test_the_rate_with_eight_places_is_what_a_closed_loop_of_eight_gets(name):
    lab = load_lab(name)
    loop = simulate(lab.system, fixed(load_test.run.TEST_PROMPT, load_test.run.TEST_ANSWER, 400), concurrency=8)
    assert float(load_test.bench_rate(lab)) == pytest.approx(
        loop.requests_per_s, rel=0.1
    )  # as near as a guess that is spot on
    assert float(load_test.bench_rate(lab)) * float(load_test.bench_stay(lab)) == pytest.approx(8)
    assert float(load_test.bench_rate(lab)) < load_test.ASKED_RATE


@every_lab
def test_the_last_of_two_hundred_is_sent_when_a_closed_loop_comes_to_it(name):
    lab = load_lab(name)
    loop = simulate(lab.system, fixed(load_test.run.TEST_PROMPT, load_test.run.TEST_ANSWER, 200), concurrency=8)
    sent = float(loop.requests["arrival_s"].max())
    assert float(load_test.bench_late(lab)) == pytest.approx(sent - 10, rel=0.1)
    slips = [load_test.bench_next_place(lab), load_test.bench_places_as_rate(lab)]
    assert all(float(slip) < float(load_test.bench_late(lab)) for slip in slips)
    assert float(load_test.bench_one_after_another(lab)) > 5 * float(load_test.bench_late(lab))


def test_on_a_schedule_twenty_would_be_held_up():
    assert float(load_test.tests_on_schedule(load_lab())) == pytest.approx(28 / 1.42, rel=0.01)


@pytest.mark.parametrize("name", lab_names())
def test_only_a_test_on_schedule_sees_the_freeze_in_its_p99(name):
    lab = load_lab(name)
    assert float(load_test.tests_on_schedule(lab)) / 300 > 0.02
    assert float(load_test.held_of_eight(lab)) / float(load_test.sent_by_eight(lab)) == pytest.approx(1 / 300)
    assert float(load_test.share_held_up(lab)) < 1
