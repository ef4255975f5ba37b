"""A lesson in a notebook and its class: the one that is led from here, or the one that was joined; mostly none.

What a class needs (an HTTP client, a thread) is loaded once there is one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from lessonlib.base.errors import LessonlibError
from lessonlib.base.text import printable
from lessonlib.lesson.items import Item, StepItem
from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.views import View
from lessonlib.show.panel import Panel

if TYPE_CHECKING:
    from lessonlib.classroom.attendance import Attendance
    from lessonlib.classroom.leading import Leading

_ON_PAPER = "The plan of the class shows here while the class runs."


class Said(str):
    """A line that a cell shows as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return printable(self)


class Membership:
    """``draw(item)`` draws the panels of an item anew, on any thread. ``alone``: nobody is here, so there is no class."""

    def __init__(self, lesson: Lesson, draw: Callable[[Item], None], *, alone: bool):
        self._lesson, self._draw, self._alone = lesson, draw, alone
        self._leading: Leading | None = None
        self._attending: Attendance | None = None
        self._plans: list[Panel] = []

    @property
    def _class(self) -> Attendance | Leading | None:
        return self._attending or self._leading

    # --- what cells call ------------------------------------------------------------------------------------------------

    def join(self, url: str, code: str | None) -> Said:
        """Join a class, and say how that went."""
        if self._alone:
            return Said("Nobody is here to join a class.")
        from lessonlib.show import in_class

        self.leave()
        try:
            self._attending = in_class.join(self._lesson, url, code, self._draw)
        except LessonlibError as error:
            return Said(str(error))
        self._attending.hear()
        return Said(in_class.joined_words(self._attending))

    def leave(self) -> Said:
        """Leave the class that was joined."""
        if self._attending is None:
            return Said("You are in no class.")
        from lessonlib.show import in_class

        attending, self._attending = self._attending, None
        in_class.leave(attending)
        return Said("You have left the class. What you answered is kept.")

    def plan(self) -> Panel | Said:
        """The plan of the class that is led from here, which goes on by itself."""
        self.look()
        if self._leading is None:
            return Said(f"No class of this lesson is led from here. To start one: lessonlib class {self._lesson.name}")
        panel = Panel(self._plan_view(), on_event=lambda _: None, fallback=lambda: (_ON_PAPER, f"<p>{_ON_PAPER}</p>"))
        self._plans.append(panel)
        return panel

    # --- led from here ----------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Lead the class of this lesson, if a server has left word of one."""
        if self._leading is not None or not self.led_words():
            return
        from lessonlib.show import in_class

        if in_class.on_this_lab(self._lesson):
            self._leading = in_class.lead(self._lesson, self._draw)
            in_class.follow(self._leading, self._draw_plans)

    def led_words(self) -> str:
        """What the lesson says to an instructor; "" without a class."""
        if self._alone:
            return ""
        from lessonlib.classroom.class_file import class_files
        from lessonlib.classroom.on_hub import leads_on_hub

        if not class_files() and not leads_on_hub():
            return ""
        from lessonlib.show import in_class

        return in_class.led_words(self._lesson)

    def _draw_plans(self) -> None:
        for panel in self._plans:
            panel.view = self._plan_view()

    def _plan_view(self) -> dict[str, Any]:
        from lessonlib.show import in_class

        html = in_class.plan_html(self._leading) if self._leading else ""
        return {
            "kind": "tell",
            "id": "plan-of-the-class",
            "title": "Plan · for you alone",
            "state": "observed",
            "html": html,
        }

    # --- between the panels and the lesson ------------------------------------------------------------------------------------

    @property
    def lock(self) -> threading.RLock | AbstractContextManager[None]:
        """Held while an event of a page is taken or a panel is drawn, so that news of the class come before or after it."""
        return nullcontext() if self._class is None else self._class.lock

    def take(self, item: Item, event: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """An event of a panel as the lesson is to take it; None if it was for the class alone."""
        if event.get("event") in ("class", "revote") and self._class is None:
            return None
        return self._class.take(item, event) if self._class and isinstance(item, StepItem) else event

    def taken(self, item: Item) -> None:
        """The lesson has taken an event of that item."""
        if self._class and isinstance(item, StepItem):
            self._class.taken(item)
            self._draw(item)

    def view(self, item: Item, view: View) -> View:
        """A view as it is in the class."""
        return self._class.view(item, view) if self._class and isinstance(item, StepItem) else view

    def bar(self, item: Item) -> dict[str, Any]:
        """What is said of the class below a question; {} where nothing is."""
        bar = self._class.bar(item) if self._class and isinstance(item, StepItem) else None
        return {**bar} if bar else {}
