"""The guess panel: one anywidget whose state lives in Python and whose page only draws it.

The synced trait ``view`` is a plain dict (JSON). The page sends small custom messages back
(``{"event": "commit", "guess": ..., "confidence": 0}``); what the handler returns is the new view.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import anywidget
import traitlets

STATIC = Path(__file__).parent / "static"
# The order matters: the toolbox first, the kinds in any order, the entry point last.
JS_FILES = (
    "core.js",
    "plot.js",
    "choice.js",
    "number.js",
    "curve.js",
    "curves.js",
    "blanks.js",
    "recall.js",
    "explain.js",
    "teacher.js",
    "tell.js",
    "pick.js",
    "picture.js",
    "explorer.js",
    "result.js",
    "render.js",
)
CSS_FILES = ("panel.css", "words.css", "picture.css", "explorer.css", "teacher.css")

View = dict[str, Any]
log = logging.getLogger(__name__)


def joined(folder: Path, names: tuple[str, ...]) -> str:
    """The text of the named files, one after another."""
    return "\n".join((folder / name).read_text(encoding="utf-8") for name in names)


class Panel(anywidget.AnyWidget):
    """One step of a lesson as the learner sees it.

    ``view``: what to draw. ``on_event(message)``: called with each message of the page; a dict that it
    returns becomes the new view. ``fallback()``: the same step as ``(text, html)`` for places without
    widgets (stored notebooks, plain terminals).
    """

    _esm = joined(STATIC / "js", JS_FILES)
    _css = joined(STATIC / "css", CSS_FILES)
    view = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        view: Mapping[str, Any],
        on_event: Callable[[dict[str, Any]], View | None],
        fallback: Callable[[], tuple[str, str]],
    ) -> None:
        super().__init__(view=dict(view))
        self._on_event = on_event
        self._fallback = fallback
        self.on_msg(lambda _widget, message, _buffers: self.handle(message))

    def handle(self, message: Any) -> None:
        """Passes one message of the page on; whatever goes wrong becomes one line in the panel."""
        try:
            if not isinstance(message, dict) or "event" not in message:
                raise ValueError(f"the panel sent {message!r}; expected a dict with the key 'event'")
            answer = self._on_event(message)
            if isinstance(answer, dict):
                self.view = answer
        except Exception as error:  # a traceback would be lost in the browser's comm channel
            log.exception("lesson panel %r", self.view.get("id"))
            self.view = {**self.view, "problem": f"Something went wrong here ({error}). Your input is still there."}
        finally:
            self.send({"done": True})  # also when the view is the same as before: the page stops waiting

    def __repr__(self) -> str:
        return f"Panel({self.view.get('id', '')!r}, state={self.view.get('state', '')!r})"

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        bundle = super()._repr_mimebundle_(**kwargs)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle or {}, {})
        text, html = self._fallback()
        return {**data, "text/plain": text, "text/html": html}, metadata
