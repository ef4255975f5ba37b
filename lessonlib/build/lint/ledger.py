"""The ledger of reveals: whether the answer of a step was told before it, in its own lesson or in an earlier one."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from html import escape
from typing import NamedTuple

from lessonlib.base.errors import LessonlibError
from lessonlib.build.lint.finding import Found, rule
from lessonlib.build.lint.secrets import Amount, Text, amounts, right_option
from lessonlib.build.lint.shape import is_step, placed
from lessonlib.lesson.items import BlockItem, StepItem
from lessonlib.lesson.kinds.number import Number
from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.source import is_checkpoint, lesson_names, load_source, place_in_course
from lessonlib.lesson.words import markdown
from lessonlib.roofline import DEFAULT_LAB, load_lab
from lessonlib.show.blocks import BLOCKS
from lessonlib.show.computed import Computed
from lessonlib.show.manifest import Manifest


class Told(NamedTuple):
    """One text that a learner has read: ``place`` names it in a finding."""

    place: str
    text: Text


@rule("default lab", "new-answer")
def new_answer(lesson: Lesson) -> Iterator[Found]:
    """A step asks for what nobody was told before: not in this lesson, not in an earlier one."""
    before = [told for name in _earlier(lesson.name) for told in _whole(name)]
    places = {body.get("id"): path for path, _, body in placed(lesson.raw)}
    for item_id, told in _in_order(lesson):
        item = lesson.items.get(item_id)
        if isinstance(item, StepItem) and is_step(item.kind, item.raw) and not item.raw.get("again"):
            where = _told_where(item, before)
            if where:
                yield Found(
                    places[item_id],
                    f"{item.kind} {item_id}: its answer stands already in {where}; ask something new, take it out there, or say in `again:` why it is asked again",
                )
        before += told


def _told_where(item: StepItem, before: list[Told]) -> str:
    """Where the answer was told first; "" where it was not."""
    try:
        secrets = amounts(item) if isinstance(item.step.question, Number) else right_option(item)
    except (LessonlibError, KeyError):
        return ""
    for secret in secrets:
        # Two digits and a unit are met by chance somewhere in a course, and 2.81 s is no answer to 2,810.
        amount = isinstance(secret, Amount)
        asked = Amount(secret.what, secret.value, secret.unit, 3) if isinstance(secret, Amount) else secret
        printed = str(item.step.question.truth()).split()[0].rstrip("×%") if amount else ""
        for told in before:
            if asked.told_by(told.text) and printed in told.text.spoken:
                return told.place
    return ""


def _earlier(name: str) -> list[str]:
    """The lessons of the course before this one, or up to a checkpoint; none for a lesson that is not of the course."""
    names = lesson_names()
    if name not in names:
        return []
    before = names[: names.index(name)]
    if not is_checkpoint(name):
        return before
    place = place_in_course(load_source(name))
    return [each for each in before if place_in_course(load_source(each)) <= place]


@functools.cache
def _whole(name: str) -> tuple[Told, ...]:
    lesson = Lesson(name, load_lab(DEFAULT_LAB), None, BLOCKS)
    return tuple(told for _, texts in _in_order(lesson) for told in texts)


def _in_order(lesson: Lesson) -> Iterator[tuple[str, list[Told]]]:
    """(id, what is read there) of each entry, in order; a lesson's sources tell no answer."""
    for entry in lesson.raw["steps"]:
        kind, body = next(iter(entry.items()))
        if kind == "text":
            yield "", [Told(f"{lesson.name}, a text", Text(markdown(body)))]
            continue
        where = f"{lesson.name}, {kind} {body['id']}"
        try:
            item = lesson.items[body["id"]]
            if isinstance(item, StepItem):
                texts = _of_question(item)
            else:
                text = body.get("text") or body.get("caption") or ""
                texts = [lesson.words.html(text, where)] if text else []
                if isinstance(item, BlockItem) and isinstance(item.block, (Computed, Manifest)):
                    texts += [escape(line) for line in item.block.printed]
        except (LessonlibError, KeyError):
            texts = []  # a text that does not render is a finding of the words
        yield body["id"], [Told(where, Text(text)) for text in texts]


def _of_question(item: StepItem) -> list[str]:
    """What is read by who answers it right. Its stem is read before, its own answer after."""
    question = item.step.question
    if question.only_kept:
        return []
    observe = question.observe() or {"note": ""}
    return [question.stem(), question.reveal(), question.explanation(), observe["note"]]
