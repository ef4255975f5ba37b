"""A form of the inventory keeps its answers to itself until both forms are done, through restarts and whatever the order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lessonlib.base.paths import data_dir
from lessonlib.lesson.form import FORMS
from lessonlib.lesson.items import StepItem
from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.source import LessonFileError, parse_source
from lessonlib.record.journal import Journal
from lessonlib.roofline import load_lab
from lessonlib.show.blocks import BLOCKS
from tests.lesson.shipped import body, source

A, B = FORMS


def opened(journal: Journal | None, form: str = A, lab: str | None = None) -> Lesson:
    return Lesson(form, load_lab(lab) if lab else load_lab(), journal, BLOCKS)


def items(lesson: Lesson) -> list[StepItem]:
    assert lesson.form
    return lesson.form.items


def commit(lesson: Lesson, count: int = 12) -> None:
    """Answer so many, each with its first mistake."""
    for item in items(lesson)[:count]:
        _, wrong = item.step.question.mistakes()[0]
        lesson.handle(item.id, {"event": "commit", "guess": wrong, "confidence": 1})


def try_to_see(lesson: Lesson) -> list[dict[str, Any]]:
    """Every view after each event that could open something."""
    views = []
    for item in items(lesson):
        for event in ("reveal", "skip", "hint", "observe", "grade"):
            lesson.handle(item.id, {"event": event, "choice": "a", "grade": "got"})
        views.append(dict(item.view()))
    return views


def hidden(views: list[dict[str, Any]]) -> bool:
    return all({"result", "working", "explanation", "observe"}.isdisjoint(view) and view["sealed"] for view in views)


def test_one_form_reveals_nothing_however_much_of_it_is_answered(tmp_path: Path) -> None:
    lesson = opened(Journal(tmp_path / "j.jsonl"))
    assert hidden(try_to_see(lesson))
    commit(lesson, 11)
    views = try_to_see(lesson)
    assert hidden(views) and views[0]["sealed"].startswith("Sealed: 11 of 12 kept.")
    commit(lesson)
    views = try_to_see(lesson)
    assert hidden(views) and views[0]["sealed"].startswith("Kept.")
    assert {view["state"] for view in views} == {"committed"}


def test_the_questions_of_a_form_open_together_and_wait_for_no_step() -> None:
    lesson = opened(None)
    assert len(items(lesson)) == 12 and lesson.sealed_together == items(lesson)
    assert all(item.gates == [] and item.lock == "" for item in items(lesson))


def test_a_question_of_a_form_that_is_not_sealed_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = source(A)
    first = items(opened(None))[0]
    del body(raw, first.id)["sealed"]
    monkeypatch.setattr("lessonlib.lesson.lesson.load_source", lambda *_: raw)
    assert len(items(opened(None))) == 11 and first.id not in [item.id for item in items(opened(None))]


def test_the_record_of_one_form_says_of_no_guess_what_came_out(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.jsonl")
    lesson = opened(journal)
    commit(lesson)
    try_to_see(lesson)
    assert {record["event"] for record in journal.records()} == {"commit"}
    assert all({"right", "factor", "misconception"}.isdisjoint(record) for record in journal.records())


@pytest.mark.parametrize("order", [(A, B), (B, A)])
def test_both_forms_open_once_the_second_is_done(tmp_path: Path, order: tuple[str, str]) -> None:
    path = tmp_path / "j.jsonl"
    first, second = opened(Journal(path), order[0]), opened(Journal(path), order[1])
    commit(first)
    commit(second, 11)
    assert hidden(try_to_see(first)) and hidden(try_to_see(second))
    commit(second)  # in another kernel, while the first notebook is still open
    for lesson in (first, second):
        for item in items(lesson):
            assert "sealed" not in item.view()
            lesson.handle(item.id, {"event": "reveal"})
            assert item.step.revealed and "result" in item.view()


def test_a_restart_keeps_what_was_kept_and_what_was_sealed(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    commit(opened(Journal(path)), 7)
    again = opened(Journal(path), lab="llama-3.1-8b-a100-80gb")  # weeks later, on another lab
    assert again.form and again.form.committed == 7
    commit(again)
    assert hidden(try_to_see(opened(Journal(path))))
    commit(opened(Journal(path), B))
    last = opened(Journal(path))
    for item in items(last):
        last.handle(item.id, {"event": "reveal"})
    assert all(item.step.revealed for item in items(opened(Journal(path))))


def test_where_nothing_is_kept_nothing_is_revealed() -> None:
    lesson = opened(None)
    commit(lesson)
    assert hidden(try_to_see(lesson))


def test_a_form_names_its_parallel_and_a_working_that_gives_a_lab() -> None:
    text = (data_dir() / "lessons" / f"{A}.yaml").read_text(encoding="utf-8")
    with pytest.raises(LessonFileError, match=r"inventory-a\.yaml: form: .*other"):
        parse_source(text.replace("other: inventory-b, ", ""), "inventory-a.yaml")
