"""What a notebook does without a person, and what it draws again when a person answers."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.lesson.guess import GuessError
from lessonlib.lesson.items import StepItem
from lessonlib.record.journal import Journal
from lessonlib.roofline import DEFAULT_LAB, lab_names, load_lab
from lessonlib.show.notebook import NotebookLesson, open_lesson, try_mistakes
from lessonlib.show.session import AUTO, open_session
from tests.lesson.shipped import LESSON, a_guess

FIRST, SECOND = "what-decode-reads", "tensor-cores-busy"
OTHER = next(name for name in lab_names() if name != DEFAULT_LAB)


def auto(mode: str, journal: Journal | None = None) -> NotebookLesson:
    return open_lesson(LESSON, auto=mode, journal=journal or Journal(None))


def text_of(panel: Any) -> str:
    return str(panel._repr_mimebundle_()[0]["text/html"])


@pytest.mark.parametrize("mode", AUTO)
def test_a_walk_does_not_go_through_a_lock(mode: str, tmp_path: Path) -> None:
    """Cells run out of order: the second step is asked for while the first is not revealed."""
    journal = Journal(tmp_path / "journal.jsonl")
    lesson = auto(mode, journal)
    panel = lesson.predict(SECOND)
    item = lesson._lesson.items[SECOND]
    assert isinstance(item, StepItem)
    assert (panel.view["state"], item.step.state, journal.records()) == ("locked", "asked", [])
    lesson.predict(FIRST)
    assert lesson._lesson.items[FIRST].step.revealed  # type: ignore[attr-defined]
    assert panel.view["state"] == "asked", "its lock is gone, and it waits for its own cell"
    assert lesson.predict(SECOND).view["state"] == "observed"


@pytest.mark.parametrize("mode", AUTO)
def test_what_a_walk_leaves_behind(mode: str) -> None:
    lesson = auto(mode)
    panel = lesson.predict(FIRST)
    step = lesson._lesson.items[FIRST].step  # type: ignore[attr-defined]
    assert (panel.view["state"], panel.view["skipped"]) == ("observed", mode == "skip")
    assert (step.guess is None) is (mode == "skip")
    names = [name for name, _ in step.question.mistakes()]
    assert names, "this step has likely mistakes"
    shown = text_of(panel)
    told = try_mistakes(lesson._lesson.items[FIRST])  # type: ignore[arg-type]
    assert [name for name, _ in told] == names
    assert all((words in shown) is (mode == "each") for _, words in told)


@pytest.mark.parametrize("mode", AUTO)
def test_without_a_person_no_journal_is_kept_even_in_jupyterlab(
    mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal.jsonl"
    monkeypatch.setenv("LESSON_JOURNAL", str(path))
    monkeypatch.setenv("JPY_SESSION_NAME", "notebooks/01.ipynb")
    assert open_session(auto=mode).journal.path is None
    assert open_session().journal.path == path
    open_lesson(LESSON, auto=mode).predict(FIRST)
    assert not path.exists()


def test_the_score_card_is_drawn_again_with_every_answer() -> None:
    lesson = open_lesson(LESSON, journal=Journal(None))
    for item in lesson._lesson.asked:
        if item.title.startswith("Step "):
            item.step.skip()
    card = lesson.closing("closing")
    assert "not attempted" in card.view["closing"]["score"]
    later = next(item for item in lesson._lesson.asked if item.step.question.sure and not item.step.revealed)
    panel = getattr(lesson, later.kind)(later.id)
    before = card.view["closing"]["score"]
    panel.handle({"event": "commit", "guess": a_guess(later), "confidence": 1})
    panel.handle({"event": "reveal"})
    now = card.view["closing"]["score"]
    assert now != before and "1 prediction" in now


def test_a_panel_that_nothing_touched_is_left_alone_and_one_whose_lock_moved_is_not() -> None:
    lesson = open_lesson(LESSON, journal=Journal(None))
    panels = {item.id: getattr(lesson, item.kind)(item.id) for item in lesson._lesson.asked}
    first = panels[FIRST]
    item = lesson._lesson.items[FIRST]
    first.handle({"event": "commit", "guess": a_guess(item), "confidence": 1})  # type: ignore[arg-type]
    assert panels[SECOND].view["locked"] == "Reveal step 1 first"
    first.handle({"event": "reveal"})
    assert "locked" not in panels[SECOND].view
    assert {panel.view["locked"] for panel in panels.values() if "locked" in panel.view} == {"Reveal step 2 first"}


def test_two_panels_of_one_question_show_the_same() -> None:
    """The cell was run twice: both outputs are on the page."""
    lesson = open_lesson(LESSON, journal=Journal(None))
    one, other = lesson.predict(FIRST), lesson.predict(FIRST)
    one.handle({"event": "hint"})
    one.handle({"event": "skip"})
    assert one.view == other.view and other.view["skipped"] is True


def test_what_a_notebook_file_stores_of_a_question_is_the_question() -> None:
    lesson = open_lesson(LESSON, journal=Journal(None))
    panel = lesson.predict(FIRST)
    asked = text_of(panel)
    panel.handle({"event": "skip"})
    assert text_of(panel) == asked, "answered or not, the file says the same"
    assert "seal" in asked


def test_what_is_closed_says_when_it_opens() -> None:
    lesson = open_lesson(LESSON, journal=Journal(None))
    closed = [item for item in lesson._lesson.items.values() if item.kind == "picture" and item.gates]
    assert closed
    assert f"Opens after {closed[0].gates[-1].name}" in text_of(lesson.picture(closed[0].id))


def test_a_walk_hands_each_judged_question_nonsense_of_every_shape_and_none_is_taken() -> None:
    """Nothing, a word, a number below zero, none, no text at all: what a page that is broken or forged may send."""
    handed: list[Any] = []

    def refuses(given: Any) -> Any:
        handed.append(given)
        raise GuessError("No.")

    question: Any = SimpleNamespace(sure=True, where="here", accept=refuses, mistakes=list)
    assert try_mistakes(cast(StepItem, SimpleNamespace(step=SimpleNamespace(question=question)))) == []
    assert handed[:5] == ["", "abc", "-3", "NaN", None] and [type(one) for one in handed[5:]] == [int, list, dict]
    assert not any(handed[6:])

    question.accept = lambda given: {"key": given}
    with pytest.raises(LessonlibError, match="here: '' was taken for a guess"):
        try_mistakes(cast(StepItem, SimpleNamespace(step=SimpleNamespace(question=question))))
    question.sure = False
    assert try_mistakes(cast(StepItem, SimpleNamespace(step=SimpleNamespace(question=question)))) == []


def test_an_item_of_another_kind_is_refused() -> None:
    with pytest.raises(LessonlibError, match="is a predict, so its cell reads"):
        open_lesson(LESSON, journal=Journal(None)).recall(FIRST)


def test_a_lesson_is_called_by_its_title_and_its_lab() -> None:
    lesson = open_lesson(LESSON, journal=Journal(None))
    assert repr(lesson).startswith(f"{lesson._lesson.raw['title']} · {lesson.lab.title}")


def test_a_lesson_says_where_to_begin_and_whose_numbers_it_shows() -> None:
    lesson = open_lesson(LESSON, journal=Journal(None))
    opened = f"{lesson._lesson.raw['title']} · {lesson.lab.title}"
    begin = "To start: run all cells (menu Run, Run All Cells), then begin at step 1."
    assert repr(lesson) == f"{opened}\n{begin}" and lesson.continue_at() == "|"
    lesson._lesson.without_room = load_lab(OTHER)
    assert repr(lesson) == (
        f"{opened}\nThe memory of {load_lab(OTHER).title} does not hold what this lesson runs beside the weights: "
        f"all numbers here are of {lesson.lab.title}.\n{begin}"
    )


def test_a_lesson_says_where_the_learner_stopped() -> None:
    lesson = open_lesson(LESSON, journal=Journal(None))
    first = lesson._lesson.steps[0]
    many = len(lesson._lesson.steps)
    title = first.title.split(" · ")[0]
    lesson._lesson.handle(first.id, {"event": "commit", "guess": a_guess(first), "confidence": 1})
    assert repr(lesson).endswith(f"You stopped at “{title}”: 0 of {many} steps revealed. Run all cells to go on there.")
    assert lesson.continue_at() == f"{first.id}|{first.id}"
    lesson._lesson.handle(first.id, {"event": "reveal"})
    lesson._lesson.handle(first.id, {"event": "observe", "choice": "a"})
    assert repr(lesson).endswith(f"You stopped at “{title}”: 1 of {many} steps revealed. Run all cells to go on there.")
    assert lesson.continue_at() == f"{first.id}|"
    for step in lesson._lesson.steps[1:]:
        step.step.answer(step.step.question.right())
    assert repr(lesson).endswith("every step is revealed. Run all cells to go on there.")
