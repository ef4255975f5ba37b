"""Questions: every wrong answer refuted in full, options of like length, explanations short."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from lessonlib.base.errors import LessonlibError
from lessonlib.base.quantity import Quantity, in_base_units
from lessonlib.build.lint.finding import Found, Path, rule
from lessonlib.build.lint.secrets import Amount, Text
from lessonlib.build.lint.shape import MADE, Raw, is_step, placed
from lessonlib.lesson.budget import words_read
from lessonlib.lesson.items import StepItem
from lessonlib.lesson.judge import TELLABLE, apart
from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.words import plain

PARTS = ("thought", "tempting", "wrong", "fact")
MOST_WORDS = 120
#: the longest option over the shortest, and the difference in characters, from which length gives the answer away
UNLIKE, APART = 2.5, 30
#: two values nearer than this factor cannot be told apart in a guess
COLLIDE = 1.15
#: two computed values that differ by less are the same
SAME = 0.01
_LAZY = ("all of the above", "none of the above", "both of the above", "all of these", "none of these")


def _predictions(raw: Raw) -> Iterator[tuple[Path, str, Raw]]:
    """(place, how it is called, body) of each prediction."""
    for path, kind, body in placed(raw):
        if kind == "predict":
            yield path, f"predict {body.get('id')}", body


@rule("words", "one-right")
def one_right(raw: Raw) -> Iterator[Found]:
    """A choice has exactly one right option: one is marked, or `truth` gives the name of one, and then each has a name of its own."""
    for path, where, body in _predictions(raw):
        options = body.get("options", ())
        if body.get("kind") != "choice":
            continue
        marked = sum(bool(option.get("right")) for option in options)
        if "truth" not in body:
            if marked != 1:
                yield Found((*path, "options"), f"{where}: options: exactly one must be marked `right: true`")
            continue
        names = {option.get("name") for option in options}
        if marked or None in names or len(names) < len(options):
            yield Found(
                (*path, "options"),
                f"{where}: options: `truth` says which is right, so each needs a `name` of its own and none is marked",
            )


@rule("words", "own-idea")
def own_idea(raw: Raw) -> Iterator[Found]:
    """No option is "all of the above"."""
    for path, where, body in _predictions(raw):
        for index, option in enumerate(body.get("options", ())):
            if any(lazy in option.get("text", "").lower() for lazy in _LAZY):
                yield Found(
                    (*path, "options", index, "text"),
                    f"{where}: options[{index}]: “{option['text']}” is no idea of its own; say what is meant",
                )


@rule("words", "refuted")
def refuted(raw: Raw) -> Iterator[Found]:
    """Every wrong answer names its misconception and refutes it in four parts."""
    for path, where, body in _predictions(raw):
        for part in ("options", "wrong"):
            for index, entry in enumerate(body.get(part, ())):
                if part == "wrong" or not entry.get("right"):
                    yield from _refuted((*path, part, index), f"{where}: {part}[{index}]", entry)


@rule("words", "wrong-is-wrong")
def wrong_is_wrong(raw: Raw) -> Iterator[Found]:
    """No wrong working is the one that gives the truth."""
    for path, where, body in _predictions(raw):
        for index, wrong in enumerate(body.get("wrong", ())):
            if wrong.get("working") and wrong["working"] == body.get("truth"):
                yield Found(
                    (*path, "wrong", index, "working"),
                    f"{where}: wrong[{index}]: “{wrong['working']}” is the truth itself; name the working of a mistake",
                )


def _refuted(path: Path, where: str, wrong: Mapping[str, Any]) -> Iterator[Found]:
    if not wrong.get("misconception"):
        yield Found(path, f"{where}: misconception: the wrong idea has no name")
    refutation = wrong.get("refutation") or {}
    missing = [part for part in PARTS if not str(refutation.get(part) or "").strip()]
    if missing:
        yield Found(
            (*path, "refutation"),
            f"{where}: refutation: {', '.join(missing)} is missing; a refutation has {', '.join(PARTS)}",
        )


@rule("words", "wrong-workings")
def wrong_workings(raw: Raw) -> Iterator[Found]:
    """A number, a curve and a dot list their likely wrong workings."""
    for path, where, body in _predictions(raw):
        if body.get("kind") in MADE and not body.get("wrong"):
            yield Found(path, f"{where}: wrong: the likely wrong workings are missing")


@rule("words", "step-ends")
def step_ends(raw: Raw) -> Iterator[Found]:
    """A step explains its answer, and a curve asks first what it showed."""
    for path, where, body in _predictions(raw):
        if is_step("predict", body) and body.get("kind") == "curve" and "observe" not in body:
            yield Found(path, f"{where}: observe: where a curve is drawn, a step asks what it showed")
        if is_step("predict", body) and "explanation" not in body:
            yield Found(path, f"{where}: explanation: a step explains its answer")


# --- as a lab renders them ---------------------------------------------------------------------------------


def _asked(lesson: Lesson) -> Iterator[tuple[Path, str, StepItem]]:
    places = {body.get("id"): path for path, _, body in placed(lesson.raw)}
    for item in lesson.asked:
        yield places[item.id], f"{item.kind} {item.id}", item


@rule("lab", "short-explanation")
def short_explanation(lesson: Lesson) -> Iterator[Found]:
    """An explanation has at most 120 words as a learner reads them."""
    for path, where, item in _asked(lesson):
        try:
            words = words_read(item.step.question.explanation())
        except (LessonlibError, KeyError):
            continue  # a text that does not render is a finding of the words
        if words > MOST_WORDS:
            yield Found((*path, "explanation"), f"{where}: explanation: {words} words; at most {MOST_WORDS}")


@rule("lab", "like-length")
def like_length(lesson: Lesson) -> Iterator[Found]:
    """The options of a choice are of like length."""
    for path, where, item in _asked(lesson):
        try:
            question = item.step.question
            options = (
                [plain(option["html"]) for option in question.ask()["options"]] if question.kind == "choice" else []
            )
        except (LessonlibError, KeyError):
            continue
        yield from (Found((*path, "options"), f"{where}: {text}") for text in _lengths(options))


def _lengths(options: Sequence[str]) -> Iterator[str]:
    short, long = min(options, key=len, default=""), max(options, key=len, default="")
    if len(long) > UNLIKE * len(short) and len(long) - len(short) > APART:
        yield f"options: “{long}” ({len(long)} characters) beside “{short}” ({len(short)}): options must be of like length"


@rule("lab", "mistake-told")
def mistake_told(lesson: Lesson) -> Iterator[Found]:
    """On every lab at least one wrong working differs from the truth."""
    for path, where, item in _asked(lesson):
        question = item.step.question
        try:
            named = question.kind not in MADE or question.mistakes()
        except (LessonlibError, KeyError):
            continue
        if not named:
            yield Found(
                (*path, "wrong"),
                f"{where}: wrong: every wrong working meets the truth here, so no mistake can be named",
            )


@rule("lab", "workings-apart")
def workings_apart(lesson: Lesson) -> Iterator[Found]:
    """Two wrong workings, or one and the truth, never lie within 15 % of each other."""
    for path, where, item in _asked(lesson):
        if item.step.question.kind != "number":
            continue
        try:
            values = _values(item)
        except (LessonlibError, KeyError):
            continue
        for (one, first), (other, second) in combinations(values, 2):
            if apart(first, second) < COLLIDE:
                yield Found(
                    (*path, "wrong"),
                    f"{where}: wrong: “{other}” comes within 15 % of “{one}”, so a guess there cannot be told apart; ask another number, or leave one out",
                )


def _values(item: StepItem) -> list[tuple[str, float]]:
    """The truth and each wrong working that does not meet it, with their values."""
    question = item.step.question
    truth = question.truth().base
    if truth <= 0:
        return []
    found = [(wrong["working"], in_base_units(question.number(wrong["working"]))) for wrong in question.raw["wrong"]]
    return [
        (question.raw["truth"], truth),
        *((name, value) for name, value in found if value > 0 and apart(value, truth) > TELLABLE),
    ]


@rule("words", "inputs-shown")
def inputs_shown(raw: Raw) -> Iterator[Found]:
    """A step that asks for a number names what it is worked out from, and its reveal prints that."""
    for path, where, body in _predictions(raw):
        if body.get("kind") == "number" and is_step("predict", body) and not body.get("inputs"):
            yield Found(path, f"{where}: inputs: name the workings that the answer is worked out from")


@rule("default lab", "operands-hidden")
def operands_hidden(lesson: Lesson) -> Iterator[Found]:
    """The stem never prints both numbers of the division or multiplication that it asks for."""
    for path, where, item in _asked(lesson):
        question = item.step.question
        names = question.raw.get("inputs", ())
        if question.kind != "number" or len(names) != 2:
            continue
        try:
            told = Text(question.stem())
            values = [question.number(name) for name in names]
            truth = question.truth().base
        except (LessonlibError, KeyError):
            continue
        if not all(isinstance(value, Quantity) and float(value) > 0 for value in values):
            continue
        one, other = (value.base for value in values)
        made = any(abs(truth / value - 1) < SAME for value in (one / other, other / one, one * other) if value)
        shown = all(
            Amount(name, value.base, value.unit, 2).told_by(told) for name, value in zip(names, values, strict=True)
        )
        if made and shown:
            yield Found(
                (*path, "stem"),
                f"{where}: stem: it prints both numbers of what it asks for ({' and '.join(names)}); leave one to be found",
            )


@rule("default lab", "longest-right")
def longest_right(lesson: Lesson) -> Iterator[Found]:
    """The right option is the longest no more often than chance, over the choices and over the observe checks of a lesson."""
    for what, found in (("choices", list(_choices(lesson))), ("observe checks", list(_observed(lesson)))):
        chance = sum(1 / len(options) for _, options, _ in found)
        longest = [
            path
            for path, options, right in found
            if all(len(options[right]) > len(text) for key, text in options.items() if key != right)
        ]
        if len(longest) > math.ceil(chance):
            yield Found(
                longest[-1],
                f"{what}: the right option is the longest in {len(longest)} of {len(found)}, by chance it would be {chance:.1f}; make others as long",
            )


def _choices(lesson: Lesson) -> Iterator[tuple[Path, Mapping[str, str], str]]:
    for path, _, item in _asked(lesson):
        question = item.step.question
        if question.kind == "choice":
            try:
                options = {option["key"]: plain(option["html"]) for option in question.ask()["options"]}
                yield (*path, "options"), options, question.right()
            except (LessonlibError, KeyError):
                continue


def _observed(lesson: Lesson) -> Iterator[tuple[Path, Mapping[str, str], str]]:
    for path, _, item in _asked(lesson):
        try:
            observe = item.step.question.observe()
        except (LessonlibError, KeyError):
            continue
        if observe:
            options = {option["key"]: plain(option["html"]) for option in observe["options"]}
            yield (*path, "observe", "options"), options, observe["right"]
