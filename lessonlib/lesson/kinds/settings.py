"""Settings: a line ``vllm serve …`` that the learner changes, and forecasts of what it does; judged by a run of that very line.

The lesson's code reads the line and runs it; here it is only text. The settings count by their share of the best line known, the
forecasts by their factors against the learner's own run.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from html import escape
from typing import Any, ClassVar, Protocol

from lessonlib.base.errors import LessonlibError
from lessonlib.base.quantity import Quantity, rounded
from lessonlib.base.units import tick_steps, unit_label, unit_scale, with_unit
from lessonlib.lesson.fragments import LINE, NAME, TEXT, Schema, defined, keyed, several
from lessonlib.lesson.guess import (
    MOST_IN_A_NUMBER,
    MOST_TYPED,
    GuessError,
    is_bare,
    parse_number,
    refuse_long,
    representable,
)
from lessonlib.lesson.judge import NumberVerdict, apart, judge_number, times
from lessonlib.lesson.kinds.number import as_typed
from lessonlib.lesson.question import Guess, Prediction
from lessonlib.lesson.views import SettingsAsk, Tone

#: Settings that reach this share of the best line known are as good: nobody tells the two servers apart.
AS_GOOD = 0.9
#: Below this share they are off.
NEAR = 0.7


class Judged(Protocol):
    """What a lesson's ``judge`` gives for a line. numbers: what the run came to, by the names that are asked; of_best: share of the best
    line known; same_as: equal for lines that set the same; told: sentences in plain text: what bound.
    """

    @property
    def numbers(self) -> Mapping[str, Quantity]:
        """What the run came to, by name."""
        ...

    @property
    def of_best(self) -> float:
        """Share of the best line known."""
        ...

    @property
    def same_as(self) -> Hashable:
        """Equal for lines that set the same."""
        ...

    @property
    def told(self) -> str:
        """What bound, in sentences."""
        ...


class Settings(Prediction):
    """``line`` is a working that gives the line to start from, ``truth`` one that gives the best line known, ``judge`` a function of
    the lab and a line; it raises LessonlibError, in one line, for one that cannot run. ``asks`` are the numbers to be forecast.
    """

    kind = "settings"
    votable = False  # a command line of several flags
    keys: ClassVar[Mapping[str, Schema]] = {
        "line": NAME,
        "truth": NAME,
        "judge": NAME,
        "asks": several(
            keyed({"name": NAME, "label": LINE, "unit": LINE}, ("name", "label", "unit")), minItems=1, maxItems=3
        ),
        "because": TEXT,
        "fell_short": TEXT,
        "wrong": several(defined("wrong"), minItems=1),
        "exam": NAME,
        "title": LINE,
    }
    optional = frozenset({"concepts", "exam", "title"})

    def _line(self, name: str) -> str:
        """The working ``name`` as a line."""
        found = self.number(name)
        if not isinstance(found, str):
            raise LessonlibError(f"{self.where}: “{name}” must return a line as text")
        return found

    def judged(self, line: str) -> Judged:
        """What the lesson's code says of a line. Raises LessonlibError for one that cannot run."""
        found: Judged = self.words.code.function(self.raw["judge"])(self.words.lab, line)
        return found

    def ask(self) -> SettingsAsk:
        """The line to start from, and the numbers to forecast, each with a range."""
        return {
            "line": self._line(self.raw["line"]),
            "numbers": [
                {
                    "name": one["name"],
                    "label": one["label"],
                    "unit": unit_label(one["unit"]),
                    "placeholder": "a number",
                    "interval": True,
                    "needed": True,
                }
                for one in self.raw["asks"]
            ],
        }

    @staticmethod
    def as_given(guess: Guess) -> Any:
        """The line and the texts as they were typed."""
        numbers = {
            one.get("name", ""): {"text": one.get("text", ""), "low": one.get("low_text"), "high": one.get("high_text")}
            for one in guess.get("numbers", ())
            if isinstance(one, Mapping)
        }
        return {"line": guess.get("line", ""), "numbers": numbers}

    @staticmethod
    def on_paper(ask: Mapping[str, Any]) -> str:
        """The line of today, and lines to write on."""
        rows = "".join(
            f"<p>{escape(one['label'])}: ____ {escape(one['unit'])}, 80 % sure between ____ and ____ {escape(one['unit'])}</p>"
            for one in ask["numbers"]
        )
        return f"<pre>{escape(ask['line'])}</pre><p>Your line: ____</p>{rows}"

    def accept(self, given: Any) -> Guess:
        """A line that can run, and a number with its range for each that is asked."""
        if not isinstance(given, Mapping) or not isinstance(given.get("line"), str):
            raise GuessError("Type the line first.")
        refuse_long(given["line"], MOST_TYPED)
        line = representable(given["line"]).strip()
        texts = given.get("numbers")
        numbers = [self._forecast(one, texts if isinstance(texts, Mapping) else {}) for one in self.raw["asks"]]
        try:
            self.judged(line)
        except LessonlibError as error:
            raise GuessError(str(error)) from None
        return {"line": line, "numbers": numbers}

    @staticmethod
    def _forecast(asked: Mapping[str, str], texts: Mapping[str, Any]) -> dict[str, Any]:
        label, unit = asked["label"], asked["unit"]
        found = texts.get(asked["name"])
        given = found if isinstance(found, Mapping) else {}
        text, low_text, high_text = (_text(given.get(part), label) for part in ("text", "low", "high"))
        if not text:
            raise GuessError(f"{label}: type a number first.")
        if not (low_text and high_text):
            raise GuessError(
                f"{label}: a forecast needs its range, both ends, so that you would bet on it four times in five."
            )
        try:
            value, low, high = (parse_number(each, unit) for each in (text, low_text, high_text))
        except GuessError as error:
            raise GuessError(f"{label}: {error}") from None
        if not low <= value <= high:
            raise GuessError(f"{label}: your range must run from low to high, with your forecast inside it.")
        return {
            "name": asked["name"], "text": text, "value": value, "low": low, "high": high, "low_text": low_text, "high_text": high_text,
        }  # fmt: skip

    def guess_view(self, guess: Guess) -> dict[str, Any]:
        """The guess, and as ``shown`` how its forecasts stand there: with their units."""
        units = {one["name"]: unit_label(one["unit"]) for one in self.raw["asks"]}
        numbers = [
            {**one, "shown": with_unit(one["text"], units[one["name"]]) if is_bare(one["text"]) else one["text"]}
            for one in guess["numbers"]
        ]
        told = ", ".join(
            f"{asked['label']} {one['shown']}" for asked, one in zip(self.raw["asks"], numbers, strict=True)
        )
        return {**guess, "numbers": numbers, "shown": told}

    def right(self) -> dict[str, Any]:
        """The best line known, and what it comes to, a tenth around it."""
        return self._knowing(self._line(self.raw["truth"]))

    def mistakes(self) -> list[tuple[str, Any]]:
        """Each wrong line, with what it comes to; one that is as good as the best here is no mistake."""
        found = [(wrong["misconception"], self._line(wrong["working"])) for wrong in self.raw["wrong"]]
        return [(name, self._knowing(line)) for name, line in found if self.judged(line).of_best < AS_GOOD]

    def _knowing(self, line: str) -> dict[str, Any]:
        """A line with forecasts of who knows what it does."""
        numbers = {}
        for one in self.raw["asks"]:
            value = self.judged(line).numbers[one["name"]].base / unit_scale(one["unit"])
            numbers[one["name"]] = {
                "text": as_typed(value),
                "low": as_typed(value / 1.1),
                "high": as_typed(value * 1.1),
            }
        return {"line": line, "numbers": numbers}

    def verdicts(self, guess: Guess) -> list[tuple[Mapping[str, str], Mapping[str, Any], Quantity, NumberVerdict]]:
        """Each forecast: what was asked, what was typed, what the learner's own line came to, and how far that is off."""
        found = self.judged(guess["line"]).numbers
        return [
            (
                asked,
                typed,
                found[asked["name"]],
                judge_number(typed["value"], found[asked["name"]].base, typed["low"], typed["high"]),
            )
            for asked, typed in zip(self.raw["asks"], guess["numbers"], strict=True)
        ]

    def result(self, guess: Guess | None) -> dict[str, Any]:
        """What the line reaches of the best, what bound it, and how far off the forecasts were."""
        best = self._line(self.raw["truth"])
        if guess is None:
            return {
                "tone": "plain", "headline": "Skipped", "summary": f"The best line found: {best}", "feedback": "", "reveal": self.reveal(), "numbers": [],
            }  # fmt: skip
        judged, verdicts = self.judged(guess["line"]), self.verdicts(guess)
        share = judged.of_best
        tone: Tone = "right" if share >= AS_GOOD else "near" if share >= NEAR else "off"
        headline = f"Settings: {share_words(share)}"
        summary = (
            f"{headline}. {' '.join(_forecast_words(asked, truth, verdict) for asked, _, truth, verdict in verdicts)}"
        )
        return {
            "tone": tone,
            "headline": headline,
            "summary": summary,
            "feedback": f'<p class="ll-range">{escape(judged.told)}</p>{self._said(guess, judged)}{_forecast_list(verdicts)}',
            "reveal": self.reveal(),
            "numbers": [
                {
                    "name": asked["name"],
                    "truth": {"text": str(truth), "value": rounded(truth.base, 6)},
                    "scale": _scale([truth.base, typed["value"], typed["low"], typed["high"]]),
                    "ticks": tick_steps(truth.unit),
                }
                for asked, typed, truth, _ in verdicts
            ],
        }

    def _said(self, guess: Guess, judged: Judged) -> str:
        """The refutation of a wrong line that sets the same; else what is said of settings as good as the best, or of others."""
        if judged.of_best >= AS_GOOD:
            return self.html(self.raw["because"], "because")
        wrong = self._recognised(judged)
        if wrong is None:
            return self.html(self.raw["fell_short"], "fell_short")
        says = self.inline(wrong["says"], "wrong.says")
        return f'<p class="ll-range">That is what you get when {says}.</p>{self.refute(wrong["refutation"], "wrong.refutation")}'

    def _recognised(self, judged: Judged) -> Mapping[str, Any] | None:
        return next(
            (
                wrong
                for wrong in self.raw["wrong"]
                if self.judged(self._line(wrong["working"])).same_as == judged.same_as
            ),
            None,
        )

    def truth(self) -> str:
        """The best line known."""
        return self._line(self.raw["truth"])

    def score(self, guess: Guess) -> dict[str, Any]:
        """Whether the settings are as good as the best, their share of it, and factor and range of each forecast."""
        judged, verdicts = self.judged(guess["line"]), self.verdicts(guess)
        found: dict[str, Any] = {
            "right": judged.of_best >= AS_GOOD,
            "share": rounded(judged.of_best),
            "factors": [rounded(verdict.factor) for *_, verdict in verdicts],
            "helds": [bool(verdict.held) for *_, verdict in verdicts],
        }
        wrong = None if found["right"] else self._recognised(judged)
        return found | ({"misconception": wrong["misconception"]} if wrong else {})


def share_words(share: float) -> str:
    """A share of the best line known, in words."""
    if share > 1.005:
        return "better than the best line found"
    return f"{100 * share:.0f} % of the best line found" if share >= 0.005 else "next to nothing of the best line found"


def _forecast_words(asked: Mapping[str, str], truth: Quantity, verdict: NumberVerdict) -> str:
    off = (
        "spot on"
        if verdict.spot_on
        else f"{times(apart(verdict.factor, 1.0))} too {'high' if verdict.factor > 1 else 'low'}"
    )
    held = "held" if verdict.held else "missed"
    return f"{asked['label']}: {truth}, your forecast {off}, its range {held}."


def _forecast_list(verdicts: list[tuple[Mapping[str, str], Mapping[str, Any], Quantity, NumberVerdict]]) -> str:
    rows = "".join(
        f"<li>{escape(_forecast_words(asked, truth, verdict))}</li>" for asked, _, truth, verdict in verdicts
    )
    return f'<ul class="ll-range">{rows}</ul>'


def _scale(values: list[float]) -> list[float]:
    """Ends of a log strip: a decade around everything on it."""
    return [rounded(min(values) / 4, 3), rounded(max(values) * 4, 3)]


def _text(given: Any, label: str) -> str:
    if given in (None, ""):
        return ""
    if not isinstance(given, str):
        raise GuessError(f"{label}: type each number as text.")
    refuse_long(given, MOST_IN_A_NUMBER)
    return representable(given).strip()
