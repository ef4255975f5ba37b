"""The figures of a class, and of several."""

from __future__ import annotations

import math

import pytest

from lessonlib.classroom.report.class_figures import class_figures
from lessonlib.classroom.report.items import classes_figures, point_biserial, verdict, wilson
from tests.classroom.report.made_up_class import LISTING, cards, choice, made_up_class, number, opener, texts

# --- one class ----------------------------------------------------------------------------------------------------


def test_which_ideas_are_open() -> None:
    """The first idea is right in 2 of 10 and then 9 of 10; the other one in 4 of 10 and was asked once."""
    one, other = choice(), number()
    rows = made_up_class(
        (one, cards(one, ["memory"] * 2 + ["compute"] * 8), cards(one, ["memory"] * 9 + ["compute"])),
        (other, texts(["100"] * 4 + ["50"] * 6), {}),
    )
    first, second = class_figures(rows, opener(one, other), LISTING)["ideas"]
    assert first == {
        "id": "first-idea",
        "title": "The first idea",
        "questions": 1,
        "first": 0.2,
        "last": 0.9,
        "gain": 0.875,
        "state": "settled",
    }
    assert (second["first"], second["last"], second["gain"], second["state"]) == (0.4, 0.4, None, "open")


def test_an_idea_of_several_questions_takes_their_mean() -> None:
    one, other = choice(), choice(id="which-else")
    rows = made_up_class((one, cards(one, ["memory"] * 5), {}), (other, cards(other, ["memory", *["compute"] * 4]), {}))
    (idea,) = class_figures(rows, opener(one, other), LISTING)["ideas"]
    assert (idea["questions"], idea["first"], idea["last"]) == (2, 0.6, 0.6)


def test_which_misconceptions_are_held_with_certainty_at_the_end() -> None:
    one, other = choice(), number()
    rows = made_up_class(
        (one, cards(one, ["compute"] * 10, 2), cards(one, ["memory"] * 8 + ["network"] * 2, [2] * 9 + [0])),
        (other, texts(["12.5"] * 4 + ["100"] * 6, 2), {}),
    )
    held = class_figures(rows, opener(one, other), LISTING)["held"]
    assert [(each["id"], each["certain"], each["share"]) for each in held] == [
        ("took-eighth", 0.4, 0.4),
        ("it-is-network", 0.1, 0.2),
    ], "what was held before the discussion alone is not"


def test_a_class_that_nobody_came_to() -> None:
    found = class_figures(made_up_class(), opener(), LISTING)
    assert (found["voters"], found["questions"], found["ideas"], found["held"]) == (0, [], [], [])
    asked = choice()
    assert class_figures(made_up_class((asked, {}, {})), opener(asked), LISTING)["questions"] == []


# --- several classes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("share", "said"),
    [(None, ""), (0.0, "too hard"), (0.19, "too hard"), (0.2, "in between"), (0.4, "splits"), (0.5, "splits"), (0.6, "splits"),
     (0.61, "in between"), (0.9, "in between"), (0.91, "too easy"), (1.0, "too easy")],
)  # fmt: skip
def test_what_a_share_says_of_a_question(share: float | None, said: str) -> None:
    assert verdict(share) == said


def test_the_interval_of_a_share() -> None:
    """Wilson's interval of 5 in 10 is symmetric; of none or all in 10 it ends at z² / (n + z²), 0.2775 from the edge."""
    low, high = wilson(5, 10)
    assert (low, high) == (pytest.approx(0.2366, abs=1e-4), pytest.approx(0.7634, abs=1e-4))
    assert wilson(0, 10) == (pytest.approx(0), pytest.approx(3.8415 / 13.8415, abs=1e-4))
    assert wilson(10, 10) == (pytest.approx(1 - 3.8415 / 13.8415, abs=1e-4), pytest.approx(1))


def test_the_point_biserial_correlation() -> None:
    assert point_biserial([(1, 1), (1, 1), (0, 0), (0, 0)]) == pytest.approx(1)
    assert point_biserial([(1, 0), (0, 1)]) == pytest.approx(-1)
    # means 0.5 and 0.5; products 0.25, 0, 0, 0.25 over roots of 1 and 0.5
    assert point_biserial([(1, 1), (1, 0.5), (0, 0.5), (0, 0)]) == pytest.approx(0.5 / math.sqrt(0.5))
    for flat in ([], [(1, 1)], [(1, 0.2), (1, 0.9)], [(1, 0.3), (0, 0.3)], [(1, 0.1 + 0.2), (0, 0.3)]):
        assert point_biserial(flat) is None


def three_questions(code: str, firsts: list[str], seconds: list[str], thirds: list[str]):
    """A class that was asked three choices, in the first round alone."""
    asked = [choice(id=name) for name in ("one", "two", "three")]
    taken = [(each, cards(each, texts_), {}) for each, texts_ in zip(asked, (firsts, seconds, thirds), strict=True)]
    return made_up_class(*taken, code=code), opener(*asked)


def test_difficulty_and_discrimination_over_classes() -> None:
    """Six voters: three right everywhere, three wrong everywhere; the third question turns that round."""
    good, bad = ["memory"] * 3, ["compute"] * 3
    rows, lessons = three_questions("ABC234", good + bad, good + bad, bad + good)
    one, two, three = classes_figures([rows], lessons, LISTING)["items"]
    assert (one["right"], one["answers"], one["verdict"], one["discriminated"]) == (0.5, 6, "splits", 6)
    # rest of question one: (two + three) / 2 = 0.5 for all, so it tells nothing; of three: 1 or 0, against it
    assert one["discrimination"] is two["discrimination"] is None
    assert three["discrimination"] == pytest.approx(-1)
    again = classes_figures([rows, rows], lessons, LISTING)["items"][0]
    assert (again["classes"], again["answers"], again["right"]) == (2, 12, 0.5)
    assert again["high"] - again["low"] < one["high"] - one["low"], "more answers tell it better"


def test_who_answered_two_questions_tells_nothing_of_how_they_hang_together() -> None:
    asked = [choice(id="one"), choice(id="two")]
    mixed = ["memory", "compute"] * 3
    rows = made_up_class(*((each, cards(each, mixed), {}) for each in asked))
    for item in classes_figures([rows], opener(*asked), LISTING)["items"]:
        assert (item["discrimination"], item["discriminated"]) == (None, 0)


def test_a_gain_over_those_classes_that_voted_twice() -> None:
    """One class goes from 2 in 10 to 6 in 10, another one never votes again: (0.6 − 0.2) / 0.8."""
    asked = choice()
    twice = made_up_class(
        (asked, cards(asked, ["memory"] * 2 + ["compute"] * 8), cards(asked, ["memory"] * 6 + ["compute"] * 4))
    )
    once = made_up_class((asked, cards(asked, ["memory"] * 10), {}), code="ABC235")
    (item,) = classes_figures([twice, once], opener(asked), LISTING)["items"]
    assert (item["right"], item["gain"], item["classes"]) == (0.6, 0.5, 2)


def test_misconceptions_that_hardly_anybody_shows() -> None:
    asked = choice()
    rows = made_up_class((asked, cards(asked, ["memory"] * 10 + ["compute"] * 10), {}))
    (item,) = classes_figures([rows], opener(asked), LISTING)["items"]
    assert item["untaken"] == ["it is network"]
    few = made_up_class((asked, cards(asked, ["memory"] * 19), {}))
    assert classes_figures([few], opener(asked), LISTING)["items"][0]["untaken"] == []


def test_an_item_with_too_few_answers_has_no_share() -> None:
    asked = choice()
    (item,) = classes_figures([made_up_class((asked, cards(asked, ["memory"] * 4), {}))], opener(asked), LISTING)[
        "items"
    ]
    assert (item["answers"], item["right"], item["low"], item["verdict"]) == (4, None, None, "")


def test_each_class_in_a_line() -> None:
    asked = choice()
    one = made_up_class((asked, cards(asked, ["memory"] * 2 + ["compute"] * 3), cards(asked, ["memory"] * 5)))
    empty = made_up_class(code="ZZZZZZ", lesson="01-prefill-vs-decode")
    lines = classes_figures([one, empty], opener(asked), LISTING)["classes"]
    assert [(line["code"], line["title"], line["questions"], line["first"], line["last"]) for line in lines] == [
        ("ABC234", "made-up", 1, 0.4, 1),
        ("ZZZZZZ", "Prefill vs decode", 0, None, None),
    ]
