"""A class kept in a PostgreSQL database, so that several servers behind a proxy can serve it.

They tell each other by LISTEN and NOTIFY, and a close waits for the votes that are just being kept: a vote holds its poll with
FOR SHARE until it is committed.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import psycopg

from lessonlib.classroom.store import Store, StoreError

#: seconds until a database that does not answer is given up
_CONNECT_S = 5
#: two servers that start at once make the tables one after the other
_TABLES_LOCK = 7_305_221
#: where servers tell each other, and what this process calls itself there
_CHANNEL, _OURSELVES = "lesson_class", secrets.token_hex(4)


class PostgresStore(Store):
    """The database at ``url``. Raises StoreError where it cannot be reached; the message holds no password."""

    faults: ClassVar[tuple[type[Exception], ...]] = (psycopg.Error,)
    numbered = "INTEGER PRIMARY KEY GENERATED ALWAYS AS IDENTITY"
    shared = True
    hold = "FOR SHARE"

    def __init__(self, url: str):
        self._listens = False
        try:
            self._connection = psycopg.connect(url, autocommit=True, connect_timeout=_CONNECT_S)
        except (psycopg.Error, ValueError, UnicodeError) as error:
            raise StoreError(f"the store cannot be reached: {_first_line(error, url)}") from None
        try:
            with self.transaction():
                self.run("SELECT pg_advisory_xact_lock(?)", _TABLES_LOCK)
                self.create()
        except psycopg.Error as error:
            self._connection.close()
            raise StoreError(f"the store cannot be used: {_first_line(error, url)}") from None

    def run(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run one statement; its rows."""
        cursor = self._connection.execute(statement.replace("?", "%s").encode(), values or None)
        return cursor.fetchall() if cursor.description else []

    def begin(self) -> None:
        """Begin a transaction."""
        self.run("BEGIN")

    def look(self) -> None:
        """Begin a transaction that sees the rows of one moment."""
        self.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

    def announce(self, code: str, what: str) -> None:
        """Tell the others at the commit. Each costs all writers of the database a lock, so a vote is not told by itself."""
        self.run("SELECT pg_notify(?, ?)", _CHANNEL, f"{code} {_OURSELVES} {what}")

    def hear(self, code: str, wait_s: float) -> list[str]:
        """What others told of this class; not what this process did."""
        if not self._listens:
            self._listens = True
            self.run(f"LISTEN {_CHANNEL}")
            return ["state"]  # whatever happened until now
        told = [notice.payload.split(" ") for notice in self._connection.notifies(timeout=wait_s, stop_after=1)]
        return [words[2] for words in told if len(words) == 3 and words[0] == code and words[1] != _OURSELVES]

    @contextmanager
    def alone(self, code: str) -> Iterator[None]:  # noqa: ARG002 - the database serves them all
        """Several may serve a class."""
        yield

    def is_served(self, code: str) -> bool:  # noqa: ARG002 - as above
        """Nobody is alone."""
        return False

    def healthy(self) -> bool:
        """Whether the connection stands, outside of any transaction."""
        return (
            not self._connection.closed
            and self._connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        )

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def _first_line(error: Exception, url: str) -> str:
    """What the driver says, without an address that may hold a password."""
    line = next(iter(str(error).strip().splitlines()), "") or type(error).__name__
    return line.replace(url, "postgresql://…")
