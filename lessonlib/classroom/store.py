"""Where a class keeps what happened, by the same statements in SQLite and in PostgreSQL.

Votes and events are only ever added. Of several votes by one voter in one round, the last one added counts (``seq``, never a
clock). Names and addresses are kept nowhere. A store is used by one thread at a time (:mod:`lessonlib.classroom.worker`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from lessonlib.base.errors import LessonlibError
from lessonlib.classroom.phases import ROUND_OPEN, Event, Phase

#: a class is forgotten so many seconds after it began
KEPT_S = 30 * 86_400
#: ... and takes nobody in and no vote after so many
OPEN_S = 16 * 3_600

#: what became of a vote: kept now; known by its key; nobody votes just now; the key is that of another vote
Taken = Literal["ok", "again", "closed", "other"]


class StoreError(LessonlibError):
    """The store cannot be reached, or could not keep what it was given. One line."""


class CodeTakenError(LessonlibError):
    """Another class has that code. One line."""


@dataclass(frozen=True, slots=True)
class ClassRow:
    """A class as it began. Times are seconds since 1970."""

    id: int
    code: str
    lesson: str
    lab: str
    created: float
    expires: float


@dataclass(frozen=True, slots=True)
class PollRow:
    """A question that was put to a class. ``hash`` and ``lab`` as in a learner's record; open: the round that takes votes, or 0."""

    id: int
    question: str
    lesson: str
    hash: str
    lab: str
    phase: Phase
    round: int
    open: int


@dataclass(frozen=True, slots=True)
class EventRow:
    """Something that the instructor did. poll: that of the question, or None; phase and round of it afterwards."""

    seq: int
    poll: int | None
    event: Event
    phase: Phase
    round: int
    at: float


@dataclass(frozen=True, slots=True)
class VoteRow:
    """A vote. ``guess`` as a learner's record keeps it."""

    seq: int
    poll: int
    round: int
    voter: int
    guess: dict[str, Any]
    confidence: int | None
    at: float


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a class is. seq: of its last event; current: the question on show; polls: by question."""

    seq: int
    current: str | None
    paused: bool
    polls: dict[str, PollRow]


@dataclass(frozen=True, slots=True)
class Move:
    """One event, and what the poll of its question is afterwards; question None: the class has none yet."""

    event: Event
    question: str | None
    lesson: str
    hash: str
    lab: str
    phase: Phase
    round: int


_POLL = "id, question, lesson, hash, lab, phase, round, open"
_CLASS = "id, code, lesson, lab, created, expires"
_VOTE = "vote.seq, vote.poll, vote.round, vote.voter, vote.guess, vote.confidence, vote.at"


class Store:
    """The rows of all classes. Reads and single statements; several together stand in :meth:`transaction`."""

    #: what the driver raises when a statement fails, and (also) when the connection is gone
    faults: ClassVar[tuple[type[Exception], ...]]
    #: how a column is declared that numbers its rows and uses no number twice
    numbered: ClassVar[str]
    #: whether servers on several machines may share it
    shared: ClassVar[bool] = False
    #: said behind a SELECT whose rows must stay as they are until the transaction ends
    hold: ClassVar[str] = ""

    # --- the driver -----------------------------------------------------------------------------------

    def run(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run one statement, ``?`` for each value; its rows, if it gives any."""
        raise NotImplementedError

    def begin(self) -> None:
        """Begin a transaction."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of the connection."""
        raise NotImplementedError

    def healthy(self) -> bool:
        """Whether the next transaction can begin on this connection."""
        raise NotImplementedError

    @contextmanager
    def alone(self, code: str) -> Iterator[None]:
        """Hold that no other process serves this class, where the store cannot tell one what another does.

        Raises CodeTakenError.
        """
        raise NotImplementedError

    def is_served(self, code: str) -> bool:
        """Whether a process of this machine is known to serve that class alone."""
        raise NotImplementedError

    def announce(self, code: str, what: str) -> None:
        """Tell the other servers of a class, as part of the transaction, that ``what`` changed: "state" or "count"."""

    def hear(self, code: str, wait_s: float) -> list[str]:
        """What other servers announced of a class since the last call, after waiting so long at most for the first of it.

        For a store that is ``shared``.
        """
        raise NotImplementedError

    def look(self) -> None:
        """Begin a transaction that sees the rows of one moment and changes none."""
        self.run("BEGIN")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of what is run in it, or nothing."""
        self.begin()
        try:
            yield
            self.run("COMMIT")
        except BaseException:
            with suppress(*self.faults):  # a fault of the disk has rolled it back already
                self.run("ROLLBACK")
            raise

    def create(self) -> None:
        """Make the tables that are not there yet."""
        for statement in _tables(self.numbered):
            self.run(statement)

    # --- classes --------------------------------------------------------------------------------------

    def add_class(self, code: str, lesson: str, lab: str) -> ClassRow | None:
        """A new class; None where the code is taken."""
        now = time.time()
        found = self.run(
            f"INSERT INTO class (code, lesson, lab, created, expires) VALUES (?, ?, ?, ?, ?) "
            f"ON CONFLICT (code) DO NOTHING RETURNING {_CLASS}",
            code,
            lesson,
            lab,
            now,
            now + OPEN_S,
        )
        return ClassRow(*found[0]) if found else None

    def class_of(self, code: str) -> ClassRow | None:
        """The class with this code, over or not."""
        found = self.run(f"SELECT {_CLASS} FROM class WHERE code = ?", code)
        return ClassRow(*found[0]) if found else None

    def classes(self) -> list[ClassRow]:
        """All classes that are kept, oldest first."""
        return [ClassRow(*row) for row in self.run(f"SELECT {_CLASS} FROM class ORDER BY id")]

    def open_again(self, row: ClassRow) -> ClassRow:
        """The class, open for as long as a new one would be."""
        found = self.run(f"UPDATE class SET expires = ? WHERE id = ? RETURNING {_CLASS}", time.time() + OPEN_S, row.id)
        return ClassRow(*found[0])

    def erase_class(self, row: ClassRow) -> dict[str, int]:
        """Forget a class with all that belongs to it; how many rows of each table that was."""
        tables = {
            "vote": "poll IN (SELECT id FROM poll WHERE class = ?)",
            **dict.fromkeys(("event", "poll", "voter", "host"), "class = ?"),
            "class": "id = ?",
        }
        found = {}
        for table, its in tables.items():
            found[table] = int(self.run(f"SELECT count(*) FROM {table} WHERE {its}", row.id)[0][0])
            self.run(f"DELETE FROM {table} WHERE {its}", row.id)
        return found

    def purge(self) -> int:
        """Forget the classes whose time is over; how many."""
        old = [row for row in self.classes() if row.created < time.time() - KEPT_S]
        for row in old:
            self.erase_class(row)
        return len(old)

    # --- hosts and voters -----------------------------------------------------------------------------

    def add_host(self, row: ClassRow, token_hash: str) -> None:
        """Let who has this token steer the class."""
        self.run("INSERT INTO host (class, token_hash) VALUES (?, ?) ON CONFLICT DO NOTHING", row.id, token_hash)

    def drop_host(self, row: ClassRow, token_hash: str) -> None:
        """Let nobody steer with this token any more."""
        self.run("DELETE FROM host WHERE class = ? AND token_hash = ?", row.id, token_hash)

    def is_host(self, row: ClassRow, token_hash: str) -> bool:
        """Whether this token steers the class."""
        return bool(self.run("SELECT 1 FROM host WHERE class = ? AND token_hash = ?", row.id, token_hash))

    def add_voter(self, row: ClassRow, token_hash: str) -> int:
        """One more voter; its number."""
        found = self.run(
            "INSERT INTO voter (class, token_hash, joined) VALUES (?, ?, ?) RETURNING id",
            row.id,
            token_hash,
            time.time(),
        )
        return int(found[0][0])

    def voter_of(self, row: ClassRow, token_hash: str) -> int | None:
        """The voter of this class with that token, or None."""
        found = self.run("SELECT id FROM voter WHERE class = ? AND token_hash = ?", row.id, token_hash)
        return int(found[0][0]) if found else None

    def erase_voter(self, voter: int) -> None:
        """Forget a voter and every vote of theirs."""
        self.run("DELETE FROM vote WHERE voter = ?", voter)
        self.run("DELETE FROM voter WHERE id = ?", voter)

    def joined(self, row: ClassRow) -> int:
        """How many voters a class has."""
        return int(self.run("SELECT count(*) FROM voter WHERE class = ?", row.id)[0][0])

    # --- phases ---------------------------------------------------------------------------------------

    def standing(self, row: ClassRow) -> Standing | None:
        """Where the class is now; None once it is erased."""
        self.look()
        try:
            found = self.run("SELECT seq, current, paused FROM class WHERE id = ?", row.id)
            polls = [PollRow(*one) for one in self.run(f"SELECT {_POLL} FROM poll WHERE class = ? ORDER BY id", row.id)]
        finally:
            self.run("ROLLBACK")
        if not found:
            return None
        seq, current, paused = found[0]
        return Standing(int(seq), current, bool(paused), {poll.question: poll for poll in polls})

    def move(self, row: ClassRow, seq: int, moves: Sequence[Move], paused: bool) -> bool:
        """Write down these events, if the last one is still ``seq``; False, and nothing is changed, if it is not.

        The last of the moves says which question is on show. A poll takes votes only while it is on show and the class goes on.
        """
        current = moves[-1].question
        last = seq + len(moves)
        if not self.run(
            "UPDATE class SET seq = ?, current = ?, paused = ? WHERE id = ? AND seq = ? RETURNING id",
            last,
            current,
            int(paused),
            row.id,
            seq,
        ):
            return False
        for number, move in enumerate(moves, seq + 1):
            takes = ROUND_OPEN.get(move.phase, 0) if move.question == current and not paused else 0
            self.run(
                "INSERT INTO event (class, seq, poll, event, phase, round, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                row.id,
                number,
                self._put_poll(row, move, takes) if move.question else None,
                move.event,
                move.phase,
                move.round,
                time.time(),
            )
        self.announce(row.code, "state")
        return True

    def _put_poll(self, row: ClassRow, move: Move, takes: int) -> int:
        found = self.run(
            "INSERT INTO poll (class, question, lesson, hash, lab, phase, round, open) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (class, question) DO UPDATE SET "
            "phase = excluded.phase, round = excluded.round, open = excluded.open RETURNING id",
            row.id,
            move.question,
            move.lesson,
            move.hash,
            move.lab,
            move.phase,
            move.round,
            takes,
        )
        return int(found[0][0])

    def events(self, row: ClassRow) -> list[EventRow]:
        """What the instructor did, in order."""
        found = self.run("SELECT seq, poll, event, phase, round, at FROM event WHERE class = ? ORDER BY seq", row.id)
        return [EventRow(*each) for each in found]

    # --- votes ----------------------------------------------------------------------------------------

    def vote(self, poll: int, round_: int, voter: int, key: str, guess: str, confidence: int | None) -> Taken:
        """Keep a vote (``guess`` as JSON), if that round takes votes: looked up and added in one statement."""
        found = self.run(
            "INSERT INTO vote (poll, round, voter, key, guess, confidence, at) "
            "SELECT taking.id, ?, ?, ?, ?, ?, ? FROM "
            f"(SELECT id FROM poll WHERE id = ? AND open = ? {self.hold}) AS taking "
            "WHERE EXISTS (SELECT 1 FROM voter WHERE id = ?) "
            "ON CONFLICT (voter, key) DO NOTHING RETURNING seq",
            round_,
            voter,
            key,
            guess,
            confidence,
            time.time(),
            poll,
            round_,
            voter,
        )
        if found:
            return "ok"
        known = self.run("SELECT poll, round, guess, confidence FROM vote WHERE voter = ? AND key = ?", voter, key)
        if not known:
            return "closed"
        return "again" if known[0] == (poll, round_, guess, confidence) else "other"

    def votes_of(self, poll: int, voter: int) -> dict[int, VoteRow]:
        """The votes of one voter that count, by round."""
        found = self.run(f"SELECT {_VOTE} FROM vote WHERE poll = ? AND voter = ? ORDER BY seq", poll, voter)
        return {vote.round: vote for vote in map(_vote, found)}

    def counted(self, poll: int, round_: int) -> list[VoteRow]:
        """The votes of a round that count, one a voter, in the order in which they were kept."""
        found = self.run(
            f"SELECT {_VOTE} FROM vote JOIN (SELECT max(seq) AS seq FROM vote WHERE poll = ? AND round = ? GROUP BY voter) "
            "AS last ON last.seq = vote.seq ORDER BY vote.seq",
            poll,
            round_,
        )
        return [_vote(row) for row in found]

    def count(self, poll: int, round_: int) -> int:
        """How many voters have voted in a round."""
        found = self.run("SELECT count(DISTINCT voter) FROM vote WHERE poll = ? AND round = ?", poll, round_)
        return int(found[0][0])

    def votes(self, row: ClassRow) -> list[VoteRow]:
        """Every vote of a class that was kept, also those that count no more, in order."""
        found = self.run(
            f"SELECT {_VOTE} FROM vote JOIN poll ON poll.id = vote.poll WHERE poll.class = ? ORDER BY vote.seq", row.id
        )
        return [_vote(each) for each in found]


def _vote(row: tuple[Any, ...]) -> VoteRow:
    seq, poll, round_, voter, guess, confidence, at = row
    return VoteRow(seq, poll, round_, voter, json.loads(guess), confidence, at)


def _tables(numbered: str) -> Iterator[str]:
    """What holds everything, in an order in which each is made after what it refers to."""
    yield f"""CREATE TABLE IF NOT EXISTS class (
        id {numbered}, code TEXT NOT NULL UNIQUE, lesson TEXT NOT NULL, lab TEXT NOT NULL, created DOUBLE PRECISION NOT NULL,
        expires DOUBLE PRECISION NOT NULL, seq INTEGER NOT NULL DEFAULT 0, current TEXT, paused INTEGER NOT NULL DEFAULT 0)"""
    yield """CREATE TABLE IF NOT EXISTS host (
        class INTEGER NOT NULL REFERENCES class, token_hash TEXT NOT NULL, PRIMARY KEY (class, token_hash))"""
    yield f"""CREATE TABLE IF NOT EXISTS voter (
        id {numbered}, class INTEGER NOT NULL REFERENCES class, token_hash TEXT NOT NULL, joined DOUBLE PRECISION NOT NULL,
        UNIQUE (class, token_hash))"""
    yield f"""CREATE TABLE IF NOT EXISTS poll (
        id {numbered}, class INTEGER NOT NULL REFERENCES class, question TEXT NOT NULL, lesson TEXT NOT NULL, hash TEXT NOT NULL,
        lab TEXT NOT NULL, phase TEXT NOT NULL, round INTEGER NOT NULL, open INTEGER NOT NULL, UNIQUE (class, question))"""
    yield """CREATE TABLE IF NOT EXISTS event (
        class INTEGER NOT NULL REFERENCES class, seq INTEGER NOT NULL, poll INTEGER REFERENCES poll, event TEXT NOT NULL,
        phase TEXT NOT NULL, round INTEGER NOT NULL, at DOUBLE PRECISION NOT NULL, PRIMARY KEY (class, seq))"""
    yield f"""CREATE TABLE IF NOT EXISTS vote (
        seq {numbered}, poll INTEGER NOT NULL REFERENCES poll, round INTEGER NOT NULL, voter INTEGER NOT NULL REFERENCES voter,
        key TEXT NOT NULL, guess TEXT NOT NULL, confidence INTEGER, at DOUBLE PRECISION NOT NULL, UNIQUE (voter, key))"""
    yield "CREATE INDEX IF NOT EXISTS vote_of_poll ON vote (poll, round, voter, seq)"
