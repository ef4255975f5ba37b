"""What a fleet hands to the page, what it prints, and what it refuses in one line."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.draw.columns import column
from lessonlib.draw.fleet_view import MOST_BYTES, MOST_DOTS, FleetView, Spell, count_at
from tests.show.fleet.made_up import EDGES, SCALED, full, lane, pools


def test_a_column_tells_how_many_are_alike() -> None:
    assert column([1, 1, 1, 2, None, None]) == [(1, 3), 2, (None, 2)]
    assert column([]) == []


def test_the_drawing_is_in_milliseconds_requests_and_per_cent() -> None:
    drawn = SCALED.view()["drawn"]
    assert drawn["edges"] == [0, 10000, 55000]
    assert drawn["ttft"] == [50, 60, 500, 4000, 50, None]
    assert drawn["ready"][:2] == [(0, 2), (20000, 3)] and drawn["desired"] == [(0, 2), (10000, 3), (40000, 2)]
    first, second, slow, away = drawn["lanes"]
    assert first["states"] == [(0, "r")] and away["states"] == [(0, "o")] and slow["slow"] == 2.0
    assert second["states"] == [(0, "o"), (10000, "s"), (20000, "r"), (40000, "d"), (45000, "o")]
    assert slow["states"] == [(0, "r"), (25000, "f"), (35000, "r"), (45000, "t")]
    assert first["running"] == [2, 4, 6, 8, 4, 0] and first["waiting"] == [(0, 2), 1.5, 3, (0, 2)]
    assert first["cache"] == [10, 20, 40, 80, 40, 0] and first["found"] == [0, 50, 25, 75, (None, 2)]
    assert drawn["found"] == [0, 50, 25, 75, (None, 2)] and drawn["link"] is None


def test_each_request_is_a_dot_until_they_are_too_many() -> None:
    drawn = SCALED.view()["drawn"]
    assert drawn["dot"] == 1 and drawn["dots"][:6] == [1000, 0, 3000, 2, 5000, 0]
    assert sum(drawn["dots"][::2]) == 41000 and len(drawn["dots"]) == 2 * len(SCALED.routed)
    many = full().view()["drawn"]
    assert many["dot"] == 4 and len(many["dots"]) == 2 * 1250 and len(many["dots"]) <= 2 * MOST_DOTS


def test_the_link_counts_from_one_cache_to_the_next() -> None:
    link = pools().view()["drawn"]["link"]
    assert link["sent"] == [2000, 4000, 0, 1, 10000, 2000, 0, 2, 10000, 7000, 0, 1]
    assert link["traffic"] == [1, 2, 2.5, 2, (0, 2)] and link["capacity"] == 2.5
    assert [one["pool"] for one in pools().view()["drawn"]["lanes"]] == ["prefill", "decode", "decode"]


def test_what_is_printed() -> None:
    view = SCALED.view()
    assert view["facts"] == [
        "0.22 requests a second", "2.6 replicas there on average, 2.2 of them ready", "50 % of the prompt tokens found in a cache",
    ]  # fmt: skip
    assert view["rows"][0] == ["replica 0", "6", "55 s", "4", "0.75", "3", "32 %", "50 %"]
    assert view["rows"][2][0] == "replica 2, 2 times slower" and view["rows"][2][2] == "45 s"
    assert view["rows"][3] == ["replica 5", "0", "0 s", "0", "0", "0", "0 %", "–"]
    head, rows = view["windows"]["head"], view["windows"]["rows"]
    assert head == ["window from", "requests/s", "TTFT p99", "ready", "desired", "running, mean", "waiting, mean", "at the router, mean", "prompt found in cache"]  # fmt: skip
    assert rows[3] == ["30 s", "0.2", "4 s", "2", "3", "24", "9", "1", "75 %"] and rows[5][2] == "–"
    assert len(full().view()["windows"]["rows"]) <= 12
    link = pools().view()
    assert link["facts"][-1] == "1.25 GB/s on the link on average" and link["windows"]["rows"][2][-1] == "2.5 GB/s"
    assert [row[0] for row in link["rows"]] == ["prefill 0", "decode 1", "decode 2"]


def test_shares_are_those_of_all_windows() -> None:
    first = SCALED.lanes[0]
    assert first.found == [0.0, 0.5, 0.25, 0.75, None, None] and first.found_in_all == 0.5
    assert SCALED.lanes[3].found_in_all is None and SCALED.lanes[2].seconds("failed", "stalled") == 20
    assert count_at(SCALED.ready, 24.9) == 3 and count_at(SCALED.ready, 25.0) == 2 and count_at([], 1.0) == 0


def test_the_seal_counts_replicas_not_windows() -> None:
    sealed = SCALED.sealed
    assert sealed["running"] == [24, 24, 24, 0] and sealed["came"] == [6, 6, 6, 0] and sealed["arrivals"] == 12
    assert sealed["states"][1] == [20, 10, 20, 5, 0, 0]
    for change in ({"router": "random"}, {"label": "x"}, {"held": [0.0] * 6}, {"desired": ()}):
        assert replace(SCALED, **change).sealed != sealed
    assert pools().sealed["link"] == [7.5e9, 4.5]


@pytest.mark.parametrize("shown", [full(), full(lanes=8, windows=240)], ids=["sixteen lanes", "240 windows"])
def test_the_most_that_can_be_drawn_is_a_small_panel(shown: FleetView) -> None:
    shown.refuse()
    assert len(json.dumps(shown.view(), separators=(",", ":")).encode()) < MOST_BYTES


READY = [Spell(0.0, 55.0, "ready")]
FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "no finding": ({"finding": " "}, "FleetView.finding is empty"),
    "no number": ({"finding": "Busy."}, "its finding “Busy.” must state what is seen with a number"),
    "one replica": ({"lanes": SCALED.lanes[:1]}, "a fleet has 2 to 16 replicas here, not 1: one alone is a timeline"),
    "too many": ({"lanes": [replace(SCALED.lanes[0], number=n) for n in range(17)]}, "2 to 16 replicas here, not 17"),
    "no window": ({"edges": [0.0]}, "1 to 240 windows, not 0"),
    "windows": ({"edges": [0.1 * n for n in range(242)]}, "1 to 240 windows, not 241"),
    "edges": ({"edges": [0.0, 10.0, 5.0, 30.0, 40.0, 50.0, 55.0]}, "each is above the one before"),
    "a short column": ({"arrivals": [1, 2]}, "arrivals: 2 values for 6 windows"),
    "below 0": ({"lanes": [replace(SCALED.lanes[0], waiting=[-1.0] * 6), *SCALED.lanes[1:]]}, "waiting of replica 0: a value is below 0"),
    "a share": ({"lanes": [replace(SCALED.lanes[0], cache=[1.2] * 6), *SCALED.lanes[1:]]}, "replica 0: a share of its cache is above 1"),
    "twice": ({"lanes": [SCALED.lanes[0], SCALED.lanes[0]]}, "two lanes have one number"),
    "a state": ({"lanes": [lane(0, (0.0, 55.0, "asleep")), *SCALED.lanes[1:]]}, "replica 0 is 'asleep'; a state is off, starting"),
    "a hole": ({"lanes": [lane(0, (0.0, 5.0, "ready"), (6.0, 55.0, "ready")), *SCALED.lanes[1:]]}, "its states follow each other"),
    "a pool": ({"lanes": [replace(SCALED.lanes[0], pool="decode"), *SCALED.lanes[1:]]}, "“prefill” or “decode” where there is a link"),
    "nobody": ({"routed": [(1.0, 9)]}, "requests go to replica 9, which has no lane"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_what_cannot_be_drawn_is_said_in_one_line(fault: str) -> None:
    change, told = FAULTS[fault]
    with pytest.raises(LessonlibError) as raised:
        replace(SCALED, **change).refuse()
    assert told in str(raised.value) and "\n" not in str(raised.value)


def test_too_many_bytes_are_refused() -> None:
    with pytest.raises(
        LessonlibError, match=r"a fleet of [\d,]+ bytes for the page, at most 60,000: take longer windows"
    ):
        full(windows=240).refuse()
    assert len(EDGES) == 7
    SCALED.refuse()
    pools().refuse()
