"""Explorers: their function is there, fits the knobs, and computes at the start and at the ends of every knob."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lessonlib.base.errors import LessonlibError
from lessonlib.build.lint.finding import Found, rule
from lessonlib.build.lint.shape import Raw, placed
from lessonlib.draw.explored import Explored
from lessonlib.lesson.items import BlockItem
from lessonlib.lesson.lesson import Lesson
from lessonlib.show.explorer import Explore


@rule("words", "guess-right")
def guess_right(raw: Raw) -> Iterator[Found]:
    """The right option of an explorer's guess is one of its options."""
    for path, kind, body in placed(raw):
        guess = body.get("guess") if kind == "explore" else None
        if guess and str(guess["right"]) not in map(str, guess["options"]):
            options = ", ".join(map(str, guess["options"]))
            yield Found((*path, "guess", "right"), f"explore {body['id']}: “{guess['right']}” is none of: {options}")


@rule("lab", "explorers")
def explorers(lesson: Lesson) -> Iterator[Found]:
    """An explorer computes at its start and at both ends of every knob, and states its finding with a number."""
    for path, kind, body in placed(lesson.raw):
        item = lesson.items[body["id"]]
        if kind == "explore" and isinstance(item, BlockItem) and isinstance(item.block, Explore):
            for line in dict.fromkeys(_faults(item.block)):
                yield Found(path, f"explore {body['id']}: {line}")


def _faults(block: Explore) -> Iterator[str]:
    try:
        knobs, start = block.knobs, block.start
        settings = [start] + [
            {**start, knob.name: place} for knob in knobs for place in dict.fromkeys((0, len(knob.stops) - 1))
        ]
        for picks in settings:
            yield from _of_setting(block.explored(picks))
    except LessonlibError as error:
        yield str(error).removeprefix(f"{block.where}: ")


def _of_setting(shown: Explored) -> Iterator[str]:
    if not re.search(r"\d", shown.finding):
        yield f"its finding “{shown.finding}” must state what is drawn with a number"
    names = [value.name for value in shown.values]
    if len(set(names)) < len(names):
        yield f"two of its values have one name: {', '.join(names)}"
