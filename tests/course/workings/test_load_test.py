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
