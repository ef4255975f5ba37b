"""What of a lesson in a notebook is drawn anew after an event, and what its file holds of blocks that show the learner's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.lesson.guess import GuessError
from lessonlib.lesson.items import BlockItem, StepItem
from lessonlib.record.journal import Journal
from lessonlib.show.notebook import NotebookLesson, open_lesson, try_mistakes
from tests.lesson.shipped import LESSON, a_guess

FIRST, SECOND = "what-decode-reads", "tensor-cores-busy"


def shown(name: str = LESSON, journal: Journal | None = None) -> tuple[NotebookLesson, dict[str, Any]]:
    lesson = open_lesson(name, journal=journal or Journal(None))
    return lesson, {item.id: getattr(lesson, item.kind)(item.id) for item in lesson._lesson.items.values()}


@contextmanager
def drawn(lesson: NotebookLesson) -> Iterator[list[str]]:
    """The ids of what is drawn meanwhile, in order."""
    ids: list[str] = []
    really = lesson._draw
    lesson._draw = lambda item: (ids.append(item.id), really(item))[1]  # type: ignore[method-assign]
    yield ids
    del lesson._draw  # type: ignore[method-assign]


def commit(lesson: NotebookLesson, panels: dict[str, Any], item_id: str) -> None:
    panels[item_id].handle({"event": "commit", "guess": a_guess(lesson._lesson.items[item_id]), "confidence": 1})


def end_of(lesson: NotebookLesson) -> str:
    return next(item.id for item in lesson._lesson.asked if item.only_kept)


def test_what_was_clicked_is_drawn_first() -> None:
    """What it opens may take a while."""
    lesson, panels = shown()
    with drawn(lesson) as ids:
        commit(lesson, panels, FIRST)
        panels[FIRST].handle({"event": "reveal"})
    assert ids[0] == FIRST and SECOND in ids
    commit(lesson, panels, SECOND)
    with drawn(lesson) as ids:
        panels[SECOND].handle({"event": "reveal"})
    assert ids[0] == SECOND and len(ids) > 1


def test_a_word_about_the_record_is_drawn_again_only_if_it_changes(tmp_path: Path) -> None:
    lesson, panels = shown(journal=Journal(tmp_path / "journal.jsonl"))
    commit(lesson, panels, FIRST)
    assert panels[FIRST].view["kept"]["line"].startswith("Your guess is kept in")
    with drawn(lesson) as ids:
        panels[end_of(lesson)].handle({"event": "commit", "guess": "Why?"})
    assert end_of(lesson) in ids and FIRST not in ids


def test_news_of_the_record_move_to_the_panel_that_was_used_last(tmp_path: Path) -> None:
    class Full(Journal):
        fault = "Not kept: no room."

    lesson, panels = shown(journal=Full(tmp_path / "journal.jsonl"))
    commit(lesson, panels, FIRST)
    assert panels[FIRST].view["kept"] == {"line": Full.fault, "news": True}
    panels[end_of(lesson)].handle({"event": "commit", "guess": "Why?"})
    assert panels[end_of(lesson)].view["kept"] == {"line": Full.fault, "news": True}
    assert panels[FIRST].view["kept"] == {"line": Full.fault, "news": False}


def test_sealed_questions_are_drawn_together_and_not_with_others() -> None:
    lesson, panels = shown("inventory-a")
    together = [item.id for item in lesson._lesson.sealed_together]
    assert len(together) > 2
    with drawn(lesson) as ids:
        commit(lesson, panels, together[1])
    assert ids[0] == together[1] and set(together) <= set(ids)
    lesson, panels = shown("checkpoint-1")
    sealed = {item.id for item in lesson._lesson.sealed_together}
    first = next(item.id for item in lesson._lesson.asked if item.id not in sealed)
    with drawn(lesson) as ids:
        panels[first].handle({"event": "hint"})
    assert first in ids and sealed and not sealed & set(ids)


def test_a_file_holds_of_the_learners_own_what_it_shows_to_nobody_or_that_the_cell_is_to_be_run() -> None:
    lesson, panels = shown("00-start-here")
    blocks = [item for item in lesson._lesson.items.values() if isinstance(item, BlockItem) and not item.sealed]
    stored = {item.id: item.stored_view() for item in blocks}
    assert any(stored.values()) and not all(stored.values())
    for item in blocks:
        text, html = panels[item.id]._fallback()
        assert ("Run this cell in JupyterLab" in text + html) == (stored[item.id] is None and not item.gates), item.id


# --- a walk through every mistake ---------------------------------------------------------------------------------------


def walked(**result: Any) -> list[tuple[str, str]]:
    def accept(given: Any) -> Any:
        if given != "mine":
            raise GuessError("No.")
        return {"text": given}

    question = SimpleNamespace(
        sure=True,
        where="here",
        accept=accept,
        mistakes=lambda: [("took-the-other", "mine")],
        result=lambda guess: {"tone": "off", "headline": "", "feedback": "<p>So.</p>", "summary": "", **result},
        words=SimpleNamespace(lab=SimpleNamespace(name="this-lab")),
    )
    return try_mistakes(cast(StepItem, SimpleNamespace(step=SimpleNamespace(question=question))))


def test_each_mistake_is_told_something() -> None:
    ((name, html),) = walked()
    assert name == "took-the-other" and "So." in html


@pytest.mark.parametrize(("result", "judged"), [({"tone": "right"}, "right"), ({"feedback": ""}, "off")])
def test_a_mistake_that_is_taken_for_right_or_told_nothing_is_a_fault_of_the_lesson(
    result: dict[str, str], judged: str
) -> None:
    with pytest.raises(LessonlibError, match=f"“took-the-other” is judged {judged} or told nothing on lab this-lab"):
        walked(**result)
