"""The learner's record: nothing kept is lost, and a journal in any state never stops a lesson."""

from __future__ import annotations

import errno
import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lessonlib.record.journal import SCHEMA, Journal, default_journal, journal_path
from lessonlib.record.lines import _decode
from tests.lesson.shipped import committed, opened, revealed

ADDRESS = {"lesson": "01-x", "question": "q", "hash": "abc", "lab": "l"}


def record(number: int, **more: Any) -> dict[str, Any]:
    return {**ADDRESS, "event": "commit", "number": number, **more}


def numbers(journal: Journal) -> list[int]:
    return [found["number"] for found in journal.records()]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


# --- what is kept ----------------------------------------------------------------------------------------------


def test_what_is_appended_is_read_back_in_order(path: Path) -> None:
    for number in range(3):
        Journal(path).append(record(number, guess={"text": "½ “μ” 漢\n\r\u2028", "y": [1.5, 2]}))
    found = Journal(path).records()
    assert [entry["number"] for entry in found] == [0, 1, 2]
    assert found[0]["guess"] == {"text": "½ “μ” 漢\n\r\u2028", "y": [1.5, 2]}
    assert len(path.read_bytes().splitlines()) == 3, "one record, one line"


def test_a_record_says_what_when_and_for_which_lab_and_not_who(path: Path) -> None:
    lesson = opened(journal=Journal(path))
    revealed(lesson, lesson.asked[0])
    commit, reveal = Journal(path).records()
    address = {"v", "time", "lesson", "question", "hash", "lab", "event"}
    assert set(commit) == address | {"guess", "confidence"} and set(reveal) == address | {"right", "misconception"}
    assert (commit["v"], commit["lesson"], commit["question"], commit["lab"]) == (
        SCHEMA,
        lesson.name,
        lesson.asked[0].id,
        lesson.lab.name,
    )
    assert commit["time"].endswith("+00:00")


def test_the_file_and_its_folders_are_made_for_the_learner_alone(tmp_path: Path) -> None:
    path = tmp_path / "not" / "there" / "journal.jsonl"
    Journal(path).append(record(1))
    assert numbers(Journal(path)) == [1]
    assert path.stat().st_mode & 0o077 == 0


def test_half_an_emoji_does_not_stop_the_lesson(path: Path) -> None:
    lesson = opened(journal=Journal(path))
    lesson.handle("closing", {"event": "commit", "guess": "why \ud83d?"})
    assert Journal(path).records()[0]["guess"] == {"text": "why ??"}


def test_nothing_is_kept_without_a_path(path: Path) -> None:
    journal = Journal(None)
    journal.append(record(1))
    assert journal.records() == []


# --- lines that are not ours -------------------------------------------------------------------------------------

FOREIGN: dict[str, bytes] = {
    "torn": b'{"v":1,"time":"2026-01-01","lesson":"01-x","ques',
    "torn in a character": '{"v":1,"lesson":"½'.encode()[:-1],
    "empty": b"",
    "spaces": b"   ",
    "text": b"hello",
    "number": b"7",
    "null": b"null",
    "list": b"[]",
    "string": b'"v"',
    "no keys": b"{}",
    "without a lab": b'{"v":1,"lesson":"01-x","question":"q","hash":"abc","event":"commit"}',
    "newer schema": json.dumps({"v": SCHEMA + 1, **record(7)}).encode(),
    "schema of no number": json.dumps({"v": "1", **record(7)}).encode(),
    "no schema": json.dumps(record(7)).encode(),
    "schema zero": json.dumps({"v": 0, **record(7)}).encode(),
    "a list for a question": json.dumps({"v": 1, **record(7, question=["q"])}).encode(),
    "a dict for an event": json.dumps({"v": 1, **record(7, event={})}).encode(),
    "a number for a lab": json.dumps({"v": 1, **record(7, lab=3)}).encode(),
    "not UTF-8": b'{"v":1,"lesson":"\xff\xfe"}',
    "UTF-16": '{"v":1}'.encode("utf-16"),
    "binary": bytes(range(256)),
    "zeros": b"\0" * 100,
    "deep": b"[" * 100_000,
    "long number": b"1" * 100_000,
    "two records in a line": (json.dumps({"v": 1, **record(7)}) * 2).encode(),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_foreign_line_is_passed_over_and_stays(kind: str, path: Path) -> None:
    Journal(path).append(record(1))
    with path.open("ab") as file:
        file.write(FOREIGN[kind] + b"\n")
    Journal(path).append(record(2))
    assert numbers(Journal(path)) == [1, 2]
    assert FOREIGN[kind] in path.read_bytes()


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_last_line_without_an_end_takes_no_other_with_it(kind: str, path: Path) -> None:
    path.write_bytes(FOREIGN[kind])
    Journal(path).append(record(1))
    Journal(path).append(record(2))
    assert numbers(Journal(path)) == [1, 2]
    assert path.read_bytes().startswith(FOREIGN[kind])


@given(noise=st.lists(st.binary(max_size=60), max_size=5))
def test_any_bytes_between_the_records_lose_none(noise: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("journal") / "journal.jsonl"
    for number, garbage in enumerate([*noise, b""]):
        with path.open("ab") as file:
            file.write(garbage)
        Journal(path).append(record(number))
    assert numbers(Journal(path)) == list(range(len(noise) + 1))


def test_a_lesson_opens_on_a_journal_full_of_foreign_lines(path: Path) -> None:
    lesson = opened(journal=Journal(path))
    revealed(lesson, lesson.asked[0])
    ours = {**Journal(path).records()[0]}
    strange = [
        {**ours, "guess": guess, "confidence": sure}
        for guess in (None, 7, [], {"key": ["a"]}, {"y": 1}, {"value": 1, "text": 7})
        for sure in (None, [], {}, "1", 1e999)
    ]
    strange += [
        {**ours, "event": event, "choice": [], "grade": {}} for event in ("observe", "grade", "fly", "_open", "")
    ]
    whole = path.read_bytes()
    path.write_bytes(
        b"\n".join(FOREIGN.values()) + b"\n" + "".join(json.dumps(entry) + "\n" for entry in strange).encode() + whole
    )
    again = opened(journal=Journal(path))
    assert again.asked[0].view() == lesson.asked[0].view()


# --- a journal that cannot be used -------------------------------------------------------------------------------


def denied(*_: Any, **__: Any) -> int:
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def a_lesson_goes_on(journal: Journal) -> None:
    lesson = opened(journal=journal)
    for item in lesson.asked[:2]:
        revealed(lesson, item)
    assert [item.step.revealed for item in lesson.asked[:2]] == [True, True]


@pytest.mark.parametrize("done", ["read", "written"])
def test_a_file_that_cannot_be_used_is_said_once(done: str, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Journal(path).append(record(1))
    opens = os.open

    def only_not_this(name: Any, flags: int, *mode: Any) -> int:
        wanted = flags & os.O_RDWR if done == "written" else True
        return denied() if Path(name) == path and wanted else opens(name, flags, *mode)

    said: list[str] = []
    with monkeypatch.context() as patched:
        patched.setattr(os, "open", only_not_this)
        a_lesson_goes_on(Journal(path, said.append))
    assert said == [
        (
            f"Your guesses are not being kept: {path} cannot be {done} (Permission denied). "
            "The lesson goes on; set LESSON_JOURNAL to a file you can read and write."
        )
    ]
    assert numbers(Journal(path)) == [1], "what was there stays"


@pytest.mark.parametrize("place", ["a folder", "below a file", "in a folder that cannot be made"])
def test_a_path_where_no_file_can_be_is_said_once(place: str, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if place == "a folder":
        path.mkdir()
    elif place == "below a file":
        path.write_text("a file")
        path = path / "journal.jsonl"
    else:
        path = path / "journal.jsonl"
        monkeypatch.setattr(Path, "mkdir", denied)
    said: list[str] = []
    monkeypatch.setenv("LESSON_JOURNAL", str(path))
    a_lesson_goes_on(default_journal(said.append))
    assert len(said) == 1
    assert (
        said[0].startswith(f"Your guesses are not being kept: {path} cannot be")
        and "\n" not in said[0]
        and "LESSON_JOURNAL" in said[0]
    )


# --- which journal -----------------------------------------------------------------------------------------------


def test_without_jupyterlab_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LESSON_JOURNAL", raising=False)
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    assert default_journal().path is None


def test_in_jupyterlab_it_is_kept_where_the_platform_keeps_such_things(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LESSON_JOURNAL", raising=False)
    monkeypatch.setenv("JPY_SESSION_NAME", "notebooks/01.ipynb")
    monkeypatch.setattr("platformdirs.user_data_dir", lambda name, appauthor: str(tmp_path / name))
    assert default_journal().path == tmp_path / "lessonlib" / "journal.jsonl"


@pytest.mark.parametrize(
    ("chosen", "kept"),
    [
        ("off", None),
        ("OFF", None),
        ("/somewhere/j.jsonl", "/somewhere/j.jsonl"),
        ("~/j.jsonl", "{home}/j.jsonl"),
        ("~no-such-user/j", "~no-such-user/j"),
    ],
)
def test_the_variable_wins(chosen: str, kept: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LESSON_JOURNAL", chosen)
    monkeypatch.setenv("JPY_SESSION_NAME", "notebooks/01.ipynb")
    expected = Path(kept.format(home=Path.home())) if kept else None
    assert default_journal().path == journal_path() == expected


def test_a_command_finds_the_journal_also_outside_jupyterlab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LESSON_JOURNAL", raising=False)
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    monkeypatch.setattr("platformdirs.user_data_dir", lambda name, appauthor: str(tmp_path / name))
    assert journal_path() == tmp_path / "lessonlib" / "journal.jsonl" and default_journal().path is None


# --- read once -----------------------------------------------------------------------------------------------------


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The lines that were parsed, by whichever journal."""
    lines: list[str] = []
    monkeypatch.setattr("lessonlib.record.lines._decode", lambda line: lines.append(line) or _decode(line))
    return lines


def whole(lines: list[str]) -> list[str]:
    return [line for line in lines if line]


def test_each_line_is_parsed_once_however_often_and_as_whatever(path: Path, parsed: list[str]) -> None:
    journal = Journal(path)
    for number in range(5):
        journal.append(record(number, question=f"q{number}"))
    for _ in range(3):
        assert len(journal.events()) == len(journal.attempts()) == 5
    assert len(whole(parsed)) == 5
    journal.append(record(5, question="q5"))
    Journal(path).append(record(6, question="q6"))  # another kernel's
    assert len(journal.attempts()) == len(journal.events()) == 7
    assert len(whole(parsed)) == 7
    assert journal.records("01-x") == journal.records() and journal.records("02-y") == []


def test_a_lesson_that_opens_parses_its_own_lines_and_of_them_what_can_still_matter(
    path: Path, parsed: list[str]
) -> None:
    lesson = opened(journal=Journal(path))
    first, second = lesson.asked[:2]
    revealed(lesson, first)
    committed(lesson, second)
    own = path.read_bytes()
    assert len(own.splitlines()) == 3
    others = "".join(json.dumps({"v": 1, **record(number)}, separators=(",", ":")) + "\n" for number in range(1000))
    path.write_bytes(others.encode() + own + own * 50 + others.encode())
    parsed.clear()
    again = opened(journal=Journal(path))
    assert [item.view() for item in again.asked] == [item.view() for item in lesson.asked]
    assert len(whole(parsed)) == 3


def test_a_line_still_being_written_is_read_when_it_has_come(path: Path) -> None:
    journal = Journal(path)
    journal.append(record(1))
    line = json.dumps({"v": 1, **record(2)}).encode()
    with path.open("ab", buffering=0) as file:
        file.write(line[:20])
        assert numbers(journal) == [1]
        file.write(line[20:])
        assert numbers(journal) == [1, 2] == numbers(Journal(path))
        file.write(b"\n")
        assert numbers(journal) == [1, 2]
    Journal(path).append(record(3))
    assert numbers(journal) == [1, 2, 3]
    assert [event.number for event in journal.events()] == [1, 2, 3]


@pytest.mark.parametrize("change", ["shorter", "longer", "as long", "another file", "gone", "gone and back"])
def test_a_file_that_was_rewritten_is_read_anew(change: str, path: Path) -> None:
    journal = Journal(path)
    for number in (1, 2, 3):
        journal.append(record(number, question=f"q{number}"))
    assert len(journal.attempts()) == 3
    text = path.read_text()
    if change == "shorter":
        path.write_text(text.splitlines(keepends=True)[1])
    elif change == "longer":
        path.write_text(text.replace('"number":1', '"number":41') + text)
    elif change == "as long":
        path.write_text(text.replace('"number":1', '"number":4'))
        os.utime(path, ns=(1, 1))
    else:
        path.unlink()
        if change == "another file":
            path.with_name("new").write_text(text.replace('"number":1', '"number":47') + text)
            path.with_name("new").rename(path)
        elif change == "gone and back":
            assert journal.attempts() == []
            Journal(path).append(record(9))
    fresh = Journal(path)
    assert journal.records() == fresh.records() and journal.events() == fresh.events()
    assert journal.attempts() == fresh.attempts()


@given(
    parts=st.lists(
        st.one_of(st.binary(max_size=60), st.sampled_from([b"\n", b"\r\n"]), st.just(b"RECORD")), max_size=12
    )
)
def test_look_by_look_is_the_same_as_at_once(parts: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("journal") / "journal.jsonl"
    journal = Journal(path)
    for number, part in enumerate(parts):
        if part == b"RECORD":
            Journal(path).append(record(number))
        else:
            with path.open("ab") as file:
                file.write(part)
        assert numbers(journal) == numbers(Journal(path))


def test_threads_that_read_at_once_take_no_line_twice(path: Path) -> None:
    journal = Journal(path)
    for number in range(2000):
        journal.append(record(number))
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(len(journal.events()))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == [2000] * 4 and numbers(journal) == list(range(2000))
