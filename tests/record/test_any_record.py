"""Records of any shape: nothing that reads a journal ever raises, and what it says is data that can be printed."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lessonlib.base.formats import dumps
from lessonlib.cli.report import contents
from lessonlib.lesson.concepts import load_listing
from lessonlib.lesson.lesson import Lesson
from lessonlib.record.event import KEYS
from lessonlib.record.exchanges import exchanges, remarks
from lessonlib.record.journal import Journal
from lessonlib.review.current_questions import states_of
from lessonlib.review.deck import Review
from lessonlib.review.learner_report import learner_report
from lessonlib.review.progress import STATES
from lessonlib.review.summary import minutes
from lessonlib.roofline import load_lab
from lessonlib.show.blocks import BLOCKS
from lessonlib.show.report_page import report_page
from lessonlib.show.review import NotebookReview
from lessonlib.show.score_card import score_html

LESSON = "01-prefill-vs-decode"
LAB = load_lab()
NOW = datetime(2026, 3, 2, tzinfo=UTC)

#: as text, since some of them are no JSON, and some no Python value would be written so
VALUES = [
    *(
        "null",
        "true",
        "false",
        "0",
        "-1",
        "2",
        "0.5",
        "-0.0",
        "1e308",
        "1e400",
        "-1e400",
        "NaN",
        "Infinity",
        "-Infinity",
    ),
    *("1" + "0" * 400, "1" * 5000, "[]", "[1]", "{}", '{"x":1}', "[" * 200 + "]" * 200, "[" * 5000 + "]" * 5000),
    *(
        '""',
        '"got"',
        '"commit"',
        '"reveal"',
        '"teacher-asked"',
        '"\\ud83d"',
        '"a\\u0000b"',
        '"\\u001b[2J\\u009b\\u202e"',
    ),
    *(
        '"<img src=x onerror=alert(1)>"',
        '"{{ 7*7 }}"',
        '"' + "x" * 20_000 + '"',
        '"review"',
        f'"{LESSON}"',
        '"99-gone"',
    ),
    *('"2026-03-02T09:00:00+00:00"', '"9999-12-31T23:59:59-14:00"', '"0001-01-01T00:00:00+14:00"', '"1970-01-01"'),
    *('"2199-12-31T23:59:59+14:00"', '"2026-03-02T09:00:00"', '"2026-03-29T02:30:00+01:00"', '"20260302"', '"T"'),
    *('{"text":7}', '{"text":"5","value":1e999}', '{"y":[1,2]}', '{"key":["a"]}', '{"texts":{}}', '{"key":"a"}'),
]
FIELDS = [
    *KEYS,
    *("v", "time", "guess", "confidence", "right", "factor", "held", "misconception", "choice", "grade", "number"),
    *("text", "exchange", "ended", "problem", "model", "clocks", "unknown"),
]


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The records of a lesson that was taken, with a review and a question to the teacher."""
    journal = Journal(tmp_path_factory.mktemp("taken") / "journal.jsonl")
    lesson = Lesson(LESSON, LAB, journal, BLOCKS)
    for item in lesson.asked:
        item.step.answer(item.step.question.right()) if not item.only_kept else item.step.handle(
            {"event": "commit", "guess": "Why?"}
        )
    records = journal.records()
    again = [{**each, "lesson": "review", "question": f"{LESSON}/{each['question']}"} for each in records]
    asked = {**records[-1], "event": "teacher-asked", "exchange": "e", "text": "Why?"}
    ended = {**asked, "event": "teacher-ended", "ended": "done", "clocks": {}, "text": "So."}
    return [*records, *again, asked, ended]


def line(record: dict[str, Any], odd: dict[str, str], without: set[str]) -> str:
    fields = {key: json.dumps(value) for key, value in record.items()} | odd
    return "{" + ",".join(f"{json.dumps(key)}:{value}" for key, value in fields.items() if key not in without) + "}"


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for each in value.items():
            yield from strings(list(each))
    elif isinstance(value, list):
        for each in value:
            yield from strings(each)
    elif isinstance(value, str):
        yield value
    assert not isinstance(value, float) or math.isfinite(value)


def read_by_everything(path: Path) -> None:
    journal = Journal(path)
    events = journal.events()
    lesson = Lesson(LESSON, LAB, journal, BLOCKS)
    assert "predictions in this lesson" in score_html(lesson)
    for item in lesson.asked:
        assert item.view()
    states = states_of(load_listing().concepts, journal.attempts())
    assert set(states.values()) <= set(STATES)
    assert BLOCKS["map"]({"id": "map"}, lesson).draw()["text"]
    room = NotebookReview(Review(LAB, journal, BLOCKS, now=lambda: NOW))
    assert room.view()["id"] and "<img" not in room.overall().view["html"]
    for card in room._review.deck():
        assert card.due > datetime(1999, 1, 1, tzinfo=UTC)
    data = learner_report(events)
    assert 0 <= minutes(events) < 1e9
    assert all(lesson["minutes"] >= 0 for lesson in data["lessons"].values())
    assert exchanges(events) is not None and remarks(events) is not None
    for text in strings(json.loads(dumps(data), parse_constant=pytest.fail)):
        text.encode()
    contents(data).encode()
    page = report_page(events, load_listing().misconceptions, "2026-03-02")
    assert "<img" not in page and page.encode()
    for record in journal.records():
        json.dumps(record, allow_nan=False).encode()


def test_a_journal_as_it_should_be(taken: list[dict[str, Any]], tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in taken))
    read_by_everything(path)


@pytest.mark.parametrize("field", FIELDS)
def test_every_odd_value_in_one_field(field: str, taken: list[dict[str, Any]], tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    lines = [line(taken[(7 * n) % len(taken)], {field: value}, set()) for n, value in enumerate(VALUES)]
    lines += [line(record, {}, {field}) for record in taken[::5]]
    path.write_text("\n".join(lines), errors="surrogatepass")
    read_by_everything(path)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_mixture(
    data: st.DataObject, taken: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    odd = st.dictionaries(st.sampled_from(FIELDS), st.sampled_from(VALUES), max_size=4)
    one = st.builds(line, st.sampled_from(taken), odd, st.sets(st.sampled_from(FIELDS), max_size=1))
    lines = data.draw(st.lists(one, max_size=30))
    path = tmp_path_factory.mktemp("odd") / "journal.jsonl"
    path.write_text("\n".join(lines), errors="surrogatepass")
    read_by_everything(path)


# --- clocks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hours", [-24 * 400, -3, 0, 3, 24 * 400, 24 * 365 * 100])
def test_a_clock_that_was_set_shows_in_no_order_and_no_sum(
    hours: int, taken: list[dict[str, Any]], tmp_path: Path
) -> None:
    """The second half of the journal was written after the clock was set back, or forth."""
    path = tmp_path / "journal.jsonl"
    times = [NOW + timedelta(minutes=n, hours=hours * (2 * n > len(taken))) for n in range(len(taken))]
    records = [{**record, "time": at.isoformat()} for record, at in zip(taken, times, strict=True)]
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    read_by_everything(path)
    found = [(event.lesson, event.question, event.event) for event in Journal(path).events()]
    reviewed = [(LESSON, each["question"].removeprefix(f"{LESSON}/"), each["event"]) for each in taken]
    assert found == reviewed, "the order is that of the file"


def test_the_words_of_one_millisecond_come_in_the_order_in_which_they_were_written(
    taken: list[dict[str, Any]], tmp_path: Path
) -> None:
    """Whatever their times say: the learner's clock may have been set in between."""
    note = next(each for each in taken if each["event"] == "commit" and each["question"] == "closing")
    path = tmp_path / "journal.jsonl"
    for at in ("2026-03-02T09:00:00.000+00:00", "2026-03-02T09:00:00.000+00:00", "2020-01-01T00:00:00+09:00"):
        text = f"at {at} {path.stat().st_size if path.exists() else 0}"
        for lab in ("b", "a"):
            Journal(path).append({**note, "time": at, "lab": lab, "guess": {"text": f"{lab} {text}"}})
            asked = {**note, "event": "teacher-asked", "exchange": text + lab, "text": f"asked {lab} {text}"}
            Journal(path).append({**asked, "time": at, "lab": lab})
    found = [remark["text"] for remark in remarks(Journal(path).events())]
    asked = [text for text in found if text.startswith("asked")]
    assert found.index(next(text for text in found if text[0] == "b")) > 3, "the last version of a note"
    assert [text[6] for text in asked] == list("bababa")
