"""The self-graded kinds: blanks, recall card, cold explanation; and the note that nobody grades."""

from __future__ import annotations

from typing import Any

from lessonlib.lesson.guess import GuessError
from lessonlib.lesson.question import GRADES, Guess, Question, SelfGraded, typed


class Recall(SelfGraded):
    """Cover, answer aloud, tap, grade."""

    kind = "recall"

    def ask(self) -> dict[str, Any]:
        return {}

    def accept(self, given: Any) -> Guess:
        return {}


class Explain(SelfGraded):
    """A free explanation from memory, beside a model answer and a checklist."""

    kind = "explain"

    def ask(self) -> dict[str, Any]:
        return {"placeholder": "Type it, or say it aloud and leave this empty.", "rows": 5}

    def result(self, guess: Guess | None) -> dict[str, Any]:
        checklist = [self.inline(item, "checklist") for item in self.raw["checklist"]]
        return {**super().result(guess), "checklist": checklist}

    def right(self) -> str:
        return self.words.plain(self.raw["answer"], f"{self.where} answer")


class Blanks(SelfGraded):
    """A sentence with gaps (``___``)."""

    kind = "blanks"

    def _parts(self) -> list[str]:
        return [self._part(part) for part in self.raw["text"].split("___")]

    def _part(self, text: str) -> str:
        """The words between two gaps, with the space that parts them from a gap."""
        if not text.strip():
            return text
        before, after = (" " if end.isspace() else "" for end in (text[0], text[-1]))
        return before + self.inline(text, "text") + after

    def ask(self) -> dict[str, Any]:
        return {"parts": self._parts()}

    def accept(self, given: Any) -> Guess:
        count = len(self.raw["answers"])
        if not isinstance(given, list) or len(given) != count:
            raise GuessError(f"Fill in the {count} blanks first.")
        texts = [typed(text, 200) for text in given]
        if not any(texts):
            raise GuessError("Fill in at least one blank, or skip to the answer.")
        return {"texts": texts}

    def right(self) -> list[str]:
        return list(self.truth())

    def truth(self) -> list[str]:
        return [self.words.plain(answer, f"{self.where} answers") for answer in self.raw["answers"]]

    def result(self, guess: Guess | None) -> dict[str, Any]:
        return {
            "tone": "plain",
            "headline": "Compare",
            "summary": "The blanks: " + ", ".join(self.truth()) + ". Grade yourself.",
            "feedback": "",
            "reveal": self.reveal(),
            "expected": self.truth(),
            "grades": list(GRADES),
            "grade": None,
        }


class Note(Question):
    """Free words for the teacher; kept, never judged, never locked away."""

    kind = "note"

    def ask(self) -> dict[str, Any]:
        return {"placeholder": "Type here.", "rows": 3}

    def accept(self, given: Any) -> Guess:
        text = typed(given)
        if not text:
            raise GuessError("Type something first.")
        return {"text": text}

    def right(self) -> str:
        return "A note."

    def truth(self) -> str:
        return ""

    def result(self, guess: Guess | None) -> dict[str, Any]:
        return {}
