"""The timeline: a simulated run, or up to three under one clock, as a function of the lesson's package gives it.

The function is called once; the page draws and plays what it returned, and asks the kernel for nothing more.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Mapping
from typing import Any, ClassVar, cast

from lessonlib.base.errors import LessonlibError
from lessonlib.draw.timeline import MOST_RUNS, Timeline
from lessonlib.lesson.block import WORD_BLOCKS, Block, more
from lessonlib.lesson.fragments import NAME, TEXT, Schema
from lessonlib.lesson.views import DrawnView, TimelineView

log = logging.getLogger(__name__)


class TimelineBlock(Block):
    """A simulated run, step by step: who waits, who is read, who writes."""

    kind = "timeline"
    panel = "timeline"
    keys: ClassVar[Mapping[str, Schema]] = {
        "block": WORD_BLOCKS["tell"].keys["block"],
        "text": TEXT,
        "more": TEXT,
        "compute": NAME,
    }
    optional = frozenset({"block", "more"})

    @functools.cached_property
    def runs(self) -> tuple[Timeline, ...]:
        """What the function gives, one or several. Raises LessonlibError, in one line, for what cannot be drawn."""
        compute = self.lesson.code.function(self.raw["compute"])
        try:
            found = compute(self.lesson.lab)
        except LessonlibError:
            raise
        except Exception as error:
            log.exception("timeline %s", self.where)
            raise LessonlibError(
                f"{compute.__name__}: {type(error).__name__}: {' '.join(str(error).split())}"
            ) from error
        runs = tuple(found) if isinstance(found, (list, tuple)) else (found,)
        wrong = [type(run).__name__ for run in runs if not isinstance(run, Timeline)]
        if wrong or not 1 <= len(runs) <= MOST_RUNS:
            what = wrong[0] if wrong else f"{len(runs)} of them"
            raise LessonlibError(
                f"{compute.__name__} returns {what}; it returns a Timeline, or a list of up to {MOST_RUNS}"
            )
        for run in runs:
            run.refuse()
        if len({run.label for run in runs}) < len(runs):
            raise LessonlibError(f"{compute.__name__}: timelines under one clock each need a label of their own")
        return runs

    def draw(self) -> DrawnView:
        """The text, and all that the page draws. What cannot be computed is said in its place."""
        try:
            views = cast("list[TimelineView]", [run.view() for run in self.runs])
            return {"html": self._words(), "timeline": views}
        except LessonlibError as error:
            return {"html": self._words(), "timeline": [], "problem": str(error)}

    @property
    def printed(self) -> list[str]:
        """What is read without a further click, beside the text: findings and percentiles."""
        waits = [run.view()["waits"] for run in self.runs]
        rows = [" · ".join(cell for row in told["rows"] for cell in row) + f" · {told['speed']}" for told in waits]
        return [*(run.finding for run in self.runs), *rows]

    def parts(self) -> Mapping[str, Any]:
        """The text and the numbers of each request, not each step."""
        return {"html": self._words(), "runs": [run.sealed for run in self.runs]}

    def _words(self) -> str:
        words = self.lesson.words
        html = words.html(self.raw["text"], self.where)
        return html + (more(words.html(self.raw["more"], f"{self.where} more")) if "more" in self.raw else "")
