"""`erase` deletes the learner's journal and setting, whatever LESSON_JOURNAL names, and nothing else ever."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from lessonlib.cli.main import main
from lessonlib.record.journal import Journal

RECORD = {"lesson": "01-x", "question": "q", "hash": "abc", "lab": "l", "event": "commit"}
LINE = json.dumps({"v": 1, **RECORD}).encode() + b"\n"
posix = pytest.mark.skipif(os.name != "posix", reason="pipes, sockets and links of POSIX")


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LESSON_JOURNAL", str(tmp_path / "mine" / "journal.jsonl"))
    (tmp_path / "mine").mkdir()
    return tmp_path / "mine" / "journal.jsonl"


@pytest.fixture
def default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("LESSON_JOURNAL", raising=False)
    monkeypatch.setattr("platformdirs.user_data_dir", lambda name, appauthor: str(tmp_path / name))
    (tmp_path / "lessonlib").mkdir()
    return tmp_path / "lessonlib" / "journal.jsonl"


def refused(capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["erase", "--yes"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and "nothing was deleted" in err
    return err


def bind(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


OURS = {
    "a record": LINE,
    "torn at its end": LINE + LINE[:30],
    "zeros of a power failure": LINE + b"\0" * 100,
    "torn in the middle": LINE + b'{"v":1,"lesson"\n' + LINE,
    "of a newer edition": LINE + b'{"v":2,"what":"ever"}\n',
    "blank lines": b"\n\r\n" + LINE,
}


@pytest.mark.parametrize("kind", OURS)
def test_a_journal_is_erased_and_was_listed_before(kind: str, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path.write_bytes(OURS[kind])
    settings = path.with_name("settings.json")
    settings.write_text('{"lab": "x"}')
    path.with_name("lab.toml").write_text("mine")
    assert main(["erase", "--yes"]) == 0
    assert [file.name for file in path.parent.iterdir()] == ["lab.toml"]
    listed, _, done = capsys.readouterr().out.partition("forgotten")
    assert str(path) in listed and str(settings) in listed and done


NOT_OURS = {
    "a text": b"Dear diary,\n",
    "a text after records": LINE + b"my own notes\n" + LINE,
    "a text before records": b"my own notes\n" + LINE,
    "empty": b"",
    "blank": b"\n\n",
    "JSON lines of another program": b'{"a": 1}\n{"b": 2}\n',
    "settings": b'{"lab": "x"}\n',
    "binary": bytes(range(256)) * 10,
    "a line without an end": b"x" * 3_000_000,
    "torn alone": b'{"v":1,"les',
}


@pytest.mark.parametrize("kind", NOT_OURS)
def test_a_file_that_is_no_journal_stays(kind: str, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path.write_bytes(NOT_OURS[kind])
    settings = path.with_name("settings.json")
    settings.write_text('{"lab": "x"}')
    assert str(path) in refused(capsys)
    assert path.read_bytes() == NOT_OURS[kind] and settings.exists(), "nothing at all was deleted"


@posix
@pytest.mark.parametrize("kind", ["link", "dangling link", "link loop", "folder", "pipe", "socket", "device"])
def test_what_is_no_ordinary_file_stays(
    kind: str, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "synced.jsonl"
    make: dict[str, Callable[[], object]] = {
        "link": lambda: (target.write_bytes(LINE), path.symlink_to(target)),
        "dangling link": lambda: path.symlink_to(target),
        "link loop": lambda: path.symlink_to(path),
        "folder": path.mkdir,
        "pipe": lambda: os.mkfifo(path),
        "socket": lambda: bind(path),
        "device": lambda: monkeypatch.setenv("LESSON_JOURNAL", "/dev/zero"),
    }
    make[kind]()
    said = refused(capsys)
    assert path.is_symlink() or path.exists() or kind == "device"
    if kind == "link":
        assert str(target) in said and target.read_bytes() == LINE


def test_where_the_platform_keeps_ours_an_empty_file_is_a_journal(default: Path) -> None:
    default.touch()
    settings = default.with_name("settings.json")
    settings.write_text("{}")
    assert main(["erase", "--yes"]) == 0
    assert not default.exists() and not settings.exists()


def test_another_programs_file_where_ours_would_be_stays(default: Path, capsys: pytest.CaptureFixture[str]) -> None:
    default.write_text("Dear diary,\n")
    refused(capsys)
    assert default.exists()


@pytest.mark.parametrize(
    "theirs", [b'{"editor.fontSize": 14}', b"[" * 100_000, b'{"lab": "x", "more": 1}', b"[]", b"\xff", b"null"]
)
def test_settings_of_another_program_stay(theirs: bytes, path: Path) -> None:
    Journal(path).append(RECORD)
    settings = path.with_name("settings.json")
    settings.write_bytes(theirs)
    assert main(["erase", "--yes"]) == 0
    assert settings.read_bytes() == theirs and not path.exists()


@posix
@pytest.mark.parametrize("kind", ["link", "link loop", "pipe", "folder"])
def test_settings_that_are_no_ordinary_file_stay(kind: str, path: Path, tmp_path: Path) -> None:
    Journal(path).append(RECORD)
    settings, target = path.with_name("settings.json"), tmp_path / "theirs.json"
    target.write_text('{"lab": "x"}')
    if kind == "pipe":
        os.mkfifo(settings)
    elif kind == "folder":
        settings.mkdir()
    else:
        settings.symlink_to(settings if kind == "link loop" else target)
    assert main(["erase", "--yes"]) == 0
    assert (settings.is_symlink() or settings.exists()) and target.exists() and not path.exists()


def test_the_settings_alone_are_erased_too(path: Path) -> None:
    settings = path.with_name("settings.json")
    settings.write_text('{"lab": "x"}')
    assert main(["erase", "--yes"]) == 0 and not settings.exists()


def test_a_journal_named_as_the_settings_stays(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = path.with_name("settings.json")
    settings.write_text('{"lab": "x"}')
    monkeypatch.setenv("LESSON_JOURNAL", str(settings))
    refused(capsys)
    assert settings.exists()


@posix
def test_reports_are_the_learners_alone(path: Path, tmp_path: Path) -> None:
    Journal(path).append(RECORD)
    before = os.umask(0)
    try:
        assert main(["report", "--yes", "--out", str(tmp_path / "r")]) == 0
    finally:
        os.umask(before)
    assert [(tmp_path / f"r.{end}").stat().st_mode & 0o777 for end in ("html", "json")] == [0o600, 0o600]


def test_who_one_was_in_a_class_is_forgotten_too(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from lessonlib.classroom.joined import joined_file, keep_cookie

    path.write_bytes(LINE)
    keep_cookie("http://host:8010", "ABC234", "class-ABC234=x")
    assert joined_file().stat().st_mode & 0o777 == 0o600
    assert main(["erase", "--yes"]) == 0
    assert str(joined_file()) in capsys.readouterr().out and not joined_file().exists() and not path.exists()


@pytest.mark.parametrize("text", ["", "{}", '{"url": "a"}', '{"url": 1, "code": 2, "cookie": 3}', "[]"])
def test_another_file_of_that_name_stays(text: str, path: Path) -> None:
    from lessonlib.classroom.joined import joined_file

    path.write_bytes(LINE)
    joined_file().parent.mkdir()
    joined_file().write_text(text)
    assert main(["erase", "--yes"]) == 0
    assert joined_file().read_text() == text
