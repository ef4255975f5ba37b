"""A lesson for one lab and one learner: its items in order, its gate, its record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lessonlib.base.errors import LessonlibError
from lessonlib.lesson.code import code_for
from lessonlib.lesson.items import BlockItem, Drawers, Item, StepItem, View
from lessonlib.lesson.kinds import make_question
from lessonlib.lesson.restore import restore
from lessonlib.lesson.source import ASKED_KINDS, load_source
from lessonlib.lesson.words import Numbers, Words, markdown
from lessonlib.record.journal import Journal
from lessonlib.record.settings import choose_lab
from lessonlib.roofline import Lab

_TITLES = {
    "recall": "Recall · answer aloud, then check",
    "blanks": "From memory · fill the gaps",
    "explain": "Explain it cold",
    "note": "To your teacher",
}

#: blocks that show the learner's own record, choice or machine, so that nothing of them can be sealed
_OWN = {"score", "labs", "installed", "map"}

#: blocks that wait for no step
_OPEN = ("labs", "installed", "map")

_NOT_KEPT = "This choice cannot be kept here. Name the lab in the first cell of a lesson instead, or set LESSON_LAB."


class Lesson:
    """The items of a lesson. ``handle`` takes an event for one of them and tells the ``listeners``."""

    def __init__(
        self,
        name: str,
        lab: Lab,
        journal: Journal | None = None,
        drawers: Drawers | None = None,
        sealed: Drawers | None = None,
    ):
        self.name, self.lab, self.journal = name, lab, journal or Journal(None)
        self.raw = load_source(name)
        self.code = code_for(name, self.raw["number"])
        self.numbers = Numbers(self.code.workings, lab)
        self.words = Words(self.numbers, self.raw["sources"], code=self.code)
        self.listeners: list[Callable[[Item], None]] = []
        self._drawers, self._sealed = drawers or {}, sealed or {}
        self.items: dict[str, Item] = {}
        self._build()
        self._restore()

    # --- building -----------------------------------------------------------------------------------

    def _build(self) -> None:
        gates: list[StepItem] = []
        quizzes = 0
        for entry in self.raw["steps"]:
            kind, raw = next(iter(entry.items()))
            if kind == "text":
                continue
            if kind not in ASKED_KINDS:
                self.items[raw["id"]] = self._block(kind, raw, list(gates))
                continue
            quizzes += bool(raw.get("quiz"))
            item = self._asked(kind, raw, list(gates), len(gates) + 1, quizzes)
            self.items[raw["id"]] = item
            if kind == "predict" and not raw.get("quiz") and not raw.get("transfer"):
                gates.append(item)

    def _asked(self, kind: str, raw: Mapping[str, Any], gates: list[StepItem], number: int, quiz: int) -> StepItem:
        where = f"{self.name} {raw['id']}"
        question = make_question({"kind": kind, **raw}, self.words, where)
        if kind != "predict":
            title = _TITLES[kind]
        elif raw.get("quiz"):
            title = f"Quiz {quiz} · from memory"
        elif raw.get("transfer"):
            title = "Transfer · the same idea elsewhere"
        else:
            title = f"Step {number} · predict, then reveal"
        item = StepItem(kind, raw, title, [] if kind == "note" else gates, question, f"step {number}")
        item.step.record = lambda record: self._record(item, record)
        return item

    def _block(self, kind: str, raw: Mapping[str, Any], gates: list[StepItem]) -> BlockItem:
        makers: dict[str, Callable[[], View]] = {
            "tell": lambda: {"html": self.words.html(raw["text"], f"{self.name} {raw['id']}")},
            "score": lambda: {"html": _score_html(self)},
            "sources": lambda: {"html": sources_html(self.raw["sources"])},
            "map": lambda: self._drawer(kind)({**raw, "attempts": self.journal.attempts()}, self.words),
        }
        draw = makers.get(kind) or (lambda: self._drawer(kind)(raw, self.words))
        seal = self._sealed.get(kind)
        gates = [] if kind in _OPEN else gates
        item = BlockItem(
            kind,
            raw,
            raw["title"],
            gates,
            draw,
            parts=(lambda: seal(raw, self.words)) if seal else draw,
            sealed=kind not in _OWN,
        )
        if kind == "map":
            item.of_nobody = lambda: self._drawer(kind)(raw, self.words)
        return item

    def _drawer(self, kind: str) -> Callable[[Mapping[str, Any], Words], View]:
        if kind not in self._drawers:
            raise LessonlibError(
                f"{self.name}: nothing here draws a “{kind}”; open the lesson with lessonlib.open_lesson"
            )
        return self._drawers[kind]

    # --- the learner's record -------------------------------------------------------------------------

    def _record(self, item: StepItem, record: dict[str, Any]) -> None:
        self.journal.append({**self.address(item), **record})

    def address(self, item: StepItem) -> dict[str, str]:
        """What every record of ``item`` carries: it counts only for the same question on the same lab."""
        return {"lesson": self.name, "question": item.id, "hash": item.step.question.asked_hash(), "lab": self.lab.name}

    def _restore(self) -> None:
        restore(self.asked, self.address, self.journal.records(self.name))

    # --- use ------------------------------------------------------------------------------------------

    @property
    def asked(self) -> list[StepItem]:
        """Every question, in order."""
        return [item for item in self.items.values() if isinstance(item, StepItem)]

    def item(self, item_id: str, kinds: tuple[str, ...] = ()) -> Item:
        """The item ``item_id``, checked to be of one of ``kinds``."""
        found = self.items.get(item_id)
        if found is None:
            raise LessonlibError(f"{self.name} has no item “{item_id}”; it has: {', '.join(self.items)}")
        if kinds and found.kind not in kinds:
            raise LessonlibError(
                f'{self.name}: “{item_id}” is a {found.kind}, so its cell reads lesson.{found.kind}("{item_id}")'
            )
        return found

    def handle(self, item_id: str, event: Mapping[str, Any]) -> View:
        """Take an event of a panel. A locked question takes none."""
        item = self.item(item_id)
        if isinstance(item, StepItem) and not item.lock:
            item.step.handle(event)
            self.changed(item)
        elif item.kind == "labs" and event.get("event") == "pick":
            if not choose_lab(str(event.get("choice"))):
                return {**item.view(), "problem": _NOT_KEPT}
        return item.view()

    def changed(self, item: Item) -> None:
        """Tell everything on show that ``item`` changed, and with it perhaps a gate."""
        for listener in list(self.listeners):
            listener(item)


def _score_html(lesson: Lesson) -> str:
    from lessonlib.show.score_card import score_html

    return score_html(lesson)


def sources_html(sources: Mapping[str, Mapping[str, Any]]) -> str:
    """The numbered list of sources, as the footnote marks count them."""
    rows = "".join(
        f'<li><a href="{source["url"]}" target="_blank" rel="noopener">{markdown(source["title"])[3:-4]}</a>, '
        f"{source['by']}{', ' + str(source['year']) if 'year' in source else ''}. {markdown(source['says'])[3:-4]}</li>"
        for source in sources.values()
    )
    return f'<ol class="ll-sources">{rows}</ol>'
