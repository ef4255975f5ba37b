"""A block that a function of the lesson's package computes: a run step by step, or an incident as its monitoring shows it.

The function is called once for a lab; the page draws what it returned and asks the kernel for nothing more. What cannot be
computed or drawn is one line in its place, so that the cells behind it run on.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from lessonlib.base.errors import LessonlibError
from lessonlib.lesson.block import Raw, Tell
from lessonlib.lesson.fragments import ID, NAME, Schema
from lessonlib.lesson.items import StepItem
from lessonlib.lesson.views import DrawnView
from lessonlib.lesson.words import Words
from lessonlib.roofline import Lab

if TYPE_CHECKING:
    from lessonlib.lesson.lesson import Lesson

log = logging.getLogger(__name__)


class Computed(Tell):
    """A text, and below it what a function of the lab returns. A kind says what that is and how it is drawn.

    ``about`` names a question of the lesson's exam: then text and function are for the lab that this question is about in the set
    that is drawn.
    """

    keys: ClassVar[Mapping[str, Schema]] = {**Tell.keys, "compute": NAME, "about": ID}
    optional = Tell.optional | {"about"}

    def __init__(self, raw: Raw, lesson: Lesson):
        super().__init__(raw, lesson)
        self._kept: tuple[Lab, Any] | None = None
        # Another set that is drawn changes what it shows.
        self.changes = "about" in raw  # type: ignore[misc]

    def checked(self, found: Any) -> Any:
        """What the function returned, as the kind keeps it. Raises LessonlibError, in one line, for what cannot be drawn."""
        raise NotImplementedError

    def drawn(self) -> DrawnView:
        """What the page draws below the text."""
        raise NotImplementedError

    def counted(self) -> Mapping[str, Any]:
        """What goes into the seal beside the text; what is drawn, if a kind does not say otherwise."""
        return self.drawn()

    @property
    def printed(self) -> list[str]:
        """What is read without a further click, beside the text."""
        raise NotImplementedError

    @property
    def words(self) -> Words:
        """The lesson's, or those of the question of the exam that it belongs to."""
        if "about" not in self.raw:
            return self.lesson.words
        found = self.lesson.items.get(self.raw["about"])
        if not isinstance(found, StepItem) or not found.raw.get("exam"):
            raise LessonlibError(f"{self.where} about: “{self.raw['about']}” is no question of the exam")
        return found.step.question.words

    @property
    def shown(self) -> Any:
        """What the function says of this lab, checked; computed once for each lab. Raises LessonlibError, in one line."""
        lab = self.words.lab
        if self._kept is None or self._kept[0] is not lab:
            self._kept = lab, self._computed(lab)
        return self._kept[1]

    def _computed(self, lab: Lab) -> Any:
        name = self.raw["compute"]
        compute = self.lesson.code.function(name)
        try:
            return self.checked(compute(lab))
        except LessonlibError:
            raise
        except Exception as error:
            log.exception("%s: %s", self.where, name)
            line = " ".join(f"{type(error).__name__}: {error}".split())
            raise LessonlibError(f"{name} cannot be computed on the lab {lab.name}: {line}") from error

    def draw(self) -> DrawnView:
        """The text, and all that the page draws; or why there is nothing to draw."""
        told = super().draw()
        try:
            return {**told, **self.drawn()}
        except LessonlibError as error:
            return {**told, "problem": str(error)}

    def parts(self) -> Mapping[str, Any]:
        """The text, and what the kind counts. Raises LessonlibError for what cannot be computed: nothing seals a fault."""
        return {**super().draw(), **self.counted()}
