"""One rule for every front end: where guesses are kept, from when on, and why not."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lessonlib.record import journal as journals
from lessonlib.record.journal import Journal, default_journal
from lessonlib.record.keeping import OFF, VOILA, keeping
from lessonlib.record.settings import choose_lab, chosen_lab
from lessonlib.roofline import DEFAULT_LAB, lab_names
from lessonlib.show.notebook import NotebookLesson, open_lesson
from lessonlib.show.review import open_review
from tests.lesson.shipped import LESSON, a_guess

FIRST = "what-decode-reads"
OTHER = next(name for name in lab_names() if name != DEFAULT_LAB)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A learner's machine where no variable says anything; the file where the platform would keep a journal."""
    for name in ("LESSON_JOURNAL", "JPY_SESSION_NAME", "VOILA_BASE_URL", "LESSON_AUTO", "LESSON_LAB"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("platformdirs.user_data_dir", lambda name, appauthor: str(tmp_path / name))
    monkeypatch.setattr(journals, "_open", {})
    return tmp_path / "lessonlib" / "journal.jsonl"


Front = Callable[[pytest.MonkeyPatch], None]


def jupyterlab(set_: pytest.MonkeyPatch) -> None:
    set_.setenv("JPY_SESSION_NAME", "notebooks/01.ipynb")


def browser(set_: pytest.MonkeyPatch) -> None:
    set_.setattr(sys, "platform", "emscripten")


def vs_code(set_: pytest.MonkeyPatch) -> None:
    shell = SimpleNamespace(user_ns={"__vsc_ipynb_file__": "/home/a/01.ipynb"})
    set_.setattr("IPython.get_ipython", lambda: shell)


def voila(set_: pytest.MonkeyPatch) -> None:
    set_.setenv("VOILA_BASE_URL", "/")


def elsewhere(_: pytest.MonkeyPatch) -> None:
    """Colab, papermill, nbval, a terminal: nothing tells them apart before a page speaks."""


# --- the rule ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("front", [jupyterlab, browser, vs_code])
def test_where_a_person_sits_it_is_kept_at_once(front: Front, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    front(monkeypatch)
    assert (keeping().path, keeping().at_once, default_journal().path) == (home, True, home)


@pytest.mark.parametrize("front", [jupyterlab, browser, vs_code, elsewhere])
def test_in_voila_nothing_is_kept_whatever_else_is_set(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    front(monkeypatch)
    monkeypatch.setenv("VOILA_BASE_URL", "")
    assert keeping().path is None and default_journal().path is None
    assert default_journal().why_not == VOILA


@pytest.mark.parametrize("front", [jupyterlab, browser, vs_code, voila, elsewhere])
def test_the_variable_comes_first(front: Front, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    front(monkeypatch)
    monkeypatch.setenv("LESSON_JOURNAL", str(tmp_path / "mine.jsonl"))
    assert default_journal().path == tmp_path / "mine.jsonl"
    monkeypatch.setenv("LESSON_JOURNAL", "Off")
    assert default_journal().path is None and default_journal().why_not == OFF


@pytest.mark.parametrize("name", ["JPY_SESSION_NAME", "LESSON_JOURNAL"])
def test_an_empty_variable_says_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "")
    assert not keeping().at_once and default_journal().path is None


def test_elsewhere_what_comes_before_a_page_speaks_waits_in_memory(home: Path) -> None:
    Journal(home).append(_record(0))
    before = home.read_bytes()
    journal = default_journal()
    journal.append(_record(1))
    assert journal.waits and journal.path is None and home.read_bytes() == before
    assert [found["number"] for found in journal.records()] == [1], "nothing is read before either"
    assert not journal.fault and default_journal() is journal
    assert journal.page_spoke() and not journal.page_spoke()
    assert [found["number"] for found in journal.records()] == [0, 1] and journal.path == home


def _record(number: int) -> dict[str, Any]:
    return {"lesson": "01-x", "question": "q", "hash": "h", "lab": "l", "event": "commit", "number": number}


# --- in a lesson ----------------------------------------------------------------------------------------------------


def shown() -> tuple[NotebookLesson, dict[str, Any]]:
    lesson = open_lesson(LESSON)
    return lesson, {item.id: getattr(lesson, item.kind)(item.id) for item in lesson._lesson.items.values()}


def commit(lesson: NotebookLesson, panel: Any) -> str:
    panel.handle({"event": "commit", "guess": a_guess(lesson._lesson.items[FIRST]), "confidence": 1})
    assert panel.view["kept"]["news"] is False
    return str(panel.view["kept"]["line"])


@pytest.mark.parametrize("front", [jupyterlab, browser, vs_code, elsewhere])
def test_a_guess_is_kept_and_the_panel_says_where(front: Front, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    front(monkeypatch)
    lesson, panels = shown()
    assert all(("hello" in panel.view) == (front is elsewhere) for panel in panels.values())
    assert not home.exists()
    assert commit(lesson, panels[FIRST]) == f"Your guess is kept in {home}."
    assert [record["question"] for record in Journal(home).records()] == [FIRST]
    assert not any("hello" in panel.view for panel in panels.values())


def test_the_path_is_said_as_a_person_would(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(home.parents[1]))
    assert Journal(home).place == "~/lessonlib/journal.jsonl"
    assert Journal(home.with_name("a\nb\x1b")).place == "~/lessonlib/a?b?"


@pytest.mark.parametrize(("front", "why"), [(voila, VOILA), (elsewhere, OFF)])
def test_where_nothing_is_kept_the_panel_says_why(
    front: Front, why: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    front(monkeypatch)
    if why == OFF:
        monkeypatch.setenv("LESSON_JOURNAL", "off")
    lesson, panels = shown()
    assert commit(lesson, panels[FIRST]) == f"Your guess is not kept: {why}."
    assert not home.exists() and not home.parent.exists()


def test_no_stored_output_and_no_seal_holds_the_path(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jupyterlab(monkeypatch)
    lesson, panels = shown()
    commit(lesson, panels[FIRST])
    for panel in panels.values():
        bundle = panel._repr_mimebundle_()[0]
        assert str(home) not in bundle["text/plain"] + bundle["text/html"]
    assert str(home) not in repr(lesson)


def test_a_page_that_is_drawn_elsewhere_finds_the_answers_of_before(home: Path) -> None:
    lesson, panels = shown()
    commit(lesson, panels[FIRST])
    panels[FIRST].handle({"event": "reveal"})
    size, reached = home.stat().st_size, panels[FIRST].view["state"]
    journals._open.clear()  # another kernel
    _, again = shown()
    assert again[FIRST].view["state"] == "asked" and again[FIRST].view["hello"]
    again["the-score"].handle({"event": "shown"}) if "the-score" in again else again[FIRST].handle({"event": "shown"})
    assert reached != "asked" and again[FIRST].view["state"] == reached and home.stat().st_size == size
    assert not any("hello" in panel.view for panel in again.values())


def test_a_first_word_that_is_a_late_guess_changes_nothing(home: Path) -> None:
    lesson, panels = shown()
    commit(lesson, panels[FIRST])
    size = home.stat().st_size
    journals._open.clear()
    again, panels = shown()
    commit(again, panels[FIRST])
    assert home.stat().st_size == size and panels[FIRST].view["state"] == "committed"


def test_a_review_elsewhere_deals_once_its_page_is_there(home: Path) -> None:
    lesson = open_lesson(LESSON, journal=Journal(home))
    for item in lesson._lesson.asked:
        if not item.only_kept:
            item.step.answer(item.step.question.right())
    text = home.read_text()
    home.write_text(text.replace('"time":"20', '"time":"19'))
    panel = open_review().sitting()
    assert "Nothing to review yet" in panel.view["html"] and panel.view["hello"]
    panel.handle({"event": "shown"})
    assert panel.view["state"] == "asked" and "hello" not in panel.view


def test_elsewhere_no_setting_is_read_or_kept(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run without a person must give the same numbers on every machine."""
    jupyterlab(monkeypatch)
    assert choose_lab(OTHER) and chosen_lab() == OTHER
    monkeypatch.delenv("JPY_SESSION_NAME")
    assert chosen_lab() == DEFAULT_LAB and not choose_lab(DEFAULT_LAB)
    voila(monkeypatch)
    assert chosen_lab() == DEFAULT_LAB and not choose_lab(DEFAULT_LAB)
