"""A guess against a truth: bands, factors, ranges, wrong workings, curves."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lessonlib.lesson.judge import close_at_best, curve_factor, judge_number, nearest_working, slope, times

BANDS = [(1.10, "right", "Spot on"), (1.25, "near", "Close"), (2.0, "near", "Right size"), (10.0, "off", "Right order")]
NEXT = [*BANDS[1:], (math.inf, "off", "Another order")]


@pytest.mark.parametrize(("band", "beyond"), list(zip(BANDS, NEXT, strict=True)))
@pytest.mark.parametrize("truth", [1.0, 130.73, 3.35e12, 7.6e-3])
def test_a_band_ends_at_its_edge_on_both_sides(
    band: tuple[float, str, str], beyond: tuple[float, str, str], truth: float
) -> None:
    most, tone, words = band
    for guess in (truth * most, truth / most):
        verdict = judge_number(guess, truth)
        assert (verdict.tone, verdict.headline.split(":")[0]) == (tone, words)
    for guess in (truth * most * 1.001, truth / most / 1.001):
        verdict = judge_number(guess, truth)
        assert (verdict.tone, verdict.headline.split(":")[0]) == beyond[1:]


@pytest.mark.parametrize(
    ("guess", "headline"),
    [
        (100, "Spot on"),
        (100.4, "Spot on"),
        (101, "Spot on: ×1.01 too high"),
        (92, "Spot on: ×1.09 too low"),
        (118, "Close: ×1.18 too high"),
        (38.5, "Right order: ×2.6 too low"),
        (2600, "Another order: ×26 too high"),
        (1e-60, "Another order: more than ×1,000,000 too low"),
        (1e99, "Another order: more than ×1,000,000 too high"),
    ],
)
def test_the_headline_says_the_factor_and_the_side(guess: float, headline: str) -> None:
    assert judge_number(guess, 100).headline == headline


@given(st.floats(1e-50, 1e50), st.floats(1e-50, 1e50))
def test_too_high_and_too_low_are_judged_alike(guess: float, truth: float) -> None:
    one, other = judge_number(guess, truth), judge_number(truth, guess)
    assert one.tone == other.tone
    assert one.headline.replace("too high", "too low") == other.headline.replace("too high", "too low")
    assert math.isclose(one.factor * other.factor, 1, rel_tol=1e-9)


@pytest.mark.parametrize(
    ("low", "high", "held"),
    [(90, 110, True), (100, 100, True), (101, 200, False), (10, 99, False), (None, None, None), (None, 200, None)],
)
def test_a_range_holds_the_truth_or_not(low: float | None, high: float | None, held: bool | None) -> None:
    assert judge_number(100, 100, low, high).held is held


@pytest.mark.parametrize(
    ("off", "text"),
    [
        (1.004, "×1"),
        (1.18, "×1.18"),
        (1.249, "×1.25"),
        (1.25, "×1.25"),
        (1.26, "×1.3"),
        (2.55, "×2.5"),
        (26.4, "×26"),
        (1234, "×1,200"),
        (1e6, "×1,000,000"),
        (1e9, "more than ×1,000,000"),
    ],
)
def test_factors_as_people_say_them(off: float, text: str) -> None:
    assert times(off) == text


def test_the_nearest_wrong_working_is_named() -> None:
    workings = [16.3, 65.0, 66.0, 0.0]
    assert nearest_working(16.3, workings) == 0
    assert nearest_working(16.3 * 1.05, workings) == nearest_working(16.3 / 1.05, workings) == 0
    assert nearest_working(65.4, workings) == 1
    assert nearest_working(65.6, workings) == 2
    assert nearest_working(16.3 * 1.06, workings) is None
    assert nearest_working(16.3 * 1.02, workings, within=1.01) is None
    assert nearest_working(100, []) is None


def test_a_guess_led_astray_is_close_at_best() -> None:
    led = close_at_best(judge_number(107.8, 100, 50, 200))
    assert (led.tone, led.headline, led.spot_on, led.held) == ("near", "Close: ×1.08 too high", False, True)
    far = judge_number(300, 100)
    assert close_at_best(far) == far


def test_a_curve_is_off_by_its_mean_factor() -> None:
    truth = [10.0, 100.0, 1000.0]
    assert curve_factor(truth, truth) == 1
    assert curve_factor([20, 200, 2000], truth) == pytest.approx(2)
    assert curve_factor([5, 200, 1000], truth) == pytest.approx(
        2 ** (2 / 3)
    )  # too low here, too high there: both count
    assert curve_factor([80, 100, 1000], truth) == pytest.approx(2)
    with pytest.raises(ValueError):
        curve_factor([1, 2], truth)


@given(st.lists(st.floats(1e-90, 1e90), min_size=3, max_size=3))
def test_a_curve_is_never_less_than_no_factor_off(drawn: list[float]) -> None:
    assert 1 <= curve_factor(drawn, [10.0, 100.0, 1000.0]) * (1 + 1e-12) < math.inf


def test_the_slope_is_the_growth_exponent() -> None:
    x = [1, 2, 4, 8]
    assert slope(x, [3, 6, 12, 24], 0, 3) == pytest.approx(1)
    assert slope(x, [3, 12, 48, 192], 1, 3) == pytest.approx(2)
    assert slope(x, [5, 5, 5, 5], 0, 2) == 0
    assert slope(x, [8, 4, 2, 1], 0, 3) == pytest.approx(-1)
