"""A class that a test leads from notebooks: its server, which can be killed and started again, and phones that are a few lines of HTTP."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.classroom.served import Server, serving


class Led:
    """A class that goes on. folder: of the instructor's journal."""

    def __init__(self, folder: Path, lesson: str, processes: ExitStack) -> None:
        self.folder, self._lesson, self._processes = folder, lesson, processes
        self.server: Server = self._started("--port", "0")

    def _started(self, *arguments: str) -> Server:
        return self._processes.enter_context(serving(self.folder, *arguments, lesson=self._lesson))

    @property
    def file(self) -> dict[str, Any]:
        """What its class file says."""
        return self.server.file

    @property
    def url(self) -> str:
        return self.server.url.rstrip("/")

    @property
    def code(self) -> str:
        return str(self.file["code"])

    @property
    def address(self) -> str:
        """What a student types."""
        return f"{self.url}/{self.code}"

    def start_again(self) -> None:
        """The same class at the same address."""
        self.server = self._started("--port", str(httpx.URL(self.url).port), "--code", self.code)

    def state(self) -> Any:
        """What the instructor sees."""
        return httpx.get(f"{self.url}/host", headers={"Authorization": f"Bearer {self.file['token']}"}).json()


class Phone:
    """A voter without a page."""

    def __init__(self, led: Led) -> None:
        self.url = led.url
        answer = httpx.post(f"{self.url}/join", json={"code": led.code})
        assert answer.status_code == 200, answer.text
        self.cookie = "; ".join(f"{name}={value}" for name, value in answer.cookies.items())

    def vote(self, question: str, number: int, guess: Any, confidence: int = 1) -> int:
        """Vote; the status that came back."""
        body = {"key": secrets.token_hex(16), "guess": guess, "confidence": confidence}
        url = f"{self.url}/polls/{question}/rounds/{number}/vote"
        return httpx.put(url, json=body, headers={"Cookie": self.cookie}).status_code


@contextmanager
def leading(folder: Path, lesson: str = "01") -> Iterator[Led]:
    """A class of that lesson."""
    with ExitStack() as processes:
        yield Led(folder, lesson, processes)
