"""Coordinated omission of lesson 8: what the test that waits records, against everybody who came."""

from __future__ import annotations

import pytest

from lessonlib.course.lesson_08 import coordinated_omission as waiting
from lessonlib.roofline import lab_names, load_lab

every_lab = pytest.mark.parametrize("name", lab_names())


@every_lab
def test_the_waiting_test_records_one_sample_of_the_stall(name):
    lab = load_lab(name)
    assert waiting.waiting_slow(lab) == 1
    assert waiting.waiting_count(lab) == waiting.TEST_S - waiting.STALL_S, (
        "nothing is sent from the first slow request to its answer"
    )
    assert float(waiting.waiting_p99(lab)) == pytest.approx(float(waiting.usual_answer(lab)))


@every_lab
def test_every_user_of_the_stall_waits_for_its_end(name):
    lab = load_lab(name)
    usual = float(waiting.usual_answer(lab))
    assert waiting.users_slow(lab) == waiting.STALL_S
    assert float(waiting.users_worst(lab)) == pytest.approx(waiting.STALL_S + usual)
    # Of 1,000 users 10 lie above the p99; the slowest sixty wait 60, 59, ... seconds, so the eleventh waits 50.
    assert float(waiting.users_p99(lab)) == pytest.approx(waiting.STALL_S - 10 + usual)
