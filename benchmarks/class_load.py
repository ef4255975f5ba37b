"""A hall of phones against a class server on this machine: what a vote takes, and that none is lost or counted twice.

    python benchmarks/class_load.py [N] [--within SECONDS] [--store URL] [--servers M] [--kill]

N phones join within two seconds, hear that a vote is open, vote within some seconds, and hear that it was closed. The same once
more without streams, and the ratio of both. `--servers M` starts M of them on one PostgreSQL, `--kill` kills the first of several
in mid-vote. The phones share this machine with the server, so seconds say little; ratios and counts say it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.result import Result
from lessonlib.classroom.stores import opener
from tests.classroom.database import programs, running
from tests.classroom.phones import Host, Phone, all_leave
from tests.classroom.served import Server, serving

QUESTION, LESSON = "what-decode-reads", "01"
JOIN_S, VOTE_S = 2.0, 5.0
#: phones that open a connection at the same moment
_AT_ONCE = 200


@dataclass(frozen=True)
class Load:
    """What a hall met. Seconds of each vote, sorted, and from the close until each phone heard of it; MB of each server."""

    phones: int
    seconds: list[float]
    closed: list[float]
    lost: int
    doubled: int
    memory: list[float]
    #: processor time of all servers while the votes came, ms a vote
    processor: float

    def at(self, share: float) -> float:
        """The time that so many of the votes took at most, ms."""
        return self.seconds[min(int(len(self.seconds) * share), len(self.seconds) - 1)] * 1e3

    def __str__(self) -> str:
        heard = (
            f", closed heard after {sorted(self.closed)[len(self.closed) // 2] * 1e3:.0f} ms (median)"
            if self.closed
            else ""
        )
        memory = " + ".join(f"{each:.0f}" for each in self.memory)
        return (
            f"{self.phones:,} phones: vote p50 {self.at(0.5):.1f}, p95 {self.at(0.95):.1f}, max {self.at(1):.0f} ms{heard}; "
            f"lost {self.lost}, doubled {self.doubled}; "
            f"server {memory} MB, {self.processor:.2f} ms of processor a vote"
        )


def load(
    phones: int,
    streams: bool = True,
    within_s: float = VOTE_S,
    store: str | None = None,
    servers: int = 1,
    kill: bool = False,
) -> Load:
    """Put so many phones before a class, and count. store: postgresql://… for several servers."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        url = store or str(Path(folder) / "classes.sqlite")
        arguments = ("--port", "0", "--store", url, *(("--code", _code()) if servers > 1 else ()))
        started = [
            stack.enter_context(serving(Path(folder) / str(number), *arguments, lesson=LESSON))
            for number in range(servers)
        ]
        return asyncio.run(_held(started, phones, streams, within_s, url, kill))


def _code() -> str:
    return "".join(random.choices("23456789ABCDEFGHJKLM", k=6))


async def _held(servers: Sequence[Server], many: int, streams: bool, within_s: float, store: str, kill: bool) -> Load:
    chance, code = random.Random(1), servers[0].file["code"]
    phones = [Phone(servers[number % len(servers)].url, code) for number in range(many)]
    at_once = asyncio.Semaphore(_AT_ONCE)

    async def join(phone: Phone) -> None:
        await asyncio.sleep(chance.uniform(0, JOIN_S))
        async with at_once:
            await phone.join()
        if streams:
            phone.watch()

    await asyncio.gather(*map(join, phones))
    if streams:
        await asyncio.gather(*(phone.wait_for("draft") for phone in phones))
    host = Host(servers[-1].url, servers[-1].file["token"])
    await host.steer("open", QUESTION)

    async def vote(phone: Phone) -> None:
        if streams:
            await phone.wait_for("open1")
        await asyncio.sleep(chance.uniform(0, within_s))
        await phone.vote(QUESTION, chance.choice("abc"))

    alive = servers[1:] if kill else servers
    before = sum(server.processor_s for server in alive)
    voting = asyncio.gather(*map(vote, phones))
    if kill:
        await asyncio.sleep(within_s / 2)
        await asyncio.to_thread(servers[0].kill)
        for phone in phones:
            if phone.url == servers[0].url:
                phone.move_to(servers[-1].url)
    await voting
    spent = sum(server.processor_s for server in alive) - before
    closed = perf_counter()
    await host.steer("close")
    if streams:
        await asyncio.gather(*(phone.wait_for("closed1") for phone in phones))
    heard = [next(when for when, phase in phone.seen if phase == "closed1") - closed for phone in phones if streams]
    memory = [server.memory_mb for server in servers if server.process.poll() is None]
    await all_leave(phones)
    acknowledged = sum(status == 200 for phone in phones for status, _ in phone.votes.values())
    lost, doubled = _counted(store, code, acknowledged)
    seconds = sorted(seconds for phone in phones for _, seconds in phone.votes.values())
    return Load(many, seconds, heard, lost, doubled, memory, spent / many * 1e3)


def _counted(store: str, code: str, acknowledged: int) -> tuple[int, int]:
    """Acknowledged votes that are not in the store, and voters who are in it more than once."""
    opened = opener(store)()
    try:
        row = opened.class_of(code)
        assert row is not None
        votes = opened.votes(row)
        return acknowledged - len(votes), len(votes) - len({vote.voter for vote in votes})
    finally:
        opened.close()


def measure() -> Iterator[Result]:
    """1,000 phones with and without streams; 3,000; and two servers on PostgreSQL, one of them killed."""
    alone, watched = load(1000, streams=False), load(1000)
    yield from _results("1,000 phones", watched)
    yield Result(
        "1,000 phones, vote p95 over the same without streams", watched.at(0.95) / alone.at(0.95), 3, "x", str(alone)
    )
    yield Result("1,000 phones, processor a vote over the same", watched.processor / alone.processor, 3, "x")
    yield Result("1,000 phones, vote p95", watched.at(0.95), 200, "ms", str(watched))
    yield Result("1,000 phones, memory of the server", max(watched.memory), 150, "MB")
    yield from _results("3,000 phones", load(3000))
    folder = programs()
    if folder is None:
        print("two servers: PostgreSQL is not installed (Debian and Ubuntu: apt install postgresql)", file=sys.stderr)
        return
    with running(folder) as url:
        yield from _results(
            "3,000 phones, 2 servers on PostgreSQL, one killed", load(3000, store=url, servers=2, kill=True)
        )


def _results(what: str, found: Load) -> Iterator[Result]:
    yield Result(f"{what}: votes lost", found.lost, 0, "", str(found))
    yield Result(f"{what}: voters counted twice", found.doubled, 0, "")


def main() -> int:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description="A hall of phones against a class server on this machine.")
    parser.add_argument("phones", nargs="?", type=int, default=1000)
    parser.add_argument("--within", type=float, default=VOTE_S, metavar="SECONDS", help="in which all vote [5]")
    parser.add_argument("--store", metavar="URL", help="postgresql://… [a file of SQLite]")
    parser.add_argument(
        "--servers", type=int, default=1, help="on PostgreSQL, one of the tests' own unless --store says so"
    )
    parser.add_argument("--kill", action="store_true", help="kill the first server in mid-vote")
    args = parser.parse_args()
    with contextlib.ExitStack() as stack:
        store = args.store
        if args.servers > 1 and store is None:
            folder = programs()
            if folder is None:
                parser.error("several servers need PostgreSQL (Debian and Ubuntu: apt install postgresql)")
            store = stack.enter_context(running(folder))
        alone = load(args.phones, streams=False, within_s=args.within, store=store, servers=args.servers)
        print(f"without streams  {alone}", flush=True)
        watched = load(args.phones, True, args.within, store, args.servers, args.kill)
        print(f"with streams     {watched}")
        print(f"vote p95 with over without streams: {watched.at(0.95) / alone.at(0.95):.1f}")
    return int(bool(alone.lost or alone.doubled or watched.lost or watched.doubled))


if __name__ == "__main__":
    raise SystemExit(main())
