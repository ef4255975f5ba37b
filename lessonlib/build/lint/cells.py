"""The notebook: short cells, not too many, and nothing in them that a question asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lessonlib.base.errors import LessonlibError
from lessonlib.lesson.lesson import Lesson
from lessonlib.build.lint.secrets import Secret, Text, late_secrets, secrets
from lessonlib.lesson.words import markdown
from lessonlib.roofline import DEFAULT_LAB

MOST_LINES, MOST_CELLS = 8, 60

Chunk = tuple[str, str, str]


def cell_findings(notebook: Mapping[str, Any], lessons: Sequence[Lesson]) -> list[str]:
    """What is wrong with the cells of a lesson's notebook."""
    found = [*_sizes(notebook)]
    for lesson in lessons:
        # Stored outputs are those of the default lab; text and code are the same for all.
        chunks = [*_written(notebook), *(_stored(notebook) if lesson.lab.name == DEFAULT_LAB else ())]
        found += _leaks(chunks, lesson)
    return found


def _sizes(notebook: Mapping[str, Any]) -> Iterator[str]:
    cells = notebook["cells"]
    if len(cells) > MOST_CELLS:
        yield f"{len(cells)} cells; at most {MOST_CELLS}"
    for index, cell in enumerate(cells):
        lines = "".join(cell["source"]).strip().count("\n") + 1
        if cell["cell_type"] == "code" and lines > MOST_LINES:
            yield f"cells[{index}]: {lines} lines of code; at most {MOST_LINES}"


def _written(notebook: Mapping[str, Any]) -> Iterator[Chunk]:
    """(where, source, text) of every Markdown cell, code cell and first line of one."""
    for index, cell in enumerate(notebook["cells"]):
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            yield f"cells[{index}] (Markdown)", source, markdown(source)
        else:
            yield f"cells[{index}] (first line)", source, source.split("\n")[0]
            yield f"cells[{index}] (code)", source, source


def _stored(notebook: Mapping[str, Any]) -> Iterator[Chunk]:
    for index, cell in enumerate(notebook["cells"]):
        for output in cell.get("outputs", ()):
            texts = {"text": output.get("text", ""), **output.get("data", {})}
            for kind, data in texts.items():
                if kind.startswith("text") or kind == "image/svg+xml":
                    yield f"cells[{index}] (stored {kind})", "".join(cell["source"]), "".join(data)


def _leaks(chunks: Sequence[Chunk], lesson: Lesson) -> Iterator[str]:
    texts = [(where, source, Text(text)) for where, source, text in chunks]
    for item in lesson.asked:
        try:
            unsaid: list[Secret] = [*secrets(item), *late_secrets(item)]
        except (LessonlibError, KeyError):
            continue  # a text that does not render is a finding of the words
        for where, source, text in texts:
            own_options = "stored" in where and f'"{item.id}"' in source
            for secret in unsaid:
                if secret.told_by(text) and not (own_options and secret.what == "right option"):
                    yield f"{where} gives away {secret.what} of {item.id} (on lab {lesson.lab.name})"
