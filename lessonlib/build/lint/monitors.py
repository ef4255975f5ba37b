"""Monitors: their function is there, computes on every lab, and comes to what a page can hold."""

from __future__ import annotations

from collections.abc import Iterator

from lessonlib.base.errors import LessonlibError
from lessonlib.build.lint.finding import Found, rule
from lessonlib.build.lint.shape import placed
from lessonlib.lesson.items import BlockItem
from lessonlib.lesson.lesson import Lesson
from lessonlib.show.monitor import Monitoring


@rule("lab", "monitors")
def monitors(lesson: Lesson) -> Iterator[Found]:
    """A monitor computes, states with numbers what is to be seen, and fits its limits."""
    for path, kind, body in placed(lesson.raw):
        item = lesson.items[body["id"]]
        if kind == "monitor" and isinstance(item, BlockItem) and isinstance(item.block, Monitoring):
            try:
                item.block.shown().view()
            except LessonlibError as error:
                yield Found(
                    (*path, "compute"), f"monitor {body['id']}: {str(error).removeprefix(f'{item.block.where}: ')}"
                )
