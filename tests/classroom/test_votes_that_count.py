"""No vote is lost and none counts twice: a hall within seconds, a server that is killed, a close in mid-vote, two servers.

Nothing here is timed. What was answered with 200 must stand in the store once, and what was not must not count.
"""

from __future__ import annotations

import asyncio
import random
import socket
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from lessonlib.classroom.store import Store
from lessonlib.classroom.stores import opener
from tests.classroom import apart
from tests.classroom.phones import Host, Phone, all_leave
from tests.classroom.served import Server, serving

QUESTION, OTHER = "what-decode-reads", "tensor-cores-busy"


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def code_of(server: Server) -> str:
    return str(server.file["code"])


async def hall(servers: Sequence[Server], size: int, watch: bool = True) -> list[Phone]:
    """So many phones that have joined, spread over the servers."""
    phones = [Phone(servers[number % len(servers)].url, code_of(servers[0])) for number in range(size)]
    assert set(await asyncio.gather(*(phone.join() for phone in phones))) == {200}
    if watch:
        for phone in phones:
            phone.watch()
    return phones


def host_of(server: Server) -> Host:
    return Host(server.url, server.file["token"])


def kept(store_url: str, code: str, round_: int = 1) -> Counter[int]:
    """Votes of a round in the store that count, by guess; asserts that no voter counts twice."""
    store: Store = opener(store_url)()
    try:
        row = store.class_of(code)
        standing = store.standing(row)  # type: ignore[arg-type]
        votes = store.counted(standing.polls[QUESTION].id, round_)  # type: ignore[union-attr]
        assert len({vote.voter for vote in votes}) == len(votes), "a voter counts twice"
        return Counter(vote.voter for vote in votes)
    finally:
        store.close()


def rows(store_url: str, code: str) -> int:
    """All votes that were written, also those that count no more."""
    store = opener(store_url)()
    try:
        return len(store.votes(store.class_of(code)))  # type: ignore[arg-type]
    finally:
        store.close()


def accepted(phones: Sequence[Phone]) -> int:
    return sum(status == 200 for phone in phones for status, _ in phone.votes.values())


async def votes_within(phones: Sequence[Phone], within_s: float, chance: random.Random) -> None:
    """Each phone hears that the vote is open, thinks for a while, and votes."""

    async def one(phone: Phone, after_s: float) -> None:
        await phone.wait_for("open1")
        await asyncio.sleep(after_s)
        await phone.vote(QUESTION, chance.choice("abc"))

    await asyncio.gather(*(one(phone, chance.uniform(0, within_s)) for phone in phones))


def test_three_hundred_voters_within_five_seconds(tmp_path: Path) -> None:
    store_url = str(tmp_path / "classes.sqlite")
    with serving(tmp_path, "--port", "0", "--store", store_url) as server:

        async def run() -> int:
            phones, host = await hall([server], 300), host_of(server)
            await host.steer("open", QUESTION)
            await votes_within(phones, 5, random.Random(1))
            assert (await host.steer("close"))["count"] == 300
            await asyncio.gather(*(phone.wait_for("closed1") for phone in phones))
            await all_leave(phones)
            return accepted(phones)

        assert apart.run(run()) == 300
    assert sum(kept(store_url, code_of(server)).values()) == rows(store_url, code_of(server)) == 300


@pytest.mark.parametrize("kills", [3])
def test_a_server_that_is_killed_loses_no_vote_that_it_acknowledged(tmp_path: Path, kills: int) -> None:
    store_url, port = str(tmp_path / "classes.sqlite"), str(free_port())
    chance = random.Random(2)
    arguments = ("--port", port, "--store", store_url, "--code", "KKLLMM")

    async def run() -> tuple[list[Phone], int]:
        phones: list[Phone] = []
        for turn in range(kills + 1):
            with serving(tmp_path, *arguments) as server:
                if not turn:
                    phones = await hall([server], 60, watch=False)
                    await host_of(server).steer("open", QUESTION)
                    voting = asyncio.gather(*(keep_voting(phone) for phone in phones))
                if turn < kills:
                    await asyncio.sleep(chance.uniform(0.3, 0.8))
                    await asyncio.to_thread(server.kill)
                else:
                    await asyncio.sleep(0.5)
                    stop.set()
                    await voting
                    count = (await host_of(server).steer("close"))["count"]
        await all_leave(phones)
        return phones, count

    stop = asyncio.Event()

    async def keep_voting(phone: Phone) -> None:
        while not stop.is_set():
            await phone.vote(QUESTION, chance.choice("abc"))
            await asyncio.sleep(chance.uniform(0.5, 1.5))

    phones, count = apart.run(run())
    assert all(phone.votes for phone in phones)
    statuses = Counter(status for phone in phones for status, _ in phone.votes.values())
    assert set(statuses) <= {200, 429}
    assert sum(kept(store_url, "KKLLMM").values()) == count == 60
    assert rows(store_url, "KKLLMM") == accepted(phones), "as many rows as votes were acknowledged, sent again or not"


@pytest.mark.parametrize(
    ("store_url", "servers"), [("sqlite", 1), ("postgres", 1), ("postgres", 2)], indirect=["store_url"]
)
def test_a_close_in_mid_vote(tmp_path: Path, store_url: str, servers: int) -> None:
    """What was accepted is what stands in the store is what the instructor counts; all others were told 409."""
    code = "CCDDEE"
    arguments = ("--port", "0", "--store", store_url, "--code", code)
    with serving(tmp_path / "one", *arguments) as first, serving_another(tmp_path, servers, arguments) as others:
        every = [first, *others]

        async def run() -> tuple[list[Phone], int]:
            phones, host = await hall(every, 120), host_of(first)
            await host.steer("open", QUESTION)
            voting = asyncio.create_task(votes_within(phones, 2, random.Random(3)))
            await asyncio.gather(*(phone.wait_for("open1") for phone in phones))
            await asyncio.sleep(1)
            await host.steer("close")
            await voting
            count = int((await host.state())["count"])
            await asyncio.gather(*(phone.wait_for("closed1") for phone in phones))
            for other in others:
                assert (await host_of(other).state())["count"] == count
            await all_leave(phones)
            return phones, count

        phones, count = apart.run(run())
    statuses = Counter(status for phone in phones for status, _ in phone.votes.values())
    assert set(statuses) == {200, 409}, statuses
    assert statuses[200] == count == sum(kept(store_url, code).values()) == rows(store_url, code)


def serving_another(folder: Path, servers: int, arguments: Sequence[str]) -> Others:
    return Others(folder, servers - 1, arguments)


class Others:
    """Further servers of the same class, each of an account of its own."""

    def __init__(self, folder: Path, many: int, arguments: Sequence[str]):
        self._managers: list[Callable[..., object]] = [
            serving(folder / f"another{number}", *arguments)
            for number in range(many)  # type: ignore[misc]
        ]

    def __enter__(self) -> list[Server]:
        return [manager.__enter__() for manager in self._managers]  # type: ignore[attr-defined]

    def __exit__(self, *fault: object) -> None:
        for manager in self._managers:
            manager.__exit__(*fault)  # type: ignore[attr-defined]


def test_two_servers_one_of_them_killed(tmp_path: Path, postgres_url: str) -> None:
    code = "EEFFGG"
    arguments = ("--port", "0", "--store", postgres_url, "--code", code)
    with serving(tmp_path / "one", *arguments) as one, serving(tmp_path / "two", *arguments) as two:

        async def run() -> tuple[list[Phone], int]:
            phones, host = await hall([one, two], 80), host_of(two)
            await host_of(one).steer("open", QUESTION)
            voting = asyncio.create_task(votes_within(phones, 2, random.Random(4)))
            await asyncio.sleep(1)
            await asyncio.to_thread(one.kill)
            for phone in phones:  # as a proxy sends them on
                if phone.url == one.url:
                    phone.move_to(two.url)
            await voting
            count = int((await host.steer("close"))["count"])
            await asyncio.gather(*(phone.wait_for("closed1") for phone in phones))
            await all_leave(phones)
            return phones, count

        phones, count = apart.run(run())
    assert {status for phone in phones for status, _ in phone.votes.values()} == {200}
    assert count == 80 == sum(kept(postgres_url, code).values()) == rows(postgres_url, code)
