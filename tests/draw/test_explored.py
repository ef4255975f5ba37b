"""What an explorer is given to draw: refused in one line where it cannot be drawn, and ready for JSON where it can."""

from __future__ import annotations

import json
from dataclasses import replace
from math import inf, nan

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.base.quantity import Quantity
from lessonlib.draw.explored import MOST_MARKS, MOST_POINTS, Axis, Bar, Explored, Gate, Line, Part, Point, Value

GATE = Gate(weights=16e9, caches=[2e9, 2e9], bandwidth=2e12, seconds=0.01, compute_s=0.001, slowed=100, bits=8)
LINES = Explored(
    finding="From 1 to 2 it doubles.",
    values=[Value("read", "Read", Quantity(51.2e9, "B"), "once"), Value("fits", "Fits", "✓ yes")],
    x=Axis("batch", log=True),
    y=Axis("time", "s"),
    lines=[Line("a", [1, 2], [0.123456789, nan], low=[0.1, 0.1], high=[0.2, inf])],
    points=[Point("here", 1, 0.5, "compute")],
)
BARS = Explored(finding="3 bytes.", bars=[Bar("held", [Part("weights", 3.0, "weights")], limit=4.0)], unit="B")


def test_what_can_be_drawn_is_ready_for_json():
    for shown, drawings in (
        (LINES, ["lines"]),
        (LINES, ["roof"]),
        (BARS, ["bars"]),
        (replace(BARS, gate=GATE), ["bars", "gate"]),
    ):
        shown.refuse(drawings)
        json.dumps(shown.view(), allow_nan=False)


def test_numbers_have_five_digits_and_gaps_are_none():
    [line] = LINES.view()["lines"]
    assert line["y"] == [0.12346, None] and line["high"] == [0.2, None]


def test_a_count_keeps_all_of_its_digits():
    [line] = Explored("So.", x=Axis("x"), y=Axis("y"), lines=[Line("a", [131072, 131072.5, 2e9], [1, 2, 3])]).view()[
        "lines"
    ]
    assert line["x"] == [131072, 131070, 2e9]


def test_values_are_found_by_name_and_printed_with_their_unit():
    assert LINES.value("read") == Quantity(51.2e9, "B")
    assert LINES.view()["values"][0] == {"name": "read", "label": "Read", "text": "51.2 GB", "note": "once"}
    with pytest.raises(KeyError):
        LINES.value("written")


def test_an_axis_brings_its_units():
    assert (1e-3, "ms") in LINES.view()["y"]["steps"] and LINES.view()["x"]["steps"] == []


def test_the_gate_sums_its_caches_and_counts_the_requests():
    gate = replace(BARS, gate=replace(GATE, caches=[1e9] * 200)).view()["gate"]
    assert gate["requests"] == 200 and gate["cached"] == 200e9 and len(gate["caches"]) == MOST_MARKS


@pytest.mark.parametrize(
    ("shown", "drawing", "told"),
    [
        (replace(LINES, finding=" "), "lines", "finding is empty"),
        (replace(LINES, x=None), "lines", "“lines” needs x, y"),
        (replace(LINES, lines=()), "roof", "“roof” needs x, y and lines"),
        (LINES, "bars", "“bars” needs bars"),
        (LINES, "gate", "“gate” needs gate"),
        (replace(LINES, lines=[Line("a", [1, 2], [1])]), "lines", "“a” needs as many values"),
        (replace(LINES, lines=[Line("a", [], [])]), "lines", "at least one"),
        (replace(LINES, lines=[Line("a", [1], [1], low=[1])]), "lines", "as many values"),
        (
            replace(LINES, y=Axis("time", "s", log=True, low=0.0), lines=[Line("a", [1], [1])]),
            "lines",
            "is logarithmic",
        ),
        (replace(LINES, lines=[Line("a", range(1, 402), range(401))]), "lines", f"at most {MOST_POINTS}"),
        (replace(LINES, lines=[Line("a", [0, 1], [1, 1])]), "lines", "“batch” is logarithmic"),
        (replace(LINES, points=[Point("p", 1, 1, "pink")]), "lines", "no look “pink”"),
        (replace(LINES, points=[Point("p", 1, 1)] * 61), "lines", "at most 60"),
        (replace(BARS, bars=[Bar("b", [Part("p", -1.0)])]), "bars", "0 or more"),
        (replace(BARS, bars=[Bar("b", [Part("p", nan)])]), "bars", "0 or more"),
        (replace(LINES, gate=replace(GATE, seconds=0.0)), "gate", "above 0"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_one_line(shown, drawing, told):
    with pytest.raises(LessonlibError, match=told) as refused:
        shown.refuse([drawing])
    assert "\n" not in str(refused.value)


def test_a_gap_on_a_logarithmic_axis_is_no_fault():
    replace(LINES, y=Axis("time", "s", log=True), lines=[Line("a", [1, 2], [1.0, None])]).refuse(["lines"])
