"""One line of the journal as a typed event: what fits is there, what does not is left out, and nothing stops."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lessonlib.record.event import ADDRESS, REVIEW, Event, event_of, events_of, moment, review_address

ADDRESSED = {"lesson": "01-x", "question": "q", "hash": "abc", "lab": "l", "event": "reveal"}

FITTING = {
    "guess": {"text": "50", "value": 50.0},
    "confidence": 2,
    "right": False,
    "factor": 2.6,
    "held": True,
    "misconception": "bits-for-bytes",
    "choice": "a",
    "grade": "got",
    "number": 1,
    "text": "Why?",
    "exchange": "a1",
    "ended": "done",
    "problem": "",
    "model": "m",
    "clocks": {"ttft_s": 0.1},
}


def test_every_field_of_a_record_that_fits_is_there() -> None:
    record = {**ADDRESSED, "v": 1, "time": "2026-03-02T10:00:00+01:00", **FITTING}
    found = event_of(record)
    assert {key: getattr(found, key) for key in (*ADDRESS, "event", *FITTING)} == {**ADDRESSED, **FITTING}
    assert found.time == datetime(2026, 3, 2, 9, tzinfo=UTC) and not found.review
    assert found.record is record, "nothing of the line is lost"


@pytest.mark.parametrize("field", FITTING)
@pytest.mark.parametrize(
    "odd", [None, [], [1], object(), 10**400, float("nan"), -1, "", 7.5], ids=lambda odd: repr(odd)[:12]
)
def test_a_field_that_does_not_fit_is_left_out_and_the_rest_counts(field: str, odd: Any) -> None:
    found = event_of({**ADDRESSED, **FITTING, field: odd})
    kept = getattr(found, field)
    assert kept is None or (type(kept) is type(FITTING[field]) and kept == odd)
    others = {key: value for key, value in FITTING.items() if key != field}
    assert {key: getattr(found, key) for key in others} == others


@pytest.mark.parametrize(
    ("field", "odd"),
    [
        ("confidence", True),
        ("confidence", 3),
        ("confidence", 1.0),
        ("number", True),
        ("right", 1),
        ("factor", True),
        ("factor", 0),
        ("factor", 1e-320),
        ("factor", float("inf")),
        ("misconception", ""),
    ],
)
def test_what_only_looks_as_if_it_fitted(field: str, odd: Any) -> None:
    assert getattr(event_of({**ADDRESSED, field: odd}), field) is None


def test_a_record_of_a_review_is_under_the_lesson_it_comes_from() -> None:
    found = event_of({**ADDRESSED, **review_address("01-x", "q/r")})
    assert (found.lesson, found.question, found.review) == ("01-x", "q/r", True)
    assert review_address("01-x", "q")["lesson"] == REVIEW
    nameless = event_of({**ADDRESSED, "lesson": REVIEW, "question": "q"})
    assert (nameless.lesson, nameless.question, nameless.review) == ("q", "", True)


def test_what_is_no_record_is_left_out() -> None:
    assert events_of([{}, {**ADDRESSED, "lab": 3}, dict.fromkeys(ADDRESS, "x"), ADDRESSED]) == [event_of(ADDRESSED)]


def test_a_time_that_is_none_is_passed_over() -> None:
    assert moment("yesterday") is None and moment(None) is None and moment(5) is None
    assert moment("2026-03-02T10:00:00+01:00") == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert moment("0001-01-01T00:00:00+14:00") is None and moment("9999-12-31T23:59:59-14:00") is None


_VALUES = st.sampled_from(
    [
        None,
        True,
        0,
        -1,
        2,
        10**400,
        0.5,
        float("nan"),
        float("inf"),
        "",
        "got",
        "2026-13-01",
        "2026-03-02",
        [],
        [1],
        {},
        {"x": 1},
    ]
)


@given(fields=st.dictionaries(st.sampled_from(["time", *FITTING, "unknown"]), _VALUES))
def test_any_record_that_is_one_is_an_event(fields: dict[str, Any]) -> None:
    record = {**ADDRESSED, **json.loads(json.dumps(fields))}
    assert isinstance(event_of(record), Event) and event_of(record) == event_of(dict(record))
