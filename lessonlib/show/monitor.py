"""The block that shows an incident as its monitoring does: a dashboard over one clock, the log, the alerts."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from lessonlib.base.errors import LessonlibError
from lessonlib.draw.monitor import Monitor
from lessonlib.lesson.views import DrawnView, MonitorView, PanelKind
from lessonlib.show.computed import Computed


class Monitoring(Computed):
    """An incident as an on-call engineer sees it: charts over one clock, log lines, alerts."""

    kind = "monitor"
    panel: ClassVar[PanelKind] = "monitor"

    def checked(self, found: Any) -> Monitor:
        """The monitor, if it is one that a page can hold."""
        if not isinstance(found, Monitor):
            raise LessonlibError(f"{self.raw['compute']} returns {type(found).__name__}; it returns a Monitor")
        found.refuse()
        return found

    def drawn(self) -> DrawnView:
        """The dashboard with its log."""
        return {"monitor": cast(MonitorView, self.shown.view())}

    @property
    def printed(self) -> list[str]:
        """The finding; the charts and the log lines are looked up."""
        return [self.shown.finding]
