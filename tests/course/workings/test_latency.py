"""The explorer of latency: what each knob must do, whatever the lab."""

from __future__ import annotations

import pytest

from lessonlib.course.lesson_08.latency import (
    ONE_IN,
    answer_stops,
    explore_latency,
    latencies,
    prompt_stops,
    seat_stops,
)
from lessonlib.roofline import lab_names, load_lab

every_lab = pytest.mark.parametrize("name", lab_names())


@every_lab
def test_a_higher_rate_hurts_the_first_token_first(name):
    calm, full = (latencies(load_lab(name), rate, 8, 1000, 200) for rate in (0.25, 16.0))
    assert full.first_s[-1] > 20 * calm.first_s[-1] and full.unbounded and not calm.unbounded
    assert full.gap_s[0] < 3 * calm.gap_s[0]
    assert full.tokens_per_s > calm.tokens_per_s and full.waiting > 10 > 1 > calm.waiting


@every_lab
def test_more_seats_shorten_the_wait_and_lengthen_the_gaps(name):
    few, many = (latencies(load_lab(name), 16.0, seats, 500, 200) for seats in (4, 256))
    assert many.first_s[0] < few.first_s[0] and many.gap_s[0] > few.gap_s[0]


@every_lab
def test_longer_prompts_show_in_the_tail_of_the_gaps(name):
    lab = load_lab(name)
    short, long = (latencies(lab, 1.0, 64, prompt, 200) for prompt in (125, prompt_stops(lab)[-1]))
    assert long.gap_s[-1] > 2 * short.gap_s[-1] and long.first_s[0] > short.first_s[0]


def test_percentiles_rise_and_the_curve_has_a_point_for_each():
    found = latencies(load_lab(), 2.0, 8, 1000, 200)
    assert list(found.first_s) == sorted(found.first_s) and list(found.gap_s) == sorted(found.gap_s)
    assert len(found.first_s) == len(found.gap_s) == len(ONE_IN) and found.at(2) == (found.first_s[0], found.gap_s[0])


@every_lab
def test_every_stop_can_be_drawn(name):
    lab = load_lab(name)
    ends = [(stops[0], stops[-1]) for stops in (seat_stops(lab), prompt_stops(lab), answer_stops(lab))]
    for place in (0, 1):
        seats, prompt, answer = (end[place] for end in ends)
        shown = explore_latency(lab, rate=(0.25, 16.0)[place], seats=seats, prompt=prompt, answer=answer)
        shown.refuse(["lines"])
        assert str(shown.value("ttft_p99")) in shown.finding and [line.label for line in shown.lines] == [
            "first token",
            "gap between tokens",
        ]
