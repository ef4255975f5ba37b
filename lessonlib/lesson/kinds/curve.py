"""Curve: the learner draws it before the true one appears; judged by shape, on log axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, ClassVar

from lessonlib.base.quantity import rounded
from lessonlib.lesson.fragments import NAME, TEXT, Schema, defined, several
from lessonlib.lesson.guess import LARGEST, SMALLEST, GuessError
from lessonlib.lesson.judge import apart, curve_factor, judge_number, off_words, slope, times
from lessonlib.lesson.question import Guess, Prediction
from lessonlib.lesson.views import CurveAsk
from lessonlib.lesson.words import WordsError


class Curve(Prediction):
    """Judged by the mean factor, or by its last point, and by what its shape missed."""

    kind = "curve"
    keys: ClassVar[Mapping[str, Schema]] = {
        "truth": NAME,
        "wrong": several(defined("wrong"), minItems=1),
        "because": TEXT,
        "x": defined("axis"),
        "y": {**defined("axis"), "required": ["min", "max"]},
        "features": several(defined("feature"), minItems=1),
        "judged": {"enum": ["mean", "last"]},
    }
    optional = frozenset({"concepts", "judged"})

    def _truth(self) -> dict[str, list[float]]:
        """The working's {"x": [...], "y": [...]}."""
        found: dict[str, list[float]] = self.number(self.raw["truth"])
        return found

    def ask(self) -> CurveAsk:
        """The columns and the axes."""
        raw, x = self.raw, list(self._truth()["x"])
        if raw["x"].get("log", True) and min(x) <= 0:
            raise WordsError(
                f"{self.where} x: “{raw['truth']}” gives {min(x):g}, which has no place on a logarithmic axis; say `log: false`"
            )
        return {
            "x": x,
            "x_label": raw["x"]["label"],
            "y_label": raw["y"]["label"],
            "x_unit": raw["x"].get("unit", ""),
            "y_unit": raw["y"].get("unit", ""),
            "x_log": raw["x"].get("log", True),
            "y_log": raw["y"].get("log", True),
            "y_min": float(raw["y"]["min"]),
            "y_max": float(raw["y"]["max"]),
            "start": None,
        }

    @staticmethod
    def as_given(guess: Guess) -> Any:
        """The values of the columns."""
        return guess.get("y")

    @staticmethod
    def on_paper(ask: Mapping[str, Any]) -> str:
        """What to draw."""
        return f"<p>Draw {escape(ask['y_label'])} against {escape(ask['x_label'])}.</p>"

    def accept(self, given: Any) -> Guess:
        """A positive number for each column."""
        count = len(self._truth()["x"])
        if not isinstance(given, Sequence) or isinstance(given, str) or len(given) != count:
            raise GuessError(f"Draw the whole curve first: it has {count} points.")
        values = [_number(value) for value in given]
        if None in values:
            raise GuessError("Each point of the curve must be a number above zero.")
        return {"y": values}

    def right(self) -> list[float]:
        """The true curve."""
        return list(self._truth()["y"])

    def _wrong(self) -> list[tuple[list[float], Mapping[str, Any]]]:
        """The likely wrong curves; one that meets the truth on this lab is left out."""
        found = [(list(self.number(wrong["working"])["y"]), wrong) for wrong in self.raw["wrong"]]
        return [(y, wrong) for y, wrong in found if not self._same(y, self._truth()["y"])]

    def _same(self, one: Sequence[float], other: Sequence[float]) -> bool:
        return judge_number(self._off(one, other), 1.0).spot_on

    @property
    def _at_last(self) -> bool:
        """Whether its last point is judged: where curves that differ begin alike, their mean hides it."""
        return self.raw.get("judged") == "last"

    def _off(self, one: Sequence[float], other: Sequence[float]) -> float:
        """By which factor two curves are apart: on average, or at their last points."""
        return apart(one[-1], other[-1]) if self._at_last else curve_factor(one, other)

    def mistakes(self) -> list[tuple[str, Any]]:
        """Each wrong curve."""
        return [(wrong["misconception"], y) for y, wrong in self._wrong()]

    def result(self, guess: Guess | None) -> dict[str, Any]:
        """By which factor it is off on average, and what its shape missed."""
        truth = self._truth()
        base = {"reveal": self.reveal(), "truth_y": [rounded(y, 5) for y in truth["y"]]}
        if guess is None:
            return {
                "tone": "plain",
                "headline": "Skipped",
                "summary": "The true curve is drawn.",
                "feedback": "",
                "missed": [],
                **base,
            }
        off = self._off(guess["y"], truth["y"])
        missed = self._missed(guess["y"])
        verdict = judge_number(off, 1.0)
        where = "At the last point" if self._at_last else "On average"
        headline = "Spot on" if verdict.spot_on else f"{where} {times(off)} off"
        summary = f"{headline}. {'The shape is right.' if not missed else 'The shape differs; see below.'}"
        return {
            "tone": verdict.tone,
            "headline": headline,
            "summary": summary,
            "missed": missed,
            "feedback": self._feedback(guess, missed),
            **base,
        }

    def _feedback(self, guess: Guess, missed: list[str]) -> str:
        if not self._same(guess["y"], self._truth()["y"]):
            for y, wrong in self._wrong():
                if self._same(guess["y"], y):
                    named = self.inline(wrong["says"], "wrong.says")
                    return f"<p>This is the curve you get when {named}.</p>" + self.refute(
                        wrong["refutation"], "wrong.refutation"
                    )
        return "" if missed else self.html(self.raw["because"], "because")

    def _missed(self, y: list[float]) -> list[str]:
        """A text for each feature (a stretch of the curve) whose growth differs from the truth's."""
        truth, missed = self._truth(), []
        for feature in self.raw["features"]:
            ends = self._place(feature["from"]), self._place(feature["to"])
            difference = slope(truth["x"], y, *ends) - slope(truth["x"], truth["y"], *ends)
            if abs(difference) > feature.get("tolerance", 0.2):
                missed.append(
                    self.inline(feature["steeper" if difference > 0 else "flatter"], f"feature {feature['name']}")
                )
        return missed

    def _place(self, name: str) -> int:
        """A named place on the grid (the grid differs from lab to lab)."""
        last = len(self._truth()["x"]) - 1
        return {"first": 0, "middle": (last + 1) // 2, "last": last}[name]

    def drawing(self, guess: Guess | None) -> dict[str, Any]:
        """For each column in words how far off the guess was."""
        truth = self._truth()["y"]
        return {"columns": [off_words(*pair) for pair in zip(guess["y"], truth, strict=True)] if guess else []}

    def truth(self) -> dict[str, list[float]]:
        """The working's curve."""
        return self._truth()

    def score(self, guess: Guess) -> dict[str, Any]:
        """The factor, whether it counts as right, and how many features were missed."""
        off = self._off(guess["y"], self._truth()["y"])
        return {
            "factor": rounded(off),
            "right": judge_number(off, 1.0).spot_on,
            "missed": len(self._missed(guess["y"])),
        }


def _number(value: Any) -> float | None:
    """A positive number that can be compared, or None."""
    plain = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if plain and SMALLEST < value < LARGEST else None
