"""Functions of a learner's own: the starter returns None, the engine answers every case, each slip shows somewhere."""

from __future__ import annotations

from collections.abc import Iterator

from lessonlib.base.errors import LessonlibError
from lessonlib.build.lint.finding import Found, Path, rule
from lessonlib.build.lint.shape import Raw, placed
from lessonlib.lesson.items import BlockItem
from lessonlib.lesson.judge import apart
from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.written import RIGHT, Write, function_name

#: a slip that is off by less than this in every case is told of nobody's number
_SLIP = 1.02


@rule("words", "starter")
def starter(raw: Raw) -> Iterator[Found]:
    """A function to write starts as one function that returns None, so that a run without a person passes."""
    for path, kind, body in placed(raw):
        if kind != Write.kind:
            continue
        try:
            function_name(body["starter"], f"write {body.get('id')}")
        except LessonlibError as error:
            yield Found((*path, "starter"), str(error))
        else:
            if "return None" not in body["starter"]:
                yield Found(
                    (*path, "starter"), f"write {body.get('id')}: starter: it must return None until it is written"
                )


@rule("lab", "slips")
def slips(lesson: Lesson) -> Iterator[Found]:
    """On every lab the engine answers every case of a function to write, and each slip is off in one of them."""
    for path, _, body in placed(lesson.raw):
        item = lesson.items[body["id"]]
        if isinstance(item, BlockItem) and isinstance(item.block, Write):
            yield from _of(path, item.block)


def _of(path: Path, block: Write) -> Iterator[Found]:
    try:
        truths, found = block.truths, block.slips
    except (LessonlibError, ArithmeticError, LookupError, TypeError, ValueError) as error:
        yield Found(path, f"write {block.raw['id']}: {' '.join(str(error).split()) or type(error).__name__}")
        return
    for index, (says, values) in enumerate(found):
        off = max(apart(float(value), float(truth)) for value, truth in zip(values, truths, strict=True))
        if off < max(_SLIP, RIGHT):
            text = f"write {block.raw['id']}: slips[{index}]: “{says}” is within 2 % of the engine in every case, so nobody can be told; take it out, or add a case"
            yield Found((*path, "slips", index, "working"), text)
