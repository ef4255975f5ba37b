"""Texts: every placeholder renders on every lab, every source is cited, every figure says its finding."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lessonlib.base.errors import LessonlibError
from lessonlib.base.quantity import Quantity
from lessonlib.base.units import base_unit
from lessonlib.build.lint.finding import Found, Path, rule
from lessonlib.build.lint.secrets import leaves
from lessonlib.build.lint.shape import Raw, placed
from lessonlib.lesson.items import BlockItem, StepItem
from lessonlib.lesson.kinds.number import Number
from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.words import Words, plain

_CITE = re.compile(r"""cite\(\s*["']([^"']*)["']\s*\)""")
#: what a placeholder prints when its working has no number on this lab
_HOLE = re.compile(r"\bNone\b|\bnan\b|\binf\b|<function |\bQuantity\(|\{\{|\}\}|\{%")
_IMAGE = re.compile(r"<(?:img|svg)\b[^>]*>|!\[(?P<alt>[^\]]*)\]\(")
_KEY = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_NOT_TEXT = {
    "id", "kind", "name", "truth", "roof", "working", "starter", "engine", "cases", "unit", "misconception", "concepts", "elsewhere", "numbers", "block",
    "title", "x", "y",
}  # fmt: skip


@rule("words", "sources")
def sources(raw: Raw) -> Iterator[Found]:
    """Every source is cited where its claim stands, and every citation has its source."""
    listed = raw.get("sources", {})
    cited: dict[str, Path] = {}
    for where, text in leaves(raw["steps"]):
        for key in _CITE.findall(text):
            cited.setdefault(key, ("steps", *path_of(where)))
    for key in sorted(set(cited) - set(listed)):
        yield Found(cited[key], f'cite("{key}"): no such source; the lesson lists {", ".join(listed) or "none"}')
    for key in listed:
        if key not in cited:
            yield Found(
                ("sources", key),
                f"sources.{key}: never cited; cite it where its claim stands, or take it out",
            )


@rule("words", "open-text")
def open_text(raw: Raw) -> Iterator[Found]:
    """A Markdown cell holds no placeholder: it is the same on every lab."""
    for index, entry in enumerate(raw["steps"]):
        if "{{" in entry.get("text", "") or "{%" in entry.get("text", ""):
            yield Found(
                ("steps", index, "text"),
                f"steps[{index}].text: a Markdown cell is the same on every lab, so it cannot hold a placeholder; use a `tell`",
            )


@rule("words", "title-text")
def title_text(raw: Raw) -> Iterator[Found]:
    """A title holds no placeholder: it stands on the bar of a closed cell, and is the same on every lab."""
    for where, text in [("title", raw.get("title", "")), *leaves(raw["steps"], "steps")]:
        if where.rpartition(".")[2] == "title" and ("{{" in text or "{%" in text):
            yield Found(path_of(where), f"{where}: a title is the same on every lab, so it cannot hold a placeholder")


@rule("words", "image-alt")
def image_alt(raw: Raw) -> Iterator[Found]:
    """An image in the words has alt text that states its finding with a number."""
    for where, text in leaves(raw["steps"], "steps"):
        for image in _IMAGE.finditer(text):
            named = re.search(r'(?:alt|aria-label)="([^"]*)"', image[0])
            alt = image["alt"] if image["alt"] is not None else named[1] if named else ""
            if not re.search(r"\d", alt):
                yield Found(path_of(where), f"{where}: an image needs alt text that states its finding with a number")


def path_of(where: str) -> Path:
    """The place that ``leaves`` writes as ``steps[3].predict.stem``."""
    return tuple(int(index) if index else key for key, index in _KEY.findall(where))


# --- as a lab renders them ---------------------------------------------------------------------------------


@rule("lab", "claims")
def claims(lesson: Lesson) -> Iterator[Found]:
    """What the words claim holds on every lab."""
    for index, name in enumerate(lesson.raw.get("claims", ())):
        if name not in lesson.numbers:
            yield Found(("claims", index), f"claims: {lesson.numbers.unknown(name)}")
        elif not lesson.numbers[name]:
            yield Found(("claims", index), f"claims: “{name}” does not hold, so the words are not true here")


@rule("lab", "placeholders")
def placeholders(lesson: Lesson) -> Iterator[Found]:
    """Every text renders, without a hole where a number is missing."""
    for path, kind, body in placed(lesson.raw):
        item = lesson.items[body["id"]]
        words = item.step.question.words if isinstance(item, StepItem) else lesson.words
        for where, text in leaves({key: value for key, value in body.items() if key not in _NOT_TEXT}):
            if where.rpartition(".")[2] not in _NOT_TEXT:
                for line in _renders(words, text, f"{kind} {body['id']}: {where}"):
                    yield Found((*path, *path_of(where)), line)


def _renders(words: Words, text: str, where: str) -> Iterator[str]:
    if "{" not in text and "$" not in text and not _HOLE.search(text):
        return  # nothing in it can fail
    rendered = ""

    def render() -> None:
        nonlocal rendered
        rendered = words.html(text, where)

    line = _error(render)
    hole = None if line else _HOLE.search(plain(rendered))
    if line:
        yield line
    if hole:
        yield f"{where}: the rendered text holds “{hole[0]}”"


@rule("lab", "workings")
def workings(lesson: Lesson) -> Iterator[Found]:
    """Every truth, wrong working and number of a picture names a working that there is."""
    for path, kind, body in placed(lesson.raw):
        item = lesson.items[body["id"]]
        words = item.step.question.words if isinstance(item, StepItem) else lesson.words
        named: list[tuple[Path, str, Any]] = [((key,), key, body.get(key)) for key in ("truth", "roof", "working")]
        named += [
            (("wrong", index, "working"), f"wrong[{index}].working", wrong.get("working"))
            for index, wrong in enumerate(body.get("wrong", ()))
        ]
        named += [(("numbers", key), f"numbers.{key}", name) for key, name in body.get("numbers", {}).items()]
        for place, key, name in named:
            numbers = words.here if str(name).startswith("here.") else words.numbers
            if name and str(name).removeprefix("here.") not in numbers:
                yield Found((*path, *place), f"{kind} {body['id']}: {key}: {numbers.unknown(name)}")


@rule("lab", "quantities")
def quantities(lesson: Lesson) -> Iterator[Found]:
    """What a number question compares are quantities, in the unit that it asks in."""
    for path, kind, body in placed(lesson.raw):
        item = lesson.items[body["id"]]
        if not isinstance(item, StepItem) or not isinstance(item.step.question, Number):
            continue
        question = item.step.question
        where = f"{kind} {body['id']}"
        named: list[tuple[Path, str]] = [(("truth",), body["truth"])]
        named += [(("wrong", index, "working"), wrong["working"]) for index, wrong in enumerate(body["wrong"])]
        for place, name in named:
            numbers = question.words.here if name.startswith("here.") else question.words.numbers
            if name.removeprefix("here.") not in numbers:
                continue  # a finding of its own
            value = question.number(name)
            if not isinstance(value, Quantity):
                text = f"{where}: “{name}” returns {type(value).__name__}; return Quantity(value, unit)"
                yield Found((*path, *place), text)
            elif base_unit(value.unit) != base_unit(question.unit):
                text = f"{where}: “{name}” is in “{value.unit}”, but the question asks in “{question.unit}”"
                yield Found((*path, *place), text)


@rule("lab", "figures")
def figures(lesson: Lesson) -> Iterator[Found]:
    """Every picture and plot is there and draws, and its alt text states the finding with a number."""
    for path, kind, body in placed(lesson.raw):
        item = lesson.items[body["id"]]
        if not isinstance(item, BlockItem) or kind not in ("picture", "plot"):
            continue
        view: Mapping[str, Any] = {}

        def draw(item: BlockItem = item) -> None:
            nonlocal view
            view = item.open_view()

        line = _error(draw)
        if line:
            yield Found((*path, "name"), f"{kind} {item.id}: {line}")
        elif not re.search(r"\d", _alt(view)):
            yield Found(path, f"{kind} {item.id}: its alt text must state the finding with a number")


def _alt(view: Mapping[str, Any]) -> str:
    if "picture" in view:
        return str(view["picture"].get("alt", ""))
    return " ".join(re.findall(r'<(?:figure|img|svg)\b[^>]*?(?:aria-label|alt)="([^"]*)"', view.get("html", "")))


def _error(act: Callable[[], Any]) -> str:
    """The one line of what goes wrong, or nothing."""
    try:
        act()
    except LessonlibError as error:
        return str(error)
    except KeyError as error:
        return f"the working {error} does not exist"
    return ""
