"""Which store an address names: a file of SQLite, by default beside the journal, or a PostgreSQL database."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lessonlib.base.errors import LessonlibError, shown
from lessonlib.base.extras import require
from lessonlib.base.files import is_file
from lessonlib.classroom.class_file import classes_dir
from lessonlib.classroom.store import Store


def opener(url: str | None = None, makes: bool = True) -> Callable[[], Store]:
    """What opens the store at ``url`` (postgresql://…, sqlite:///PATH or a path of a file), anew for each thread.

    None: the file beside the journal. ``makes``: whether a file that is not there is made. Raises LessonlibError for an
    address that names none.
    """
    if url is None:
        return _of_file(classes_dir() / "classes.sqlite", makes)
    scheme, found, rest = url.partition("://")
    if not found:
        return _of_file(Path(url).expanduser(), makes)
    if scheme == "sqlite" and rest.startswith("/") and len(rest) > 1:
        return _of_file(Path(rest[1:]).expanduser(), makes)
    if scheme in ("postgresql", "postgres"):
        require("psycopg", "postgres", "a class in PostgreSQL")
        from lessonlib.classroom.postgres import PostgresStore

        return lambda: PostgresStore(url)
    raise LessonlibError(f"--store: {shown(scheme + '://…')} is not known: postgresql://…, or the path of a file")


def _of_file(path: Path, makes: bool) -> Callable[[], Store]:
    if not makes and not is_file(path):
        raise LessonlibError(f"no class is kept in {path}: hold one with lessonlib class LESSON")
    from lessonlib.classroom.sqlite import SqliteStore

    return lambda: SqliteStore(path)
