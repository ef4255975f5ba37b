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


def test_whose_reader_is_through_first_turns_over_near_290_words_a_minute():
    def done(service: tuple[float, float], tokens_a_second: float) -> float:
        at = 0.0
        for token in range(user_clocks.READ_ALONG):
            at = max(at, service[0] + token / service[1]) + 1 / tokens_a_second
        return at

    assert user_clocks.words_of_a_tie(load_lab()) == 290
    assert user_clocks.words_early_writes(load_lab()) == 6 * 60 * 3 // 4 == 270
    for words, early_first in ((280, True), (300, False)):
        speed = words / 60 / 0.75
        assert (done(user_clocks.EARLY, speed) < done(user_clocks.QUICK, speed)) == early_first


@each_lab
def test_a_freeze_half_as_long_leaves_a_third_of_the_p99_or_less(name):
    lab = load_lab(name)
    assert float(workings.p99_if_half(lab)) < 0.65 * float(workings.half_the_p99(lab))


@each_lab
def test_who_is_at_the_p99_came_so_many_seconds_into_the_freeze(name):
    lab = load_lab(name)
    p99 = float(workings.users_p99(lab))
    assert workings.beyond_p99(lab) == int((workings.service_run(lab).user_waits > p99).sum())
    assert float(workings.p99_by_hand(lab)) == pytest.approx(p99, rel=0.1)
