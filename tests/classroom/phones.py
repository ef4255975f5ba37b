"""Phones without a browser: one small asyncio client each, so that hundreds of them cost less than the server they ask.

Also used by benchmarks/class_load.py. A phone that gets no answer sends its vote again under the same key, as the page does.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

#: a state with a panel in it is one line
_LONGEST_LINE = 1 << 20
#: an answer that takes longer is asked for again
PATIENCE_S = 30.0


class NoAnswerError(Exception):
    """The connection was closed, or refused, before an answer came."""


class Line:
    """One connection that is kept for the next request."""

    def __init__(self, url: str):
        self.url = url
        parts = urlsplit(url)
        self.host, self.port, self.prefix = str(parts.hostname), int(parts.port or 80), parts.path.rstrip("/")
        self._pair: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._pair is None:
            self._pair = await asyncio.open_connection(self.host, self.port, limit=_LONGEST_LINE)
        return self._pair

    def request(self, method: str, path: str, body: bytes, headers: Iterable[str]) -> bytes:
        """The bytes of a request."""
        lines = [f"{method} {self.prefix}/{path} HTTP/1.1", f"Host: {self.host}:{self.port}", *headers]
        if body:
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        return "\r\n".join([*lines, "", ""]).encode() + body

    async def ask(
        self, method: str, path: str, value: Any = None, headers: Iterable[str] = ()
    ) -> tuple[int, dict[str, str], Any]:
        """Status, headers and the value of the answer. Raises NoAnswerError."""
        body = b"" if value is None else json.dumps(value).encode()
        try:
            async with asyncio.timeout(PATIENCE_S):
                reader, writer = await self._connected()
                writer.write(self.request(method, path, body, headers))
                status, found = await head(reader)
                data = await reader.readexactly(int(found.get("content-length", 0)))
        except (OSError, EOFError, TimeoutError, asyncio.IncompleteReadError) as error:
            self.hang_up()
            raise NoAnswerError(repr(error)) from None
        if found.get("connection") == "close":
            self.hang_up()
        return status, found, json.loads(data) if data and "json" in found.get("content-type", "") else data

    def hang_up(self) -> None:
        """Close the connection; the next request opens another."""
        if self._pair is not None:
            self._pair[1].close()
            self._pair = None


async def head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    """The status and the headers of an answer."""
    first = (await reader.readline()).decode()
    if not first:
        raise EOFError
    headers = {}
    while line := (await reader.readline()).decode().strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return int(first.split(" ")[1]), headers


@dataclass
class Phone:
    """A voter. seen: (when, phase) from the stream, whose states are not parsed: three thousand phones do that for themselves.

    votes: what was answered to each vote, and after how many seconds, by key.
    """

    url: str
    code: str
    cookie: str = ""
    voter: int = 0
    seen: list[tuple[float, str]] = field(default_factory=list)
    votes: dict[str, tuple[int, float]] = field(default_factory=dict)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    over: bool = False

    def __post_init__(self) -> None:
        self.line = Line(self.url)
        self._stream: asyncio.Task[None] | None = None

    def _headers(self) -> list[str]:
        return [f"Cookie: {self.cookie}"] if self.cookie else []

    def move_to(self, url: str) -> None:
        """Ask another server from now on, as a proxy does when one is gone."""
        self.url, self.line = url, Line(url)

    async def join(self) -> int:
        """Join the class; the status."""
        status, headers, _ = await self._insist("POST", "join", {"code": self.code})
        if "set-cookie" in headers:
            self.cookie = headers["set-cookie"].partition(";")[0]
        return status

    async def state(self) -> Any:
        """What this phone sees."""
        return (await self._insist("GET", "state"))[2]

    async def _insist(self, method: str, path: str, value: Any = None) -> tuple[int, dict[str, str], Any]:
        for attempt in range(100):
            with suppress(NoAnswerError):
                found = await self.line.ask(method, path, value, self._headers())
                if found[0] != 503:
                    return found
            await asyncio.sleep(0.05 * min(attempt + 1, 10))
        raise NoAnswerError(path)

    async def vote(self, question: str, guess: Any, round_: int = 1, confidence: int | None = 1) -> int:
        """Vote until an answer comes; its status."""
        key, begun = secrets.token_hex(8), perf_counter()
        sent = {"key": key, "guess": guess, "confidence": confidence}
        status, _, _ = await self._insist("PUT", f"polls/{question}/rounds/{round_}/vote", sent)
        self.votes[key] = status, perf_counter() - begun
        return status

    def watch(self) -> None:
        """Open the stream, and open it again whenever it ends."""
        self._stream = asyncio.get_running_loop().create_task(self._watch())

    async def _watch(self) -> None:
        while not self.over:
            with suppress(OSError, EOFError, asyncio.IncompleteReadError):
                await self._watch_once()
            await asyncio.sleep(0.2)

    async def _watch_once(self) -> None:
        line = Line(self.url)
        try:
            reader, writer = await line._connected()
            writer.write(line.request("GET", "events", b"", self._headers()))
            status, _ = await head(reader)
            event = ""
            while status == 200 and (text := await reader.readline()):
                if text.startswith(b"event: "):
                    event = text[7:].decode().strip()
                    self.over = self.over or event == "over"
                elif text.startswith(b"data: ") and event == "state":
                    phase = text.partition(b'"phase":"')[2].partition(b'"')[0].decode()
                    self.seen.append((perf_counter(), phase))
                    self.changed.set()
        finally:
            line.hang_up()

    async def wait_for(self, phase: str) -> None:
        """Wait until the stream told of that phase."""
        while not any(seen == phase for _, seen in self.seen):
            self.changed.clear()
            await self.changed.wait()

    async def leave(self) -> None:
        """Close everything."""
        self.line.hang_up()
        if self._stream is not None:
            self._stream.cancel()
            with suppress(asyncio.CancelledError):
                await self._stream


async def all_leave(phones: Iterable[Phone]) -> None:
    """Close everything, and wait until it is closed."""
    await asyncio.gather(*(phone.leave() for phone in phones))
    await asyncio.sleep(0.05)


class Host:
    """The instructor's kernel: steers with the token of the class file."""

    def __init__(self, url: str, token: str):
        self.line, self._headers = Line(url), [f"Authorization: Bearer {token}"]

    async def state(self) -> Any:
        """What the instructor sees."""
        return (await self._ask("GET"))[1]

    async def _ask(self, method: str, sent: Any = None) -> tuple[int, Any]:
        try:
            status, _, told = await self.line.ask(method, "host", sent, self._headers)
            return status, told
        finally:
            self.line.hang_up()

    async def steer(self, event: str, question: str | None = None) -> Any:
        """The next event; what is seen then."""
        seq = (await self.state())["seq"]
        sent = {"event": event, "seq": seq, **({"question": question} if question else {})}
        status, told = await self._ask("POST", sent)
        assert status == 200, told
        return told
