"""Without a person, a kernel or a browser: every lesson in every mode, every item shown, all labs among them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.lesson.items import StepItem
from lessonlib.lesson.source import lesson_names
from lessonlib.record.journal import Journal
from lessonlib.roofline import lab_names
from lessonlib.show.notebook import NotebookLesson, open_lesson
from lessonlib.show.panel import Panel
from lessonlib.show.session import AUTO
from tests.lesson.made_up import raw as made_up_raw
from tests.lesson.shipped import LESSON, body, source, written


@pytest.fixture(autouse=True)
def _no_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LESSON_AUTO", raising=False)


def run_all(lesson: NotebookLesson) -> dict[str, tuple[Panel, str, str]]:
    """Show every item, as the notebook does; id -> (panel, text, html)."""
    shown = {}
    for item in lesson._lesson.items.values():
        panel: Panel = getattr(lesson, item.kind)(item.id)
        bundle = panel._repr_mimebundle_()[0]
        shown[item.id] = (panel, bundle["text/plain"], bundle["text/html"])
    return shown


def steps(lesson: NotebookLesson) -> list[StepItem]:
    return [item for item in lesson._lesson.asked if not item.only_kept]


def lab_for(name: str) -> str:
    """Another lab for each lesson, so that all labs meet all modes; every lesson meets every lab in tests/content."""
    labs = lab_names()
    return labs[lesson_names().index(name) % len(labs)]


@pytest.mark.parametrize("mode", AUTO)
@pytest.mark.parametrize("name", lesson_names())
def test_every_lesson_runs_through(name: str, mode: str) -> None:
    lesson = open_lesson(name, lab_for(name), mode)
    shown = run_all(lesson)
    assert list(shown) == list(lesson._lesson.items)
    for item in steps(lesson):
        panel, text, html = shown[item.id]
        assert panel.view["state"] == "observed" and panel.view["skipped"] == (mode == "skip")
        assert panel.view["result"]["summary"] in text
        mistakes = [name for name, _ in item.step.question.mistakes()]
        assert [f"<summary>{mistake}</summary>" in html for mistake in mistakes] == [mode == "each"] * len(mistakes)
        if item.step.question.sure:
            assert panel.view["result"]["tone"] == ("plain" if mode == "skip" else "right")
    assert not any(item.lock for item in lesson._lesson.items.values())
    assert all("None" not in text and "{{" not in html for _, text, html in shown.values())


@pytest.mark.parametrize("name", lesson_names())
def test_run_all_without_a_mode_answers_nothing_and_gives_no_error(name: str) -> None:
    lesson = open_lesson(name, journal=Journal(None))
    shown = run_all(lesson)
    assert {item.step.state for item in steps(lesson)} == {"asked"}
    for item in steps(lesson)[1:]:
        panel, text, html = shown[item.id]
        assert panel.view["state"] in ("asked", "locked")
        assert panel.view["title"] in text and f'data-lesson-id="{item.id}"' in html


@pytest.mark.parametrize("name", lesson_names())
def test_what_a_notebook_stores_does_not_depend_on_what_a_learner_did(name: str, tmp_path: Path) -> None:
    fresh = run_all(open_lesson(name, journal=Journal(None)))
    journal = Journal(tmp_path / "journal.jsonl")
    answered = open_lesson(name, journal=journal)
    for item in answered._lesson.asked:
        item.step.answer(item.step.question.right())
    again = run_all(open_lesson(name, journal=journal))
    for item_id, (_, text, html) in run_all(answered).items():
        assert (text, html) == fresh[item_id][1:] == again[item_id][1:], item_id


def test_an_answer_opens_the_panels_that_stand_already() -> None:
    lesson = open_lesson(LESSON, journal=Journal(None))
    first, second = steps(lesson)[:2]
    opening, again, locked = lesson.predict(first.id), lesson.predict(first.id), lesson.predict(second.id)
    assert locked.view["state"] == "locked"
    opening.handle({"event": "skip"})
    assert opening.view["state"] == again.view["state"] in ("revealed", "observed") and locked.view["state"] == "asked"


# --- which mode ----------------------------------------------------------------------------------------------------


def test_the_parameter_wins_over_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LESSON_AUTO", "truth")
    by_variable, by_parameter = open_lesson(LESSON), open_lesson(LESSON, auto="skip")
    for lesson, skipped in ((by_variable, False), (by_parameter, True)):
        view = lesson.predict(steps(lesson)[0].id).view
        assert (view["state"], view["skipped"]) == ("observed", skipped)


@pytest.mark.parametrize("mode", ["Truth", "right", "yes", "1", " truth"])
@pytest.mark.parametrize("way", ["parameter", "variable"])
def test_an_unknown_mode_is_one_clear_line(mode: str, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if way == "variable":
        monkeypatch.setenv("LESSON_AUTO", mode)
    with pytest.raises(
        LessonlibError,
        match=f"“{mode}” is not a way to run a lesson; it is one of truth, each, skip, or None for a person",
    ) as error:
        open_lesson(LESSON, auto=mode if way == "parameter" else None)
    assert "\n" not in str(error.value)


def test_an_empty_variable_means_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LESSON_AUTO", "")
    lesson = open_lesson(LESSON, journal=Journal(None))
    assert lesson.predict(steps(lesson)[0].id).view["state"] == "asked"


def test_a_run_without_a_person_leaves_no_trace_in_the_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "journal.jsonl"
    monkeypatch.setenv("LESSON_JOURNAL", str(path))
    run_all(open_lesson("00-start-here", auto="truth"))
    assert not path.exists()
    lesson = open_lesson("00-start-here")
    lesson.predict(steps(lesson)[0].id).handle({"event": "skip"})
    assert path.exists()


# --- what a walk through the mistakes would catch ----------------------------------------------------------------


def with_question(folder: Path, kind: str, **changes: Any) -> str:
    """Lesson 1 with a made-up question in the place of its first step."""
    raw = source()
    asked = {**made_up_raw(kind), "working": "decode_ceiling", "reveal": "So.", **changes}
    raw["steps"] = [raw["steps"][0], {"predict": {**asked, "id": "which"}}, *raw["steps"][-3:]]
    return written(folder, raw)


def test_a_mistake_that_is_taken_for_right_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lesson = open_lesson(with_question(tmp_path, "choice"), auto="each")
    question = lesson._lesson.asked[0].step.question
    monkeypatch.setattr(type(question), "mistakes", lambda self: [("named", self.right())])
    with pytest.raises(
        LessonlibError, match="which: the mistake “named” is judged right or told nothing on lab qwen3.5-27b-2xh100-sxm"
    ):
        lesson.predict("which")


def test_nonsense_that_is_taken_for_a_guess_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lesson = open_lesson(with_question(tmp_path, "choice"), auto="each")
    question = lesson._lesson.asked[0].step.question
    monkeypatch.setattr(type(question), "accept", lambda self, given: {"key": "a"})
    with pytest.raises(LessonlibError, match="which: '' was taken for a guess"):
        lesson.predict("which")


def test_what_only_opens_later_still_fails_the_first_run(tmp_path: Path) -> None:
    """The seal renders a whole question, so that a misspelt placeholder in its reveal does not wait for a learner."""
    raw = source()
    body(raw, "two-ceilings")["reveal"] = "{{ batch_gian }}"
    lesson = open_lesson(written(tmp_path, raw), journal=Journal(None))
    with pytest.raises(LessonlibError, match="two-ceilings reveal: there is no working “batch_gian”"):
        lesson.predict("two-ceilings")._repr_mimebundle_()
