"""Lesson 8's caller who waits for the last token, and the p99 by hand."""

from __future__ import annotations

import pytest

from lessonlib.course.lesson_08 import user_clocks, workings
from lessonlib.roofline import lab_names, load_lab

each_lab = pytest.mark.parametrize("name", lab_names())


@each_lab
def test_halved_gaps_take_off_what_four_half_gaps_are(name):
    lab = load_lab(name)
    first, gap = float(user_clocks.first_alone(lab)), float(user_clocks.gap_alone(lab))
    before, after = first + 4 * gap, first + 2 * gap
    assert float(user_clocks.short_gain(lab)) == pytest.approx(100 * (1 - after / before))
    assert float(user_clocks.short_gain(lab)) < 15 < float(user_clocks.short_gain_of_both(lab))


def test_neither_reader_waits_once_there_is_a_token():
    lab = load_lab()
    for service in (user_clocks.EARLY, user_clocks.QUICK):
        first, rate = service
        there = [first + token / rate for token in range(user_clocks.READ_ALONG)]
        read = first
        for at in there:
            assert at <= read + 1e-9
            read += 1 / user_clocks.READING
    assert str(user_clocks.read_lead(lab)) == "3.5 s" and str(user_clocks.written_lead(lab)) == "45 s"


@each_lab
def test_who_is_at_the_p99_came_so_many_seconds_into_the_freeze(name):
    lab = load_lab(name)
    p99 = float(workings.users_p99(lab))
    assert workings.beyond_p99(lab) == int((workings.service_run(lab).user_waits > p99).sum())
    assert float(workings.p99_by_hand(lab)) == pytest.approx(p99, rel=0.1)
