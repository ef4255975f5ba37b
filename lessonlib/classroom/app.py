"""The class server as an ASGI program: who may ask what, and the answers. Addresses as in :mod:`lessonlib.classroom.wire`.

What is wrong is told in one line. No address of a person is looked at or kept; a voter is a token in a cookie, of which the
store has the hash.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import hmac
import json
import secrets
import sys
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from lessonlib.base.errors import LessonlibError, one_line
from lessonlib.base.fetch import UnreachableError
from lessonlib.base.formats import parse_json
from lessonlib.classroom.class_file import code_of
from lessonlib.classroom.events import Hub, Watcher
from lessonlib.classroom.hub_login import BusyError, HubLogin
from lessonlib.classroom.limits import READS, VOTES, Allowance, WrongCodes
from lessonlib.classroom.live_class import ClosedError, LiveClass, StaleError, UnknownQuestionError
from lessonlib.classroom.phases import EVENTS, OutOfTurnError
from lessonlib.classroom.store import StoreError
from lessonlib.classroom.wire import MOST_BYTES
from lessonlib.lesson.guess import GuessError

#: name of a file of the pages -> its media type and its bytes
Pages = Mapping[str, tuple[str, bytes]]

#: voters of one class: many more than a hall holds
MOST_VOTERS = 20_000
#: tokens whose voter is remembered
_MOST_KNOWN = 20_000
_PAGE_HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}
_NOT_KEPT = "The server cannot keep anything just now. Nothing of this was kept: send it again in a moment."


class ProblemError(LessonlibError):
    """A request that is refused: the status, and one line for whoever sent it."""

    def __init__(self, status: int, problem: str, wait_s: float = 0.0):
        super().__init__(problem)
        self.status, self.wait_s = status, wait_s


def make_app(
    live: LiveClass,
    pages: Pages,
    prefix: str = "/",
    more: Callable[[ClassApp], list[BaseRoute]] | None = None,
) -> ASGIApp:
    """The program. prefix: where it stands behind a proxy, "/services/class/"; more: routes of the report."""
    return ClassApp(live, pages, prefix, more).asgi


class ClassApp:
    """The routes of one class."""

    def __init__(
        self,
        live: LiveClass,
        pages: Pages,
        prefix: str = "/",
        more: Callable[[ClassApp], list[BaseRoute]] | None = None,
        login: HubLogin | None = None,
    ):
        #: of a JupyterHub, where the class is a service of one
        self.login = login
        self.live, self.prefix = live, "/" + prefix.strip("/") + "/" * bool(prefix.strip("/"))
        self.pages = {name: _Page(kind, data) for name, (kind, data) in pages.items()}
        self.cookie, self.lead_cookie = f"class-{live.row.code}", f"class-lead-{live.row.code}"
        self.secure = live.join.startswith("https://")
        self.hub = Hub(self._told, live.recount)
        live.changed = self.hub.changed
        self.wrong_codes = WrongCodes()
        self.votes, self.reads = Allowance(*VOTES), Allowance(*READS)
        self._voters: OrderedDict[str, int] = OrderedDict()
        self._hosts: set[str] = set()
        self._told_fault = 0.0
        self._taking_in = asyncio.Lock()
        routes: list[BaseRoute] = [
            Route("/state", self.answering(self._state), methods=["GET"]),
            Route("/events", _Events(self)),
            Route("/join", self.answering(self._join), methods=["POST"]),
            Route("/polls/{question}/rounds/{round}/vote", self.answering(self._vote), methods=["PUT"]),
            Route("/host", self.answering(self._host), methods=["GET", "POST"]),
            Route("/me", self.answering(self._me), methods=["GET", "DELETE"]),
            Route("/qr.svg", self.answering(self._qr), methods=["GET"]),
            *(more(self) if more else ()),
            Route("/", self.answering(self._page), methods=["GET"]),
            Route("/{name}", self.answering(self._page), methods=["GET"]),
        ]
        if self.prefix != "/":
            routes = [Mount(self.prefix.rstrip("/"), routes=routes)]
        self.asgi = Starlette(routes=routes, lifespan=self._lifespan, middleware=[Middleware(_SameOrigin, app=self)])

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        yield
        self.hub.close()

    # --- answers ---------------------------------------------------------------------------------------

    def answering(self, handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        """The handler, with what it raises told in one line."""

        async def answer(request: Request) -> Response:
            try:
                return await handler(request)
            except ProblemError as problem:
                return refused(problem.status, str(problem), problem.wait_s)
            except (ClosedError, StaleError, OutOfTurnError) as error:
                return refused(409, str(error))
            except UnknownQuestionError as error:
                return refused(404, str(error))
            except GuessError as error:
                return refused(422, str(error))
            except StoreError as error:
                self.tell_fault(error)
                return refused(503, _NOT_KEPT, 1.0)
            except LessonlibError as error:  # a lesson of one's own may be wrong on this lab
                self.tell_fault(error)
                return refused(500, "The server cannot show this question. The instructor's terminal says why.")

        return answer

    def tell_fault(self, error: LessonlibError) -> None:
        """One line for the instructor's terminal, at most each ten seconds."""
        if time.monotonic() - self._told_fault > 10 or not self._told_fault:
            self._told_fault = time.monotonic()
            print(one_line(f"lessonlib class: {error}"), file=sys.stderr, flush=True)

    async def _told(self, kind: Watcher) -> tuple[int, Any]:
        live = self.live
        made = {"state": live.state, "screen": live.screen_state, "host": live.host_state}[kind]
        state = await made()
        return state["seq"], state

    # --- who asks --------------------------------------------------------------------------------------

    def hashed_bearer(self, request: Request) -> str | None:
        """The hash of the bearer token that comes with a request, if one does."""
        token = _bearer(request)
        return _hashed(token) if token else None

    async def need_host(self, request: Request) -> None:
        """Refuse whoever does not bear a token of this class."""
        token = self.hashed_bearer(request)
        if token is None:
            raise ProblemError(401, "This is for the instructor alone.")
        if token in self._hosts:
            return
        if await self.live.read(lambda store: store.is_host(self.live.row, token)):
            self._hosts.add(token)
        elif not await self._leads_at_hub(request):
            raise ProblemError(403, "This token steers no class here.")

    async def _leads_at_hub(self, request: Request) -> bool:
        if self.login is None:
            return False
        try:
            return await self.login.leads(_bearer(request))
        except BusyError as error:
            raise ProblemError(429, str(error), 1.0) from None
        except UnreachableError as error:
            self.tell_fault(error)
            raise ProblemError(503, "The Hub cannot say just now whether you lead this class.", 1.0) from None

    async def need_reader(self, request: Request) -> tuple[str, ...]:
        """Refuse whoever may not read the report. What its content security policy must say besides."""
        if _bearer(request) or not self.brings_pass(request):
            await self.need_host(request)
            return ()
        if request.headers.get("sec-fetch-dest") != "document":
            raise ProblemError(403, "Open the report as a page of its own, by https, in a browser of these years.")
        return ("sandbox allow-downloads",)

    def brings_pass(self, request: Request) -> bool:
        """Whether the browser that asks is one in which an instructor has logged in at the Hub."""
        given = request.cookies.get(self.lead_cookie, "")
        return self.login is not None and bool(given) and self.login.holds(given, time.time())

    async def voter(self, request: Request) -> int:
        """The voter whose cookie comes with a request. Refuses anybody else, also a voter of another class."""
        token = request.cookies.get(self.cookie, "")
        if not token:
            raise ProblemError(401, "Join the class first: type its code.")
        token_hash = _hashed(token)
        known = self._voters.get(token_hash)
        if known is None:
            known = await self.live.read(lambda store: store.voter_of(self.live.row, token_hash))
            if known is None:
                raise ProblemError(401, "Join the class first: type its code.")
            self._remember(token_hash, known)
        return known

    def _remember(self, token_hash: str, voter: int) -> None:
        self._voters[token_hash] = voter
        if len(self._voters) > _MOST_KNOWN:
            self._voters.popitem(last=False)

    def check_code(self, given: Any) -> None:
        """Refuse a wrong code, one that comes too late, and who tries one after the other."""
        if wait := self.wrong_codes.wait_s():
            raise ProblemError(429, "Too many wrong codes just now. Try again in a few seconds.", wait)
        code = code_of(given) if isinstance(given, str) else None
        if code is None or not hmac.compare_digest(code, self.live.row.code):
            self.wrong_codes.wrong()
            raise ProblemError(403, "No class here has this code. Look at the screen once more.")
        if time.time() > self.live.row.expires:
            raise ProblemError(403, "This class is over.")

    async def watcher(self, request: Request) -> Watcher:
        """As what a stream may watch: the instructor, the hall's screen, or a voter."""
        if self.hashed_bearer(request):
            await self.need_host(request)
            return "host"
        if "screen" in request.query_params:
            self.check_code(request.query_params["screen"])
            return "screen"
        await self.voter(request)
        return "state"

    # --- routes ----------------------------------------------------------------------------------------

    async def _state(self, request: Request) -> Response:
        if "screen" in request.query_params:
            self.check_code(request.query_params["screen"])
            await self.live.recount()
            return answered(await self.live.screen_state())
        voter = await self.voter(request)
        _allow(self.reads, voter)
        return answered(await self.live.state_of(voter))

    async def _join(self, request: Request) -> Response:
        sent = await read_object(request)
        self.check_code(sent.get("code"))
        try:
            voter = await self.voter(request)
        except ProblemError:
            return await self._joined()
        return answered(await self.live.state_of(voter))

    async def _joined(self) -> Response:
        token = secrets.token_urlsafe(16)
        voter = await self._add(token)
        response = answered(await self.live.state_of(voter))
        self._set_voter(response, token)
        return response

    async def take_in(self, response: Response, token: str) -> None:
        """Make the browser that gets this answer the voter with that token, who may be one already."""
        if time.time() > self.live.row.expires:
            raise ProblemError(403, "This class is over.")
        async with self._taking_in:
            token_hash = _hashed(token)
            if await self.live.read(lambda store: store.voter_of(self.live.row, token_hash)) is None:
                await self._add(token)
        self._set_voter(response, token)

    async def _add(self, token: str) -> int:
        if self.live.joined >= MOST_VOTERS:
            raise ProblemError(429, "This class is full.")
        voter = await self.live.add_voter(_hashed(token))
        self._remember(_hashed(token), voter)
        return voter

    def _set_voter(self, response: Response, token: str) -> None:
        age = max(int(self.live.row.expires - time.time()), 1)
        response.set_cookie(
            self.cookie, token, max_age=age, path=self.prefix, secure=self.secure, httponly=True, samesite="strict"
        )

    async def _vote(self, request: Request) -> Response:
        voter = await self.voter(request)
        _allow(self.votes, voter)
        sent = await read_object(request)
        if request.path_params["round"] not in ("1", "2"):
            raise ProblemError(404, "There are two rounds, 1 and 2.")
        if time.time() > self.live.row.expires:
            raise ProblemError(409, "This class is over.")
        kept = await self.live.vote(voter, request.path_params["question"], int(request.path_params["round"]), sent)
        return answered(kept)

    async def _host(self, request: Request) -> Response:
        await self.need_host(request)
        if request.method == "POST":
            sent = await read_object(request)
            event, seq, question = sent.get("event"), sent.get("seq"), sent.get("question")
            if event not in EVENTS:
                raise ProblemError(422, f"event: one of {', '.join(EVENTS)}")
            if type(seq) is not int:
                raise ProblemError(422, "seq: the number of the state that you saw")
            if question is not None and not isinstance(question, str):
                raise ProblemError(422, "question: the id of a question, or nothing")
            await self.live.steer(event, seq, question)
        else:
            await self.live.recount()
        return answered(await self.live.host_state())

    async def _me(self, request: Request) -> Response:
        voter = await self.voter(request)
        if request.method == "GET":
            _allow(self.reads, voter)
            headers = {
                "cache-control": "no-store",
                "content-disposition": f'attachment; filename="class-{self.live.row.code}.jsonl"',
            }
            return Response(await self.live.lines_of(voter), headers=headers, media_type="application/jsonl")
        await self.live.erase_voter(voter)
        self._voters.pop(_hashed(request.cookies[self.cookie]), None)
        response = Response(status_code=204)
        response.delete_cookie(self.cookie, path=self.prefix, httponly=True, samesite="strict")
        return response

    async def _qr(self, request: Request) -> Response:
        self.check_code(request.query_params.get("screen"))
        from lessonlib.classroom.qr import svg

        return Response(svg(self.live.join), media_type="image/svg+xml", headers=_PAGE_HEADERS)

    async def _page(self, request: Request) -> Response:
        """A page or one of its files. Whatever looks like a code gets the page that joins, right or wrong."""
        name = request.path_params.get("name", "")
        if name == "screen":
            name = "screen.html"
        elif not name or code_of(name):
            name = "phone.html"
        page = self.pages.get(name)
        if page is None:
            raise ProblemError(404, "There is nothing here.")
        return page.answer(request)


def refused(status: int, problem: str, wait_s: float = 0.0) -> Response:
    """A refusal in one line."""
    response = answered({"problem": problem}, status)
    if wait_s > 0:
        response.headers["retry-after"] = str(int(wait_s) + 1)
    return response


def answered(value: Any, status: int = 200) -> Response:
    """An answer as JSON that nobody keeps."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    headers = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
    return Response(text.encode("utf-8", "replace"), status, headers, "application/json")


async def read_object(request: Request) -> dict[str, Any]:
    """The JSON object that comes with a request. Refuses another type, more than MOST_BYTES, and what is no object."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise ProblemError(422, "Send JSON, with its content type.")
    data = b""
    try:
        async for part in request.stream():
            data += part
            if len(data) > MOST_BYTES:
                raise ProblemError(413, f"That is too much: at most {MOST_BYTES:,} bytes are read.")
    except ClientDisconnect:
        raise ProblemError(422, "The request was cut short.") from None
    try:
        found = parse_json(data.decode(), "what was sent")
    except UnicodeDecodeError:
        raise ProblemError(422, "what was sent: not UTF-8 text") from None
    except LessonlibError as error:
        raise ProblemError(422, str(error)) from None
    if not isinstance(found, dict):
        raise ProblemError(422, "what was sent: a JSON object is needed")
    return found


def _allow(allowance: Allowance, voter: int) -> None:
    if wait := allowance.wait_s(voter):
        raise ProblemError(429, "That was quick. Wait a moment, then send it again.", wait)


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


class _Events:
    """The route of the streams: plain ASGI, for a thousand of them must cost little."""

    def __init__(self, app: ClassApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request, hub = Request(scope), self.app.hub

        async def find(request: Request) -> Response:
            if request.method != "GET":
                raise ProblemError(404, "There is nothing here.")
            if hub.full:
                raise ProblemError(503, "The server is full just now. Try again in a moment.", 5.0)
            request.state.watcher = await self.app.watcher(request)
            return Response()

        told = await self.app.answering(find)(request)
        if told.status_code != 200:
            await told(scope, receive, send)
            return
        await hub.serve(request.state.watcher, receive, send, lambda: self.app.live.now.seq)  # type: ignore[arg-type]


class _SameOrigin:
    """Refuses what a page of another origin asks a browser to send. A client that is no browser says no origin."""

    def __init__(self, inner: ASGIApp, app: ClassApp):
        self.inner, self.app = inner, app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in ("GET", "HEAD") and not self._own(Request(scope)):
            await refused(403, "This page may not send anything here.")(scope, receive, send)
            return
        await self.inner(scope, receive, send)

    def _own(self, request: Request) -> bool:
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return False
        origin = request.headers.get("origin")
        if origin is None:
            return True
        try:
            host = urlsplit(origin).netloc.lower()
        except ValueError:
            return False
        ours = {request.headers.get("host", "").lower(), urlsplit(self.app.live.join).netloc.lower()} - {""}
        return host in ours


class _Page:
    """A file of the pages, also compressed."""

    def __init__(self, kind: str, data: bytes):
        self.kind, self.data, self.small = kind, data, gzip.compress(data, mtime=0)
        self.tag = f'"{hashlib.sha256(data).hexdigest()[:16]}"'

    def answer(self, request: Request) -> Response:
        headers = {**_PAGE_HEADERS, "cache-control": "no-cache", "etag": self.tag, "vary": "accept-encoding"}
        if request.headers.get("if-none-match") == self.tag:
            return Response(status_code=304, headers=headers)
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(self.small, headers={**headers, "content-encoding": "gzip"}, media_type=self.kind)
        return Response(self.data, headers=headers, media_type=self.kind)
