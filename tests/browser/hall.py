"""A class on a real server in a process of its own: the instructor, and voters without a page who fill the hall."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from lessonlib.classroom.class_file import ClassFile
from lessonlib.base.files import read_json

START_SECONDS = 60


class Hall:
    """`lessonlib class LESSON` with a journal of its own in ``home``. ``url`` ends in a slash and stays over a restart."""

    def __init__(self, lesson: str, home: Path) -> None:
        self.lesson, self.home = lesson, home
        self.code, self.port = "", 0
        self.process: subprocess.Popen[bytes] | None = None
        self.start()
        self.crowd = [self._joined() for _ in range(6)]

    # --- the server ------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start it; again, with the same code and port, after it was killed."""
        known = ["--code", self.code] if self.code else []
        command = [sys.executable, "-m", "lessonlib", "class", self.lesson, "--port", str(self.port), *known]
        environment = {**os.environ, "LESSON_JOURNAL": str(self.home / "journal.jsonl")}
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        told = self._line("Phones: ")
        self.url, _, self.code = told.split()[1].rpartition("/")
        self.url += "/"
        self.port = int(self.url.rstrip("/").rpartition(":")[2])
        self.screen = self._line("Screen: ").split()[1]
        found: ClassFile = read_json(self.home / "classes" / f"{self.code}.json", most=10_000)
        self.client = httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {found['token']}"}, timeout=30)

    def _line(self, start: str) -> str:
        assert self.process is not None and self.process.stdout is not None
        deadline, heard = time.monotonic() + START_SECONDS, ""
        while time.monotonic() < deadline:
            line = self.process.stdout.readline().decode()
            heard += line
            if line.startswith(start):
                return line
            if not line:
                break
        raise RuntimeError(f"the class did not start:\n{heard}")

    def kill(self) -> None:
        """End the server as a power cut does."""
        self._end(self.process.kill)

    def stop(self) -> None:
        """End it as Ctrl-C does."""
        self._end(self.process.terminate)

    def _end(self, how: Any) -> None:
        self.client.close()
        how()
        self.process.communicate()

    # --- the instructor ---------------------------------------------------------------------------------------

    def host(self) -> Any:
        """What the instructor sees."""
        return self.client.get("host").raise_for_status().json()

    def steer(self, event: str, question: str | None = None) -> None:
        """The instructor's next event."""
        sent = {"event": event, "seq": self.host()["seq"], **({} if question is None else {"question": question})}
        answer = self.client.post("host", json=sent)
        assert answer.status_code == 200, answer.text

    # --- voters without a page --------------------------------------------------------------------------------

    def _joined(self) -> httpx.Client:
        voter = httpx.Client(base_url=self.url, timeout=30)
        voter.post("join", json={"code": self.code}).raise_for_status()
        return voter

    def vote(self, question: str, guesses: list[Any], round_: int = 1, confidence: int | None = 1) -> None:
        """Each of the crowd sends one of these, over and over from the first."""
        for place, voter in enumerate(self.crowd):
            sent = {"key": secrets.token_hex(8), "guess": guesses[place % len(guesses)], "confidence": confidence}
            answer = voter.put(f"polls/{question}/rounds/{round_}/vote", json=sent)
            assert answer.status_code == 200, answer.text


@contextmanager
def hall(lesson: str, home: Path) -> Iterator[Hall]:
    """A class for as long as this lasts."""
    opened = Hall(lesson, home)
    try:
        yield opened
    finally:
        for voter in opened.crowd:
            voter.close()
        if opened.process.poll() is None:
            opened.stop()
