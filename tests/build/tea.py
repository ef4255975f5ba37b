"""A short lesson in a folder of its own, written from the template, with its notebook not executed."""

from __future__ import annotations

from pathlib import Path

from lessonlib.build.lint import Finding, lint_places
from lessonlib.build.new import order, write_lesson
from lessonlib.build.notebooks import build, dumps
from lessonlib.build.places import Place, find
from lessonlib.lesson.code import forget_code


def tea(folder: Path, *, short: bool = True) -> Place:
    """Lesson 7, about tea."""
    place, _ = write_lesson(order("7", "tea", str(folder), short))
    place.notebook.write_text(dumps(build(place.name)), encoding="utf-8")
    return place


def change(file: Path, old: str, new: str, count: int = 1) -> None:
    """Put ``new`` for ``old`` in a file that holds it."""
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, count), encoding="utf-8")


def findings(folder: Path) -> list[Finding]:
    """Everything that the linter finds in a folder, its code read anew."""
    forget_code()
    reports, around = lint_places(find([str(folder)]))
    return [*(finding for report in reports for finding in report.findings), *around]
