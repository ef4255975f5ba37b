"""Numbers of a server to the digit where a slip would not show, and what is not told because no server can have it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.base.fetch import Page
from lessonlib.cli.main import main
from lessonlib.probe import fetch
from lessonlib.probe.probe import probe
from lessonlib.probe.prometheus import read_prometheus, series_of
from lessonlib.probe.reading import Finding, Reading, findings, lengths
from lessonlib.probe.reading_report import reading_data
from lessonlib.probe.roofs import impossible, roofs
from lessonlib.probe.targets import timelines_of
from lessonlib.probe.timeline import MOST_SAMPLES, Scrape, Timeline, key_of, parse
from lessonlib.probe.window import Window
from lessonlib.roofline import load_lab
from tests.inputs.kinds_network import KEY
from tests.inputs.wire import forever, http, says, serving
from tests.probe.standin import Traffic, page

OWN = {"engine": "0", "model_name": "m"}


def scrape(at: float, engine: str = "0", **values: float) -> Scrape:
    """A scrape with these metrics, named without their prefix."""
    return Scrape(at, {key_of(f"vllm:{name}", {**OWN, "engine": engine}): value for name, value in values.items()})


def told(*scrapes: Scrape, server: str = "a") -> dict[str, Finding]:
    return findings(Window([Timeline(server, scrapes)]))


# --- addresses and sizes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url", ["http://me@host", "http://:hush-hush@host", "http://me:hush-hush@host", "hush-hush@host"]
)
def test_neither_a_user_nor_a_password_has_a_place_in_an_address(url: str) -> None:
    with pytest.raises(LessonlibError, match="no user or password in the address") as caught:
        fetch.checked_url(url)
    assert "hush" not in str(caught.value)


def test_a_password_of_an_address_that_is_none_is_not_repeated() -> None:
    with pytest.raises(LessonlibError) as caught:
        fetch.checked_url("http://me:hush-hush@[::1")
    assert "hush" not in str(caught.value)


def test_a_page_is_read_up_to_32_megabytes() -> None:
    assert fetch.LIMITS.body_bytes == 32_000_000 and fetch.LIMITS.seconds == 10
    endless = forever(b"HTTP/1.1 200 OK\r\n\r\n", b"# x\n" * 16_000)
    with serving(endless) as url, pytest.raises(LessonlibError, match="larger than 32 MB"):
        probe(f"{url}/metrics", 0)


@pytest.mark.parametrize("more", [0, 1])
def test_a_page_has_so_many_samples_at_most(more: int) -> None:
    lines = "".join(f'vllm:num_requests_running{{engine="{n}"}} 1\n' for n in range(MOST_SAMPLES + more))
    if more:
        with pytest.raises(LessonlibError, match="more than 10,000 samples"):
            parse(lines, 0.0, "here")
    else:
        assert len(parse(lines, 0.0, "here").values) == MOST_SAMPLES


def test_labels_that_repeat_the_token_are_struck(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LESSONLIB_TOKEN", KEY)
    with serving(says(http(body=page(Traffic(), 50, model=f"a-{KEY}-b").encode()))) as url:
        assert main(["probe", f"{url}/metrics", "--window", "0", "--json"]) == 0
    out = capsys.readouterr().out
    assert KEY not in out and json.loads(out)["model"] == "a-•••-b"


# --- counters ------------------------------------------------------------------------------------------------------------


def test_a_sum_that_falls_counts_as_less_and_a_counter_that_falls_as_a_restart() -> None:
    name = "time_to_first_token_seconds"
    line = Timeline(
        "a",
        [
            scrape(0, **{f"{name}_sum": 50.0, f"{name}_count": 10}),
            scrape(1, **{f"{name}_sum": 20.0, f"{name}_count": 14}),
        ],
    )
    assert line.increase(f"vllm:{name}_sum") == -30 and line.increase(f"vllm:{name}_count") == 4
    ttft = findings(Window([line]))["ttft_s"]
    assert ttft.value is None and "timed wrongly" in ttft.reason


def test_a_server_with_a_sum_that_fell_spoils_no_speed_silently() -> None:
    names = {"request_prefill_time_seconds_count": 10.0, "request_prompt_tokens_count": 10.0}
    first = scrape(0, request_prefill_time_seconds_sum=100.0, request_prompt_tokens_sum=0.0, **names)
    later = scrape(1, request_prefill_time_seconds_sum=20.0, request_prompt_tokens_sum=4000.0, **names)
    found = told(first, later)["prefill_tokens_per_s"]
    assert found.value is None and "timed wrongly" in found.reason


def test_the_window_is_the_longest_that_any_server_was_looked_at() -> None:
    tokens = "generation_tokens_total"
    lines = [
        Timeline("a", [scrape(0, **{tokens: 0}), scrape(10, **{tokens: 300})]),
        Timeline("b", [scrape(0, **{tokens: 0}), scrape(40, **{tokens: 500})]),
    ]
    window = Window(lines)
    assert window.seconds == 40
    assert findings(window)["window_generation_tokens_per_s"].value == 20


def test_the_first_tokens_of_requests_that_still_run_are_no_decode() -> None:
    first = scrape(
        0,
        generation_tokens_total=0,
        inter_token_latency_seconds_sum=0,
        inter_token_latency_seconds_count=0,
        time_to_first_token_seconds_count=0,
        time_to_first_token_seconds_sum=0,
    )
    later = scrape(
        1,
        generation_tokens_total=120,
        inter_token_latency_seconds_sum=2.0,
        inter_token_latency_seconds_count=100,
        time_to_first_token_seconds_count=20,
        time_to_first_token_seconds_sum=9,
    )
    assert told(first, later)["decode_tokens_per_s"].value == (120 - 20) / 2.0


def test_the_estimated_flops_are_of_one_gpu_of_one_engine() -> None:
    flops = "estimated_flops_per_gpu_total"
    values = [
        {**scrape(at, "0", **{flops: 1e15 * at}).values, **scrape(at, "1", **{flops: 3e15 * at}).values}
        for at in (0.0, 10.0)
    ]
    line = Timeline("a", [Scrape(0.0, values[0]), Scrape(10.0, values[1])])
    assert findings(Window([line]))["flops_per_gpu"].value == pytest.approx(2e15)


# --- Prometheus ---------------------------------------------------------------------------------------------------------


def series(at: list[float], **labels: str) -> tuple[dict[str, str], list[tuple[float, float]]]:
    return {"__name__": "vllm:generation_tokens_total", **OWN, **labels}, [(moment, 100 * moment) for moment in at]


@pytest.mark.parametrize(
    ("other", "servers"),
    [
        ({"job": "b"}, 1),  # another job looked at the same server
        ({"job": "a", "pod": "y"}, 2),  # the same job has two servers that did the same
        ({"job": "b", "instance": "h2"}, 2),
        ({"job": "b", "instance": ""}, 2),
    ],
)
def test_a_server_is_told_twice_only_by_another_job(other: dict[str, str], servers: int) -> None:
    one = {"job": "a", "instance": "h1", "pod": "x"}
    lines, notes = timelines_of([series([0, 1], **one), series([0, 1], **{**one, **other})])
    assert len(lines) == servers and bool(notes) == (servers == 1)


def test_two_scrapes_are_needed_of_a_server() -> None:
    with pytest.raises(LessonlibError, match="only one scrape"):
        timelines_of([series([5], instance="a")])
    lines, _ = timelines_of([series([5], instance="a"), series([5, 6], instance="b")])
    assert [line.server for line in lines] == ["b"]


@pytest.mark.parametrize(("window", "asked"), [(1.0, "[1s]"), (1.2, "[2s]"), (59.9, "[60s]"), (60, "[60s]")])
def test_prometheus_is_asked_for_whole_seconds_that_hold_the_window(
    window: float, asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    queries: list[str] = []

    def get(_: str, params: dict[str, str]) -> Page:
        queries.append(params["query"])
        return Page(200, '{"status": "success", "data": {"result": []}}')

    monkeypatch.setattr(fetch, "get", get)
    with pytest.raises(LessonlibError, match="no vllm: metric"):
        read_prometheus("http://x", window)
    assert queries[0].endswith(asked)


def test_an_answer_of_prometheus_is_read_as_it_stands() -> None:
    labels = {"__name__": "vllm:x", "pod": "p"}
    result = [{"metric": labels, "values": [[1, "5"], [2.5, "NaN"], [3, "1e400"]]}]
    (found,) = series_of(json.dumps({"status": "success", "data": {"result": result}}), "here")
    assert found[0] == labels and found[1][0] == (1.0, 5.0)
    assert [at for at, _ in found[1]] == [1.0, 2.5, 3.0] and all(math.isnan(value) for _, value in found[1][1:])


# --- what cannot be -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("factor", [0.999, 1.001, 1.5, 3.0])
@pytest.mark.parametrize("key", ["prefill_tokens_per_s", "decode_tokens_per_s", "flops_per_gpu"])
def test_any_speed_above_its_ceiling_is_impossible(key: str, factor: float) -> None:
    lab = load_lab()
    reading = Reading("x", "m", 1, 10.0, 5.0, findings(Window([Timeline("a", [scrape(0.0, num_requests_running=1)])])))
    ceiling = roofs(reading, lab)[key][0]
    found = {**reading.findings, key: replace(reading.findings[key], value=factor * ceiling)}
    over = replace(reading, findings=found)
    assert len(impossible(over, roofs(over, lab))) == (factor > 1)


IMPOSSIBLE: dict[str, tuple[str, Callable[[], dict[str, float]]]] = {
    "more hits than queries": (
        "cache_hit_share",
        lambda: {"prefix_cache_hits_total": 30, "prefix_cache_queries_total": 20},
    ),
    "a KV cache in per cent": ("kv_cache_usage", lambda: {"kv_cache_usage_perc": 37.0}),
    "a negative share": ("kv_cache_usage", lambda: {"kv_cache_usage_perc": -0.1}),
    "fewer than none": ("requests_running", lambda: {"num_requests_running": -3}),
    "a time beyond all bounds": (
        "e2e_s",
        lambda: {"e2e_request_latency_seconds_sum": 1e30, "e2e_request_latency_seconds_count": 1e-9},
    ),
    "a ratio beyond all bounds": (
        "prompt_to_generation",
        lambda: {"prompt_tokens_total": 1e30, "generation_tokens_total": 1e-300},
    ),
}


@pytest.mark.parametrize("what", IMPOSSIBLE)
def test_what_no_server_can_have_is_not_told(what: str) -> None:
    key, values = IMPOSSIBLE[what]
    found = told(scrape(0.0, **values()))[key]
    assert found.value is None and "which is impossible" in found.reason


def test_a_full_cache_and_a_whole_share_are_possible() -> None:
    values = {"kv_cache_usage_perc": 1.0, "prefix_cache_hits_total": 20, "prefix_cache_queries_total": 20}
    found = told(scrape(0.0, **values))
    assert found["kv_cache_usage"].value == 1 and found["cache_hit_share"].value == 1


@pytest.mark.parametrize("value", [1e308, math.inf, -math.inf, math.nan, 1e33, -1e33])
def test_values_beyond_all_counting_are_no_numbers(value: float) -> None:
    text = page(Traffic(), 50) + page(Traffic(), 50, engine="1")
    text = "\n".join(
        f"{line.rpartition(' ')[0]} {value}" if "generation_tokens_total" in line else line
        for line in text.splitlines()
    )
    line = Timeline("a", [parse(text + "\n", 0.0, "a")])
    assert line.spoiled("vllm:generation_tokens_total") and line.increase("vllm:generation_tokens_total") == 0


@pytest.mark.parametrize("tokens", [1e8, 1e20, -5.0, 0.0])
def test_lengths_that_no_request_has_are_not_taken(tokens: float) -> None:
    window = Window([Timeline("a", [scrape(0.0, request_prompt_tokens_sum=tokens, request_prompt_tokens_count=1.0)])])
    assert lengths(window) == {}
    reading = Reading("x", "m", 1, 0.0, 1.0, findings(window), (), lengths(window))
    assert roofs(reading, load_lab())["decode_tokens_per_s"][0] > 0


@pytest.mark.parametrize("value", ["1e308", "NaN", "+Inf", "-Inf", "5e-324", "-1", "1e31"])
def test_the_json_of_a_reading_is_json(value: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """For every metric there is, one at a time: a number, or null with its reason."""
    from lessonlib.probe.metrics import every_name

    def no_constant(name: str) -> Any:
        raise AssertionError(name)

    whole = page(Traffic(), 50)
    for name in every_name():
        text = "\n".join(
            f"{line.rpartition(' ')[0]} {value}" if line.startswith(f"{name}{{") else line
            for line in whole.splitlines()
        )
        scraped = parse(f"{text}\n", 0.0, "a")
        window = Window([Timeline("a", [scraped, replace(scraped, at=1.0)]), Timeline("b", [scraped])])
        reading = Reading("x", "m", 1, window.seconds, 1.0, findings(window), (), lengths(window))
        data = json.loads(json.dumps(reading_data(reading, roofs(reading, load_lab()))), parse_constant=no_constant)
        assert all((data[key] is None) == (key in data["reasons"]) for key in reading.findings)
        assert all(data["reasons"].values())
