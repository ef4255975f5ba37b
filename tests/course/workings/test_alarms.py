"""Alarms on lesson 8's freeze, and the gauge of the queue: by hand on the default lab, the claims everywhere."""

from __future__ import annotations

import pytest

from lessonlib.course.lesson_08 import alarms, workings
from lessonlib.course.lesson_08.service_run import STALL_AT_S, STALL_S, service_run
from lessonlib.roofline import lab_names, load_lab

every_lab = pytest.mark.parametrize("name", lab_names())


def test_a_rate_over_thirty_seconds_is_zero_from_the_third_silent_scrape_to_the_next():
    # Scrapes at 130, 140 and 150 s say the same; from 160 s on one of the window differs.
    assert float(alarms.alarm_at_10(load_lab())) == 10


def test_one_sample_in_the_window_is_no_rate():
    assert float(alarms.alarm_at_30(load_lab())) == 0


@every_lab
def test_late_first_tokens_stay_in_sight_for_five_minutes(name):
    lab = load_lab(name)
    # They come after 154 s: told at 160 or at 180, out of sight when the scrape before them is five minutes old.
    assert float(alarms.late_alarm_at_10(lab)) == 150 + 300 - 160
    assert float(alarms.late_alarm_at_30(lab)) == 150 + 300 - 180


@every_lab
def test_the_gauge_misses_those_who_waited_in_the_freeze(name):
    lab = load_lab(name)
    queue = service_run(lab).result.requests["queue_s"]
    assert float(workings.waiting_on_average(lab)) * float(workings.run_seconds(lab)) == pytest.approx(queue.sum())
    came = service_run(lab).user_arrivals
    caught = came[(came > STALL_AT_S) & (came < STALL_AT_S + STALL_S)]
    assert queue.sum() > (STALL_AT_S + STALL_S - caught).sum() > 0.6 * queue.sum()
    assert alarms.gauge_scrapes(lab) == 90
    assert float(alarms.waiting_by_gauge(lab)) < 0.1 * float(workings.waiting_on_average(lab))
    assert float(workings.waiting_of_users_alone(lab)) < float(workings.waiting_on_average(lab))
    assert float(workings.waiting_in_tokens(lab)) > 100 * float(workings.waiting_on_average(lab))
