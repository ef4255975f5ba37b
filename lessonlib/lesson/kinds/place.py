"""Place: a dot on a log-log roof; judged by its intensity, and by whether it is on, below or above the roof."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from html import escape
from itertools import pairwise
from typing import Any, ClassVar

from lessonlib.base.quantity import Quantity, rounded
from lessonlib.base.units import base_unit, unit_label, unit_scale
from lessonlib.lesson.fragments import NAME, TEXT, Schema, defined, several
from lessonlib.lesson.guess import (
    LARGEST,
    MOST_IN_A_NUMBER,
    SMALLEST,
    GuessError,
    parse_number,
    refuse_long,
    representable,
)
from lessonlib.lesson.judge import NumberVerdict, Side, apart, judge_number, on_a_line, roof_side, times
from lessonlib.lesson.question import Guess, Prediction
from lessonlib.lesson.views import PlaceAsk, PlaceTruth, RoofView, Tone, WorkingView
from lessonlib.lesson.words import WordsError

Dot = Mapping[str, Any]
Wrong = tuple[Dot, Mapping[str, Any]]

#: a dot that a hand placed comes this near to where it was meant to be, along x and along y
NEAR_X, NEAR_Y = 1.10, 1.25
_WHERE: dict[Side, str] = {"on": "on the roof", "below": "below the roof", "above": "above the roof"}
_THERE: dict[Side, str] = {"on": "on it", "below": "below it", "above": "above it"}
_ABOVE = "<p>Nothing runs above the roof: there the memory would have to bring more bytes, or the cores compute faster, than they can.</p>"


class Place(Prediction):
    """Judged by x, on a log scale, and by its side of the roof; a dot near a known wrong working is told by its name."""

    kind = "place"
    keys: ClassVar[Mapping[str, Schema]] = {
        "truth": NAME,
        "roof": NAME,
        "x": defined("axis"),
        "y": defined("axis"),
        "wrong": several(defined("wrong"), minItems=1),
        "because": TEXT,
        "too_left": TEXT,
        "too_right": TEXT,
        "above": TEXT,
        "below": TEXT,
    }
    optional = frozenset({"concepts", "too_left", "too_right", "above", "below"})

    def _dot(self, name: str) -> Dot:
        """The working ``name`` as a dot, in base units."""
        found = self.number(name)
        fits = isinstance(found, Mapping) and all(_positive(found.get(axis)) is not None for axis in "xy")
        if not fits:
            raise WordsError(f"{self.where}: “{name}” returns no dot; return {{'x': …, 'y': …}}, both above zero")
        return {**found, "x": float(found["x"]), "y": float(found["y"])}

    def _roof(self) -> RoofView:
        found = self.number(self.raw["roof"])
        try:
            x, y = [float(value) for value in found["x"]], [float(value) for value in found["y"]]
        except (TypeError, KeyError, ValueError):
            x, y = [], []
        rises = all(one < other for one, other in pairwise(x))
        if len(x) < 2 or len(x) != len(y) or not rises or min(*x, *y) <= 0:
            raise WordsError(
                f"{self.where} roof: “{self.raw['roof']}” returns no roof; return {{'x': […], 'y': […]}}, x rising, all above zero"
            )
        return {"x": [rounded(value, 6) for value in x], "y": [rounded(value, 6) for value in y]}

    def _unit(self, axis: str) -> str:
        return self.words.fill(self.raw[axis].get("unit", ""), f"{self.where} {axis}.unit")

    def base_unit(self, axis: str) -> str:
        """The base unit of "x" or "y"."""
        return base_unit(self._unit(axis))

    def ask(self) -> PlaceAsk:
        """The axes and the roof; an axis whose ends are not said goes as far as the roof."""
        x, y, roof = self.raw["x"], self.raw["y"], self._roof()
        x_unit, y_unit = self._unit("x"), self._unit("y")
        return {
            "x_label": x["label"],
            "y_label": y["label"],
            "x_unit": unit_label(x_unit),
            "y_unit": unit_label(y_unit),
            "x_scale": unit_scale(x_unit),
            "y_scale": unit_scale(y_unit),
            "x_min": float(x.get("min", roof["x"][0])),
            "x_max": float(x.get("max", roof["x"][-1])),
            "y_min": float(y.get("min", _decade(min(roof["y"]), math.floor))),
            "y_max": float(y.get("max", _decade(2 * max(roof["y"]), math.ceil))),
            "roof": roof,
        }

    @staticmethod
    def as_given(guess: Guess) -> Any:
        """Both numbers as they were typed or dragged."""
        return {"x": guess.get("x_text") or guess.get("x"), "y": guess.get("y_text") or guess.get("y")}

    @staticmethod
    def on_paper(ask: Mapping[str, Any]) -> str:
        """What to place, with lines to write on."""
        x, y = (f"{escape(ask[f'{axis}_label'])} ____ {escape(ask[f'{axis}_unit'])}".strip() for axis in "xy")
        return f"<p>Place a dot on the roof: {x}, {y}</p>"

    def accept(self, given: Any) -> Guess:
        """A dot ``{"x": …, "y": …}``: each a number in base units (dragged) or a text (typed)."""
        if not isinstance(given, Mapping) or not all(given.get(axis) not in (None, "") for axis in "xy"):
            raise GuessError("Place your dot first: both of its numbers are needed.")
        (x, x_text), (y, y_text) = (self._coordinate(axis, given[axis]) for axis in "xy")
        return {"x": x, "y": y, "x_text": x_text, "y_text": y_text}

    def _coordinate(self, axis: str, given: Any) -> tuple[float, str]:
        if isinstance(given, str):
            refuse_long(given, MOST_IN_A_NUMBER)
            text = representable(given).strip()
            return parse_number(text, self._unit(axis)), text
        value = _positive(given)
        if value is None:
            raise GuessError("Both numbers of a dot must be above zero.")
        return value, ""

    def right(self) -> dict[str, float]:
        """The true dot."""
        truth = self._truth()
        return {"x": truth["x"], "y": truth["y"]}

    def _truth(self) -> Dot:
        return self._dot(self.raw["truth"])

    def _wrong(self) -> list[Wrong]:
        """The likely wrong dots; one that cannot be told from the truth on this lab is left out."""
        truth = self._truth()
        found = [(self._dot(wrong["working"]), wrong) for wrong in self.raw["wrong"]]
        return [(dot, wrong) for dot, wrong in found if not near(dot, truth)]

    def mistakes(self) -> list[tuple[str, Any]]:
        """Each wrong dot."""
        return [(wrong["misconception"], {"x": dot["x"], "y": dot["y"]}) for dot, wrong in self._wrong()]

    # --- judging --------------------------------------------------------------------------------------

    def _side(self, dot: Dot) -> Side:
        roof = self._roof()
        return roof_side(dot["y"], on_a_line(roof["x"], roof["y"], dot["x"]))

    def _height(self, guess: Guess) -> str:
        """What is wrong with where it stands against the roof, in words; "" if nothing is."""
        truth, side = self._truth(), self._side(guess)
        if side != self._side(truth):
            return f"{_WHERE[side]} instead of {_THERE[self._side(truth)]}"
        if side == "on" or apart(guess["y"], truth["y"]) <= NEAR_Y:
            return ""
        return f"{times(apart(guess['y'], truth['y']))} too {'high' if guess['y'] > truth['y'] else 'low'}"

    def _judged(self, guess: Guess) -> tuple[NumberVerdict, str, Tone]:
        """How far off along x, what is wrong along y, and how both together look."""
        verdict, height = judge_number(guess["x"], self._truth()["x"]), self._height(guess)
        if height.startswith(_WHERE["above"]):
            return verdict, height, "off"
        return verdict, height, "near" if height and verdict.spot_on else verdict.tone

    def result(self, guess: Guess | None) -> dict[str, Any]:
        """How far off along x, on which side of the roof, and why."""
        truth = self._truth_view()
        base = {"truth": truth, "reveal": self.reveal()}
        if guess is None:
            return {
                "tone": "plain",
                "headline": "Skipped",
                "summary": f"The dot: {truth['text']}",
                "feedback": "",
                **base,
            }
        verdict, height, tone = self._judged(guess)
        headline = ": ".join(filter(None, (verdict.words, _apart(verdict, height))))
        return {
            "tone": tone,
            "headline": headline,
            "summary": f"{headline}. The dot: {truth['text']}.",
            "feedback": self._feedback(guess),
            **base,
        }

    def _came_from(self, guess: Guess) -> Wrong | None:
        """The wrong working that the dot must have come from."""
        found = [(apart(dot["x"], guess["x"]), n) for n, (dot, _) in enumerate(self._wrong()) if near(dot, guess)]
        return self._wrong()[min(found)[1]] if found else None

    def _feedback(self, guess: Guess) -> str:
        verdict, height, tone = self._judged(guess)
        if tone == "right":
            return self.html(self.raw["because"], "because")
        wrong = self._came_from(guess)
        if wrong is not None:
            dot, raw = wrong
            named = self.inline(raw["says"], "wrong.says")
            return f"<p>{escape(self._shown(dot))} is what you get when {named}.</p>" + self.refute(
                raw["refutation"], "wrong.refutation"
            )
        side = next((name for name in ("above", "below") if height.startswith(_WHERE[name])), "")
        told = self.html(self.raw[side], side) if side in self.raw else _ABOVE if side == "above" else ""
        along = "" if verdict.spot_on else "too_right" if verdict.factor > 1 else "too_left"
        return told + (self.html(self.raw[along], along) if along in self.raw else "")

    def _shown(self, dot: Dot) -> str:
        """A dot in words, each number with its unit."""
        return ", ".join(str(Quantity(dot[axis], self.base_unit(axis))) for axis in "xy")

    def _truth_view(self) -> PlaceTruth:
        truth = self._truth()
        return {
            "x": rounded(truth["x"], 6),
            "y": rounded(truth["y"], 6),
            "label": str(truth.get("label", "")),
            "text": self._shown(truth),
        }

    def guess_view(self, guess: Guess) -> dict[str, Any]:
        """The dot, and as ``shown`` in words."""
        return {**guess, "shown": self._shown(guess)}

    def off_words(self, guess: Guess) -> str:
        """How far off, in a few words: "spot on", "×2 too far left"."""
        verdict, height, tone = self._judged(guess)
        return verdict.words.lower() if tone == "right" else _apart(verdict, height)

    def truth(self) -> dict[str, float]:
        """The dot, without its name."""
        return self.right()

    def working(self) -> WorkingView | None:
        """The function that placed the true dot, and the dot."""
        found = super().working()
        own = found is not None and found["name"] == self.raw["truth"]
        return {**found, "value": self._truth_view()["text"]} if found is not None and own else found

    def score(self, guess: Guess) -> dict[str, Any]:
        """The factor along x, whether it counts as right, and the misconception if it has a name."""
        verdict, _, tone = self._judged(guess)
        found: dict[str, Any] = {"factor": rounded(verdict.factor), "right": tone == "right"}
        wrong = None if tone == "right" else self._came_from(guess)
        return {**found, "misconception": wrong[1]["misconception"]} if wrong else found


def _apart(verdict: NumberVerdict, height: str) -> str:
    """What is wrong with a dot along x and along y, in a few words."""
    off = apart(verdict.factor, 1)
    along = "" if off < 1.005 else f"{times(off)} too far {'right' if verdict.factor > 1 else 'left'}"
    return ", ".join(filter(None, (along, height)))


def near(one: Dot, other: Dot) -> bool:
    """Whether two dots are one and the same to a hand that places them."""
    return apart(one["x"], other["x"]) <= NEAR_X and apart(one["y"], other["y"]) <= NEAR_Y


def _decade(value: float, towards: Callable[[float], int]) -> float:
    return 10.0 ** towards(math.log10(value))


def _positive(value: Any) -> float | None:
    """A positive number that can be compared, or None."""
    plain = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if plain and SMALLEST < value < LARGEST else None
