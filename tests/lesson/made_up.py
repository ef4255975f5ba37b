"""A made-up lesson in small: one question of each kind, with numbers that a test can do in its head.

Its workings are the functions of this module (the public ones that take a lab).
"""

from __future__ import annotations

import copy
import sys
from typing import Any

from lessonlib.base.quantity import Quantity
from lessonlib.lesson.code import SHARED, LessonCode, workings_of
from lessonlib.lesson.kinds import make_question
from lessonlib.lesson.question import Question
from lessonlib.lesson.step import Step
from lessonlib.lesson.words import Numbers, Words
from lessonlib.roofline import DEFAULT_LAB, Lab, load_lab

Raw = dict[str, Any]


# --- workings ------------------------------------------------------------------------------------------------


def hundred(lab: Lab) -> Quantity:
    """The truth of the number question."""
    return Quantity(100, "tok/s")


def fifty(lab: Lab) -> Quantity:
    return Quantity(50, "tok/s")


def forty_eight(lab: Lab) -> Quantity:
    """A truth in a unit that is printed as it is: 2,880 s."""
    return Quantity(48, "minutes")


def half_of_it(lab: Lab) -> Quantity:
    """A wrong working of it, in another unit of the same kind."""
    return Quantity(24 * 60, "s")


def gigabits(lab: Lab) -> Quantity:
    return Quantity(55.5, "Gbit/s")


def just_beside(lab: Lab) -> Quantity:
    """A wrong working within 10 % of the truth, but not so near that nobody could tell them apart."""
    return Quantity(108, "tok/s")


def too_near(lab: Lab) -> Quantity:
    """A wrong working that cannot be told from the truth."""
    return Quantity(104, "tok/s")


def eighth(lab: Lab) -> Quantity:
    return Quantity(12.5, "tok/s")


def square(lab: Lab) -> dict[str, list[float]]:
    """The truth of the curve question."""
    return {"x": [1, 2, 4, 8], "y": [10.0, 40.0, 160.0, 640.0]}


def straight(lab: Lab) -> dict[str, list[float]]:
    return {"x": [1, 2, 4, 8], "y": [10.0, 20.0, 40.0, 80.0]}


def hardly_square(lab: Lab) -> dict[str, list[float]]:
    """A wrong curve that cannot be told from the true one."""
    return {"x": [1, 2, 4, 8], "y": [10.0, 41.0, 159.0, 650.0]}


def slope_and_top(lab: Lab) -> dict[str, list[float]]:
    """The roof of the place question: 2 FLOP/s for each FLOP a byte, up to 200."""
    return {"x": [1, 100, 10_000], "y": [2.0, 200.0, 200.0]}


def on_the_slope(lab: Lab) -> dict[str, Any]:
    """The truth of the place question."""
    return {"x": 10.0, "y": 20.0, "label": "one step"}


def on_the_top(lab: Lab) -> dict[str, Any]:
    return {"x": 1000.0, "y": 200.0}


def beside_it(lab: Lab) -> dict[str, Any]:
    """A wrong dot that no hand can place apart from the true one."""
    return {"x": 10.5, "y": 21.0}


# --- questions -----------------------------------------------------------------------------------------------


def _refutation(idea: str) -> dict[str, str]:
    return {part: f"{part} of {idea}." for part in ("thought", "tempting", "wrong", "fact")}


def _wrong(working: str) -> Raw:
    return {
        "working": working,
        "misconception": f"took-{working.replace('_', '-')}",
        "says": f"{working} is taken",
        "refutation": _refutation(working),
    }


def _option(text: str) -> Raw:
    return {"text": text, "misconception": f"it-is-{text}", "refutation": _refutation(text)}


_REVEALED: Raw = {
    "reveal": "The reveal says {{ hundred }}.",
    "explanation": "The explanation.",
    "hints": ["First hint.", "Second hint."],
    "working": "hundred",
    "observe": {
        "ask": "What did it show?",
        "options": [{"text": "a fall"}, {"text": "a rise", "right": True}],
        "note": "It rose.",
    },
}

RAW: dict[str, Raw] = {
    "choice": {
        **_REVEALED,
        "kind": "choice",
        "id": "which",
        "stem": "Which **one**?",
        "options": [
            {"text": "memory", "right": True, "because": "Because it is."},
            _option("compute"),
            _option("network"),
        ],
    },
    "number": {
        **_REVEALED,
        "kind": "number",
        "id": "how-many",
        "stem": "How many?",
        "truth": "hundred",
        "unit": "tok/s",
        "because": "Well reasoned.",
        "too_low": "Think of more.",
        "too_high": "Think of less.",
        "wrong": [_wrong("eighth"), _wrong("too_near"), _wrong("just_beside")],
    },
    "curve": {
        **_REVEALED,
        "kind": "curve",
        "id": "what-shape",
        "stem": "Draw it.",
        "truth": "square",
        "because": "The shape is right because of you.",
        "x": {"label": "requests", "log": True},
        "y": {"label": "throughput", "unit": "tok/s", "log": True, "min": 1, "max": 1000},
        "wrong": [_wrong("straight"), _wrong("hardly_square")],
        "features": [
            {
                "name": "start",
                "from": "first",
                "to": "middle",
                "steeper": "Start too steep.",
                "flatter": "Start too flat.",
            },
            {
                "name": "end",
                "from": "middle",
                "to": "last",
                "tolerance": 0.1,
                "steeper": "End too steep.",
                "flatter": "End too flat.",
            },
        ],
    },
    "place": {
        **_REVEALED,
        "kind": "place",
        "id": "where-on-it",
        "stem": "Place it.",
        "truth": "on_the_slope",
        "roof": "slope_and_top",
        "because": "You read each byte once.",
        "too_left": "More work a byte than that.",
        "too_right": "Less work a byte than that.",
        "below": "It keeps up with the memory.",
        "x": {"label": "intensity", "unit": "FLOP/byte"},
        "y": {"label": "rate", "unit": "FLOP/s"},
        "wrong": [_wrong("on_the_top"), _wrong("beside_it")],
    },
    "blanks": {
        "kind": "blanks",
        "id": "gaps",
        "stem": "Fill in.",
        "text": "Prefill is ___-bound, decode ___-bound.",
        "answers": ["compute", "memory"],
        "reveal": "So it is.",
    },
    "recall": {"kind": "recall", "id": "aloud", "stem": "Say why.", "answer": "Because of {{ hundred }}."},
    "explain": {
        "kind": "explain",
        "id": "cold",
        "stem": "Explain it.",
        "answer": "The model answer.",
        "checklist": ["One point.", "Another point."],
    },
    "note": {"kind": "note", "id": "to-teacher", "stem": "Ask the teacher."},
    "closing": {"kind": "closing", "id": "the-end", "title": "The end", "ask": "What else?"},
}

KINDS = tuple(RAW)
JUDGED = ("choice", "number", "curve", "place")

#: what is kept as it is, and never judged
KEPT = ("note", "closing")

#: what a learner might send, and who knows it all
GUESS: dict[str, Any] = {
    "choice": "a",
    "number": {"text": "80", "low": "10", "high": "200"},
    "curve": [10, 20, 40, 80],
    "place": {"x": "20", "y": 40.0},
    "blanks": ["compute", ""],
    "recall": None,
    "explain": "Because so.",
    "note": "Why is that?",
    "closing": "What about that?",
}


def words(lab: str = DEFAULT_LAB) -> Words:
    """The words of the made-up lesson."""
    sources = {"a-paper": {"title": 'A "paper"', "by": "A. B.", "url": "https://example.org/a", "says": "So."}}
    return Words(
        Numbers({**LessonCode((SHARED,)).workings, **dict(workings_of(sys.modules[__name__]))}, load_lab(lab)), sources
    )


def raw(kind: str, **changes: Any) -> Raw:
    """The YAML of the question of this kind, with some of its keys changed; None takes one out."""
    found = {**copy.deepcopy(RAW[kind]), **changes}
    return {key: value for key, value in found.items() if value is not None}


def question(kind: str, **changes: Any) -> Question:
    return make_question(raw(kind, **changes), words(), f"made-up {RAW[kind]['id']}")


def step(kind: str, **changes: Any) -> Step:
    """A step with that question; ``step.kept`` is what it recorded."""
    made = Step(question(kind, **changes), "Step 1 · predict, then reveal")
    made.kept = []  # type: ignore[attr-defined]
    made.record = made.kept.append  # type: ignore[attr-defined]
    return made


def key_of(kind_question: Question, text: str) -> str:
    """The key of the option whose text is ``text``."""
    return next(option["key"] for option in kind_question.ask()["options"] if option["html"] == text)
