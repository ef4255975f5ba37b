"""Which store an address names: a file of SQLite, by default beside the journal, or a PostgreSQL database."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lessonlib.base.errors import LessonlibError, shown
from lessonlib.base.extras import require
from lessonlib.classroom.class_file import classes_dir
from lessonlib.classroom.store import Store


def opener(url: str | None = None) -> Callable[[], Store]:
    """What opens the store at ``url`` (postgresql://…, sqlite:///PATH or a path of a file), anew for each thread.

    None: the file beside the journal. Raises LessonlibError for an address that names none.
    """
    if url is None:
        return _of_file(classes_dir() / "classes.sqlite")
    scheme, found, rest = url.partition("://")
    if not found:
        return _of_file(Path(url).expanduser())
    if scheme == "sqlite" and rest.startswith("/") and len(rest) > 1:
        return _of_file(Path(rest[1:]).expanduser())
    if scheme in ("postgresql", "postgres"):
        require("psycopg", "postgres", "a class in PostgreSQL")
        from lessonlib.classroom.postgres import PostgresStore

        return lambda: PostgresStore(url)
    raise LessonlibError(f"--store: {shown(scheme + '://…')} is not known: postgresql://…, or the path of a file")


def _of_file(path: Path) -> Callable[[], Store]:
    from lessonlib.classroom.sqlite import SqliteStore

    return lambda: SqliteStore(path)
