"""The shapes that Python and the scripts share: ``static/js/views.d.ts`` from :mod:`lessonlib.lesson.views`, and
``static/class/wire.d.ts`` from :mod:`lessonlib.classroom.wire`.

The files are written by ``refresh()`` and kept; a test holds them to the classes.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType, NoneType, UnionType
from typing import Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

from lessonlib.classroom import wire
from lessonlib.lesson import views
from lessonlib.show.static_files import STATIC

FILE = STATIC / "js" / "views.d.ts"
#: file -> the module whose shapes it declares
FILES: Mapping[Path, ModuleType] = {FILE: views, STATIC / "class" / "wire.d.ts": wire}
_PLAIN = {str: "string", int: "number", float: "number", bool: "boolean", NoneType: "null", Any: "any"}
_HEAD = "// Written from {} by lessonlib.show.typescript.refresh(); a test holds it to that file."


def declarations(module: ModuleType = views) -> str:
    """All of a module's: an alias for each union or list of words, an interface for each TypedDict, in their order."""
    own = _declared(module)
    shapes = [
        _interface(name, found, own) if is_typeddict(found) else f"export type {name} = {_spelled(found, own)};"
        for name, found in own.items()
    ]
    imports = [] if module is views else ['import type { View } from "./views.d.ts";']
    return "\n\n".join([_HEAD.format(module.__name__.replace(".", "/") + ".py"), *imports, *shapes]) + "\n"


def refresh() -> None:
    """Write the files anew."""
    for file, module in FILES.items():
        file.write_text(declarations(module), encoding="utf-8")


def fields(shape: Any) -> dict[str, tuple[Any, bool]]:
    """The keys of a TypedDict: key -> (its type, whether it must be there)."""
    found = {}
    for key, hint in get_type_hints(shape, include_extras=True).items():
        left_out = get_origin(hint) is NotRequired
        found[key] = (get_args(hint)[0] if left_out else hint, not left_out and key not in shape.__optional_keys__)
    return found


def _declared(module: ModuleType) -> dict[str, Any]:
    """Name -> shape, of all that the module itself declares."""
    return {
        name: found
        for name, found in vars(module).items()
        if (get_origin(found) in (Literal, UnionType) and (module is views or found is not vars(views).get(name)))
        or (is_typeddict(found) and found.__module__ == module.__name__)
    }


def _interface(name: str, shape: Any, own: Mapping[str, Any]) -> str:
    doc = (inspect.getdoc(shape) or "").split("\n", maxsplit=1)[0]
    lines = (f"  {key}{'' if must else '?'}: {_type(hint, own)};" for key, (hint, must) in fields(shape).items())
    return "\n".join([f"/** {doc} */", f"export interface {name} {{", *lines, "}"])


def _type(hint: Any, own: Mapping[str, Any]) -> str:
    """A type by its name, if it has one."""
    if hint == views.View:
        return "View"
    named = (name for name, found in own.items() if found == hint and get_origin(found) is Literal)
    return next(named, "") or _spelled(hint, own)


def _spelled(hint: Any, own: Mapping[str, Any]) -> str:
    origin, parts = get_origin(hint), get_args(hint)
    if is_typeddict(hint):
        return str(hint.__name__)
    if origin is Literal:
        return " | ".join(f'"{word}"' for word in parts)
    if origin in (Union, UnionType):
        if set(get_args(views.View)) < set(parts):  # a view or something else: Python has flattened the union
            parts = (views.View, *(part for part in parts if part not in get_args(views.View)))
        return " | ".join(_type(part, own) for part in parts)
    if origin is list:
        inner = _type(parts[0], own)
        return f"({inner})[]" if " " in inner else f"{inner}[]"
    if origin is tuple:
        return f"[{', '.join(_type(part, own) for part in parts)}]"
    if origin is dict:
        return f"Record<string, {_type(parts[1], own)}>"
    return _PLAIN[hint]
