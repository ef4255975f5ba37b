"""Checks of what a person typed: each returns the number or says in one line what to change."""

from __future__ import annotations

import math
import re
from typing import SupportsFloat

from lessonlib.base.errors import LessonlibError, shown

_MOST_OF_ANYTHING = 10**12
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def number(
    name: str, value: object, above: float | None = None, least: float | None = None, most: float | None = None
) -> float:
    """`value` as a finite float within the limits; LessonlibError names the argument and the limits."""
    found = _as_float(value)
    if found is None:
        raise LessonlibError(f"{name}: expected a number, not {shown(value)}")
    if above is not None and not found > above:
        raise LessonlibError(f"{name}: expected a number above {above:g}, not {found:g}")
    if least is not None and found < least:
        raise LessonlibError(f"{name}: expected a number from {least:g} up, not {found:g}")
    if most is not None and found > most:
        raise LessonlibError(f"{name}: expected a number up to {most:g}, not {found:g}")
    return found


def typed_number(text: str) -> float:
    """The number that a text is, as people write one: ASCII digits, a point, an exponent. ValueError for anything else,
    also for what Python would take, such as 1_000, nan or digits of other scripts.
    """
    if not _NUMBER.fullmatch(text.strip(" ")):
        raise ValueError(f"{shown(text)} is no number")
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{shown(text)} is too large a number")
    return value


def kind(name: str, value: object, wanted: type, example: str) -> None:
    """LessonlibError with an example unless `value` is a `wanted`."""
    if not isinstance(value, wanted):
        raise LessonlibError(
            f"{name}: expected {'an' if wanted.__name__[0] in 'AEIOU' else 'a'} {wanted.__name__} such as {example}, not {shown(value)}"
        )


def whole(name: str, value: object, least: int = 1, most: int | None = 10**9) -> int:
    """`value` as a whole number from `least` to `most`; LessonlibError names the argument.

    most = None: no limit of its own, but a trillion of anything is a slip.
    """
    allowed = f"a whole number from {least} {'up' if most is None else f'to {most:,}'}"
    found = _as_float(value)
    if found is None:
        raise LessonlibError(f"{name}: expected {allowed}, not {shown(value)}")
    if found != int(found) or not least <= found <= (_MOST_OF_ANYTHING if most is None else most):
        raise LessonlibError(f"{name}: expected {allowed}, not {found:g}")
    return int(found)


def positive(name: str, value: object) -> float:
    """`value`, a number of a file (text is none), as a float above 0; LessonlibError names the argument."""
    found = _as_float(value) if isinstance(value, (int, float)) else None
    if found is None or found <= 0:
        raise LessonlibError(f"{name}: expected a positive number, not {shown(value)}")
    return found


def _as_float(value: object) -> float | None:
    """A finite number as a float, None for anything else. True and False are no numbers here."""
    if isinstance(value, bool) or not isinstance(value, SupportsFloat):
        return None
    try:
        found = float(value)
    except (OverflowError, TypeError, ValueError):
        return None
    return found if math.isfinite(found) else None


def set_whole(settings: object, name: str, least: int = 1, most: int = 10**9) -> None:
    """Check a field of frozen settings and keep it as a plain int, whatever kind of whole number came."""
    object.__setattr__(settings, name, whole(name, getattr(settings, name), least, most))
