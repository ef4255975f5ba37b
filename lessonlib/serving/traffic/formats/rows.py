"""What a reader of a trace gives: rows with the names of this course, and what was assumed on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from lessonlib.base.checks import typed_number
from lessonlib.base.errors import LessonlibError, shown

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Rows:
    """Rows with the names of this course, and what must be known about them.

    names: how the file calls a field of this course, for messages. notes: what was assumed, one line each. order: position
    in the file of each row.
    """

    rows: Sequence[Row]
    names: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    order: Sequence[int] = ()

    def place(self, row: int) -> int:
        """Where the row stood in the file, counted from 0."""
        return self.order[row] if self.order else row


@dataclass(frozen=True)
class TraceFormat:
    """One format. needed: columns that make it this one; known: others that it may have. read: rows of the file, which is
    named for errors, as rows of this course. when: the column that says when a request comes; None if there is none.
    """

    title: str
    needed: frozenset[str]
    known: frozenset[str]
    read: Callable[[str, Sequence[Row]], Rows]
    when: str | None

    @property
    def columns(self) -> frozenset[str]:
        """Every column that the format has."""
        return self.needed | self.known


def number(where: str, row: int, name: str, value: Any) -> float:
    """A finite number of a column; LessonlibError names it."""
    try:
        found = typed_number(value) if isinstance(value, str) else None if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        found = None
    if found is None or found - found != 0.0:
        raise LessonlibError(f"{where}: request {row}: {name}: expected a number, not {shown(value)}")
    return found


def in_order(rows: Sequence[dict[str, Any]], starts: Sequence[float]) -> tuple[list[dict[str, Any]], list[int], int]:
    """Rows sorted by when their session starts, their old positions, and how many were out of order. `follows` moves along."""
    order = sorted(range(len(rows)), key=lambda index: starts[index])
    place = {old: new for new, old in enumerate(order)}
    moved = sum(1 for before, after in pairwise(starts) if after < before)
    result = []
    for old in order:
        row = rows[old]
        follows = row.get("follows", -1)
        result.append(row | {"follows": place[follows]} if follows >= 0 else row)
    return result, order, moved


def sorting(moved: int) -> tuple[str, ...]:
    """The note on rows out of order, if there were any."""
    return (f"{moved:,} of its rows came before the one above them: sorted by time",) if moved else ()


def present(row: Row, **names: str) -> dict[str, Any]:
    """Fields of this course that the row has, under the names it has them by."""
    return {ours: row[theirs] for ours, theirs in names.items() if row.get(theirs) is not None}
