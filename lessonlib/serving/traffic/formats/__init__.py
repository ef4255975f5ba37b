"""Traces as others publish them: recognised by all their columns, turned into rows with the names of this course.

A row keeps what it says; what a format leaves open (the unit of a time, the size of a block, how many tokens a text has) is
decided in its module, once, and told in `Rows.notes`.
"""

from __future__ import annotations

from collections.abc import Sequence

from lessonlib.base.errors import LessonlibError, close_matches, listed
from lessonlib.serving.traffic.formats.mooncake import MOONCAKE
from lessonlib.serving.traffic.formats.rows import Row, Rows, TraceFormat
from lessonlib.serving.traffic.formats.tables import TABLES
from lessonlib.serving.traffic.formats.texts import TEXTS

__all__ = ["FORMATS", "OWN", "Row", "Rows", "TraceFormat", "recognised"]


def _own(_where: str, given: Sequence[Row]) -> Rows:
    """The columns of this course, as they stand."""
    return Rows(given)


OWN = TraceFormat(
    "a trace of this course",
    frozenset({"prompt", "output"}),
    frozenset({"arrival_s", "priority", "follows", "think_s", "own", "prefix"}),
    _own,
    "arrival_s",
)
FORMATS = (OWN, *TABLES, *MOONCAKE, *TEXTS)


def recognised(where: str, columns: Sequence[str]) -> tuple[TraceFormat, tuple[str, ...]]:
    """The format with these columns, and the columns that are not used.

    Raises LessonlibError for columns that make no format, or that lie between two: never a guess from one column.
    """
    there = frozenset(columns)
    fitting = [item for item in FORMATS if item.needed <= there]
    if not fitting:
        raise _no_format(where, columns)
    best = max(fitting, key=lambda item: (len(item.needed & there), len(item.columns & there)))
    unknown = [name for name in columns if name not in best.columns]
    for other in FORMATS:
        strange = [name for name in unknown if name in other.columns]
        if (len(strange) > 1 or other.needed.intersection(strange)) and len(other.needed & there) > 1:
            missing = sorted(other.needed - there)
            raise LessonlibError(
                f"{where}: columns of two formats: it has all that {best.title} needs, and {listed(strange).replace(' or ', ' and ')} of {other.title}"
                + (f", but no {listed(missing)}" if missing else "")
                + "; the two count time differently, so leave out the columns of one"
            )
    return best, tuple(unknown)


def _no_format(where: str, columns: Sequence[str]) -> LessonlibError:
    there = frozenset(columns)
    if not there:
        return LessonlibError(f"{where}: no column arrival_s: the first line must name arrival_s, prompt, output")
    if len(there) == 1:
        return LessonlibError(
            f"{where}: one column, {_shown(columns)}: the first line must name arrival_s, prompt and output, with commas between"
        )
    near = max(FORMATS, key=lambda item: (len(item.needed & there) / len(item.needed), item is OWN))
    if near.needed & there:
        missing = sorted(near.needed - there)
        hints = [
            f"{name} (did you mean {close[0]}?)" if (close := close_matches(name, list(columns), 1)) else name
            for name in missing
        ]
        return LessonlibError(f"{where}: looks like {near.title}, but has no {listed(hints)}; it has {_shown(columns)}")
    known = listed([item.title for item in FORMATS[1:]])
    return LessonlibError(
        f"{where}: no trace that is known here: it has {_shown(columns)}; expected arrival_s, prompt and output, or the columns of {known}"
    )


def _shown(columns: Sequence[str]) -> str:
    """The first few names, each cut: they come from the file."""
    some = ", ".join(str(name)[:40] for name in columns[:8])
    return some + (" and more" if len(columns) > 8 else "")
