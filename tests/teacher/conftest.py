"""A learner at the desk of a lesson, with a stand-in for the teacher's endpoint at the other end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lessonlib.lesson.lesson import Lesson
from lessonlib.record.journal import Journal
from lessonlib.roofline import load_lab
from lessonlib.show.blocks import BLOCKS
from lessonlib.show.notebook import NotebookLesson
from lessonlib.teacher.desk import Desk
from lessonlib.teacher.teacher import KEY as KEY_NAME
from tests.teacher.teacher_standin import KEY, TeacherStandIn

LESSON, NOTE = "01-prefill-vs-decode", "closing"
PATIENCE_S = 30


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key, and nothing else of the caller's shell."""
    for name in ("LESSONLIB_TEACHER_URL", "LESSONLIB_TEACHER_MODEL", "OPENAI_API_KEY", "OPENAI_ORG_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(KEY_NAME, KEY)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal.jsonl")


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    """Every answer ends."""
    yield
    for thread in threading.enumerate():
        if thread.name == "teacher":
            thread.join(PATIENCE_S)
            assert not thread.is_alive()


def lesson_of(journal: Journal | None = None, name: str = LESSON) -> Lesson:
    return Lesson(name, load_lab(), journal, BLOCKS)


def reveal(lesson: Lesson, wanted: Callable[[Any], bool] = lambda item: True, most: int = 10**6) -> None:
    """Answer so many of the questions, wrongly where that is possible."""
    for item in [item for item in lesson.asked if not item.only_kept and wanted(item)][:most]:
        question = item.step.question
        given = question.mistakes()[0][1] if question.mistakes() else question.right()
        item.step.answer(
            ["?"] * len(question.raw["answers"])
            if question.kind == "blanks"
            else "cold"
            if question.kind == "explain"
            else given
        )


class Sitting:
    """A learner at the desk of a lesson, with a stand-in at the other end."""

    def __init__(self, server: TeacherStandIn | None, journal: Journal, monkeypatch: pytest.MonkeyPatch, url: str = ""):
        monkeypatch.setenv("LESSONLIB_TEACHER_URL", url or (server.url if server else ""))
        self.lesson = NotebookLesson(lesson_of(journal))
        self.panel = self.lesson.closing(NOTE)
        self.desk: Desk = self.lesson._desks[NOTE]

    def ask(self, text: str = "Why is decode slower?", ttft: Any = "300 ms") -> dict[str, Any]:
        self.panel.handle({"event": "ask", "text": text, "ttft": ttft})
        return self.panel.view

    def wait(
        self, until: Callable[[dict[str, Any]], bool] = lambda view: not view["teacher"]["busy"]
    ) -> dict[str, Any]:
        """The view once it fits; only a broken test waits for long."""
        end = time.monotonic() + PATIENCE_S
        while not until(self.panel.view):
            assert time.monotonic() < end, self.panel.view["teacher"]
            time.sleep(0.01)
        return self.panel.view
