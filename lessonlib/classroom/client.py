"""A notebook's line to a class server: it follows what goes on, sends votes, and steers. One thread for each class.

The thread reads the server's stream of events and begins anew, after a wait that grows, whenever that ends or falls silent; what
is wrong is one line in :attr:`Line.fault` until the line stands again. Nobody waits for the network but who joins a class.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import random
import secrets
import string
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, NamedTuple
from urllib.parse import quote

import httpx

from lessonlib.base.errors import LessonlibError
from lessonlib.base.fetch import Limits, UnreachableError, address, client, failure
from lessonlib.base.formats import parse_json
from lessonlib.classroom.class_file import ClassFile
from lessonlib.classroom.heard import Heard, heard, line
from lessonlib.classroom.phases import Event
from lessonlib.classroom.wire import CODE_LENGTH, CODE_SIGNS, MOST_BYTES

log = logging.getLogger(__name__)

#: a request and its answer may take so long; a server that says nothing for so long on a stream, not even a beat, is gone
REQUEST_S, SILENCE_S = 10.0, 40.0
#: the wait before the second try, and the longest; each is drawn between half and all of it, so that a hall does not knock at once
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 8.0
_LIMITS = Limits(seconds=REQUEST_S, connect_seconds=5.0, body_bytes=1 << 40, event_bytes=1_000_000)
_KEY_SIGNS, _KEY_LENGTH = string.ascii_letters + string.digits, 32
_OK, _UNAUTHORIZED, _TOO_MANY, _FAULT = 200, 401, 429, 500


class ClassRefusedError(LessonlibError):
    """The server was reached and says no; trying again the same says no again."""


class Answer(NamedTuple):
    """status: of HTTP. said: the JSON of the body, None if it is none."""

    status: int
    said: Any

    def problem(self, otherwise: str) -> str:
        """What the server says is wrong, in one line."""
        told = line(self.said.get("problem")) if isinstance(self.said, Mapping) else ""
        return told or f"{otherwise} (status {self.status})"


class Where(NamedTuple):
    """A class: the address of its server, without the last slash, and its code."""

    url: str
    code: str


def where(url: str, code: str | None = None) -> Where:
    """The class at ``http://host:8010/ABC234``, or at an address and a code. Raises LessonlibError in one line."""
    found = address(str(url))
    if found and code is None:
        found, _, code = found.rpartition("/")
    given = "".join(str(code or "").split()).upper()
    if not found or "://" not in found or found.endswith("/"):
        raise LessonlibError(
            "Give the address of the class with its code, as it stands on the screen: http://host:8010/ABC234."
        )
    if len(given) != CODE_LENGTH or not set(given) <= set(CODE_SIGNS):
        raise LessonlibError(
            f"“{line(given, 20)}” is no code of a class: {CODE_LENGTH} letters and digits stand behind the address, as in http://host:8010/ABC234."
        )
    return Where(found.rstrip("/"), given)


class Line:
    """Follows one class. ``changed`` is called, on the line's thread, whenever :attr:`state`, :attr:`fault` or what was sent
    has changed.
    """

    #: what it asks for a state, and the event that brings one
    asks: ClassVar[str] = "state"

    def __init__(self, changed: Callable[[], None]):
        self.changed = changed
        self.state: Heard | None = None
        #: why nothing is heard from the class, in one line; "" while it is
        self.fault = ""
        #: whether the server said that the class is over; it may be started again, and then it is not
        self.over = False
        #: done once the first try is
        self.first: Future[None] = Future()
        self._loop = asyncio.new_event_loop()
        self._following: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, name="class", daemon=True)

    # --- from any thread --------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def stop(self) -> None:
        """Follow no longer. What was sent may still be on its way."""
        self.changed = _nobody
        self._soon(self._stop)

    def _soon(self, call: Callable[[], object]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: the line has ended
            self._loop.call_soon_threadsafe(call)

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            asyncio.run_coroutine_threadsafe(work, self._loop)
        except RuntimeError:  # the line has ended
            work.close()

    # --- on the thread ----------------------------------------------------------------------------------------------

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._following = self._loop.create_task(self._follow())
        with contextlib.suppress(asyncio.CancelledError):
            self._loop.run_until_complete(self._following)
        self._loop.run_until_complete(self._end())
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    async def _end(self) -> None:
        """Let go of what is on its way."""
        await asyncio.sleep(0)  # what was just asked for becomes a task first
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _stop(self) -> None:
        if self._following:
            self._following.cancel()

    async def _follow(self) -> None:
        waits = _waits()
        while True:
            try:
                target = self._target()
                async with self._client(target) as http:
                    await self._greet(http, target)
                    waits, self.over = _waits(), False
                    if not self.first.done():
                        self.first.set_result(None)
                    await self._listen(http, target)
                if not self.over:
                    self._tell("The class server has ended the connection; trying again.")
            except Exception as error:  # whatever a server does, the line tries again, and the panel says why
                if not self.first.done():
                    self.first.set_exception(error)
                self._tell(self._why(error))
            await asyncio.sleep(next(waits))

    def _why(self, error: Exception) -> str:
        if not isinstance(error, (LessonlibError, httpx.HTTPError, TimeoutError, OSError)):
            log.error("the line to the class broke", exc_info=error)
        return str(failure(error, "The class server", REQUEST_S))

    def _target(self) -> str:
        """The address of the server, without the last slash. Raises LessonlibError while there is none."""
        raise NotImplementedError

    def _headers(self) -> Mapping[str, str]:
        """Who asks."""
        raise NotImplementedError

    def _client(self, target: str) -> httpx.AsyncClient:
        return client(target, _LIMITS, cookies=True)

    async def _greet(self, http: httpx.AsyncClient, target: str) -> None:
        """The state as it is now."""
        answer = await self._ask(http, target, "GET", self.asks)
        if answer.status != _OK:
            raise self._refused(answer)
        if not self._take(answer.said):
            raise LessonlibError(f"{target}: answers, but not as a class server does; is the address right?")

    def _refused(self, answer: Answer) -> LessonlibError:
        return ClassRefusedError(answer.problem("the class server says no"))

    async def _ask(
        self, http: httpx.AsyncClient, target: str, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> Answer:
        async with asyncio.timeout(REQUEST_S):
            content = None if body is None else _as_json(body)
            headers = {**self._headers(), **({} if body is None else {"Content-Type": "application/json"})}
            answer = await http.request(method, f"{target}/{path}", content=content, headers=headers)
        self._seen(answer)
        return Answer(answer.status_code, _json_of(answer.content))

    def _seen(self, answer: httpx.Response) -> None:
        """A look at an answer's head."""

    async def _listen(self, http: httpx.AsyncClient, target: str) -> None:
        async with http.stream("GET", f"{target}/events", headers=self._headers()) as answer:
            if answer.status_code != _OK:
                await answer.aread()
                raise self._refused(Answer(answer.status_code, _json_of(answer.content)))
            self._tell("")
            async for name, data in _events(answer):
                if name == "over":
                    self.over = True
                    self._tell("The class is over.")  # or its server is being started again, which the next try finds
                    return
                if name == self.asks:
                    self._take(_json_of(data.encode()))

    def _take(self, said: object) -> bool:
        """A state of the server; of two, the later one stands."""
        found = heard(said)
        if found is None:
            return False
        if self.state is None or found["code"] != self.state["code"] or found["seq"] >= self.state["seq"]:
            self.state = found
            self._notice(found)
            self._show()
        return True

    def _notice(self, found: Heard) -> None:
        """What a state says beside itself."""

    def _tell(self, fault: str) -> None:
        if fault != self.fault:
            self.fault = fault
            self._show()

    def _show(self) -> None:
        try:
            self.changed()
        except Exception:  # a page that cannot be reached must not end the line
            log.exception("a panel could not be drawn")


class HostLine(Line):
    """The instructor's: follows with the token of the class file, and steers.

    ``find`` gives the class file as it is now, None while there is none: a server that is started again writes it anew.
    """

    asks = "host"

    def __init__(self, find: Callable[[], ClassFile | None], changed: Callable[[], None]):
        super().__init__(changed)
        self._find, self._file = find, find()
        #: why the last step was not taken, in one line
        self.problem = ""
        #: the number of the state that the step on its way was meant for
        self._step_at: int | None = None

    @property
    def busy(self) -> bool:
        """Whether a step is on its way."""
        return self._step_at is not None

    def steer(self, event: Event, question: str | None = None) -> None:
        """Take one step, on the line's thread: the state that follows says that it was taken, :attr:`problem` that not.

        A second click on what was clicked is none.
        """
        if self.state is None or self._step_at == self.state["seq"]:
            return
        self._step_at, self.problem = self.state["seq"], ""
        body = {"event": event, "seq": self.state["seq"], **({} if question is None else {"question": question})}
        self._do(self._steer(body))

    async def _steer(self, body: Mapping[str, Any]) -> None:
        try:
            async with self._client(self._target()) as http:
                answer = await self._ask(http, self._target(), "POST", "host", body)
                if answer.status != _OK:
                    self.problem = answer.problem("the class server did not take it")
                if not self._take(answer.said):
                    await self._greet(http, self._target())
        except Exception as error:
            self.problem = self._why(error)
        finally:
            if self._step_at == body["seq"]:
                self._step_at = None
            self._show()

    def _target(self) -> str:
        self._file = self._find()
        if self._file is None:
            raise UnreachableError("The class server has stopped. As soon as it runs again, the class goes on here.")
        return address(self._file["url"]) or ""

    def _headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self._file['token']}"} if self._file else {}


@dataclass
class Ballot:
    """A vote on its way. key: the same at each try, so that the server counts it once. state: "kept" once it said so."""

    poll: str
    round: int
    guess: Any
    confidence: int | None
    key: str = field(default_factory=lambda: "".join(secrets.choice(_KEY_SIGNS) for _ in range(_KEY_LENGTH)))
    state: Literal["sending", "kept", "refused"] = "sending"
    problem: str = ""


class VoterLine(Line):
    """A learner's: joins by address and code, follows, and votes.

    ``cookie`` is who the voter is to the server; one that was kept from before makes the same voter of another kernel.
    """

    def __init__(self, place: Where, changed: Callable[[], None], cookie: str = ""):
        super().__init__(changed)
        self.place, self.cookie = place, cookie
        #: (poll, round) -> the last vote in it
        self.ballots: dict[tuple[str, int], Ballot] = {}

    def join(self) -> None:
        """Join the class and follow it from then on. Raises LessonlibError in one line if that cannot be."""
        self.start()
        try:
            self.first.result(3 * REQUEST_S)
        except LessonlibError:
            self.stop()
            raise
        except Exception as error:
            self.stop()
            raise failure(error, self.place.url, REQUEST_S) from None

    def vote(self, poll: str, number: int, guess: Any, confidence: int | None) -> Ballot:
        """Send a vote for a round of a poll, as often as it takes until the server says that it has it, or that it takes none."""
        ballot = Ballot(poll, number, guess, confidence)
        self.ballots[poll, number] = ballot
        self._do(self._send(ballot))
        return ballot

    async def _send(self, ballot: Ballot) -> None:
        body = {"key": ballot.key, "guess": ballot.guess, "confidence": ballot.confidence}
        path = f"polls/{quote(ballot.poll, safe='')}/rounds/{ballot.round}/vote"
        if len(_as_json(body)) > MOST_BYTES:
            ballot.state, ballot.problem = "refused", "Your answer is too long for a vote. It is kept here, for you."
        for wait in _waits():
            if ballot.state != "sending":
                break
            try:
                async with self._client(self.place.url) as http:
                    answer = await self._ask(http, self.place.url, "PUT", path, body)
                    if answer.status == _UNAUTHORIZED:  # the server knows this voter no longer
                        await self._join(http)
                        answer = await self._ask(http, self.place.url, "PUT", path, body)
            except Exception as error:
                ballot.problem = self._why(error)
            else:
                ballot.problem = (
                    answer.problem("the class server did not take your vote") if answer.status != _OK else ""
                )
                if answer.status == _OK:
                    ballot.state = "kept"
                elif answer.status != _TOO_MANY and answer.status < _FAULT:
                    ballot.state = "refused"
            if ballot.state != "sending":
                break
            self._show()
            await asyncio.sleep(wait)
        self._show()

    async def _greet(self, http: httpx.AsyncClient, target: str) -> None:
        if not self.cookie:
            await self._join(http)
        try:
            await super()._greet(http, target)
        except _UnknownError:
            await self._join(http)
            await super()._greet(http, target)

    async def _join(self, http: httpx.AsyncClient) -> None:
        self.cookie = ""
        answer = await self._ask(http, self.place.url, "POST", "join", {"code": self.place.code})
        if answer.status != _OK:
            raise ClassRefusedError(f"{self.place.url}: {answer.problem('the class does not take you in')}")

    def _notice(self, found: Heard) -> None:
        """Votes that an earlier kernel sent are counted too."""
        if found["poll"]:
            for number in found["voted"] or ():
                earlier = Ballot(found["poll"]["id"], number, None, None, state="kept")
                self.ballots.setdefault((earlier.poll, number), earlier)

    def _refused(self, answer: Answer) -> LessonlibError:
        if answer.status == _UNAUTHORIZED:
            return _UnknownError(answer.problem("the class server does not know you"))
        return super()._refused(answer)

    def _seen(self, answer: httpx.Response) -> None:
        pairs = [f"{name}={value}" for name, value in answer.cookies.items()]
        self.cookie = "; ".join(pairs) or self.cookie

    def _target(self) -> str:
        return self.place.url

    def _headers(self) -> Mapping[str, str]:
        return {"Cookie": self.cookie} if self.cookie else {}


class _UnknownError(ClassRefusedError):
    """The server knows no such voter: it was started anew, or the voter was erased."""


def _nobody() -> None:
    """Nobody is there to be told."""


def _waits() -> Iterator[float]:
    wait = FIRST_WAIT_S
    while True:
        yield wait * random.uniform(0.5, 1)  # noqa: S311 - no secret
        wait = min(2 * wait, LONGEST_WAIT_S)


def _as_json(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _json_of(body: bytes) -> Any:
    try:
        return parse_json(body.decode("utf-8", errors="replace"), "the class server")
    except LessonlibError:
        return None


async def _events(answer: httpx.Response) -> AsyncIterator[tuple[str, str]]:
    """(name, data) of each event of a stream, until it ends. Raises TimeoutError when it falls silent."""
    lines = answer.aiter_lines()
    name, data = "", []
    while True:
        async with asyncio.timeout(SILENCE_S):
            try:
                text = await anext(lines)
            except StopAsyncIteration:
                return
        key, _, value = text.partition(":")
        value = value.removeprefix(" ")
        if key == "event" and text:
            name = value
        elif key == "data" and text:
            data.append(value)
        elif not text:
            if data:
                yield name, "\n".join(data)
            name, data = "", []
