"""Pictures: SVG that stands still as its own last frame, and moves only when the player asks it to.

``picture`` draws one with a lab's numbers, ``figure_html`` wraps it for a page without scripts. No number of a lab is
written in a picture: every digit comes from ``numbers``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from html import escape
from typing import Any, Protocol

from lessonlib.base.errors import LessonlibError
from lessonlib.draw.given import Given


class PictureModule(Protocol):
    """A module that draws one picture: the keys it wants, each with its meaning, and the drawing itself."""

    NEEDS: Mapping[str, str]

    def draw(self, given: Given, prefix: str) -> dict[str, Any]:
        """``svg``, ``duration_s``, ``steps`` of (seconds, caption) and ``alt``."""


def picture(
    name: str, module: PictureModule, numbers: Mapping[str, object], *, prefix: str | None = None
) -> dict[str, Any]:
    """Draw a picture with a lab's numbers. ``module`` draws it, ``name`` is what the words call it.

    ``numbers`` maps keys (those of ``module.NEEDS``) to texts with units ("51.2 GB", or anything whose ``str`` is that
    text), shares from 0 to 1, or counts; keys it does not need are ignored. ``prefix`` is the id of the svg and begins
    every id in it; by default it comes from the name and the numbers, so that different pictures on a page never clash.

    Returns ``{"name", "svg", "duration_s", "steps": [{"t", "caption"}], "alt"}``. ``t`` (seconds) is the moment at which
    the picture shows what the caption says; the last ``t`` is ``duration_s`` and shows the complete picture.
    Raises LessonlibError for a missing key, or a value that makes no sense.
    """
    given = Given(name, module.NEEDS, numbers)
    if prefix is None:
        told = repr([(key, str(numbers[key])) for key in module.NEEDS])
        prefix = f"picture-{name}-{hashlib.sha256(told.encode()).hexdigest()[:8]}"
    elif not re.fullmatch(r"[A-Za-z][\w-]*", prefix, re.ASCII):
        raise LessonlibError(
            f"picture prefix {prefix!r} must start with a letter and hold only letters, digits, - and _"
        )
    drawn = module.draw(given, prefix)
    steps = [{"t": t, "caption": caption} for t, caption in drawn["steps"]]
    return {"name": name, **drawn, "steps": steps}


def figure_html(picture: Mapping[str, Any]) -> str:
    """The still picture as ``<figure>`` with its last caption, for pages without scripts."""
    caption = escape(picture["steps"][-1]["caption"])
    return f'<figure class="picture-figure">{picture["svg"]}<figcaption>{caption}</figcaption></figure>'
