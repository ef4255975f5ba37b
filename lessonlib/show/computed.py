"""A block that a function of the lesson's package computes: a run step by step, or an incident as its monitoring shows it.

The function is called once for a lab; the page draws what it returned and asks the kernel for nothing more. What cannot be
computed or drawn is one line in its place, so that the cells behind it run on.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Mapping
from typing import Any, ClassVar

from lessonlib.base.errors import LessonlibError
from lessonlib.lesson.block import Tell
from lessonlib.lesson.fragments import NAME, Schema
from lessonlib.lesson.views import DrawnView

log = logging.getLogger(__name__)


class Computed(Tell):
    """A text, and below it what a function of the lab returns. A kind says what that is and how it is drawn."""

    keys: ClassVar[Mapping[str, Schema]] = {**Tell.keys, "compute": NAME}

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

    @functools.cached_property
    def shown(self) -> Any:
        """What the function says of this lab, checked. Raises LessonlibError, in one line."""
        name, lab = self.raw["compute"], self.lesson.lab
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
