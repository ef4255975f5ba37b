"""What guesses add up to, and the card and the report that say it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from lessonlib.cli.main import main
from lessonlib.lesson.words import plain
from lessonlib.record.journal import Journal
from lessonlib.review.handin import handin, notes, page
from lessonlib.review.scorecard import card_html
from lessonlib.review.tally import CLAIMED, Outcome, minutes, outcomes, tally

LESSON = "01-prefill-vs-decode"


def record(question: str, event: str, lesson: str = LESSON, minute: float = 0, **more: Any) -> dict[str, Any]:
    return {
        "v": 1,
        "time": f"2026-03-02T10:{int(minute):02d}:{int(minute % 1 * 60):02d}.000+00:00",
        "lesson": lesson,
        "question": question,
        "hash": "h",
        "lab": "l",
        "event": event,
        **more,
    }


def guess(question: str, right: bool, sure: int, minute: float = 0, **more: Any) -> list[dict[str, Any]]:
    return [
        record(question, "commit", minute=minute, guess={"text": "1"}, confidence=sure),
        record(question, "reveal", minute=minute, right=right, **more),
    ]


def test_sums_by_hand() -> None:
    found = tally(
        list(
            outcomes(
                [
                    *guess("a", True, 2, factor=1.02, held=True),
                    *guess("b", False, 2, factor=4.0, held=False, misconception="bits-for-bytes"),
                    *guess("c", False, 0, misconception="flops-limit-decode"),
                    record("d", "skip"),
                    record("note", "commit", guess={"text": "why?"}),
                ]
            )
        )
    )
    assert (found.guesses, found.right, found.factors, found.ranges) == (3, 1, (1.02, 4.0), (2, 1))
    assert found.levels == ((1, 0), (0, 0), (2, 1))
    assert found.brier == pytest.approx(((CLAIMED[2] - 1) ** 2 + CLAIMED[2] ** 2 + CLAIMED[0] ** 2) / 3)
    assert found.met == {"bits-for-bytes": 1, "flops-limit-decode": 1} and found.cleared == frozenset()


def test_nothing_guessed_has_no_score() -> None:
    assert tally([]).brier is None
    assert "No prediction revealed yet" in card_html(tally([]))


def test_an_idea_is_cleared_by_a_later_right_answer_to_its_question() -> None:
    wrong, right = Outcome("l", "q", None, 2, False, misconception="m"), Outcome("l", "q", None, 1, True, review=True)
    assert tally([wrong, right]).cleared == {"m"}
    assert tally([right, wrong]).cleared == frozenset(), "what comes back is open again"
    assert tally([wrong, Outcome("l", "another", None, 1, True)]).cleared == frozenset()


def test_answers_of_the_review_count_for_the_lesson_they_come_from() -> None:
    found = list(
        outcomes(
            [
                record(f"{LESSON}/q", "commit", "review", confidence=1),
                record(f"{LESSON}/q", "reveal", "review", right=True, confidence=1),
            ]
        )
    )
    assert [(o.lesson, o.question, o.review, o.right, o.confidence) for o in found] == [(LESSON, "q", True, True, 1)]


def test_a_pause_is_not_time_spent() -> None:
    assert minutes([record("a", "commit", minute=at) for at in (0, 2, 4, 30, 31)]) == pytest.approx(5)
    assert minutes([record("a", "commit"), {**record("a", "reveal"), "time": "no time"}]) == 0


def test_a_journal_of_nonsense_adds_up_to_nothing() -> None:
    broken = [
        record("a", "commit", confidence="very"),
        record("a", "reveal", right=True),
        record("b", "reveal", right=False, confidence=7),
    ]
    assert tally(list(outcomes(broken))).levels == ((0, 0), (0, 0), (0, 0))


# --- the card ---------------------------------------------------------------------------------------------------


def many(level: int, right: int, wrong: int) -> list[Outcome]:
    return [
        Outcome("l", f"q{n}", None, level, n < right, factor=1.0 if n < right else 8.0, held=n < right)
        for n in range(right + wrong)
    ]


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [(2, 6, "less often than that sounds"), (8, 0, "well chosen"), (1, 1, "Too few guesses")],
)
def test_the_sentence_on_certainty(right: int, wrong: int, said: str) -> None:
    assert said in card_html(tally(many(2, right, wrong)))


def test_modest_guesses_that_hold_may_be_trusted() -> None:
    assert "more often than that sounds" in card_html(tally(many(0, 6, 0)))


def test_every_dot_of_the_drawing_stands_in_the_table() -> None:
    found = tally(
        [
            Outcome("l", f"q{n}", None, 1, False, factor=factor)
            for n, factor in enumerate((0.001, 0.3, 0.6, 0.95, 1.0, 1.09, 1.2, 1.9, 7.0, 5000.0))
        ]
    )
    html = card_html(found)
    assert html.count("<circle") == 3 and html.count("<path") == 7
    rows = re.findall(r"<tr><th scope=\"row\">([^<]*)</th><td>(\d*)</td><td>(\d+)</td><td>(\d*)</td></tr>", html)
    assert [tuple(row[1:]) for row in rows] == [
        ("", "3", ""),
        ("", "1", "1"),
        ("1", "2", "1"),
        ("1", "2", "1"),
        ("1", "2", "1"),
    ]
    assert sum(int(row[2]) for row in rows) == 10
    assert "3 within 10 %, 3 too low, 4 too high" in html


def test_no_word_of_a_grade() -> None:
    assert not re.search(
        r"\b(?:grade|points|mark|fail|passed)\b", plain(card_html(tally(many(2, 3, 5)))), re.IGNORECASE
    )


# --- handing in ---------------------------------------------------------------------------------------------------


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Journal:
    monkeypatch.setenv("LESSON_JOURNAL", str(tmp_path / "journal.jsonl"))
    kept = Journal(tmp_path / "journal.jsonl")
    for entry in [
        *guess("decode-ceiling", False, 2, factor=2.6, misconception="bits-for-bytes"),
        *guess("double-flops", True, 1, minute=2),
        record("ask-the-teacher", "commit", minute=3, guess={"text": "first"}),
        record("ask-the-teacher", "commit", minute=3, guess={"text": "<script>alert(1)</script>\nwhy \x1b[2J 8 %?"}),
    ]:
        kept.append(entry)
    return kept


def test_the_words_of_the_learner_as_last_kept(journal: Journal) -> None:
    assert [note["text"] for note in notes(journal.records())] == ["<script>alert(1)</script>\nwhy \x1b[2J 8 %?"]


def test_what_was_asked_of_a_teacher_is_handed_in_with_its_answer(journal: Journal) -> None:
    for more in (
        {"event": "teacher-asked", "text": "Why <b>?"},
        {"event": "teacher-part", "text": "Because"},
        {"event": "teacher-ended", "text": " <i>so.", "ended": "done"},
    ):
        journal.append({**record("ask-the-teacher", "", minute=5), "exchange": "a", **more})
    assert {"lesson": LESSON, "about": "question", "text": "Why <b>?", "answer": "Because <i>so."} in notes(
        journal.records()
    )
    html = page(journal.records(), {}, "2026-03-02")
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
        handin(journal.records()),
        page(journal.records(), {"bits-for-bytes": "bandwidth is in bits"}, "2026-03-02"),
    )
    assert f"{data['overall']['guesses']} predictions made, {data['overall']['right']} of them right" in html
    assert "bandwidth is in bits" in html
