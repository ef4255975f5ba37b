"""What a server says is a value: whatever it is, nothing but plain, small things come out."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from lessonlib.base.text import printable
from lessonlib.classroom.heard import asked_as, heard, line
from tests.classroom.stub_server import state
from tests.hostile import HOSTILE

POLL = {"id": "q", "lesson": "l", "question": "q", "hash": "", "lab": "x"}


def test_a_state_comes_through() -> None:
    found = heard(state(poll=POLL, phase="open1", joined=4, mine={"rounds": {"1": {}}}, possible=["close", "party"]))
    assert found is not None and found["poll"] == POLL and found["voted"] == [1] and found["possible"] == ["close"]
    assert heard(state())["voted"] is None


@pytest.mark.parametrize(
    "said",
    [
        None,
        1,
        "x",
        [],
        {},
        {"seq": 1},
        state(seq=-1),
        state(seq=True),
        state(seq="1"),
        state(phase="party"),
        state(phase=None),
    ],
)
def test_what_is_no_state_is_none(said: Any) -> None:
    assert heard(said) is None


@pytest.mark.parametrize(
    "junk", [None, 7, "x", [], [[]], {}, {"kind": "options"}, True, math.inf, {"rounds": 7}, [None, 1, {}]]
)
@pytest.mark.parametrize(
    "key", [key for key in state() if key not in ("seq", "phase")] + ["mine", "shares", "plan", "possible", "count"]
)
def test_junk_anywhere_is_left_out(key: str, junk: Any) -> None:
    found = heard(state(**{key: junk}))
    assert found is not None
    json.dumps(found)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_is_one_printable_line(text: str) -> None:
    options = [{"key": text, "text": text, "first": 0.5, "second": None}]
    shares = {"kind": "options", "first": 9, "second": None, "options": options}
    plan = [{"id": text, "title": text, "kind": text, "minutes": 1, "phase": "draft", "vote": True}]
    found = heard(state(title=text, code=text, poll={**POLL, "id": text}, shares=shares, plan=plan))
    assert found is not None
    for told in (
        found["title"],
        found["code"],
        *(each["text"] for each in found["shares"]["options"]),
        *(each["title"] for each in found["plan"]),
    ):
        assert printable(told) == told and len(told) <= 300


def test_shares_are_numbers_within_their_limits() -> None:
    wild = {"key": "a", "text": "A", "first": 7, "second": -1}
    found = heard(
        state(shares={"kind": "options", "first": 1, "second": 2, "options": [wild, "x", {"text": "no key"}] * 99})
    )
    assert found["shares"]["options"][0] == {"key": "a", "text": "A", "first": 1.0, "second": 0.0}
    assert len(found["shares"]["options"]) <= 100
    numbers = {
        "kind": "numbers",
        "first": 1,
        "second": None,
        "log": True,
        "medians": [1, None, 3],
        "unit": "GB",
        "scale": 1e9,
    }
    bins = [{"low": 1, "high": 10, "first": 0.5, "second": None}, {"low": "1", "high": 2}, 3]
    found = heard(state(shares={**numbers, "bins": bins}))
    assert found["shares"]["bins"] == [{"low": 1.0, "high": 10.0, "first": 0.5, "second": None}]
    assert found["shares"]["medians"] == [1.0, None] and found["shares"]["scale"] == 1e9
    curves = {
        "kind": "curves",
        "first": 1,
        "second": None,
        "curves": [[[1, 2], [3, "x"], [4]], "x"] * 150,
        "median": [[1, 2]],
    }
    found = heard(state(shares=curves))
    assert found["shares"]["curves"][0] == [[1.0, 2.0]] and len(found["shares"]["curves"]) == 200


def test_a_line_is_short_and_flat() -> None:
    assert line("a\n b\x1b[2J") == "a b?[2J" and line(7) == "" and len(line("x" * 10_000)) == 300


def test_two_views_ask_the_same_whatever_their_state() -> None:
    view = {"kind": "choice", "stem": "<p>a</p>", "ask": {"options": [1]}, "state": "asked"}
    assert asked_as(view) == asked_as(json.loads(json.dumps({**view, "state": "observed", "hints": {}})))
    assert asked_as(view) != asked_as({**view, "stem": "<p>b</p>"}) and asked_as(None) == asked_as({}) == ""
