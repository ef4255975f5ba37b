"""The file by which the instructor's own kernels find and steer a class: readable for its owner alone, gone with the class."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TypedDict

from lessonlib.base.errors import LessonlibError
from lessonlib.base.files import read_json, write_text
from lessonlib.base.formats import dumps
from lessonlib.classroom.wire import CODE_LENGTH, CODE_SIGNS
from lessonlib.record.journal_file import make_folder
from lessonlib.record.keeping import default_path, journal_path

_MOST_BYTES = 10_000


class ClassFile(TypedDict):
    """url: of the server on this machine, with its prefix, ending in "/". token: bears the right to steer; of this file alone."""

    url: str
    code: str
    token: str
    lesson: str
    lab: str
    pid: int


def classes_dir() -> Path:
    """Where classes are kept: beside the journal, also where none is kept."""
    return (journal_path() or default_path()).parent / "classes"


def code_of(text: str) -> str | None:
    """A code as it was typed or said, in capitals; None if it can be none."""
    code = text.strip().upper()
    return code if len(code) == CODE_LENGTH and set(code) <= set(CODE_SIGNS) else None


def write_class_file(found: ClassFile) -> Path:
    """Write it; where it is. Raises LessonlibError."""
    try:
        make_folder(classes_dir())
    except OSError as error:
        raise LessonlibError(f"{classes_dir()}: the folder cannot be made: {error.strerror}") from None
    path = _path(found["code"])
    write_text(path, dumps(found) + "\n", mode=0o600)
    return path


def remove_class_file(code: str, pid: int) -> None:
    """Take it away, if it is still that of this process."""
    found = read_class_file(code)
    if found is not None and found["pid"] == pid:
        with contextlib.suppress(OSError):
            _path(code).unlink()


def remove_left(code: str) -> None:
    """Take away what a server that was killed left of a class."""
    with contextlib.suppress(OSError):
        _path(code).unlink()


def read_class_file(code: str) -> ClassFile | None:
    """The class file with this code; None if there is none that can be read."""
    try:
        found = read_json(_path(code), most=_MOST_BYTES)
    except LessonlibError:
        return None
    whole = isinstance(found, dict) and all(
        isinstance(found.get(name), kind)
        for name, kind in (("url", str), ("code", str), ("token", str), ("lesson", str), ("lab", str), ("pid", int))
    )
    return found if whole else None


def class_files() -> list[ClassFile]:
    """The classes of this account, the one that began last first; also those whose server was killed."""
    try:
        paths = sorted(classes_dir().glob("*.json"), key=os.path.getmtime, reverse=True)
    except OSError:
        return []
    found = (read_class_file(path.stem) for path in paths if code_of(path.stem) == path.stem)
    return [each for each in found if each is not None]


def _path(code: str) -> Path:
    return classes_dir() / f"{code}.json"
