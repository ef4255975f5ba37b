"""The course as planned: its parts, their lessons in order, and how long each takes."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lessonlib.base.files import is_file, read_json
from lessonlib.base.paths import data_dir

_FILE, _MINUTES = "course.json", "json/minutes.json"


@dataclass(frozen=True)
class PlannedLesson:
    """A lesson or a checkpoint. ``minutes`` by the formula (:mod:`lessonlib.lesson.budget`); None while it is only planned."""

    name: str
    title: str
    minutes: float | None

    @property
    def planned(self) -> bool:
        """Whether it is still to be written."""
        return self.minutes is None


@dataclass(frozen=True)
class Part:
    """One part of the course."""

    title: str
    lessons: tuple[PlannedLesson, ...]


def load_parts() -> tuple[Part, ...]:
    """All parts, in order. Those lessons have minutes that were built."""
    return _parts(data_dir())


@functools.lru_cache(maxsize=2)
def _parts(folder: Path) -> tuple[Part, ...]:
    known = kept_minutes()
    return tuple(
        Part(
            part["title"],
            tuple(PlannedLesson(one["name"], one["title"], known.get(one["name"])) for one in part["lessons"]),
        )
        for part in read_json(folder / _FILE)["parts"]
    )


def minutes_path() -> Path:
    """Where the minutes of each lesson are kept, as they were when it was built."""
    return data_dir() / _MINUTES


def kept_minutes() -> Mapping[str, float]:
    """Minutes by lesson; empty before anything was built."""
    path = minutes_path()
    found: dict[str, float] = read_json(path) if is_file(path) else {}
    return found
