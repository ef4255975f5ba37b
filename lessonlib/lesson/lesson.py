"""A lesson for one lab and one learner: its items in order, its gate, its record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from lessonlib.base.errors import LessonlibError
from lessonlib.lesson.block import WORD_BLOCKS, Block, Blocks
from lessonlib.lesson.code import code_for
from lessonlib.lesson.exam import Exam, sets_of
from lessonlib.lesson.form import Form, lab_of
from lessonlib.lesson.items import BlockItem, Item, StepItem
from lessonlib.lesson.kinds import ENTRIES, make_question
from lessonlib.lesson.outline import Entry, outline
from lessonlib.lesson.records import NoRecords, Record, Records
from lessonlib.lesson.restore import restore
from lessonlib.lesson.source import load_source
from lessonlib.lesson.step import Step
from lessonlib.lesson.words import Numbers, Words
from lessonlib.roofline import DEFAULT_LAB, Lab, load_lab, max_batch


class Lesson:
    """The items of a lesson. ``handle`` takes an event for one of them and tells the ``listeners``.

    A form of the inventory is computed on one lab for everybody, so that before and after can be compared. Else its ``lab`` is the one given; or the default one, where the memory of that one does not hold what the lesson runs, and then
    ``without_room`` is that one. ``journal`` is the learner's record; nobody's by default. ``blocks`` are the kinds of block that can be drawn here;
    without those of :mod:`lessonlib.show.blocks` only words can.
    """

    def __init__(self, name: str, lab: Lab, journal: Records | None = None, blocks: Blocks = WORD_BLOCKS):
        self.name, self.blocks = name, blocks
        self.journal: Records = journal or NoRecords()
        self.raw = load_source(name, None if blocks is WORD_BLOCKS else blocks)
        self.code = code_for(name, self.raw.get("number"))
        if "form" in self.raw:
            lab = lab_of(self.raw["form"], self.code.workings, lab, name)
        fits = _has_room(lab, self.raw.get("room"))
        self.without_room = None if fits else lab
        self.lab = lab if fits else load_lab(DEFAULT_LAB)
        self.numbers = Numbers(self.code.workings, self.lab)
        self.words = Words(self.numbers, self.raw["sources"], code=self.code)
        self.listeners: list[Callable[[Item], None]] = []
        self.items: dict[str, Item] = {}
        #: the numbered steps, in order
        self.steps: list[StepItem] = []
        self.exam: Exam | None = None
        self.form = Form(self, self.raw["form"]["other"]) if "form" in self.raw else None
        self._build()
        self.restore(self.asked)

    # --- building -----------------------------------------------------------------------------------

    def _build(self) -> None:
        gates = self.steps
        for entry in outline(self.raw, self.blocks):
            if entry.kind == "text":
                continue
            if entry.kind not in ENTRIES:
                self.items[entry.raw["id"]] = self._block(entry, list(gates))
                continue
            item = self._asked(entry, list(gates))
            self.items[item.id] = item
            if entry.is_step:
                gates.append(item)

    def _asked(self, entry: Entry, gates: list[StepItem]) -> StepItem:
        where = f"{self.name} {entry.raw['id']}"
        words = self.words
        if entry.raw.get("exam"):
            self.exam = self.exam or Exam(self, sets_of(words.number(entry.raw["exam"], where), where))
            words = self.exam.words(len(self.exam.items))
        question = make_question({"kind": entry.kind, **entry.raw}, words, where)
        waits_for = [] if question.open_at_once else gates
        item = StepItem(entry.kind, entry.raw, entry.title, waits_for, question, entry.lock_name)
        item.step.record = lambda record: self._record(item, record)
        if self.exam and entry.raw.get("exam"):
            self.exam.items.append(item)
            item.step.sealed = self.exam.sealed
        if self.form and entry.raw.get("sealed"):
            self.form.items.append(item)
            item.step.sealed = self.form.sealed
        return item

    def take_again(self) -> None:
        """Draw another set of the exam, and tell the listeners of each of its questions and of what belongs to them."""
        if self.exam and self.exam.over:
            self.exam.draw_again()
            self._lay_out(self.exam)
            self.restore(self.exam.items)
            for item in self.items.values():
                if item.raw.get("exam") or item.raw.get("about"):
                    self.changed(item)

    def _lay_out(self, exam: Exam) -> None:
        """Put the questions of the drawn set in place of those that stood there."""
        for place, item in enumerate(exam.items):
            question = make_question({"kind": item.kind, **item.raw}, exam.words(place), f"{self.name} {item.id}")
            step = Step(question, item.title, item.step.record)
            step.sealed = exam.sealed
            item.step = step

    def _block(self, entry: Entry, gates: list[StepItem]) -> BlockItem:
        kind = self.blocks.get(entry.kind, _Undrawn)
        return BlockItem(entry.kind, entry.title, [] if kind.open_at_once else gates, kind(entry.raw, self))

    # --- the learner's record -------------------------------------------------------------------------

    def _record(self, item: StepItem, record: Record) -> None:
        self.journal.append({**self.address(item), **record})

    def address(self, item: StepItem) -> dict[str, str]:
        """What every record of ``item`` carries: it counts only for the same question on the same lab."""
        return {"lesson": self.name, "question": item.id, "hash": item.step.question.asked_hash(), "lab": self.lab.name}

    def restore(self, items: Iterable[StepItem]) -> None:
        """Put each of these questions where the learner's record has it."""
        items = list(items)
        if self.exam and self.exam.follow():
            self._lay_out(self.exam)
            items = [item for item in items if item not in self.exam.items] + self.exam.items
        restore(self.name, items, self.address, self.journal)

    # --- use ------------------------------------------------------------------------------------------

    @property
    def sealed_together(self) -> list[StepItem]:
        """The questions that open only together: what one of them does says when the others open."""
        return self.exam.items if self.exam else self.form.items if self.form else []

    @property
    def asked(self) -> list[StepItem]:
        """Every question, in order."""
        return [item for item in self.items.values() if isinstance(item, StepItem)]

    def item(self, item_id: str, kinds: tuple[str, ...] = ()) -> Item:
        """The item ``item_id``, checked to be of one of ``kinds``. Raises LessonlibError with what to write instead."""
        found = self.items.get(item_id)
        if found is None:
            raise LessonlibError(f"{self.name} has no item “{item_id}”; it has: {', '.join(self.items)}")
        if kinds and found.kind not in kinds:
            raise LessonlibError(
                f'{self.name}: “{item_id}” is a {found.kind}, so its cell reads lesson.{found.kind}("{item_id}")'
            )
        return found

    def handle(self, item_id: str, event: Mapping[str, Any]) -> None:
        """Take an event of a panel and tell the listeners, who draw. A locked item takes none."""
        item = self.item(item_id)
        if not item.lock and item.handle(event):
            self.changed(item)

    def changed(self, item: Item) -> None:
        """Tell everything on show that ``item`` changed, and with it perhaps a gate."""
        for listener in list(self.listeners):
            listener(item)


class _Undrawn(Block):
    """A block of a kind that is not known where the lesson was opened."""

    def draw(self) -> Any:
        kind = next(name for entry in self.lesson.raw["steps"] for name, body in entry.items() if body is self.raw)
        raise LessonlibError(
            f"{self.lesson.name}: nothing here draws a “{kind}”; open the lesson with lessonlib.open_lesson"
        )


def _has_room(lab: Lab, room: Mapping[str, int] | None) -> bool:
    """Whether the lab holds what the lesson runs; a lesson that says nothing of it runs anywhere."""
    return room is None or max_batch(lab.system, room["tokens"]) >= room["requests"]
