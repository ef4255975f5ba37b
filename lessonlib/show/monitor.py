"""The block that shows an incident as its monitoring does: a dashboard over one clock, the log, the alerts."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, cast

from lessonlib.base.errors import LessonlibError
from lessonlib.draw.monitor import Monitor
from lessonlib.lesson.block import WORD_BLOCKS, Block, more
from lessonlib.lesson.fragments import NAME, TEXT, Schema
from lessonlib.lesson.views import DrawnView, MonitorView, PanelKind

log = logging.getLogger(__name__)


class Monitoring(Block):
    """An incident as an on-call engineer sees it: charts over one clock, log lines, alerts."""

    kind = "monitor"
    panel: ClassVar[PanelKind] = "monitor"
    keys: ClassVar[Mapping[str, Schema]] = {
        "block": WORD_BLOCKS["tell"].keys["block"],
        "text": TEXT,
        "more": TEXT,
        "compute": NAME,
    }
    optional = frozenset({"block", "more"})

    @functools.cached_property
    def compute(self) -> Callable[..., Any]:
        """The function of the lesson's package; LessonlibError if there is none of that name."""
        return self.lesson.code.function(self.raw["compute"])

    def shown(self) -> Monitor:
        """What the function says of this lab. Raises LessonlibError, one line."""
        name = self.raw["compute"]
        try:
            found = self.compute(self.lesson.lab)
            if not isinstance(found, Monitor):
                raise LessonlibError(f"{name} returns {type(found).__name__}; it returns a Monitor")
            found.refuse()
        except LessonlibError as error:
            raise LessonlibError(f"{self.where}: {error}") from None
        except Exception as error:
            log.exception("monitor %s", self.where)
            line = " ".join(f"{type(error).__name__}: {error}".split())
            raise LessonlibError(
                f"{self.where}: {name} cannot be computed on the lab {self.lesson.lab.name}: {line}"
            ) from error
        return found

    def draw(self) -> DrawnView:
        """The text, and the dashboard with its log."""
        html = self.lesson.words.html(self.raw["text"], self.where)
        if "more" in self.raw:
            html += more(self.lesson.words.html(self.raw["more"], f"{self.where} more"))
        return {"html": html, "monitor": cast(MonitorView, self.shown().view())}
