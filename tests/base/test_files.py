"""One reader and one writer of files: what is refused and how, and that nothing is ever half written."""

from __future__ import annotations

import errno
import os
import socket
import stat
from pathlib import Path

import pytest

from lessonlib.base import files
from lessonlib.base.errors import LessonlibError
from lessonlib.base.files import NoFileError, is_file, read_bytes, read_csv, read_json, read_text, read_toml, write_text


def one_line(path: object, **options: object) -> str:
    """What reading that path is refused with."""
    with pytest.raises(LessonlibError) as caught:
        read_text(path, **options)  # type: ignore[arg-type]
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


def test_what_is_no_ordinary_file_is_refused_at_once(tmp_path: Path) -> None:
    pipe, link, loop = tmp_path / "pipe", tmp_path / "link", tmp_path / "loop"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    loop.symlink_to(loop)
    assert one_line(pipe) == f"{pipe}: is a pipe, not an ordinary file"
    assert one_line(link) == f"{link}: is a pipe, not an ordinary file"
    assert one_line("/dev/zero") == "/dev/zero: is a device, not an ordinary file"
    assert one_line(tmp_path) == f"{tmp_path}: is a folder, not an ordinary file"
    assert one_line(loop).startswith(f"{loop}: cannot be read: a link that leads round")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s"))
        assert one_line(tmp_path / "s") == f"{tmp_path / 's'}: is a socket, not an ordinary file"


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b", "a\nb", "\udcff", ""])
def test_names_that_no_file_has(name: str, tmp_path: Path) -> None:
    one_line(name)
    one_line(tmp_path / name)
    assert not is_file(name)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NoFileError, match="my lab: cannot be read: No such file or directory$"):
        read_text(tmp_path / "none", "my lab")


def test_a_folder_that_may_not_be_looked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(files.os, "stat", closed)  # root may look everywhere, so no folder here is closed to it
    assert one_line(tmp_path / "a") == f"{tmp_path / 'a'}: cannot be read: Permission denied"
    assert not is_file(tmp_path / "a")


def test_the_size_is_limited_whatever_the_file_says_of_itself(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"x" * 1001)
    assert one_line(file, most=1000) == f"{file}: larger than 0.001 MB, the most that is read"
    file.write_bytes(b"x" * 1000)
    assert len(read_bytes(file, most=1000)) == 1000
    assert "larger" in one_line("/proc/self/maps", most=10)  # of size 0, by its own word


def test_a_link_that_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    (tmp_path / "link").symlink_to("a")
    assert read_text(tmp_path / "link") == "x"
    assert "link" in one_line(tmp_path / "link", links=False)


def test_text_is_utf_8(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"\xef\xbb\xbfa\r\n\xc3\xa9")
    assert read_text(file) == "a\né"
    file.write_bytes(b"\xef\xbb\xbfa\n\xff")
    assert one_line(file) == f"{file}: not UTF-8 text (byte 5, in line 2); save it as UTF-8"


def test_the_formats(tmp_path: Path) -> None:
    file = tmp_path / "a"
    for text, read, value in (
        ('{"a": 1}', read_json, {"a": 1}),
        ("a = 1", read_toml, {"a": 1}),
        ("a\n1\n", lambda path: list(read_csv(path)), [{"a": "1"}]),
    ):
        file.write_text("\ufeff" + text, encoding="utf-8")
        assert read(file) == value  # type: ignore[operator]


def test_what_is_written_is_read(tmp_path: Path) -> None:
    file = tmp_path / "a"
    write_text(file, "é\r\n\ud800")
    assert file.read_bytes() == "é\r\n\ufffd".encode()
    assert list(tmp_path.iterdir()) == [file]


def test_permissions(tmp_path: Path) -> None:
    def mode(path: Path) -> int:
        return stat.S_IMODE(path.stat().st_mode)

    old, new, private = tmp_path / "old", tmp_path / "new", tmp_path / "private"
    old.write_text("")
    old.chmod(0o640)
    before = os.umask(0o022)
    try:
        write_text(old, "x")
        write_text(new, "x")
        write_text(private, "x", mode=0o600)
    finally:
        os.umask(before)
    assert [mode(old), mode(new), mode(private)] == [0o640, 0o644, 0o600]
    write_text(old, "x", mode=0o600)
    assert mode(old) == 0o600


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "goal").write_text("old")
    (tmp_path / "link").symlink_to("goal")
    write_text(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "goal").read_text() == "new"
    (tmp_path / "to_come").symlink_to("made")
    write_text(tmp_path / "to_come", "new")
    assert (tmp_path / "made").read_text() == "new"


def test_what_cannot_be_written_to(tmp_path: Path) -> None:
    pipe, loop = tmp_path / "pipe", tmp_path / "loop"
    os.mkfifo(pipe)
    loop.symlink_to(loop)
    for path, says in (
        (pipe, "is a pipe, not an ordinary file"),
        ("/dev/full", "is a device, not an ordinary file"),
        (tmp_path, "is a folder, not an ordinary file"),
        (loop, "cannot be written: a link that leads round"),
        (tmp_path / "none" / "a", "cannot be written: No such file or directory; make the folder first"),
        (tmp_path / ("x" * 300), "cannot be written: File name too long"),
        ("a\0b", "cannot be written: "),
    ):
        with pytest.raises(LessonlibError) as caught:
            write_text(path, "x")
        assert says in str(caught.value)
    assert {path.name for path in tmp_path.iterdir()} == {"pipe", "loop"}


@pytest.mark.parametrize("call", ["fsync", "replace", "chmod"])
def test_a_full_disk_leaves_what_was_there(call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a"
    file.write_text("old")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files.os, call, full)
    with pytest.raises(LessonlibError, match="a: cannot be written: No space left on device$"):
        write_text(file, "new")
    assert file.read_text() == "old" and list(tmp_path.iterdir()) == [file]


def test_an_error_is_one_line_whatever_it_quotes() -> None:
    text = str(LessonlibError("a\nb\x1b[2J\u202e\ud800\u2028é 😀\u202f\x85"))
    assert text == "a\\nb\\x1b[2J\\u202e\\ud800\\u2028é 😀\u202f\\x85"
    assert len(str(LessonlibError("x" * 1_000_000))) < 2000
