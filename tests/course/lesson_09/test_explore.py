"""The explorer of lesson 9: what each knob must do, whatever the lab."""

from __future__ import annotations

import pytest

from lessonlib.course.lesson_09.explore import (
    batching_rate_stops,
    batching_seat_stops,
    explore_batching,
    served,
    spread_stops,
)
from lessonlib.course.lesson_09.runs import CONTINUOUS, FEW, STATIC, arrival_rate
from lessonlib.roofline import lab_names, load_lab

every_lab = pytest.mark.parametrize("name", lab_names())


@every_lab
def test_equal_lengths_leave_the_door_shut(name):
    """The explorer's guess: with answers of one length the first token still comes later under static batching."""
    lab = load_lab(name)
    static, continuous = (served(lab, batching, arrival_rate(lab), FEW, 0.0) for batching in (STATIC, CONTINUOUS))
    assert static.first_s[0] > 1.5 * continuous.first_s[0]
    assert static.tokens_per_s == pytest.approx(continuous.tokens_per_s, rel=0.05)


@every_lab
def test_a_higher_rate_parts_the_two(name):
    lab = load_lab(name)
    static, continuous = (served(lab, batching, 8 * arrival_rate(lab), FEW, 1.0) for batching in (STATIC, CONTINUOUS))
    assert continuous.tokens_per_s > 1.3 * static.tokens_per_s and static.unbounded


@every_lab
def test_every_stop_can_be_drawn(name):
    lab = load_lab(name)
    assert arrival_rate(lab) in batching_rate_stops(lab)
    for place in (0, -1):
        rate, seats, spread = (stops(lab)[place] for stops in (batching_rate_stops, batching_seat_stops, spread_stops))
        shown = explore_batching(lab, rate=rate, seats=seats, spread=spread)
        shown.refuse(["lines"])
        assert str(shown.value("static_first")) in shown.finding and [line.label for line in shown.lines] == [
            "static",
            "continuous",
        ]
