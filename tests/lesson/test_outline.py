"""Titles and step numbers: the lesson, its notebook and a lock read them from one outline."""

from __future__ import annotations

import pytest

from lessonlib.build.notebooks import build
from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.outline import outline
from lessonlib.lesson.source import lesson_names, load_source
from lessonlib.roofline import load_lab
from lessonlib.show.blocks import BLOCKS
from tests.lesson.made_up import question
from tests.lesson.shipped import opened


@pytest.mark.parametrize("name", lesson_names())
def test_the_bar_of_a_cell_says_what_stands_over_its_panel(name: str) -> None:
    lesson, cells = opened(name), [cell["source"] for cell in build(name)["cells"] if cell["cell_type"] == "code"]
    calls = ((lines[0], next((line for line in lines if line.startswith("lesson.")), "")) for lines in cells)
    bars = {call.split('"')[1]: bar for bar, call in calls if bar.startswith("# ") and '"' in call}
    assert {item.id: bars[item.id].strip("# \n") for item in lesson.items.values()} == {
        item.id: item.title for item in lesson.items.values()
    }


def test_steps_are_counted_and_quiz_and_transfer_are_not() -> None:
    predict = {"stem": "x", "reveal": "x"}
    raw = {
        "steps": [
            {"text": "# Hello"},
            {"predict": {"id": "a", **predict}},
            {"tell": {"id": "b", "title": "Told", "text": "x"}},
            {"predict": {"id": "c", "transfer": True, **predict}},
            {"predict": {"id": "d", **predict}},
            {"predict": {"id": "e", "quiz": True, **predict}},
            {"predict": {"id": "f", "quiz": True, **predict}},
            {"score": {"id": "g", "title": "Score card"}},
            {"clock": {"id": "h", "title": "Of an unknown kind"}},
        ]
    }
    assert [(entry.title, entry.lock_name if entry.is_step else "") for entry in outline(raw, BLOCKS)] == [
        ("", ""),
        ("Step 1 · predict, then reveal", "step 1"),
        ("Told", ""),
        ("Transfer · the same idea elsewhere", ""),
        ("Step 2 · predict, then reveal", "step 2"),
        ("Quiz 1 · from memory", ""),
        ("Quiz 2 · from memory", ""),
        ("Score card · what came out", ""),
        ("Of an unknown kind", ""),
    ]


def test_without_a_journal_nothing_is_kept_and_without_blocks_words_alone_are_drawn() -> None:
    lesson = Lesson("01-prefill-vs-decode", load_lab())
    assert lesson.journal.records() == []
    first = lesson.asked[0]
    lesson.handle(first.id, {"event": "skip"})
    assert first.step.revealed and lesson.journal.records() == []
    raw = load_source(lesson.name)
    drawn = next(body for entry in raw["steps"] for kind, body in entry.items() if kind == "picture")
    lesson.items[drawn["id"]].gates.clear()
    with pytest.raises(
        ValueError, match=r"nothing here draws a “picture”; open the lesson with lessonlib\.open_lesson"
    ):
        lesson.items[drawn["id"]].view()


def test_every_kind_of_question_has_a_title_or_a_number() -> None:
    assert question("recall").title and question("note").title.endswith("optional")
    assert not question("choice").title
