"""A write that fails: nothing is lost without a word, nothing that stands in the file is harmed, and it is tried again."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from lessonlib.record import journal_file
from lessonlib.record.journal import Journal, default_journal
from lessonlib.record.lines import record_of

ADDRESS = {"lesson": "01-x", "question": "q", "hash": "abc", "lab": "l", "event": "commit"}
posix = pytest.mark.skipif(os.name != "posix", reason="permissions, locks and limits of POSIX")


def record(number: int, text: str = "") -> dict[str, Any]:
    return {**ADDRESS, "number": number, "text": text}


def numbers(journal: Journal) -> list[int]:
    return [found["number"] for found in journal.records()]


def in_file(path: Path) -> list[int]:
    return numbers(Journal(path))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mine" / "journal.jsonl"


@pytest.fixture(params=["locks", "no locks"])
def locks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """With file locks, and as on Windows or in a browser."""
    if request.param == "no locks":
        monkeypatch.setattr(journal_file, "fcntl", None)
    return str(request.param)


Write = Callable[[int, bytes], int]


@contextmanager
def writing(monkeypatch: pytest.MonkeyPatch, write: Write) -> Iterator[None]:
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", write)
        yield


def room_for(count: int, code: int = errno.ENOSPC) -> Write:
    """A disk that has room for so many bytes more."""
    write, left = os.write, [count]

    def until_full(handle: int, data: bytes) -> int:
        if not left[0]:
            raise OSError(code, os.strerror(code))
        written = write(handle, data[: left[0]])
        left[0] -= written
        return written

    return until_full


# --- told, held, tried again ----------------------------------------------------------------------------------------

ERRORS = ["ENOSPC", "EDQUOT", "EROFS", "EACCES", "EIO", "EPERM", "EFBIG", "ENXIO", "ENODEV", "ESTALE"]


@pytest.mark.parametrize("name", ERRORS)
@pytest.mark.parametrize("call", ["open", "write", "close", "fstat"])
def test_whatever_fails_is_told_at_once_and_kept_later(
    call: str, name: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    journal = Journal(path, said.append)
    journal.append(record(0))
    code = getattr(errno, name)
    works = getattr(os, call)

    def fails(first: Any, *more: Any, **how: Any) -> Any:
        if call == "open" and Path(first) != path:
            return works(first, *more, **how)
        if call == "close":
            works(first)
        raise OSError(code, os.strerror(code))

    for number in (1, 2):
        with monkeypatch.context() as patched:
            patched.setattr(os, call, fails)
            journal.append(record(number))
        why = journal.fault
        assert why.startswith(f"Not kept: {path} cannot be written (") and os.strerror(code) in why and "\n" not in why
        assert f"{number} record" in why and not journal.caught_up
    assert len(said) == 1 and os.strerror(code) in said[0]
    journal.append(record(3))
    assert journal.fault == "" and journal.caught_up.startswith("Everything is kept again, in ")
    assert in_file(path) == [0, 1, 2, 3] == numbers(journal), "each once, in order"
    journal.append(record(4))
    assert not journal.caught_up, "no news any more"


def test_what_waits_is_read_in_this_kernel_and_written_by_the_next_look(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(path)
    journal.append(record(0))
    with writing(monkeypatch, room_for(0)):
        journal.append(record(1))
        assert numbers(journal) == [0, 1] and [event.number for event in journal.events()] == [0, 1]
        assert journal.answered("01-x") == {"q"} and len(journal.attempts()) == 1
        assert in_file(path) == [0]
    assert numbers(journal) == [0, 1] and in_file(path) == [0, 1] and not journal.fault
    assert [event.number for event in journal.events()] == [0, 1]


def test_a_second_failure_is_told_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    journal = Journal(path, said.append)
    for number in range(4):
        with writing(monkeypatch, room_for(0 if number % 2 else 1000)):
            journal.append(record(number))
    assert len(said) == 2 and journal.fault
    assert numbers(journal) == [0, 1, 2, 3]


def test_a_folder_that_was_removed_meanwhile_is_made_again(path: Path) -> None:
    journal = Journal(path)
    journal.append(record(1))
    shutil.rmtree(path.parent)
    journal.append(record(2))
    assert in_file(path) == [2] and not journal.fault


def test_a_cell_that_is_run_again_still_has_what_waits(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LESSON_JOURNAL", str(path))
    with writing(monkeypatch, room_for(0)):
        default_journal().append(record(1))
        again = default_journal()
        assert numbers(again) == [1] and again.fault
    assert numbers(default_journal()) == [1] == in_file(path)


def test_what_waits_at_the_end_of_the_kernel_is_tried_once_more(path: Path, repo: Path) -> None:
    code = """
import os, sys
from pathlib import Path
from lessonlib.record.journal import Journal
write = os.write
def full(*_): raise OSError(28, "full")
journal = Journal(Path(sys.argv[1]))
os.write = full
journal.append({"lesson": "01-x", "question": "q", "hash": "h", "lab": "l", "event": "commit", "number": 7})
assert journal.fault
os.write = write
"""
    subprocess.run([sys.executable, "-c", code, str(path)], cwd=repo, check=True, timeout=60)
    assert in_file(path) == [7]


# --- cut at any byte -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("most", [1, 7, 100])
def test_a_write_that_takes_a_part_goes_on_with_the_rest(
    most: int, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, write = Journal(path), os.write
    with writing(monkeypatch, lambda handle, data: write(handle, data[:most])):
        for number in range(3):
            journal.append(record(number, "½"))
    assert in_file(path) == [0, 1, 2] and not journal.fault
    assert len(path.read_bytes().splitlines()) == 3


@pytest.mark.parametrize("room", range(0, 180, 3))
def test_a_disk_that_is_full_at_any_byte_costs_no_record_and_harms_no_other(
    room: int, locks: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = Journal(path), Journal(path)
    one.append(record(0))
    with writing(monkeypatch, room_for(room)):
        one.append(record(1))
        kept = in_file(path)
        assert kept == ([0] if one.fault else [0, 1]), "it says what is so"
        if one.fault and locks == "locks":
            assert path.read_bytes().endswith(b"\n") and len(path.read_bytes().splitlines()) == 1, "no torn line"
    other.append(record(2))
    one.append(record(3))
    assert sorted(in_file(path)) == [0, 1, 2, 3] and not one.fault


def test_nothing_is_cut_off_behind_which_somebody_else_wrote(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer that takes no lock, as an older edition would."""
    journal, write = Journal(path), os.write
    journal.append(record(0))
    theirs = b'\n{"v":1,"lesson":"01-x","question":"q","hash":"h","lab":"l","event":"commit","number":9}\n'

    calls = iter([20])

    def cut_and_overtaken(handle: int, data: bytes) -> int:
        for most in calls:
            write(handle, data[:most])
            with path.open("ab") as file:
                file.write(theirs)
            return most
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with writing(monkeypatch, cut_and_overtaken):
        journal.append(record(1))
    assert in_file(path) == [0, 9] and journal.fault
    journal.append(record(2))
    assert in_file(path) == [0, 9, 1, 2]


def test_a_write_that_took_all_and_says_that_it_failed_is_not_doubled(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, write = Journal(path), os.write

    def late(handle: int, data: bytes) -> int:
        write(handle, data)
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "ftruncate", lambda *_: None)
    with writing(monkeypatch, late):
        journal.append(record(1))
    assert journal.fault
    journal.append(record(2))
    assert in_file(path) == [1, 2]


def test_an_interrupt_in_mid_write_loses_and_doubles_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal, write = Journal(path), os.write

    def interrupted(handle: int, data: bytes) -> int:
        write(handle, data)
        raise KeyboardInterrupt

    with writing(monkeypatch, interrupted), pytest.raises(KeyboardInterrupt):
        journal.append(record(1))
    journal.append(record(2))
    assert in_file(path) == [1, 2]


# --- several writers ------------------------------------------------------------------------------------------------


@posix
def test_a_writer_that_holds_the_file_too_long_is_said(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    monkeypatch.setattr(journal_file, "LOCK_S", 0.01)
    journal = Journal(path)
    journal.append(record(0))
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        journal.append(record(1))
        assert "another program is holding it" in journal.fault and in_file(path) == [0]
    journal.append(record(2))
    assert in_file(path) == [0, 1, 2]


@posix
def test_a_folder_that_knows_no_locks_is_written_to_all_the_same(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    def none(*_: Any) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", none)
    journal = Journal(path)
    journal.append(record(1))
    assert in_file(path) == [1] and not journal.fault


def test_a_journal_erased_between_opening_and_writing_takes_no_record_with_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, lock = Journal(path), journal_file._lock
    journal.append(record(0))
    left = [1]

    def erased(handle: int) -> bool:
        if left.pop() if left else 0:
            path.unlink()
        return lock(handle)

    monkeypatch.setattr(journal_file, "_lock", erased)
    journal.append(record(1))
    assert in_file(path) == [1] and not journal.fault


_WRITER = """
import resource, signal, sys
from pathlib import Path
from lessonlib.record.journal import Journal
path, who, count, most = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
journal, kept = Journal(path), 0
for number in range(count):
    journal.append({"lesson": "01-x", "question": who, "hash": "h", "lab": "l", "event": "commit", "number": number, "text": who * (number % 7 * 30)})
    if not journal.fault:
        kept = number + 1
print(kept, len(journal._waiting), flush=True)
journal._waiting.clear()
"""


@posix
def test_three_writers_on_a_full_disk_keep_what_they_say_they_keep(path: Path, repo: Path) -> None:
    """The limit of a file's size is a full disk for each of them: writes become short, then fail."""
    several = [
        subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(path), who, "300", "60000"], cwd=repo, stdout=subprocess.PIPE, text=True
        )
        for who in "abc"
    ]
    told = {who: process.communicate(timeout=100)[0].split() for who, process in zip("abc", several, strict=True)}
    lines = path.read_bytes().splitlines()
    assert all(record_of(line) for line in lines), "no torn line"
    found = Journal(path).records()
    for who, (kept, waited) in told.items():
        mine = [record["number"] for record in found if record["question"] == who]
        assert mine == list(range(len(mine))) and len(mine) >= int(kept) and len(mine) + int(waited) == 300
    assert len(found) < 900 and path.stat().st_size <= 60000


def test_threads_that_write_at_once_lose_nothing(path: Path) -> None:
    journal = Journal(path)
    threads = [
        threading.Thread(target=lambda start=start: [journal.append(record(start + n)) for n in range(50)])
        for start in (0, 50, 100)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(in_file(path)) == list(range(150))


# --- ours alone ------------------------------------------------------------------------------------------------------


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@posix
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o777])
def test_file_and_folders_are_the_learners_alone_whatever_the_umask(umask: int, tmp_path: Path) -> None:
    path = tmp_path / "new" / "mine" / "journal.jsonl"
    before = os.umask(umask)
    try:
        Journal(path).append(record(1))
    finally:
        os.umask(before)
    assert (mode(path), mode(path.parent), mode(path.parent.parent)) == (0o600, 0o700, 0o700)


@posix
def test_a_journal_that_others_could_read_is_closed_to_them(path: Path) -> None:
    path.parent.mkdir(mode=0o755)
    path.touch()
    path.chmod(0o666)
    Journal(path).append(record(1))
    assert mode(path) == 0o600 and mode(path.parent) == 0o755, "a folder that was there stays as it is"


@pytest.mark.parametrize("kind", ["link", "dangling link", "link loop", "pipe", "folder", "device", "socket"])
@pytest.mark.skipif(os.name != "posix", reason="pipes, sockets and devices of POSIX")
def test_what_is_no_ordinary_file_is_told_in_one_line_and_left_alone(kind: str, path: Path, tmp_path: Path) -> None:
    import socket

    path.parent.mkdir()
    target = tmp_path / "synced" / "journal.jsonl"
    if kind == "link":
        Journal(target).append(record(5))
    if "link" in kind:
        path.symlink_to(path if kind == "link loop" else target)
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(str(path))
    else:
        path = Path("/dev/null")
    before = target.read_bytes() if kind == "link" else None
    said: list[str] = []
    journal = Journal(path, said.append)
    journal.append(record(1))
    assert [found["number"] for found in journal.records()] == [1], "it waits"
    assert len(said) == 1 and "\n" not in said[0] and said[0].startswith(f"Your guesses are not being kept: {path} ")
    if kind in ("link", "dangling link"):
        assert f"set LESSON_JOURNAL={target}" in said[0] and f"LESSON_JOURNAL={target}" in journal.fault
        assert (target.read_bytes() if target.exists() else None) == before
    journal._waiting.clear()


@posix
def test_a_link_above_the_file_is_followed(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "home").symlink_to(tmp_path / "disk")
    Journal(tmp_path / "home" / "journal.jsonl").append(record(1))
    assert in_file(tmp_path / "disk" / "journal.jsonl") == [1]


@posix
def test_a_limit_of_the_size_of_files_is_a_full_disk(path: Path, repo: Path) -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)
    done = subprocess.run(
        [sys.executable, "-c", _WRITER, str(path), "a", "100", "3000"],
        cwd=repo,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    kept, waited = map(int, done.stdout.split())
    assert kept == len(in_file(path)) > 3 and kept + waited == 100
