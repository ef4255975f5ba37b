"""The files of the panels' scripts and styles, in their order; no widget, so that a class server can send them too."""

from __future__ import annotations

from pathlib import Path

STATIC = Path(__file__).parent / "static"
#: The toolbox first, the entry point last, the kinds in any order between them.
_FIRST, _LAST = ("core.js", "plot.js"), ("render.js",)
#: how a room voted, which panels and the pages of a class draw alike
_SHARES = STATIC / "class" / "shares"


def script_files() -> list[Path]:
    """The scripts in the order in which they are joined."""
    folder = STATIC / "js"
    between = sorted(path.name for path in folder.glob("*.js") if path.name not in (*_FIRST, *_LAST))
    return [
        *(folder / name for name in (*_FIRST, *between)),
        _SHARES.with_suffix(".js"),
        *(folder / name for name in _LAST),
    ]


def style_files() -> list[Path]:
    """The styles; that of the panel itself first."""
    folder = STATIC / "css"
    own = sorted(folder.glob("*.css"), key=lambda path: (path.name != "panel.css", path.name))
    return [*own, _SHARES.with_suffix(".css")]
