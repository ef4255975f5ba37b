"""The scripts and styles of the panels, and the hidden widget that brings them to the page once.

A lesson has some thirty panels. Were each to carry all scripts and styles, a page would take in 4 MB of the same text;
so one hidden widget a kernel holds them, and a panel carries ``loader.js``, which asks the widget manager for it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from typing import Any

import anywidget
import traitlets

from lessonlib.show.static_files import STATIC, script_files, style_files

LOADER = (STATIC / "loader.js").read_text(encoding="utf-8")


@cache
def panel_script() -> str:
    """All scripts as the text of one module, which exports ``render``."""
    return "\n".join(path.read_text(encoding="utf-8") for path in script_files())


@cache
def panel_style() -> str:
    """All styles as one text."""
    return "\n".join(path.read_text(encoding="utf-8") for path in style_files())


class PanelScripts(anywidget.AnyWidget):
    """Holds the scripts and styles of all panels of a kernel. It is never shown.

    ``edition`` tells one edition of them from another: what a page has loaded under it is not loaded again.
    """

    _esm = "export default {};"
    edition = traitlets.Unicode().tag(sync=True)
    script = traitlets.Unicode().tag(sync=True)
    style = traitlets.Unicode().tag(sync=True)

    def __init__(self) -> None:
        script, style = panel_script(), panel_style()
        edition = hashlib.sha256(f"{script}\0{style}".encode()).hexdigest()[:12]
        super().__init__(edition=edition, script=script, style=style)

    def set_state(self, sync_data: Mapping[str, Any]) -> None:
        """Drop what a page sends as its state: another page would run it."""


_open: list[PanelScripts] = []


def scripts_id() -> str:
    """The model id of this kernel's :class:`PanelScripts`, which is opened on first use, and anew if somebody closed it."""
    if not _open or _open[0].comm is None:
        _open[:] = [PanelScripts()]
    return str(_open[0].model_id)
