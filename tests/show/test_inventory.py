"""The inventory's own block: a coin, what is kept, and in the end the gains; of nobody in a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from lessonlib.lesson.form import FORMS
from lessonlib.lesson.lesson import Lesson
from lessonlib.record.journal import Journal
from lessonlib.roofline import load_lab
from lessonlib.show import inventory
from lessonlib.show.blocks import BLOCKS
from lessonlib.show.notebook import NotebookLesson


def opened(journal: Journal | None, name: str = "00-start-here") -> Lesson:
    return Lesson(name, load_lab(), journal, BLOCKS)


def html(lesson: Lesson) -> str:
    return str(lesson.items["inventory"].view().get("html"))


def commit(lesson: Lesson, count: int = 12, *, right: bool = True) -> None:
    assert lesson.form
    for item in lesson.form.items[:count]:
        question = item.step.question
        given = question.right() if right else question.mistakes()[0][1]
        lesson.handle(item.id, {"event": "commit", "guess": given, "confidence": 0})


@pytest.mark.parametrize("side", [0, 1])
def test_from_the_coin_to_the_gains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, side: int) -> None:
    monkeypatch.setattr(inventory.secrets, "randbelow", lambda _: side)
    journal, first, second = Journal(tmp_path / "j.jsonl"), FORMS[side], FORMS[1 - side]
    start = opened(journal)
    assert start.items["inventory"].view()["more"].startswith("Toss a coin")  # type: ignore[typeddict-item]
    start.handle("inventory", {"event": "more"})
    assert f'href="{first}.ipynb"' in html(start) and second not in html(start)
    monkeypatch.setattr(inventory.secrets, "randbelow", lambda _: 1 - side)
    start.handle("inventory", {"event": "more"})
    assert f'href="{first}.ipynb"' in html(opened(journal)), "it is tossed once"
    form = opened(journal, first)
    commit(form, 5, right=False)
    assert "5 of 12 kept" in html(start) and "to its end" in html(start)
    commit(form, right=False)
    assert "12 of 12 kept" in html(start) and f'href="{second}.ipynb"' in html(start)
    commit(opened(journal, second))
    told = html(start)
    assert "<strong>0</strong> before" in told and "<strong>12</strong> after" in told and "The gain is 1:" in told
    assert told.count("<tr>") == 14 and "100 %" in told and first in told and second in told


def test_a_loss_and_nothing_left_to_gain_are_said(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.jsonl")
    commit(opened(journal, FORMS[0]))
    commit(opened(journal, FORMS[1]), right=False)
    told = html(opened(journal))
    assert "Nothing was left to gain" in told and told.count("lost again") == 12


def test_of_nobody_it_says_what_the_inventory_is_and_tosses_nothing() -> None:
    for journal in (None, Journal(None)):
        start = opened(journal)
        start.handle("inventory", {"event": "more"})
        assert "twelve questions" in html(start) and "more" not in start.items["inventory"].view()


def test_opening_a_form_says_how_much_is_kept(tmp_path: Path) -> None:
    lesson = opened(Journal(tmp_path / "j.jsonl"), FORMS[0])
    commit(lesson, 3)
    assert "3 of 12 kept" in repr(NotebookLesson(lesson)) and "form A" in repr(NotebookLesson(lesson))


def test_the_last_answer_of_the_second_form_opens_every_panel(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.jsonl")
    commit(opened(journal, FORMS[1]))
    lesson = opened(journal, FORMS[0])
    notebook = NotebookLesson(lesson)
    assert lesson.form
    first, *_, last = lesson.form.items
    panel = notebook.predict(first.id)
    commit(lesson, 11)
    assert panel.view["sealed"].startswith("Sealed: 11 of 12")
    lesson.handle(last.id, {"event": "commit", "guess": last.step.question.right(), "confidence": 0})
    assert "sealed" not in panel.view and panel.view["state"] == "committed"
