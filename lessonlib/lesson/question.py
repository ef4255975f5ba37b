"""What every kind of question has in common.

A kind answers five things: how it asks, which guesses are valid (``accept``), what a guess is worth
(``result``), which guess is right (``right``), and which mistakes are likely (``mistakes``). *Valid* is
apart from *correct*: a guess that cannot be read never counts as wrong.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from html import escape
from typing import Any, ClassVar

from lessonlib.base.errors import LessonlibError
from lessonlib.base.quantity import Quantity
from lessonlib.lesson.block import more
from lessonlib.lesson.fingerprint import fingerprintable
from lessonlib.lesson.fragments import ID, LINE, NAME, TEXT, WORKING, Schema, defined, several
from lessonlib.lesson.guess import MOST_TYPED, GuessError, refuse_long, representable
from lessonlib.lesson.views import GradeView, OptionView, PanelKind, WorkingView
from lessonlib.lesson.words import Words, WordsError
from lessonlib.roofline import Lab, load_gpu, load_lab

Guess = dict[str, Any]
Raw = Mapping[str, Any]

CONFIDENCE = ("just guessing", "fairly sure", "certain")
#: the level of confidence at which a miss is a surprise
CERTAIN = len(CONFIDENCE) - 1
GRADES: tuple[GradeView, ...] = (
    {"key": "got", "label": "Had it"},
    {"key": "partly", "label": "Partly"},
    {"key": "missed", "label": "Missed it"},
)

_REFUTATION = (
    ("thought", "The thought"),
    ("tempting", "Why it tempts"),
    ("wrong", "Where it fails"),
    ("fact", "What is true"),
)


class Question:
    """One question of a lesson, for one lab.

    ``raw`` is its entry in the YAML (already validated), ``words`` renders its texts, ``where`` names it in errors.
    A kind is one class: its keys in a lesson file, its title and its form follow from here. The page draws it by the
    script that registers its name.
    """

    kind: ClassVar[PanelKind]
    #: its key in a lesson file, and the notebook's method, if that is not the kind's own name
    entry: ClassVar[str] = ""
    #: what the notebook's method says it does
    does: ClassVar[str]
    #: over the panel and on the collapsed bar of its cell; a prediction is numbered instead
    title: ClassVar[str] = ""
    #: what an author writes beside ``id`` and ``stem``: key -> schema
    keys: ClassVar[Mapping[str, Schema]] = {}
    #: those of the keys that may be left out
    optional: ClassVar[frozenset[str]] = frozenset({"concepts"})
    #: whether what it asks stands under ``stem`` in a lesson file
    asks_by_stem: ClassVar[bool] = True
    #: whether it waits for no step
    open_at_once: ClassVar[bool] = False
    #: whether a guess carries a confidence
    sure: ClassVar[bool] = False
    #: whether the learner grades it, not the course
    self_graded: ClassVar[bool] = False
    #: whether it is kept as it is, changed and kept again, and never judged
    only_kept: ClassVar[bool] = False
    #: whether a class can be asked it; not, where a phone is no place for the answer
    votable: ClassVar[bool] = True

    def __init__(self, raw: Raw, words: Words, where: str):
        self.raw, self.where = raw, where
        self.id: str = raw["id"]
        self.words = self._elsewhere(words) if raw.get("elsewhere") else words

    def _elsewhere(self, words: Words) -> Words:
        """The words for the other set-up of a transfer question."""
        try:
            return words.elsewhere(another_lab(words.lab, self.raw["elsewhere"]))
        except LessonlibError as error:
            raise WordsError(f"{self.where} elsewhere: {error}") from None

    # --- the five answers of a kind ---------------------------------------------------------------

    def ask(self) -> Mapping[str, Any]:
        """What the form needs. It must not depend on the truth."""
        raise NotImplementedError

    def accept(self, given: Any) -> Guess:
        """``given`` (from the browser) as a guess; :class:`GuessError` with one line if it is not valid."""
        raise NotImplementedError

    def result(self, guess: Guess | None) -> dict[str, Any]:
        """What the reveal says to ``guess``; ``None`` is a skip."""
        raise NotImplementedError

    def right(self) -> Any:
        """What a learner who knows would send."""
        raise NotImplementedError

    def mistakes(self) -> list[tuple[str, Any]]:
        """Every likely mistake: (its name, what a learner who makes it would send)."""
        return []

    # --- shared -------------------------------------------------------------------------------------

    def truth(self) -> Any:
        """The truth, for the fingerprint."""
        raise NotImplementedError

    def score(self, guess: Guess) -> dict[str, Any]:
        """What the journal keeps of a judged guess, beside the guess itself."""
        return {}

    def also_sealed(self) -> Mapping[str, Any]:
        """What it shows beside what a question says, for the seal."""
        return {}

    def guess_view(self, guess: Guess) -> dict[str, Any]:
        """A guess as the panel shows it."""
        return guess

    def drawing(self, guess: Guess | None) -> dict[str, Any]:
        """What the page needs beyond the words of the result to draw it. It follows from them, so no seal counts it."""
        return {}

    @staticmethod
    def as_given(guess: Guess) -> Any:
        """A kept guess as the browser would send it."""
        return guess.get("text")

    @staticmethod
    def on_paper(ask: Mapping[str, Any]) -> str:
        """What stands in place of the form where no widget can live, as HTML."""
        return ""

    def stem(self) -> str:
        """What is asked, as HTML."""
        return self.html(self.raw["stem"], "stem")

    def hints(self) -> list[str]:
        """The hints, as HTML, in the order in which they are given."""
        return [self.inline(hint, f"hint {n}") for n, hint in enumerate(self.raw.get("hints", ()), 1)]

    def reveal(self) -> str:
        """What the reveal says to everyone, as HTML, and below it in one small line what the answer was worked out from."""
        return (self.html(self.raw["reveal"], "reveal") if "reveal" in self.raw else "") + self._inputs()

    def _inputs(self) -> str:
        shown = (
            f"{escape(label_of(name))} {escape(_in_a_row(self.number(name)))}" for name in self.raw.get("inputs", ())
        )
        line = " · ".join(shown)
        return f'<p class="ll-inputs">From: {line}</p>' if line else ""

    def explanation(self) -> str:
        """What is explained once the learner has said what the reveal showed, as HTML; what is for later stays closed."""
        said = self.html(self.raw["explanation"], "explanation") if "explanation" in self.raw else ""
        return said + (more(self.html(self.raw["more"], "more")) if "more" in self.raw else "")

    def working(self) -> WorkingView | None:
        """The real source of the function that computed the truth, and what it gave for this lab."""
        name = self.raw.get("working") or self.raw.get("truth")
        if not name:
            return None
        value = self.number(name)
        function = self.words.numbers.function(name)
        shown = value.show(max(value.digits, 4)) if isinstance(value, Quantity) else ""
        return {"name": name, "source": inspect.getsource(function).rstrip(), "value": shown}

    def observe(self) -> dict[str, Any] | None:
        """The observe check as (ask, options with keys, right key, note), or None."""
        raw = self.raw.get("observe")
        if raw is None:
            return None
        options = self.shuffled(raw["options"])
        cards: list[OptionView] = [
            {"key": key, "html": self.inline(option["text"], "observe option")} for key, option in options
        ]
        return {
            "ask": self.inline(raw["ask"], "observe.ask"),
            "options": cards,
            "right": next(key for key, option in options if option.get("right")),
            "note": self.html(raw["note"], "observe.note"),
        }

    def shuffled(self, options: list[Raw]) -> list[tuple[str, Raw]]:
        """The options in an order that depends on their words alone: stable, and blind to which is right."""
        ordered = sorted(options, key=lambda option: hashlib.sha256(f"{self.id}|{option['text']}".encode()).digest())
        return list(zip("abcdefgh", ordered, strict=False))

    def asked_hash(self) -> str:
        """Changes when what is asked, or its truth, changes: then the learner is asked anew."""
        asked = [self.kind, self.stem(), fingerprintable(self.ask()), fingerprintable(self.truth())]
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:12]

    def number(self, name: str) -> Any:
        """The working ``name``; ``here.NAME`` is that of the learner's own lab."""
        return self.words.number(name, self.where)

    def html(self, text: str, part: str) -> str:
        """``text`` as HTML blocks; ``part`` names it in errors."""
        return self.words.html(text, f"{self.where} {part}")

    def inline(self, text: str, part: str) -> str:
        """``text`` as HTML without a paragraph around it; ``part`` names it in errors."""
        return self.words.inline(text, f"{self.where} {part}")

    def refute(self, raw: Raw, part: str) -> str:
        """A refutation of four parts as a small definition list."""
        rows = "".join(
            f"<dt>{label}</dt><dd>{self.inline(raw[key], f'{part}.{key}')}</dd>" for key, label in _REFUTATION
        )
        return f'<dl class="ll-refutation">{rows}</dl>'


class Prediction(Question):
    """A question that is judged, with a confidence; revealed, observed and explained."""

    entry = "predict"
    does = "A prediction: choice, number, curve or dot."
    sure = True
    #: what an author may write for each of them; ``keys`` are what one kind needs
    common: ClassVar[Mapping[str, Schema]] = {
        "quiz": {"type": "boolean"},
        "transfer": {"type": "boolean"},
        "sealed": {"type": "boolean"},
        "elsewhere": defined("elsewhere"),
        "concepts": several(ID),
        "surprise": {"type": "boolean"},
        "stem": TEXT,
        "hints": several(TEXT),
        "reveal": TEXT,
        "observe": defined("observe"),
        "explanation": TEXT,
        "more": TEXT,
        "again": LINE,
        "inputs": several(WORKING, minItems=1),
        "working": NAME,
    }


class SelfGraded(Question):
    """A question that the learner grades against the answer shown."""

    self_graded = True

    def accept(self, given: Any) -> Guess:
        """Any text, or none: then it was said aloud."""
        return {"text": typed(given)} if given else {}

    def result(self, guess: Guess | None) -> dict[str, Any]:
        """The answer, to be graded by the learner."""
        return {
            "tone": "plain",
            "headline": "Compare",
            "summary": "The answer is shown. Grade yourself.",
            "feedback": "",
            "reveal": self.reveal(),
            "answer": self.html(self.raw["answer"], "answer"),
            "grades": list(GRADES),
            "grade": None,
        }

    def right(self) -> Any:
        """Said aloud."""
        return None

    def truth(self) -> Any:
        """The model answer."""
        return self.html(self.raw["answer"], "answer")


#: words of a working's name that are not written in small letters
_SPELLED = {
    "flop": "FLOP",
    "flops": "FLOPs",
    "gpu": "GPU",
    "gpus": "GPUs",
    "hbm": "HBM",
    "itl": "ITL",
    "kv": "KV",
    "slo": "SLO",
    "tp": "TP",
    "ttft": "TTFT",
    "q4 k m": "Q4_K_M",
}
_IN_SMALL = re.compile(rf"\b({'|'.join(_SPELLED)})\b")


def _in_a_row(value: Any) -> str:
    """A number as text; several, one after the other."""
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def label_of(name: str) -> str:
    """A working's name in words, as beside a number: "weights read" for ``weights_read`` and ``here.weights_read``."""
    return _IN_SMALL.sub(lambda word: _SPELLED[word[1]], name.removeprefix("here.").replace("_", " "))


def typed(given: Any, most: int = MOST_TYPED) -> str:
    """Text that a learner typed, as text, of at most so many characters."""
    if not isinstance(given, str):
        raise GuessError("Type your answer as text.")
    refuse_long(given, most)
    return representable(given).strip()


def another_lab(lab: Lab, where: Mapping[str, Sequence[str]]) -> Lab:
    """The set-up ``where`` names, as seen from ``lab``.

    ``{"gpu": ["h200-sxm", "h100-sxm"]}`` is the same lab on the first of these GPUs that is not its own;
    ``{"lab": [...]}`` likewise takes another shipped lab. What was measured on the own GPUs does not travel.
    """
    if "lab" in where:
        return load_lab(next(name for name in where["lab"] if name != lab.name))
    gpu = load_gpu(next(name for name in where["gpu"] if name != lab.system.gpu.name))
    return replace(lab, system=replace(lab.system, gpu=gpu), measured={})
