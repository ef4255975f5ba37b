"""The learner's record: append-only JSON lines, one file, on this machine only.

A line that cannot be read (torn by a crash, written by another program, of a newer schema) is passed over
and stays in the file. A journal that cannot be written never stops a lesson: it says so once.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

SCHEMA = 1
_KEYS = {"lesson", "question", "hash", "lab", "event"}


class Journal:
    """Where guesses are kept. ``path=None`` keeps nothing."""

    def __init__(self, path: Path | None, warn: Callable[[str], None] = lambda line: None):
        self.path, self._warn, self._warned = path, warn, False

    def append(self, record: dict[str, Any]) -> None:
        """Write one record, as one line in one write, so that two kernels do not mix theirs."""
        if self.path is None:
            return
        line = json.dumps(
            {"v": SCHEMA, "time": datetime.now(UTC).isoformat(timespec="milliseconds"), **record},
            ensure_ascii=False,
            separators=(",", ":"),
            allow_nan=False,
            default=str,
        )
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(handle, (_mend(handle) + line + "\n").encode())
            finally:
                os.close(handle)
        except OSError as error:
            self._say_once("written", error)

    def records(self) -> list[dict[str, Any]]:
        """Every record that can be read, oldest first."""
        return list(self._read())

    def _read(self) -> Iterator[dict[str, Any]]:
        if self.path is None:
            return
        try:
            lines = self.path.read_bytes().splitlines()
        except FileNotFoundError:
            return
        except OSError as error:
            self._say_once("read", error)
            return
        for line in lines:
            record = _record(line)
            if record is not None:
                yield record

    def _say_once(self, done: str, error: OSError) -> None:
        """One line for all that fails: a file that cannot be read takes no records either."""
        if not self._warned:
            self._warned = True
            self._warn(
                f"Your guesses are not being kept: {self.path} cannot be {done} ({error.strerror}). "
                "The lesson goes on; set LESSON_JOURNAL to a file you can read and write."
            )


def _mend(handle: int) -> str:
    """A newline first, if a crash left the last line without one."""
    if not os.fstat(handle).st_size:
        return ""
    os.lseek(handle, -1, os.SEEK_END)
    return "" if os.read(handle, 1) == b"\n" else "\n"


def _record(line: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict) or not isinstance(record.get("v"), int):
        return None
    if not all(isinstance(record.get(key), str) for key in _KEYS):
        return None
    return record if 1 <= record["v"] <= SCHEMA else None


def default_journal(warn: Callable[[str], None] = lambda line: None) -> Journal:
    """The learner's journal: LESSON_JOURNAL (a file, or "off"), else the platform's data directory.

    Only a JupyterLab session keeps one unasked (it sets JPY_SESSION_NAME); papermill and nbval never do.
    """
    chosen = os.environ.get("LESSON_JOURNAL", "")
    if chosen:
        return Journal(None if chosen.lower() == "off" else Path(os.path.expanduser(chosen)), warn)
    return Journal(default_path() if os.environ.get("JPY_SESSION_NAME") else None, warn)


def default_path() -> Path:
    """Where the learner's journal is, whoever asks: LESSON_JOURNAL, else the platform's data directory."""
    chosen = os.environ.get("LESSON_JOURNAL", "")
    if chosen:
        return Path(os.path.expanduser(chosen))
    import platformdirs  # on first use only: `import lessonlib` stays light

    return Path(platformdirs.user_data_dir("lessonlib", appauthor=False)) / "journal.jsonl"
