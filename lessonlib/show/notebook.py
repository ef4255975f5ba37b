"""A lesson in a notebook: each method shows one item as a panel and never blocks.

``auto`` walks through without a person: "truth" answers right, "each" tries every option and mistake first,
"skip" skips. The papermill parameter wins over the variable LESSON_AUTO; unset means a person.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, cast

from lessonlib.base.errors import LessonlibError
from lessonlib.base.text import printable, printable_lines
from lessonlib.lesson.guess import GuessError
from lessonlib.lesson.items import BlockItem, Item, StepItem
from lessonlib.lesson.kinds import ENTRIES
from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.question import Question
from lessonlib.lesson.step import ASKED, OBSERVED
from lessonlib.lesson.views import KeptView, View
from lessonlib.lesson.written import Write
from lessonlib.record.exchanges import QUESTION
from lessonlib.record.journal import Journal
from lessonlib.roofline import Lab
from lessonlib.show.blocks import BLOCKS
from lessonlib.show.closing import closing_part, is_closing
from lessonlib.show.fallback import fallback, feedback_html
from lessonlib.show.membership import Membership, Said
from lessonlib.show.panel import Panel
from lessonlib.show.session import SHOWN, open_session, page_spoke, with_record

if TYPE_CHECKING:
    from lessonlib.teacher.desk import Desk

_NONSENSE: tuple[Any, ...] = ("", "abc", "-3", "NaN", None, 7, [], {})


def open_lesson(
    name: str, lab: str | Lab | None = None, auto: str | None = None, journal: Journal | None = None
) -> NotebookLesson:
    """The lesson ``name`` on ``lab`` (a shipped lab's name, a path to a lab file, or None for the one chosen at the start)."""
    session = open_session(lab, auto, journal)
    return NotebookLesson(Lesson(name, session.lab, session.journal, BLOCKS), session.mode)


class NotebookLesson:
    """What a notebook cell calls. Every method returns the panel of one item."""

    def __init__(self, lesson: Lesson, auto: str | None = None):
        self._lesson, self._auto = lesson, auto
        self._panels: dict[str, list[Panel]] = {}
        self._desks: dict[str, Desk] = {}
        #: item -> the lock and the word about its record with which it was drawn last; a page is never asked
        self._drawn: dict[str, tuple[str, KeptView | None]] = {}
        self._used = ""
        lesson.listeners.append(self._refresh)
        self._class = Membership(lesson, self._draw, alone=auto is not None)

    @property
    def lab(self) -> Lab:
        """The lab that every number here is computed for."""
        return self._lesson.lab

    def __repr__(self) -> str:
        opened = f"{self._lesson.raw['title']} · {self.lab.title}"
        if small := self._lesson.without_room:
            opened += (
                f"\nThe memory of {small.title} does not hold what this lesson runs beside the weights: all numbers here are of "
                f"{self.lab.title}."
            )
        if led := self._class.led_words():
            opened += f"\n{led}"
        return f"{printable_lines(opened)}\n{self._stopped()}"

    def continue_at(self) -> str:
        """Where the learner stopped, as "AFTER|OPEN": the last item that they have dealt with, and that item once more if
        it is not finished. Ids; both "" if nothing was done yet. The extension of JupyterLab asks for it.
        """
        last = self._last_touched()
        if last is None:
            return "|"
        return f"{last.id}|{'' if _finished(last) else last.id}"

    def _last_touched(self) -> Item | None:
        return next((item for item in reversed(self._lesson.items.values()) if _touched(item)), None)

    def _stopped(self) -> str:
        """In one line how to begin, or where the learner stopped."""
        last, steps, form = self._last_touched(), self._lesson.steps, self._lesson.form
        if form is not None:
            return f"{form.committed} of {len(form.items)} kept. Run all cells (menu Run, Run All Cells), then begin."
        if last is None:
            return "To start: run all cells (menu Run, Run All Cells), then begin at step 1."
        done = sum(step.step.revealed for step in steps)
        where = f"{done} of {len(steps)} steps revealed" if done < len(steps) else "every step is revealed"
        return printable(f"You stopped at “{last.title.split(' · ')[0]}”: {where}. Run all cells to go on there.")

    if TYPE_CHECKING:  # the methods are those of METHODS; see below the class

        def __getattr__(self, name: str) -> Callable[..., Panel]: ...

    def write(self, item_id: str, function: Callable[..., Any] | None = None) -> Panel:
        """A function of your own, compared with the engine's case by case."""
        item = self._lesson.item(item_id, (Write.kind,))
        block = item.block if isinstance(item, BlockItem) else None
        if not isinstance(block, Write):
            raise LessonlibError(f"{self._lesson.name}: “{item_id}” is not drawn here")
        if function is not None and not callable(function):
            raise LessonlibError(block.how)
        block.hand_over(function)
        if self._auto in ("truth", "each") and not item.lock:
            block.walk(every_slip=self._auto == "each")
        shown = self._show(item_id, Write.kind)
        if not item.lock:
            self._lesson.changed(item)
        return shown

    def join(self, url: str, code: str | None = None) -> Said:
        """Join a class: what you commit to the question that it is at is your vote.

        ``url``: the address on the screen with the code, ``http://host:8010/ABC234``; or without it, and the code beside it.
        """
        return self._class.join(url, code)

    def leave(self) -> Said:
        """Go on without the class that you joined."""
        return self._class.leave()

    def plan(self) -> Panel | Said:
        """For an instructor: the questions of the class that is led from here, the minutes left, and the lesson's notes."""
        return self._class.plan()

    # --- inside -----------------------------------------------------------------------------------------

    def _show(self, item_id: str, kind: str) -> Panel:
        self._class.look()
        item = self._lesson.item(item_id, (kind,))
        outcomes = self._walk(item) if self._auto and isinstance(item, StepItem) and not item.lock else []
        self._open_desk(item)
        panel = Panel(
            self._view_to_draw(item),
            on_event=lambda event: self._handle(item, event),
            fallback=lambda: self._fallback(item, outcomes),
        )
        panel.class_bar = self._class.bar(item)
        self._panels.setdefault(item_id, []).append(panel)
        return panel

    def _open_desk(self, item: Item) -> None:
        """Open the desk at which a question is answered, if a person is here and the environment names an endpoint."""
        if (
            not isinstance(item, StepItem)
            or not (item.id == QUESTION or is_closing(item))
            or item.id in self._desks
            or self._auto
            or not os.environ.get("LESSONLIB_TEACHER_URL", "").strip()
        ):
            return
        from lessonlib.teacher.desk import Desk  # an HTTP client: on first use

        self._desks[item.id] = Desk(self._lesson, item, changed=lambda: self._draw(item))

    def _view(self, item: Item) -> View:
        desk = self._desks.get(item.id)
        view: Mapping[str, Any] = {**item.view(), **(desk.part() if desk else {})}
        if isinstance(item, StepItem) and is_closing(item):
            view = {**view, "closing": closing_part(self._lesson, item)}
        return self._class.view(item, cast(View, view))

    def _view_to_draw(self, item: Item) -> dict[str, Any]:
        view = with_record(cast(Mapping[str, Any], self._view(item)), self._lesson.journal, last=item.id == self._used)
        self._drawn[item.id] = str(view.get("locked", "")), view.get("kept")
        return view

    def _handle(self, item: Item, event: Mapping[str, Any]) -> None:
        """An event of a panel. The lesson says what changed, and :meth:`_refresh` draws it; a desk also draws for itself."""
        if page_spoke(self._lesson.journal):
            self._catch_up()
        if event.get("event") == SHOWN:
            return
        with self._class.lock:
            taken = self._class.take(item, event)
            if taken is not None:
                self._take(item, taken)

    def _take(self, item: Item, event: Mapping[str, Any]) -> None:
        self._used = item.id
        desk = self._desks.get(item.id)
        if desk is None:
            self._lesson.handle(item.id, event)
        else:
            desk.handle(event)
            self._draw(item)
        self._class.taken(item)

    def _catch_up(self) -> None:
        """Now that the journal is read: each question that was not touched yet stands where the learner left it."""
        self._lesson.restore([item for item in self._lesson.asked if item.step.untouched])
        for item_id in self._panels:
            self._draw(self._lesson.items[item_id])

    def _draw(self, item: Item) -> None:
        """Give every panel of `item` its view. Of two threads, the later one has the later view."""
        desk = self._desks.get(item.id)
        with self._class.lock, desk.lock if desk else nullcontext():
            view, bar = self._view_to_draw(item), self._class.bar(item)
            for panel in self._panels.get(item.id, ()):
                panel.view, panel.class_bar = dict(view), bar

    def _refresh(self, changed: Item) -> None:
        """Draw anew what ``changed`` can have touched: itself first, then what it unlocked (a plot takes a while), and the score card."""
        for item_id in sorted(self._panels, key=lambda item_id: item_id != changed.id):
            item = self._lesson.items[item_id]
            lock, kept = self._drawn[item_id]
            always = (
                item is changed
                or not item.sealed
                or item_id in self._desks
                or is_closing(item)
                or self._together(item, changed)
            )
            if always or lock != item.lock or (kept and kept != self._kept(item)):
                self._draw(item)

    def _together(self, item: Item, changed: Item) -> bool:
        """Whether both are sealed: what one of the sealed questions does says when the others open."""
        together = self._lesson.sealed_together
        return item in together and changed in together

    def _kept(self, item: Item) -> KeptView | None:
        view = cast(Mapping[str, Any], item.view())
        return with_record(view, self._lesson.journal, last=item.id == self._used).get("kept")

    def _fallback(self, item: Item, outcomes: list[tuple[str, str]]) -> tuple[str, str]:
        """As nobody has answered yet, unless a headless run has: a notebook file never holds a learner's reveals."""
        seal = item.seal() if item.sealed else ""
        if self._auto:
            return fallback(self._view(item), seal, outcomes)
        if isinstance(item, StepItem):
            return fallback(item.asked_view(), seal)
        stored = item.stored_view() if isinstance(item, BlockItem) else None
        if stored:
            return fallback(stored, seal)
        if not item.sealed or item.gates:
            opens = f"Opens after {item.gates[-1].name}" if item.gates else "Run this cell in JupyterLab"
            return fallback(item.closed_view(opens), seal)
        return fallback(item.view(), seal)

    def _walk(self, item: StepItem) -> list[tuple[str, str]]:
        if self._auto == "skip":
            item.step.skip()
            if item.only_kept:
                return []
        outcomes = try_mistakes(item) if self._auto == "each" else []
        if self._auto != "skip":
            item.step.answer(item.step.question.right())
        self._lesson.changed(item)
        return outcomes


def _touched(item: Item) -> bool:
    """Whether the learner has dealt with it: answered, skipped, or written a function that is right."""
    if isinstance(item, StepItem):
        return not item.only_kept and item.step.state != ASKED
    return _finished(item)


def _finished(item: Item) -> bool:
    if isinstance(item, StepItem):
        return item.step.state == OBSERVED
    block = item.block if isinstance(item, BlockItem) else None
    return isinstance(block, Write) and not item.lock and block.finished


def _method(kind: str, does: str, item_id: str | None) -> Callable[..., Panel]:
    """The method that shows an item of one kind. Of a kind that a lesson has once, the id may be left out."""

    def show(self: NotebookLesson, item_id: str) -> Panel:
        return self._show(item_id, kind)

    show.__name__, show.__qualname__, show.__doc__ = kind, f"NotebookLesson.{kind}", does
    show.__defaults__ = None if item_id is None else (item_id,)
    return show


#: what a cell may call -> what it shows: every kind of question and of block
METHODS = {entry: kinds[0].does for entry, kinds in ENTRIES.items()} | {
    kind: str(block.__doc__).partition("\n")[0] for kind, block in BLOCKS.items()
}
for _kind, _does in METHODS.items():
    _only = _kind if _kind in BLOCKS and not BLOCKS[_kind].keys else None
    if _kind not in vars(NotebookLesson):  # what is handed more than an id has a method of its own
        setattr(NotebookLesson, _kind, _method(_kind, _does, _only))


def try_mistakes(item: StepItem) -> list[tuple[str, str]]:
    """Walk every mistake of a question on a copy; (name, what it was told). Raises if one is taken for right."""
    question = item.step.question
    for nonsense in _NONSENSE:
        _refuse(question, nonsense)
    told = []
    for name, given in question.mistakes():
        result = question.result(question.accept(given))
        if result["tone"] == "right" or not (result["feedback"] or result.get("missed")):
            raise LessonlibError(
                f"{question.where}: the mistake “{name}” is judged {result['tone']} or told nothing on lab {question.words.lab.name}"
            )
        told.append((name, feedback_html(result)))
    return told


def _refuse(question: Question, nonsense: Any) -> None:
    """A judged question takes no nonsense. That it says so in one line is in the nature of its error."""
    if not question.sure:
        return
    try:
        question.accept(nonsense)
    except GuessError:
        return
    raise LessonlibError(f"{question.where}: {nonsense!r} was taken for a guess")
