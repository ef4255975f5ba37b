"""What a timeline is given: refused in one line where it cannot be drawn, and small whole numbers for the page where it can."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from itertools import accumulate, pairwise
from typing import Any

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.draw.timeline import COLUMNS, MOST_LANES, MOST_STEPS, Chunk, Lane, Step, Timeline, Waits, Written

#: one request is read in two chunks while another writes, is preempted and read again
STEPS = [
    Step(0.0, 0.02, 100, 1, 7, 0, 1, 0),
    Step(0.02, 0.05, 40, 1, 10, 1, 2, 1),
    Step(0.06, 0.0712345, 60, 2, 14, 1, 2, 0),
    Step(0.0712345, 0.08, 101, 1, 14, 1, 2, 0),
]
FIRST = Lane(
    0, 100, 4, 0.0, chunks=[Chunk(0, 100), Chunk(3, 101, again=True)], written=[Written(0, [1, 1, 1]), Written(3, [1])],
    preempted_s=[0.0712345], waits=[(0.0, 0.001), (0.0712345, 0.0712345)], first_token_s=0.02, finished_s=0.08,
)  # fmt: skip
SECOND = Lane(
    1, 120, 5, 0.01, cached=20, waits=[(0.01, 0.02)], chunks=[Chunk(1, 40), Chunk(2, 60)], written=[Written(2, [1])]
)
WAITS = Waits((0.001, 0.01, 0.01), (0.02, 0.06, 0.06), (0.03, float("nan"), 0.0312), 61.2345, 2)
RUN = Timeline("Two requests in 4 steps.", [FIRST, SECOND], STEPS, 20, WAITS, seats=2, budget=2048)


def test_what_can_be_drawn_is_not_refused() -> None:
    RUN.refuse()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"finding": " "}, "finding is empty"),
        ({"lanes": []}, f"1 to {MOST_LANES} lanes, not 0"),
        ({"lanes": [replace(FIRST, number=n, chunks=[], written=[]) for n in range(MOST_LANES + 1)]}, "not 49"),
        ({"steps": []}, "1 to 1,200 steps, not 0"),
        (
            {"steps": [Step(n, n + 1, 0, 0, 0, 0, 0, 0) for n in range(MOST_STEPS + 1)]},
            "not 1,201: take a shorter stretch",
        ),
        ({"lanes": [FIRST, FIRST]}, "two lanes have one number"),
        ({"steps": [replace(STEPS[0], end_s=0.0), *STEPS[1:]]}, "step 0 goes from 0.0 to 0.0 s"),
        ({"steps": [replace(STEPS[0], start_s=-1.0), *STEPS[1:]]}, "begins at 0 or later"),
        ({"steps": [*STEPS[:3], replace(STEPS[3], end_s=float("inf"))]}, "step 3 goes from"),
        ({"steps": [replace(STEPS[0], waiting=-1), *STEPS[1:]]}, "step 0 has a number below 0"),
        ({"steps": [replace(STEPS[0], end_s=0.03), *STEPS[1:]]}, "step 1 begins before the one before it has ended"),
        ({"kv_blocks": 14}, "step 2 has 15 blocks of a cache of 14"),
        (
            {"lanes": [replace(SECOND, chunks=[Chunk(1, 41)])]},
            "the lanes have 41 prompt tokens in step 1, which has 40",
        ),
        ({"lanes": [replace(SECOND, written=[Written(2, [3])])]}, "3 answer tokens in step 2, which has 2"),
        ({"lanes": [replace(SECOND, chunks=[Chunk(4, 1)])]}, "tokens in step 4; there are 0 to 3"),
        ({"lanes": [replace(SECOND, written=[Written(2, [36])])]}, "request 1 writes 36 tokens in a step; 0 to 35"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_one_line(change: dict[str, Any], told: str) -> None:
    with pytest.raises(LessonlibError, match=re.escape(told)) as raised:
        replace(RUN, **change).refuse()
    assert "\n" not in str(raised.value)


def test_the_page_gets_whole_numbers() -> None:
    drawn = RUN.view()["drawn"]
    assert drawn["begin"] == 0 and drawn["lasts"] == [20000, 30000, 11234, 8766]
    assert drawn["pauses"] == [2, 10000], "the engine stood still before the third step"
    assert drawn["answer"] == [(1, 2), 2, 1] and drawn["running"] == [1, (2, 3)]
    assert (drawn["blocks"], drawn["seats"], drawn["budget"]) == (20, 2, 2048)
    first, second = drawn["lanes"]
    assert first["chunks"] == [0, 100, 0, 3, 101, 1] and first["written"] == [(0, "111"), (3, "1")]
    assert first["preempted"] == [71234] and first["done"] == 80000
    assert second["waits"] == [10000, 20000] and second["cached"] == 20 and second["done"] is None


def test_steps_are_rounded_without_a_drift() -> None:
    steps = [Step(n / 3e6, (n + 1) / 3e6, 0, 1, 0, 0, 1, 0) for n in range(300)]
    lane = Lane(0, 1, 300, 0.0)
    lasts = replace(RUN, lanes=[lane], steps=steps).view()["drawn"]["lasts"]
    assert sum(lasts) == 100, "300 steps of a third of a microsecond"


@pytest.mark.parametrize(
    ("tokens", "text"),
    [([1] * 57 + [2, 3], "1(57)23"), ([1, 1, 1], "111"), ([0, 0, 0, 0, 35], "0(4)z"), ([10, 11], "ab"), ([], "")],
)
def test_the_tokens_of_a_step_are_a_digit(tokens: list[int], text: str) -> None:
    lane = replace(SECOND, written=[Written(0, tokens)])
    assert replace(RUN, lanes=[lane]).view()["drawn"]["lanes"][0]["written"] == [(0, text)]


def test_what_is_printed() -> None:
    view = RUN.view()
    assert view["waits"] == {
        "head": ["p50", "p90", "p99"],
        "rows": [
            ["a seat", "1 ms", "10 ms", "10 ms"],
            ["the first token", "20 ms", "60 ms", "60 ms"],
            ["the next token", "30 ms", "–", "31.2 ms"],
        ],
        "speed": "61.2 tok/s",
        "requests": "2",
    }
    assert len(view["columns"]) == len(view["rows"][0]) == 12
    assert view["rows"][0] == ["0", "100", "0", "4", "0 s", "0 s", "1 ms", "20 ms", "80 ms", "1", "0 s", "101"]
    assert view["rows"][1] == ["1", "120", "20", "5", "10 ms", "0 s", "10 ms", "–", "–", "0", "0 s", "0"]
    drafts = replace(RUN, lanes=[replace(SECOND, written=[Written(2, [2])])]).view()
    assert drafts["waits"]["rows"][2][0] == "the next output", "a step may bring several tokens"


def test_each_wait_is_counted_in_one_column() -> None:
    """1 s with the server, 2 s in the queue, and 3 s more after a preemption."""
    lane = Lane(
        0,
        100,
        5,
        1.0,
        queued_s=2.0,
        waits=[(2.0, 4.0), (6.0, 9.0)],
        preempted_s=[6.0],
        first_token_s=5.0,
        finished_s=10.0,
    )
    row = dict(zip(COLUMNS, replace(RUN, lanes=[lane]).view()["rows"][0], strict=True))
    names = ("came", "server's own", "waited for a seat", "first token after", "waited again")
    assert [row[name] for name in names] == ["1 s", "1 s", "2 s", "4 s", "3 s"]
    assert replace(RUN, lanes=[lane]).view()["drawn"]["lanes"][0]["own"] == [1000000, 2000000]


def test_the_seal_counts_requests_not_steps() -> None:
    sealed = RUN.sealed
    assert sealed["first token"] == [0.02, -1.0] and sealed["read again"] == [101, 0]
    assert sealed["steps"] == [4, 0.08, pytest.approx(0.07), 301, 5] and sealed["most"] == [15, 2, 1]
    assert sealed["sums"] == [45, 3, 7, 1]
    assert replace(RUN, seats=None).sealed != sealed
    other = [replace(STEPS[0], prompt=101), *STEPS[1:]]
    assert replace(RUN, steps=other).sealed != sealed


def test_forty_lanes_and_six_hundred_steps_are_a_small_panel() -> None:
    """The worst of it: no two steps alike, and everybody writes in every step another number of tokens."""
    edges = list(accumulate(0.013 + 1e-5 * (n % 97) for n in range(601)))
    steps = [
        Step(since, until, 2048 - n % 7, 160 - n % 11, 9000 + 3 * n, n % 5, 40, n % 13)
        for n, (since, until) in enumerate(pairwise(edges))
    ]
    lanes = [
        Lane(
            n, 12345, 987, 0.1 * n, waits=[(0.1 * n, 0.2 * n)],
            chunks=[Chunk(place, 12, place % 2 > 0) for place in range(n, n + 12)],
            written=[Written(0, [1 + (n + place) % 3 for place in range(600)])],
        )
        for n in range(40)
    ]  # fmt: skip
    assert len(json.dumps(replace(RUN, lanes=lanes, steps=steps, kv_blocks=20000).view())) < 60_000
