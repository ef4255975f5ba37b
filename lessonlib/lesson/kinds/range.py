"""Range: a forecast, a number between two ends that must be given; judged by its factor and by what the range is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from html import escape
from typing import Any, ClassVar

from lessonlib.lesson.fragments import NAME, Schema
from lessonlib.lesson.guess import GuessError
from lessonlib.lesson.judge import CLOSE, NumberVerdict, times
from lessonlib.lesson.kinds.number import Number, Wrong, as_typed
from lessonlib.lesson.question import Guess
from lessonlib.lesson.views import NumberAsk

#: A range whose high end is more than so many times its low end commits to little.
WIDE = 4.0


class Range(Number):
    """A forecast counts as right within x1.25. Its range should hold the truth four times in five, and be no wider than that takes.

    ``exam`` names a working that gives sets of labs, one for each such question of the lesson; the question is then about
    the lab at its place in the set that is drawn, and is revealed once all of the set are committed.
    """

    kind = "range"
    keys: ClassVar[Mapping[str, Schema]] = {**Number.keys, "exam": NAME}
    optional = Number.optional | {"wrong", "exam"}

    def ask(self) -> NumberAsk:
        """The unit asked in, and that both ends must be given."""
        return {**super().ask(), "needed": True}

    @staticmethod
    def on_paper(ask: Mapping[str, Any]) -> str:
        """Lines to write on, with the unit."""
        unit = escape(ask["unit"])
        return f"<p>Your forecast: ____ {unit}, 80 % sure between ____ and ____ {unit}</p>"

    def right(self) -> dict[str, str]:
        """The truth in the unit asked in, and a tenth around it."""
        return _a_tenth_around(super().right())

    def mistakes(self) -> list[tuple[str, Any]]:
        """Each wrong working with what it gives, and a tenth around it."""
        return [(name, _a_tenth_around(given)) for name, given in super().mistakes()]

    def _interval(self, texts: list[str], value: float) -> tuple[float | None, float | None]:
        if not all(texts):
            raise GuessError("A forecast needs its range: both ends, so that you would bet on it four times in five.")
        return super()._interval(texts, value)

    def _judged(self, guess: Guess) -> tuple[NumberVerdict, Wrong | None]:
        verdict, wrong = super()._judged(guess)
        if wrong is None and verdict.off <= CLOSE:
            return replace(verdict, tone="right"), None
        return verdict, wrong

    def _held(self, verdict: NumberVerdict, guess: Guess) -> str:
        """Whether the range held the truth, how wide it was, and what that is worth."""
        width = guess["high"] / guess["low"]
        wide = f"Its ends are {times(width)} apart" if width > 1 else "Its ends are the same"
        if not verdict.held:
            return f" Your range missed the truth. {wide}: be wider next time, or check the class on the card."
        if width > WIDE:
            return f" Your range held the truth. {wide}: so wide that it commits to little."
        return f" Your range held the truth. {wide}: honest and of use."


def _a_tenth_around(given: Mapping[str, str]) -> dict[str, str]:
    """The number with a range that is a tenth lower and higher."""
    value = float(given["text"])
    return {"text": given["text"], "low": as_typed(value / 1.1), "high": as_typed(value * 1.1)}
