"""A class kept in one SQLite file: write-ahead log, every commit on the disk before it is told."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

from lessonlib.base.files import reason
from lessonlib.classroom.store import CodeTakenError, Store, StoreError
from lessonlib.record.journal_file import make_folder

fcntl: ModuleType | None
try:
    import fcntl
except ImportError:  # Windows: the port is the only guard
    fcntl = None

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
            self.run("PRAGMA secure_delete = ON")  # what is erased does not stay readable in the file
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
        """The file whose lock says that a process serves this class, beside the file with the votes."""
        return self.path.with_name(f"{self.path.name}.{code}.lock")

    @contextmanager
    def alone(self, code: str) -> Iterator[None]:
        """Hold that no other process serves this class: half of the phones would miss what the other one does."""
        path = self.guard(code)
        try:
            handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        except OSError as error:
            raise StoreError(f"{path}: {reason(error)}") from None
        try:
            if not _locked(handle):
                raise CodeTakenError(
                    "a process serves this class already; several on one class need --store postgresql://…"
                )
            yield
            with contextlib.suppress(OSError):  # Windows takes no file away that is open
                path.unlink()
        finally:
            os.close(handle)

    def is_served(self, code: str) -> bool:
        """Whether a process of this machine serves that class; False where there are no locks."""
        try:
            handle = os.open(self.guard(code), os.O_RDONLY)
        except OSError:
            return False
        try:
            return not _locked(handle)
        finally:
            os.close(handle)

    def healthy(self) -> bool:
        """Whether no transaction is half done."""
        return not self._connection.in_transaction

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def _locked(handle: int) -> bool:
    """Whether the lock of that file is ours now; True also where there are no locks."""
    try:
        if fcntl is not None:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a folder that knows no locks
        pass
    return True
