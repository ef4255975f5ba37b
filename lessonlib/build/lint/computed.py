"""Timelines, fleets and monitors: their function is there, and on every lab it gives what can be drawn."""

from __future__ import annotations

from collections.abc import Iterator

from lessonlib.base.errors import LessonlibError
from lessonlib.build.lint.finding import Found, rule
from lessonlib.build.lint.shape import placed
from lessonlib.lesson.items import BlockItem
from lessonlib.lesson.lesson import Lesson
from lessonlib.show.computed import Computed


@rule("lab", "computed")
def computed(lesson: Lesson) -> Iterator[Found]:
    """A timeline, a fleet or a monitor is computed, can be drawn, and states its finding with a number."""
    for path, kind, body in placed(lesson.raw):
        item = lesson.items[body["id"]]
        if isinstance(item, BlockItem) and isinstance(item.block, Computed):
            try:
                item.block.drawn()
            except LessonlibError as error:
                yield Found((*path, "compute"), f"{kind} {body['id']}: {error}")
