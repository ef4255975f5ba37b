"""The figures of one question, in numbers that can be checked by hand."""

from __future__ import annotations

from typing import Any

import pytest

from lessonlib.classroom.report.class_figures import class_figures
from lessonlib.classroom.report.figures import QuestionFigures
from lessonlib.classroom.report.question import gain
from lessonlib.classroom.report.rows import ClassRows, Vote, counting
from lessonlib.lesson.question import Question
from tests.classroom.report.made_up_class import LISTING, cards, choice, forecast, made_up_class, number, opener, texts
from tests.lesson.made_up import question


def figures(rows: ClassRows, *asked: Question) -> QuestionFigures:
    (found,) = class_figures(rows, opener(*asked), LISTING)["questions"]
    return found


def two_by_two() -> tuple[ClassRows, Question]:
    """Ten voters: 2 stay right, 4 change to right, 1 changes away, 3 stay wrong. Before 3 of 10, after 6 of 10."""
    asked = choice()
    before = ["memory"] * 3 + ["compute"] * 5 + ["network"] * 2
    after = ["memory", "memory", "compute", *["memory"] * 4, "compute", "network", "network"]
    sure = [2, 1, 1, 2, 2, 2, 1, 0, 0, 2]
    return made_up_class((asked, cards(asked, before, sure), cards(asked, after, 2))), asked


def test_every_figure_of_a_two_by_two() -> None:
    found = figures(*two_by_two())
    assert found["first"]["answers"] == found["second"]["answers"] == found["both"] == 10
    assert (found["first"]["right"], found["second"]["right"]) == (0.3, 0.6)
    assert found["gain"] == pytest.approx(0.3 / 0.7, abs=1e-4)
    assert found["switches"] == {"right_right": 2, "wrong_right": 4, "right_wrong": 1, "wrong_wrong": 3}
    options = {row["text"]: (row["first"], row["second"], row["right"]) for row in found["options"]}
    assert options == {"memory": (0.3, 0.6, True), "compute": (0.5, 0.2, False), "network": (0.2, 0.2, False)}
    assert found["concepts"] == ["first-idea"] and found["judged"] and not found["note"]


def test_how_sure_they_were_and_what_of_it_was_right() -> None:
    found = figures(*two_by_two())
    levels = [(each["level"], each["share"], each["right"]) for each in found["first"]["confidence"]]
    assert levels == [("just guessing", 0.2, None), ("fairly sure", 0.3, None), ("certain", 0.5, 0.2)]
    assert [each["share"] for each in found["second"]["confidence"]] == [0, 0, 1]
    assert found["second"]["confidence"][2]["right"] == 0.6


def test_misconceptions_by_share_and_by_certainty() -> None:
    found = figures(*two_by_two())
    compute, network = found["misconceptions"]
    assert compute == {
        "id": "it-is-compute",
        "holds": "Compute sets the pace.",
        "first": 0.5,
        "second": 0.2,
        "first_certain": 0.3,
        "second_certain": 0.2,
    }
    assert (network["holds"], network["first_certain"]) == ("it is network", 0.1), "the list does not name this one"


@pytest.mark.parametrize(
    ("before", "after", "won"),
    [
        (0.5, 0.75, 0.5),
        (0.5, 0.5, 0),
        (0.5, 0.25, -0.5),
        (0, 1, 1),
        (1, 1, None),
        (1, 0.5, None),
        (None, 0.5, None),
        (0.5, None, None),
    ],
)
def test_the_normalised_gain(before: float | None, after: float | None, won: float | None) -> None:
    assert gain(before, after) == won


def test_all_right_from_the_start_has_no_gain() -> None:
    asked = choice()
    found = figures(made_up_class((asked, cards(asked, ["memory"] * 6), cards(asked, ["memory"] * 6))), asked)
    assert found["gain"] is None and found["first"]["right"] == 1
    assert found["switches"] == {"right_right": 6, "wrong_right": 0, "right_wrong": 0, "wrong_wrong": 0}
    assert found["misconceptions"] == []


def test_the_highest_seq_of_a_voter_counts() -> None:
    asked = choice()
    rows = made_up_class((asked, cards(asked, ["compute"] * 6), {}))
    right = cards(asked, ["memory"])[1][0]
    later = [Vote(101, 1, 1, 1, right, 2), Vote(100, 1, 1, 1, "b", 0), Vote(99, 1, 1, 2, right, 1)]
    rows = ClassRows(**{**rows.__dict__, "votes": [*later, *rows.votes]})
    found = figures(rows, asked)
    assert found["first"]["answers"] == 6
    assert found["first"]["right"] == pytest.approx(2 / 6, abs=1e-4)
    assert [vote.seq for vote in counting(rows.votes)] == [3, 4, 5, 6, 99, 101]


def test_nobody_in_the_second_round() -> None:
    asked = choice()
    found = figures(made_up_class((asked, cards(asked, ["memory", "compute"] * 3), {})), asked)
    assert found["second"] is None and found["gain"] is None and found["both"] == 0 and found["switches"] is None
    assert found["first"]["right"] == 0.5


def test_one_voter_has_counts_and_nothing_else() -> None:
    asked = choice()
    found = figures(made_up_class((asked, cards(asked, ["compute"], 2), cards(asked, ["memory"], 2))), asked)
    assert (found["first"]["answers"], found["second"]["answers"], found["both"]) == (1, 1, 1)
    assert no_shares(found)


def no_shares(found: QuestionFigures) -> bool:
    """Whether nothing is told but counts."""
    rows = [*found["options"], *found["off"], *found["features"], *found["misconceptions"]]
    shares: list[Any] = [row[key] for row in rows for key in ("first", "second")]  # type: ignore[literal-required]
    for each in (found["first"], found["second"]):
        if each:
            shares += [each["right"], each["median_off"], each["held"], *each["confidence"]]
    return not any(share is not None for share in [*shares, found["gain"], found["switches"]])


@pytest.mark.parametrize("many", [1, 2, 3, 4])
def test_below_five_answers_nothing_is_told(many: int) -> None:
    asked, typed = choice(), number()
    votes = cards(asked, ["compute"] * many, 2)
    assert no_shares(figures(made_up_class((asked, votes, votes)), asked))
    votes = texts(["12.5"] * many, 2)
    assert no_shares(figures(made_up_class((typed, votes, votes)), typed))


def test_a_small_second_round_hides_itself_alone() -> None:
    asked = choice()
    found = figures(made_up_class((asked, cards(asked, ["compute"] * 9, 2), cards(asked, ["network"] * 4, 2))), asked)
    assert found["first"]["right"] == 0 and found["second"]["right"] is None and found["switches"] is None
    assert [belief["id"] for belief in found["misconceptions"]] == ["it-is-compute"], "nobody's of the four is named"
    assert all(row["second"] is None for row in found["options"])


def test_numbers_by_the_factor_that_they_are_off() -> None:
    """100 is true: 100 and 105 are within 10 %, 120 close, 12.5 the wrong working, 50 and 300 further off."""
    asked = number()
    found = figures(made_up_class((asked, texts(["100", "105", "120", "12.5", "50", "300"], 2), {})), asked)
    assert found["first"]["right"] == pytest.approx(2 / 6, abs=1e-4)
    assert found["first"]["median_off"] == pytest.approx((1.2 + 2) / 2)
    shares = {row["text"]: row["first"] for row in found["off"]}
    sixth = pytest.approx(1 / 6, abs=1e-4)
    assert shares == {
        "more than ×10 too low": 0,
        "×2 to ×10 too low": sixth,
        "×1.25 to ×2 too low": sixth,
        "×1.1 to ×1.25 too low": 0,
        "within 10 %": pytest.approx(2 / 6, abs=1e-4),
        "×1.1 to ×1.25 too high": sixth,
        "×1.25 to ×2 too high": 0,
        "×2 to ×10 too high": sixth,
        "more than ×10 too high": 0,
    }
    assert [(each["holds"], each["first_certain"]) for each in found["misconceptions"]] == [
        ("Bytes are taken for bits.", sixth)
    ]


def test_numbers_that_are_zero_or_less_are_counted_and_not_judged() -> None:
    asked = number()
    typed = ["0", "-3", "100", "100", "100", "50", "nan", "1e999", "100"]
    found = figures(made_up_class((asked, texts(typed), {})), asked)
    assert (found["first"]["answers"], found["first"]["unread"]) == (5, 4)
    assert found["first"]["right"] == 0.8


@pytest.mark.parametrize(
    "guess", [None, "", 7, True, [], {}, {"text": None}, {"text": "x" * 5000}, {"key": "z"}, [1, [2]]]
)
def test_a_guess_that_no_panel_sends_is_counted_as_unread(guess: Any) -> None:
    for asked in (choice(), number(), question("curve"), question("place")):
        found = figures(made_up_class((asked, dict.fromkeys(range(6), (guess, 1)), {})), asked)
        assert (found["first"]["answers"], found["first"]["unread"]) == (0, 6)


def test_curves_by_their_judged_features() -> None:
    """Half draw it as it is, two too flat all the way, one with its end alone too flat."""
    asked = question("curve")
    right, flat, bent = [10, 40, 160, 640], [10, 20, 40, 80], [10, 40, 160, 240]
    drawn = {voter: (curve, 1) for voter, curve in enumerate([right, right, right, flat, flat, bent], 1)}
    found = figures(made_up_class((asked, drawn, {})), asked)
    shares = {row["text"]: row["first"] for row in found["features"]}
    assert shares == {
        "start: as it is": pytest.approx(4 / 6, abs=1e-4),
        "start: steeper": 0,
        "start: flatter": pytest.approx(2 / 6, abs=1e-4),
        "end: as it is": 0.5,
        "end: steeper": 0,
        "end: flatter": pytest.approx(3 / 6),
    }
    assert found["first"]["right"] == 0.5
    assert found["off"][0]["text"] == "within 10 %", "a curve is off to no side"


def test_dots_and_forecasts() -> None:
    asked = question("place")
    dots = [{"x": 10, "y": 20}] * 3 + [{"x": 1000, "y": 200}] * 2
    found = figures(made_up_class((asked, dict(enumerate(((dot, 2) for dot in dots), 1)), {})), asked)
    assert found["first"]["right"] == 0.6
    assert [(each["id"], each["first"]) for each in found["misconceptions"]] == [("took-on-the-top", 0.4)]

    asked = forecast()
    typed = [{"text": "110", "low": "90", "high": "130"}] * 4 + [{"text": "300", "low": "200", "high": "400"}]
    found = figures(made_up_class((asked, dict(enumerate(((each, 1) for each in typed), 1)), {})), asked)
    assert (found["first"]["right"], found["first"]["held"]) == (0.8, 0.8)


def test_what_the_learner_grades_is_counted_and_not_judged() -> None:
    asked = question("blanks")
    found = figures(made_up_class((asked, dict.fromkeys(range(6), (["compute", "memory"], None)), {})), asked)
    assert found["first"]["answers"] == 6 and found["first"]["right"] is None and not found["judged"]
    assert found["note"] == "the course does not judge this kind of question"


def test_a_question_that_is_worded_otherwise_today_is_counted_alone() -> None:
    asked = choice()
    rows = made_up_class((asked, cards(asked, ["memory"] * 6), {}))
    for now, why in (
        ((choice(stem="Which of them?"),), "worded otherwise"),
        ((), "no such question"),
    ):
        found = figures(rows, *now)
        assert why in found["note"] and found["first"]["answers"] == 6
        assert found["first"]["right"] is None and found["options"] == [] and found["concepts"] == []


def test_voters_who_come_late_or_leave_are_in_their_round_alone() -> None:
    """Voters 1 to 6 vote first, 4 to 9 second: three voted twice."""
    asked = choice()
    rows = made_up_class((asked, cards(asked, ["compute"] * 6), cards(asked, ["memory"] * 6, first_voter=4)))
    found = figures(rows, asked)
    assert (found["both"], found["switches"], found["gain"]) == (3, None, 1)
