"""What a question keeps to itself until its reveal, and whether a text gives it away.

A secret is a sentence (of the reveal, the explanation, a refutation, ...), the right option of a step, or the
true number in any usual print: 130.73 tok/s is given away by "131", "130.7 tok/s" and "1.31e2".
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lessonlib.base.quantity import Quantity
from lessonlib.base.units import base_unit, unit_scale
from lessonlib.lesson.items import StepItem
from lessonlib.lesson.kinds.curve import Curve
from lessonlib.lesson.kinds.number import Number
from lessonlib.lesson.kinds.place import Place
from lessonlib.lesson.words import plain

#: a sentence shorter than this says too little to be told from ordinary talk
_LEAST_WORDS = 5
#: how many digits make a number without a unit telling
_TELLING_DIGITS = 3
#: prefixes in which a bare number may be meant: 3.35 of 3.35 TB/s
_PREFIXES = tuple(1000.0**power for power in range(-4, 7))

#: "38 tok/s is what you get when ...": says what went wrong, nothing of what is right
_SAID_OF_ANY = re.compile(
    r'^<p>[^<]*is what you get when.*?</p>|<p class="ll-range">.*?</p>|<ul class="ll-range">.*?</ul>'
)
#: "131 tokens" may go on "a second"
_TOKENS = {"tok", "token", "tokens"}

_SEAL = re.compile(r"\bseal [0-9a-f]{10}\b")
_WORD = re.compile(r"[\w×%]+(?:[.,/][\w]+)*")
_SPOKEN = re.compile(r'\b(?:alt|aria-label|title)="([^"]*)"')
_PER_SECOND = re.compile(r"[\s\u00a0](?:a|per) second\b")
_UNIT = r"[kKMGTPEmµun]?i?(?:[Bb]ytes?|B|[Bb]its?|FLOPS|FLOPs?|sec|s)(?:/s|/byte)?|tok(?:ens?)?(?:/s)?|sequences?|requests?|times|percent|per cent|[x×%]"
_NUMBER = re.compile(
    rf"(?<![\w.,])(?<![A-Za-z]-)(?<![A-Za-z]\d-)(?P<factor>[×x]\s?)?(?P<digits>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?)(?P<power>[eE][+-]?\d+)?(?:[\s\u00a0]?(?P<unit>{_UNIT})(?!\w))?(?!\w)"
)


@dataclass(frozen=True)
class Sentence:
    """Words that may not stand anywhere before the reveal."""

    what: str
    words: str

    def told_by(self, text: Text) -> bool:
        """Whether a text holds these words."""
        return f" {self.words} " in text.words


@dataclass(frozen=True)
class Amount:
    """A number that may not stand anywhere before the reveal.

    ``value`` is in the base unit of ``unit``; ``digits`` is how many of its digits, with the unit, give it away.
    """

    what: str
    value: float
    unit: str
    digits: int = _TELLING_DIGITS

    def told_by(self, text: Text) -> bool:
        """Whether a text holds this number, in any usual print."""
        return any(self._meant_by(*found) for found in text.numbers)

    def _meant_by(self, number: float, digits: int, unit: str) -> bool:
        if not unit or (unit in _TOKENS and base_unit(self.unit) == "tok/s"):
            return any(_rounds_to(self.value / scale, number, digits, _TELLING_DIGITS) for scale in self._scales())
        return base_unit(unit) == base_unit(self.unit) and _rounds_to(
            self.value, number * unit_scale(unit), digits, self.digits
        )

    def _scales(self) -> Iterable[float]:
        return _PREFIXES if base_unit(self.unit) in {"B", "B/s", "FLOP", "FLOP/s", "s", "bit"} else (1.0,)


Secret = Sentence | Amount


@dataclass(frozen=True)
class Text:
    """A text as a person reads it. ``raw`` is HTML or plain text."""

    raw: str

    @cached_property
    def spoken(self) -> str:
        """What is read or read aloud: text, and the names of pictures. Coordinates of a drawing are neither."""
        names = " . ".join(html.unescape(name) for name in _SPOKEN.findall(self.raw))
        return _SEAL.sub(" ", f"{plain(self.raw)} . {names}")

    @cached_property
    def words(self) -> str:
        """Its words as :func:`normal` has them, with a space at both ends."""
        return f" {normal(self.spoken)} "

    @cached_property
    def numbers(self) -> list[tuple[float, int, str]]:
        """Each number as (value as printed, digits printed, unit or "")."""
        found = []
        for shape in _NUMBER.finditer(_PER_SECOND.sub("/s", self.spoken)):
            digits = re.sub(r"[^\d]", "", shape["digits"]).lstrip("0")
            value = float(shape["digits"].replace(",", "") + (shape["power"] or ""))
            found.append((value, len(digits), "x" if shape["factor"] else shape["unit"] or ""))
        return found


def normal(text: str) -> str:
    """Its words in lower case, one space between them, without punctuation."""
    return " ".join(_WORD.findall(text.lower()))


def _rounds_to(truth: float, number: float, digits: int, least: int) -> bool:
    """Whether ``number``, printed with so many digits, is ``truth`` rounded to ``least`` digits or more."""
    if not number or digits < least or not 0.9 < truth / number < 1.1:
        return False
    return any(
        math.isclose(float(f"{truth:.{count - 1}e}"), number, rel_tol=1e-9) for count in range(least, digits + 1)
    )


# --- of a question -------------------------------------------------------------------------------------------


def secrets(item: StepItem) -> list[Secret]:
    """What must stay unsaid until ``item`` is revealed."""
    question = item.step.question
    told = list(question.mistakes()) + ([("right", question.right())] if not question.only_kept else [])
    texts = {"reveal": question.reveal()}
    for name, given in told:
        result = question.result(question.accept(given))
        texts[f"feedback on {name}"] = _SAID_OF_ANY.sub("", result.get("feedback", ""))
        texts |= {f"feature {number}": text for number, text in enumerate(result.get("missed", ()), 1)}
        texts |= {f"checklist {number}": text for number, text in enumerate(result.get("checklist", ()), 1)}
        texts["answer"] = result.get("answer", "")
    found: list[Secret] = [sentence for what, text in texts.items() for sentence in _sentences(what, text)]
    return found + right_option(item) + amounts(item)


def late_secrets(item: StepItem) -> list[Secret]:
    """What must stay unsaid until the learner has said what the reveal showed."""
    question = item.step.question
    observe = question.observe() or {"note": ""}
    return [*_sentences("explanation", question.explanation()), *_sentences("observe.note", observe["note"])]


def amounts(item: StepItem) -> list[Amount]:
    """The true numbers: of a number its value, of a curve the points beyond its middle, of a dot both."""
    question = item.step.question
    if isinstance(question, Number):
        truth: Quantity = question.truth()
        return [Amount("truth", truth.base, truth.unit, min(truth.digits, _TELLING_DIGITS))]
    if isinstance(question, Curve):
        y = question.truth()["y"]
        return [Amount("truth", value, question.ask()["y_unit"]) for value in y[len(y) // 2 + 1 :]]
    if isinstance(question, Place):
        dot = question.truth()  # the drawn roof shows its peak before, so the height of a dot there is no secret
        told = [axis for axis in "xy" if axis == "x" or dot["y"] not in question.ask()["roof"]["y"]]
        return [Amount("truth", dot[axis], question.base_unit(axis)) for axis in told]
    return []


def right_option(item: StepItem) -> list[Secret]:
    """The right option of a step. What a quiz asks from memory was said before, that is its point."""
    question = item.step.question
    told = question.kind in ("choice", "settings") and not item.raw.get("quiz")
    words = normal(plain(question.truth())) if told else ""
    return [Sentence("right option", words)] if words.count(" ") >= 2 else []


def _sentences(what: str, markup: str) -> list[Sentence]:
    pieces = re.split(
        r"(?<=[.!?:;])\s+|<[^>]*>",
        re.sub(r"</?(?:strong|em|code|a|sup)\b[^>]*>", "", re.sub(r"<sup.*?</sup>", "", markup)),
    )
    words = (normal(html.unescape(piece)) for piece in pieces)
    return [Sentence(what, piece) for piece in words if piece.count(" ") + 1 >= _LEAST_WORDS]


# --- of a view ---------------------------------------------------------------------------------------------


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text and number in a view as (path, text)."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from leaves(part, f"{path}.{key}" if path else str(key))
    elif isinstance(value, (list, tuple)):
        for index, part in enumerate(value):
            yield from leaves(part, f"{path}[{index}]")
    elif isinstance(value, str):
        yield path, value
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield path, f"{value:.6g}" if abs(value) < 1e6 else f"{value:.0f}"
