"""The seals: what a step reveals cannot change unseen, and a test says which part did."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from lessonlib.base.quantity import Quantity
from lessonlib.build import notebooks as stage
from lessonlib.course.lesson_01.pictures import weights_per_token
from lessonlib.course.lesson_01.plots import two_roofs
from lessonlib.lesson.code import code_of
from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.seal import differences, lesson_parts
from lessonlib.lesson.source import lesson_names
from lessonlib.lesson.words import Numbers
from lessonlib.roofline import DEFAULT_LAB
from lessonlib.show.notebook import NotebookLesson
from tests.content.conftest import LESSON, opened
from tests.content.test_lint import edit

REFRESH = "if this was meant, run: make notebooks"


def golden(name: str) -> dict[str, Any]:
    """The parts behind the committed seals of a lesson."""
    return json.loads((stage.seals_dir() / f"{name}.json").read_text(encoding="utf-8"))


def stored_seals(name: str) -> dict[str, str]:
    """Item -> seal, from the stored outputs of the committed notebook."""
    notebook = json.loads((stage.notebooks_dir() / f"{name}.ipynb").read_text(encoding="utf-8"))
    pages = [
        "".join(output["data"].get("text/html", ""))
        for cell in notebook["cells"]
        for output in cell.get("outputs", ())
        if "data" in output
    ]
    found = (re.search(r'data-lesson-id="([^"]+)".*seal ([0-9a-f]{10})<', page, re.DOTALL) for page in pages)
    return dict(match.groups() for match in found if match)


def shown_seal(lesson: Lesson, item_id: str) -> str:
    """The seal in what a notebook cell of this lesson puts out."""
    item = lesson.items[item_id]
    panel = getattr(NotebookLesson(lesson), item.kind)(item_id)
    return re.search(r"seal (\w+)", panel._repr_mimebundle_()[0]["text/plain"])[1]


@pytest.mark.parametrize("name", lesson_names())
def test_nothing_that_is_revealed_has_changed(name: str) -> None:
    changed = differences(golden(name), lesson_parts(opened(name)))
    assert not changed, f"{len(changed)} parts of {name} changed ({REFRESH}):\n" + "\n".join(changed)


@pytest.mark.parametrize("name", lesson_names())
def test_the_notebook_stores_the_seal_of_every_item(name: str) -> None:
    stored = stored_seals(name)
    expected = {item.id: item.seal() for item in opened(name).items.values() if item.sealed}
    assert stored == expected, REFRESH


@pytest.mark.parametrize("name", lesson_names())
def test_the_parts_cover_all_that_can_be_revealed(name: str) -> None:
    """Reveals, feedback on each mistake, explanations, notes: every sentence stands in the golden file."""
    kept = json.dumps(golden(name), ensure_ascii=False)
    for item in opened(name).asked:
        question = item.step.question
        if item.only_kept:
            continue
        for mistake, _ in question.mistakes():
            assert f"mistake {mistake}" in golden(name)[item.id]
        for text in (question.reveal(), question.explanation()):
            assert all(json.dumps(line, ensure_ascii=False)[1:-1] in kept for line in re.split(r"\n|(?<=>)(?=<)", text))


def test_the_golden_files_are_those_of_the_lessons() -> None:
    assert sorted(path.stem for path in stage.seals_dir().glob("*.json")) == lesson_names()
    assert opened(LESSON).lab.name == DEFAULT_LAB


# --- what breaks a seal -----------------------------------------------------------------------------------------

Change = Callable[[dict[str, Any]], Any]

SENTENCES: dict[str, tuple[str, Change, str]] = {
    "reveal": ("whose-time", edit("whose-time", "reveal", value="**Nothing.**"), "whose-time: skipped: reveal"),
    "explanation": (
        "whose-time",
        edit("whose-time", "explanation", value="So it is."),
        "whose-time: explanation",
    ),
    "refutation": (
        "decode-ceiling",
        edit("decode-ceiling", "wrong", 1, "refutation", "tempting", value="Why not."),
        "decode-ceiling: mistake flops-for-bandwidth: feedback",
    ),
    "praise": (
        "decode-ceiling",
        edit("decode-ceiling", "because", value="Well done."),
        "decode-ceiling: right: feedback",
    ),
    "observe note": (
        "draw-throughput",
        edit("draw-throughput", "observe", "note", value="See?"),
        "draw-throughput: observe: note",
    ),
    "recall answer": ("recall-decode", edit("recall-decode", "answer", value="It just is."), "recall-decode: truth"),
    "gated text": ("kubernetes", edit("kubernetes", "text", value="Pods."), "kubernetes: html"),
    "caption": ("the-van", edit("the-van", "caption", value="A van."), "the-van: html"),
}


@pytest.mark.parametrize("what", SENTENCES)
def test_a_changed_sentence_breaks_the_seal(what: str, raw: dict[str, Any], reopen: Any) -> None:
    item_id, change, part = SENTENCES[what]
    change(raw)
    lesson = reopen(raw)
    assert shown_seal(lesson, item_id) != stored_seals(LESSON)[item_id]
    changed = differences(golden(LESSON), lesson_parts(lesson))
    assert any(line.startswith(f"{part}: was “") for line in changed), changed
    assert {line.split(":")[0] for line in changed} == {item_id}


def test_a_changed_number_breaks_the_seal(monkeypatch: pytest.MonkeyPatch, raw: dict[str, Any], reopen: Any) -> None:
    real = code_of(1).workings["decode_ceiling"]

    def decode_ceiling(lab: Any) -> Quantity:
        return Quantity(float(real(lab)) * 1.01, "tok/s")

    monkeypatch.setitem(code_of(1).workings, "decode_ceiling", decode_ceiling)
    lesson = reopen(raw)
    assert shown_seal(lesson, "decode-ceiling") != stored_seals(LESSON)["decode-ceiling"]
    changed = differences(golden(LESSON), lesson_parts(lesson))
    assert any(line.startswith("decode-ceiling: truth: was “[130.7") for line in changed), changed


def test_another_processors_last_digits_break_no_seal(
    monkeypatch: pytest.MonkeyPatch, raw: dict[str, Any], reopen: Any
) -> None:
    """Numbers count to four digits, in words, plots and drawings."""
    real = Numbers.__getitem__

    def noisy(numbers: Numbers, name: str) -> Any:
        value = real(numbers, name)
        if isinstance(value, Quantity) and not float(value).is_integer():
            return replace(value, value=value.value * (1 - 3e-15))
        return value * (1 - 3e-15) if isinstance(value, float) else value

    monkeypatch.setattr(Numbers, "__getitem__", noisy)
    lesson = reopen(raw)
    assert {item.id: item.seal() for item in lesson.items.values() if item.sealed} == stored_seals(LESSON)


def test_changed_plot_data_break_the_seal(monkeypatch: pytest.MonkeyPatch, raw: dict[str, Any], reopen: Any) -> None:
    real = two_roofs.describe

    def moved(lab: Any) -> Any:
        shown = real(lab)
        return replace(shown, data={**shown.data, "moved": 1})

    monkeypatch.setattr(two_roofs, "describe", moved)
    lesson = reopen(raw)
    plot_id = "roofs-plot"
    assert shown_seal(lesson, plot_id) != stored_seals(LESSON)[plot_id]
    assert any(line.startswith(f"{plot_id}: data: moved") for line in differences(golden(LESSON), lesson_parts(lesson)))


def test_the_strokes_of_a_plot_do_not_break_the_seal(
    monkeypatch: pytest.MonkeyPatch, raw: dict[str, Any], reopen: Any
) -> None:
    """Another version of matplotlib draws the same data with other strokes."""
    real = two_roofs.draw
    monkeypatch.setattr(two_roofs, "draw", lambda lab: replace(real(lab), html="<figure>other strokes</figure>"))
    lesson = reopen(raw)
    plot_id = "roofs-plot"
    assert shown_seal(lesson, plot_id) == stored_seals(LESSON)[plot_id]


def test_a_changed_drawing_breaks_the_seal(monkeypatch: pytest.MonkeyPatch, raw: dict[str, Any], reopen: Any) -> None:
    real = weights_per_token.draw

    def moved(given: Any, prefix: str) -> dict[str, Any]:
        drawn = real(given, prefix)
        return {**drawn, "svg": drawn["svg"].replace("<g", "<g opacity='.9'", 1)}

    monkeypatch.setattr(weights_per_token, "draw", moved)
    lesson = reopen(raw)
    assert shown_seal(lesson, "the-van") != stored_seals(LESSON)["the-van"]
    assert any(
        line.startswith("the-van: picture: svg: was “") for line in differences(golden(LESSON), lesson_parts(lesson))
    )


def test_a_learners_guess_does_not_change_the_seal(raw: dict[str, Any], reopen: Any) -> None:
    lesson = reopen(raw)
    for item in lesson.asked:
        if item.kind == "predict":
            item.step.answer(item.step.question.right())
    assert all(item.step.revealed for item in lesson.asked if item.kind == "predict")
    assert shown_seal(lesson, "decode-ceiling") == stored_seals(LESSON)["decode-ceiling"]


# --- the message of a mismatch -----------------------------------------------------------------------------------


def test_differences_name_part_old_and_new() -> None:
    old = {"step": {"truth": [130.7, "tok/s"], "skipped": {"reveal": ["<p>One division", "</p>"]}, "gone": "x"}}
    new = copy.deepcopy(old)
    del new["step"]["gone"]
    new["step"]["skipped"]["reveal"][0] = "<p>Two divisions"
    new["step"]["truth"] = [140.2, "tok/s"]
    assert differences(old, new) == [
        'step: truth: was “[130.7, "tok/s"]”, is “[140.2, "tok/s"]”',
        "step: skipped: reveal: was “<p>One division</p>”, is “<p>Two divisions</p>”",
        "step: gone: was “x”, is “(nothing)”",
    ]
    assert differences(old, old) == []


def test_a_long_text_is_quoted_where_it_differs() -> None:
    (line,) = differences({"i": {"p": "a" * 999 + "old" + "b" * 999}}, {"i": {"p": "a" * 999 + "new" + "b" * 999}})
    assert "old" in line and "new" in line and len(line) < 700
