"""The pages of a live class: the voters' page and the hall's screen, and the scripts and styles that they ask for.

Both run the panel's own scripts, without their comments: a phone takes them in over the air of a full hall. What one kind
of question needs comes with the first of that kind. No page holds a script or a style of its own, so that a policy
can forbid them; all addresses are relative, so that a prefix works.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from lessonlib.show.static_files import STATIC, script_files

FOLDER = STATIC / "class"
#: the panel's scripts that the voters' page begins with: the toolbox, the entry point, and what every question needs
_TOOLBOX, _ENTRY, _ALWAYS = ("core", "plot"), ("render",), ("choice", "result")
#: module -> the scripts in it, which come with the first question of that kind; and how a room voted, with the first vote
LATER: Mapping[str, tuple[str, ...]] = {
    "number": ("number",),
    "curve": ("curve", "curves"),
    "place": ("roof", "place"),
    "blanks": ("blanks",),
    "recall": ("recall",),
    "shares": ("shares",),
}
#: rules for what stands in notebooks alone: score cards, lists of sources, explanations that one types
_NOT_WORN = re.compile(
    r"^[^{},\n]*\.(?:ll-(?:score|met|exam|errors|read|sources|guesses|strip)|gp-(?:area|check|checklist|columns|dots|held|hint-list|legend|next|skip|two|typed))\b"
    r"[^{},]*\{[^{}]*\}\n",
    re.MULTILINE,
)
_TYPES = {
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "svg": "image/svg+xml",
}
#: comments: those that have their lines to themselves, casts of a type, and those behind code that hold no quote (so that
#: none of them is part of a text)
_COMMENTS = re.compile(
    r"^[ \t]*(?:/\*\*.*?\*/[ \t]*|//[^\n]*)\n|/\*\* @type [^\n]*?\*/ |[ \t]+// [^\n\"`]*$", re.MULTILINE | re.DOTALL
)
_SPACE = re.compile(r"^[ \t]+|\n(?=\n)", re.MULTILINE)
_TOP_NAMES = re.compile(r"^(?:const|function) (\w+)(?: = [\d.]+, (\w+) = )?", re.MULTILINE)


def _scripts(names: Iterable[str]) -> list[Path]:
    """Scripts of the panel, in its order; then those of the class."""
    wanted = list(names)
    panel = [path for path in script_files() if path.stem in wanted]
    return panel + [FOLDER / f"{name}.js" for name in wanted if name not in {path.stem for path in panel}]


def phone_files() -> list[Path]:
    """The scripts of the voters' page, in the order in which they are joined."""
    return _scripts((*_TOOLBOX, *_ALWAYS, *_ENTRY, "link", "phone"))


def later_files(module: str) -> list[Path]:
    """The scripts of a module that comes to the voters' page later."""
    return _scripts(LATER[module])


def screen_files() -> list[Path]:
    """The scripts of the hall's screen: the panel's drawing kit, no panel."""
    return _scripts((*_TOOLBOX, "roof", "link", "shares", "screen"))


def joined(files: Iterable[Path]) -> str:
    """Scripts as one text, without comments and indentation. No text of theirs may run over a line's end."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    return _SPACE.sub("", _COMMENTS.sub("", text))


def _toolbox() -> list[str]:
    """The names that the toolbox has at its top."""
    found = (_TOP_NAMES.findall(path.read_text(encoding="utf-8")) for path in _scripts(_TOOLBOX))
    return [name for names in found for line in names for name in line if name]


def _later(module: str) -> str:
    """A module that comes later: it takes the toolbox from the page's own module."""
    text = joined(later_files(module))
    names = (name for name in _toolbox() if re.search(rf"\b{name}\b", text))
    return f'import {{ {", ".join(names)} }} from "./phone.js";\n{text}'


def _phone() -> str:
    return f"{joined(phone_files())}export {{ {', '.join(_toolbox())} }};\n"


def _styles(names: Iterable[str]) -> str:
    text = "\n".join((STATIC / name).read_text(encoding="utf-8") for name in names) + "\n"
    return _SPACE.sub("", _NOT_WORN.sub("", re.sub(r"[ \t]*/\*.*?\*/", "", text, flags=re.DOTALL)))


@cache
def pages() -> Mapping[str, tuple[str, bytes]]:
    """Name -> (content type, file) of all that a class server hands out to browsers as it is."""
    texts = {
        "phone.js": _phone(),
        **{f"{module}.js": _later(module) for module in LATER},
        "screen.js": joined(screen_files()),
        "class.css": _styles(["css/panel.css", "css/words.css", "css/roof.css", "class/class.css", "class/shares.css"]),
        "screen.css": _styles(["class/screen.css"]),
        **{name: (FOLDER / name).read_text(encoding="utf-8") for name in ("phone.html", "screen.html", "class.svg")},
    }
    return {name: (_TYPES[name.rpartition(".")[2]], text.encode()) for name, text in texts.items()}
