"""The rows that a report is made of, as the store's tables have them, and which of the votes count."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple


class Poll(NamedTuple):
    """A question that was put to a class: its row's id in the store, and its address as in a learner's own record."""

    id: Any
    lesson: str
    question: str
    hash: str
    lab: str
    phase: str = "draft"


class Vote(NamedTuple):
    """One vote. poll, voter: ids of their rows. guess: as a learner's record keeps it, or as a panel sends it. confidence: 0 to 2, or None."""

    seq: int
    poll: Any
    round: int
    voter: Any
    guess: Any
    confidence: int | None


@dataclass(frozen=True)
class ClassRows:
    """All that a report reads of one class. created: when, as ISO 8601 or ""; voters: how many joined."""

    id: Any
    code: str
    lesson: str
    lab: str
    created: str = ""
    voters: int = 0
    polls: Sequence[Poll] = ()
    votes: Sequence[Vote] = ()


def counting(votes: Iterable[Vote]) -> list[Vote]:
    """The votes that count: of each voter in each round of each poll the one with the highest seq, in the order of seq."""
    last: dict[tuple[Any, int, Any], Vote] = {}
    for vote in sorted(votes, key=lambda vote: vote.seq):
        last[vote.poll, vote.round, vote.voter] = vote
    return sorted(last.values(), key=lambda vote: vote.seq)


def by_poll(rows: ClassRows) -> dict[Any, list[Vote]]:
    """The votes that count, by the id of their poll; polls without one are there too."""
    found: dict[Any, list[Vote]] = {poll.id: [] for poll in rows.polls}
    for vote in counting(rows.votes):
        if vote.poll in found and vote.round in (1, 2):
            found[vote.poll].append(vote)
    return found


def running_numbers(rows: ClassRows) -> Mapping[Any, int]:
    """Voter -> its number in an export of this class, from 1: in an order that says nothing of who joined when."""
    voters = {vote.voter for vote in rows.votes}
    return {voter: number for number, voter in enumerate(sorted(voters, key=lambda each: _blind(rows.id, each)), 1)}


def _blind(class_id: Any, voter: Any) -> bytes:
    return hashlib.sha256(f"{class_id}|{voter}".encode(errors="replace")).digest()
