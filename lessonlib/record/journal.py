"""The learner's record: append-only JSON lines, one file, on this machine only.

A line that cannot be read (torn by a crash, written by another program, of a newer schema) is passed over
and stays in the file. A journal that cannot be written never stops a lesson: what is not kept waits in memory and is
tried again with each answer and each look, and the panels say so until it is.
What was read is kept: another look reads only the lines added since, by this kernel or by another.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from lessonlib.base.errors import LessonlibError
from lessonlib.base.files import reason
from lessonlib.record.attempts import Attempt, Pairing, attempts_of
from lessonlib.record.event import Event, event_of, events_of
from lessonlib.record.journal_file import Reader, Writer
from lessonlib.record.keeping import journal_path, keeping
from lessonlib.record.lines import SCHEMA, Line, line_of, lines_of, record_of

__all__ = ["SCHEMA", "Journal", "default_journal", "journal_path"]


def _unheard(_line: str) -> None:
    """Nobody is there to be told."""


class Journal:
    """Where guesses are kept. ``path=None`` keeps nothing; ``why`` says why.

    With ``waits`` nothing is read or written until :meth:`page_spoke`: what comes before is held in memory.
    """

    def __init__(
        self, path: Path | None, warn: Callable[[str], None] = _unheard, *, why: str = "", waits: bool = False
    ):
        self._file, self._warn, self._why, self._waits = path, warn, why, waits and path is not None
        self._warned = False
        self._looking = threading.RLock()  # the teacher's answer comes in on a thread of its own
        self._waiting: deque[bytes] = deque()
        #: why what waits could not be written
        self._fault = ""
        #: whether what had waited is in the file since the last record
        self._caught_up = False
        if path is not None:
            self._reader, self._writer = Reader(path), Writer(path)
        self._forget()

    @property
    def path(self) -> Path | None:
        """Where records go; None while they go nowhere."""
        return None if self._waits else self._file

    @property
    def waits(self) -> bool:
        """Whether it is not known yet that a person is here."""
        return self._waits

    # --- writing ------------------------------------------------------------------------------------------

    def append(self, record: Mapping[str, Any]) -> None:
        """Keep one more record, as one line. What cannot be written waits; :attr:`fault` says so."""
        if self._file is None:
            return
        with self._looking:
            self._caught_up = False
            self._waiting.append(line_of(record))
            self._write()

    def page_spoke(self) -> bool:
        """A page has sent a message, so a person is there. Whether the journal is kept only from now on."""
        with self._looking:
            if not self._waits:
                return False
            self._waits = False
            self._write()
            return True

    def _write(self) -> None:
        """Write what waits, oldest first."""
        if self._waits or not self._waiting:
            return
        late = bool(self._fault)
        try:
            while self._waiting:
                self._writer.write(self._waiting[0])
                self._waiting.popleft()
        except (OSError, LessonlibError) as error:
            self._fault = _fault(error, "written")
            _try_at_exit(self)
            self._say_once(self._fault)
        else:
            self._fault, self._caught_up = "", late
            self._warned = self._warned and not late  # if it fails again, that is news

    @property
    def fault(self) -> str:
        """What is not kept and why, in one line; "" if everything is."""
        if not self._fault or not self._waiting:
            return ""
        many = f"{len(self._waiting)} record{'s' * (len(self._waiting) != 1)}"
        return (
            f"Not kept: {self._file} {self._fault}. {many} of yours wait{'s' * (len(self._waiting) == 1)} in memory, "
            "and each answer tries again to write what waits."
        )

    @property
    def caught_up(self) -> str:
        """That everything is kept again, in one line, while that is news; else ""."""
        return f"Everything is kept again, in {self.place}." if self._caught_up else ""

    @property
    def place(self) -> str:
        """The file as a person would name it; "" if nothing is kept."""
        if self.path is None:
            return ""
        try:
            named = str(Path("~") / self.path.relative_to(Path.home()))
        except (ValueError, RuntimeError):
            named = str(self.path)
        return "".join(c if c.isprintable() else "?" for c in named)

    @property
    def why_not(self) -> str:
        """Why nothing is kept; "" if something is."""
        return "" if self.path is not None else self._why or "this run was opened without a journal"

    # --- what stands in it --------------------------------------------------------------------------------

    def records(self, lesson: str | None = None) -> list[dict[str, Any]]:
        """Every record that can be read, oldest first, as it stands in the file; those written under a lesson's name, if one
        is given. They are shared: change none.
        """
        with self._looking:
            self._look()
            lines = (line for text in self._texts() for line in text.split(b"\n")) if lesson is None else None
            found = map(record_of, lines) if lines else (line.read() for line in self._lines(lesson or ""))
            return [record for record in found if record is not None]

    def answered(self, lesson: str) -> set[str]:
        """The ids of the questions of a lesson that it holds anything of."""
        with self._looking:
            self._look()
            return {line.question for line in self._lines(lesson)}

    def records_of(self, address: Mapping[str, str], takes: Callable[[str], bool]) -> Iterator[dict[str, Any]]:
        """The records of one question, oldest first, of those events that ``takes`` says yes to when their turn comes."""
        with self._looking:
            self._look()
            lines = list(self._lines(address["lesson"]))
        about = address["question"], address["hash"], address["lab"]
        for line in lines:
            if line[1:4] == about and takes(line.event) and (record := line.read()) is not None:
                yield record

    def events(self) -> list[Event]:
        """Every record that can be read, oldest first, as an event."""
        with self._looking:
            self._look()
            self._take_events()
            return [*self._events, *self._waiting_events()]

    def attempts(self) -> list[Attempt]:
        """Every attempt at a question, in the order in which they were begun."""
        with self._looking:
            self._look()
            self._take_events()
            waiting = self._waiting_events()
            if waiting:
                return attempts_of([*self._events, *waiting])
            return self._pairing.attempts()

    def edition(self) -> tuple[int, int, int]:
        """Differs from an earlier one if the journal holds something else since."""
        with self._looking:
            self._look()
            return self._rewritten, len(self._read), len(self._waiting)

    # --- reading ------------------------------------------------------------------------------------------

    def _forget(self) -> None:
        """As if nothing had been read yet."""
        self._rewritten = getattr(self, "_rewritten", -1) + 1
        #: what was read, as it stands there, in whole lines
        self._read: list[bytes] = []
        self._of_lesson: dict[str, tuple[int, list[Line]]] = {}
        self._events: list[Event] = []
        self._events_of = 0
        self._pairing = Pairing()

    def _look(self) -> None:
        if self.path is None:
            return
        self._write()
        try:
            same, added = self._reader.look()
        except (OSError, LessonlibError) as error:
            self._reader.forget()
            if self._read:
                self._forget()
            self._say_once(_fault(error, "read"))
            return
        if not same and self._read:
            self._forget()
        if added:
            self._read.append(added)

    def _texts(self) -> list[bytes]:
        return [*self._read, *self._waiting]

    def _lines(self, lesson: str) -> list[Line]:
        """The lines of a lesson, those that wait among them."""
        taken, lines = self._of_lesson.get(lesson, (0, []))
        for text in self._read[taken:]:
            lines += lines_of(lesson, text)
        self._of_lesson[lesson] = len(self._read), lines
        waiting = b"".join(self._waiting)
        return [*lines, *lines_of(lesson, waiting)] if waiting else lines

    def _take_events(self) -> None:
        if self._events_of == len(self._read):
            return
        with _without_collection():
            for text in self._read[self._events_of :]:
                for line in text.split(b"\n"):
                    record = record_of(line)
                    if record is not None:
                        self._events.append(event_of(record, line))
            self._pairing.add(self._events[self._pairing.seen :])
        self._events_of = len(self._read)

    def _waiting_events(self) -> list[Event]:
        return events_of(record for record in map(record_of, self._waiting) if record is not None)

    def _say_once(self, fault: str) -> None:
        """One line for all that fails: a file that cannot be read takes no records either."""
        if not self._warned:
            self._warned = True
            self._warn(
                f"Your guesses are not being kept: {self._file} {fault}. "
                "The lesson goes on; set LESSON_JOURNAL to a file you can read and write."
            )


@contextlib.contextmanager
def _without_collection() -> Iterator[None]:
    """A hundred thousand new objects, none of them garbage: looking for cycles among them takes as long as making them."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def _fault(error: OSError | LessonlibError, done: str) -> str:
    """What is wrong with the file, to go behind its name."""
    return f"cannot be {done} ({reason(error)})" if isinstance(error, OSError) else str(error)


_at_exit: list[Journal] = []


def _try_at_exit(journal: Journal) -> None:
    """Once more when the kernel ends: the disk may have room by then."""
    if journal not in _at_exit:
        _at_exit.append(journal)
        atexit.register(journal._write)


#: One for a file in this process: a cell that is run again finds what waits, and reads nothing twice.
_open: dict[tuple[Path, bool], Journal] = {}


def default_journal(warn: Callable[[str], None] = _unheard) -> Journal:
    """The learner's journal, by the rule of :mod:`lessonlib.record.keeping`."""
    rule = keeping()
    if rule.path is None:
        return Journal(None, warn, why=rule.why)
    key = rule.path, rule.at_once
    if key not in _open:
        _open[key] = Journal(rule.path, waits=not rule.at_once)
    journal = _open[key]
    journal._warn, journal._warned = warn, False
    return journal
