"""Whether a file is a journal and nothing else, so that it may be erased: LESSON_JOURNAL can name anything."""

from __future__ import annotations

import os
from pathlib import Path

from lessonlib.base.errors import LessonlibError
from lessonlib.base.files import reason
from lessonlib.record.journal_file import opened
from lessonlib.record.keeping import default_path
from lessonlib.record.lines import record_of

#: No record is longer.
_MOST_OF_A_LINE = 16_000_000


def refuse_what_is_not_ours(path: Path) -> None:
    """Raise LessonlibError, in one line, unless nothing is there or an ordinary file that holds records alone.

    A torn line of ours counts as one. An empty file is a journal only where the platform keeps ours.
    """
    try:
        number, records = _first_foreign(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise LessonlibError(f"{path}: nothing was deleted: it cannot be read ({reason(error)})") from None
    except LessonlibError as error:
        raise LessonlibError(f"{path}: nothing was deleted: it {error}") from None
    if number:
        raise LessonlibError(
            f"{path}: nothing was deleted: line {number} is no record of a lesson. If the file is not needed, delete it yourself"
        )
    if not records and path != default_path():
        raise LessonlibError(
            f"{path}: nothing was deleted: it holds no record of a lesson. If the file is not needed, delete it yourself"
        )


def _first_foreign(path: Path) -> tuple[int, int]:
    """The number of the first line that we did not write (0: none), and how many records stand before it."""
    records = 0
    with opened(path, os.O_RDONLY) as handle, open(handle, "rb", closefd=False) as file:
        number = 0
        while line := file.readline(_MOST_OF_A_LINE):
            number += 1
            if record_of(line) is not None:
                records += 1
            elif not _could_be_ours(line):
                return number, records
    return 0, records


def _could_be_ours(line: bytes) -> bool:
    """A blank line, one that a power failure left as zeros, one that is torn, or one of a newer edition."""
    return not line.strip(b"\0 \r\n") or line.startswith(b'{"v":')
