"""A new lesson that already passes the linter, from a template: something for an author to replace piece by piece.

In a checkout it is a lesson of the course (words, package, ideas in the list); anywhere else a folder of its own.
"""

from __future__ import annotations

import itertools
import os
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lessonlib.base.errors import LessonlibError
from lessonlib.base.files import is_file, is_folder, make_folder, read_text, write_text
from lessonlib.base.paths import checkout_dir
from lessonlib.build.places import CONCEPTS, Place, of_course, of_file
from lessonlib.lesson.concepts import parse_listing
from lessonlib.lesson.source import lesson_names
from lessonlib.lesson.yaml_file import compose_yaml

_TEMPLATE = Path(__file__).parent / "template"
_SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_MOST_SLUG = 40

#: the misconceptions of the template, as who holds them would say them; those of a short lesson first
_BELIEFS = {
    "counted-in-bits": "Memory bandwidth is in bits.",
    "reads-all-memory": "A read goes through all of the memory, full or not.",
    "same-everywhere": "A model takes the same time on every card.",
    "flops-set-it": "The FLOP/s say how long a read takes.",
    "capacity-sets-it": "More memory is faster memory.",
    "fewer-bits-do-nothing": "With as many parameters, a read takes as long.",
    "fewer-bits-count-twice": "Half the bytes are read in a quarter of the time.",
    "read-once-for-all": "Weights are read once for a whole answer.",
    "both-count": "Bandwidth and FLOP/s add up.",
}
_SHORT = 4
#: stands where the author has to say who holds it
_SEEN = "Invented for this template: put in its place where you saw people hold yours."


@dataclass(frozen=True)
class Order:
    """What is to be written: number and slug, in which folder (None: as a lesson of the course), short or full."""

    number: int
    slug: str
    folder: Path | None = None
    short: bool = False

    @property
    def stem(self) -> str:
        """``09-continuous-batching``."""
        return f"{self.number:02}-{self.slug}"

    @property
    def title(self) -> str:
        """``Continuous batching``."""
        return self.slug.replace("-", " ").capitalize()


def order(number: str, slug: str, folder: str | None = None, short: bool = False) -> Order:
    """Check what a person asked for; LessonlibError says what is wrong with it, and nothing is written yet."""
    if not number.isascii() or not number.isdigit() or int(number) > 99:
        raise LessonlibError(
            f"{number} is no number of a lesson: give one from 0 to 99, as in lessonlib new 09 continuous-batching"
        )
    if not _SLUG.fullmatch(slug) or len(slug) > _MOST_SLUG:
        raise LessonlibError(
            f"{slug!r} is no slug: use a-z, 0-9 and single hyphens, a letter first, at most {_MOST_SLUG}, as in continuous-batching"
        )
    stem = f"{int(number):02}-{slug}"
    if folder is None and checkout_dir() is None:
        folder = stem
    asked = Order(int(number), slug, None if folder is None else Path(folder), short)
    if asked.folder is None:
        _free_in_course(asked)
    else:
        _free_folder(asked.folder)
    return asked


def _free_in_course(asked: Order) -> None:
    for name in lesson_names():
        if name[:2] == asked.stem[:2] or name[3:] == asked.slug:
            what = f"number {asked.number}" if name[:2] == asked.stem[:2] else f"the slug {asked.slug}"
            raise LessonlibError(
                f"{what} is taken by {name}: choose another, or give your lesson a folder of its own with --folder"
            )
    listing = read_text(of_course(asked.stem).concepts)
    if re.search(rf"^  {asked.slug}:", listing, re.MULTILINE):
        raise LessonlibError(f"{CONCEPTS} has an idea “{asked.slug}” already: choose another slug")
    taken = [path for path in _files(asked) if path.exists() and path.name != CONCEPTS]
    if taken:
        raise LessonlibError(
            f"{taken[0]} is there already: nothing was written; move it away, or choose another number"
        )


def _free_folder(folder: Path) -> None:
    if os.path.lexists(folder) and not is_folder(folder):
        raise LessonlibError(f"{folder} is a file: name a folder for the lesson")
    taken = (
        sorted(path for path in folder.glob("*") if path.suffix in (".yaml", ".yml", ".py", ".ipynb"))
        if is_folder(folder)
        else []
    )
    if taken:
        raise LessonlibError(f"{taken[0]} is there already: nothing was written; a lesson has a folder of its own")


# --- the files -------------------------------------------------------------------------------------------------------


def write_lesson(asked: Order) -> tuple[Place, list[Path]]:
    """Write the words, the workings, the picture and the ideas of a new lesson; its place and the files written.

    All of them or none: what was written before one that cannot be is taken away again.
    """
    written: list[Path] = []
    before: dict[Path, str] = {}
    try:
        for path, text in _files(asked).items():
            if is_file(path):
                before[path] = read_text(path)
            make_folder(path.parent)
            written.append(path)
            write_text(path, text)
    except LessonlibError as error:
        _undo(written, before)
        raise LessonlibError(f"{error}; nothing was written") from None
    return place(asked), written


def _undo(written: list[Path], before: Mapping[Path, str]) -> None:
    for path in written:
        try:
            if path in before:
                write_text(path, before[path])
            else:
                path.unlink(missing_ok=True)
                path.parent.rmdir()  # refuses while something is in it
        except (OSError, LessonlibError):
            continue


def place(asked: Order) -> Place:
    """Where the new lesson lives."""
    return of_course(asked.stem) if asked.folder is None else of_file(asked.folder / f"{asked.stem}.yaml")


def _files(asked: Order) -> dict[Path, str]:
    """Path -> text of every file of the new lesson but its notebook."""
    home = place(asked)
    code = home.file.parent if asked.folder is not None else _course() / f"lesson_{asked.number:02}"
    fill = _filler(asked, home)
    workings = fill("workings.py.txt") + ("" if asked.short else fill("workings_full.py.txt"))
    found = {home.file: fill("short.yaml" if asked.short else "full.yaml"), code / "workings.py": workings}
    if asked.folder is None:
        found[code / "__init__.py"] = f'"""Lesson {asked.number}: {asked.title[0].lower()}{asked.title[1:]}."""\n'
    if not asked.short:
        found[code / "pictures" / "__init__.py"] = f'"""The pictures of lesson {asked.number}."""\n'
        found[code / "pictures" / f"{_name(asked)}.py"] = fill("picture.py.txt")
    found[home.concepts] = _listing(asked, home)
    return found


def _course() -> Path:
    import lessonlib.course

    return Path(lessonlib.course.__file__).parent


def _name(asked: Order) -> str:
    return asked.slug.replace("-", "_")


def _filler(asked: Order, home: Place) -> Callable[[str], str]:
    """Reads a file of the template with the new lesson's names in it."""
    lint = asked.stem[:2] if home.in_course else os.path.relpath(home.file.parent)
    told = {
        "number": str(asked.number),
        "slug": asked.slug,
        "name": _name(asked),
        "title": asked.title,
        "lint": shlex.quote(lint),
        # A quiz brings back an idea from before; the first lesson that there is has none.
        "earlier": "bandwidth" if home.in_course and asked.number > 0 else asked.slug,
    }

    def fill(file: str) -> str:
        text = read_text(_TEMPLATE / file)
        return re.sub("<<([a-z]+)>>", lambda token: told[token[1]], text)

    return fill


# --- the list of ideas and misconceptions ----------------------------------------------------------------------------


def _listing(asked: Order, home: Place) -> str:
    """The list with the new lesson's idea and misconceptions in it, every other line as it was."""
    needs = "[bandwidth]" if home.in_course and asked.number > 0 else "[]"
    idea = f'  {asked.slug}: {{lesson: {asked.number}, name: "{asked.title}", title: "{asked.title}: bytes over bandwidth", needs: {needs}}}'
    keys = list(_BELIEFS)[: _SHORT if asked.short else None]
    beliefs = [f'  {asked.slug}-{key}: {{holds: "{_BELIEFS[key]}", seen: "{_SEEN}"}}' for key in keys]
    if not home.in_course:
        return "\n".join(
            [
                "# The ideas of this lesson, and what a learner may hold instead. Each question names the ideas that it is about, each",
                "# wrong answer one misconception.",
                "concepts:",
                idea,
                "",
                "misconceptions:",
                *beliefs,
                "",
            ]
        )
    text = read_text(home.concepts)
    lines = text.rstrip("\n").split("\n")
    at = _line_of_next(text, asked.number)
    return "\n".join([*lines[:at], idea, "", *lines[at:], "", f"  # Lesson {asked.number}", *beliefs, ""])


def _line_of_next(text: str, number: int) -> int:
    """Where the idea goes: before those of later lessons, and before the misconceptions and their comment."""
    concepts = parse_listing(text).concepts
    for key, line in _entries(compose_yaml(text)):
        later = key == "misconceptions" or (key in concepts and concepts[key].lesson > number)
        if later:
            above = text.split("\n")[:line]
            comments = itertools.takewhile(lambda one: one.lstrip().startswith("#"), reversed(above))
            return line - len(list(comments))
    raise LessonlibError(f"{CONCEPTS} has no `misconceptions:`; mend it first")


def _entries(root: Any) -> Iterator[tuple[str, int]]:
    """(key, line from 0) of each idea, then of what comes after the ideas."""
    for key, value in root.value:
        if key.value == "concepts":
            yield from ((idea.value, idea.start_mark.line) for idea, _ in value.value)
        else:
            yield key.value, key.start_mark.line
