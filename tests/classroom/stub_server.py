"""A class server in small, for tests: says what it is told to, notes what it was asked, and can be stopped and started again."""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CODE, TOKEN, COOKIE = "ABC234", "t0ken-of-the-host", "voter=v1"
PATIENCE_S = 20


def state(**change: Any) -> dict[str, Any]:
    """A State of a class that looks at nothing yet."""
    return {
        "seq": 1,
        "code": CODE,
        "title": "Prefill vs decode",
        "lesson": "01-prefill-vs-decode",
        "lab": "default",
        "paused": False,
        "poll": None,
        "phase": "draft",
        "round": 0,
        "ask": None,
        "joined": 0,
        **change,
    }


def wait_for(found: Callable[[], Any], what: str) -> Any:
    """What `found` gives as soon as it is true; a failure of the test if that never comes."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        if got := found():
            return got
        time.sleep(0.005)
    raise AssertionError(f"never came: {what}")


@dataclass
class Stub:
    """state, host: what it says now, set by :meth:`say`. answers: status and body for the next requests of a path, first come.
    asked: (method, path, headers, body) of what was asked.
    """

    state: dict[str, Any] = field(default_factory=state)
    host: dict[str, Any] = field(default_factory=dict)
    mine: Any = None
    answers: dict[str, list[tuple[int, Any]]] = field(default_factory=dict)
    asked: list[tuple[str, str, dict[str, str], Any]] = field(default_factory=list)
    voters: set[str] = field(default_factory=set)
    known: bool = True
    port: int = 0
    _streams: list[queue.Queue[bytes | None]] = field(default_factory=list)
    _server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def said(self, host: bool) -> dict[str, Any]:
        """The state, or the instructor's."""
        return {
            **self.state,
            **({"count": 0, "possible": [], "plan": [], "notes": "", "join": "", **self.host} if host else {}),
        }

    def say(self, **change: Any) -> None:
        """Another state, to everybody; what only an instructor hears under ``host``."""
        self.host |= change.pop("host", {})
        self.state = {**self.state, "seq": self.state["seq"] + 1, **change}
        self.send("state", self.said(host=False))
        self.send("host", self.said(host=True))

    def send(self, name: str, data: Any) -> None:
        """One event on every stream; each client takes those that it asked for."""
        text = f"event: {name}\ndata: {data if isinstance(data, str) else json.dumps(data)}\n\n".encode()
        for stream in self._streams:
            stream.put(text)

    def asked_for(self, path: str) -> list[tuple[str, str, dict[str, str], Any]]:
        return [request for request in self.asked if request[1] == path]

    def drop_streams(self) -> None:
        """End every stream, as a proxy that is restarted does."""
        for stream in self._streams:
            stream.put(None)
        self._streams.clear()

    def start(self) -> None:
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:
                stub._answer(self, self.command)

            do_POST = do_PUT = do_GET  # noqa: N815 - names of http.server

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        self.drop_streams()
        if self._server:
            self._server.shutdown()
            self._server.server_close()
        self._server = None

    # --- inside -----------------------------------------------------------------------------------------------------

    def _answer(self, request: BaseHTTPRequestHandler, method: str) -> None:
        length = int(request.headers.get("Content-Length") or 0)
        body = json.loads(request.rfile.read(length)) if length else None
        path = request.path.lstrip("/")
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.asked.append((method, path, headers, body))
        waiting = self.answers.get(path)
        if waiting:
            return self._json(request, *waiting.pop(0))
        host = headers.get("authorization") == f"Bearer {TOKEN}"
        if path == "events":
            return self._stream(request)
        if path == "host":
            return (
                self._json(request, 200, self.said(host=True)) if host else self._json(request, 401, {"problem": "No."})
            )
        if path == "join":
            right = body == {"code": CODE}
            self.known = self.known or right
            return self._json(
                request, *((200, self.said(False)) if right else (403, {"problem": "No such class."})), cookie=right
            )
        if headers.get("cookie") != COOKIE or not self.known:
            return self._json(request, 401, {"problem": "Join the class first."})
        if path == "state":
            return self._json(request, 200, {**self.said(False), "mine": self.mine})
        return self._json(request, 200, {"kept": "ok"})

    def _json(self, request: BaseHTTPRequestHandler, status: int, said: Any, cookie: bool = False) -> None:
        data = said.encode() if isinstance(said, str) else json.dumps(said).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(data)))
        if cookie:
            request.send_header("Set-Cookie", f"{COOKIE}; HttpOnly; SameSite=Strict; Path=/")
        request.end_headers()
        request.wfile.write(data)

    def _stream(self, request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Type", "text/event-stream")
        request.send_header("Connection", "close")
        request.end_headers()
        mine: queue.Queue[bytes | None] = queue.Queue()
        self._streams.append(mine)
        request.wfile.write(b"event: beat\ndata: 1\n\n")
        request.wfile.flush()
        while (text := mine.get()) is not None:
            request.wfile.write(text)
            request.wfile.flush()
        request.close_connection = True

    @property
    def followed(self) -> int:
        """How many streams are open."""
        return len(self._streams)


@contextmanager
def stub() -> Iterator[Stub]:
    """A stub server that runs."""
    server = Stub()
    server.start()
    try:
        yield server
    finally:
        server.stop()
