"""A class for a test: its app without a socket, the instructor, and voters with a cookie each."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from lessonlib.classroom.app import ClassApp
from lessonlib.classroom.live_class import LiveClass
from lessonlib.classroom.report_routes import routes
from lessonlib.classroom.server import find_class
from lessonlib.classroom.store import Store
from lessonlib.lesson.lesson import Lesson
from lessonlib.roofline import DEFAULT_LAB, load_lab
from tests.classroom.apart import Apart

LESSON, TOKEN = "01-prefill-vs-decode", "a-token-for-the-tests-only"
PAGES = {"phone.html": ("text/html", b"<!doctype html>phone"), "phone.js": ("text/javascript", b"//")}


class Room:
    """A class whose app is asked in the loop of ``runner``; between two requests nothing happens."""

    def __init__(self, app: ClassApp, runner: Apart):
        self.app, self.live, self.runner = app, app.live, runner
        self.code = app.live.row.code

    def ask(self, method: str, path: str, json: Any = None, cookie: str = "", **headers: str) -> Any:
        """A request with nothing but what is said here."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if cookie:
            sent["cookie"] = f"{self.app.cookie}={cookie}"
        return self.runner.run(self._asked(method, path, json, sent))

    async def _asked(self, method: str, path: str, json: Any, headers: dict[str, str]) -> httpx.Response:
        body: dict[str, Any] = {"content": json} if isinstance(json, bytes) else {} if json is None else {"json": json}
        transport = httpx.ASGITransport(self.app.asgi)
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
            return await client.request(method, path, headers=headers, **body)

    def joined(self) -> str:
        """The cookie of a new voter."""
        answer = self.ask("POST", "/join", {"code": self.code})
        assert answer.status_code == 200, answer.text
        return str(answer.cookies[self.app.cookie])

    def vote(self, cookie: str, question: str, guess: Any, round_: int = 1, confidence: Any = 1, key: str = "") -> Any:
        """What a vote is answered."""
        sent = {"key": key or secrets.token_hex(8), "guess": guess, "confidence": confidence}
        return self.ask("PUT", f"/polls/{question}/rounds/{round_}/vote", sent, cookie)

    def state(self, cookie: str) -> Any:
        """What a voter sees."""
        answer = self.ask("GET", "/state", cookie=cookie)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def host(self) -> Any:
        """What the instructor sees."""
        answer = self.ask("GET", "/host", authorization=f"Bearer {TOKEN}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def steer(self, event: str, question: str | None = None) -> Any:
        """The instructor's next event; what is seen then."""
        answer = self.try_to_steer(event, self.host()["seq"], question)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def try_to_steer(self, event: Any, seq: Any, question: Any = None, token: str = TOKEN) -> Any:
        """What an event is answered."""
        sent = {"event": event, "seq": seq, **({} if question is None else {"question": question})}
        return self.ask("POST", "/host", sent, authorization=f"Bearer {token}")

    def all_the_way(self, question: str) -> None:
        """Lead the question from its first vote to its reveal, without a second one."""
        self.steer("open", question)
        for event in ("close", "show", "reveal"):
            self.steer(event)


@contextmanager
def room(opens: Callable[[], Store], lesson: Lesson | None = None, code: str | None = None) -> Iterator[Room]:
    """A class of a lesson on that store, served without a socket."""
    lesson = lesson or Lesson(LESSON, load_lab(DEFAULT_LAB))
    store = opens()
    row = find_class(store, lesson, code)
    with store.transaction():
        store.add_host(row, hashlib.sha256(TOKEN.encode()).hexdigest())
    store.close()
    live = LiveClass(lesson, row, opens, f"http://testserver/{row.code}")
    try:
        with Apart() as runner:
            runner.run(live.start())
            yield Room(ClassApp(live, PAGES, more=routes), runner)
    finally:
        live.stop()
