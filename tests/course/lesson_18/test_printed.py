"""What a reader works out from the rates of a page, digit by digit as they are printed, is what the page prints."""

from __future__ import annotations

import pytest

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_18 import connections, old_loads, quiz, slow_one, traffic
from lessonlib.roofline import lab_names, load_lab

each_lab = pytest.mark.parametrize("lab", [*map(load_lab, lab_names())], ids=lambda lab: lab.name)


def agrees(found: Quantity, by_hand: float) -> bool:
    return str(Quantity(by_hand, found.unit, found.digits)) == str(found)


@each_lab
def test_rates_and_shares(lab):
    one = traffic.one_replica_carries(lab).printed
    share = quiz.quiz_fullest_share(lab).printed / 100
    assert agrees(quiz.quiz_carried(lab), one / share)
    assert agrees(quiz.quiz_even(lab), quiz.PODS * quiz.CAPPED * one)
    assert agrees(quiz.quiz_slow_pod(lab), quiz.CAPPED * one)
    assert agrees(quiz.rate_of_the_favourite(lab), one / (quiz.share_at_the_favourite(lab).printed / 100))
    assert agrees(quiz.rate_if_spread(lab), quiz.MANY * one)
    assert agrees(slow_one.fleet_can_serve(lab), 3.5 * one)
    assert agrees(slow_one.slow_one_serves(lab), 0.5 * one)
    assert agrees(slow_one.load_for_all(lab), 100 * traffic.requests_that_come(lab).printed / 4 / one)
    assert agrees(old_loads.old_rate(lab), 0.7 * 4 * one)
    assert agrees(connections.share_of_the_fifth(lab), connections.reopened_share(lab).printed / 5)


@each_lab
def test_the_line_and_the_herd(lab):
    come, served = slow_one.to_each_in_turn(lab).printed, slow_one.slow_one_serves(lab).printed
    assert agrees(slow_one.line_by_hand(lab), 120 * (come - served))
    assert agrees(slow_one.next_one_waits(lab), slow_one.line_of_the_slow(lab).printed / served)
    rate, one = old_loads.old_rate(lab).printed, traffic.one_replica_carries(lab).printed
    for age, herd in zip(old_loads.AGES_S, old_loads.waits_of_a_herd(lab), strict=True):
        assert float(herd) == pytest.approx(age * (rate - one) / one, rel=0.01)
