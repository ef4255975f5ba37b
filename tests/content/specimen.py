"""A whole lesson that no edition of the course changes: the one that `lessonlib new` writes, in a folder of its own."""

from __future__ import annotations

import atexit
import copy
import functools
import shutil
import tempfile
from pathlib import Path
from typing import Any

from lessonlib.build.new import order, write_lesson
from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.source import load_source
from lessonlib.roofline import DEFAULT_LAB, load_lab
from lessonlib.show.blocks import BLOCKS

Raw = dict[str, Any]


@functools.cache
def path() -> str:
    """The YAML of lesson 7, about tea."""
    folder = Path(tempfile.mkdtemp(prefix="specimen-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    place, _ = write_lesson(order("7", "tea", str(folder / "tea"), False))
    return str(place.file)


@functools.cache
def opened(lab: str = DEFAULT_LAB) -> Lesson:
    """The lesson on a lab, with everything that draws. Nobody may answer it."""
    return Lesson(path(), load_lab(lab), None, BLOCKS)


def words() -> Raw:
    """Its YAML as data, to break at will."""
    return copy.deepcopy(load_source(path(), BLOCKS))
