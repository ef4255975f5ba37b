"""The self-graded kinds: blanks, recall card, cold explanation; and the note that nobody grades."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from lessonlib.lesson.block import sources_html
from lessonlib.lesson.fragments import ID, LINE, TEXT, Schema, several
from lessonlib.lesson.guess import GuessError
from lessonlib.lesson.question import GRADES, Guess, Question, SelfGraded, typed
from lessonlib.lesson.views import BlanksAsk, PanelKind, RecallAsk, TextAsk

#: Characters of one blank.
MOST_IN_A_BLANK = 200


class Recall(SelfGraded):
    """Cover, answer aloud, tap, grade."""

    kind = "recall"
    does = "A recall card: answer aloud, then check."
    title = "Recall · answer aloud, then check"
    keys: ClassVar[Mapping[str, Schema]] = {"answer": TEXT, "concepts": several(ID)}

    def ask(self) -> RecallAsk:
        """Nothing to fill in."""
        return {}

    def accept(self, given: Any) -> Guess:
        """Nothing: it was said aloud."""
        return {}


class Explain(SelfGraded):
    """A free explanation from memory, beside a model answer and a checklist."""

    kind = "explain"
    does = "An explanation from memory, beside a model answer."
    title = "Explain it cold · in your own words"
    keys: ClassVar[Mapping[str, Schema]] = {
        "answer": TEXT,
        "concepts": several(ID),
        "checklist": several(TEXT, minItems=2),
    }

    def ask(self) -> TextAsk:
        """A field for text."""
        return {"placeholder": "Type it, or say it aloud and leave this empty.", "rows": 5}

    def result(self, guess: Guess | None) -> dict[str, Any]:
        """The model answer, and what to tick."""
        checklist = [self.inline(item, "checklist") for item in self.raw["checklist"]]
        return {**super().result(guess), "checklist": checklist}

    def right(self) -> str:
        """The model answer itself."""
        return self.words.plain(self.raw["answer"], f"{self.where} answer")


class Blanks(SelfGraded):
    """A sentence with gaps (``___``)."""

    kind = "blanks"
    does = "A sentence to complete from memory."
    title = "From memory · fill the gaps"
    keys: ClassVar[Mapping[str, Schema]] = {
        "text": {"type": "string", "pattern": "___"},
        "reveal": TEXT,
        "answers": several(TEXT, minItems=1),
        "concepts": several(ID),
    }
    optional = frozenset({"reveal", "concepts"})

    def _parts(self) -> list[str]:
        return [self._part(part) for part in self.raw["text"].split("___")]

    def _part(self, text: str) -> str:
        """The words between two gaps, with the space that parts them from a gap."""
        if not text.strip():
            return text
        before, after = (" " if end.isspace() else "" for end in (text[0], text[-1]))
        return before + self.inline(text, "text") + after

    def ask(self) -> BlanksAsk:
        """The pieces between the gaps."""
        return {"parts": self._parts()}

    @staticmethod
    def as_given(guess: Guess) -> Any:
        """The words of the gaps."""
        return guess.get("texts")

    @staticmethod
    def on_paper(ask: Mapping[str, Any]) -> str:
        """The sentence with lines to write on."""
        return f"<p>{'____'.join(ask['parts'])}</p>"

    def accept(self, given: Any) -> Guess:
        """The words for each gap, at least one of them."""
        count = len(self.raw["answers"])
        if not isinstance(given, list) or len(given) != count:
            raise GuessError(f"Fill in the {count} blanks first.")
        texts = [typed(text, MOST_IN_A_BLANK) for text in given]
        if not any(texts):
            raise GuessError("Fill in at least one blank, or skip to the answer.")
        return {"texts": texts}

    def right(self) -> list[str]:
        """The expected words."""
        return list(self.truth())

    def truth(self) -> list[str]:
        """The expected words."""
        return [self.words.plain(answer, f"{self.where} answers") for answer in self.raw["answers"]]

    def result(self, guess: Guess | None) -> dict[str, Any]:
        """The expected words beside the learner's."""
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

    kind: ClassVar[PanelKind] = "note"
    does = "A question or a remark to the teacher, kept in the journal."
    title = "To your teacher · optional"
    open_at_once = True
    only_kept = True

    def ask(self) -> TextAsk:
        """A field for text."""
        return {"placeholder": "Type here.", "rows": 3}

    def accept(self, given: Any) -> Guess:
        """Any text."""
        text = typed(given)
        if not text:
            raise GuessError("Type something first.")
        return {"text": text}

    def right(self) -> str:
        """Whatever is typed."""
        return "A note."

    def truth(self) -> str:
        """There is none."""
        return ""

    def result(self, guess: Guess | None) -> dict[str, Any]:
        """Nothing is revealed."""
        return {}


class Closing(Note):
    """The end of a lesson in one panel: score card, sources, and a question to the teacher, which is always open."""

    kind: ClassVar[PanelKind] = "closing"
    does = "The end: score card, sources, and a question to the teacher."
    title = "Closing"
    asks_by_stem = False
    keys: ClassVar[Mapping[str, Schema]] = {"title": LINE, "ask": TEXT}

    def stem(self) -> str:
        """What is asked of the learner, as HTML."""
        return self.html(self.raw["ask"], "ask")

    def sources(self) -> str:
        """The sources of the lesson, as HTML."""
        return sources_html(self.words.sources)

    def also_sealed(self) -> Mapping[str, Any]:
        """The sources."""
        return {"sources": self.sources()}
