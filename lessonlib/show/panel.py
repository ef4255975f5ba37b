"""The guess panel: one anywidget whose state lives in Python and whose page only draws it.

The synced trait ``view`` is a plain dict (JSON). The page sends small custom messages back
(``{"event": "commit", "guess": ..., "confidence": 0}``); whoever takes them sets the new view, once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import anywidget
import traitlets

from lessonlib.base.formats import whole_characters
from lessonlib.lesson.guess import GuessError, refuse_large, shorten
from lessonlib.lesson.views import View
from lessonlib.show.scripts import LOADER, scripts_id

log = logging.getLogger(__name__)


class Panel(anywidget.AnyWidget):
    """One step of a lesson as the learner sees it.

    ``view``: what to draw. ``class_bar``: what is said of a class below the question, {} without one. ``on_event(message)``: called with each message of the page; a mapping that it
    returns becomes the new view. ``fallback()``: the same step as ``(text, html)`` for places without
    widgets (stored notebooks, plain terminals).
    """

    _esm = LOADER
    view = traitlets.Dict().tag(sync=True)
    # beside the view, so that a count that moves each second draws no question anew
    class_bar = traitlets.Dict().tag(sync=True)
    #: the model id of the hidden widget with the scripts and styles
    scripts = traitlets.Unicode().tag(sync=True)

    @traitlets.validate("view", "class_bar")
    def _whole(self, proposal: Mapping[str, Any]) -> Any:
        """Half a character, such as one that a file name or a server gave, would stop the message to the page."""
        return _whole_characters(proposal["value"])

    def __init__(
        self,
        view: View | Mapping[str, Any],
        on_event: Callable[[dict[str, Any]], View | Mapping[str, Any] | None],
        fallback: Callable[[], tuple[str, str]],
    ) -> None:
        super().__init__(view=dict(view), scripts=scripts_id())
        self._on_event = on_event
        self._fallback = fallback
        self.on_msg(lambda _widget, message, _buffers: self.handle(message))

    def handle(self, message: Any) -> None:
        """Passes one message of the page on; whatever goes wrong becomes one line in the panel."""
        try:
            refuse_large(message)
            if not isinstance(message, dict) or "event" not in message:
                raise ValueError(f"the panel sent {shorten(repr(message))}; expected a dict with the key 'event'")
            answer = self._on_event(message)
            if isinstance(answer, Mapping):
                self.view = dict(answer)
        except GuessError as error:
            self.view = {**self.view, "problem": str(error)}
        except Exception as error:  # a traceback would be lost in the browser's comm channel
            log.exception("lesson panel %r", self.view.get("id"))
            self.view = {**self.view, "problem": f"Something went wrong here ({error}). Your input is still there."}
        finally:
            self.send({"done": True})  # also when the view is the same as before: the page stops waiting

    def set_state(self, sync_data: Mapping[str, Any]) -> None:
        """Drop what a page sends as its state: it draws the view and never writes it. What it overwrote is sent anew."""
        self.send_state([key for key in ("view", "class_bar", "scripts") if key in sync_data])

    def __repr__(self) -> str:
        return f"Panel({self.view.get('id', '')!r}, state={self.view.get('state', '')!r})"

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        bundle = super()._repr_mimebundle_(**kwargs)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle or {}, {})
        text, html = map(whole_characters, self._fallback())
        return {**data, "text/plain": text, "text/html": html}, metadata


def _whole_characters(value: Any) -> Any:
    if isinstance(value, str):
        return whole_characters(value)
    if isinstance(value, dict):
        return {_whole_characters(key): _whole_characters(item) for key, item in value.items()}
    return [_whole_characters(item) for item in value] if isinstance(value, (list, tuple)) else value
