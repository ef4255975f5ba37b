"""Journals as they are met outside: edited by hand, of a wrong clock, thousands of lines long, behind a link."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lessonlib.cli.main import main
from lessonlib.lesson.lesson import Lesson
from lessonlib.record.attempts import attempts_of
from lessonlib.record.event import events_of, review_address
from lessonlib.record.journal import Journal
from lessonlib.record.lines import _decode
from lessonlib.record.settings import choose_lab
from lessonlib.review.deck import Review
from lessonlib.review.summary import Summary, summarise
from lessonlib.roofline import load_lab
from lessonlib.show.blocks import BLOCKS
from lessonlib.show.review import NotebookReview
from lessonlib.show.score_card import HIGHEST, summary_html

LESSON = "01-prefill-vs-decode"
LAB = load_lab()
JUDGED = {
    "v": 1,
    "time": "2026-03-02T09:00:00+00:00",
    "lesson": LESSON,
    "question": "q",
    "hash": "h",
    "lab": "l",
    "event": "reveal",
    "right": True,
}


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LESSON_JOURNAL", str(tmp_path / "journal.jsonl"))
    return tmp_path / "journal.jsonl"


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The records of a lesson that was taken."""
    journal = Journal(tmp_path_factory.mktemp("taken") / "journal.jsonl")
    lesson = Lesson(LESSON, LAB, journal, BLOCKS)
    for item in lesson.asked:
        if not item.only_kept:
            item.step.answer(item.step.question.right())
    return journal.records()


def summary(records: list[dict[str, Any]]) -> Summary:
    return summarise(attempts_of(events_of(records)))


def write(path: Path, records: list[dict[str, Any]]) -> Journal:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return Journal(path)


@pytest.mark.parametrize(
    "oddity",
    [
        {"factor": "x"},
        {"factor": 0},
        {"factor": -3.0},
        {"factor": float("nan")},
        {"factor": float("inf")},
        {"factor": 10**400},
        {"factor": 1e-320},
        {"factor": [1]},
        {"factor": True},
        {"held": "yes"},
        {"misconception": ["x"]},
        {"misconception": "<script>alert(1)</script>"},
        {"confidence": 1.0},
        {"confidence": True},
        {"confidence": "certain"},
        {"time": "0001-01-01T00:00:00+14:00"},
        {"time": "9999-12-31T23:59:59-14:00"},
        {"time": 5},
        {"event": "grade", "grade": {"x": 1}},
        {"lab": "\x1b[2J<b>"},
        {"lesson": "99-gone"},
    ],
    ids=str,
)
def test_a_record_that_somebody_edited_stops_nothing(
    oddity: dict[str, Any], path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = write(path, [JUDGED, {**JUDGED, **oddity}])
    room = NotebookReview(Review(LAB, journal, BLOCKS))
    assert "<script" not in room.overall().view["html"]
    assert main(["report", "--yes", "--out", str(tmp_path / "out")]) == 0
    assert "\x1b" not in capsys.readouterr().out
    json.loads((tmp_path / "out.json").read_text(), parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert "<script" not in (tmp_path / "out.html").read_text()


def test_a_fitting_factor_beside_odd_ones_still_counts() -> None:
    found = summary([{**JUDGED, "factor": factor} for factor in (2.0, "x", 4)])
    assert found.guesses == 3 and found.factors == (2.0, 4.0)


def test_a_review_goes_on_after_records_of_nonsense(path: Path, taken: list[dict[str, Any]]) -> None:
    again = [
        {
            **record,
            **review_address(LESSON, record["question"]),
            "guess": [1, 2],
            "confidence": "x",
            "grade": {},
        }
        for record in taken
    ]
    review = Review(LAB, write(path, [*taken, *again]), BLOCKS)
    assert NotebookReview(review).view()["id"]


@pytest.mark.parametrize(
    "at", ["2036-01-01T00:00:00+00:00", "9999-12-31T00:00:00+00:00", "0001-01-01T00:00:00+00:00", "never"]
)
def test_a_wrong_clock_hides_no_card(at: str, path: Path, taken: list[dict[str, Any]]) -> None:
    """Else a laptop that was ten years ahead for an hour would wait ten years to ask."""
    journal = write(path, [{**record, "time": at} for record in taken])
    review = Review(LAB, journal, BLOCKS, now=lambda: datetime(2026, 3, 2, tzinfo=UTC))
    assert len(review.due()) == len(review.deck()) > 0


class Counted(Journal):
    """A journal that counts how often it is looked at, and how many of its lines are parsed."""

    looks = 0

    def _look(self) -> None:
        self.looks += 1
        super()._look()


@pytest.fixture
def waiting(path: Path, taken: list[dict[str, Any]]) -> NotebookReview:
    """A review with cards due, of a journal that counts."""
    write(path, [{**record, "time": "2026-03-02T09:00:00+00:00"} for record in taken])
    room = NotebookReview(Review(LAB, Counted(path), BLOCKS))
    assert len(room._review.due()) >= 2
    return room


def looks(room: NotebookReview) -> int:
    journal = room._review.journal
    assert isinstance(journal, Counted)
    return journal.looks


def test_a_review_opens_with_one_look_at_the_journal(waiting: NotebookReview) -> None:
    waiting.sitting()
    assert looks(waiting) == 1


def test_a_click_takes_one_look_at_most(waiting: NotebookReview) -> None:
    """A look at thousands of lines takes a tenth of a second, and dozens of cards may be due."""
    panel = waiting.sitting()
    while waiting._review.step:
        question = waiting._review.step.question
        for event, most in (
            ({"event": "commit", "guess": question.right(), "confidence": 1}, 0),
            ({"event": "reveal"}, 0),
            ({"event": "grade", "grade": "got"}, 0),
            ({"event": "next"}, 1),
        ):
            before = looks(waiting)
            panel.handle(event)
            assert looks(waiting) - before == most, event
    before = looks(waiting)
    assert "Nothing more is due" in panel.view["html"] and looks(waiting) == before
    panel.handle({"event": "more"})
    assert looks(waiting) == before + 1


def test_a_click_parses_no_line_a_second_time(waiting: NotebookReview, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    monkeypatch.setattr("lessonlib.record.lines._decode", lambda line: parsed.append(line) or _decode(line))
    review = waiting._review
    assert review.step is not None
    for event in ({"event": "commit", "guess": review.step.question.right(), "confidence": 1}, {"event": "reveal"}):
        review.handle(event)
    review.handle({"event": "grade", "grade": "got"})
    review.handle({"event": "next"})
    waiting.overall()
    new = [line for line in parsed if line]
    assert new and len(new) == len(set(new)) and all('"lesson":"review"' in line for line in new)


# --- the score card and the page -------------------------------------------------------------------------------


def test_thousands_of_numbers_are_a_small_drawing_that_says_what_it_leaves_out() -> None:
    html = summary_html(summary([{**JUDGED, "factor": 2.0} for _ in range(5000)]))
    assert html.count("<path") == HIGHEST and f"{5000 - HIGHEST} more stand on full columns and are not drawn" in html
    assert "not drawn" not in summary_html(summary([{**JUDGED, "factor": 2.0}]))


def test_a_page_for_paper_may_break_a_long_table_between_its_rows(path: Path, tmp_path: Path) -> None:
    write(path, [JUDGED])
    assert main(["report", "--yes", "--out", str(tmp_path / "r")]) == 0
    style = (tmp_path / "r.html").read_text().partition("</style>")[0]
    assert "tr, figure { break-inside: avoid" in style and "table { break-inside" not in style


# --- forgetting ----------------------------------------------------------------------------------------------------


def test_another_programs_settings_are_neither_taken_nor_erased(path: Path) -> None:
    """LESSON_JOURNAL may be put into any folder, and settings.json is a common name."""
    write(path, [JUDGED])
    theirs = path.with_name("settings.json")
    theirs.write_text('{"editor.fontSize": 14}')
    assert choose_lab("qwen3-32b-h200") is False
    assert main(["erase", "--yes"]) == 0
    assert theirs.read_text() == '{"editor.fontSize": 14}' and not path.exists()


def test_a_lesson_that_is_open_goes_on_after_all_was_erased(path: Path) -> None:
    lesson = Lesson(LESSON, LAB, Journal(path), BLOCKS)
    first, second = [item for item in lesson.asked if not item.only_kept][:2]
    first.step.answer(first.step.question.right())
    assert main(["erase", "--yes"]) == 0 and not path.exists()
    second.step.answer(second.step.question.right())
    assert {record["question"] for record in Journal(path).records()} == {second.id}
