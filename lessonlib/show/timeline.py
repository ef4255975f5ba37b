"""The timeline: a simulated run, or up to three under one clock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, cast

from lessonlib.base.errors import LessonlibError
from lessonlib.draw.timeline import MOST_RUNS, Timeline
from lessonlib.lesson.views import DrawnView, PanelKind, TimelineView
from lessonlib.show.computed import Computed


class TimelineBlock(Computed):
    """A simulated run, step by step: who waits, who is read, who writes."""

    kind = "timeline"
    panel: ClassVar[PanelKind] = "timeline"

    def checked(self, found: Any) -> tuple[Timeline, ...]:
        """The runs, one or several, if they can be drawn under one clock."""
        name = self.raw["compute"]
        runs = tuple(found) if isinstance(found, (list, tuple)) else (found,)
        wrong = [type(run).__name__ for run in runs if not isinstance(run, Timeline)]
        if wrong or not 1 <= len(runs) <= MOST_RUNS:
            what = wrong[0] if wrong else f"{len(runs)} of them"
            raise LessonlibError(f"{name} returns {what}; it returns a Timeline, or a list of up to {MOST_RUNS}")
        for run in runs:
            run.refuse()
        if len({run.label for run in runs}) < len(runs):
            raise LessonlibError(f"{name}: timelines under one clock each need a label of their own")
        return runs

    def drawn(self) -> DrawnView:
        """The runs."""
        return {"timeline": cast("list[TimelineView]", [run.view() for run in self.shown])}

    def counted(self) -> Mapping[str, Any]:
        """The numbers of each request, not each step."""
        return {"runs": [run.sealed for run in self.shown]}

    @property
    def printed(self) -> list[str]:
        """What is read without a further click, beside the text: findings and percentiles."""
        waits = [run.view()["waits"] for run in self.shown]
        rows = [" · ".join(cell for row in told["rows"] for cell in row) + f" · {told['speed']}" for told in waits]
        return [*(run.finding for run in self.shown), *rows]
