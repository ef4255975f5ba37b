"""The class server as a process: its address, its store, its files, and an end that keeps nobody waiting.

Behind JupyterHub it is a service: JUPYTERHUB_SERVICE_URL says where to listen, JUPYTERHUB_SERVICE_PREFIX where it stands.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import os
import secrets
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import uvicorn
from starlette.routing import BaseRoute

from lessonlib.base.errors import LessonlibError, shown
from lessonlib.base.files import reason
from lessonlib.classroom.app import ClassApp, Pages
from lessonlib.classroom.class_file import code_of, read_class_file, remove_class_file, write_class_file
from lessonlib.classroom.hub_login import HubLogin, HubPlace, is_service
from lessonlib.classroom.live_class import LiveClass, lesson_name
from lessonlib.classroom.store import ClassRow, CodeTakenError, Store, StoreError
from lessonlib.classroom.stores import opener
from lessonlib.classroom.wire import CODE_LENGTH, CODE_SIGNS

if TYPE_CHECKING:
    from lessonlib.lesson.lesson import Lesson

#: as long as a proxy may take between two requests on one connection, and as long as answers under way may take at the end
KEEP_ALIVE_S, GRACE_S = 75, 2
#: files that are open beside connections: the store, standard streams, what a lesson reads
_OTHER_FILES = 64
#: open files that are asked for where the system sets no limit
_ENOUGH_FILES = 65_536
#: a token that is given from outside: as long as ours at least
_LEAST_TOKEN = 22
_DAY_S = 86_400


@dataclass(frozen=True)
class Address:
    """Where the server listens, and how others reach it. prefix begins and ends with "/"; public: without the code, or ""."""

    host: str
    port: int
    prefix: str = "/"
    public: str = ""

    def local(self, port: int) -> str:
        """The address on this machine, ending in "/"."""
        host = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - asked for
        return f"http://{_bracketed(host)}:{port}{self.prefix}"

    def for_phones(self, port: int) -> str:
        """The address that phones open, ending in "/": what was given, or the first of this machine that others can see."""
        if self.public:
            return self.public.rstrip("/") + "/"
        if self.host in ("0.0.0.0", "", "::"):  # noqa: S104 - asked for
            return f"http://{_bracketed(_seen_by_others())}:{port}{self.prefix}"
        return self.local(port)


def address(bind: str | None, port: int | None, public: str | None, environ: Mapping[str, str]) -> Address:
    """Where to listen: as given, else as JupyterHub says, else port 8010 of this machine alone. Raises LessonlibError.

    The Hub says it to its services, and under the same names to each learner's own server: that address is not ours.
    """
    environ = environ if is_service(environ) else {}
    prefix = "/" + environ.get("JUPYTERHUB_SERVICE_PREFIX", "").strip("/")
    prefix = prefix if prefix == "/" else prefix + "/"
    hub = urlsplit(environ.get("JUPYTERHUB_SERVICE_URL", ""))
    try:
        hub_port = hub.port
    except ValueError:
        raise LessonlibError(
            f"JUPYTERHUB_SERVICE_URL: {shown(environ['JUPYTERHUB_SERVICE_URL'])} names no port to listen at"
        ) from None
    public = public or environ.get("JUPYTERHUB_PUBLIC_URL", "")
    if public and (urlsplit(public).scheme not in ("http", "https") or not urlsplit(public).netloc):
        raise LessonlibError(f"--public-url: {shown(public)} is no address; write it as https://class.example.org/")
    return Address(bind or hub.hostname or "127.0.0.1", hub_port or 8010 if port is None else port, prefix, public)


def listen(where: Address) -> socket.socket:
    """A socket that listens there. Raises LessonlibError where it cannot."""
    try:
        found = socket.getaddrinfo(where.host or None, where.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, place = found[0]
        listening = socket.socket(family, kind, protocol)
        if os.name == "posix":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(place)
            listening.listen(2048)  # a hall opens its phones within a second
        except OSError:
            listening.close()
            raise
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise LessonlibError(
                f"port {where.port} of {where.host} is taken, perhaps by another class: name another with --port"
            ) from None
        raise LessonlibError(f"cannot listen at {where.host}, port {where.port}: {reason(error)}") from None
    return listening


def raise_file_limit() -> int:
    """Let this process have as many connections as the system allows; how many files it may open."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return _ENOUGH_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _ENOUGH_FILES if hard == resource.RLIM_INFINITY else hard
    if soft != resource.RLIM_INFINITY and soft < most:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
            soft = most
    return _ENOUGH_FILES if soft == resource.RLIM_INFINITY else soft


def find_class(store: Store, lesson: Lesson, code: str | None) -> ClassRow:
    """A new class of this lesson; or, with ``code``, the one that has it, which goes on. Raises CodeTakenError."""
    name, lab = lesson_name(lesson), lesson.lab.name
    with store.transaction():
        store.purge()
    for _ in range(20):
        drawn = code or "".join(secrets.choice(CODE_SIGNS) for _ in range(CODE_LENGTH))
        with store.transaction():
            row = store.add_class(drawn, name, lab)
        if row is not None:
            return row
        found = store.class_of(drawn)
        if code is not None and found is not None:
            if (found.lesson, found.lab) != (name, lab):
                raise CodeTakenError(
                    f"the code {code} is that of a class of {found.lesson} on the lab {found.lab}: leave --code out for a new class"
                )
            with store.transaction():
                return store.open_again(found)
    raise StoreError("no code is free in this store")


def bearer(code: str, environ: Mapping[str, str]) -> str:
    """The token that steers: LESSONLIB_CLASS_TOKEN where it is given, that of a server that was killed, or a new one."""
    given = environ.get("LESSONLIB_CLASS_TOKEN", "")
    if given and len(given) < _LEAST_TOKEN:
        raise LessonlibError(f"LESSONLIB_CLASS_TOKEN is too short to be safe: at least {_LEAST_TOKEN} characters")
    left = read_class_file(code)
    return given or (left["token"] if left else secrets.token_urlsafe(16))


@dataclass(frozen=True)
class Served:
    """What whoever began the class is told."""

    code: str
    #: what phones open
    join: str
    #: what the hall's projector opens: the code behind the # never leaves the browser in an address
    screen: str
    #: the same on this machine
    local: str


def serve(
    lesson: Lesson,
    where: Address,
    store: str | None,
    code: str | None,
    pages: Pages,
    ready: Callable[[Served], None],
    more: Callable[[ClassApp], list[BaseRoute]] | None = None,
) -> str:
    """Serve a class until this process is told to end; its code. ``ready`` is called once phones can join.

    Raises LessonlibError: port taken, store out of reach, code of another class.
    """
    if code is not None and code_of(code) is None:
        raise LessonlibError(f"--code: {shown(code)} is no code: {CODE_LENGTH} of {CODE_SIGNS}")
    opens, hub = opener(store), HubPlace.of(os.environ, where.prefix)
    listening = listen(where)
    try:
        kept = opens()
        try:
            row = find_class(kept, lesson, code_of(code) if code else None)
            token = bearer(row.code, os.environ)
            with kept.transaction():
                kept.add_host(row, hashlib.sha256(token.encode()).hexdigest())
            with kept.alone(row.code):
                port = listening.getsockname()[1]
                join = where.for_phones(port) + row.code
                told = Served(row.code, join, where.for_phones(port) + f"screen#{row.code}", where.local(port))
                asyncio.run(_serve(lesson, row, opens, listening, where, token, pages, ready, told, more, hub))
        finally:
            kept.close()
    finally:
        listening.close()
    return row.code


async def _serve(
    lesson: Lesson,
    row: ClassRow,
    opens: Callable[[], Store],
    listening: socket.socket,
    where: Address,
    token: str,
    pages: Pages,
    ready: Callable[[Served], None],
    told: Served,
    more: Callable[[ClassApp], list[BaseRoute]] | None,
    hub: HubPlace | None,
) -> None:
    files = raise_file_limit() - _OTHER_FILES
    live = LiveClass(lesson, row, opens, told.join)
    tasks: list[asyncio.Task[Any]] = []
    try:
        await live.start()
        app = ClassApp(live, pages, where.prefix, more, HubLogin(hub, token) if hub else None)
        app.hub.most = max(files * 2 // 3, 8)  # a phone has a second connection, for votes
        config = uvicorn.Config(
            app.asgi,
            log_level="critical",
            access_log=False,
            lifespan="on",
            ws="none",
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=GRACE_S,
            limit_concurrency=max(files, 16),
        )
        server = _Server(config, app)
        loop = asyncio.get_running_loop()
        tasks = [loop.create_task(live.prepare()), loop.create_task(live.follow()), loop.create_task(_purge(live))]
        if not (live.shared and _served_elsewhere(row.code)):
            write_class_file(
                {
                    "url": told.local,
                    "code": row.code,
                    "token": token,
                    "lesson": lesson_name(lesson),
                    "lab": lesson.lab.name,
                    "pid": os.getpid(),
                }
            )
        server.when_up = lambda: ready(told)
        await server.serve(sockets=[listening])
    finally:
        remove_class_file(row.code, os.getpid())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        live.stop()


async def _purge(live: LiveClass) -> None:
    """Forget old classes once a day, also while one goes on for weeks."""
    while True:
        await asyncio.sleep(_DAY_S)
        with contextlib.suppress(StoreError):
            await live.write(lambda store: store.purge())


class _Server(uvicorn.Server):
    """Ends its streams before it waits for what is under way, and leaves no signal behind: the end is ours to tell."""

    def __init__(self, config: uvicorn.Config, app: ClassApp):
        super().__init__(config)
        self.app = app
        self.when_up: Callable[[], None] = lambda: None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.should_exit:
            self.when_up()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.app.hub.close(over=not self.app.live.shared)
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        ending = (signal.SIGINT, signal.SIGTERM)

        def end(number: int, frame: FrameType | None) -> None:
            self.handle_exit(number, frame)

        before = {number: signal.signal(number, end) for number in ending}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _served_elsewhere(code: str) -> bool:
    """Whether another process of this account has the class's file, and lives."""
    found = read_class_file(code)
    if found is None or os.name != "posix" or found["pid"] == os.getpid():
        return False
    try:
        os.kill(found["pid"], 0)
    except OSError:
        return False
    return True


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _seen_by_others() -> str:
    """The address of this machine on the way out; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address for documentation, which nobody has
            return str(probe.getsockname()[0])
        except OSError:
            print(
                "lessonlib class: this machine seems to be on no network: name its address with --public-url",
                file=sys.stderr,
            )
            return "127.0.0.1"
