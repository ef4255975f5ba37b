"""The course's pictures: SVG that stands still as its own last frame, and moves only when the player asks it to.

``picture(name, numbers)`` draws one; ``figure_html`` wraps it for a page without scripts. No number of a lab is
written here: every digit in a picture comes from ``numbers``, and ``picture_needs(name)`` says which keys it wants.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from html import escape
from typing import Any, NamedTuple

from lessonlib.errors import LessonlibError

from . import fat_pipe, growing_binder, looking_back, on_the_worktop, one_pass, one_pound, one_request, one_trip, opposite_bars, roof, shared_heads, some_shelves, van
from .given import Given

__all__ = ["figure_html", "picture", "picture_names", "picture_needs"]


class _Entry(NamedTuple):
    needs: Mapping[str, str]
    draw: Callable[[Given, str], dict[str, Any]]


_PICTURES = {
    "van": _Entry(van.NEEDS, van.draw),
    "one-pass": _Entry(one_pass.NEEDS, one_pass.draw),
    "opposite-bars": _Entry(opposite_bars.NEEDS, opposite_bars.draw),
    "fat-pipe": _Entry(fat_pipe.NEEDS, fat_pipe.draw),
    "one-trip": _Entry(one_trip.NEEDS, one_trip.draw),
    "one-pound": _Entry(one_pound.NEEDS, one_pound.draw),
    "roof": _Entry(roof.NEEDS, roof.draw),
    "looking-back": _Entry(looking_back.NEEDS, looking_back.draw),
    "shared-heads": _Entry(shared_heads.NEEDS, shared_heads.draw),
    "growing-binder": _Entry(growing_binder.NEEDS, growing_binder.draw),
    "some-shelves": _Entry(some_shelves.NEEDS, some_shelves.draw),
    "on-the-worktop": _Entry(on_the_worktop.NEEDS, on_the_worktop.draw),
    "one-request": _Entry(one_request.NEEDS, one_request.draw),
}


def picture_names() -> tuple[str, ...]:
    """Names that :func:`picture` knows, in the order of the lesson."""
    return tuple(_PICTURES)


def picture_needs(name: str) -> Mapping[str, str]:
    """Keys that the picture wants in ``numbers``, each with what it means and how it is written."""
    return dict(_entry(name).needs)


def picture(name: str, numbers: Mapping[str, object], *, prefix: str | None = None) -> dict[str, Any]:
    """Draw a picture with a lab's numbers.

    ``numbers`` maps keys (see :func:`picture_needs`) to texts with units ("51.2 GB", or anything whose ``str`` is that
    text), shares from 0 to 1, or counts; keys it does not need are ignored. ``prefix`` is the id of the svg and begins
    every id in it; by default it comes from the name and the numbers, so that different pictures on a page never clash.

    Returns ``{"name", "svg", "duration_s", "steps": [{"t", "caption"}], "alt"}``. ``t`` (seconds) is the moment at which
    the picture shows what the caption says; the last ``t`` is ``duration_s`` and shows the complete picture.
    Raises LessonlibError for an unknown name, a missing key, or a value that makes no sense.
    """
    entry = _entry(name)
    given = Given(name, entry.needs, numbers)
    if prefix is None:
        told = repr([(key, str(numbers[key])) for key in entry.needs])
        prefix = f"picture-{name}-{hashlib.sha256(told.encode()).hexdigest()[:8]}"
    elif not re.fullmatch(r"[A-Za-z][\w-]*", prefix, re.ASCII):
        raise LessonlibError(f"picture prefix {prefix!r} must start with a letter and hold only letters, digits, - and _")
    drawn = entry.draw(given, prefix)
    steps = [{"t": t, "caption": caption} for t, caption in drawn["steps"]]
    return {"name": name, **drawn, "steps": steps}


def figure_html(picture: Mapping[str, Any]) -> str:
    """The still picture as ``<figure>`` with its last caption, for pages without scripts."""
    caption = escape(picture["steps"][-1]["caption"])
    return f'<figure class="picture-figure">{picture["svg"]}<figcaption>{caption}</figcaption></figure>'


def _entry(name: str) -> _Entry:
    if name not in _PICTURES:
        raise LessonlibError(f"unknown picture {name!r}; choose one of {', '.join(_PICTURES)}")
    return _PICTURES[name]
