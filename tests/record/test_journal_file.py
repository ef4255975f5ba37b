"""The journal's file by itself: how it is opened, locked, looked at again, and what a write leaves behind."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lessonlib.record import journal_file
from lessonlib.record.journal_file import NotOursError, Reader, Writer, make_folder, opened, whole
from lessonlib.record.lines import line_of

KEYS = {"lesson": "01-x", "question": "q", "hash": "h", "lab": "l", "event": "commit"}
LINE = line_of(KEYS)

pytestmark = pytest.mark.skipif(os.name != "posix", reason="files, locks and permissions of POSIX")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class Clock:
    """A clock that goes on only while somebody sleeps."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch):
        self.now = 100.0
        monkeypatch.setattr(journal_file.time, "monotonic", lambda: self.now)
        monkeypatch.setattr(journal_file.time, "sleep", self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.now += seconds


# --- opening --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("flag", ["O_CLOEXEC", "O_NONBLOCK", "O_NOCTTY", "O_NOFOLLOW"])
def test_it_is_opened_for_no_child_no_wait_no_terminal_no_link_and_the_learner_alone(
    flag: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, int]] = []
    really = os.open

    def watched(name: Any, flags: int, rights: int = 0o777) -> int:
        seen.append((flags, rights))
        return really(name, flags, rights)

    monkeypatch.setattr(os, "open", watched)
    with opened(path, os.O_RDWR | os.O_CREAT):
        pass
    ((flags, rights),) = seen
    assert flags & getattr(os, flag) and rights == 0o600


def test_a_link_of_which_nobody_can_say_where_it_leads_is_not_followed(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.symlink_to(tmp_path / "elsewhere")

    def refused(_: Path) -> Path:
        raise OSError(errno.EACCES, "no")

    monkeypatch.setattr(Path, "readlink", refused)
    with pytest.raises(NotOursError, match="it is a link, and links are not followed"), opened(path, os.O_RDONLY):
        pass


def test_a_pipe_is_never_opened(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(path)
    monkeypatch.setattr(os, "open", lambda *_: pytest.fail("opened"))
    with pytest.raises(NotOursError, match="not an ordinary file"), opened(path, os.O_RDONLY):
        pass


def swapped(monkeypatch: pytest.MonkeyPatch, path: Path, swap: Any) -> None:
    """``swap`` happens between the look at the path and its opening."""
    really = os.open

    def late(name: Any, flags: int, rights: int = 0o777) -> int:
        monkeypatch.setattr(os, "open", really)
        path.unlink(missing_ok=True)
        swap()
        return really(name, flags, rights)

    monkeypatch.setattr(os, "open", late)


def test_a_link_put_there_at_the_last_moment_is_not_followed(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").write_bytes(b"theirs")
    swapped(monkeypatch, path, lambda: path.symlink_to(tmp_path / "other"))
    with pytest.raises(NotOursError, match="is a link to"), opened(path, os.O_RDWR):
        pass
    assert (tmp_path / "other").read_bytes() == b"theirs"


def test_a_pipe_put_there_at_the_last_moment_is_not_used(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    swapped(monkeypatch, path, lambda: os.mkfifo(path))
    with pytest.raises(NotOursError, match="not an ordinary file"), opened(path, os.O_RDWR):
        pass


def test_another_fault_of_opening_is_told_as_it_is(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any) -> int:
        path.symlink_to(tmp_path / "other")
        raise OSError(errno.EACCES, "no")

    monkeypatch.setattr(os, "open", refused)
    with pytest.raises(OSError, match="no") as told, opened(path, os.O_RDWR):
        pass
    assert told.value.errno == errno.EACCES and not isinstance(told.value, NotOursError)


def test_handle_zero_is_closed_like_any_other(path: Path) -> None:
    """A kernel may run without standard input."""
    kept = os.dup(0)
    try:
        os.close(0)
        with contextlib.suppress(KeyError), opened(path, os.O_RDWR | os.O_CREAT) as handle:
            assert handle == 0
            raise KeyError
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(0)
    finally:
        os.dup2(kept, 0)
        os.close(kept)


def test_it_works_where_there_are_no_locks_to_import(path: Path, repo: Path) -> None:
    said = "import sys; sys.modules['fcntl'] = None\n"
    said += "from lessonlib.record import journal_file as j; from pathlib import Path\n"
    said += f"j.Writer(Path({str(path)!r})).write(b'line\\n'); print(j.fcntl)"
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True, cwd=repo)
    assert done.stdout.strip() == "None" and path.read_bytes() == b"line\n"


# --- locks ----------------------------------------------------------------------------------------------------------


def test_a_file_that_somebody_holds_is_waited_for_one_second(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)

    def held(*_: Any) -> None:
        raise OSError(errno.EWOULDBLOCK, "held")

    monkeypatch.setattr(journal_file.fcntl, "flock", held)
    with pytest.raises(OSError, match="another program is holding it"):
        Writer(path).write(LINE)
    assert 101.0 <= clock.now < 101.1


def test_a_file_that_is_let_go_in_time_is_written_to(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)

    def held_for_a_while(*_: Any) -> None:
        if clock.now < 100.9:
            raise OSError(errno.EWOULDBLOCK, "held")

    monkeypatch.setattr(journal_file.fcntl, "flock", held_for_a_while)
    Writer(path).write(LINE)
    assert path.read_bytes() == LINE and clock.now < 100.91, "as soon as it is let go"


@pytest.mark.parametrize("name", ["ENOLCK", "ENOSYS", "EOPNOTSUPP", "ENOTSUP", "EINVAL", "EBADF"])
def test_a_folder_without_locks_says_so_in_many_ways(name: str, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any) -> None:
        raise OSError(getattr(errno, name), "no locks")

    monkeypatch.setattr(journal_file.fcntl, "flock", unknown)
    path.write_bytes(b"")
    with opened(path, os.O_RDWR) as handle:
        assert journal_file._lock(handle) is False
    Writer(path).write(LINE)
    assert path.read_bytes() == LINE


def test_a_lock_that_was_taken_is_told(path: Path) -> None:
    with opened(path, os.O_RDWR | os.O_CREAT) as handle:
        assert journal_file._lock(handle) is True


def test_a_file_that_is_replaced_again_and_again_is_tried_three_times(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []

    def gone(handle: int, _: Path) -> bool:
        looks.append(handle)
        return False

    monkeypatch.setattr(journal_file, "_still_there", gone)
    with pytest.raises(OSError, match="again and again") as told:
        Writer(path).write(LINE)
    assert len(looks) == 3 and told.value.errno == errno.EAGAIN and path.read_bytes() == b""


# --- writing --------------------------------------------------------------------------------------------------------


def test_the_same_line_twice_stands_there_twice(path: Path) -> None:
    writer = Writer(path)
    writer.write(LINE)
    writer.write(LINE)
    assert path.read_bytes() == LINE + LINE


def test_a_line_that_is_written_is_written_at_the_first_try(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[Path] = []
    really = journal_file.opened
    monkeypatch.setattr(journal_file, "opened", lambda path, flags: tries.append(path) or really(path, flags))
    Writer(path).write(LINE)
    assert tries == [path]


def test_a_line_that_came_through_although_its_write_failed_is_found_and_not_written_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_bytes(LINE)
    writer, really = Writer(path), os.close
    other = line_of({**KEYS, "question": "other"})

    def fails(handle: int) -> None:
        really(handle)
        raise OSError(errno.EIO, "at closing")

    with monkeypatch.context() as patched:
        patched.setattr(os, "close", fails)
        with pytest.raises(OSError, match="at closing"):
            writer.write(other)
    writer.write(other)
    assert path.read_bytes() == LINE + other


def test_only_what_stands_behind_the_doubtful_place_counts(path: Path) -> None:
    path.write_bytes(b"one\ntwo\nthree")
    with opened(path, os.O_RDONLY) as handle:
        assert journal_file._lines_from(handle, 4) == {b"two\n", b"three\n"}


def test_folders_are_the_learners_alone_from_their_first_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "chmod", lambda *_: None)
    before = os.umask(0)
    try:
        make_folder(tmp_path / "a" / "b")
    finally:
        os.umask(before)
    assert mode(tmp_path / "a") == mode(tmp_path / "a" / "b") == 0o700


@pytest.mark.parametrize("rights", [0o644, 0o601, 0o577, 0o600])
def test_any_other_rights_are_taken_back(rights: int, path: Path) -> None:
    path.write_bytes(b"")
    path.chmod(rights)
    Writer(path).write(LINE)
    assert mode(path) == 0o600


def test_the_rights_of_somebody_elses_file_are_left_alone(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_bytes(b"")
    path.chmod(0o644)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    Writer(path).write(LINE)
    assert mode(path) == 0o644 and path.read_bytes() == LINE


@pytest.mark.parametrize("cut", range(len(LINE)))
def test_a_line_cut_by_a_full_disk_is_taken_back_or_whole(
    cut: int, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_bytes(LINE)
    really, left = os.write, [cut]

    def until_full(handle: int, data: bytes) -> int:
        if not left[0]:
            raise OSError(errno.ENOSPC, "full")
        count = really(handle, data[: left[0]])
        left[0] -= count
        return count

    monkeypatch.setattr(os, "write", until_full)
    if cut == len(LINE) - 1:
        Writer(path).write(LINE)
        assert path.read_bytes() == LINE + LINE[:-1]
        return
    with pytest.raises(OSError, match="full"):
        Writer(path).write(LINE)
    assert path.read_bytes() == LINE


def test_without_a_lock_a_cut_line_stays_and_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_file, "fcntl", None)
    really = os.write
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda handle, data: really(handle, data[:10]))
        with pytest.raises(OSError, match="only a part") as told:
            Writer(path).write(LINE)
    assert told.value.errno == errno.ENOSPC and path.read_bytes() == LINE[:10]
    Writer(path).write(LINE)
    assert path.read_bytes() == LINE[:10] + b"\n" + LINE


def test_what_somebody_else_wrote_behind_a_cut_line_is_not_cut_off(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    really, calls = os.write, []

    def cut_then_full(handle: int, data: bytes) -> int:
        calls.append(data)
        if len(calls) > 1:
            raise OSError(errno.ENOSPC, "full")
        count = really(handle, data[:10])
        really(handle, b"theirs\n")
        return count

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", cut_then_full)
        with pytest.raises(OSError, match="full"):
            Writer(path).write(LINE)
    assert path.read_bytes() == LINE[:10] + b"theirs\n"


def test_a_disk_that_takes_nothing_and_says_nothing_is_full(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "write", lambda *_: 0)
    with pytest.raises(OSError, match="only a part"):
        Writer(path).write(LINE)
    assert path.read_bytes() == b""


# --- reading --------------------------------------------------------------------------------------------------------


def test_each_look_gives_what_was_added(path: Path) -> None:
    reader = Reader(path)
    assert reader.look() == (True, b"")
    path.write_bytes(LINE)
    assert reader.look() == (False, LINE) or reader.look() == (True, LINE)
    assert reader.look() == (True, b"")
    with path.open("ab") as file:
        file.write(LINE + LINE[:-1])
    assert reader.look() == (True, LINE + LINE), "the last one reads as a record, and gets its end"
    with path.open("ab") as file:
        file.write(b"\n" + LINE[:9])
    assert reader.look() == (True, b"\n"), "what is torn waits for its rest"
    with path.open("ab") as file:
        file.write(LINE[9:])
    assert reader.look() == (True, LINE)


def test_a_file_that_is_gone_or_another_one_counts_anew(path: Path, tmp_path: Path) -> None:
    reader = Reader(path)
    path.write_bytes(LINE)
    reader.look()
    path.unlink()
    assert reader.look() == (False, b"") and reader.look() == (True, b"")
    path.write_bytes(LINE + LINE)
    assert reader.look()[1] == LINE + LINE
    (tmp_path / "new").write_bytes(LINE * 3)
    (tmp_path / "new").replace(path)
    assert reader.look() == (False, LINE * 3), "the same name, another file"


def test_a_file_rewritten_in_place_counts_anew(path: Path) -> None:
    other = line_of({**KEYS, "question": "z"})
    reader = Reader(path)
    path.write_bytes(LINE)
    reader.look()
    with path.open("r+b") as file:
        file.write(other + LINE)
    assert reader.look() == (False, other + LINE), "longer, but not by what was added"
    with path.open("r+b") as file:
        file.truncate(len(other))
    assert reader.look() == (False, other), "shorter"


def test_a_short_file_rewritten_in_place_counts_anew_and_of_a_long_one_little_is_remembered(path: Path) -> None:
    reader = Reader(path)
    path.write_bytes(b"one\n")
    reader.look()
    path.write_bytes(b"two\nthree\n")
    assert reader.look() == (False, b"two\nthree\n")
    path.write_bytes(LINE * 50)
    assert reader.look() == (False, LINE * 50) and reader._mark == LINE[-64:]


@pytest.mark.parametrize(
    ("added", "count"),
    [(b"", 0), (LINE, len(LINE)), (LINE[:-1], len(LINE) - 1), (LINE[:-2], 0), (LINE + LINE[:-2], len(LINE))],
)
def test_how_much_has_come_whole(added: bytes, count: int) -> None:
    assert whole(added) == count
