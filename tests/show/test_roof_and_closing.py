"""The learner's roof over several lessons, the end of a lesson in one panel, and the cell of a function of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.build.notebooks import build
from lessonlib.lesson import placed
from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.written import Write
from lessonlib.record.exchanges import remarks
from lessonlib.record.journal import Journal
from lessonlib.roofline import load_lab
from lessonlib.show import roof
from lessonlib.show.blocks import BLOCKS
from lessonlib.show.fallback import fallback
from lessonlib.show.notebook import NotebookLesson
from tests.lesson.written_lesson import right, write_lesson

DOT = {"event": "commit", "guess": {"x": "20", "y": "40"}, "confidence": 1}


def opened(
    name: str, journal: Journal | None = None, lab: str | None = None, auto: str | None = None
) -> NotebookLesson:
    return NotebookLesson(Lesson(name, load_lab(lab) if lab else load_lab(), journal, BLOCKS), auto)


def panel(lesson: NotebookLesson, kind: str, item: str, *more: Any) -> dict[str, Any]:
    return getattr(lesson, kind)(item, *more).view


@pytest.fixture
def two_lessons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two lessons of one course, each with a dot to place."""
    folders = [tmp_path / name for name in ("a", "b")]
    for folder in folders:
        folder.mkdir()
    names = [write_lesson(folder) for folder in folders]
    monkeypatch.setattr(placed, "lesson_names", lambda: names)
    return names


# --- the roof ---------------------------------------------------------------------------------------------------


def test_the_roof_has_the_dots_of_earlier_lessons_and_of_this_one_up_to_here(
    two_lessons: list[str], tmp_path: Path
) -> None:
    first, second = two_lessons
    journal = Journal(tmp_path / "journal.jsonl")
    earlier = Lesson(first, load_lab(), journal, BLOCKS)
    earlier.handle("where", DOT)
    earlier.handle("where", {"event": "reveal"})

    lesson = opened(second, journal)
    assert panel(lesson, "roof", "my-roof")["state"] == "locked"
    lesson._lesson.handle("where", {"event": "skip"})
    drawn = panel(lesson, "roof", "my-roof")["roof"]
    assert [(dot["x"], dot["y"], dot["label"], dot["off"]) for dot in drawn["dots"]] == [
        (10, 20, "one step", "×2 too far right"),
        (10, 20, "one step", "skipped"),
    ]
    assert [dot["mine"] and dot["mine"]["shown"] for dot in drawn["dots"]] == ["20 FLOP/byte, 40 FLOP/s", None]
    assert drawn["roofs"] == [{"x": [1, 100, 10000], "y": [2, 200, 200]}], "one roof, drawn once"
    assert drawn["alt"].startswith("2 dots") and "one step at 10 FLOP/byte, 20 FLOP/s" in drawn["alt"]
    assert drawn["waiting"] == ""


def test_a_dot_that_is_not_revealed_is_not_told(two_lessons: list[str], tmp_path: Path) -> None:
    first, second = two_lessons
    journal = Journal(tmp_path / "journal.jsonl")
    Lesson(first, load_lab(), journal, BLOCKS).handle("where", DOT)
    lesson = opened(second, journal)
    lesson._lesson.handle("where", DOT)
    lesson._lesson.handle("where", {"event": "reveal"})
    drawn = panel(lesson, "roof", "my-roof")["roof"]
    assert len(drawn["dots"]) == 1 and drawn["waiting"] == "1 more dot of lesson 1 is not revealed yet."


@pytest.mark.parametrize(
    ("lessons", "said"),
    [
        ([], "No dot yet: no question before this one asks for a place on the roof."),
        ([3], "Your first dot stands here once you have placed it in lesson 3 and revealed it."),
        ([3, 4, 4], "Your 3 dots of lessons 3 and 4 stand here, each once you have placed and revealed it."),
    ],
)
def test_a_roof_without_dots_says_where_they_come_from(
    monkeypatch: pytest.MonkeyPatch, two_lessons: list[str], lessons: list[int], said: str
) -> None:
    waiting = [placed.Placed(number, None, False, None) for number in lessons]  # type: ignore[arg-type]
    monkeypatch.setattr(roof, "placed_before", lambda *_: waiting)
    lesson = opened(two_lessons[0])
    lesson._lesson.handle("where", {"event": "skip"})
    view = panel(lesson, "roof", "my-roof")
    assert view["html"] == f"<p>{said}</p>" and "roof" not in view


def test_a_dot_of_another_lab_does_not_count(two_lessons: list[str], tmp_path: Path) -> None:
    first, second = two_lessons
    journal = Journal(tmp_path / "journal.jsonl")
    Lesson(first, load_lab("llama-3.1-8b-a100-80gb"), journal, BLOCKS).handle("where", {"event": "skip"})
    lesson = opened(second, journal)
    lesson._lesson.handle("where", {"event": "skip"})
    assert len(panel(lesson, "roof", "my-roof")["roof"]["dots"]) == 1


def test_a_dot_outside_of_the_axes_widens_them(two_lessons: list[str]) -> None:
    lesson = opened(two_lessons[0])
    lesson._lesson.handle("where", {**DOT, "guess": {"x": "1e6", "y": "1e-3"}})
    lesson._lesson.handle("where", {"event": "reveal"})
    axes = panel(lesson, "roof", "my-roof")["roof"]["axes"]
    assert (axes["x_max"], axes["y_min"]) == (1e6, 1e-3)


# --- the end ------------------------------------------------------------------------------------------------------


def test_the_question_is_open_at_once_score_and_sources_once_every_step_is(tmp_path: Path) -> None:
    lesson = opened(write_lesson(tmp_path))
    view = panel(lesson, "closing", "closing")
    assert (view["kind"], view["state"], view["title"]) == ("closing", "asked", "Closing")
    assert view["closing"] == {"locked": "Reveal step 1 first", "score": "", "sources": ""}
    shown = lesson.closing("closing")
    lesson._lesson.handle("where", {"event": "skip"})
    assert shown.view["closing"]["locked"] == ""
    assert "1 predictions" in shown.view["closing"]["score"] and "A paper" in shown.view["closing"]["sources"]


def test_no_question_on_the_way_has_what_the_end_has(tmp_path: Path) -> None:
    lesson = opened(write_lesson(tmp_path))
    assert "closing" not in panel(lesson, "predict", "where")
    lesson._lesson.handle("where", {"event": "skip"})
    assert "closing" not in panel(lesson, "predict", "where")


def test_what_is_asked_there_is_kept_and_changed_and_reaches_the_teacher(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    name = write_lesson(tmp_path)
    lesson = opened(name, journal)
    shown = lesson.closing("closing")
    for text in ("Why?", "Why so?"):
        shown.handle({"event": "commit", "guess": text})
    assert shown.view["kept"]["line"].startswith("Your note is kept in ")
    assert [(remark["item"], remark["text"]) for remark in remarks(journal.events())] == [("closing", "Why so?")]
    assert opened(name, journal)._lesson.items["closing"].view()["guess"]["text"] == "Why so?"


def test_the_stored_end_holds_neither_score_nor_sources(tmp_path: Path) -> None:
    lesson = opened(write_lesson(tmp_path))
    text, html = lesson.closing("closing")._fallback()
    assert "What else?" in text and "A paper" not in html
    walked = opened(write_lesson(tmp_path), auto="truth")
    walked.predict("where")
    text, html = walked.closing("closing")._fallback()
    assert "A paper" in html and "1 of them right" in html


def test_the_score_counts_a_function_that_is_right(tmp_path: Path) -> None:
    lesson = opened(write_lesson(tmp_path))
    lesson._lesson.handle("where", {"event": "skip"})
    assert (
        "1 function of your own to write, 0 of them within 1 %"
        in panel(lesson, "closing", "closing")["closing"]["score"]
    )
    lesson.write("my-size", right)
    assert (
        "1 function of your own to write, 1 of them within 1 %"
        in panel(lesson, "closing", "closing")["closing"]["score"]
    )


# --- a function of one's own --------------------------------------------------------------------------------------


def test_the_notebook_has_one_open_cell_that_hands_the_function_over(tmp_path: Path) -> None:
    cells = build(write_lesson(tmp_path))["cells"]
    [cell] = [cell for cell in cells if "lesson.write(" in "".join(cell["source"])]
    source = "".join(cell["source"])
    assert source == ('# Write it · size\ndef size(config, times=1):\n    return None\n\nlesson.write("my-size", size)')
    assert cell["metadata"] == {}, "its code is in view"


def test_the_panel_of_a_function(tmp_path: Path) -> None:
    lesson = opened(write_lesson(tmp_path))
    shown = lesson.write("my-size", right)
    assert shown.view["state"] == "locked"
    lesson._lesson.handle("where", {"event": "skip"})
    assert shown.view["write"]["headline"] == "Within 1 % everywhere", "it opens with what was handed over"
    assert panel(lesson, "write", "my-size", lambda config, times=1: None)["write"]["headline"] == "Not written yet"
    _, html = fallback(lesson._lesson.items["my-size"].view())
    assert "a big box" in html and "2.05 kB" not in html


def test_nothing_handed_over_says_how(tmp_path: Path) -> None:
    lesson = opened(write_lesson(tmp_path))
    lesson._lesson.handle("where", {"event": "skip"})
    told = panel(lesson, "write", "my-size")["write"]
    assert told["headline"] == "Not written yet"
    assert told["summary"] == 'Hand your function over, without calling it: lesson.write("my-size", size).'


@pytest.mark.parametrize("given", [3, "size", [1]])
def test_what_is_no_function_is_refused_in_one_line(given: Any, tmp_path: Path) -> None:
    lesson = opened(write_lesson(tmp_path))
    with pytest.raises(LessonlibError, match=r'lesson.write\("my-size", size\)'):
        lesson.write("my-size", given)


def test_a_run_without_a_person_walks_it(tmp_path: Path) -> None:
    lesson = opened(write_lesson(tmp_path), auto="each")
    lesson.predict("where")
    _, html = lesson.write("my-size", lambda config, times=1: None)._fallback()
    assert "Within 1 % everywhere" in html
    skipped = opened(write_lesson(tmp_path), auto="skip")
    skipped.predict("where")
    assert "Not written yet" in skipped.write("my-size", lambda config, times=1: None)._fallback()[1]


@pytest.mark.parametrize(("mode", "walked"), [("truth", [False]), ("each", [True]), ("skip", [])])
def test_slips_are_walked_where_every_mistake_is(
    mode: str, walked: list[bool], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []
    monkeypatch.setattr(Write, "walk", lambda block, *, every_slip: asked.append(every_slip))
    lesson = opened(write_lesson(tmp_path), auto=mode)
    lesson.write("my-size")
    assert asked == [], "it is locked"
    lesson.predict("where")
    lesson.write("my-size")
    assert asked == walked


def test_others_hear_of_a_function_once_it_is_open(tmp_path: Path) -> None:
    lesson = opened(write_lesson(tmp_path))
    end = lesson.closing("closing")
    heard: list[str] = []
    lesson._lesson.listeners.append(lambda item: heard.append(item.id))
    lesson.write("my-size", right)
    assert heard == []
    lesson._lesson.handle("where", {"event": "skip"})
    heard.clear()
    lesson.write("my-size", right)
    assert heard == ["my-size"] and "1 of them within 1 %" in end.view["closing"]["score"]


def test_where_no_function_can_be_drawn_none_is_taken(tmp_path: Path) -> None:
    lesson = NotebookLesson(Lesson(write_lesson(tmp_path), load_lab()))
    with pytest.raises(LessonlibError, match="“my-size” is not drawn here"):
        lesson.write("my-size", right)


def test_a_name_that_is_no_kind_of_item_is_none(tmp_path: Path) -> None:
    with pytest.raises(AttributeError):
        opened(write_lesson(tmp_path)).predicts("where")


# --- where a lesson goes on -----------------------------------------------------------------------------------------


def test_a_lesson_says_how_to_start_and_where_one_stopped(tmp_path: Path) -> None:
    lesson = opened(write_lesson(tmp_path))
    assert repr(lesson).splitlines()[1] == "To start: run all cells (menu Run, Run All Cells), then begin at step 1."
    assert lesson.continue_at() == "|"
    lesson._lesson.handle("where", DOT)
    assert lesson.continue_at() == "where|where", "begun, not finished: there"
    assert (
        repr(lesson).splitlines()[1] == "You stopped at “Step 1”: 0 of 1 steps revealed. Run all cells to go on there."
    )
    lesson._lesson.handle("where", {"event": "reveal"})
    assert lesson.continue_at() == "where|", "finished: after it"
    assert "every step is revealed" in repr(lesson)
    lesson.write("my-size", lambda config, times=1: 1.0)
    assert lesson.continue_at() == "where|"
    lesson.write("my-size", right)
    assert lesson.continue_at() == "my-size|", "a function within 1 % is finished"
    lesson.closing("closing").handle({"event": "commit", "guess": "Why?"})
    assert lesson.continue_at() == "my-size|", "a note is no step"
