"""A class server as a process of its own, as `lessonlib class` starts it, and phones that are a few lines of HTTP."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

START_S = 60


@dataclass
class Served:
    """A class that goes on. file: what its class file says."""

    lesson: str
    journal: Path
    log: Path
    process: subprocess.Popen[bytes] | None = None
    file: dict[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return str(self.file["url"]).rstrip("/")

    @property
    def code(self) -> str:
        return str(self.file["code"])

    @property
    def address(self) -> str:
        """What a student types."""
        return f"{self.url}/{self.code}"

    def start(self, port: int = 0) -> None:
        """Start it, or start it again: the same class at the same place."""
        again = ["--code", self.code] if self.file else []
        command = [sys.executable, "-m", "lessonlib", "class", self.lesson, "--port", str(port), *again]
        environment = {**os.environ, "LESSON_JOURNAL": str(self.journal), "LESSON_LAB": ""}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environment)
        until = time.monotonic() + START_S
        folder = self.journal.parent / "classes"
        while time.monotonic() < until and self.process.poll() is None:
            for path in folder.glob("[2-9A-Z]*.json"):
                found = json.loads(path.read_text(encoding="utf-8"))
                if found["pid"] == self.process.pid:
                    self.file = found
                    return
            time.sleep(0.05)
        raise RuntimeError(f"no class server:\n{self.log.read_text(encoding='utf-8', errors='replace')[-3000:]}")

    @property
    def port(self) -> int:
        return httpx.URL(self.url).port or 0

    def stop(self, how: int = signal.SIGTERM) -> None:
        """End it."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(30)
            self.process = None

    def host(self) -> Any:
        """What the instructor sees."""
        return httpx.get(f"{self.url}/host", headers={"Authorization": f"Bearer {self.file['token']}"}).json()

    def phone(self) -> Phone:
        """One more voter."""
        return Phone(self)


class Phone:
    """A voter without a page."""

    def __init__(self, served: Served) -> None:
        self.served = served
        answer = httpx.post(f"{served.url}/join", json={"code": served.code})
        assert answer.status_code == 200, answer.text
        self.cookies = dict(answer.cookies)

    def vote(self, question: str, number: int, guess: Any, confidence: int = 1) -> int:
        """Vote; the status that came back."""
        body = {"key": secrets.token_hex(16), "guess": guess, "confidence": confidence}
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        url = f"{self.served.url}/polls/{question}/rounds/{number}/vote"
        return httpx.put(url, json=body, headers={"Cookie": cookie}).status_code


@contextmanager
def served(lesson: str, folder: Path) -> Iterator[Served]:
    """A class of that lesson whose instructor's journal is in `folder`."""
    found = Served(lesson, folder / "journal.jsonl", folder / "class.log")
    found.start()
    try:
        yield found
    finally:
        found.stop(signal.SIGKILL)
