"""Checks of what a person typed: each returns the number or says in one line what to change."""

from __future__ import annotations

import math
from typing import SupportsFloat

from lessonlib.base.errors import LessonlibError

_MOST_OF_ANYTHING = 10**12


def number(
    name: str, value: object, above: float | None = None, least: float | None = None, most: float | None = None
) -> float:
    """`value` as a finite float within the limits; LessonlibError names the argument and the limits."""
    found = _as_float(value)
    if found is None:
        raise LessonlibError(f"{name}: expected a number, not {value!r}")
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


def whole(name: str, value: object, least: int = 1, most: int | None = 10**9) -> int:
    """`value` as a whole number from `least` to `most`; LessonlibError names the argument.

    most = None: no limit of its own, but a trillion of anything is a slip.
    """
    allowed = f"a whole number from {least} {'up' if most is None else f'to {most:,}'}"
    found = _as_float(value)
    if found is None:
        raise LessonlibError(f"{name}: expected {allowed}, not {value!r}")
    if found != int(found) or not least <= found <= (_MOST_OF_ANYTHING if most is None else most):
        raise LessonlibError(f"{name}: expected {allowed}, not {found:g}")
    return int(found)


def positive(name: str, value: object) -> float:
    """`value`, a number of a file (text is none), as a float above 0; LessonlibError names the argument."""
    found = _as_float(value) if isinstance(value, (int, float)) else None
    if found is None or found <= 0:
        raise LessonlibError(f"{name}: expected a positive number, not {value!r}")
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
