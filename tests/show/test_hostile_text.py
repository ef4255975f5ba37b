"""Text from outside stays text in every panel, stored output, figure and report, whatever it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lessonlib.lesson.guess import MOST_TYPED
from lessonlib.lesson.items import StepItem
from lessonlib.lesson.kinds.spoken import MOST_IN_A_BLANK
from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.source import lesson_names
from lessonlib.record.journal import Journal
from lessonlib.roofline import load_lab
from lessonlib.show.blocks import BLOCKS
from lessonlib.show.notebook import NotebookLesson
from tests.hostile import (
    ALL,
    HARMLESS,
    HOSTILE,
    LAB_FIELDS,
    TOUCHED,
    Page,
    assert_printable,
    assert_same_page,
    html_of,
    lab_file,
    squeezed,
    texts_of,
)

#: drawn for one lab that says everything at once, not for each text by itself
WITH_FIGURES = frozenset({"plot", "picture", "explore", "monitor", "timeline", "fleet"})


@pytest.fixture(autouse=True)
def nothing_ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    yield
    assert not (tmp_path / TOUCHED).exists()


def guess_of(item: StepItem, words: str) -> Any:
    """A guess that says `words` wherever a kind takes words, as many of them as it takes; else the first mistake."""
    question, words = item.step.question, words[:MOST_TYPED]
    if question.kind in ("explain", "note"):
        return words
    if question.kind == "blanks":
        return [words[:MOST_IN_A_BLANK]] * len(question.raw["answers"])
    mistakes = question.mistakes()
    return mistakes[0][1] if mistakes else question.right()


def walk(lesson: Lesson, words: str, figures: bool) -> Iterator[tuple[str, Any]]:
    """(where, view or stored form) of every item in every state, as a learner goes through."""
    notebook = NotebookLesson(lesson)
    shown = [item for item in lesson.items.values() if figures or item.kind not in WITH_FIGURES]
    for item in shown:
        yield f"{item.id} at first", item.view()
    for item in shown:
        if isinstance(item, StepItem):
            for event in (
                {"event": "hint"},
                {"event": "commit", "guess": guess_of(item, words), "confidence": 1},
                {"event": "reveal"},
            ):
                lesson.handle(item.id, event)
                yield f"{item.id} after {event['event']}", item.view()
            observe = item.step.question.observe()
            lesson.handle(
                item.id,
                {"event": "observe", "choice": observe["right"]} if observe else {"event": "grade", "grade": "got"},
            )
            yield f"{item.id} at last", item.view()
            yield f"{item.id} parts", item.parts()
        else:
            yield f"{item.id} opened", item.view()
        text, html = notebook._fallback(item, [])
        yield f"{item.id} stored", {"text": text, "html": html}
    yield "its name", {"text": repr(notebook)}


def seen(lab: Path, lesson: str, words: str, figures: bool) -> list[tuple[str, Any]]:
    return list(walk(Lesson(lesson, load_lab(lab), Journal(None), BLOCKS), words, figures))


def compare(hostile: list[tuple[str, Any]], harmless: list[tuple[str, Any]]) -> str:
    """Everything shown is the same but for its text; gives all that the hostile one says."""
    assert [where for where, _ in hostile] == [where for where, _ in harmless]
    for (where, one), (_, other) in zip(hostile, harmless, strict=True):
        pages, plain = list(html_of(one)), list(html_of(other))
        assert [key for key, _ in pages] == [key for key, _ in plain], where
        for (key, html), (_, same) in zip(pages, plain, strict=True):
            assert_same_page(html, same, f"{where}: {key}")
        if where.endswith(("stored", "name")):
            assert_printable(one["text"], where)
    return said_in(hostile)


def said_in(views: list[tuple[str, Any]]) -> str:
    """All that these views say on a page."""
    return "\n".join(text_of(view) for where, view in views if where != "its name")


def text_of(view: Any) -> str:
    """All that a view says, as a reader sees it."""
    pages = [html for _, html in html_of(view)]
    return "\n".join(
        [*(Page(html).text for html in pages), *(squeezed(text) for text in texts_of(view) if text not in pages)]
    )


def fields_in(text: str, words: str) -> set[str]:
    """The fields of the lab that are shown exactly as they were typed."""
    return {name for name in LAB_FIELDS if squeezed(f"{words} ({name})") in text}


@pytest.fixture(scope="module")
def harmless_lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lab_file(tmp_path_factory.mktemp("harmless"), HARMLESS)


@pytest.fixture(scope="module")
def harmless(harmless_lab: Path) -> Callable[[str, bool], list[tuple[str, Any]]]:
    kept: dict[tuple[str, bool], list[tuple[str, Any]]] = {}

    def found(lesson: str, figures: bool) -> list[tuple[str, Any]]:
        if (lesson, figures) not in kept:
            kept[lesson, figures] = seen(harmless_lab, lesson, HARMLESS, figures)
        return kept[lesson, figures]

    return found


@pytest.mark.parametrize("lesson", lesson_names())
def test_a_lab_that_says_everything_at_once(lesson: str, tmp_path: Path, harmless: Any) -> None:
    hostile = seen(lab_file(tmp_path, ALL, hostile_names=True), lesson, ALL, True)
    text = compare(hostile, harmless(lesson, True))
    expected = fields_in(said_in(harmless(lesson, True)), HARMLESS)
    assert fields_in(text, ALL) == expected


@pytest.mark.parametrize("name", HOSTILE)
def test_a_lab_that_says_one_thing(name: str, tmp_path: Path, harmless: Any) -> None:
    hostile = HOSTILE[name]
    lab = lab_file(tmp_path, hostile, hostile_names=True)
    text = "\n".join(
        compare(seen(lab, lesson, hostile, False), harmless(lesson, False))
        for lesson in ("00-start-here", "01-prefill-vs-decode")
    )
    unseen = set(LAB_FIELDS) - fields_in(text, hostile)
    assert unseen == {"gpu-link", "gpu-note", "unit", "flag", "model-source"}, "what is shown is shown as it was typed"
