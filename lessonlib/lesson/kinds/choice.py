"""Choice: one of three or four options; every wrong one is a named misconception."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from lessonlib.lesson.fragments import LINE, NAME, Schema, defined, several
from lessonlib.lesson.guess import GuessError
from lessonlib.lesson.question import Guess, Prediction
from lessonlib.lesson.views import ChoiceAsk
from lessonlib.lesson.words import WordsError


class Choice(Prediction):
    """Every wrong option is a misconception with a name; the order is stable and blind to which is right.

    One option is marked as right; or each has a ``name``, and ``truth`` is a working that gives the name of the right one, where that depends
    on the lab. ``exam`` is as in a range.
    """

    kind = "choice"
    keys: ClassVar[Mapping[str, Schema]] = {
        "options": several(defined("option"), minItems=3, maxItems=4),
        "truth": NAME,
        "exam": NAME,
        "title": LINE,
    }
    optional = frozenset({"concepts", "truth", "exam", "title"})

    def _options(self) -> dict[str, Any]:
        return dict(self.shuffled(self.raw["options"]))

    def _right_key(self) -> str:
        options = self._options()
        if "truth" not in self.raw:
            return next(key for key, option in options.items() if option.get("right"))
        name = self.number(self.raw["truth"])
        found = next((key for key, option in options.items() if option.get("name") == name), None)
        if found is None:
            raise WordsError(f"{self.where} truth: “{self.raw['truth']}” gives {name!r}, and no option has that name")
        return found

    def ask(self) -> ChoiceAsk:
        """The cards."""
        return {
            "options": [
                {"key": key, "html": self.inline(option["text"], "option")} for key, option in self._options().items()
            ]
        }

    @staticmethod
    def as_given(guess: Guess) -> Any:
        """The key of the card."""
        return guess.get("key")

    @staticmethod
    def on_paper(ask: Mapping[str, Any]) -> str:
        """The cards as a list."""
        return "<ul>" + "".join(f"<li>{option['html']}</li>" for option in ask["options"]) + "</ul>"

    def accept(self, given: Any) -> Guess:
        """The key of one of the cards."""
        if not isinstance(given, str) or given not in self._options():
            raise GuessError("Choose one of the options first.")
        return {"key": given}

    def right(self) -> str:
        """The key of the right card."""
        return self._right_key()

    def mistakes(self) -> list[tuple[str, Any]]:
        """Each misconception with the key of its card."""
        right = self._right_key()
        return [(option["misconception"], key) for key, option in self._options().items() if key != right]

    def result(self, guess: Guess | None) -> dict[str, Any]:
        """Right, or the refutation of the option that was chosen."""
        options, right = self._options(), self._right_key()
        truth = self.words.plain(options[right]["text"], self.where)
        marks = {right: "truth"}
        if guess is None:
            tone, headline, feedback, summary = "plain", "Skipped", "", f"The answer: {truth}"
        elif guess["key"] == right:
            tone, headline, feedback = "right", "Right", self.html(options[right]["because"], "because")
            marks, summary = {right: "both"}, f"Right: {truth}"
        else:
            chosen = options[guess["key"]]
            tone, headline, feedback = "off", "Not this one", self.refute(chosen["refutation"], "refutation")
            marks[guess["key"]] = "yours"
            summary = f"Not this one. The answer: {truth}"
        return {
            "tone": tone,
            "headline": headline,
            "summary": summary,
            "feedback": feedback,
            "reveal": self.reveal(),
            "options": marks,
        }

    def truth(self) -> str:
        """The right option, as HTML."""
        return self.inline(self._options()[self._right_key()]["text"], "option")

    def score(self, guess: Guess) -> dict[str, Any]:
        """Whether it was right, or the misconception."""
        if guess["key"] == self._right_key():
            return {"right": True}
        return {"right": False, "misconception": self._options()[guess["key"]]["misconception"]}
