"""The three forms of a report: what stands in them, and what never does."""

from __future__ import annotations

import csv
import io
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lessonlib.base.formats import parse_json, whole_characters
from lessonlib.classroom.report.export import COLUMNS, cell, export_csv, export_json, report_figures, report_html
from lessonlib.classroom.report.judged import Lessons, Opener
from lessonlib.classroom.report.rows import ClassRows, Poll, Vote
from lessonlib.draw.page import STYLE, page, policy
from lessonlib.lesson.concepts import Concept, Listing
from lessonlib.lesson.question import Question
from lessonlib.roofline import DEFAULT_LAB
from tests.classroom.report.made_up_class import (
    LISTING,
    cards,
    choice,
    forecast,
    made_up_class,
    number,
    opener,
    texts,
)
from tests.hostile import ACTING, HALF, HOSTILE, assert_printable, assert_same_page
from tests.lesson.made_up import question

DOCS = Path(__file__).resolve().parents[3] / "docs"


def a_class(**changes: Any) -> tuple[ClassRows, Opener]:
    """Eight voters, a question of each judged kind, and one that the learner grades."""
    one, two, three, four, five = choice(), number(), question("curve"), question("place"), question("blanks")
    curve, dot = [10, 20, 40, 80], {"x": 1000, "y": 200}
    rows = made_up_class(
        (one, cards(one, ["memory"] * 3 + ["compute"] * 5, 2), cards(one, ["memory"] * 6 + ["network"] * 2, 2)),
        (two, texts(["100"] * 4 + ["12.5"] * 4), texts(["100"] * 8)),
        (three, dict.fromkeys(range(1, 9), (curve, 0)), {}),
        (four, dict.fromkeys(range(1, 9), (dot, 1)), {}),
        (five, dict.fromkeys(range(1, 9), (["Ada Lovelace", "=1+1"], None)), {}),
    )
    return replace(rows, **changes), opener(one, two, three, four, five)


def lines(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


# --- the page -----------------------------------------------------------------------------------------------------


def test_the_page_asks_nobody_for_anything_and_lets_no_other_style_in() -> None:
    rows, lessons = a_class()
    for html in (report_html([rows], lessons, LISTING), report_html([rows, rows], lessons, LISTING)):
        assert not re.search(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//|@import|url\(|<script|\son\w+=""", html)
        assert " style=" not in html, "the policy would take it away"
        (meta,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)
        assert meta.startswith("default-src 'none'; style-src 'sha256-") and "unsafe" not in meta
        assert "prefers-color-scheme: dark" in html and "@media print" in html


def test_each_drawing_says_its_finding_and_has_a_table() -> None:
    rows, lessons = a_class()
    html = report_html([rows], lessons, LISTING)
    drawings = re.findall(r'<svg [^>]*role="img" aria-label="([^"]+)"', html)
    assert len(drawings) >= 8 and all(re.search(r"\d", alt) or "mean share" in alt for alt in drawings)
    assert html.count("<table>") >= len(drawings)
    assert html.count("<table>") == html.count("<caption")


def test_the_page_tells_what_the_figures_say() -> None:
    rows, lessons = a_class()
    html = report_html([rows], lessons, LISTING).replace("\u00a0", " ")
    assert "Right: 38 % before, 75 % after: a normalised gain of 0.60." in html
    assert "Of 8 who voted twice, 3 stayed right, 3 changed to right, 0 changed away from it, 2 stayed wrong." in html
    assert "Compute sets the pace." in html and "The first idea" in html
    assert "Let the answer “compute” be explained first" in html
    assert "Typically ×4.5 off at first, then spot on." in html
    assert "The shape of the curve" in html and "start: flatter" in html
    assert "Not judged: the course does not judge this kind of question." in html


@pytest.mark.parametrize("many", [0, 1, 4])
def test_a_page_of_few_or_nobody(many: int) -> None:
    asked = choice()
    rows = made_up_class((asked, cards(asked, ["compute"] * many, 2), cards(asked, ["memory"] * many, 2)))
    html = report_html([rows], opener(asked), LISTING).replace("\u00a0", " ")
    assert ("Nobody has voted yet." in html) == (many == 0)
    shown = html[html.index("<main>") :]
    assert not re.search(r"\d %", shown.replace("70 %", "")), "no share of anything"
    assert report_html([rows, rows], opener(asked), LISTING) and report_html([], opener(asked), LISTING)


def test_the_policy_is_that_of_the_style() -> None:
    assert policy("a { }") != policy() and policy() in page("Title", "body")
    assert STYLE in page("Title", "body") and "<b>" not in page("<b>", "")


# --- hostile text -------------------------------------------------------------------------------------------------


def with_text(text: str) -> tuple[ClassRows, Opener, Listing]:
    """That text in each field of the rows, and in what the course's list says."""
    asked = choice()
    first = {text + str(n): (option["key"], 2) for n, option in enumerate(asked.ask()["options"] * 3)}
    rows = made_up_class((asked, first, first), code=text)
    poll = Poll(text, text, text, text, text, text)
    strange = [Vote(1000 + n, text, 1, text + str(n), {"text": text}, 2) for n in range(9)]
    changed = replace(
        rows, lesson=text, lab=text, created=text, polls=[*rows.polls, poll], votes=[*rows.votes, *strange]
    )
    listing = Listing(
        {"first-idea": Concept("first-idea", 1, text, text, ())}, dict.fromkeys(LISTING.misconceptions, text), {}
    )
    return changed, opener(asked), listing


@pytest.mark.parametrize("text", [*HOSTILE.values(), HALF], ids=[*HOSTILE, "half"])
def test_hostile_text_in_each_field_is_text(text: str) -> None:
    rows, lessons, listing = with_text(text)
    calm, _, calm_listing = with_text("Plain")
    for classes, harmless in (([rows], [calm]), ([rows, rows], [calm, calm])):
        html = report_html(classes, lessons, listing)
        html.encode()
        assert_same_page(html, report_html(harmless, lessons, calm_listing), text)
    lines_ = lines(export_csv([rows], lessons))
    assert len(lines_) == 18
    for line in lines_:
        assert not any(value.startswith(tuple("=+-@\t\r")) for value in line.values())
        assert not any(ACTING.search(value) for value in line.values())
    data = export_json([rows], lessons, listing)
    assert parse_json(data, "export")["classes"][0]["code"] == whole_characters(text)
    assert_printable(data.replace("\n", ""))


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "＝1"])
def test_no_field_of_the_rows_is_a_formula(text: str) -> None:
    rows, lessons, _ = with_text(text)
    (first, *_) = lines(export_csv([rows], lessons))
    assert first["class"] == f"'{text}"


# --- the table of votes -------------------------------------------------------------------------------------------


def test_a_line_for_each_vote_that_counts() -> None:
    rows, lessons = a_class()
    votes = lines(export_csv([rows], lessons))
    assert len(votes) == 8 * 7 and tuple(votes[0]) == COLUMNS
    first = [vote for vote in votes if vote["question"] == "how-many" and vote["round"] == "1"]
    assert sorted(vote["answer"] for vote in first) == ["100"] * 4 + ["12.5"] * 4
    wrong = next(vote for vote in first if vote["answer"] == "12.5")
    assert (wrong["unit"], wrong["right"], wrong["factor"], wrong["misconception"], wrong["confidence"]) == (
        "tok/s",
        "false",
        "0.125",
        "took-eighth",
        "1",
    )
    assert {vote["answer"] for vote in votes if vote["kind"] == "choice"} == {"memory", "compute", "network"}
    assert {vote["answer"] for vote in votes if vote["kind"] == "curve"} == {"10; 20; 40; 80"}
    assert {vote["answer"] for vote in votes if vote["kind"] == "place"} == {"1000; 200"}


def test_a_forecast_has_its_range_in_the_table() -> None:
    asked = forecast()
    given = ({"text": "110", "low": "90", "high": "130"}, 1)
    (vote, *_) = lines(export_csv([made_up_class((asked, dict.fromkeys(range(5), given), {}))], opener(asked)))
    assert (vote["answer"], vote["low"], vote["high"]) == ("110", "90", "130")


def test_a_voter_is_a_running_number_and_nothing_else() -> None:
    asked = choice()
    voters = {f"secret-{n}": vote for n, vote in enumerate(cards(asked, ["memory"] * 7).values())}
    rows = made_up_class((asked, voters, voters))
    for text in (
        export_csv([rows], opener(asked)),
        export_json([rows], opener(asked), LISTING),
        report_html([rows], opener(asked), LISTING),
    ):
        assert "secret" not in text and rows.id not in text
    votes = lines(export_csv([rows], opener(asked)))
    assert sorted({int(vote["voter"]) for vote in votes}) == list(range(1, 8))
    again = lines(export_csv([rows, replace(rows, id="another", code="ABC235")], opener(asked)))
    assert {vote["voter"] for vote in again} == {vote["voter"] for vote in votes}, "numbers begin anew in each class"


def test_the_numbers_of_voters_do_not_say_who_joined_first() -> None:
    asked = choice()
    taken = dict(enumerate(cards(asked, ["memory"] * 40).values(), 1))
    rows = made_up_class((asked, taken, {}))
    from lessonlib.classroom.report.rows import running_numbers

    numbers = running_numbers(rows)
    assert sorted(numbers.values()) == list(range(1, 41))
    assert [numbers[voter] for voter in range(1, 41)] != list(range(1, 41))


def test_a_small_round_and_free_text_are_not_in_the_table() -> None:
    rows, lessons = a_class()
    assert "Lovelace" not in export_csv([rows], lessons)
    asked = choice()
    small = made_up_class((asked, cards(asked, ["memory"] * 6), cards(asked, ["memory"] * 4)))
    assert {vote["round"] for vote in lines(export_csv([small], opener(asked)))} == {"1"}
    few = made_up_class((asked, cards(asked, ["memory"] * 4), {}))
    assert lines(export_csv([few], opener(asked))) == []


@pytest.mark.parametrize(
    ("value", "written"),
    [("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@SUM(A1)", "'@SUM(A1)"), ("\t=1", "'=1"), ("\r\n=1", "'=1"), ("＝1", "'＝1"),
     (" = 1", "'= 1"), ("a=1", "a=1"), (-0.5, "-0.5"), (0.1, "0.1"), (12.0, "12"), (7, "7"), (True, "true"), (None, ""), (math.nan, ""),
     (math.inf, ""), ("a\nb\x1b[2J", "a b?[2J")],
)  # fmt: skip
def test_a_cell_is_a_value(value: object, written: str) -> None:
    assert cell(value) == written


# --- JSON ---------------------------------------------------------------------------------------------------------


def keys(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*map(keys, value.values()))
    return set().union(*map(keys, value)) if isinstance(value, list) else set()


def test_json_holds_no_nan_and_each_key_is_documented() -> None:
    rows, lessons = a_class()
    text = export_json([rows, replace(rows, votes=[], code="EMPTY2")], lessons, LISTING)
    data = parse_json(text, "export")
    assert data == report_figures([rows, replace(rows, votes=[], code="EMPTY2")], lessons, LISTING)
    told = (DOCS / "CLASS_REPORT.md").read_text(encoding="utf-8")
    for key in sorted(keys(data)):
        assert f"`{key}`" in told, f"docs/CLASS_REPORT.md does not say what {key} is"
    for column in COLUMNS:
        assert f"`{column}`" in told


# --- size and the real lessons ------------------------------------------------------------------------------------


def test_three_thousand_voters_are_all_counted() -> None:
    one, two = choice(), number()
    taken = ["memory", "compute", "network"] * 1000
    typed = [f"{50 + n % 100}" for n in range(3000)]
    rows = made_up_class((one, cards(one, taken), cards(one, ["memory"] * 3000)), (two, texts(typed), {}))
    lessons = opener(one, two)
    (figures,) = report_figures([rows], lessons, LISTING)["classes"]
    assert [each["first"]["answers"] for each in figures["questions"]] == [3000, 3000]
    assert figures["questions"][0]["switches"] == {
        "right_right": 1000,
        "wrong_right": 2000,
        "right_wrong": 0,
        "wrong_wrong": 0,
    }
    assert len(lines(export_csv([rows], lessons))) == 9000
    assert len(report_html([rows], lessons, LISTING)) < 100_000, (
        "the page grows with the questions, not with the voters"
    )


@pytest.mark.parametrize("name", ["03-the-roofline", "08-what-users-feel"])
def test_a_class_on_a_lesson_of_the_course(name: str) -> None:
    """Of each question that can be voted on the right answer and each likely mistake, by six voters each."""
    lessons = Lessons()
    items = [item for item in lessons(name, DEFAULT_LAB).asked if not item.only_kept and item.kind != "explain"]
    polls, votes = [], []
    for number_, item in enumerate(items):
        asked: Question = item.step.question
        polls.append(Poll(number_, name, asked.id, asked.asked_hash(), DEFAULT_LAB))
        answers = [asked.right(), *(given for _, given in asked.mistakes())]
        votes += [
            Vote(len(votes) + 6 * place + n, number_, 1, f"{place}/{n}", given, 2 if asked.sure else None)
            for place, given in enumerate(answers)
            for n in range(6)
        ]
    rows = ClassRows(1, "ABC234", name, DEFAULT_LAB, "2026-11-20T09:00:00", 30, polls, votes)
    (figures,) = report_figures([rows], lessons)["classes"]
    for item, found in zip(items, figures["questions"], strict=True):
        asked = item.step.question
        wrong = len(asked.mistakes())
        assert found["first"]["unread"] == 0 and not found["note"].startswith("it cannot")
        if asked.sure and asked.kind != "curve":
            assert found["first"]["right"] == pytest.approx(1 / (1 + wrong), abs=1e-4), item.id
            assert {each["id"] for each in found["misconceptions"]} == {slip for slip, _ in asked.mistakes()}
    assert figures["ideas"] and figures["held"]
    html = report_html([rows], lessons)
    assert " style=" not in html and figures["ideas"][0]["title"].replace("'", "&#x27;") in html
