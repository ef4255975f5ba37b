"""Timelines: their function is there, gives what can be drawn on every lab, and states its finding with a number."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lessonlib.base.errors import LessonlibError
from lessonlib.build.lint.finding import Found, rule
from lessonlib.build.lint.shape import placed
from lessonlib.lesson.items import BlockItem
from lessonlib.lesson.lesson import Lesson
from lessonlib.show.timeline import TimelineBlock


@rule("lab", "timelines")
def timelines(lesson: Lesson) -> Iterator[Found]:
    """A timeline is computed, can be drawn, and states its finding with a number."""
    for path, kind, body in placed(lesson.raw):
        item = lesson.items[body["id"]]
        if kind == "timeline" and isinstance(item, BlockItem) and isinstance(item.block, TimelineBlock):
            for line in _faults(item.block):
                yield Found((*path, "compute"), f"timeline {body['id']}: {line}")


def _faults(block: TimelineBlock) -> Iterator[str]:
    try:
        runs = block.runs
    except LessonlibError as error:
        yield str(error)
        return
    for run in runs:
        if not re.search(r"\d", run.finding):
            yield f"its finding “{run.finding}” must state what is seen with a number"
