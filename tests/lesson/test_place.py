"""A dot on the roof: judged along x first, then by its side of the roof; wrong dots told by their name."""

from __future__ import annotations

from typing import Any

import pytest

from lessonlib.lesson.guess import GuessError
from lessonlib.lesson.judge import on_a_line, roof_side
from lessonlib.lesson.words import WordsError
from tests.lesson.made_up import question


def judged(x: Any, y: Any, **changes: Any) -> dict[str, Any]:
    asked = question("place", **changes)
    return asked.result(asked.accept({"x": x, "y": y}))


@pytest.mark.parametrize(
    ("x", "y", "tone", "headline"),
    [
        ("10", "20", "right", "Spot on"),
        ("10.9", "21.8", "right", "Spot on: ×1.09 too far right"),
        ("12", "24", "near", "Close: ×1.2 too far right"),
        ("5.2", "10.4", "near", "Right size: ×1.9 too far left"),
        ("80", "160", "off", "Right order: ×8 too far right"),
        ("500", "200", "off", "Another order: ×50 too far right"),
        ("10", "24.9", "right", "Spot on"),
        ("10", "15", "near", "Spot on: below the roof instead of on it"),
        ("10", "26", "off", "Spot on: above the roof instead of on it"),
        ("5", "5", "near", "Right size: ×2 too far left, below the roof instead of on it"),
    ],
)
def test_along_x_first_then_the_side_of_the_roof(x: str, y: str, tone: str, headline: str) -> None:
    result = judged(x, y)
    assert (result["tone"], result["headline"]) == (tone, headline)
    asked = question("place")
    assert asked.score(asked.accept({"x": x, "y": y}))["right"] is (tone == "right")


def test_a_truth_under_the_roof_wants_its_height_too() -> None:
    def under(x: float, y: float) -> tuple[str, str]:
        result = judged(x, y, truth="under_the_slope")
        return result["tone"], result["headline"]

    import tests.lesson.made_up as made_up

    made_up.under_the_slope = lambda lab: {"x": 10, "y": 5.0}  # type: ignore[attr-defined]
    made_up.under_the_slope.__module__ = made_up.__name__
    try:
        assert under(10, 5) == ("right", "Spot on")
        assert under(10, 6) == ("right", "Spot on")
        assert under(10, 8) == ("near", "Spot on: ×1.6 too high")
        assert under(10, 2) == ("near", "Spot on: ×2.5 too low")
        assert under(10, 20) == ("near", "Spot on: on the roof instead of below it")
    finally:
        del made_up.under_the_slope  # type: ignore[attr-defined]


@pytest.mark.parametrize(("x", "y"), [("1000", "200"), ("1090", "160"), (920.0, 245.0)])
def test_a_dot_where_a_wrong_working_leads_is_told_so(x: Any, y: Any) -> None:
    result = judged(x, y)
    assert result["feedback"].startswith("<p>1,000 FLOP/byte, 200 FLOP/s is what you get when on_the_top is taken.</p>")
    asked = question("place")
    assert asked.score(asked.accept({"x": x, "y": y})) == {
        "factor": pytest.approx(float(x) / 10, rel=1e-3),
        "right": False,
        "misconception": "took-on-the-top",
    }


def test_a_dot_beside_a_wrong_working_is_told_its_side() -> None:
    assert judged("1000", "100")["feedback"] == "<p>It keeps up with the memory.</p><p>Less work a byte than that.</p>"
    assert judged("3", "6")["feedback"] == "<p>More work a byte than that.</p>"
    assert "Nothing runs above the roof" in judged("3", "60")["feedback"]
    assert judged("3", "60", above="Not there.")["feedback"].startswith("<p>Not there.</p>")


def test_a_wrong_dot_that_no_hand_can_tell_from_the_truth_is_no_mistake() -> None:
    assert [name for name, _ in question("place").mistakes()] == ["took-on-the-top"]
    assert judged("10.5", "21")["tone"] == "right"


def test_numbers_are_taken_in_the_unit_asked_in_and_dragged_ones_in_base_units() -> None:
    asked = question("place", y={"label": "rate", "unit": "GFLOP/s"})
    assert asked.accept({"x": "10", "y": "0.00000002"})["y"] == pytest.approx(20)
    assert asked.accept({"x": 10, "y": "20 FLOP/s"})["y"] == 20
    assert asked.accept({"x": 10, "y": 20.0})["y"] == 20
    assert (asked.ask()["y_unit"], asked.ask()["y_scale"]) == ("GFLOP/s", 1e9)


@pytest.mark.parametrize(
    "given",
    [
        None, "10", [10, 20], {}, {"x": "10"}, {"x": "10", "y": ""}, {"x": 0, "y": 1}, {"x": "-1", "y": "2"}, {"x": True, "y": 2},
        {"x": float("nan"), "y": 2}, {"x": float("inf"), "y": 2}, {"x": "2 GB", "y": 2}, {"x": [1], "y": 2}, {"x": "9" * 300, "y": 2},
    ],
)  # fmt: skip
def test_what_is_no_dot_is_refused_in_one_line(given: Any) -> None:
    with pytest.raises(GuessError) as refused:
        question("place").accept(given)
    assert "\n" not in str(refused.value)


def test_the_axes_go_as_far_as_the_roof_unless_their_ends_are_said() -> None:
    ask = question("place").ask()
    assert [ask[end] for end in ("x_min", "x_max", "y_min", "y_max")] == [1, 10_000, 1, 1000]
    said = question("place", x={"label": "x", "min": 0.1, "max": 50}).ask()
    assert (said["x_min"], said["x_max"]) == (0.1, 50)


def test_a_dot_comes_back_as_it_was_sent() -> None:
    asked = question("place")
    for given in ({"x": "7", "y": "3 FLOP/s"}, {"x": 7.25, "y": 3.5}):
        assert asked.accept(asked.as_given(asked.accept(given))) == asked.accept(given)


@pytest.mark.parametrize("name", ["hundred", "straight"])
def test_a_working_that_returns_no_dot_is_named(name: str) -> None:
    with pytest.raises(WordsError, match="returns no dot"):
        question("place", truth=name).right()


@pytest.mark.parametrize("name", ["hundred", "on_the_top"])
def test_a_working_that_returns_no_roof_is_named(name: str) -> None:
    with pytest.raises(WordsError, match="returns no roof"):
        question("place", roof=name).ask()


def test_the_height_of_a_roof_between_and_beyond_its_points() -> None:
    x, y = [1, 100, 10_000], [2.0, 200.0, 200.0]
    heights = [on_a_line(x, y, at) for at in (0.1, 1, 10, 100, 1000, 1e5)]
    assert heights == pytest.approx([0.2, 2, 20, 200, 200, 200])


def test_within_a_quarter_of_the_roof_is_on_it() -> None:
    assert [roof_side(height, 100) for height in (79, 80, 100, 125, 126)] == ["below", "on", "on", "on", "above"]
