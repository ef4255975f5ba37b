"""The teacher's endpoint in memory: no socket, and a loop on which waiting takes no time, so that real deadlines can be tried."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from lessonlib.teacher.teacher import Endpoint, StreamedAnswer, TeacherError, ask
from tests.teacher.teacher_standin import KEY, event

URL = "http://127.0.0.1:8000/v1"
HOST = "127.0.0.1:8000"
MESSAGES = [{"role": "system", "content": "be brief"}, {"role": "user", "content": "why?"}]
#: A part of a body: bytes, seconds of silence, or what goes wrong there.
Part = bytes | float | Exception


class Body(httpx.AsyncByteStream):
    """A body part by part. taken: how many were asked for."""

    def __init__(self, parts: Iterable[Part]):
        self.parts, self.taken = parts, 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self.parts:
            self.taken += 1
            if isinstance(part, Exception):
                raise part
            if isinstance(part, float):
                await asyncio.sleep(part)
            else:
                yield part


class Wire(httpx.AsyncBaseTransport):
    """Gives one reply after another, and keeps the requests."""

    def __init__(self, *replies: httpx.Response | Exception):
        self.replies, self.requests = list(replies), list[httpx.Request]()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The next reply."""
        await request.aread()
        self.requests.append(request)
        reply = self.replies[len(self.requests) - 1]
        if isinstance(reply, Exception):
            raise reply
        return reply


def streamed(*parts: Part | str) -> httpx.Response:
    """A stream of events. Text is one token of the answer."""
    return httpx.Response(
        200,
        headers={"Content-Type": "text/event-stream"},
        stream=Body([told({"content": part}) if isinstance(part, str) else part for part in parts]),
    )


def told(delta: dict[str, Any], finish: Any = None) -> bytes:
    """One event of the stream."""
    return f"data: {event(delta, finish)}\n\n".encode()


END = told({}, "stop")


class _Skipping(selectors.DefaultSelector):
    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        found = super().select(0 if timeout is not None else None)
        if not found:
            self.now += timeout or 0.0
        return found


class _Loop(asyncio.SelectorEventLoop):
    """Sleeps end at once, at the time when they would; a thread is waited for where it is asked for."""

    def __init__(self) -> None:
        self._clock = _Skipping()
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.now

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        done = self.create_future()
        done.set_result(func(*args))
        return done


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    """To its end, on a thread of its own: on this one Playwright may already run a loop."""

    def whole() -> None:
        with asyncio.Runner(loop_factory=_Loop) as runner:
            runner.run(coroutine)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(whole).result()


def asked(wire: Wire, patch: pytest.MonkeyPatch, model: str = "m") -> StreamedAnswer:
    """What comes in over the wire. The times are the loop's."""
    answer = StreamedAnswer()
    _ask(wire, patch, model, answer)
    return answer


def refused(wire: Wire, patch: pytest.MonkeyPatch, model: str = "m") -> tuple[str, StreamedAnswer]:
    """The one line that says why, and what came before it."""
    answer = StreamedAnswer()
    with pytest.raises(TeacherError) as caught:
        _ask(wire, patch, model, answer)
    line = str(caught.value)
    assert "\n" not in line and KEY not in line and len(line) < 500
    return line, answer


def _ask(wire: Wire, patch: pytest.MonkeyPatch, model: str, answer: StreamedAnswer) -> None:
    patch.setattr(httpx, "AsyncHTTPTransport", lambda **_: wire)

    async def on_this_clock() -> None:
        await ask(Endpoint(URL, model), MESSAGES, answer, asyncio.get_running_loop().time)

    run(on_this_clock())
