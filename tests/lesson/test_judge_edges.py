"""Where a judgement turns: the very edge of each band, in the sentences that a learner reads.

All numbers here can be done in the head: a guess of 110 on 100 is off by exactly 1.10.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest

from lessonlib.lesson.guess import GuessError
from lessonlib.lesson.judge import (
    EXACT_WORKING,
    SAME_WORKING,
    TELLABLE,
    apart,
    band_limits,
    band_of,
    close_at_best,
    curve_factor,
    judge_number,
    nearest_working,
    off_words,
    on_a_line,
    roof_side,
    slope,
    times,
)
from tests.lesson.made_up import question


def test_the_bands_are_those_that_the_course_tells_its_readers() -> None:
    """README and the score card: within 10 % spot on, 25 % close, a factor of 2 the right size, 10 the right order."""
    assert band_limits() == (1.10, 1.25, 2.0, 10.0, math.inf)
    assert [band_of(off) for off in (1, 1.1, 1.11, 1.25, 1.26, 2, 2.01, 10, 10.1, 1e300)] == [
        0,
        0,
        1,
        1,
        2,
        2,
        3,
        3,
        4,
        4,
    ]


@pytest.mark.parametrize(("off", "band"), [(1.10, 0), (1.25, 1), (2.0, 2), (10.0, 3)])
def test_a_band_reaches_past_its_edge_by_what_a_processor_rounds_and_no_more(off: float, band: int) -> None:
    """110/100 computes as 1.1 or as the next number up: the learner's guess is the same."""
    assert band_of(math.nextafter(off, math.inf)) == band
    assert band_of(off * (1 + 1e-9)) == band + 1


@pytest.mark.parametrize(
    ("guess", "truth", "words"),
    [
        (100, 100, "spot on"),
        (110, 100, "spot on"),
        (100, 110, "spot on"),
        (260, 100, "×2.6 too high"),
        (100, 260, "×2.6 too low"),
        (150, 100, "×1.5 too high"),
        (50, 100, "×2 too low"),
        (0.5, 1, "×2 too low"),
    ],
)
def test_how_far_off_one_number_of_many_is(guess: float, truth: float, words: str) -> None:
    assert off_words(guess, truth) == words


@pytest.mark.parametrize(
    ("guess", "headline"),
    [(100.4, "Spot on"), (99.6, "Spot on"), (100.6, "Spot on: ×1.01 too high"), (99.4, "Spot on: ×1.01 too low")],
)
def test_a_factor_is_named_from_where_it_shows_in_two_decimals(guess: float, headline: str) -> None:
    assert judge_number(guess, 100).headline == headline


@pytest.mark.parametrize(
    ("low", "high", "held"),
    [
        (100, 100, True),
        (100, 150, True),
        (50, 100, True),
        (100.1, 150, False),
        (50, 99.9, False),
        (None, 100, None),
        (100, None, None),
    ],
)
def test_both_ends_of_a_range_belong_to_it(low: float | None, high: float | None, held: bool | None) -> None:
    assert judge_number(100, 100, low, high).held is held


def test_a_verdict_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        judge_number(1, 1).tone = "right"  # type: ignore[misc]


@pytest.mark.parametrize(("guess", "off"), [(260, 2.6), (100, 1), (80, 1.25), (10, 10)])
def test_a_verdict_says_the_factor_without_its_side(guess: float, off: float) -> None:
    assert judge_number(guess, 100).off == pytest.approx(off, rel=1e-15)


def test_a_guess_led_astray_keeps_its_factor_and_its_range() -> None:
    led = close_at_best(judge_number(100, 100, 90, 110))
    assert (led.factor, led.tone, led.words, led.headline, led.held) == (1.0, "near", "Close", "Close", True)


@pytest.mark.parametrize("off", [1.25, math.nextafter(1.25, 2)])
def test_within_a_quarter_a_factor_has_two_decimals(off: float) -> None:
    assert times(off) == "×1.25"
    assert times(1.2501) == "×1.3"


@pytest.mark.parametrize(("off", "text"), [(1e6, "×1,000,000"), (1.0001e6, "more than ×1,000,000")])
def test_beyond_a_million_a_factor_is_no_longer_counted(off: float, text: str) -> None:
    assert times(off) == text


def test_how_near_a_wrong_working_has_to_be() -> None:
    """5 % where the guess is wrong anyway, 1 % where it is near the truth as well; 5 % between working and truth."""
    assert (SAME_WORKING, EXACT_WORKING, TELLABLE) == (1.05, 1.01, 1.05)
    assert nearest_working(105, [100.0]) == 0, "exactly 5 % is within 5 %"
    assert nearest_working(105.1, [100.0]) is None
    assert nearest_working(0.6, [0.5, 0.6]) == 1, "also below one"
    assert nearest_working(0.5, [0.0, -1.0, 0.5]) == 2, "what no guess can meet is passed over"
    assert nearest_working(100, [99.0, 101.0]) == 1, "100/99 is more than 101/100"


@pytest.mark.parametrize(("one", "other", "off"), [(2, 1, 2), (1, 2, 2), (3, 3, 1), (1e-3, 1e3, 1e6)])
def test_a_factor_is_never_below_one(one: float, other: float, off: float) -> None:
    assert apart(one, other) == pytest.approx(off, rel=1e-15)


def test_a_curve_that_is_off_by_two_everywhere_is_off_by_two() -> None:
    assert curve_factor([2, 8], [1, 4]) == pytest.approx(2, rel=1e-12)
    assert curve_factor([0.5, 8], [1, 4]) == pytest.approx(2, rel=1e-12)
    assert curve_factor([1, 16], [1, 4]) == pytest.approx(2, rel=1e-12), "4 at one of two points: the geometric mean"


@pytest.mark.parametrize(
    ("x", "y", "growth"), [([1, 1.5], [1, 2.25], 2), ([2, 5], [7, 7], 0), ([3, 4], [3, 4], 1), ([4, 10], [10, 4], -1)]
)
def test_the_growth_exponent_of_a_power_law_is_its_power(x: list[float], y: list[float], growth: float) -> None:
    assert slope(x, y, 0, 1) == pytest.approx(growth, abs=1e-12)


@pytest.mark.parametrize(
    ("at", "height"), [(0.5, 2 / 3), (1, 2), (2, 6), (8, 54), (16, 72), (32, 96), (64, 24), (128, 6)]
)
def test_between_two_points_a_line_is_a_power_law_and_so_it_goes_on_beyond_them(at: float, height: float) -> None:
    """For each doubling of x the line below grows threefold up to 8, by 4/3 up to 32, and falls to a quarter from there."""
    assert on_a_line([1, 8, 32, 64], [2, 54, 96, 24], at) == pytest.approx(height, rel=1e-12)


def test_a_line_of_two_points_goes_on_as_it_is() -> None:
    assert [on_a_line([2, 3], [4, 9], at) for at in (1, 2, 3, 4)] == pytest.approx([1, 4, 9, 16], rel=1e-12)


@pytest.mark.parametrize(
    ("height", "side"),
    [
        (79.9, "below"),
        (80, "on"),
        (100, "on"),
        (125, "on"),
        (math.nextafter(125, 200), "on"),
        (125.1, "above"),
        (1e9, "above"),
    ],
)
def test_a_dot_is_on_the_roof_within_what_counts_as_close(height: float, side: str) -> None:
    assert roof_side(height, 100) == side


# --- a number ---------------------------------------------------------------------------------------------------


def number(text: str, **ends: str) -> dict[str, Any]:
    asked = question("number")  # the truth is 100 tok/s
    return asked.score(asked.accept({"text": text, **ends}))


@pytest.mark.parametrize(("text", "right"), [("110", True), ("110.2", False), ("91", True), ("90.8", False)])
def test_what_counts_as_right_is_within_a_tenth(text: str, right: bool) -> None:
    assert number(text)["right"] is right


def test_the_score_of_a_number_holds_what_a_record_keeps() -> None:
    assert number("250") == {"factor": 2.5, "right": False}
    assert number("100", low="90", high="120") == {"factor": 1.0, "right": True, "held": True}
    assert number("12.5") == {"factor": 0.125, "right": False, "misconception": "took-eighth"}


@pytest.mark.parametrize(("low", "high"), [("50", "100"), ("100", "150"), ("100", "100")])
def test_a_range_may_begin_or_end_at_the_guess(low: str, high: str) -> None:
    assert number("100", low=low, high=high)["held"] is True


@pytest.mark.parametrize(("low", "high"), [("101", "150"), ("50", "99"), ("150", "50")])
def test_a_guess_outside_its_own_range_is_refused(low: str, high: str) -> None:
    with pytest.raises(GuessError, match="from low to high, with your guess inside"):
        number("100", low=low, high=high)


@pytest.mark.parametrize("ends", [{"low": "50"}, {"high": "50"}, {"low": " ", "high": "150"}])
def test_half_a_range_is_refused(ends: dict[str, str]) -> None:
    with pytest.raises(GuessError, match="both ends, or neither"):
        number("100", **ends)


@pytest.mark.parametrize(
    ("text", "ends", "scale"),
    [
        ("100", {}, [25, 400]),
        ("10", {}, [2.5, 400]),
        ("1000", {}, [25, 4000]),
        ("100", {"low": "8", "high": "2000"}, [2, 8000]),
    ],
)
def test_the_strip_ends_four_times_beyond_everything_on_it(text: str, ends: dict[str, str], scale: list[float]) -> None:
    asked = question("number")
    assert asked.result(asked.accept({"text": text, **ends}))["scale"] == scale


def test_the_wrong_workings_that_count_differ_from_the_truth_by_more_than_five_per_cent() -> None:
    """Of 12.5, 104 and 108 on a truth of 100 the second cannot be told from it."""
    assert [float(given["text"]) for _, given in question("number").mistakes()] == [12.5, 108]


@pytest.mark.parametrize(
    ("text", "told"), [("150", "Think of less."), ("118", "Think of less."), ("66", "Think of more.")]
)
def test_the_side_of_a_wrong_guess_is_told_however_near_it_is(text: str, told: str) -> None:
    asked = question("number")
    assert asked.result(asked.accept(text))["feedback"] == f"<p>{told}</p>"


# --- a curve ----------------------------------------------------------------------------------------------------


def missed(y: list[float]) -> int:
    asked = question(
        "curve"
    )  # y = 10 x**2 at x = 1, 2, 4, 8; it starts with a tolerance of 0.2 and ends with one of 0.1
    return asked.score(asked.accept(y))["missed"]


def grown(first: float, start: float, end: float) -> list[float]:
    """A curve through x = 1, 2, 4, 8 that grows with these exponents from 1 to 4 and from 4 to 8."""
    return [first, first * 2**start, first * 4**start, first * 4**start * 2**end]


@pytest.mark.parametrize(
    ("start", "end", "count"),
    [
        (2, 2, 0),
        (2.19, 2, 0),
        (1.81, 2, 0),
        (2.21, 2, 1),
        (1.79, 2, 1),
        (2, 2.09, 0),
        (2, 2.11, 1),
        (2, 1.89, 1),
        (1, 1, 2),
        (3, 1, 2),
    ],
)
def test_how_many_features_were_missed(start: float, end: float, count: int) -> None:
    assert missed(grown(10, start, end)) == count


@pytest.mark.parametrize(("start", "words"), [(2.5, ["Start too steep."]), (1.5, ["Start too flat."])])
def test_which_way_a_feature_was_missed(start: float, words: list[str]) -> None:
    asked = question("curve")
    assert asked.result(asked.accept(grown(10, start, 2)))["missed"] == words


def test_a_curve_is_compared_between_the_places_that_a_feature_names() -> None:
    """Of four points the middle is the third; a dent at the second is no business of either feature."""
    assert missed([10, 1, 160, 640]) == 0
    assert missed([10, 40, 1, 640]) == 2


@pytest.mark.parametrize(("height", "right"), [(1.10, True), (1.11, False), (1 / 1.10, True), (1 / 1.11, False)])
def test_a_curve_counts_as_right_within_a_tenth_on_average(height: float, right: bool) -> None:
    asked = question("curve")
    found = asked.score(asked.accept(grown(10 * height, 2, 2)))
    assert (found["right"], found["missed"]) == (right, 0)
    assert found["factor"] == pytest.approx(max(height, 1 / height), rel=1e-3)


def test_a_curve_says_for_each_column_how_far_off_it_is() -> None:
    asked = question("curve")
    assert asked.drawing({"y": [10, 80, 40, 640]})["columns"] == ["spot on", "×2 too high", "×4 too low", "spot on"]
    assert asked.drawing(None) == {"columns": []}


@pytest.mark.parametrize("point", [0, -1, True, None, "10", float("nan"), float("inf"), 1e100, 1e-100])
def test_a_point_that_cannot_be_compared_is_refused(point: Any) -> None:
    with pytest.raises(GuessError, match="a number above zero"):
        question("curve").accept([10, 40, point, 640])


@pytest.mark.parametrize("given", [[10, 40, 160], [10, 40, 160, 640, 1], "1234", None, 7, {"y": [1]}])
def test_not_a_whole_curve_is_refused(given: Any) -> None:
    with pytest.raises(GuessError, match="4 points"):
        question("curve").accept(given)


def test_a_wrong_curve_is_told_only_to_who_is_not_right() -> None:
    asked = question("curve", wrong=[{**question("curve").raw["wrong"][1], "says": "hardly"}])
    assert asked.mistakes() == [], "it cannot be told from the truth"
    found = question("curve")
    assert "because of you" in found.result(found.accept([10, 40, 160, 640]))["feedback"]
    assert "when straight is taken" in found.result(found.accept([10, 20, 40, 80]))["feedback"]
    assert found.result(found.accept([20, 20, 20, 20]))["feedback"] == ""
