"""What a lesson asks of a learner's record: that it can be read and added to. The journal is one; nobody's is none."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Protocol

Record = dict[str, Any]


class Records(Protocol):
    """Where the events of a learner are kept, oldest first."""

    def records(self, lesson: str | None = None) -> list[Record]:
        """Every record that is kept, oldest first; those written under a lesson's name, if one is given."""
        ...

    def answered(self, lesson: str) -> Collection[str]:
        """The ids of the questions of a lesson that anything is kept of."""
        ...

    def records_of(self, address: Mapping[str, str], takes: Callable[[str], bool]) -> Iterable[Record]:
        """What is kept of one question (lesson, question, hash, lab), oldest first: of those events that ``takes`` says
        yes to when their turn comes.
        """
        ...

    def append(self, record: Record) -> None:
        """Keep one more."""
        ...


class NoRecords:
    """The record of nobody: keeps nothing."""

    def records(self, lesson: str | None = None) -> list[Record]:
        """None."""
        return []

    def answered(self, lesson: str) -> Collection[str]:
        """None."""
        return ()

    def records_of(self, address: Mapping[str, str], takes: Callable[[str], bool]) -> Iterable[Record]:
        """None."""
        return ()

    def append(self, record: Record) -> None:
        """Forget it."""
