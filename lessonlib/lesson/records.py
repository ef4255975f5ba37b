"""What a lesson asks of a learner's record: that it can be read and added to. The journal is one; nobody's is none."""

from __future__ import annotations

from typing import Any, Protocol

Record = dict[str, Any]


class Records(Protocol):
    """Where the events of a learner are kept, oldest first."""

    def records(self, lesson: str | None = None) -> list[Record]:
        """Every record that is kept, oldest first; those written under a lesson's name, if one is given."""
        ...

    def append(self, record: Record) -> None:
        """Keep one more."""
        ...


class NoRecords:
    """The record of nobody: keeps nothing."""

    def records(self, lesson: str | None = None) -> list[Record]:
        """None."""
        return []

    def append(self, record: Record) -> None:
        """Forget it."""
