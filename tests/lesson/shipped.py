"""The lessons as they ship, and small lessons written for a test."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from lessonlib.lesson.items import StepItem
from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.source import load_source
from lessonlib.record.journal import Journal
from lessonlib.roofline import DEFAULT_LAB, load_lab
from lessonlib.show.blocks import BLOCKS

Raw = dict[str, Any]

LESSON = "01-prefill-vs-decode"


def opened(name: str = LESSON, journal: Journal | None = None, lab: str = DEFAULT_LAB) -> Lesson:
    """A lesson with everything that draws, for a learner of its own."""
    return Lesson(name, load_lab(lab), journal, BLOCKS)


def source(name: str = LESSON) -> Raw:
    """A lesson's YAML as data, to change at will."""
    return copy.deepcopy(load_source(name))


def body(raw: Raw, item_id: str) -> Raw:
    """The item with this id."""
    return next(
        found
        for entry in raw["steps"]
        for found in entry.values()
        if isinstance(found, dict) and found["id"] == item_id
    )


def written(folder: Path, raw: Raw, name: str = "09-changed") -> str:
    """``raw`` as a lesson file; what Lesson and open_lesson take for a name."""
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(raw, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return str(path)


def reopened(monkeypatch: pytest.MonkeyPatch, raw: Raw, journal: Journal | None = None, name: str = LESSON) -> Lesson:
    """The lesson ``name`` as its next edition would be, with ``raw`` for its file."""
    with monkeypatch.context() as patched:
        patched.setattr("lessonlib.lesson.lesson.load_source", lambda *_: raw)
        return opened(name, journal)


def a_guess(item: StepItem) -> Any:
    """What a learner who does not know might send."""
    question = item.step.question
    mistakes = question.mistakes()
    if mistakes:
        return mistakes[0][1]
    return (
        ["?"] * len(question.raw["answers"])
        if question.kind == "blanks"
        else None
        if question.kind == "recall"
        else "Well."
    )


def committed(lesson: Lesson, item: StepItem) -> None:
    lesson.handle(item.id, {"event": "commit", "guess": a_guess(item), "confidence": 1})
    assert item.step.state == "committed", item.step.problem


def revealed(lesson: Lesson, item: StepItem) -> None:
    committed(lesson, item)
    lesson.handle(item.id, {"event": "reveal"})
