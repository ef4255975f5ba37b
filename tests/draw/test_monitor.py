"""What a monitor is given to draw: clocks and ticks, its limits in one line each, ready for JSON within its bytes."""

from __future__ import annotations

import json
from dataclasses import replace
from math import inf, nan

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.draw.monitor import (
    MOST_ALERTS,
    MOST_BYTES,
    MOST_CHARTS,
    MOST_LINES,
    MOST_MARKS,
    MOST_TIMES,
    Chart,
    LogLine,
    Mark,
    Monitor,
    clock,
    summary,
    written,
)

CHARTS = (
    Chart("Requests waiting", "vllm:num_requests_waiting", [0, 12, 7]),
    Chart("KV cache in use", "vllm:kv_cache_usage_perc", [10.0, 99.98765, nan], "%", most=100.0),
    Chart("Time to first token, p99", "histogram_quantile(0.99, …)", [None, 0.25, inf], "s"),
)
SHOWN = Monitor("0 requests wait at first, 12 at 09:00:20.", [10.0, 20.0, 30.0], CHARTS, from_s=0.0)


def fault(**change: object) -> str:
    with pytest.raises(LessonlibError) as caught:
        replace(SHOWN, **change).refuse()
    return str(caught.value)


def test_what_can_be_drawn_is_ready_for_json() -> None:
    shown = replace(
        SHOWN, log=[LogLine(10.0, "Engine 000: …")], marks=[Mark(12.5, "deploy")], alerts=["TTFT p99 above 1 s"]
    )
    view = json.loads(json.dumps(shown.view(), allow_nan=False))
    assert view["clocks"] == ["09:00:10", "09:00:20", "09:00:30"] and view["from_s"] == 0
    assert [chart["values"] for chart in view["charts"]] == [[0, 12, 7], [10, 99.99, None], [None, 0.25, None]]
    assert view["log"] == [{"at": 10.0, "clock": "09:00:10", "text": "Engine 000: …"}]
    assert view["marks"] == [{"at": 12.5, "clock": "09:00:12", "label": "deploy"}] and view["compare"] == ""
    assert view["charts"][2]["steps"][-1] == [1.0, "s"] and view["charts"][1]["most"] == 100.0


def test_a_second_run_is_named_and_told_in_the_alternative() -> None:
    charts = [replace(chart, compare=[1, 2, 3]) for chart in CHARTS]
    view = replace(SHOWN, charts=charts).view()
    assert view["compare"] == "with the mend" and view["charts"][0]["compare"] == [1, 2, 3]
    assert view["charts"][0]["alt"] == (
        "Requests waiting: 0 at 09:00:10, at most 12 at 09:00:20, 7 at 09:00:30; "
        "with the mend: 1 at 09:00:10, 3 at 09:00:30"
    )


@pytest.mark.parametrize(
    ("begins", "seconds", "shown"),
    [
        ("09:00", 0, "09:00"),
        ("09:00", 130, "09:02:10"),
        ("23:59:30", 45, "00:00:15"),
        ("14:05", 3600, "15:05"),
        ("09:00", 59.6, "09:01"),
    ],
)
def test_the_clock_of_a_moment(begins: str, seconds: float, shown: str) -> None:
    assert clock(begins, seconds) == shown
    assert clock(begins, seconds, short=False).startswith(shown)


@pytest.mark.parametrize("begins", ["9:00", "24:00", "09:60", "9 am", ""])
def test_what_is_no_time_of_day(begins: str) -> None:
    assert "expected a time of day such as 09:00" in fault(begins=begins)


@pytest.mark.parametrize(
    ("begins", "start", "end", "ticks"),
    [
        ("09:00", 0, 600, ["09:00", "09:05", "09:10"]),
        ("09:00", 60, 660, ["09:05", "09:10"]),
        ("08:58:30", 0, 90, ["08:58:30", "08:59", "08:59:30", "09:00"]),
        ("09:00", 0, 30, ["09:00", "09:00:10", "09:00:20", "09:00:30"]),
        ("09:00", 0, 5400, ["09:00", "09:30", "10:00", "10:30"]),
    ],
)
def test_ticks_are_round_times_of_day_and_few(begins: str, start: float, end: float, ticks: list[str]) -> None:
    charts = [replace(chart, values=[1.0, 2.0]) for chart in CHARTS]
    shown = Monitor("1, then 2.", [start + 1, end], charts, begins, from_s=start)
    assert [tick["text"] for tick in shown.view()["ticks"]] == ticks


def test_a_chart_in_numbers() -> None:
    clocks = ["09:00", "09:01"]
    assert summary(Chart("Waiting", "w", [3, 3]), clocks) == "Waiting: 3 throughout"
    assert summary(Chart("Waiting", "w", [None, None]), clocks) == "Waiting: no value"
    assert written(1234.0, "") == "1,234" and written(0.0123, "s") == "12.3 ms" and written(None, "s") == "–"
    assert written(0.25, "/s") == "0.25/s"


def test_each_limit_is_one_line() -> None:
    assert "what is to be seen" in fault(finding="Users wait.")
    assert "2 to 120 can be drawn" in fault(times=[1.0])
    assert "2 to 120" in fault(times=[float(at) for at in range(MOST_TIMES + 1)])
    assert "above the one before" in fault(times=[1.0, 1.0, 2.0])
    assert "begins before the first time" in fault(from_s=11.0)
    assert "has 3 to 8" in fault(charts=CHARTS[:2])
    many = [replace(CHARTS[0], title=str(place)) for place in range(MOST_CHARTS + 1)]
    assert "has 3 to 8" in fault(charts=many)
    assert "two have one title" in fault(charts=[*CHARTS, CHARTS[0]])
    assert "one value for each of the 3 times" in fault(charts=[*CHARTS[:2], replace(CHARTS[2], values=[1.0])])
    assert "one value for each of the 3 times" in fault(charts=[*CHARTS[:2], replace(CHARTS[2], compare=[1.0])])
    assert "in every chart, or in none" in fault(charts=[*CHARTS[:2], replace(CHARTS[2], compare=[1.0, 2.0, 3.0])])
    assert "no value can be below" in fault(charts=[*CHARTS[:2], replace(CHARTS[2], values=[-1.0, 0, 0])])
    assert "Monitor.log" in fault(log=[LogLine(1.0, "x")] * (MOST_LINES + 1))
    assert "Monitor.marks" in fault(marks=[Mark(1.0, "x")] * (MOST_MARKS + 1))
    assert "Monitor.alerts" in fault(alerts=["x"] * (MOST_ALERTS + 1))
    assert "one line each" in fault(alerts=["two\nlines"])


def test_more_than_a_page_holds_is_refused_by_its_bytes() -> None:
    long = replace(SHOWN, log=[LogLine(10.0, "x" * 400)] * 70)
    with pytest.raises(LessonlibError, match=f"at most {MOST_BYTES:,}"):
        long.view()


def test_a_chart_is_found_by_its_title() -> None:
    assert SHOWN.chart("Requests waiting") is CHARTS[0]
    with pytest.raises(KeyError):
        SHOWN.chart("Requests")
