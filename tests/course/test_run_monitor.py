"""A run as its monitoring shows it: each ready chart against the run itself, by hand and by the page of metrics."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.course.shared.run_monitor import READY, monitor_of
from lessonlib.draw.monitor import Mark
from lessonlib.roofline import load_lab
from lessonlib.serving import Poisson, Result, Scheduler, Speculation, Telemetry, exposition, fixed, log_lines, simulate

FROM_S, UNTIL_S, WINDOW_S = 20.0, 80.0, 10.0


@cache
def run(drafts: int = 0, seats: int = 16) -> Result:
    """More requests than seats: a queue that grows."""
    scheduler = Scheduler(max_num_seqs=seats, speculation=Speculation(drafts, 0.7) if drafts else None)
    work = fixed(prompt=2000, output=300, requests=500, arrivals=Poisson(5.0), seed=3)
    return simulate(load_lab("qwen3-32b-h200").system, work, scheduler)


def values(name: str, result: Result | None = None, **given: object) -> list[float | None]:
    """What one chart says at each scrape; two others beside it, for a monitor has three."""
    others = [other for other in ("running", "waiting", "kv_usage") if other != name][:2]
    stretch = {"from_s": FROM_S, "until_s": UNTIL_S, "window_s": WINDOW_S, **given}
    shown = monitor_of(result or run(), charts=(name, *others), **stretch)
    return list(shown.charts[0].values)


def begin(result: Result) -> float:
    return float(result.requests["arrival_s"].min())


def test_times_are_the_ends_of_the_windows_and_the_axis_begins_before_them() -> None:
    shown = monitor_of(run(), charts=("running", "waiting", "ttft_p99"), from_s=FROM_S, until_s=UNTIL_S)
    view = shown.view()
    assert shown.times == [30.0, 40.0, 50.0, 60.0, 70.0, 80.0] and view["from_s"] == FROM_S
    assert view["clocks"][0] == "09:00:30" and view["ticks"][0]["text"] == "09:00:30"
    assert [chart.query for chart in shown.charts] == [
        "vllm:num_requests_running",
        "vllm:num_requests_waiting",
        "histogram_quantile(0.99, rate(vllm:time_to_first_token_seconds_bucket[10s]))",
    ]


def test_gauges_are_those_of_the_scrape() -> None:
    told = Telemetry(run())
    at = [begin(run()) + FROM_S + WINDOW_S * turn for turn in range(1, 7)]
    for chart, gauge, scale in (
        ("running", "vllm:num_requests_running", 1),
        ("waiting", "vllm:num_requests_waiting", 1),
        ("kv_usage", "vllm:kv_cache_usage_perc", 100),
    ):
        assert values(chart) == [scale * told.gauges(moment)[gauge] for moment in at]
    assert values("running") == [16.0] * 6 and sorted(values("waiting")) == values("waiting")


def test_a_rate_is_the_rise_of_the_counter_on_the_page_of_metrics() -> None:
    told = Telemetry(run())

    def counter(name: str, seconds: float) -> float:
        page = exposition(told, begin(run()) + seconds)
        return sum(float(line.rsplit(" ", 1)[1]) for line in page.splitlines() if line.startswith(f"{name}{{"))

    for chart, name in (
        ("generation_tokens", "vllm:generation_tokens_total"),
        ("prompt_tokens", "vllm:prompt_tokens_total"),
        ("finished", "vllm:request_success_total"),
    ):
        rises = [
            (counter(name, FROM_S + WINDOW_S * (turn + 1)) - counter(name, FROM_S + WINDOW_S * turn)) / WINDOW_S
            for turn in range(6)
        ]
        assert values(chart) == pytest.approx(rises)
    mean = [
        (counter("vllm:time_to_first_token_seconds_sum", until) - counter("vllm:time_to_first_token_seconds_sum", until - WINDOW_S))
        / (counter("vllm:time_to_first_token_seconds_count", until) - counter("vllm:time_to_first_token_seconds_count", until - WINDOW_S))
        for until in (30.0, 40.0, 50.0, 60.0, 70.0, 80.0)
    ]  # fmt: skip
    assert values("ttft_mean") == pytest.approx(mean)


def test_the_true_percentile_is_a_wait_and_the_drawn_one_lies_in_its_bucket() -> None:
    rows = run().requests
    for turn, (true, drawn) in enumerate(zip(values("ttft_p99_true"), values("ttft_p99"), strict=True)):
        low = begin(run()) + FROM_S + WINDOW_S * turn
        inside = (rows["first_token_s"] > low) & (rows["first_token_s"] <= low + WINDOW_S)
        waits = np.sort(rows["ttft_s"][inside])
        assert true == waits[int(np.ceil(0.99 * len(waits) - 1e-9)) - 1]
        bounds = (0.0, *Telemetry(run()).bounds["vllm:time_to_first_token_seconds"])
        place = int(np.searchsorted(bounds, true))
        assert bounds[place - 1] <= drawn <= bounds[place]


def test_shares_and_means() -> None:
    assert all(0 <= value <= 100 for name in ("kv_usage", "gpu_busy", "prefix_hits") for value in values(name))
    assert values("gpu_busy") == pytest.approx([100.0] * 6, abs=0.1), "nobody waits while the server does nothing"
    assert values("prefix_hits") == [0.0] * 6 and values("preemptions") == [0.0] * 6
    assert all(
        between > 0 and step >= 16 for between, step in zip(values("itl_mean"), values("step_tokens"), strict=True)
    )
    assert all(queue < whole for queue, whole in zip(values("queue_mean"), values("e2e_mean"), strict=True))


def test_drafts_by_their_counters_and_none_where_there_are_none() -> None:
    assert values("acceptance_length") == [None] * 6
    length, share = values("acceptance_length", run(3)), values("draft_acceptance", run(3))
    assert length == pytest.approx([1 + 3 * part / 100 for part in share])
    assert length == pytest.approx([1 + 0.7 + 0.7**2 + 0.7**3] * 6, rel=0.02)


def test_nothing_counted_is_no_value() -> None:
    late = run().simulated_s + 20
    assert values("ttft_mean", from_s=late, until_s=late + 60) == [None] * 6
    assert values("running", from_s=late, until_s=late + 60) == [0.0] * 6


def test_the_log_is_the_servers_and_of_many_lines_some_are_taken() -> None:
    charts = ("running", "waiting", "kv_usage")
    shown = monitor_of(run(), charts=charts, from_s=FROM_S, until_s=UNTIL_S)
    lines = dict(log_lines(Telemetry(run())))
    assert [line.at_s for line in shown.log] == [30.0, 40.0, 50.0, 60.0, 70.0, 80.0]
    assert all(line.text == lines[line.at_s] for line in shown.log)
    slow = run(seats=1)
    long = monitor_of(slow, charts=charts, from_s=0.0, until_s=1200.0, window_s=20.0)
    assert len(long.log) == 60 and long.log[-1].at_s == 1200.0 and long.log[0].at_s == 20.0
    assert monitor_of(run(), charts=charts, from_s=FROM_S, until_s=UNTIL_S, log=False).log == ()


def test_a_second_run_stands_beside_the_first_in_every_chart() -> None:
    shown = monitor_of(
        run(),
        charts=("running", "waiting", "ttft_p99"),
        from_s=FROM_S,
        until_s=UNTIL_S,
        mend=run(seats=64),
        marks=[Mark(40.0, "deploy")],
    )
    assert list(shown.charts[0].compare) == values("running", run(seats=64))
    assert max(shown.charts[1].compare) < max(shown.charts[1].values)
    assert shown.view()["compare"] == "with the mend" and "(with the mend: " in shown.finding
    assert shown.view()["marks"][0]["clock"] == "09:00:40"


def test_the_finding_says_first_highest_and_last_unless_it_is_given() -> None:
    charts = ("running", "waiting", "kv_usage")
    shown = monitor_of(run(), charts=charts, from_s=FROM_S, until_s=UNTIL_S)
    first, last = (f"{values('waiting')[place]:.0f}" for place in (0, -1))
    assert shown.finding.startswith("From 09:00:20 to 09:01:20: requests running 16 throughout; ")
    assert f"requests waiting {first}, then {last}; KV cache in use " in shown.finding
    given = monitor_of(run(), charts=charts, from_s=FROM_S, until_s=UNTIL_S, finding="16 run.")
    assert given.finding == "16 run."


def test_what_cannot_be_shown_is_one_line() -> None:
    with pytest.raises(LessonlibError, match="no chart 'runing'; there are running, waiting"):
        monitor_of(run(), charts=("runing", "waiting", "kv_usage"), from_s=0, until_s=60)
    with pytest.raises(LessonlibError, match=r"0 s to 5 s in windows of 10 s are 0 scrapes"):
        monitor_of(run(), charts=("running", "waiting", "kv_usage"), from_s=0, until_s=5)


def test_every_ready_chart_is_one_and_names_a_metric_or_says_that_there_is_none() -> None:
    for name, ready in READY.items():
        seen = values(name, run(3) if "accept" in name else None)
        assert len(seen) == 6 and any(value is not None for value in seen), name
        assert ready.query.startswith("no metric") == name.endswith("_true"), name
    assert len({ready.title for ready in READY.values()}) == len(READY)
