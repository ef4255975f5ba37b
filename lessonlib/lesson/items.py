"""The items of a lesson, in its order: questions (steps) and blocks (text, pictures, plots, explorers)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lessonlib.lesson.question import Question
from lessonlib.lesson.seal import question_parts, seal
from lessonlib.lesson.step import Step
from lessonlib.lesson.words import Words

View = dict[str, Any]

#: Draws what words cannot: kind of item -> (raw, words) -> a part of the view
Drawers = Mapping[str, Callable[[Mapping[str, Any], Words], View]]


class Item:
    """Something that a notebook cell shows. ``gates`` are the steps that come before it."""

    #: whether what it reveals is fingerprinted into the stored output
    sealed = True

    def __init__(self, kind: str, raw: Mapping[str, Any], title: str, gates: list[StepItem]):
        self.kind, self.raw, self.title, self.gates = kind, raw, title, gates
        self.id: str = raw["id"]

    @property
    def lock(self) -> str:
        """Why this item is still closed ("Reveal step 2 first"), or nothing."""
        return next((f"Reveal {gate.name} first" for gate in self.gates if not gate.step.revealed), "")

    def view(self) -> View:
        """What the panel shows now; a closed item gives away nothing but its title and its lock."""
        if self.lock:
            return {"kind": self.panel_kind, "id": self.id, "title": self.title, "state": "locked", "locked": self.lock}
        return self.open_view()

    @property
    def panel_kind(self) -> str:
        raise NotImplementedError

    def open_view(self) -> View:
        raise NotImplementedError

    def parts(self) -> dict[str, Any]:
        """What the item reveals, part by part, for the seal."""
        raise NotImplementedError

    def seal(self) -> str:
        return seal(self.parts())


class StepItem(Item):
    """A question. ``name`` is what a lock calls it: "step 2"."""

    def __init__(
        self, kind: str, raw: Mapping[str, Any], title: str, gates: list[StepItem], question: Question, name: str
    ):
        super().__init__(kind, raw, title, gates)
        self.step, self.name = Step(question, title), name

    @property
    def panel_kind(self) -> str:
        return self.step.question.kind

    def open_view(self) -> View:
        return self.step.view()

    def asked_view(self) -> View:
        """The question as nobody has answered it yet, whatever the learner has done."""
        return Step(self.step.question, self.title).view()

    def parts(self) -> dict[str, Any]:
        return question_parts(self.step.question)


class BlockItem(Item):
    """Text, a picture, a plot, an explorer, the score card: closed until the steps before it are revealed."""

    def __init__(
        self,
        kind: str,
        raw: Mapping[str, Any],
        title: str,
        gates: list[StepItem],
        draw: Callable[[], View],
        parts: Callable[[], dict[str, Any]],
        sealed: bool = True,
    ):
        super().__init__(kind, raw, title, gates)
        self._draw, self._parts, self.sealed = draw, parts, sealed
        self._drawn: View | None = None
        #: draws what nobody's record has touched, for the stored output of a block that shows the learner's own
        self.of_nobody: Callable[[], View] | None = None

    @property
    def panel_kind(self) -> str:
        return {"picture": "picture", "explore": "explorer", "labs": "pick", "map": "map"}.get(self.kind, "tell")

    def open_view(self) -> View:
        """The block as drawn. A sealed one depends on the lab alone, so it is drawn once."""
        if self._drawn is None or not self.sealed:
            self._drawn = self._draw()
        return self._framed(self._drawn)

    def stored_view(self) -> View | None:
        """What a notebook file may hold of a block that shows the learner's own record: the same, of nobody."""
        return self._framed(self.of_nobody()) if self.of_nobody else None

    def _framed(self, drawn: View) -> View:
        return {"kind": self.panel_kind, "id": self.id, "title": self.title, "state": "observed", **drawn}

    def parts(self) -> dict[str, Any]:
        """What is drawn; nothing for a block that shows the learner's own record or machine."""
        return self._parts() if self.sealed else {}
