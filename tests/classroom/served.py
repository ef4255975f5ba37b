"""A class served by the real command in a process of its own, to be killed at will."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PATIENCE_S = 60.0


@dataclass
class Server:
    """A process and its class file. folder: where its journal would lie; memory as the system counts it."""

    process: subprocess.Popen[str]
    folder: Path
    file: dict[str, Any]

    @property
    def url(self) -> str:
        """Its address on this machine."""
        return str(self.file["url"])

    @property
    def memory_mb(self) -> float:
        """The most memory that it held, MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024 / 1e6

    @property
    def processor_s(self) -> float:
        """Processor time that it has used, s."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def kill(self) -> None:
        """As a power failure would, without a word."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> str:
        """As Ctrl-C does; what it said."""
        self.process.send_signal(signal.SIGINT)
        out, err = self.process.communicate(timeout=_PATIENCE_S)
        return out + err


def command(*arguments: str) -> list[str]:
    """The command line."""
    return [sys.executable, "-m", "lessonlib", "class", *arguments]


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Of an account whose journal lies in that folder."""
    return {**os.environ, "LESSON_JOURNAL": str(folder / "journal.jsonl"), **more}


@contextmanager
def serving(folder: Path, *arguments: str, lesson: str = "01", **more: str) -> Iterator[Server]:
    """A class of that lesson, up and ready; killed at the end if it still runs."""
    before = set(_files(folder))
    process = subprocess.Popen(
        command(lesson, *arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(folder, **more),
    )
    try:
        yield Server(process, folder, _file_of(process, folder, before))
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def _files(folder: Path) -> list[Path]:
    return list((folder / "classes").glob("*.json"))


def _file_of(process: subprocess.Popen[str], folder: Path, before: set[Path]) -> dict[str, Any]:
    """What the process says of itself once it is up."""
    assert process.stdout is not None
    end = time.monotonic() + _PATIENCE_S
    while time.monotonic() < end:
        line = process.stdout.readline()  # its first word comes once phones can join
        if not line:
            break
        if line.startswith("Phones: "):
            for path in _files(folder):
                found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
                if found["pid"] == process.pid or path not in before:
                    return found
            address = line.removeprefix("Phones: ").split(" ")[0]
            return {"url": address.rpartition("/")[0] + "/", "code": address.rpartition("/")[2], "token": ""}
    assert process.stderr is not None
    raise AssertionError(process.stderr.read())
