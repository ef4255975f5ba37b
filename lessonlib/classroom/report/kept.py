"""From a store to the rows that a report is made of."""

from __future__ import annotations

from datetime import UTC, datetime

from lessonlib.classroom.phases import truth_may_be_seen
from lessonlib.classroom.report.rows import ClassRows, Poll, Vote
from lessonlib.classroom.store import ClassRow, Store


def rows_of(store: Store, row: ClassRow, revealed_alone: bool = False) -> ClassRows:
    """The rows of one class. ``revealed_alone``: without the questions whose truth nobody may see yet, for while it goes on."""
    standing = store.standing(row)
    polls = [
        Poll(poll.id, poll.lesson, poll.question, poll.hash, poll.lab, poll.phase)
        for poll in (standing.polls.values() if standing else ())
        if truth_may_be_seen(poll.phase) or not revealed_alone
    ]
    votes = [
        Vote(vote.seq, vote.poll, vote.round, vote.voter, vote.guess, vote.confidence) for vote in store.votes(row)
    ]
    created = datetime.fromtimestamp(row.created, UTC).isoformat(timespec="seconds")
    return ClassRows(row.id, row.code, row.lesson, row.lab, created, store.joined(row), polls, votes)
