"""What a journal says of itself: where it is, what waits, what was read, and when that changed."""

from __future__ import annotations

import errno
import gc
import os
from pathlib import Path
from typing import Any

import pytest

from lessonlib.record import journal as journals
from lessonlib.record.journal import Journal, default_journal
from lessonlib.record.lines import SCHEMA, line_of

ADDRESS = {"lesson": "01-x", "question": "q", "hash": "h", "lab": "l"}


def record(event: str = "commit", question: str = "q", **more: Any) -> dict[str, Any]:
    return {**ADDRESS, "question": question, "event": event, **more}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mine" / "journal.jsonl"


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The disk is full until ``full.undo()``."""

    def refused(*_: Any) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", refused)
    return monkeypatch


def unreadable(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    really = os.open

    def refused(name: Any, *rest: Any) -> int:
        if Path(name) == path:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return really(name, *rest)

    monkeypatch.setattr(os, "open", refused)


# --- where ----------------------------------------------------------------------------------------------------------


def test_a_place_is_named_from_home_or_in_full_and_in_printable_characters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert Journal(tmp_path / "a" / "journal.jsonl").place == str(Path("~/a/journal.jsonl"))
    assert Journal(Path("/else/where.jsonl")).place == "/else/where.jsonl"
    assert Journal(Path("/else/\x1bwh\nere.jsonl")).place == "/else/?wh?ere.jsonl"

    def homeless() -> Path:
        raise RuntimeError("no home")

    monkeypatch.setattr(Path, "home", homeless)
    assert Journal(tmp_path / "a.jsonl").place == str(tmp_path / "a.jsonl")


def test_a_journal_that_keeps_nothing_says_so() -> None:
    journal = Journal(None)
    journal.append(record())
    assert (journal.path, journal.place, journal.fault, journal.caught_up, journal.waits) == (None, "", "", "", False)
    assert journal.records() == [] == journal.attempts() and not journal.page_spoke()
    assert journal.why_not == "this run was opened without a journal"
    assert Journal(None, why="because").why_not == "because"
    assert not Journal(None, waits=True).waits, "there is nothing to wait for"


def test_until_a_page_speaks_nothing_is_written_and_then_all_of_it(path: Path) -> None:
    journal = Journal(path, waits=True, why="nobody is here")
    journal.append(record())
    assert journal.waits and journal.path is None and journal.place == "" and not path.exists()
    assert journal.why_not == "nobody is here" and [one["event"] for one in journal.records()] == ["commit"]
    assert len(journal.attempts()) == 1 and journal.answered("01-x") == {"q"}
    assert journal.page_spoke() is True
    assert not journal.waits and journal.path == path and journal.why_not == "" and path.read_bytes().count(b"\n") == 1
    assert journal.page_spoke() is False, "no news"
    assert journal.caught_up == "", "it was not late"


# --- what waits -----------------------------------------------------------------------------------------------------


def test_what_waits_is_counted_in_words(path: Path, full: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    journal = Journal(path, said.append)
    assert journal.fault == ""
    journal.append(record())
    assert ". 1 record of yours waits in memory, and each answer tries again" in journal.fault
    journal.append(record("reveal"))
    assert ". 2 records of yours wait in memory" in journal.fault
    assert len(said) == 1 and said[0].startswith(f"Your guesses are not being kept: {path} cannot be written (")
    full.undo()
    assert [one["event"] for one in journal.records()] == ["commit", "reveal"]
    assert journal.fault == "" and journal.caught_up == f"Everything is kept again, in {journal.place}."
    journal.append(record("observe"))
    assert journal.caught_up == "" and path.read_bytes().count(b"\n") == 3


def test_a_disk_that_fills_up_again_is_told_and_no_longer_that_everything_is_kept(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    said: list[str] = []
    journal = Journal(path, said.append)
    for _ in range(2):
        with monkeypatch.context() as full:
            full.setattr(os, "write", refused)
            journal.append(record())
            assert journal.fault and journal.caught_up == ""
        journal.records()
        assert not journal.fault and journal.caught_up
    assert len(said) == 2, "the second time is news"


def test_what_another_run_writes_is_there_at_once(path: Path) -> None:
    journal, other = Journal(path), Journal(path)
    assert list(journal.records_of(ADDRESS, lambda _: True)) == []
    other.append(record())
    assert [one["event"] for one in journal.records_of(ADDRESS, lambda _: True)] == ["commit"]


def test_each_line_is_taken_once_and_many_of_them_without_looking_for_garbage(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both are what a long journal lives by."""
    taken: list[bytes] = []
    collects: list[bool] = []
    lines_of, event_of = journals.lines_of, journals.event_of
    monkeypatch.setattr(journals, "lines_of", lambda name, text: taken.append(text) or lines_of(name, text))
    monkeypatch.setattr(journals, "event_of", lambda *it: collects.append(gc.isenabled()) or event_of(*it))
    journal = Journal(path)
    for event in ("commit", "reveal"):
        journal.append(record(event))
        assert len(list(journal.records_of(ADDRESS, lambda _: True))) == len(journal.events())
        list(journal.records_of(ADDRESS, lambda _: True))
    assert [text.count(b"\n") for text in taken] == [1, 1]
    assert collects == [False, False] and gc.isenabled()


def test_attempts_and_events_hold_what_waits(path: Path, full: pytest.MonkeyPatch) -> None:
    journal = Journal(path)
    path.parent.mkdir()
    path.write_bytes(line_of(record()))
    journal.append(record("reveal", right=True))
    (attempt,) = journal.attempts()
    assert attempt.right is True and [event.event for event in attempt.events] == ["commit", "reveal"]
    assert [event.event for event in journal.events()] == ["commit", "reveal"]
    assert [one["event"] for one in journal.records_of({**ADDRESS}, lambda _: True)] == ["commit", "reveal"]
    assert [one["event"] for one in journal.records_of({**ADDRESS}, lambda event: event == "reveal")] == ["reveal"]
    assert list(journal.records_of({**ADDRESS, "hash": "other"}, lambda _: True)) == []
    full.undo()
    (attempt,) = journal.attempts()
    assert attempt.right is True and len(journal.events()) == 2, "once, now that it is written"


def test_a_journal_whose_disk_was_full_is_tried_once_more_at_the_end(path: Path, full: pytest.MonkeyPatch) -> None:
    registered: list[Any] = []
    full.setattr(journals.atexit, "register", registered.append)
    full.setattr(journals, "_at_exit", [])
    journal = Journal(path)
    for _ in range(3):
        journal.append(record())
    assert registered == [journal._write], "once"


# --- what was read --------------------------------------------------------------------------------------------------


def test_an_edition_changes_with_what_the_journal_holds_and_with_nothing_else(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(path)
    seen = [journal.edition()]
    assert journal.edition() == seen[0]
    journal.append(record())
    seen.append(journal.edition())
    Journal(path).append(record("reveal"))
    seen.append(journal.edition())
    path.write_bytes(line_of(record()))
    seen.append(journal.edition())
    path.unlink()
    seen.append(journal.edition())
    assert journal.edition() == seen[-1]
    assert len(set(seen)) == len(seen)


def test_a_file_that_cannot_be_read_holds_nothing_and_says_so_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    journal = Journal(path, said.append)
    journal.append(record())
    journal.append(record("reveal"))
    assert len(journal.records()) == len(journal.events()) == 2 and len(journal.attempts()) == 1
    before = journal.edition()
    with monkeypatch.context() as patched:
        unreadable(path, patched)
        assert journal.records() == [] and journal.events() == [] and journal.attempts() == []
        assert journal.edition() != before
    assert len(said) == 1 and f"{path} cannot be read (" in said[0]
    assert len(journal.records()) == len(journal.events()) == 2 and len(journal.attempts()) == 1, "each once again"


def test_a_file_rewritten_is_read_anew(path: Path) -> None:
    journal = Journal(path)
    for number in range(3):
        journal.append(record(question=f"q{number}"))
    assert journal.answered("01-x") == {"q0", "q1", "q2"} and len(journal.attempts()) == 3
    path.write_bytes(line_of(record(question="other")))
    assert journal.answered("01-x") == {"other"}
    assert [attempt.question for attempt in journal.attempts()] == ["other"]
    assert [event.question for event in journal.events()] == ["other"]


def test_records_are_found_under_a_lessons_name_or_all_of_them(path: Path) -> None:
    journal = Journal(path)
    journal.append(record())
    journal.append({**record(), "lesson": "02-y"})
    assert [one["lesson"] for one in journal.records()] == ["01-x", "02-y"]
    assert [one["lesson"] for one in journal.records("02-y")] == ["02-y"] and journal.records("03-z") == []
    journal.append(record("reveal"))
    assert [one["event"] for one in journal.records("01-x")] == ["commit", "reveal"], "what was added since"
    assert {one["v"] for one in journal.records()} == {SCHEMA} and journals.__all__[0] == "SCHEMA"


@pytest.mark.parametrize("collects", [True, False])
def test_reading_leaves_the_collector_as_it_was(collects: bool, path: Path) -> None:
    journal = Journal(path)
    journal.append(record())
    before = gc.isenabled()
    try:
        (gc.enable if collects else gc.disable)()
        assert len(journal.events()) == 1 and gc.isenabled() is collects
    finally:
        (gc.enable if before else gc.disable)()


def test_one_journal_for_one_file_with_who_listens_now(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LESSON_JOURNAL", str(path))
    monkeypatch.setattr(journals, "_open", {})
    first: list[str] = []
    second: list[str] = []
    journal = default_journal(first.append)
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full")))
        journal.append(record())
        assert default_journal(second.append) is journal
        journal.append(record())
    assert len(first) == len(second) == 1, "the cell that is run again is told too"
    assert len(journal.records()) == 2
