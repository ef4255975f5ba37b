"""The learner's record: append-only JSON lines, one file, on this machine only.

A line that cannot be read (torn by a crash, written by another program, of a newer schema) is passed over
and stays in the file. A journal that cannot be written never stops a lesson: it says so once.
What was read is kept: another look reads only the lines added since, by this kernel or by another.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from lessonlib.record.attempts import Attempt, Pairing
from lessonlib.record.event import Event, event_of, has_keys

SCHEMA = 1
#: So many bytes before the place where reading stopped must still be the same, else the file was rewritten.
_MARK_BYTES = 64


class Journal:
    """Where guesses are kept. ``path=None`` keeps nothing."""

    def __init__(self, path: Path | None, warn: Callable[[str], None] = lambda _line: None):
        self.path, self._warn, self._warned = path, warn, False
        self._looking = threading.RLock()  # the teacher's answer comes in on a thread of its own
        self._forget()

    def append(self, record: Mapping[str, Any]) -> None:
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

    def records(self, lesson: str | None = None) -> list[dict[str, Any]]:
        """Every record that can be read, oldest first, as it stands in the file; those written under a lesson's name, if one
        is given. They are shared: change none.
        """
        with self._looking:
            self._look()
            return list(self._records if lesson is None else self._of_lesson.get(lesson, ()))

    def events(self) -> list[Event]:
        """Every record that can be read, oldest first, as an event."""
        with self._looking:
            self._look()
            self._events += map(event_of, self._records[len(self._events) :])
            return list(self._events)

    def attempts(self) -> list[Attempt]:
        """Every attempt at a question, in the order in which they were begun."""
        with self._looking:
            events = self.events()  # which may begin a new pairing
            self._pairing.add(events[self._pairing.seen :])
            return self._pairing.attempts()

    # --- reading ------------------------------------------------------------------------------------------

    def _forget(self) -> None:
        """As if nothing had been read yet."""
        self._records: list[dict[str, Any]] = []
        self._of_lesson: dict[str, list[dict[str, Any]]] = {}
        self._events: list[Event] = []
        self._pairing = Pairing()
        self._stamp = (0, 0, -1, 0)
        self._read_to, self._mark = 0, b""

    def _look(self) -> None:
        if self.path is None:
            return
        try:
            with self.path.open("rb") as file:
                self._read(file)
        except FileNotFoundError:
            self._forget()
        except OSError as error:
            self._forget()
            self._say_once("read", error)

    def _read(self, file: BinaryIO) -> None:
        """Read what was added since the last look; everything, if the file is another one or was rewritten."""
        status = os.fstat(file.fileno())
        stamp = status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
        if stamp == self._stamp:
            return
        if not self._only_grew(stamp, file):
            self._forget()
        file.seek(self._read_to)
        added = file.read()
        lines, newline, last = added.rpartition(b"\n")
        last_record = _record(
            last
        )  # a line without its end is torn, or still being written, unless it reads as a record
        for record in (*map(_record, lines.splitlines()), last_record):
            if record is not None:
                self._records.append(record)
                self._of_lesson.setdefault(record["lesson"], []).append(record)
        taken = lines + newline if last_record is None else added
        self._mark = (self._mark + taken)[-_MARK_BYTES:]
        self._read_to += len(taken)
        self._stamp = stamp

    def _only_grew(self, stamp: tuple[int, int, int, int], file: BinaryIO) -> bool:
        if stamp[:2] != self._stamp[:2] or stamp[2] <= self._stamp[2] or stamp[2] < self._read_to:
            return False
        file.seek(self._read_to - len(self._mark))
        return file.read(len(self._mark)) == self._mark

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
    return record if 1 <= record["v"] <= SCHEMA and has_keys(record) else None


def journal_path() -> Path | None:
    """Where the learner's journal is: LESSON_JOURNAL, else the platform's data directory; None if it is "off"."""
    chosen = os.environ.get("LESSON_JOURNAL", "")
    if chosen.lower() == "off":
        return None
    if chosen:
        return Path(os.path.expanduser(chosen))  # noqa: PTH111 - Path.expanduser raises on a user who is not there
    import platformdirs  # on first use only: `import lessonlib` stays light

    return Path(platformdirs.user_data_dir("lessonlib", appauthor=False)) / "journal.jsonl"


def default_journal(warn: Callable[[str], None] = lambda _line: None) -> Journal:
    """The learner's journal. Only a JupyterLab session keeps one unasked (it sets JPY_SESSION_NAME); papermill and nbval
    never do.
    """
    keeps = os.environ.get("LESSON_JOURNAL") or os.environ.get("JPY_SESSION_NAME")
    return Journal(journal_path() if keeps else None, warn)
