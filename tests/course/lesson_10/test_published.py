"""What others measured, checked against itself: Little's law closes, and one division meets two tables."""

from __future__ import annotations

import pytest

from lessonlib.course.lesson_10 import published as p
from lessonlib.roofline import load_lab

LAB = load_lab("qwen3.5-27b-2xh100-sxm")


@pytest.mark.parametrize("served", [p.H100, p.H100_FP8, p.H200])
def test_those_inside_and_outside_are_all_users(served):
    """Requests a second times the whole stay, first token and writing, is the 16 that were sent, within 10 % (a run begins and ends)."""
    written = served.all_tokens_per_s * p.WRITTEN / (p.READ + p.WRITTEN)
    stay = served.first_s + (p.WRITTEN - 1) * served.gap_s
    assert written / p.WRITTEN * stay == pytest.approx(p.USERS, rel=0.1)


def test_by_hand():
    assert float(p.small_card_rate(LAB)) == pytest.approx(1898 / 9)
    assert float(p.small_card_running(LAB)) == pytest.approx(1898 / 9 * 0.00876)
    assert float(p.small_card_wait_by_hand(LAB)) == pytest.approx((16 - 1.8474) / (1898 / 9 / 1024), rel=1e-3)


@pytest.mark.parametrize(("users", "measured"), [(100, 7.99625), (150, 34.79422), (200, 61.68022), (250, 88.60532)])
def test_one_row_of_the_sweep_says_the_others(users, measured):
    assert p._wait(p.sweep()[100], users) == pytest.approx(measured, rel=0.02)


def test_the_published_rates_close():
    """At 100 users those written and those waiting are all of them: 917.26 / 500 requests a second, each staying 8.0 s and 499 gaps."""
    row = p.sweep()[100]
    assert row.tokens_per_s / 500 * (row.ttft_s + 499 * row.itl_s) == pytest.approx(100, rel=0.01)


def test_the_cache_of_the_sweep_was_in_8_bits():
    wide, narrow = float(p.sweep_seats_in_16(LAB)), float(p.sweep_seats_in_8(LAB))
    assert narrow == pytest.approx(2 * wide, rel=0.01)
    assert abs(narrow - float(p.sweep_running(LAB))) < 3 < abs(wide - float(p.sweep_running(LAB)))


def test_reading_again_by_hand():
    """1,065 preemptions of 3,500 tokens, each a step of 40.62 ms, beside 450 requests of 1,000 and 5,000 tokens at 11,582 tok/s."""
    again, run_s = 3500 * 1065, 450 * 5000 / 11_582
    truth = 100 * 1065 * 0.04062 / run_s
    assert float(p.rereading_share(LAB)) == pytest.approx(truth) == pytest.approx(22.3, abs=0.1)
    assert float(p.rereading_by_tokens(LAB)) == pytest.approx(100 * again / (again + 450 * 6000))
    assert float(p.rereading_by_tokens(LAB)) > 1.25 * truth
    assert float(p.rereading_of_reading(LAB)) == pytest.approx(100 * again / (again + 450 * 1000))
    assert float(p.watermark_gain(LAB)) == pytest.approx(5.05, abs=0.01)
