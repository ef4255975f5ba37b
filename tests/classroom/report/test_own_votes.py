"""A learner's own votes in a class beside the learner's own journal: on the learner's wish alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lessonlib.classroom.report.own_votes import beside, own_votes
from lessonlib.cli.main import main
from lessonlib.record.attempts import attempts_of
from lessonlib.record.event import events_of
from lessonlib.record.journal import Journal
from lessonlib.record.lines import line_of
from tests.classroom.room import Room
from tests.review.records import LESSON, guess, guess_again, record


def vote(question: str, event: str, minute: int, **more: Any) -> dict[str, Any]:
    return {**record(question, event, minute=minute), "class": "ABC234", **more}


def in_class(question: str, right: bool, minute: int, again: bool = True) -> list[dict[str, Any]]:
    """A vote, perhaps a second one, and a reveal that bears the time of the download, a day later."""
    lines = [vote(question, "commit", minute, guess={"key": "a"}, confidence=2, round=1)]
    if again:
        lines.append(vote(question, "revote", minute + 3, guess={"key": "b"}, confidence=1, round=2))
    return [
        *lines,
        {
            **vote(question, "reveal", minute, right=right, misconception="bits-for-bytes"),
            "time": "2026-03-03T10:00:00+00:00",
        },
    ]


def write(path: Path, records: list[dict[str, Any]], rest: bytes = b"") -> str:
    path.write_bytes(b"".join(map(line_of, records)) + rest)
    return str(path)


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Journal:
    monkeypatch.setenv("LESSON_JOURNAL", str(tmp_path / "journal.jsonl"))
    monkeypatch.chdir(tmp_path)
    return Journal(tmp_path / "journal.jsonl")


def test_a_vote_and_an_answer_alone_are_one_attempt_and_the_first_guess_counts() -> None:
    alone = events_of(guess("decode-ceiling", True, 1, minute=30))
    before, after = (events_of(in_class("decode-ceiling", False, minute)) for minute in (10, 50))
    (first,) = attempts_of(beside(alone, before))
    assert first.right is False and first.commit and first.commit.in_class == "ABC234" and first.revote
    (second,) = attempts_of(beside(alone, after))
    assert second.right is True and second.commit and second.commit.in_class is None


def test_another_wording_or_another_lab_is_another_attempt() -> None:
    alone = events_of(guess("decode-ceiling", True, 1, minute=30))
    for change in ({"hash": "another"}, {"lab": "another"}):
        votes = events_of([{**line, **change} for line in in_class("decode-ceiling", False, 10)])
        assert [attempt.right for attempt in attempts_of(beside(alone, votes))] == [False, True]


def test_a_review_after_the_class_clears_what_was_met_in_it() -> None:
    from lessonlib.review.summary import summarise

    later = events_of(guess_again("decode-ceiling", True, 1, minute=40))
    found = summarise(attempts_of(beside(later, events_of(in_class("decode-ceiling", False, 10)))))
    assert found.met == {"bits-for-bytes": 1} and found.cleared == {"bits-for-bytes"}


def test_the_reveal_is_put_to_the_last_vote() -> None:
    (attempt,) = attempts_of(beside([], events_of(in_class("decode-ceiling", False, 10))))
    assert attempt.at and attempt.at.isoformat() == "2026-03-02T10:13:00+00:00"


def test_the_report_joins_a_file_on_wish_alone(
    journal: Journal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for entry in guess("decode-ceiling", True, 1, minute=30):
        journal.append(entry)
    lines = [*in_class("two-ceilings", False, 10), *in_class("decode-ceiling", True, 50, again=False)]
    hidden = {**vote("not-out-yet", "commit", 20, guess={"key": "a"}, confidence=1), "hash": ""}
    file = write(tmp_path / "mine.jsonl", [*lines, hidden, record("elsewhere", "commit", guess={})], b"torn {\n\n")
    assert main(["report", "--yes"]) == 0
    assert json.loads((tmp_path / "predict-first-report.json").read_text())["overall"]["guesses"] == 1
    kept = (tmp_path / "journal.jsonl").read_bytes()
    capsys.readouterr()
    assert main(["report", "--class", file, "--yes"]) == 0
    shown = capsys.readouterr().out
    assert "left out: 1 vote on questions that were not revealed yet" in shown
    assert "left out: 2 lines that hold no vote of yours in a class" in shown
    data = json.loads((tmp_path / "predict-first-report.json").read_text())
    assert data["overall"]["guesses"] == 2
    outcomes = {each["question"]: each for each in data["lessons"][LESSON]["outcomes"]}
    assert outcomes["two-ceilings"]["in_class"] and outcomes["two-ceilings"]["voted_again"]
    assert "in_class" not in outcomes["decode-ceiling"]
    html = (tmp_path / "predict-first-report.html").read_text()
    assert "1 of these predictions was made in a class" in html and "ABC234" not in html
    assert (tmp_path / "journal.jsonl").read_bytes() == kept, "the journal stays as it is"


def test_who_was_only_in_the_class_has_a_report_too(journal: Journal, tmp_path: Path) -> None:
    file = write(tmp_path / "mine.jsonl", in_class("two-ceilings", True, 10))
    assert main(["report", "--class", file, "--yes"]) == 0
    assert json.loads((tmp_path / "predict-first-report.json").read_text())["overall"]["right"] == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "it holds none"),
        (b"nonsense\n\xff\xfe\n", "it holds none"),
        (line_of(record("which", "commit", guess={})), "it holds none"),
        (
            line_of({**vote("which", "commit", 1, guess={}), "hash": ""}),
            "1 vote on questions that were not revealed yet",
        ),
        (None, "cannot be read"),
    ],
)
def test_a_file_without_votes_is_one_line(
    journal: Journal, tmp_path: Path, text: bytes | None, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if text is not None:
        (tmp_path / "mine.jsonl").write_bytes(text)
    assert main(["report", "--class", "mine.jsonl", "--yes"]) == 2
    told = capsys.readouterr().err
    assert said in told and told.count("\n") == 1


def test_what_a_phone_downloads_is_read(a_room: Room, tmp_path: Path) -> None:
    """Through the server's own answer: two rounds of a revealed question, and one that is still open."""
    first, second = [item.id for item in a_room.live.lesson.asked if item.step.question.kind == "choice"][:2]
    asked = a_room.live.lesson.items[first].step.question
    me = a_room.joined()
    a_room.steer("open", first)
    a_room.vote(me, first, asked.mistakes()[0][1], 1, 2)
    for event in ("close", "open2"):
        a_room.steer(event)
    a_room.vote(me, first, asked.right(), 2, 1)
    for event in ("close", "show", "reveal"):
        a_room.steer(event)
    a_room.steer("open", second)
    a_room.vote(me, second, "a", 1, 1)
    file = tmp_path / "mine.jsonl"
    file.write_bytes(a_room.ask("GET", "/me", cookie=me).content)
    found = own_votes(str(file))
    assert (found.unrevealed, found.other) == (1, 0)
    (attempt,) = attempts_of(beside([], found.events))
    assert attempt.right is False and attempt.confidence == 2 and attempt.misconception == asked.mistakes()[0][0]
    assert attempt.revote and attempt.revote.confidence == 1
