"""The notebook: short cells, not too many, and nothing in them that a question asks."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lessonlib.base.errors import LessonlibError
from lessonlib.build.lint.finding import Found, rule
from lessonlib.build.lint.secrets import Secret, Text, late_secrets, secrets
from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.words import markdown
from lessonlib.roofline import DEFAULT_LAB

MOST_LINES, MOST_CELLS = 8, 60

Notebook = Mapping[str, Any]
#: (index of the cell, where in it, its source, the text)
Chunk = tuple[int, str, str, Text]


@rule("notebook", "cells")
def cells(notebook: Notebook) -> Iterator[Found]:
    """A notebook has at most 60 cells, each of at most 8 lines of code."""
    found = notebook["cells"]
    if len(found) > MOST_CELLS:
        yield Found((), f"{len(found)} cells; at most {MOST_CELLS}")
    for index, cell in enumerate(found):
        lines = "".join(cell["source"]).strip().count("\n") + 1
        if cell["cell_type"] == "code" and lines > MOST_LINES:
            yield Found(("cells", index), f"cells[{index}]: {lines} lines of code; at most {MOST_LINES}")


@rule("notebook on a lab", "gives-away")
def gives_away(notebook: Notebook, lesson: Lesson) -> Iterator[Found]:
    """No Markdown cell, code cell or stored output gives away what a question asks."""
    # Stored outputs are those of the default lab; text and code are the same for all.
    chunks = [*_written(_Whole(notebook)), *(_stored(_Whole(notebook)) if lesson.lab.name == DEFAULT_LAB else ())]
    for item in lesson.asked:
        try:
            unsaid: list[Secret] = [*secrets(item), *late_secrets(item)]
        except (LessonlibError, KeyError):
            continue  # a text that does not render is a finding of the words
        for index, where, source, text in chunks:
            own_options = "stored" in where and f'"{item.id}"' in source
            for secret in unsaid:
                if secret.told_by(text) and not (own_options and secret.what == "right option"):
                    yield Found(("cells", index), f"cells[{index}] ({where}) gives away {secret.what} of {item.id}")


def cell_findings(notebook: Notebook, lessons: Sequence[Lesson]) -> list[Found]:
    """What both rules find in a notebook, executed or not, of a lesson opened on these labs."""
    return [*cells(notebook), *(found for lesson in lessons for found in gives_away(notebook, lesson))]


class _Whole:
    """A notebook as a key of a cache: itself and no other."""

    def __init__(self, notebook: Notebook):
        self.notebook = notebook

    def __hash__(self) -> int:
        return id(self.notebook)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Whole) and other.notebook is self.notebook


@functools.lru_cache(maxsize=2)
def _written(whole: _Whole) -> list[Chunk]:
    """Every Markdown cell, code cell and first line of one."""
    found = []
    for index, cell in enumerate(whole.notebook["cells"]):
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            found.append((index, "Markdown", source, Text(markdown(source))))
        else:
            found.append((index, "first line", source, Text(source.split("\n")[0])))
            found.append((index, "code", source, Text(source)))
    return found


@functools.lru_cache(maxsize=2)
def _stored(whole: _Whole) -> list[Chunk]:
    """Every text of a stored output."""
    return [
        (index, f"stored {kind}", "".join(cell["source"]), Text("".join(data)))
        for index, cell in enumerate(whole.notebook["cells"])
        for output in cell.get("outputs", ())
        for kind, data in {"text": output.get("text", ""), **output.get("data", {})}.items()
        if kind.startswith("text") or kind == "image/svg+xml"
    ]
