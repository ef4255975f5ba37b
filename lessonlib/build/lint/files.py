"""Reading the files of lessons for the linter: what cannot be read is a finding with its line."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from lessonlib.base.errors import LessonlibError
from lessonlib.base.files import read_text
from lessonlib.base.formats import parse_json
from lessonlib.build.lint.finding import Finding, shown
from lessonlib.build.lint.lines import Lines
from lessonlib.build.places import Place
from lessonlib.lesson.concepts import FILE, Listing, parse_listing
from lessonlib.lesson.source import problems
from lessonlib.lesson.yaml_file import MOST_BYTES, load_yaml
from lessonlib.show.blocks import BLOCKS

_KINDS = {
    "object": "a block of keys and values",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "boolean": "true or false",
}


@dataclass
class Words:
    """A lesson's YAML: the data (empty where it could not be read), where what stands, and what is wrong with the file."""

    place: Place
    file: str
    raw: Mapping[str, Any] = field(default_factory=dict)
    lines: Lines = field(default_factory=Lines)
    findings: list[Finding] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Whether the lesson can be opened."""
        return bool(self.raw) and not self.findings


def read_words(place: Place, *, strict: bool = True) -> Words:
    """The words of a lesson with every fault of the file. ``strict`` off only reads, for a look from another lesson."""
    found = Words(place, shown(place.file))
    try:
        text = read_text(place.file, "", MOST_BYTES)
        raw = load_yaml(text, strict=strict)
    except (LessonlibError, yaml.YAMLError) as error:
        found.findings.append(_unread(found.file, error))
        return found
    found.lines = Lines(text)
    for path, line in problems(raw, found.file, BLOCKS) if strict else ():
        if not line.startswith("the id "):  # a rule of its own
            said = _plainly(line)
            # What is missing stands nowhere, so its name leads to no line.
            number = found.lines.of(path, "" if said.endswith("is missing; add it") else said)
            found.findings.append(Finding(found.file, number, "schema", said))
    found.raw = raw if isinstance(raw, Mapping) and isinstance(raw.get("steps"), list) else {}
    return found


def _plainly(line: str) -> str:
    """What the schema says, for who has never seen a schema."""
    line = re.sub(r"'([^']+)' is a required property$", r"“\1” is missing; add it", line)
    return re.sub(
        r": (.+) is not of type '(\w+)'$",
        lambda told: f": {_KINDS.get(told[2], told[2])} is expected, not {told[1]}",
        line,
    )


def _unread(file: str, error: Exception) -> Finding:
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        what = " ".join(filter(None, (error.context, error.problem, error.note)))
        return Finding(file, mark.line + 1 if mark else 1, "file", f"not valid YAML: {' '.join(what.split())}")
    if isinstance(error, LessonlibError):
        line = re.search(r"in line (\d+)", str(error))
        return Finding(file, int(line[1]) if line else 1, "file", str(error).removeprefix(": "))
    return Finding(file, 1, "file", f"not valid YAML: {' '.join(str(error).split())}")


def read_listing(path: Path) -> tuple[Listing | None, Lines, list[Finding]]:
    """The list of ideas and misconceptions at ``path``, its lines, and what is wrong with it."""
    try:
        text = read_text(path, "", MOST_BYTES)
    except LessonlibError as error:
        return None, Lines(), [_unread(shown(path), error)]
    lines = Lines(text)
    try:
        return parse_listing(text), lines, []
    except LessonlibError as error:
        said = str(error).removeprefix(f"{FILE}: ")
        try:
            load_yaml(text)
        except yaml.YAMLError as broken:
            return None, lines, [_unread(shown(path), broken)]
        place = tuple(said.split(":")[0].split("."))
        return None, lines, [Finding(shown(path), lines.of(place, said), "list", said)]


def read_notebook(place: Place) -> tuple[dict[str, Any] | None, list[int], list[Finding]]:
    """A lesson's notebook, the line of each of its cells, and what is wrong with the file."""
    file, mend = (
        shown(place.notebook),
        f"write it with lessonlib build {place.stem if place.in_course else shown(place.file)}",
    )
    if not os.path.lexists(place.notebook):
        return None, [], [Finding(file, 1, "notebook", f"it is not there; {mend}")]
    try:
        text = read_text(place.notebook)
        notebook = parse_json(text, "not a notebook")
        starts = {cell["id"]: "".join(cell["source"]) for cell in notebook["cells"]}
    except (LessonlibError, KeyError, TypeError, AttributeError) as error:
        return None, [], [Finding(file, 1, "notebook", f"no notebook can be read there ({error}); {mend}")]
    by_id = dict(_cell_lines(text))
    return notebook, [by_id.get(cell, 1) for cell in starts], []


def _cell_lines(text: str) -> Iterator[tuple[str, int]]:
    """(id, line) of each cell."""
    for number, line in enumerate(text.splitlines(), 1):
        key, _, value = line.strip().rstrip(",").partition(": ")
        if key == '"id"':
            yield value.strip('"'), number
