"""The inventory in the report of classes: nothing before its second sitting, then before, after and gain, idea by idea."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from lessonlib.classroom.report.export import export_csv, export_json, report_figures, report_html
from lessonlib.classroom.report.inventory import sittings_of, withheld
from lessonlib.classroom.report.judged import Lessons
from lessonlib.classroom.report.rows import ClassRows, Poll, Vote
from lessonlib.lesson.form import FORMS
from lessonlib.lesson.items import StepItem
from lessonlib.review.inventory import AFTER, BEFORE
from lessonlib.roofline import DEFAULT_LAB

LESSONS = Lessons()
MONDAY, FRIDAY = "2026-11-16T09:00:00+00:00", "2026-11-20T15:00:00+00:00"


def sitting(form: str, code: str, created: str, right: int, voters: int = 8, asked: int = 3) -> ClassRows:
    """So many of the voters answer each of the first questions of a form rightly."""
    lesson = LESSONS(form, DEFAULT_LAB)
    items = [item for item in lesson.items.values() if isinstance(item, StepItem) and item.raw.get("sealed")][:asked]
    polls, votes = [], []
    for number, item in enumerate(items, 1):
        question = item.step.question
        polls.append(Poll(number, form, item.id, question.asked_hash(), DEFAULT_LAB, "closed1"))
        wrong = question.mistakes()[0][1]
        for voter in range(voters):
            guess = question.accept(question.right() if voter < right else wrong)
            votes.append(Vote(len(votes) + 1, number, 1, voter, guess, 1))
    return ClassRows(f"id of {code}", code, form, DEFAULT_LAB, created, voters, polls, votes)


BEFORE_A = sitting("inventory-a", "AAA222", MONDAY, right=2)
AFTER_B = sitting("inventory-b", "BBB333", FRIDAY, right=6)


@pytest.mark.parametrize("form", FORMS)
def test_one_sitting_alone_is_told_by_its_counts(form: str) -> None:
    alone = [sitting(form, "AAA222", MONDAY, right=2)]
    html = report_html(alone, LESSONS)
    assert "8 voters joined, 8 voters answered, 3 questions were asked" in html
    assert not re.search(r"\d\s?%|✓|□", html.partition("<main")[2]) and "second sitting" in html
    figures = report_figures(alone, LESSONS)
    assert figures["inventory"] is None and figures["items"] == [] and figures["classes"][0]["questions"] == []
    assert export_csv(alone, LESSONS).count("\n") == 1


def test_two_sittings_of_one_form_after_the_other_lesson_are_no_two_sittings_of_a_class_alone() -> None:
    other = replace(BEFORE_A, lesson="03-bits", polls=(), votes=(), code="CCC444")
    assert withheld([BEFORE_A, other])[0].votes == () and withheld([BEFORE_A, other])[1] is other


def test_before_after_and_gain_by_hand() -> None:
    found = report_figures([AFTER_B, BEFORE_A], LESSONS)["inventory"]
    assert found and found["before"] == ["AAA222"] and found["after"] == ["BBB333"]
    assert len(found["ideas"]) == 3
    for idea in [*found["ideas"], found["whole"]]:
        assert (idea["before"], idea["after"]) == (0.25, 0.75)
        assert idea["gain"] == pytest.approx((0.75 - 0.25) / (1 - 0.25), abs=1e-3)


def test_the_page_says_it_in_a_sentence_and_a_table() -> None:
    html = report_html([BEFORE_A, AFTER_B], LESSONS)
    assert (
        "Right before: 25\u00a0%, after: 75\u00a0%, a normalised gain of 0.67. Before is AAA222; after is BBB333."
        in html
    )
    assert html.count("<h2>The inventory</h2>") == 1 and "□ before, ■ after" in html
    assert json.loads(export_json([BEFORE_A, AFTER_B], LESSONS))["inventory"]["whole"]["gain"] == 0.667


def test_halves_of_a_course_may_take_both_forms_on_one_day() -> None:
    later_a = sitting("inventory-a", "DDD555", FRIDAY.replace("15:00", "15:20"), right=7)
    monday_b = sitting("inventory-b", "EEE666", MONDAY.replace("09:00", "09:30"), right=3)
    assert sittings_of([AFTER_B, later_a, monday_b, BEFORE_A]) == {
        "AAA222": BEFORE,
        "EEE666": BEFORE,
        "BBB333": AFTER,
        "DDD555": AFTER,
    }
    found = report_figures([AFTER_B, later_a, monday_b, BEFORE_A], LESSONS)["inventory"]
    assert (
        found
        and found["whole"]["before"] == pytest.approx(5 / 16)
        and found["whole"]["after"] == pytest.approx(13 / 16)
    )


def test_no_share_stands_on_fewer_than_five() -> None:
    few = [
        sitting("inventory-a", "AAA222", MONDAY, 1, voters=4, asked=1),
        sitting("inventory-b", "BBB333", FRIDAY, 3, voters=9, asked=1),
    ]
    found = report_figures(few, LESSONS)["inventory"]
    assert found and found["whole"]["before"] is None and found["whole"]["gain"] is None
    assert "Too few answers to tell." in report_html(few, LESSONS)


def test_a_class_without_a_time_comes_first() -> None:
    assert sittings_of([AFTER_B, replace(BEFORE_A, created="")]) == {"AAA222": BEFORE, "BBB333": AFTER}


def test_classes_without_an_inventory_have_none() -> None:
    assert sittings_of([replace(BEFORE_A, lesson="03-bits")]) == {}
    assert report_figures([], LESSONS)["inventory"] is None
