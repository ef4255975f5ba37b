"""Checks of what a person typed: each returns the number or says in one line what to change."""

from __future__ import annotations

import math

from lessonlib.base.errors import LessonlibError


def number(
    name: str, value: object, above: float | None = None, least: float | None = None, most: float | None = None
) -> float:
    """`value` as a finite float within the limits; LessonlibError names the argument and the limits."""
    if isinstance(value, bool) or not hasattr(value, "__float__") or not math.isfinite(float(value)):
        raise LessonlibError(f"{name}: expected a number, not {value!r}")
    found = float(value)
    if above is not None and not found > above:
        raise LessonlibError(f"{name}: expected a number above {above:g}, not {found:g}")
    if least is not None and found < least:
        raise LessonlibError(f"{name}: expected a number from {least:g} up, not {found:g}")
    if most is not None and found > most:
        raise LessonlibError(f"{name}: expected a number up to {most:g}, not {found:g}")
    return found


def kind(name: str, value: object, wanted: type, example: str) -> None:
    """LessonlibError with an example unless `value` is a `wanted`."""
    if not isinstance(value, wanted):
        raise LessonlibError(
            f"{name}: expected {'an' if wanted.__name__[0] in 'AEIOU' else 'a'} {wanted.__name__} such as {example}, not {value!r}"
        )


def whole(name: str, value: object, least: int = 1, most: int = 10**9) -> int:
    """`value` as a whole number from `least` to `most`; LessonlibError names the argument."""
    found = number(name, value)
    if found != int(found) or not least <= found <= most:
        raise LessonlibError(f"{name}: expected a whole number from {least} to {most:,}, not {found:g}")
    return int(found)


def set_whole(settings: object, name: str, least: int = 1, most: int = 10**9) -> None:
    """Check a field of frozen settings and keep it as a plain int, whatever kind of whole number came."""
    object.__setattr__(settings, name, whole(name, getattr(settings, name), least, most))
