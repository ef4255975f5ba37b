"""What a learner hands in: the data, the page that tells the same, and the commands that write and forget them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from lessonlib.cli.main import main
from lessonlib.record.journal import Journal
from lessonlib.review.learner_report import learner_report, words_of
from lessonlib.show.report_page import report_page
from tests.review.records import LESSON, guess, guess_again, record


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Journal:
    monkeypatch.setenv("LESSON_JOURNAL", str(tmp_path / "journal.jsonl"))
    kept = Journal(tmp_path / "journal.jsonl")
    for entry in [
        *guess("decode-ceiling", False, 2, factor=2.6, misconception="bits-for-bytes"),
        *guess("two-ceilings", True, 1, minute=2),
        record("closing", "commit", minute=3, guess={"text": "first"}),
        record("closing", "commit", minute=3, guess={"text": "<script>alert(1)</script>\nwhy \x1b[2J 8 %?"}),
    ]:
        kept.append(entry)
    return kept


def test_the_words_of_the_learner_as_last_kept(journal: Journal) -> None:
    assert [note["text"] for note in words_of(journal.events())] == ["<script>alert(1)</script>\nwhy \x1b[2J 8 %?"]


def test_what_was_asked_of_a_teacher_is_handed_in_with_its_answer(journal: Journal) -> None:
    for more in (
        {"event": "teacher-asked", "text": "Why <b>?"},
        {"event": "teacher-part", "text": "Because"},
        {"event": "teacher-ended", "text": " <i>so.", "ended": "done"},
    ):
        journal.append({**record("closing", "", minute=5), "exchange": "a", **more})
    assert {"lesson": LESSON, "about": "question", "text": "Why <b>?", "answer": "Because <i>so."} in words_of(
        journal.events()
    )
    html = report_page(journal.events(), {}, "2026-03-02")
    assert "Why &lt;b&gt;?" in html and "Because &lt;i&gt;so." in html


def test_the_report_shows_itself_then_writes_a_page_and_its_data(
    journal: Journal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "mine"
    assert main(["report", "--out", str(out), "--yes"]) == 0
    shown = capsys.readouterr().out
    assert "2 predictions" in shown and "why" in shown and "\x1b" not in shown
    html, data = out.with_suffix(".html").read_text(), json.loads(out.with_suffix(".json").read_text())
    assert "<script" not in html and "&lt;script&gt;" in html
    assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//|@import|url\(""", html), "self-contained"
    assert "@media print" in html
    assert data["overall"]["guesses"] == 2 and data["lessons"][LESSON]["outcomes"][0]["factor"] == 2.6
    for text in (html, json.dumps(data)):
        assert str(tmp_path) not in text


def test_nobody_to_ask_means_no(journal: Journal, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--out", str(tmp_path / "mine")]) == 2
    assert main(["erase"]) == 2
    assert "--yes" in capsys.readouterr().err
    assert journal.records() and not (tmp_path / "mine.html").exists()


def test_erase_forgets_everything(journal: Journal, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "settings.json").write_text("{}")
    assert main(["erase", "--yes"]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == []
    assert main(["erase", "--yes"]) == 0 and "nothing to forget" in capsys.readouterr().out


def test_a_report_of_nothing_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LESSON_JOURNAL", str(tmp_path / "none.jsonl"))
    assert main(["report", "--yes"]) == 2
    assert "take a lesson first" in capsys.readouterr().err
    monkeypatch.setenv("LESSON_JOURNAL", "off")
    assert main(["report", "--yes"]) == 2


def test_a_report_that_cannot_be_written(journal: Journal, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--out", str(tmp_path / "no" / "where"), "--yes"]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_the_page_and_the_data_tell_the_same(journal: Journal) -> None:
    data, html = (
        learner_report(journal.events()),
        report_page(journal.events(), {"bits-for-bytes": "bandwidth is in bits"}, "2026-03-02"),
    )
    assert f"{data['overall']['guesses']} predictions made, {data['overall']['right']} of them right" in html
    assert "bandwidth is in bits" in html


def test_answers_of_a_review_are_under_the_lesson_but_no_time_in_it(journal: Journal) -> None:
    before = learner_report(journal.events())["lessons"][LESSON]
    for entry in guess_again("decode-ceiling", True, 1, minute=20):
        journal.append(entry)
    after = learner_report(journal.events())["lessons"][LESSON]
    assert (after["guesses"], after["minutes"]) == (before["guesses"] + 1, before["minutes"])
    assert after["outcomes"][-1] == {
        "question": "decode-ceiling",
        "right": True,
        "review": True,
        "confidence": 1,
        "at": "2026-03-02T10:20:00+00:00",
    }
    assert after["misconceptions"] == {"bits-for-bytes": {"met": 1, "cleared": True}}
