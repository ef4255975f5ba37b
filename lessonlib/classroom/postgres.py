"""A class kept in a PostgreSQL database, so that several servers behind a proxy can serve it.

They tell each other by LISTEN and NOTIFY, and a close waits for the votes that are just being kept: a vote holds its poll with
FOR SHARE until it is committed.
"""

from __future__ import annotations

from typing import Any, ClassVar

import psycopg

from lessonlib.classroom.store import Store, StoreError

#: seconds until a database that does not answer is given up
_CONNECT_S = 5
#: two servers that start at once make the tables one after the other
_TABLES_LOCK = 7_305_221


class PostgresStore(Store):
    """The database at ``url``. Raises StoreError where it cannot be reached; the message holds no password."""

    faults: ClassVar[tuple[type[Exception], ...]] = (psycopg.Error,)
    numbered = "INTEGER PRIMARY KEY GENERATED ALWAYS AS IDENTITY"
    shared = True
    hold = "FOR SHARE"

    def __init__(self, url: str):
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
