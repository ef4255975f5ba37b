"""The streams: each watcher is told the newest state once, counts come a few times a second, silence is told by a beat."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from lessonlib.classroom import events
from lessonlib.classroom.events import Hub, Watcher
from tests.classroom import apart


class Watching:
    """Somebody at the other end. ``slow``: what is sent waits until it is set."""

    def __init__(self, hub: Hub, kind: Watcher):
        self.hub, self.kind = hub, kind
        self.told: list[str] = []
        self.slow = asyncio.Event()
        self.slow.set()
        self.hangs_up = asyncio.Event()
        self.ended = False

    async def send(self, message: dict[str, Any]) -> None:
        await self.slow.wait()
        if message["type"] == "http.response.body":
            self.told += [line[7:] for line in message["body"].decode().splitlines() if line.startswith("event: ")]
            self.ended = not message["more_body"]

    async def receive(self) -> dict[str, Any]:
        await self.hangs_up.wait()
        return {"type": "http.disconnect"}

    async def run(self) -> None:
        await self.hub.serve(self.kind, self.receive, self.send, lambda: 7)


class Made:
    """What a hub is made of: a state that can be counted, and a count of how often it was made."""

    def __init__(self) -> None:
        self.seq, self.counts, self.made = 0, 0, 0
        self.hub = Hub(self.make, self.count)

    async def make(self, kind: Watcher) -> tuple[int, Any]:
        self.made += 1
        await asyncio.sleep(0)
        return self.seq, {"seq": self.seq}

    async def count(self) -> None:
        self.counts += 1


@asynccontextmanager
async def watched(made: Made, *kinds: Watcher) -> Any:
    watching = [Watching(made.hub, kind) for kind in kinds]
    tasks = [asyncio.create_task(each.run()) for each in watching]
    await settled()
    yield watching
    made.hub.close()
    await asyncio.gather(*tasks)


async def settled() -> None:
    for _ in range(200):
        await asyncio.sleep(0)


def run(test: Callable[[], Awaitable[None]]) -> None:
    apart.run(test())  # type: ignore[arg-type]


def test_a_state_is_made_once_for_all_who_watch() -> None:
    async def test() -> None:
        made = Made()
        async with watched(made, *["state"] * 50) as watching:
            assert made.made == 1
            made.seq = 1
            made.hub.changed("state")
            await settled()
            assert made.made == 2
            assert {tuple(each.told) for each in watching} == {("state", "state")}

    run(test)


def test_who_is_slow_is_told_the_newest_alone() -> None:
    async def test() -> None:
        made = Made()
        async with watched(made, "state", "state") as (slow, quick):
            slow.slow.clear()
            for seq in range(1, 6):
                made.seq = seq
                made.hub.changed("state")
                await settled()
            slow.slow.set()
            await settled()
            assert len(quick.told) == 6
            assert len(slow.told) == 3, "the one that was on its way, and the newest"

    run(test)


def test_counts_go_to_the_screen_and_the_instructor_at_most_a_few_times_a_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(events, "COUNTS_EVERY_S", 0.05)

    async def test() -> None:
        made = Made()
        async with watched(made, "state", "screen", "host") as (phone, screen, host):
            for _ in range(500):
                made.hub.changed("count")
            await asyncio.sleep(0.2)
            assert made.counts == 1
            assert (phone.told, screen.told, host.told) == (["state"], ["screen"] * 2, ["host"] * 2)
            made.hub.changed("count")
            await asyncio.sleep(0.2)
            assert made.counts == 2, "what comes later is counted too"

    run(test)


def test_nobody_counts_where_nobody_watches_counts() -> None:
    async def test() -> None:
        made = Made()
        async with watched(made, "state"):
            made.hub.changed("count")
            await settled()
            assert made.hub._counting is None

    run(test)


def test_silence_is_told_by_a_beat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "BEAT_S", 0.01)

    async def test() -> None:
        made = Made()
        async with watched(made, "state") as (phone,):
            while phone.told.count("beat") < 3:
                await asyncio.sleep(0.01)
            assert phone.told[0] == "state"

    run(test)


@pytest.mark.parametrize("over", [True, False])
def test_the_end(over: bool) -> None:
    async def test() -> None:
        made = Made()
        phone = Watching(made.hub, "state")
        task = asyncio.create_task(phone.run())
        await settled()
        made.hub.close(over=over)
        await task
        assert phone.ended
        assert phone.told == ["state", *(["over"] if over else [])]
        assert made.hub.full, "nobody gets in any more"
        assert len(made.hub) == 0

    run(test)


def test_who_hangs_up_is_forgotten() -> None:
    async def test() -> None:
        made = Made()
        phone = Watching(made.hub, "state")
        task = asyncio.create_task(phone.run())
        await settled()
        assert len(made.hub) == 1
        phone.hangs_up.set()
        await task
        assert len(made.hub) == 0

    run(test)


def test_one_more_than_there_is_room_for() -> None:
    async def test() -> None:
        made = Made()
        made.hub.most = 2
        async with watched(made, "state", "state"):
            assert made.hub.full

    run(test)


def test_a_state_that_changes_while_it_is_made_is_made_again() -> None:
    async def test() -> None:
        made = Made()

        async def slowly(kind: Watcher) -> tuple[int, Any]:
            seq = made.seq
            if seq == 0:
                made.seq = 1
                made.hub.changed("state")
            return seq, {"seq": seq}

        made.hub._makes = slowly
        _, told = await made.hub._event("state")
        assert b'"seq":1' in told

    run(test)
