"""The items of a lesson, in its order: questions (steps) and blocks (text, pictures, plots, explorers)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from lessonlib.lesson.block import Block
from lessonlib.lesson.question import Question
from lessonlib.lesson.seal import question_parts, seal
from lessonlib.lesson.step import Step
from lessonlib.lesson.views import DrawnView, LockedView, PanelKind, View


class Item:
    """Something that a notebook cell shows. ``gates`` are the steps that come before it."""

    #: whether what it reveals is fingerprinted into the stored output
    sealed: bool = True
    #: whether a class has it on the table: then it waits for no step
    called: bool = False

    def __init__(self, kind: str, raw: Mapping[str, Any], title: str, gates: list[StepItem]):
        self.kind, self.raw, self.title, self.gates = kind, raw, title, gates
        self.id: str = raw["id"]

    @property
    def lock(self) -> str:
        """Why this item is still closed ("Reveal step 2 first"), or nothing."""
        gates = () if self.called else self.gates
        return next((f"Reveal {gate.name} first" for gate in gates if not gate.step.revealed), "")

    def view(self) -> View:
        """What the panel shows now; a closed item gives away nothing but its title and its lock."""
        return self.closed_view(self.lock) if self.lock else self.open_view()

    def closed_view(self, why: str) -> LockedView:
        """The panel closed, and why."""
        return {"kind": self.panel_kind, "id": self.id, "title": self.title, "state": "locked", "locked": why}

    @property
    def panel_kind(self) -> PanelKind:
        """Which script of the page draws it."""
        raise NotImplementedError

    def open_view(self) -> View:
        """What the panel shows once it is open."""
        raise NotImplementedError

    def handle(self, event: Mapping[str, Any]) -> bool:
        """Take an event of the panel; whether that can have changed anything."""
        raise NotImplementedError

    def parts(self) -> Mapping[str, Any]:
        """What the item reveals, part by part, for the seal."""
        raise NotImplementedError

    def seal(self) -> str:
        """The fingerprint of what it reveals."""
        return seal(self.parts())


class StepItem(Item):
    """A question. ``name`` is what a lock calls it: "step 2"."""

    def __init__(
        self, kind: str, raw: Mapping[str, Any], title: str, gates: list[StepItem], question: Question, name: str
    ):
        super().__init__(kind, raw, title, gates)
        self.step, self.name = Step(question, title), name

    @property
    def only_kept(self) -> bool:
        """Whether it is a note: kept as it is, never judged."""
        return self.step.question.only_kept

    @property
    def votable(self) -> bool:
        """Whether a class is asked it: no note, none of an exam, and of a kind that fits a phone."""
        return self.step.question.votable and not self.only_kept and not self.raw.get("exam")

    @property
    def panel_kind(self) -> PanelKind:
        """The kind of its question."""
        return self.step.question.kind

    def open_view(self) -> View:
        """The question in its state."""
        return self.step.view()

    def asked_view(self) -> View:
        """The question as nobody has answered it yet, whatever the learner has done."""
        return Step(self.step.question, self.title).view()

    def handle(self, event: Mapping[str, Any]) -> bool:
        """Take an event; True, for the step may have moved."""
        self.step.handle(event)
        return True

    def parts(self) -> Mapping[str, Any]:
        """All that the question can ever say after its reveal."""
        return question_parts(self.step.question)


class BlockItem(Item):
    """Text, a picture, a plot, an explorer, a timeline, a fleet, the score card: closed until the steps before it are revealed."""

    def __init__(self, kind: str, title: str, gates: list[StepItem], block: Block):
        super().__init__(kind, block.raw, title, gates)
        self.block, self.sealed = block, block.sealed
        self._drawn: DrawnView | None = None

    @property
    def panel_kind(self) -> PanelKind:
        """As its kind of block says."""
        return self.block.panel

    def open_view(self) -> View:
        """The block as drawn. A sealed one depends on the lab and its own events alone, so it is drawn once until one came."""
        if self._drawn is None or not self.sealed or self.block.changes:
            self._drawn = self.block.draw()
        return self._framed(self._drawn)

    def stored_view(self) -> View | None:
        """What a notebook file may hold of a block that shows the learner's own record: the same, of nobody."""
        drawn = self.block.draw_for_nobody()
        return None if drawn is None else self._framed(drawn)

    def _framed(self, drawn: DrawnView) -> View:
        frame = {"kind": self.panel_kind, "id": self.id, "title": self.title, "state": "observed"}
        return cast(View, {**frame, **drawn})

    def handle(self, event: Mapping[str, Any]) -> bool:
        """Take an event, if its kind of block takes any."""
        changed = self.block.handle(event)
        if changed:
            self._drawn = None
        return changed

    def parts(self) -> Mapping[str, Any]:
        """What is drawn; nothing for a block that shows the learner's own record or machine."""
        return self.block.parts() if self.sealed else {}
