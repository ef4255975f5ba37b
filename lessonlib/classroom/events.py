"""Server-sent events: each stream is told the newest state, once, however many came while it was slow.

A stream is plain ASGI: a thousand of them are a thousand small tasks, and what is sent is made once for all of its kind.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal

#: who watches: a voter, the hall's screen, the instructor
Watcher = Literal["state", "screen", "host"]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]

#: a named event, for a comment is invisible to a page; and how often counts are told at most
BEAT_S, COUNTS_EVERY_S = 15.0, 0.25
#: where a browser opens the stream again by itself, milliseconds
_RETRY = b"retry: 2000\n\n"
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]


@dataclass(eq=False, slots=True)
class _Stream:
    """One connection. ``awake`` is set when there may be something to tell, or nobody listens any more."""

    kind: Watcher
    awake: asyncio.Event = field(default_factory=asyncio.Event)
    gone: bool = False


class Hub:
    """All streams of one server. ``makes`` gives what a kind of watcher is told now: its version, and the event's data.

    most: streams at once; one more is refused.
    """

    def __init__(self, makes: Callable[[Watcher], Awaitable[tuple[int, Any]]], counts: Callable[[], Awaitable[None]]):
        self._makes, self._counts = makes, counts
        self.most = 100_000
        self.closing = self._over = False
        self._streams: set[_Stream] = set()
        self._ready: dict[Watcher, tuple[Hashable, bytes]] = {}
        self._version = 0
        self._making: dict[Watcher, asyncio.Lock] = {kind: asyncio.Lock() for kind in ("state", "screen", "host")}
        self._counting: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._streams)

    @property
    def full(self) -> bool:
        """Whether one stream more would be too many."""
        return self.closing or len(self._streams) >= self.most

    def changed(self, what: str) -> None:
        """Tell what changed: "state" to all at once; "count" to those who see counts, a few times a second."""
        if what == "state":
            self._version += 1
            self._ready.clear()
            self._wake("state", "screen", "host")
        elif self._counting is None and any(stream.kind != "state" for stream in self._streams):
            self._counting = asyncio.get_running_loop().create_task(self._count_soon())

    async def _count_soon(self) -> None:
        await asyncio.sleep(COUNTS_EVERY_S)
        self._counting = None  # what comes from here on is counted the next time
        with suppress(Exception):  # the next vote counts again
            await self._counts()
        self._version += 1
        for kind in ("screen", "host"):
            self._ready.pop(kind, None)
        self._wake("screen", "host")

    def _wake(self, *kinds: Watcher) -> None:
        for stream in self._streams:
            if stream.kind in kinds:
                stream.awake.set()

    def close(self, over: bool = False) -> None:
        """End all streams; the pages open them again elsewhere, or later. over: tell them that the class ends with them."""
        self.closing, self._over = True, over
        if self._counting is not None:
            self._counting.cancel()
        for stream in self._streams:
            stream.gone = True
            stream.awake.set()

    async def _event(self, kind: Watcher) -> tuple[Hashable, bytes]:
        """What this kind of watcher is told now, made once for all of them."""
        if kind in self._ready:
            return self._ready[kind]
        async with self._making[kind]:
            while kind not in self._ready:
                version = self._version
                seq, data = await self._makes(kind)
                told = (
                    f"event: {kind}\nid: {seq}\ndata: {json.dumps(data, ensure_ascii=False, separators=(',', ':'))}\n\n"
                )
                if version == self._version:  # else it is old already
                    self._ready[kind] = (version, told.encode())
            return self._ready[kind]

    async def serve(self, kind: Watcher, receive: Receive, send: Send, seq: Callable[[], int]) -> None:
        """Tell one watcher, until they are gone."""
        stream = _Stream(kind)
        self._streams.add(stream)
        listening = asyncio.get_running_loop().create_task(_until_gone(stream, receive))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            await send({"type": "http.response.body", "body": _RETRY, "more_body": True})
            told: Hashable = None
            while not stream.gone:
                stream.awake.clear()
                version, event = await self._event(kind)
                if version != told:
                    told = version
                    await send({"type": "http.response.body", "body": event, "more_body": True})
                if not await _woken(stream):
                    beat = b'event: beat\ndata: {"seq":%d}\n\n' % seq()
                    await send({"type": "http.response.body", "body": beat, "more_body": True})
            last = b"event: over\ndata: {}\n\n" if self._over else b""
            await send({"type": "http.response.body", "body": last, "more_body": False})
        finally:
            listening.cancel()
            self._streams.discard(stream)


async def _woken(stream: _Stream) -> bool:
    """Whether there was something to look at before the next beat."""
    try:
        async with asyncio.timeout(BEAT_S):
            await stream.awake.wait()
    except TimeoutError:
        return False
    return True


async def _until_gone(stream: _Stream, receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    stream.gone = True
    stream.awake.set()
