"""Texts: every placeholder renders on every lab, every source is cited, every figure says its finding."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from lessonlib.base.errors import LessonlibError
from lessonlib.lesson.items import BlockItem, StepItem
from lessonlib.lesson.lesson import Lesson
from lessonlib.build.lint.secrets import leaves
from lessonlib.build.lint.shape import Raw, items
from lessonlib.lesson.words import Words, plain

_CITE = re.compile(r"""cite\(\s*["']([^"']*)["']\s*\)""")
#: what a placeholder prints when its working has no number on this lab
_HOLE = re.compile(r"\bNone\b|\bnan\b|\binf\b|<function |\{\{|\}\}|\{%")
_IMAGE = re.compile(r"<(?:img|svg)\b[^>]*>|!\[(?P<alt>[^\]]*)\]\(")
_NOT_TEXT = {"id", "kind", "name", "truth", "working", "unit", "misconception", "concepts", "elsewhere", "numbers", "block", "title", "x", "y"}


def word_findings(raw: Raw, lessons: Sequence[Lesson]) -> list[str]:
    """What is wrong with the words of a lesson."""
    found = [*_sources(raw), *_open_texts(raw), *_images(raw)]
    for lesson in lessons:
        on = f"(on lab {lesson.lab.name})"
        found += [f"{line} {on}" for line in [*_claims(lesson), *_placeholders(lesson), *_figures(lesson)]]
    return found


def _sources(raw: Raw) -> Iterator[str]:
    cited = {key for _, text in leaves(raw["steps"]) for key in _CITE.findall(text)}
    listed = raw.get("sources", {})
    yield from (f"cite(\"{key}\"): no such source; the lesson lists {', '.join(listed) or 'none'}" for key in sorted(cited - set(listed)))
    yield from (f"sources.{key}: never cited; cite it where its claim stands, or take it out" for key in listed if key not in cited)


def _open_texts(raw: Raw) -> Iterator[str]:
    for index, entry in enumerate(raw["steps"]):
        if "{{" in entry.get("text", "") or "{%" in entry.get("text", ""):
            yield f"steps[{index}].text: a Markdown cell is the same on every lab, so it cannot hold a placeholder; use a `tell`"


def _images(raw: Raw) -> Iterator[str]:
    """Images that the words themselves bring along."""
    for path, text in leaves(raw["steps"], "steps"):
        for image in _IMAGE.finditer(text):
            named = re.search(r'(?:alt|aria-label)="([^"]*)"', image[0])
            alt = image["alt"] if image["alt"] is not None else named[1] if named else ""
            if not re.search(r"\d", alt):
                yield f"{path}: an image needs alt text that states its finding with a number"


def _claims(lesson: Lesson) -> Iterator[str]:
    for name in lesson.raw.get("claims", ()):
        if name not in lesson.numbers:
            yield f"claims: {lesson.numbers.unknown(name)}"
        elif not lesson.numbers[name]:
            yield f"claims: “{name}” does not hold, so the words are not true here"


# --- as a lab renders them ---------------------------------------------------------------------------------


def _placeholders(lesson: Lesson) -> Iterator[str]:
    for item in lesson.items.values():
        words = item.step.question.words if isinstance(item, StepItem) else lesson.words
        where = f"{item.kind} {item.id}"
        for path, text in leaves({key: value for key, value in item.raw.items() if key not in _NOT_TEXT}):
            if path.rpartition(".")[2] not in _NOT_TEXT:
                yield from _renders(words, text, f"{where}: {path}")
        yield from _workings(item.raw, words, where)


def _renders(words: Words, text: str, where: str) -> Iterator[str]:
    line = _error(lambda: words.html(text, where))
    hole = None if line else _HOLE.search(plain(words.html(text, where)))
    if line:
        yield line
    if hole:
        yield f"{where}: the rendered text holds “{hole[0]}”"


def _workings(raw: Raw, words: Words, where: str) -> Iterator[str]:
    named = [("truth", raw.get("truth")), ("working", raw.get("working"))]
    named += [(f"wrong[{index}].working", wrong.get("working")) for index, wrong in enumerate(raw.get("wrong", ()))]
    named += [(f"numbers.{key}", name) for key, name in raw.get("numbers", {}).items()]
    for key, name in named:
        numbers = words.here if str(name).startswith("here.") else words.numbers
        if name and str(name).removeprefix("here.") not in numbers:
            yield f"{where}: {key}: {numbers.unknown(name)}"


def _figures(lesson: Lesson) -> Iterator[str]:
    for item in lesson.items.values():
        if not isinstance(item, BlockItem) or item.kind not in ("picture", "plot"):
            continue
        view: Mapping[str, Any] = {}

        def draw() -> None:
            nonlocal view
            view = item.open_view()

        line = _error(draw)
        if line:
            yield f"{item.kind} {item.id}: {line}"
        elif not re.search(r"\d", _alt(view)):
            yield f"{item.kind} {item.id}: its alt text must state the finding with a number"


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
