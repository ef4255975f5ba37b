"""The journal's file: ours alone, never a link, a pipe or a device, and a line in it is whole or can be read around.

Several kernels may write at once. Each takes a lock for the time of a line, so the rest of a write that was cut short
still comes behind its beginning, and a beginning whose rest has no room is taken back while nobody else stands behind
it. Where there are no locks (a browser, some network folders) a cut line stays, and the next one begins on a new line.

Nothing waits for the disk: what is written is safe from the end of this kernel, and a power failure can cost the last
seconds; waiting would make each click as slow as the disk. What a network folder refuses later, it says at closing.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from lessonlib.base.errors import LessonlibError
from lessonlib.base.files import kind_of
from lessonlib.record.lines import record_of

fcntl: ModuleType | None
try:
    import fcntl
except ImportError:  # Windows, and Python in a browser
    fcntl = None

_FLAGS = sum(getattr(os, name, 0) for name in ("O_CLOEXEC", "O_NONBLOCK", "O_NOCTTY", "O_NOFOLLOW", "O_BINARY"))
#: So long another writer may take for its line before this one is told to wait.
LOCK_S = 1.0
#: The file may be erased between its opening and its lock; so often it is opened anew.
_TRIES = 3
#: These say that the folder knows no locks, not that somebody has one.
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL, errno.EBADF}
#: So many bytes before the place where reading stopped must still be the same, else the file was rewritten.
_MARK_BYTES = 64


class NotOursError(LessonlibError):
    """What is there can be no journal: a link, a folder, a pipe, a device. The message says what to do."""


def refuse_other_kinds(path: Path) -> None:
    """Raise NotOursError unless an ordinary file is there, or nothing; OSError where nobody may look."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    _ordinary(path, found)


def _ordinary(path: Path, found: os.stat_result) -> None:
    if stat.S_ISLNK(found.st_mode):
        with contextlib.suppress(OSError):
            target = Path(os.path.normpath(path.parent / path.readlink()))
            raise NotOursError(
                f"cannot be used: it is a link to {target}, and links are not followed; set LESSON_JOURNAL={target} if you want that file"
            )
        raise NotOursError("cannot be used: it is a link, and links are not followed")
    if not stat.S_ISREG(found.st_mode):
        raise NotOursError(f"cannot be used: it is {kind_of(found)}, not an ordinary file")


@contextlib.contextmanager
def opened(path: Path, flags: int) -> Iterator[int]:
    """A handle of the file, never of what a link leads to. Raises NotOursError for other kinds; OSError, also at closing."""
    refuse_other_kinds(path)  # before it is opened: opening a device may do something
    try:
        handle = os.open(path, flags | _FLAGS, 0o600)
    except OSError as error:
        if error.errno == errno.ELOOP:
            refuse_other_kinds(path)
        raise
    closing = handle
    try:
        _ordinary(path, os.fstat(handle))
        yield handle
        closing = -1
        os.close(handle)  # may say what a network folder could not take
    finally:
        if closing >= 0:
            with contextlib.suppress(OSError):
                os.close(closing)


# --- writing ------------------------------------------------------------------------------------------------------


class Writer:
    """Writes lines to one journal. A write may fail at any byte; what it leaves behind takes no other line with it."""

    def __init__(self, path: Path):
        self.path = path
        #: from here on the file may hold the line that is being written, although its writing was told to have failed
        self._doubtful: int | None = None

    def write(self, line: bytes) -> None:
        """Put a line at the end, once. Raises OSError or NotOursError if it does not stand in the file."""
        make_folder(self.path.parent)
        for _ in range(_TRIES):
            if self._written(line):
                self._doubtful = None
                return
        raise OSError(errno.EAGAIN, "another file is put in its place again and again")

    def _written(self, line: bytes) -> bool:
        """False if the file was erased or replaced before it was ours to write to."""
        with opened(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT) as handle:
            locked = _lock(handle)
            if not _still_there(handle, self.path):
                return False
            _tighten(handle)
            if self._doubtful is not None and line in _lines_from(handle, self._doubtful):
                return True
            end = os.fstat(handle).st_size
            self._doubtful = end if self._doubtful is None else min(end, self._doubtful)
            _write_line(handle, line, locked)
        return True


def _lines_from(handle: int, place: int) -> set[bytes]:
    os.lseek(handle, place, os.SEEK_SET)
    with open(handle, "rb", closefd=False) as file:
        return {line if line.endswith(b"\n") else line + b"\n" for line in file}


def make_folder(folder: Path) -> None:
    """The folder and what it lies in, each made for the learner alone, whatever the umask."""
    missing = []
    for each in (folder, *folder.parents):
        if each.exists():
            break
        missing.append(each)
    for each in reversed(missing):
        with contextlib.suppress(FileExistsError):
            each.mkdir(mode=0o700)
            each.chmod(0o700)


def _tighten(handle: int) -> None:
    """Readable for the learner alone, also where it was made otherwise. A file of somebody else's is left as it is."""
    if not hasattr(os, "geteuid"):
        return
    found = os.fstat(handle)
    if found.st_uid == os.geteuid() and stat.S_IMODE(found.st_mode) != 0o600:
        with contextlib.suppress(OSError):  # a folder that knows no permissions
            os.fchmod(handle, 0o600)


def _lock(handle: int) -> bool:
    """Hold the file until it is closed; False where there are no locks. Raises OSError if somebody holds it too long."""
    until = time.monotonic() + LOCK_S
    while fcntl is not None:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _NO_LOCKS:
                return False
            if time.monotonic() > until:
                raise OSError(errno.EAGAIN, "another program is holding it") from None
            time.sleep(0.002)
        else:
            return True
    return False


def _still_there(handle: int, path: Path) -> bool:
    """Whether the path still leads to this file: it may have been erased or replaced in the meantime."""
    try:
        return os.path.samestat(os.fstat(handle), path.lstat())
    except FileNotFoundError:
        return False


def _write_line(handle: int, line: bytes, locked: bool) -> None:
    """The whole line, or nothing that could be taken for it. Raises OSError if it is not in the file."""
    start = os.fstat(handle).st_size
    data = (b"" if not start or _last_byte(handle, start) == b"\n" else b"\n") + line
    written = 0
    try:
        while written < len(data):
            count = os.write(handle, data[written:])
            written += count
            if not count or (not locked and written < len(data)):
                raise OSError(errno.ENOSPC, "only a part of a line could be written")
    except OSError:
        if written == len(data) - 1:
            return  # all but the line's end: it reads as a record, and the next one begins with a new line
        if locked and written and os.fstat(handle).st_size == start + written:
            with contextlib.suppress(OSError):
                os.ftruncate(handle, start)
        raise


def _last_byte(handle: int, size: int) -> bytes:
    os.lseek(handle, size - 1, os.SEEK_SET)
    return os.read(handle, 1)


# --- reading ------------------------------------------------------------------------------------------------------


class Reader:
    """Reads what was added to one journal since the last look; everything, if the file is another one or was rewritten."""

    def __init__(self, path: Path):
        self.path = path
        self.forget()

    def forget(self) -> None:
        """As if nothing had been read yet."""
        #: the file that was read last (device, inode), its size and its time then
        self._stamp: tuple[tuple[int, int], int, int] | None = None
        self._read_to, self._mark = 0, b""

    def look(self) -> tuple[bool, bytes]:
        """(whether what was read before still counts, the whole lines added since). Raises OSError or NotOursError."""
        try:
            with opened(self.path, os.O_RDONLY) as handle:
                return self._look(handle)
        except FileNotFoundError:
            known = self._read_to == 0
            self.forget()
            return known, b""

    def _look(self, handle: int) -> tuple[bool, bytes]:
        status = os.fstat(handle)
        which, size = (status.st_dev, status.st_ino), status.st_size
        stamp, last = (which, size, status.st_mtime_ns), self._stamp
        if stamp == last:
            return True, b""
        with open(handle, "rb", closefd=False) as file:
            grew = last is not None and which == last[0] and size > last[1]
            if grew:
                file.seek(self._read_to - len(self._mark))
                grew = file.read(len(self._mark)) == self._mark
            if not grew:
                self.forget()
            file.seek(self._read_to)
            added = file.read()
        taken = added[: whole(added)]
        self._mark = (self._mark + taken)[-_MARK_BYTES:]
        self._read_to += len(taken)
        self._stamp = stamp
        return grew, taken if not taken or taken.endswith(b"\n") else taken + b"\n"


def whole(added: bytes) -> int:
    """How many of these bytes are lines that have come whole.

    A last line without its end is torn, or still being written, unless it reads as a record.
    """
    end = added.rfind(b"\n") + 1
    return len(added) if record_of(added[end:]) is not None else end
