"""The fleet: a simulated run of several replicas, or up to three under one clock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, cast

from lessonlib.base.errors import LessonlibError
from lessonlib.draw.fleet_view import MOST_VIEWS, FleetView
from lessonlib.lesson.views import DrawnView, FleetRunView, PanelKind
from lessonlib.show.computed import Computed


class FleetBlock(Computed):
    """A simulated fleet, window by window: which replicas are there, who gets what, what each has to do."""

    kind = "fleet"
    panel: ClassVar[PanelKind] = "fleet"

    def checked(self, found: Any) -> tuple[FleetView, ...]:
        """The runs, one or several, if they can be drawn under one clock."""
        name = self.raw["compute"]
        runs = tuple(found) if isinstance(found, (list, tuple)) else (found,)
        wrong = [type(run).__name__ for run in runs if not isinstance(run, FleetView)]
        if wrong or not 1 <= len(runs) <= MOST_VIEWS:
            what = wrong[0] if wrong else f"{len(runs)} of them"
            raise LessonlibError(f"{name} returns {what}; it returns a FleetView, or a list of up to {MOST_VIEWS}")
        for run in runs:
            run.refuse()
        if len({run.label for run in runs}) < len(runs):
            raise LessonlibError(f"{name}: fleets under one clock each need a label of their own")
        return runs

    def drawn(self) -> DrawnView:
        """The runs."""
        return {"fleet": cast("list[FleetRunView]", [run.view() for run in self.shown])}

    def counted(self) -> Mapping[str, Any]:
        """The sums of each replica, not each window."""
        return {"runs": [run.sealed for run in self.shown]}

    @property
    def printed(self) -> list[str]:
        """What is read without a further click, beside the text: findings and percentiles."""
        told = [run.view() for run in self.shown]
        rows = [
            " · ".join(cell for row in view["waits"]["rows"] for cell in row) + f" · {view['waits']['speed']}"
            for view in told
        ]
        facts = [" · ".join(view["facts"]) for view in told]
        return [*(run.finding for run in self.shown), *rows, *facts]
