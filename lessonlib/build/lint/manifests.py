"""Manifests: the file is there, and on every lab it is YAML with an object of Kubernetes, followed by a question about it."""

from __future__ import annotations

from collections.abc import Iterator

from lessonlib.base.errors import LessonlibError
from lessonlib.build.lint.finding import Found, rule
from lessonlib.build.lint.shape import Raw, placed
from lessonlib.lesson.items import BlockItem
from lessonlib.lesson.lesson import Lesson
from lessonlib.show.manifest import Manifest


@rule("lab", "manifests")
def manifests(lesson: Lesson) -> Iterator[Found]:
    """A manifest can be read, holds the lab's numbers, and declares objects of Kubernetes."""
    for path, kind, body in placed(lesson.raw):
        item = lesson.items[body["id"]]
        if isinstance(item, BlockItem) and isinstance(item.block, Manifest):
            try:
                item.block.objects()
            except LessonlibError as error:
                yield Found((*path, "file"), f"{kind} {body['id']}: {error}")


@rule("words", "manifest-question")
def asked_about(raw: Raw) -> Iterator[Found]:
    """A manifest is what a question is about: one of the next two entries asks."""
    for index, entry in enumerate(raw["steps"]):
        following = {next(iter(each)) for each in raw["steps"][index + 1 : index + 3]}
        if "manifest" in entry and "predict" not in following:
            yield Found(
                ("steps", index, "manifest"),
                f"steps[{index}].manifest ({entry['manifest']['id']}): no question follows; ask what it does, or take it out",
            )
