"""The shapes of :mod:`lessonlib.lesson.views` for the scripts: the text of ``static/js/views.d.ts``.

The file is written by ``refresh()`` and kept; a test holds it to the classes.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

from lessonlib.lesson import views
from lessonlib.show.scripts import STATIC

FILE = STATIC / "js" / "views.d.ts"
_PLAIN = {str: "string", int: "number", float: "number", bool: "boolean", NoneType: "null", Any: "any"}
_HEAD = (
    "// Written from lessonlib/lesson/views.py by lessonlib.show.typescript.refresh(); a test holds it to that file."
)


def declarations() -> str:
    """All of it: an alias for each union or list of words, an interface for each TypedDict, in their order."""
    shapes = [
        _interface(name, found) if is_typeddict(found) else f"export type {name} = {_spelled(found)};"
        for name, found in _declared().items()
    ]
    return "\n\n".join([_HEAD, *shapes]) + "\n"


def refresh() -> Path:
    """Write the file anew."""
    FILE.write_text(declarations(), encoding="utf-8")
    return FILE


def fields(shape: Any) -> dict[str, tuple[Any, bool]]:
    """The keys of a TypedDict: key -> (its type, whether it must be there)."""
    found = {}
    for key, hint in get_type_hints(shape, include_extras=True).items():
        left_out = get_origin(hint) is NotRequired
        found[key] = (get_args(hint)[0] if left_out else hint, not left_out and key not in shape.__optional_keys__)
    return found


def _declared() -> dict[str, Any]:
    """Name -> shape, of all that the module itself declares."""
    return {
        name: found
        for name, found in vars(views).items()
        if get_origin(found) in (Literal, UnionType) or (is_typeddict(found) and found.__module__ == views.__name__)
    }


def _interface(name: str, shape: Any) -> str:
    doc = (inspect.getdoc(shape) or "").split("\n", maxsplit=1)[0]
    lines = (f"  {key}{'' if must else '?'}: {_type(hint)};" for key, (hint, must) in fields(shape).items())
    return "\n".join([f"/** {doc} */", f"export interface {name} {{", *lines, "}"])


def _type(hint: Any) -> str:
    """A type by its name, if it has one."""
    named = (name for name, found in _declared().items() if found == hint and get_origin(found) is Literal)
    return next(named, "") or _spelled(hint)


def _spelled(hint: Any) -> str:
    origin, parts = get_origin(hint), get_args(hint)
    if is_typeddict(hint):
        return str(hint.__name__)
    if origin is Literal:
        return " | ".join(f'"{word}"' for word in parts)
    if origin in (Union, UnionType):
        return " | ".join(_type(part) for part in parts)
    if origin is list:
        inner = _type(parts[0])
        return f"({inner})[]" if " " in inner else f"{inner}[]"
    if origin is tuple:
        return f"[{', '.join(_type(part) for part in parts)}]"
    if origin is dict:
        return f"Record<string, {_type(parts[1])}>"
    return _PLAIN[hint]
