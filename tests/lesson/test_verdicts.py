"""What a choice, a number and a curve say to a guess."""

from __future__ import annotations

from typing import Any

import pytest

from lessonlib.lesson.lesson import Lesson
from lessonlib.roofline import load_lab
from tests.lesson.made_up import RAW, key_of, question

# --- choice ----------------------------------------------------------------------------------------------------


def test_the_order_of_options_is_stable_and_blind_to_which_is_right() -> None:
    options = RAW["choice"]["options"]
    order = [option["html"] for option in question("choice").ask()["options"]]
    for turned in (options[::-1], options[1:] + options[:1]):
        assert [option["html"] for option in question("choice", options=turned).ask()["options"]] == order
    assert [option["key"] for option in question("choice").ask()["options"]] == ["a", "b", "c"]


def test_the_right_option_is_not_always_in_the_same_place() -> None:
    places = {question("choice", id=f"question-{number}").right() for number in range(40)}
    assert places == {"a", "b", "c"}


def test_a_choice_marks_what_was_taken_and_what_is_true() -> None:
    asked = question("choice")
    right, wrong = key_of(asked, "memory"), key_of(asked, "compute")
    assert asked.result({"key": right})["options"] == {right: "both"}
    assert asked.result({"key": wrong})["options"] == {right: "truth", wrong: "yours"}
    assert asked.result(None)["options"] == {right: "truth"}
    assert asked.score({"key": wrong}) == {"right": False, "misconception": "it-is-compute"}
    assert asked.result({"key": wrong})["summary"] == "Not this one. The answer: memory"


# --- number ----------------------------------------------------------------------------------------------------


def judged(text: str, **keys: Any) -> dict[str, Any]:
    asked = question("number")
    return asked.result(asked.accept({"text": text, **keys}))


def test_a_number_that_no_wrong_working_gives_is_told_its_side() -> None:
    assert judged("40")["feedback"] == "<p>Think of more.</p>"
    assert judged("250")["feedback"] == "<p>Think of less.</p>"


@pytest.mark.parametrize("text", ["12.5", "12.6", "13.1", "11.95"])
def test_a_number_near_a_wrong_working_is_told_so(text: str) -> None:
    assert judged(text)["feedback"].startswith("<p>12.5 tok/s is what you get when eighth is taken.</p>")


@pytest.mark.parametrize("text", ["108", "107.2", "109"])
def test_a_wrong_working_in_the_best_band_is_refuted_not_praised(text: str) -> None:
    result = judged(text)
    assert result["tone"] == "near"
    assert result["headline"].startswith("Close: ×1.0") and result["headline"].endswith("too high")
    assert "fact of just_beside." in result["feedback"] and "Well reasoned" not in result["feedback"]
    found = question("number").score(question("number").accept(text))
    assert (found["right"], found["misconception"]) == (False, "took-just-beside")


@pytest.mark.parametrize("text", ["100", "103", "104", "106.5", "93"])
def test_beside_it_the_best_band_is_praised(text: str) -> None:
    assert judged(text)["tone"] == "right"
    assert judged(text)["feedback"] == "<p>Well reasoned.</p>"
    assert question("number").score(question("number").accept(text))["right"] is True


def test_a_wrong_working_that_meets_the_truth_is_no_mistake() -> None:
    assert [name for name, _ in question("number").mistakes()] == ["took-eighth", "took-just-beside"]


def test_a_range_is_told_whether_it_held() -> None:
    assert "Your range held the truth." in judged("80", low="10", high="200")["feedback"]
    assert "Your range missed the truth." in judged("80", low="70", high="90")["summary"]
    assert "range" not in judged("80")["summary"]
    assert (
        question("number").score(question("number").accept({"text": "80", "low": "70", "high": "90"}))["held"] is False
    )


def test_the_strip_has_room_for_everything_on_it() -> None:
    assert judged("1000", low="1", high="5000")["scale"] == [0.25, 20_000]
    assert question("number").result(None)["scale"] == [25, 400]


def test_a_number_shows_the_truth_with_its_unit() -> None:
    assert judged("80")["truth"] == {"text": "100 tok/s", "value": 100}
    assert judged("80")["summary"] == "Close: ×1.25 too low. The answer: 100 tok/s."
    assert question("number").ask()["unit"] == "tok/s"
    assert question("number", unit="x").ask()["unit"] == "×"


def test_the_default_lab_refutes_a_first_token_with_a_pass_of_its_own() -> None:
    asked = next(
        item.step.question for item in Lesson("01-prefill-vs-decode", load_lab()).asked if item.id == "prefill-traffic"
    )
    result = asked.result(asked.accept("103.5"))
    assert (result["tone"], result["headline"]) == ("off", "Right order: ×2 too high")
    assert "a pass of its own" in result["feedback"]


# --- curve -----------------------------------------------------------------------------------------------------


def drawn(y: list[float]) -> dict[str, Any]:
    asked = question("curve")
    return asked.result(asked.accept(y))


def test_a_curve_is_told_which_feature_it_missed() -> None:
    assert drawn([10, 40, 160, 640])["missed"] == []
    assert drawn([10, 10, 10, 40])["missed"] == ["Start too flat."]
    assert drawn([10, 40, 1000, 2000])["missed"] == ["Start too steep.", "End too flat."]
    assert drawn([10, 40, 160, 700])["missed"] == ["End too steep."]  # a tolerance of its own


def test_a_curve_of_the_right_shape_at_the_wrong_height() -> None:
    result = drawn([20, 80, 320, 1280])
    assert (result["tone"], result["headline"]) == ("near", "On average ×2 off")
    assert result["missed"] == [] and "because of you" in result["feedback"]
    assert question("curve").score({"y": [20, 80, 320, 1280]}) == {"factor": 2, "right": False, "missed": 0}


def test_a_curve_may_be_judged_at_its_last_point() -> None:
    asked = question("curve", judged="last")
    late = asked.result(asked.accept([10, 40, 160, 1280]))
    assert late["headline"] == "At the last point ×2 off"
    assert asked.score({"y": [10, 40, 160, 1280]})["factor"] == 2
    early = asked.result(asked.accept([30, 80, 200, 640]))
    assert (early["tone"], early["headline"]) == ("right", "Spot on") and early["missed"]
    assert asked.score({"y": [30, 80, 200, 640]}) == {"factor": 1, "right": True, "missed": 2}


def test_the_truth_of_a_curve_is_drawn_and_a_wrong_curve_that_meets_it_is_no_mistake() -> None:
    assert drawn([1, 1, 1, 1])["truth_y"] == [10, 40, 160, 640]
    assert [name for name, _ in question("curve").mistakes()] == ["took-straight"]
    assert drawn([10, 20, 41, 80])["feedback"].startswith("<p>This is the curve you get when straight is taken.</p>")
