"""Number: a number with its unit, perhaps with an 80 % interval; judged by the factor it is off."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any, ClassVar

from lessonlib.base.quantity import Quantity, in_base_units, rounded
from lessonlib.base.units import tick_steps, unit_label, unit_scale, with_unit
from lessonlib.lesson.fragments import LINE, NAME, TEXT, Schema, defined, several
from lessonlib.lesson.guess import MOST_IN_A_NUMBER, GuessError, is_bare, parse_number, refuse_long, representable
from lessonlib.lesson.judge import (
    EXACT_WORKING,
    SAME_WORKING,
    TELLABLE,
    NumberVerdict,
    apart,
    close_at_best,
    judge_number,
    nearest_working,
)
from lessonlib.lesson.question import Guess, Prediction
from lessonlib.lesson.views import NumberAsk, PanelKind
from lessonlib.lesson.words import WordsError

Wrong = tuple[float, Mapping[str, Any]]


class Number(Prediction):
    """Judged by its factor; a guess near a known wrong working is told by its name."""

    kind: ClassVar[PanelKind] = "number"
    keys: ClassVar[Mapping[str, Schema]] = {
        "truth": NAME,
        "unit": LINE,
        "wrong": several(defined("wrong"), minItems=1),
        "because": TEXT,
        "too_low": TEXT,
        "too_high": TEXT,
    }

    @property
    def unit(self) -> str:
        """The unit asked in. A label such as "tok/s"; "x" asks for a factor."""
        return self.words.fill(self.raw["unit"], f"{self.where} unit")

    def _truth(self) -> Quantity:
        found = self.number(self.raw["truth"])
        if not isinstance(found, Quantity):
            kind = type(found).__name__
            raise WordsError(f"{self.where} truth: “{self.raw['truth']}” returns {kind}; return Quantity(value, unit)")
        return found

    def _wrong(self) -> list[Wrong]:
        """The likely wrong workings with their values; one that meets the truth on this lab is left out."""
        truth = self._truth().base
        found = [(in_base_units(self.number(wrong["working"])), wrong) for wrong in self.raw.get("wrong", ())]
        return [(value, wrong) for value, wrong in found if value > 0 and apart(value, truth) > TELLABLE]

    def ask(self) -> NumberAsk:
        """The unit asked in, and that an interval may be given."""
        return {
            "unit": unit_label(self.unit),
            "placeholder": "a number, such as 250 or 1.2e3",
            "interval": True,
        }

    @staticmethod
    def as_given(guess: Guess) -> Any:
        """The texts as they were typed."""
        return {"text": guess.get("text", ""), "low": guess.get("low_text", ""), "high": guess.get("high_text", "")}

    @staticmethod
    def on_paper(ask: Mapping[str, Any]) -> str:
        """A line to write on, with the unit."""
        return f"<p>Your guess: ____ {escape(ask['unit'])}</p>"

    def accept(self, given: Any) -> Guess:
        """A number and perhaps both ends of an interval, as texts; in base units."""
        given = {"text": given} if isinstance(given, str) else given
        if not isinstance(given, Mapping) or not isinstance(given.get("text"), str):
            raise GuessError("Type a number first.")
        text = _number_text(given["text"])
        value = parse_number(text, self.unit)
        texts = [_number_text(given.get(end) or "") for end in ("low", "high")]
        low, high = self._interval(texts, value)
        return {"text": text, "value": value, "low": low, "high": high, "low_text": texts[0], "high_text": texts[1]}

    def _interval(self, texts: list[str], value: float) -> tuple[float | None, float | None]:
        if not any(texts):
            return None, None
        if not all(texts):
            raise GuessError("Your range needs both ends, or neither.")
        low, high = (parse_number(text, self.unit) for text in texts)
        if not low <= value <= high:
            raise GuessError("Your range must run from low to high, with your guess inside it.")
        return low, high

    def right(self) -> dict[str, str]:
        """The truth in the unit asked in."""
        return {"text": as_typed(self._truth().base / unit_scale(self.unit))}

    def mistakes(self) -> list[tuple[str, Any]]:
        """Each wrong working with exactly what it gives: nobody sees these texts, and some lie on the edge of a band."""
        return [
            (wrong["misconception"], {"text": repr(value / unit_scale(self.unit))}) for value, wrong in self._wrong()
        ]

    def result(self, guess: Guess | None) -> dict[str, Any]:
        """By which factor it is off, and why."""
        truth = self._truth()
        base = {
            "truth": {"text": str(truth), "value": rounded(truth.base, 6)},
            "reveal": self.reveal(),
            "scale": self._scale(guess),
        }
        if guess is None:
            return {"tone": "plain", "headline": "Skipped", "summary": f"The answer: {truth}", "feedback": "", **base}
        verdict, wrong = self._judged(guess)
        summary = f"{verdict.headline}. The answer: {truth}.{self._held(verdict, guess)}"
        return {
            "tone": verdict.tone,
            "headline": verdict.headline,
            "summary": summary,
            "feedback": self._feedback(verdict, wrong, self._held(verdict, guess)),
            **base,
        }

    def _judged(self, guess: Guess) -> tuple[NumberVerdict, Wrong | None]:
        """How far off the guess is, and the wrong working that it came from."""
        verdict = judge_number(guess["value"], self._truth().base, guess["low"], guess["high"])
        wrong = self._wrong()
        within = EXACT_WORKING if verdict.spot_on else SAME_WORKING
        index = nearest_working(guess["value"], [value for value, _ in wrong], within)
        return (verdict, None) if index is None else (close_at_best(verdict), wrong[index])

    def _held(self, verdict: NumberVerdict, guess: Guess) -> str:
        """Whether the interval held the truth, behind another sentence; "" where none was given."""
        return {None: "", True: " Your range held the truth.", False: " Your range missed the truth."}[verdict.held]

    def _feedback(self, verdict: NumberVerdict, wrong: Wrong | None, told: str) -> str:
        held = f'<p class="ll-range">{told.strip()}</p>' if told else ""
        if verdict.spot_on:
            return self.html(self.raw["because"], "because") + held
        if wrong is not None:
            value, raw = wrong
            named = self.inline(raw["says"], "wrong.says")
            return (
                f"<p>{self._shown(value)} is what you get when {named}.</p>"
                + self.refute(raw["refutation"], "wrong.refutation")
                + held
            )
        side = "too_high" if verdict.factor > 1 else "too_low"
        return self.html(self.raw[side], side) + held

    def _shown(self, value: float) -> str:
        unit = self._truth().unit
        return escape(str(Quantity(value / unit_scale(unit), unit)))

    def _scale(self, guess: Guess | None) -> list[float]:
        """Ends of the log strip: a decade around everything on it."""
        values = [self._truth().base] + [guess[key] for key in ("value", "low", "high") if guess and guess.get(key)]
        return [rounded(min(values) / 4, 3), rounded(max(values) * 4, 3)]

    def guess_view(self, guess: Guess) -> dict[str, Any]:
        """The guess, and as ``shown`` how it stands there: with its unit."""
        text = guess["text"]
        return {**guess, "shown": with_unit(text, unit_label(self.unit)) if is_bare(text) else text}

    def drawing(self, guess: Guess | None) -> dict[str, Any]:
        """The units in which the axis of the strip is labelled; none where the truth is printed in the bare unit."""
        truth = self._truth()
        if truth.base != float(truth):  # a unit that is always printed as it is, such as minutes
            return {"ticks": [(unit_scale(truth.unit), truth.unit)]}
        return {"ticks": [] if str(truth).endswith(f" {truth.unit}") else tick_steps(truth.unit)}

    def truth(self) -> Quantity:
        """The working's value."""
        return self._truth()

    def score(self, guess: Guess) -> dict[str, Any]:
        """The factor, whether it counts as right, whether the interval held, and the misconception if it has a name."""
        verdict, wrong = self._judged(guess)
        found: dict[str, Any] = {"factor": rounded(verdict.factor), "right": verdict.spot_on}
        if verdict.held is not None:
            found["held"] = verdict.held
        if wrong is not None:
            found["misconception"] = wrong[1]["misconception"]
        return found


def as_typed(value: float) -> str:
    """A number as a person would type it: four digits, no marks between thousands."""
    return f"{rounded(value):.15g}"


def _number_text(given: Any) -> str:
    """As it was typed, without the space around it; it is kept, so its length counts with that space."""
    try:
        text = str(given) if isinstance(given, int | float) else given
    except ValueError:  # thousands of digits
        text = None
    if not isinstance(text, str):
        raise GuessError("Type each number as text.")
    refuse_long(text, MOST_IN_A_NUMBER)
    return representable(text).strip()
