"""The linter of lessons: what every lesson must have, and what none may have.

``lint(raw, lessons, notebook)`` returns one line for each finding, with file and key; a good lesson has none.
The schema says which keys there are; the linter says what good words are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lessonlib.lesson.lesson import Lesson
from lessonlib.build.lint.cells import cell_findings
from lessonlib.build.lint.questions import question_findings
from lessonlib.build.lint.shape import shape_findings
from lessonlib.build.lint.words import word_findings

__all__ = ["lint"]


def lint(raw: Mapping[str, Any], lessons: Sequence[Lesson], notebook: Mapping[str, Any] | None = None) -> list[str]:
    """Every finding about a lesson.

    ``raw`` is its YAML as data, also where the schema would refuse it. ``lessons`` is the lesson opened on each lab
    (with drawers, so that pictures and plots are looked at too); ``notebook`` is its notebook, with outputs if it has any.
    """
    file = f"{lessons[0].name}.yaml" if lessons else f"lesson {raw.get('number', '?')}"
    found = [*shape_findings(raw), *question_findings(raw, lessons), *word_findings(raw, lessons)]
    lines = [f"{file}: {line}" for line in found]
    if notebook is not None:
        lines += [f"{file.removesuffix('.yaml')}.ipynb: {line}" for line in cell_findings(notebook, lessons)]
    return list(dict.fromkeys(lines))
