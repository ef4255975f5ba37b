"""A forecast with a range: both ends are needed, a quarter off is right, and the range is judged."""

from __future__ import annotations

import pytest

from lessonlib.lesson.guess import GuessError
from lessonlib.lesson.kinds.range import Range
from tests.lesson.made_up import raw, words


def forecast(**changes: object) -> Range:
    """The made-up number, 100 tok/s, as a forecast."""
    return Range({**raw("number"), "kind": "range", **changes}, words(), "made-up forecast")


def answer(text: str, low: str, high: str) -> dict[str, str]:
    return {"text": text, "low": low, "high": high}


@pytest.mark.parametrize("given", ["80", {"text": "80"}, answer("80", "60", ""), answer("80", "", "100")])
def test_a_forecast_without_its_range_is_no_guess(given: object) -> None:
    with pytest.raises(GuessError, match="both ends"):
        forecast().accept(given)


def test_a_range_holds_its_own_value() -> None:
    with pytest.raises(GuessError, match="from low to high"):
        forecast().accept(answer("80", "90", "100"))


@pytest.mark.parametrize(("text", "tone", "right"), [("100", "right", True), ("124", "right", True), ("81", "right", True), ("126", "near", False), ("79", "near", False), ("300", "off", False)])  # fmt: skip
def test_within_a_quarter_is_right(text: str, tone: str, right: bool) -> None:
    asked = forecast()
    guess = asked.accept(answer(text, "1", "1000"))
    assert asked.result(guess)["tone"] == tone
    assert asked.score(guess)["right"] is right
    assert asked.score(guess)["factor"] == pytest.approx(float(text) / 100)


def test_a_wrong_working_within_a_quarter_is_still_headed_as_that_slip() -> None:
    asked = forecast()
    guess = asked.accept(answer("108", "90", "120"))
    assert asked.score(guess)["misconception"] == "took-just-beside" and asked.score(guess)["right"] is False


@pytest.mark.parametrize(
    ("low", "high", "held", "said"),
    [
        ("80", "140", True, "honest and of use"),
        ("10", "200", True, "so wide that it commits to little"),
        ("105", "140", False, "missed the truth"),
        ("110", "110", False, "Its ends are the same"),
    ],
)
def test_the_range_is_judged(low: str, high: str, held: bool, said: str) -> None:
    asked = forecast()
    guess = asked.accept(answer("110", low, high))
    assert asked.score(guess)["held"] is held
    assert said in asked.result(guess)["summary"] and said in asked.result(guess)["feedback"]


def test_who_knows_gives_an_honest_range() -> None:
    asked = forecast()
    result = asked.result(asked.accept(asked.right()))
    assert result["tone"] == "right" and "honest and of use" in result["summary"]


def test_wrong_workings_may_be_left_out() -> None:
    asked = forecast()
    asked.raw.pop("wrong")  # type: ignore[attr-defined]
    assert asked.mistakes() == [] and asked.result(asked.accept(answer("300", "200", "400")))["tone"] == "off"


def test_the_page_is_told_that_both_ends_are_needed() -> None:
    assert forecast().ask()["needed"] is True
    assert "80 % sure between ____ and ____" in Range.on_paper(forecast().ask())
