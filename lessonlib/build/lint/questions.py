"""Questions: every wrong answer refuted in full, options of like length, explanations short."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lessonlib.base.errors import LessonlibError
from lessonlib.lesson.items import StepItem
from lessonlib.lesson.lesson import Lesson
from lessonlib.build.lint.shape import Raw, is_step, items
from lessonlib.lesson.words import plain

PARTS = ("thought", "tempting", "wrong", "fact")
MOST_WORDS = 120
#: the longest option over the shortest, and the difference in characters, from which length gives the answer away
UNLIKE, APART = 2.5, 30
_LAZY = ("all of the above", "none of the above", "both of the above", "all of these", "none of these")


def question_findings(raw: Raw, lessons: Sequence[Lesson]) -> list[str]:
    """What is wrong with the questions of a lesson, in its words and as each lab renders them."""
    found = [line for kind, body in items(raw) if kind == "predict" for line in _of_prediction(f"predict {body.get('id')}", body)]
    for lesson in lessons:
        for item in lesson.asked:
            try:
                found += [f"{item.kind} {item.id}: {line} (on lab {lesson.lab.name})" for line in _rendered(item)]
            except (LessonlibError, KeyError):
                continue  # a text that does not render is a finding of the words
    return found


def _of_prediction(where: str, body: Raw) -> Iterator[str]:
    yield from (f"{where}: {line}" for line in [*_options(body), *_workings(body)])
    if not is_step("predict", body):
        return
    if "observe" not in body:
        yield f"{where}: observe: a step asks what the reveal showed"
    if "explanation" not in body:
        yield f"{where}: explanation: a step explains its answer"


def _options(body: Raw) -> Iterator[str]:
    options = body.get("options", ())
    if body.get("kind") == "choice" and sum(bool(option.get("right")) for option in options) != 1:
        yield "options: exactly one must be marked `right: true`"
    for index, option in enumerate(options):
        if any(lazy in option.get("text", "").lower() for lazy in _LAZY):
            yield f"options[{index}]: “{option['text']}” is no idea of its own; say what is meant"
        if not option.get("right"):
            yield from _refuted(f"options[{index}]", option)


def _workings(body: Raw) -> Iterator[str]:
    if body.get("kind") not in ("number", "curve"):
        return
    if not body.get("wrong"):
        yield "wrong: the likely wrong workings are missing"
    for index, wrong in enumerate(body.get("wrong", ())):
        yield from _refuted(f"wrong[{index}]", wrong)


def _refuted(where: str, wrong: Mapping[str, Any]) -> Iterator[str]:
    if not wrong.get("misconception"):
        yield f"{where}: misconception: the wrong idea has no name"
    refutation = wrong.get("refutation") or {}
    missing = [part for part in PARTS if not str(refutation.get(part) or "").strip()]
    if missing:
        yield f"{where}: refutation: {', '.join(missing)} is missing; a refutation has {', '.join(PARTS)}"


def _rendered(item: StepItem) -> Iterator[str]:
    question = item.step.question
    words = len(plain(question.explanation()).split())
    if words > MOST_WORDS:
        yield f"explanation: {words} words; at most {MOST_WORDS}"
    if question.kind == "choice":
        yield from _lengths([plain(option["html"]) for option in question.ask()["options"]])
    if question.kind in ("number", "curve") and not question.mistakes():
        yield "wrong: every wrong working meets the truth here, so no mistake can be named"


def _lengths(options: Sequence[str]) -> Iterator[str]:
    short, long = min(options, key=len), max(options, key=len)
    if len(long) > UNLIKE * len(short) and len(long) - len(short) > APART:
        yield f"options: “{long}” ({len(long)} characters) beside “{short}” ({len(short)}): options must be of like length"
