"""Files as a person names them: the one place that opens, reads and writes them.

A file that is read is an ordinary file of a stated size; anything else (a folder, a pipe, a socket, a device) is refused
before it can block. A file that is written is whole or not there: what stood there before stays until the new text is on
the disk. Whatever fails is a LessonlibError of one line that starts with `where`, by default the path.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lessonlib.base.errors import LessonlibError
from lessonlib.base.formats import parse_csv, parse_json, parse_toml, whole_characters

MOST_BYTES = 16_000_000
_FLAGS = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISLNK, "a link"),
)


class NoFileError(LessonlibError):
    """There is no file at that path."""


class TooLargeError(LessonlibError):
    """The file is larger than what is read of its kind."""


def is_file(path: str | Path) -> bool:
    """Whether an ordinary file is there; False also where nobody may look and for names that no file can have."""
    try:
        return stat.S_ISREG(Path(path).stat().st_mode)
    except (OSError, ValueError):
        return False


def is_folder(path: str | Path) -> bool:
    """Whether a folder is there; False as for :func:`is_file`."""
    try:
        return stat.S_ISDIR(Path(path).stat().st_mode)
    except (OSError, ValueError):
        return False


def read_bytes(path: str | Path, where: str | None = None, most: int = MOST_BYTES, links: bool = True) -> bytes:
    """All bytes of an ordinary file of at most `most` bytes.

    A link is followed unless `links` is False. Raises NoFileError where nothing is there, LessonlibError for the rest.
    """
    where = str(path) if where is None else where
    try:
        # Before it is opened: opening a device may do something.
        _ordinary(Path(path).stat(follow_symlinks=links), where)
        handle = os.open(path, _FLAGS | (0 if links else getattr(os, "O_NOFOLLOW", 0)))
        with open(handle, "rb") as file:  # noqa: PTH123 - a handle, not a path
            _ordinary(os.fstat(handle), where)
            found = file.read(most + 1)
    except LessonlibError:
        raise
    except FileNotFoundError:
        raise NoFileError(f"{where}: cannot be read: No such file or directory") from None
    except (OSError, ValueError) as error:
        raise LessonlibError(f"{where}: cannot be read: {reason(error)}") from None
    if found is None:  # a file of the kernel that would make its reader wait
        raise LessonlibError(f"{where}: cannot be read: it would keep us waiting")
    if len(found) > most:
        raise TooLargeError(f"{where}: larger than {_size(most)}, the most that is read")
    return found


def read_text(path: str | Path, where: str | None = None, most: int = MOST_BYTES, links: bool = True) -> str:
    """The text of a UTF-8 file, without a byte-order mark, every line end a newline; see :func:`read_bytes`."""
    where = str(path) if where is None else where
    data = read_bytes(path, where, most, links)
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        at = error.start + (3 if data.startswith(b"\xef\xbb\xbf") else 0)
        line = data.count(b"\n", 0, at) + 1
        raise LessonlibError(f"{where}: not UTF-8 text (byte {at}, in line {line}); save it as UTF-8") from None


def read_json(path: str | Path, where: str | None = None, most: int = MOST_BYTES) -> Any:
    """The value of a JSON file; see :func:`read_bytes` and :func:`lessonlib.base.formats.parse_json`."""
    where = str(path) if where is None else where
    return parse_json(read_text(path, where, most), where)


def read_toml(path: str | Path, where: str | None = None, most: int = MOST_BYTES) -> dict[str, Any]:
    """The table of a TOML file; see :func:`read_bytes` and :func:`lessonlib.base.formats.parse_toml`."""
    where = str(path) if where is None else where
    return parse_toml(read_text(path, where, most), where)


def read_csv(
    path: str | Path, where: str | None = None, most: int = MOST_BYTES, needed: Sequence[str] = ()
) -> Iterator[dict[str, str]]:
    """The rows of a CSV file; see :func:`read_bytes` and :func:`lessonlib.base.formats.parse_csv`."""
    where = str(path) if where is None else where
    return parse_csv(read_text(path, where, most), where, needed)


def write_text(path: str | Path, text: str, where: str | None = None, mode: int | None = None) -> None:
    """Write a text as UTF-8, its line ends as they are; see :func:`write_bytes`."""
    write_bytes(path, whole_characters(text).encode(), where, mode)


def write_bytes(path: str | Path, data: bytes, where: str | None = None, mode: int | None = None) -> None:
    """Write a whole file, or leave what is there: the bytes reach the disk under another name, which then takes its place.

    A link stays, and what it leads to is replaced. An existing file keeps its permissions, a new one has the usual ones;
    with `mode`, either has none but these. Raises LessonlibError if it cannot be written, and for anything that is there
    and is no ordinary file.
    """
    where = str(path) if where is None else where
    try:
        goal = Path(os.path.realpath(path))
        before = _permissions(goal, where)
        allowed = 0o666 if mode is None else mode
        partial = goal.with_name(f".{secrets.token_hex(8)}.part")
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), allowed)
        try:
            with open(handle, "wb") as file:  # noqa: PTH123 - a handle, not a path
                if before is not None:
                    partial.chmod(before if mode is None else before & mode)
                file.write(data)
                file.flush()
                os.fsync(handle)
            partial.replace(goal)
        except BaseException:
            with contextlib.suppress(OSError):
                partial.unlink()
            raise
    except LessonlibError:
        raise
    except (OSError, ValueError) as error:
        hint = "; make the folder first" if isinstance(error, FileNotFoundError) else ""
        raise LessonlibError(f"{where}: cannot be written: {reason(error)}{hint}") from None


def check_goal(path: str | Path, where: str | None = None) -> None:
    """LessonlibError if a file could not be written there for what stands there, or for a folder that does not: to be said
    before a long run, not after.
    """
    where = str(path) if where is None else where
    try:
        goal = Path(os.path.realpath(path))
        _permissions(goal, where)
        if not is_folder(goal.parent):
            raise LessonlibError(f"{where}: cannot be written: there is no folder {goal.parent}")
    except LessonlibError:
        raise
    except (OSError, ValueError) as error:
        raise LessonlibError(f"{where}: cannot be written: {reason(error)}") from None


def check_apart(outputs: Mapping[str, str | Path | None], inputs: Mapping[str, str | Path | None]) -> None:
    """LessonlibError if a file to be written is one that is read, or two are the same; both by option, None where not given."""
    taken = {_place(path): option for option, path in inputs.items() if path is not None}
    for option, path in outputs.items():
        if path is None:
            continue
        other = taken.setdefault(_place(path), option)
        if other != option:
            raise LessonlibError(f"{option}: {path} is the file of {other} too: name another")


def _place(path: str | Path) -> object:
    """What is equal for two names of one file, through links and other spellings."""
    try:
        found = Path(path).stat()
        return found.st_dev, found.st_ino
    except OSError:
        return os.path.realpath(path)
    except ValueError:  # a name that no file can have, which whoever opens it says
        return str(path)


def make_folder(path: str | Path) -> None:
    """Make a folder and those above it, if they are not there. Raises LessonlibError."""
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise LessonlibError(f"{path}: the folder cannot be made: {reason(error)}") from None


def reason(error: OSError | ValueError) -> str:
    """Why a call of the system failed, in its own words."""
    if isinstance(error, OSError) and error.errno == errno.ELOOP:
        return "a link that leads round in a circle, or is not to be followed"
    return getattr(error, "strerror", None) or str(error)


def _permissions(goal: Path, where: str) -> int | None:
    """Of the ordinary file there; None where nothing is."""
    try:
        found = goal.lstat()
    except FileNotFoundError:
        return None
    if stat.S_ISLNK(found.st_mode):
        raise OSError(errno.ELOOP, "")
    _ordinary(found, where)
    return stat.S_IMODE(found.st_mode) & 0o777


def kind_of(found: os.stat_result) -> str:
    """What it is that is no ordinary file, for a message."""
    return next((name for is_kind, name in _KINDS if is_kind(found.st_mode)), "something else")


def _ordinary(found: os.stat_result, where: str) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise LessonlibError(f"{where}: is {kind_of(found)}, not an ordinary file")


def _size(count: int) -> str:
    return f"{count / 1e6:,.6g} MB"
