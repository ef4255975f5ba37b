"""The normalised gain by hand, for one learner and for a class; nothing of it before both forms are done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lessonlib.cli.main import main
from lessonlib.lesson.form import FORMS
from lessonlib.lesson.lesson import Lesson
from lessonlib.record.attempts import attempts_of
from lessonlib.record.event import events_of
from lessonlib.record.journal import Journal
from lessonlib.review.deck import Review
from lessonlib.review.inventory import (
    AFTER,
    BEFORE,
    COIN,
    Row,
    first_form,
    gains,
    inventory_report,
    normalised,
    rows_of,
    sittings,
)
from lessonlib.review.learner_report import learner_report
from lessonlib.roofline import load_lab
from lessonlib.show.report_page import report_page


def rows(idea: str, before: str, after: str) -> list[Row]:
    """A row for each learner: "1" is right, "0" wrong, "-" nothing."""
    return [
        Row(learner, sitting, idea, mark == "1")
        for sitting, marks in ((BEFORE, before), (AFTER, after))
        for learner, mark in enumerate(marks)
        if mark != "-"
    ]


def test_the_gain_by_hand() -> None:
    assert normalised(0.4, 0.7) == pytest.approx(0.5)
    assert normalised(0, 1) == 1 and normalised(0.5, 0.25) == -0.5 and normalised(0.3, 0.3) == 0
    assert normalised(1, 1) is None and normalised(1, 0) is None


def test_a_class_idea_by_idea_and_as_a_whole() -> None:
    found = gains([*rows("x", "1000", "1110"), *rows("y", "1111", "1101")])
    assert [gain.idea for gain in found] == ["x", "y", ""]
    x, y, whole = found
    assert (x.before, x.after) == (0.25, 0.75) and x.gain == pytest.approx(2 / 3)
    assert (y.before, y.after, y.gain) == (1, 0.75, None), "nothing was left to gain"
    assert (whole.before, whole.after) == (5 / 8, 6 / 8) and whole.gain == pytest.approx(1 / 3)
    assert whole.answers == (8, 8)


def test_only_learners_of_both_sittings_count_where_they_can_be_told_again() -> None:
    answers = rows("x", "00-1", "11-")
    (matched, _), (all_of_them, _) = gains(answers), gains(answers, matched=False)
    assert matched.answers == (2, 2) and matched.gain == 1
    assert all_of_them.answers == (3, 2) and all_of_them.before == pytest.approx(1 / 3) and all_of_them.gain == 1


def test_shares_of_few_are_hidden() -> None:
    (x, whole) = gains(rows("x", "0101", "1111"), least=5)
    assert x == whole._replace(idea="x") and (x.before, x.after, x.gain) == (None, None, None)
    assert gains([]) == []


def test_the_first_answer_counts_and_no_other_sitting() -> None:
    answers = [*rows("x", "0", "1"), Row(0, AFTER, "x", False), Row(0, 3, "x", False), Row(0, BEFORE, "x", True)]
    assert gains(answers)[0].gain == 1


# --- one learner ------------------------------------------------------------------------------------------------------


def take(journal: Journal, form: str, right: set[int], count: int = 12) -> None:
    lesson = Lesson(form, load_lab(), journal)
    assert lesson.form
    for place, item in enumerate(lesson.form.items[:count]):
        question = item.step.question
        given = question.right() if place in right else question.mistakes()[0][1]
        lesson.handle(item.id, {"event": "commit", "guess": given, "confidence": 1})


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Journal:
    path = tmp_path / "j.jsonl"
    monkeypatch.setenv("LESSON_JOURNAL", str(path))
    monkeypatch.chdir(tmp_path)
    return Journal(path)


def test_before_and_after_go_by_the_record_not_by_the_letter(journal: Journal) -> None:
    a, b = FORMS
    take(journal, b, {0, 1, 2})
    take(journal, a, {0, 3, 4, 5, 6, 7})
    found = inventory_report(journal.events())
    assert found and found["forms"] == [b, a] and found["questions"] == 12
    whole, ideas = found["whole"], found["ideas"]
    assert (whole["before"], whole["after"]) == (0.25, 0.5) and whole["gain"] == 0.333
    assert [idea["gain"] for idea in ideas] == [None, None, None, 1, 1, 1, 1, 1, 0, 0, 0, 0]
    assert (ideas[0]["after"], ideas[1]["after"]) == (1, 0)
    assert ideas[0] | {"id": "", "title": ""} == {"id": "", "title": "", "before": 1, "after": 1, "gain": None}
    assert ideas[1]["title"] == "Bandwidth over bytes: the decode ceiling"


def test_nothing_is_told_before_both_are_done(journal: Journal) -> None:
    take(journal, FORMS[0], set(range(12)))
    take(journal, FORMS[1], set(range(12)), count=11)
    assert [sitting.complete for sitting in sittings(journal.attempts())] == [True, False]
    assert rows_of(sittings(journal.attempts())) == [] and inventory_report(journal.events()) is None
    report = learner_report(journal.events())
    assert "inventory" not in report
    assert all(lesson["outcomes"] == [] and lesson["right"] == 0 for lesson in report["lessons"].values())
    assert "before and after" not in report_page(journal.events(), {}, "2026-11-29")


def test_what_no_longer_reads_so_and_what_no_lesson_wrote_is_left_out(journal: Journal) -> None:
    take(journal, FORMS[0], set(range(12)))
    records = [dict(record) for record in journal.records()]
    records[0]["hash"] = "of other words"
    records[1]["guess"] = {"text": "a\nb"}
    records[2]["guess"] = "a"
    assert len(sittings(attempts_of(events_of(records)))[0].right) == 9


def test_the_report_tells_it_and_its_page_and_its_data_say_the_same(
    journal: Journal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    take(journal, FORMS[0], {0})
    take(journal, FORMS[1], set(range(12)))
    assert main(["report", "--yes"]) == 0
    assert "inventory: 1 of 12 before, 12 after, normalised gain 1.00; idea by idea" in capsys.readouterr().out
    page = (tmp_path / "predict-first-report.html").read_text(encoding="utf-8")
    assert "Inventory: before and after" in page and "The gain is 1:" in page and "had it" in page
    assert '"inventory"' in (tmp_path / "predict-first-report.json").read_text(encoding="utf-8")


def test_the_review_never_asks_it_and_the_map_learns_nothing_of_it(journal: Journal) -> None:
    for form in FORMS:
        take(journal, form, set())
    for form in FORMS:
        lesson = Lesson(form, load_lab(), journal)
        assert lesson.form
        for item in lesson.form.items:
            lesson.handle(item.id, {"event": "reveal"})
    assert Review(load_lab(), journal).deck() == []


@pytest.mark.parametrize(("number", "form"), [(0, FORMS[0]), (1, FORMS[1]), (2, ""), (-1, ""), (None, "")])
def test_the_coin_as_recorded(number: int | None, form: str) -> None:
    coin: dict[str, Any] = {
        "lesson": COIN,
        "question": COIN,
        "hash": "",
        "lab": COIN,
        "event": "draw",
        "number": number,
    }
    assert first_form(events_of([coin])) == form
    assert first_form([]) == ""
