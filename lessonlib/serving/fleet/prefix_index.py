"""Which replicas hold which beginnings: an index that caches keep up to date, so that a router asks few of them."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from collections.abc import Set as AbstractSet


class PrefixIndex:
    """holders: for each run of shared blocks the replicas that hold any of it, by number."""

    def __init__(self) -> None:
        self.holders: dict[Hashable, set[int]] = {}

    def add(self, key: Hashable, replica: int) -> None:
        """A replica has begun to hold a run."""
        self.holders.setdefault(key, set()).add(replica)

    def remove(self, key: Hashable, replica: int) -> None:
        """A replica has lost a run."""
        holders = self.holders[key]
        holders.discard(replica)
        if not holders:
            del self.holders[key]

    def levels(self, keys: Sequence[tuple[Hashable, int]]) -> list[tuple[int, AbstractSet[int]]]:
        """(blocks to the end of a run, replicas that hold a part of it and of every run before), for each run that any holds."""
        found: list[tuple[int, AbstractSet[int]]] = []
        held: AbstractSet[int] | None = None
        for key, end in keys:
            holders = self.holders.get(key)
            held = (holders & held if held is not None else holders) if holders else None
            if not held:
                break
            found.append((end, held))
        return found
