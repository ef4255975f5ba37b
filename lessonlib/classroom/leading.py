"""The instructor's own lesson while a class of it is led from here: what each panel says of the class, and what can be done."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol, cast

from lessonlib.classroom.heard import Heard
from lessonlib.classroom.phases import EVENTS, Event, Phase
from lessonlib.classroom.wire import Planned
from lessonlib.lesson.items import Item, StepItem
from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.views import ClassBar, ClassButton, View

_LINES: Final[dict[Phase, str]] = {
    "draft": "The class is here",
    "open1": "First vote is open",
    "closed1": "First vote is closed",
    "discuss": "They talk it over",
    "open2": "Second vote is open",
    "closed2": "Second vote is closed",
    "shown": "The votes are shown",
    "revealed": "Revealed",
}
#: what a phase is called where the class is elsewhere
LEFT: Final[dict[Phase, str]] = {
    "draft": "not asked yet",
    "open1": "left in the first vote",
    "closed1": "left after the first vote",
    "discuss": "left in the discussion",
    "open2": "left in the second vote",
    "closed2": "left after the second vote",
    "shown": "votes shown",
    "revealed": "revealed",
}
_LABELS: Final[dict[Event, str]] = {
    "open": "Open the vote",
    "close": "Close the vote",
    "discuss": "Discuss",
    "open2": "Second vote",
    "show": "Show the votes",
    "reveal": "Reveal to the class",
    "next": "Next question",
    "pause": "Pause",
    "resume": "Go on",
}
_AGAIN: Final[dict[tuple[Phase, Event], str]] = {
    ("closed1", "open"): "Open it again",
    ("closed2", "open2"): "Open it again",
}
#: the same for a question that nobody votes on
_PAIRS: Final[dict[Event, str]] = {"open": "Start the pairs", "close": "Stop the pairs", "show": "Go to the answer"}
#: what usually comes next; the rest is possible
_NEXT: Final[dict[Phase, Event]] = {
    "draft": "open",
    "open1": "close",
    "closed1": "discuss",
    "discuss": "open2",
    "open2": "close",
    "closed2": "show",
    "shown": "reveal",
    "revealed": "next",
}
_VOTES: Final[frozenset[Phase]] = frozenset({"open1", "closed1", "open2", "closed2"})


class Host(Protocol):
    """What it needs of the line to the class: see :class:`lessonlib.classroom.client.HostLine`."""

    state: Heard | None
    fault: str
    problem: str
    over: bool
    changed: Callable[[], None]

    def start(self) -> None:
        """Begin to follow."""
        ...

    def steer(self, event: Event, question: str | None = None) -> None:
        """Take one step."""
        ...


class Leading:
    """``redraw(item)`` is called, on any thread, for each question whose panel may look different now."""

    def __init__(self, lesson: Lesson, line: Host, redraw: Callable[[StepItem], None]):
        self.lesson, self.line, self._redraw = lesson, line, redraw
        #: held while an event of a page or a state of the class is taken
        self.lock = threading.RLock()
        #: the question in whose panel something was clicked last, where a problem is told
        self._clicked = ""

    def hear(self) -> None:
        """The line has news."""
        with self.lock:
            here = self._item(self._here())
            if here is not None:
                here.called = True
        for question in self._plan():
            item = self._item(question)
            if item is not None:
                self._redraw(item)

    def _item(self, question: str) -> StepItem | None:
        item = self.lesson.items.get(question)
        return item if isinstance(item, StepItem) else None

    def _here(self) -> str:
        state = self.line.state
        return state["poll"]["question"] if state and state["poll"] else ""

    def _plan(self) -> dict[str, Planned]:
        return {planned["id"]: planned for planned in self.line.state["plan"]} if self.line.state else {}

    # --- between the panels and the lesson ----------------------------------------------------------------------------

    def take(self, item: Item, event: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """An event of a panel as the lesson is to take it; None for one that steers the class."""
        if event.get("event") != "class":
            return event
        do = event.get("do")
        if do in EVENTS and item.id in self._plan():
            self._clicked = item.id
            step = cast(Event, do)
            choose = item.id if item.id != self._here() else None
            if step == "next" or choose is None:
                self.line.steer(step, choose if step == "next" else None)
        return None

    def taken(self, _item: Item) -> None:
        """The lesson has taken an event of that item: nothing to do."""

    def view(self, _item: Item, view: View) -> View:
        """As it is."""
        return view

    # --- what the panel shows -------------------------------------------------------------------------------------------

    def bar(self, item: Item) -> ClassBar | None:
        """What its panel says of the class and lets an instructor do; None for what a class is not asked."""
        state, planned = self.line.state, self._plan().get(item.id)
        if state is None or planned is None:
            return None
        here = item.id == self._here()
        problem = (self.line.fault if here or not self._here() else "") or (
            self.line.problem if self._clicked == item.id else ""
        )
        gone = bool(self.line.fault) or self.line.over
        bar: ClassBar = {
            "code": state["code"],
            "here": here,
            "line": _line(state, planned) if here else f"Class {state['code']}: {LEFT[planned['phase']]}",
            "detail": _detail(state, planned) if here else "",
            "buttons": [] if gone else _buttons(state, planned) if here else _choose(planned),
            "problem": problem,
        }
        if here and state["shares"]:
            bar["shares"] = cast(dict[str, Any], state["shares"])
        return bar


def _line(state: Heard, planned: Planned) -> str:
    if state["paused"]:
        return "Paused"
    if not planned["vote"]:
        return {"open1": "In pairs: one explains, one listens", "draft": _LINES["draft"], "revealed": "Revealed"}.get(
            state["phase"], "The pairs are done"
        )
    return _LINES[state["phase"]]


def _detail(state: Heard, planned: Planned) -> str:
    if state["phase"] in _VOTES and planned["vote"]:
        return f"{state['count']} of {state['joined']} voted"
    return f"{state['joined']} here"


def _buttons(state: Heard, planned: Planned) -> list[ClassButton]:
    phase, can = state["phase"], state["possible"]
    if state["paused"] and "resume" in can:
        return [{"do": "resume", "label": _LABELS["resume"], "main": True}]
    usual = _NEXT[phase]
    if not planned["vote"] and phase == "closed1":
        usual = "show"
    labels: dict[Event, str] = {**_LABELS, **({} if planned["vote"] else _PAIRS)}
    needless: tuple[Event, ...] = () if planned["vote"] else ("discuss", "open2")
    ordered = sorted(
        (event for event in can if event not in needless), key=lambda event: (event != usual, EVENTS.index(event))
    )
    return [
        {"do": event, "label": _AGAIN.get((phase, event), labels[event]), "main": event == usual} for event in ordered
    ]


def _choose(planned: Planned) -> list[ClassButton]:
    return [
        {"do": "next", "label": "Ask this one" if planned["phase"] == "draft" else "Go back to this one", "main": False}
    ]
