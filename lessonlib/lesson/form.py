"""A form of the inventory: the ideas of the course asked twice, before and after, in two parallel forms.

What is answered is kept. Nothing is revealed before both forms are answered, for who has seen the answers of one is no longer
measured by the other. Which form somebody takes first does not matter here: the learner's record says it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from lessonlib.base.errors import LessonlibError
from lessonlib.lesson.items import StepItem
from lessonlib.roofline import Lab

if TYPE_CHECKING:
    from lessonlib.lesson.lesson import Lesson

#: both forms, by the name of their lesson
FORMS = ("inventory-a", "inventory-b")


class Form:
    """The sealed questions of one form; ``other`` is the name of the parallel one."""

    def __init__(self, lesson: Lesson, other: str):
        self.lesson, self.other = lesson, other
        self.items: list[StepItem] = []
        self._parallel: Lesson | None = None

    @property
    def committed(self) -> int:
        """How many of its questions are answered."""
        return sum(item.step.guess is not None or item.step.revealed for item in self.items)

    @property
    def complete(self) -> bool:
        """Whether all of them are."""
        return self.committed == len(self.items)

    def sealed(self) -> str:
        """Why nothing is revealed yet; "" once both forms are answered."""
        if not self.complete:
            return f"Sealed: {self.committed} of {len(self.items)} kept. No answer is shown before both forms are done."
        if not self._other_form().complete:
            return "Kept. The answers to both forms open once the other form is done, too."
        return ""

    def _other_form(self) -> Form:
        """The parallel form as the learner's record has it now: another notebook may just have added to it."""
        from lessonlib.lesson.lesson import Lesson  # which has a form, and so knows this module

        if self._parallel is None:
            self._parallel = Lesson(self.other, self.lesson.lab, self.lesson.journal, self.lesson.blocks)
        else:
            self._parallel.restore([item for item in self._parallel.asked if item.step.untouched])
        if self._parallel.form is None:
            raise LessonlibError(f"{self.lesson.name}: form: “{self.other}” is no form of the inventory")
        return self._parallel.form


def lab_of(raw: Mapping[str, Any], workings: Mapping[str, Callable[[Lab], Any]], lab: Lab, where: str) -> Lab:
    """The lab on which everybody takes a form; LessonlibError if its working gives none."""
    working = workings.get(raw["lab"])
    found = working(lab) if working else None
    if not isinstance(found, Lab):
        raise LessonlibError(f"{where}: form: lab: there is no working “{raw['lab']}” that gives a lab")
    return found
