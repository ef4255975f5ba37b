"""The lessons as they ship, each opened once on each lab."""

from __future__ import annotations

import copy
import functools
from typing import Any

import pytest

from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.source import load_source
from lessonlib.roofline import DEFAULT_LAB, load_lab
from lessonlib.show.blocks import BLOCKS

LESSON = "01-prefill-vs-decode"


@functools.cache
def opened(name: str, lab: str = DEFAULT_LAB) -> Lesson:
    """The lesson on a lab, with everything that draws. Nobody may answer it."""
    return Lesson(name, load_lab(lab), None, BLOCKS)


@pytest.fixture
def raw() -> dict[str, Any]:
    """A lesson's YAML as data, to break at will."""
    return copy.deepcopy(load_source(LESSON))


@pytest.fixture
def reopen(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Opens a lesson from changed YAML that never was a file: ``reopen(raw)`` or ``reopen(raw, lab=..., blocks=...)``."""

    def build(changed: dict[str, Any], lab: str = DEFAULT_LAB, blocks: Any = BLOCKS) -> Lesson:
        with monkeypatch.context() as patched:
            patched.setattr("lessonlib.lesson.lesson.load_source", lambda *_: changed)
            return Lesson(LESSON, load_lab(lab), None, blocks)

    return build
