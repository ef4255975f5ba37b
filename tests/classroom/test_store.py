"""What a store keeps, in both kinds of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lessonlib.classroom import store as store_module
from lessonlib.classroom.live_class import LiveClass
from lessonlib.classroom.sqlite import SqliteStore
from lessonlib.classroom.store import KEPT_S, ClassRow, Move, Store, StoreError
from lessonlib.classroom.stores import opener
from lessonlib.classroom.worker import Worker
from tests.classroom import apart
from tests.classroom.room import Room, room

QUESTION = "what-decode-reads"


def moved(event: Any, phase: Any, round_: int = 1, question: str | None = "q") -> Move:
    return Move(event, question, "lesson", "hash", "lab", phase, round_)


@pytest.fixture
def kept(opens: Callable[[], Store]) -> Any:
    store = opens()
    yield store
    store.close()


@pytest.fixture
def row(kept: Store) -> ClassRow:
    found = kept.add_class("ABCDEF", "lesson", "lab")
    assert found is not None
    return found


def test_a_code_is_of_one_class(kept: Store, row: ClassRow) -> None:
    assert kept.add_class("ABCDEF", "another", "lab") is None
    assert kept.class_of("ABCDEF") == row
    assert kept.class_of("BCDEFG") is None


def test_an_event_is_written_if_it_follows_the_last_one(kept: Store, row: ClassRow) -> None:
    assert kept.move(row, 0, [moved("next", "draft", 0), moved("open", "open1")], paused=False)
    assert not kept.move(row, 0, [moved("close", "closed1")], paused=False)
    assert not kept.move(row, 1, [moved("close", "closed1")], paused=False)
    assert kept.move(row, 2, [moved("close", "closed1")], paused=False)
    assert [(event.seq, event.event, event.phase) for event in kept.events(row)] == [
        (1, "next", "draft"),
        (2, "open", "open1"),
        (3, "close", "closed1"),
    ]


@pytest.mark.parametrize(
    ("moves", "paused", "takes"),
    [
        ([moved("open", "open1")], False, {1}),
        ([moved("open2", "open2", 2)], False, {2}),
        ([moved("open", "open1")], True, set()),
        ([moved("close", "closed1")], False, set()),
        ([moved("open", "open1"), moved("next", "draft", 0, "other")], False, set()),
    ],
)
def test_a_poll_takes_votes_in_its_round_while_it_is_on_show_and_the_class_goes_on(
    kept: Store, row: ClassRow, moves: list[Move], paused: bool, takes: set[int]
) -> None:
    kept.move(row, 0, moves, paused)
    poll = kept.standing(row).polls["q"].id  # type: ignore[union-attr]
    voter = kept.add_voter(row, "hash of a token")
    for round_ in (1, 2):
        taken = kept.vote(poll, round_, voter, f"key{round_}", "{}", None)
        assert taken == ("ok" if round_ in takes else "closed")


def test_a_voter_who_was_forgotten_has_no_vote(kept: Store, row: ClassRow) -> None:
    kept.move(row, 0, [moved("open", "open1")], paused=False)
    poll = kept.standing(row).polls["q"].id  # type: ignore[union-attr]
    voter = kept.add_voter(row, "hash of a token")
    assert kept.vote(poll, 1, voter, "key", "{}", None) == "ok"
    kept.erase_voter(voter)
    assert (kept.count(poll, 1), kept.joined(row), kept.votes(row)) == (0, 0, [])
    assert kept.vote(poll, 1, voter, "other", "{}", None) == "closed"


def test_after_thirty_days_a_class_is_forgotten(kept: Store, row: ClassRow, monkeypatch: pytest.MonkeyPatch) -> None:
    kept.move(row, 0, [moved("open", "open1")], paused=False)
    voter = kept.add_voter(row, "hash of a token")
    kept.vote(kept.standing(row).polls["q"].id, 1, voter, "key", "{}", None)  # type: ignore[union-attr]
    kept.add_host(row, "hash of a token")
    assert kept.purge() == 0
    now = time.time()
    monkeypatch.setattr(store_module.time, "time", lambda: now + KEPT_S + 1)
    young = kept.add_class("BCDEFG", "lesson", "lab")
    assert kept.purge() == 1
    assert kept.classes() == [young]
    for table in ("vote", "voter", "poll", "event", "host"):
        assert kept.run(f"SELECT * FROM {table}") == []


def test_nobody_is_named_and_no_token_is_kept(a_room: Room) -> None:
    voter = a_room.joined()
    a_room.steer("open", QUESTION)
    a_room.vote(voter, QUESTION, "a")

    def everything(store: Store) -> str:
        return repr(
            [store.run(f"SELECT * FROM {table}") for table in ("class", "host", "voter", "poll", "event", "vote")]
        )

    told = a_room.runner.run(a_room.live.read(everything))
    assert voter not in told
    assert "a-token-for-the-tests-only" not in told
    assert "testserver" not in told and "127.0.0.1" not in told


# --- a store that fails -----------------------------------------------------------------------------------------------


class _Full(SqliteStore):
    """A store whose disk is full while ``full`` is set."""

    full = False

    def run(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        if _Full.full and statement.startswith("INSERT INTO vote"):
            import sqlite3

            raise sqlite3.OperationalError("database or disk is full")
        return super().run(statement, *values)


def test_a_full_disk_is_told_and_the_class_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with room(lambda: _Full(tmp_path / "classes.sqlite")) as served:
        voter = served.joined()
        served.steer("open", QUESTION)
        _Full.full = True
        try:
            answer = served.vote(voter, QUESTION, "a", key="k" * 16)
        finally:
            _Full.full = False
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert answer.json()["problem"].startswith("The server cannot keep anything just now. Nothing of this was kept")
        assert capsys.readouterr().err == "lessonlib class: the store failed: database or disk is full\n"
        assert served.host()["count"] == 0
        assert served.vote(voter, QUESTION, "a", key="k" * 16).json()["kept"] == "ok"


def test_a_file_that_may_not_grow(tmp_path: Path) -> None:
    """The real thing: SQLite's own limit of pages, reached in mid-vote. What was told to be kept is there."""
    path = tmp_path / "classes.sqlite"
    with room(opener(str(path))) as served:
        voters = [served.joined() for _ in range(40)]
        served.steer("open", QUESTION)
        pages = served.runner.run(served.live.write(lambda store: store.run("PRAGMA page_count")))[0][0]
        served.runner.run(served.live.write(lambda store: store.run(f"PRAGMA max_page_count = {pages + 2}")))
        served.app.votes.burst = 1e9
        told: list[int] = []
        for turn in range(10):
            told += [served.vote(voter, QUESTION, "abc"[turn % 3]).status_code for voter in voters]
        assert set(told) == {200, 503}, "the disk was filled"
        served.runner.run(served.live.write(lambda store: store.run("PRAGMA max_page_count = 100000")))
        assert served.vote(voters[0], QUESTION, "a").status_code == 200
        assert (
            len(served.runner.run(served.live.read(lambda store: store.votes(served.live.row)))) == told.count(200) + 1
        )


def test_a_database_that_goes_away_and_comes_back(postgres_url: str) -> None:
    with room(opener(postgres_url)) as served:
        voter = served.joined()
        served.steer("open", QUESTION)
        ends = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid != pg_backend_pid() AND datname = current_database()"
        other = opener(postgres_url)()
        other.run(ends)
        other.close()
        assert served.vote(voter, QUESTION, "a").status_code == 200, "it is there again: nobody noticed"
        assert served.host()["count"] == 1


def test_many_jobs_are_told_at_once_that_a_store_is_gone(tmp_path: Path) -> None:
    import asyncio

    opened: list[int] = []

    def opens() -> Store:
        opened.append(1)
        if len(opened) > 1:
            raise StoreError("the store cannot be reached: it is gone")
        return SqliteStore(tmp_path / "classes.sqlite")

    worker = Worker(opens, writes=True)
    worker._store.close()  # type: ignore[union-attr]
    worker._store = None

    async def run() -> list[Any]:
        jobs = (worker.do(lambda store: store.classes()) for _ in range(100))
        return await asyncio.gather(*jobs, return_exceptions=True)

    found = apart.run(run())
    worker.stop()
    assert {type(each) for each in found} == {StoreError}
    assert len(opened) == 2, "it was tried once, not once for each who waits"


def test_a_class_that_is_erased_under_a_server_stops_nothing_else(tmp_path: Path) -> None:
    with room(opener(str(tmp_path / "classes.sqlite"))) as served:
        live: LiveClass = served.live
        voter = served.joined()
        served.runner.run(live.write(lambda store: store.erase_class(live.row)))
        assert served.try_to_steer("open", 0, QUESTION).status_code in (403, 409, 410)
        assert served.ask("GET", "/state", cookie="x" * 22).status_code == 401
        assert served.ask("GET", "/state", cookie=voter).status_code in (200, 401)
