"""Where a lesson lives: its words, its notebook, and beside a checkout its package and seals.

A lesson of the course is named by number or slug; one of one's own by the path of its file or of the folder that holds it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lessonlib.base.errors import LessonlibError, close_matches, listed
from lessonlib.base.files import is_file, is_folder
from lessonlib.base.paths import data_dir
from lessonlib.lesson.source import lesson_names

CONCEPTS = "concepts.yaml"
_FILE = re.compile(r"\d\d-[a-z0-9]+(-[a-z0-9]+)*|checkpoint-[1-9]|inventory-[ab]")


@dataclass(frozen=True)
class Place:
    """One lesson. ``name`` is what ``load_source`` takes: a name of the course, or the path of a file."""

    name: str
    file: Path
    notebook: Path
    #: whether it is a lesson of the course, with its code in the package
    in_course: bool

    @property
    def stem(self) -> str:
        """``09-continuous-batching``, for messages."""
        return self.file.stem

    @property
    def folder(self) -> Path:
        """Where its notebook runs."""
        return self.notebook.parent

    @property
    def opened_as(self) -> str:
        """What its notebook gives to ``open_lesson``: a name, or the name of the file beside it."""
        return self.name if self.in_course else self.file.name

    @property
    def concepts(self) -> Path:
        """The list of ideas that its questions name from (a lesson of one's own need not have one)."""
        return data_dir() / CONCEPTS if self.in_course else self.file.parent / CONCEPTS

    @property
    def seals(self) -> Path | None:
        """The parts behind its seals; kept for lessons of the course only."""
        return seals_dir() / f"{self.stem}.json" if self.in_course else None


def notebooks_dir() -> Path:
    """Where the notebooks are: beside data/."""
    return data_dir().parent / "notebooks"


def seals_dir() -> Path:
    """Where the parts behind the seals are kept: beside the tests that compare them."""
    return data_dir().parent / "tests" / "seals"


def of_course(name: str) -> Place:
    """A lesson of the course, by its whole name."""
    return Place(name, data_dir() / "lessons" / f"{name}.yaml", notebooks_dir() / f"{name}.ipynb", in_course=True)


def of_file(file: Path) -> Place:
    """The lesson in a file: one of the course if it lies in data/lessons/, else one of one's own."""
    file = file.resolve()
    if file.parent == (data_dir() / "lessons").resolve():
        return of_course(file.stem)
    return Place(str(file), file, file.with_suffix(".ipynb"), in_course=False)


def of_name(name: str) -> Place:
    """The lesson that ``load_source`` would read for ``name``."""
    return of_file(Path(name)) if name.endswith((".yaml", ".yml")) else of_course(name)


def find(given: Iterable[str]) -> list[Place]:
    """The lessons that the arguments name, in their order; all of the course where nothing is given.

    Raises LessonlibError for a number, slug or path that leads to no lesson.
    """
    found = [place for text in given for place in _named(text)] or [of_course(name) for name in lesson_names()]
    if not found:
        raise LessonlibError(f"no lesson in {data_dir() / 'lessons'}: write the first with lessonlib new 00 SLUG")
    return list(dict.fromkeys(found))


def _named(text: str) -> list[Place]:
    path = Path(text)
    if is_folder(path):
        return _in_folder(path)
    if path.suffix in (".yaml", ".yml") or "/" in text or "\\" in text:
        if not is_file(path):
            raise LessonlibError(f"there is no file {text}: name a lesson's .yaml file or the folder that holds it")
        if path.suffix not in (".yaml", ".yml"):
            raise LessonlibError(f"{text} is no lesson: its words are in a .yaml file")
        return [of_file(path)]
    names = lesson_names()
    number = text.zfill(2) if text.isdigit() else None
    found = [name for name in names if number == name[:2] or text in (name, name[3:])]
    if not found:
        near = close_matches(text, names)
        hint = f"did you mean {listed(near)}?" if near else f"the lessons are {listed(names)}"
        raise LessonlibError(f"there is no lesson “{text}”: {hint} (a lesson of your own is named by its path)")
    return [of_course(name) for name in found]


def _in_folder(folder: Path) -> list[Place]:
    files = sorted(file for file in folder.glob("*.y*ml") if _FILE.fullmatch(file.stem))
    if not files:
        raise LessonlibError(f"no lesson in {folder}: its words are expected in a file such as 09-my-lesson.yaml")
    return [of_file(file) for file in files]
