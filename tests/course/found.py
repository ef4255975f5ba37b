"""Plots and pictures of the whole course by name, as the words call them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lessonlib.draw import picture as drawing
from lessonlib.draw.style import Described, Figure
from lessonlib.lesson.code import whole_course
from lessonlib.roofline import Lab


def plot_names() -> list[str]:
    return sorted(whole_course().drawings("plots"))


def plot(name: str, lab: Lab) -> Figure:
    return whole_course().plot(name).draw(lab)


def described(name: str, lab: Lab) -> Described:
    return whole_course().plot(name).describe(lab)


def picture_names() -> list[str]:
    return sorted(whole_course().drawings("pictures"))


def picture_needs(name: str) -> Mapping[str, str]:
    return whole_course().picture(name).NEEDS


def picture(name: str, numbers: Mapping[str, object], prefix: str | None = None) -> dict[str, Any]:
    return drawing.picture(name, whole_course().picture(name), numbers, prefix=prefix)
