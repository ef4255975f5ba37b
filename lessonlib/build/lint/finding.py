"""What the linter says, and the rules that say it.

A rule is a small function with a name and a docstring. It looks at one thing (its scope) and yields what it finds, each
as a place in the YAML and a text; ``RULES`` holds all of them, and nothing else has to know of a new one.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any, Literal, NamedTuple

#: keys and indices from the top of a YAML file down to what is meant
Path = tuple[str | int, ...]

#: what a rule is given: the YAML; a lesson on each lab, or on the default one alone; its notebook; its notebook and a lesson on one lab; all lessons of a course
Scope = Literal["words", "lab", "default lab", "notebook", "notebook on a lab", "course"]


class Found(NamedTuple):
    """What a rule found: where in the YAML (or at which cell), and what to say."""

    path: Path
    text: str


@dataclass(frozen=True)
class Finding:
    """One fault: where, by which rule, what is wrong and what to do.

    ``line`` counts from 1.
    """

    file: str
    line: int
    rule: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.rule}: {self.text}"


@dataclass(frozen=True)
class Rule:
    """A rule by name."""

    name: str
    scope: Scope
    check: Callable[..., Iterator[Found]]

    @property
    def says(self) -> str:
        """What it asks for, in one line."""
        return " ".join((inspect.getdoc(self.check) or "").split("\n\n")[0].split())


RULES: dict[str, Rule] = {}

#: what is found before any rule can look
BEFORE_RULES = {
    "file": "The file can be read, is UTF-8 and valid YAML.",
    "schema": "Every key of a lesson file is known and holds what is expected of it.",
    "list": "The list of ideas and misconceptions is well formed.",
    "package": "A lesson of the course has its package, and a package its lesson.",
    "number": "A lesson has a number of its own, the one that its file's name starts with.",
    "code": "Every module of a lesson can be imported.",
    "name-once": "A working's name has one meaning across the course.",
    "working": "Every working gives its number on every lab.",
    "opens": "The lesson opens on every lab.",
    "notebook": "The notebook is there and is that of the words.",
}


def rule(scope: Scope, name: str) -> Callable[[Any], Any]:
    """Make a function a rule of the linter."""

    def register(check: Callable[..., Iterator[Found]]) -> Callable[..., Iterator[Found]]:
        if name in RULES or name in BEFORE_RULES:
            raise ValueError(f"two rules are called {name}")
        RULES[name] = Rule(name, scope, check)
        return check

    return register


def rules_of(scope: Scope) -> list[Rule]:
    """The rules that look at this."""
    return [one for one in RULES.values() if one.scope == scope]


def shown(file: FilePath) -> str:
    """A file as a person finds it: from the working directory where it lies below it."""
    try:
        return str(file.resolve().relative_to(FilePath.cwd()))
    except (ValueError, OSError):
        return str(file)
