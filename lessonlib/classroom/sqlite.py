"""A class kept in one SQLite file: write-ahead log, every commit on the disk before it is told."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path
from typing import Any, ClassVar

from lessonlib.base.files import reason
from lessonlib.classroom.store import Store, StoreError
from lessonlib.record.journal_file import make_folder

#: so long a statement waits for another program that writes to the file
_BUSY_S = 5.0


class SqliteStore(Store):
    """The file at ``path``, made for its owner alone if it is not there. Raises StoreError where it cannot be used."""

    faults: ClassVar[tuple[type[Exception], ...]] = (sqlite3.Error,)
    numbered = "INTEGER PRIMARY KEY AUTOINCREMENT"

    def __init__(self, path: Path):
        self.path = path
        try:
            make_folder(path.parent)
            with contextlib.suppress(FileExistsError):
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            self._connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
        except (OSError, ValueError) as error:
            raise StoreError(f"the classes cannot be kept in {path}: {reason(error)}") from None
        except sqlite3.Error as error:
            raise StoreError(f"the classes cannot be kept in {path}: {error}") from None
        try:
            self.run("PRAGMA journal_mode = WAL")
            self.run("PRAGMA synchronous = FULL")
            self.run("PRAGMA foreign_keys = ON")
            self.create()
        except sqlite3.Error as error:
            self._connection.close()
            raise StoreError(f"the classes cannot be kept in {path}: {error}") from None

    def run(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run one statement; its rows."""
        return self._connection.execute(statement, values).fetchall()

    def begin(self) -> None:
        """Begin a transaction that may write."""
        self.run("BEGIN IMMEDIATE")

    def guard(self, code: str) -> Path:
        """Beside the file with the votes."""
        return self.path.with_name(f"{self.path.name}.{code}.lock")

    def healthy(self) -> bool:
        """Whether no transaction is half done."""
        return not self._connection.in_transaction

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
