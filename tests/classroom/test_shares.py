"""How a room voted, by kind of question, computed by hand."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from lessonlib.classroom.shares import MOST_BINS, MOST_CURVES, shares
from lessonlib.classroom.wire import LEAST_SHARED
from lessonlib.lesson.question import Question
from tests.lesson.made_up import GUESS, question


def accepted(asked: Question, given: list[Any]) -> list[dict[str, Any]]:
    return [asked.accept(each) for each in given]


def number(texts: list[str]) -> tuple[Question, list[dict[str, Any]]]:
    asked = question("number")
    return asked, accepted(asked, [{"text": text} for text in texts])


def test_cards_of_both_rounds() -> None:
    asked = question("choice")
    keys = [option["key"] for option in asked.ask()["options"]]
    first = accepted(asked, [keys[0]] * 3 + [keys[1]] * 5)
    second = accepted(asked, [keys[1]] * 6)
    found = shares(asked, {1: first, 2: second})
    assert (found["kind"], found["first"], found["second"]) == ("options", 8, 6)
    by_key = {option["key"]: (option["first"], option["second"]) for option in found["options"]}
    assert by_key[keys[0]] == (3 / 8, 0)
    assert by_key[keys[1]] == (5 / 8, 1)
    assert all("<" not in option["text"] for option in found["options"])


@pytest.mark.parametrize("kind", ["choice", "number", "curve", "place", "blanks", "recall"])
def test_few_answers_have_no_shares(kind: str) -> None:
    asked = question(kind)
    given = [1, 1, 1, 1] if kind == "curve" else GUESS[kind]
    few = accepted(asked, [given] * (LEAST_SHARED - 1))
    assert shares(asked, {1: few}) == {"kind": "few", "first": 4, "second": None}
    assert shares(asked, {1: [], 2: few}) == {"kind": "few", "first": 0, "second": 4}
    assert shares(asked, {1: accepted(asked, [given] * LEAST_SHARED)})["kind"] != "few"


def test_of_two_rounds_the_one_with_few_answers_stays_hidden() -> None:
    asked, first = number(["10", "20", "30", "40", "50"])
    found = shares(asked, {1: first, 2: first[:2]})
    assert (found["first"], found["second"]) == (5, 2)
    assert found["medians"] == [pytest.approx(30 / 1), None]
    assert {one["second"] for one in found["bins"]} == {None}
    assert sum(one["first"] or 0 for one in found["bins"]) == pytest.approx(1)


@pytest.mark.parametrize(
    "texts",
    [
        ["10"] * 5,
        ["1", "10", "100", "1000", "10000"],
        [str(2**place) for place in range(1, 40)],
        ["1e-90", "1e90", "5", "5", "5"],
        [f"{value / 7:.4f}" for value in range(1, 300)],
        ["100"] * 99 + ["1e60"],
    ],
)
def test_every_number_lies_in_one_bin(texts: list[str]) -> None:
    asked, guesses = number(texts)
    found = shares(asked, {1: guesses})
    bins = found["bins"]
    assert 1 <= len(bins) <= MOST_BINS
    assert sum(one["first"] or 0 for one in bins) == pytest.approx(1)
    assert all(one["high"] == other["low"] for one, other in pairwise(bins))
    widths = [one["high"] / one["low"] for one in bins]
    assert max(widths) == pytest.approx(min(widths), rel=1e-2), "of equal width on a logarithmic axis"


def test_one_joker_does_not_squeeze_the_room_into_one_bin() -> None:
    asked, guesses = number([f"{value}" for value in range(50, 149)] + ["1e60"])
    bins = shares(asked, {1: guesses})["bins"]
    assert bins[-1]["high"] < 1000
    assert len([one for one in bins if one["first"]]) > 3


def test_numbers_come_in_the_unit_asked_in() -> None:
    asked, guesses = number(["80"] * 5)
    found = shares(asked, {1: guesses})
    assert found["unit"] == asked.ask()["unit"]
    assert found["medians"] == [80, None]
    assert guesses[0]["value"] == pytest.approx(80 * found["scale"])


def test_curves_of_the_last_round_and_their_median() -> None:
    asked = question("curve")
    many = len(asked.ask()["x"])
    first = accepted(asked, [[1.0] * many] * 9)
    second = accepted(asked, [[float(place)] * many for place in range(1, 6)])
    found = shares(asked, {1: first, 2: second})
    assert (found["kind"], len(found["curves"])) == ("curves", 5)
    assert [x for x, _ in found["median"]] == pytest.approx(asked.ask()["x"])
    assert {y for _, y in found["median"]} == {3}


def test_of_many_curves_some_are_sent() -> None:
    asked = question("curve")
    many = len(asked.ask()["x"])
    found = shares(asked, {1: accepted(asked, [[float(place)] * many for place in range(1, 1001)])})
    assert len(found["curves"]) == MOST_CURVES
    assert {y for _, y in found["median"]} == {500.5}, "the median is of all"
    assert found["curves"][-1][0][1] > 990, "evenly taken"


def test_dots() -> None:
    asked = question("place")
    found = shares(asked, {1: accepted(asked, [{"x": float(place), "y": 10.0} for place in range(1, 8)])})
    assert found["median"] == [[4.0, 10.0]]
    assert found["curves"][0] == [[1.0, 10.0]]


def test_gaps_show_what_many_wrote_and_nobody_alone() -> None:
    asked = question("blanks")
    gaps = len(asked.raw["answers"])
    first = accepted(asked, [["Memory "] * gaps] * 4 + [["memory"] * gaps] * 2 + [["my name is Eve"] * gaps])
    found = shares(asked, {1: first})
    assert [(option["text"], option["first"]) for option in found["options"]] == [
        (" · ".join(["memory"] * gaps), pytest.approx(6 / 7)),
        ("other words", pytest.approx(1 / 7)),
    ]


def test_what_is_said_aloud_is_only_counted() -> None:
    asked = question("recall")
    assert shares(asked, {1: accepted(asked, [None] * 7)}) == {
        "kind": "options",
        "first": 7,
        "second": None,
        "options": [],
    }
