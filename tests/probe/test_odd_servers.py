"""Pages, servers and addresses as they are met outside: odd labels, odd clocks, other versions, other people's files."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.probe import fetch
from lessonlib.probe.lab_file import write_lab
from lessonlib.probe.probe import probe
from lessonlib.probe.reading import Reading, findings
from lessonlib.probe.targets import timelines_of
from lessonlib.probe.timeline import Timeline, key_of, parse
from lessonlib.probe.window import Window
from lessonlib.roofline import load_lab
from lessonlib.show.your_lab import open_your_lab
from tests.probe.standin import StandIn, Traffic, page, reply, running, serve

OWN = 'engine="0",model_name="made/up-27b"'


def found(*pages: str) -> dict:
    """What pages scraped a second apart say."""
    return dict(
        findings(Window([Timeline("here", [parse(text, float(second), "here") for second, text in enumerate(pages)])]))
    )


def value(text: str, name: str, new: float) -> str:
    """The page with another value of one series."""
    return (
        "\n".join(
            f"{line.rpartition(' ')[0]} {new}" if line.startswith(f"{name}{{") else line for line in text.splitlines()
        )
        + "\n"
    )


def without(text: str, *names: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith(names)) + "\n"


# --- pages ---------------------------------------------------------------------------------------------------------


def test_series_without_a_model_name_are_no_engine() -> None:
    """Every vLLM says its cache's configuration and its processor time without a model's name."""
    extra = 'vllm:cache_config_info{block_size="16",engine="0"} 1\nvllm:cpu_active_seconds_total 5\n'
    with serve(
        lambda handler: reply(handler, 200 if handler.path == "/metrics" else 404, page(Traffic(), 50) + extra)
    ) as url:
        assert probe(url, 0).engines == 1


def test_samples_of_when_a_counter_was_created_change_nothing() -> None:
    text = (
        page(Traffic(), 50)
        + f"vllm:prompt_tokens_created{{{OWN}}} 1.7e9\nvllm:time_to_first_token_seconds_created{{{OWN}}} 1.7e9\n"
    )
    assert found(text) == found(page(Traffic(), 50))


def test_openmetrics_with_exemplars() -> None:
    line = f"vllm:generation_tokens_total{{{OWN}}} 5050"
    text = page(Traffic(), 50)
    assert line in text
    marked = (
        "# TYPE vllm:generation_tokens counter\n# UNIT vllm:x tokens\n"
        + text.replace(line, f'{line} # {{trace_id="a"}} 1 1700000000.1')
        + "# EOF\n"
    )
    assert found(marked)["prompt_to_generation"].value == pytest.approx(4000 / 101)


def test_only_the_lines_that_are_read_are_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A gateway's page may have hundreds of thousands of lines."""
    from lessonlib.probe import timeline

    seen: list[str] = []
    whole = timeline.text_string_to_metric_families
    monkeypatch.setattr(timeline, "text_string_to_metric_families", lambda text: (seen.append(text), whole(text))[1])
    parse(page(Traffic(), 5) + "".join(f'gateway_bucket{{le="{n}"}} {n}\n' for n in range(20_000)), 0.0, "here")
    with pytest.raises(LessonlibError, match="metrics of: gateway"):
        parse("".join(f'gateway_bucket{{le="{n}"}} {n}\n' for n in range(20_000)), 0.0, "here")
    assert max(text.count("\n") for text in seen) <= 3000 and "gateway" not in seen[0]


def test_a_model_name_of_several_lines_is_one_line_in_the_error() -> None:
    text = page(Traffic(), 5, model="a\\nb\x1b[2J") + page(Traffic(), 5, model='q\\"uote')
    with serve(lambda handler: reply(handler, 200, text)) as url, pytest.raises(LessonlibError) as error:
        probe(f"{url}/metrics", 0)
    assert str(error.value).isprintable() and 'q"uote' in str(error.value)


# --- clocks and counts -----------------------------------------------------------------------------------------


def test_long_requests_that_neither_begin_nor_end_in_the_window_still_tell_their_decode_speed() -> None:
    """Only gaps between tokens and the tokens themselves are counted then; no prompt is timed."""
    first = page(Traffic(), 100)
    name = "vllm:inter_token_latency_seconds"
    later = value(
        value(value(first, "vllm:generation_tokens_total", 10_100 + 3000), f"{name}_count", 10_000 + 1000),
        f"{name}_sum",
        90.0 + 30.0,
    )
    told = found(first, later)
    assert told["decode_tokens_per_s"].value == pytest.approx(3000 / 30), "three tokens a gap: speculative decoding"
    assert told["decode_tokens_per_s"].how == f"(vllm:generation_tokens_total - first tokens) / {name}_sum"
    assert told["prefill_tokens_per_s"].value is None and "no request finished" in told["prefill_tokens_per_s"].reason
    assert told["e2e_s"].value is None


def test_a_time_that_a_version_got_wrong_is_not_told_and_no_restart() -> None:
    """A request that ends before its first token lets some versions subtract the uptime of the machine."""
    line = Timeline(
        "here",
        [
            parse(text, float(n), "here")
            for n, text in enumerate(
                [page(Traffic(), 100), value(page(Traffic(), 120), "vllm:request_prefill_time_seconds_sum", -4e6)]
            )
        ],
    )
    told = findings(Window([line]))
    assert line.restarts() == 0
    assert told["prefill_tokens_per_s"].value is None and "timed wrongly" in told["prefill_tokens_per_s"].reason
    assert told["decode_tokens_per_s"].value == pytest.approx(1 / 0.009)


def test_what_is_no_number_is_not_called_missing_nor_zero() -> None:
    text = value(value(page(Traffic(kv_usage=math.nan), 50), "vllm:time_to_first_token_seconds_sum", math.nan), "x", 0)
    told = found(text)
    for key in ("kv_cache_usage", "ttft_s"):
        assert told[key].value is None and "is not a number there" in told[key].reason


def test_the_cache_share_is_by_source_where_that_is_told() -> None:
    """The cache's own counters count a prompt again each time that it is tried and must wait."""
    many = value(
        value(page(Traffic(), 50), "vllm:prefix_cache_queries_total", 9e9), "vllm:prefix_cache_hits_total", 8e9
    )
    assert found(many)["cache_hit_share"].value == pytest.approx(0.25)
    assert found(without(many, "vllm:prompt_tokens_by_source"))["cache_hit_share"].value == pytest.approx(8 / 9)


def test_a_clock_that_is_put_back_does_not_touch_the_window(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter(range(10**6, 0, -1000))
    monkeypatch.setattr("time.time", lambda: next(times))
    with running(StandIn()) as server:
        # By that clock it would be some thousand seconds below nothing.
        assert 0 < probe(server.url, 0.3).window_s < 60


@pytest.mark.parametrize("pages", [[100, 90, 80, 70], [7, 5, 7, 5]])
def test_a_restart_before_every_scrape(pages: list[int]) -> None:
    told = found(*(page(Traffic(), count) for count in pages))
    assert told["decode_tokens_per_s"].value == pytest.approx(1 / 0.009)


# --- servers ------------------------------------------------------------------------------------------------------


def series(traffic: Traffic, start: int, **labels: str) -> list:
    """A Prometheus answer: two scrapes of a page."""
    moments = [(float(at), parse(page(traffic, start + 10 * at), 0.0, "")) for at in range(2)]
    return [
        (
            {"__name__": key[0], "model_name": key[1][0], "engine": key[1][1], **dict(key[2]), **labels},
            [(at, scrape.values[key]) for at, scrape in moments],
        )
        for key in moments[0][1].values
    ]


def test_two_pods_with_one_instance_are_two_servers() -> None:
    lines, notes = timelines_of(
        [
            *series(Traffic(running=4), 5, job="j", instance="node", pod="a", extra="x"),
            *series(Traffic(running=3), 900, job="j", instance="node", pod="b"),
        ]
    )
    assert len(lines) == 2 and notes == [] and sum(line.restarts() for line in lines) == 0
    assert findings(Window(lines))["requests_running"].value == 7


def test_a_server_that_two_jobs_scrape_is_counted_once() -> None:
    lines, notes = timelines_of(
        [
            *series(Traffic(running=4), 5, job="j", instance="h:1"),
            *series(Traffic(running=4), 5, job="k", instance="h:1", pod="p"),
        ]
    )
    assert len(lines) == 1 and "counted once" in notes[0]
    lines, notes = timelines_of(
        [*series(Traffic(), 5, job="j", instance="h"), *series(Traffic(), 900, job="k", instance="h")]
    )
    assert len(lines) == 2 and notes == [], "two servers of one machine have different counts"


def test_labels_of_one_series_make_one_key() -> None:
    assert key_of("n", {"source": "s", "engine": "1", "model_name": "m"}) == ("n", ("m", "1"), (("source", "s"),))


@pytest.mark.parametrize("status", [302, 401, 403])
def test_a_gateway_that_hides_all_but_the_metrics(status: int) -> None:
    with serve(
        lambda handler: reply(handler, 200 if handler.path == "/a/b/metrics" else status, page(Traffic(), 50))
    ) as url:
        assert probe(f"{url}/a/b/", 0).model == "made/up-27b"


@pytest.mark.parametrize(
    "url",
    [
        "http://[::1",
        "http://host:99999",
        "http://host:port",
        "http://ex ample",
        f"http://{'a' * 300}.com",
        "http://a..b",
        "  ",
        "http://\x1b[2J",
    ],
)
def test_an_address_that_cannot_be_one(url: str) -> None:
    with pytest.raises(LessonlibError, match="expected the address") as error:
        fetch.checked_url(url)
    assert str(error.value).isprintable()


def test_an_address_of_the_other_kind_is_one() -> None:
    assert fetch.checked_url(" http://[::1]:8000/metrics/ ") == "http://[::1]:8000/metrics"


def test_a_window_without_end() -> None:
    with pytest.raises(LessonlibError, match="90 days"):
        probe("http://localhost:1", 1e300)


# --- the lab file -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def reading() -> Reading:
    with running(StandIn(traffic=Traffic(itl_s=0.02, prefill_s=0.5))) as server:
        return probe(server.url, 0)


def test_somebody_elses_file_is_left_alone_and_our_own_replaced(reading: Reading, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("# by hand")
    with pytest.raises(LessonlibError, match="somebody else's file"):
        write_lab(reading, load_lab(), path, "today")
    assert path.read_text() == "# by hand"
    path.unlink()
    once = write_lab(reading, load_lab(), path, "today")
    assert write_lab(reading, once, path, "today").title == once.title, "measured again, not twice as measured"
    assert "0 s" not in path.read_text() and "since the server started" in path.read_text()


def test_a_gpu_of_ones_own_goes_into_the_file(reading: Reading, tmp_path: Path) -> None:
    base = tmp_path / "base.toml"
    write_lab(reading, load_lab("qwen3-32b-h200"), base, "today")
    own = '[gpu]\nlike = "h200-sxm"\ntitle = "Our “quoted” \\"GPU\\""\nmemory_gb_per_s = 4321.0\nbf16_dense_tflops = 800.0\n'
    base.write_text(
        "\n".join(line for line in base.read_text().split("[traffic]")[0].splitlines() if not line.startswith("gpu ="))
        + "\n"
        + own
    )
    lab = load_lab(base)
    again = write_lab(reading, lab, tmp_path / "again.toml", "today").system.gpu
    assert again.title == 'Our “quoted” "GPU"'
    assert again.bandwidth == pytest.approx(4.321e12) and dict(again.flops) == pytest.approx(dict(lab.system.gpu.flops))
    assert again.memory_bytes == pytest.approx(lab.system.gpu.memory_bytes)


def test_a_folder_that_is_not_there(reading: Reading, tmp_path: Path) -> None:
    with pytest.raises(LessonlibError, match="make the folder first"):
        write_lab(reading, load_lab(), tmp_path / "none" / "x.toml", "today")


# --- the notebook --------------------------------------------------------------------------------------------------


def test_what_a_server_calls_its_models_is_text_in_the_panel() -> None:
    text = page(Traffic(), 5, model="![x](http://elsewhere.invalid/x.png)") + page(
        Traffic(), 5, model="<b>[y](http://z.invalid)"
    )
    with serve(lambda handler: reply(handler, 200, text)) as url:
        lab = open_your_lab(f"{url}/metrics", None, 0, "skip")
        html = lab.predict("ttft_s").view["html"]
        assert "<img" not in html and "<a" not in html and "<b>" not in html and "![x]" in html
        assert "model = " in html, "what to do in a notebook"
        chosen = open_your_lab(f"{url}/metrics", None, 0, "skip", model="<b>[y](http://z.invalid)")
    for key in (
        "prompt_to_generation",
        "decode_tokens_per_s",
        "prefill_tokens_per_s",
        "ttft_s",
        "cache_hit_share",
        "kv_cache_usage",
    ):
        chosen.predict(key)
    assert "&lt;b&gt;" in chosen.numbers().view["html"]


def test_the_file_is_written_once_however_often_the_panels_are_drawn(tmp_path: Path) -> None:
    with running(StandIn()) as server:
        lab = open_your_lab(server.url, None, 0.2, "skip")
    for key in lab._items:
        lab.predict(key)
    path = tmp_path / "x.toml"
    panel = lab.keep(str(path))
    assert "Written" in panel.view["html"]
    path.unlink()
    panel.handle({"event": "anything"})
    assert not path.exists()


def test_the_table_says_of_each_number_by_which_clock_and_how_far_from_its_roof(tmp_path: Path) -> None:
    with running(StandIn()) as server:
        lab = open_your_lab(server.url, None, 0.3, "skip")
    for key in lab._items:
        lab.predict(key)
    table = lab.numbers().view["html"]
    own, window, moment = (
        table.index(f'colspan="3">{name}') for name in ("Requests' own clocks", "Window average", "Seen at the scrapes")
    )
    assert (
        own
        < table.index("decode of one request")
        < window
        < table.index("generated tokens, by the wall clock")
        < moment
    )
    assert table.count("% of the ceiling") == 2


def test_a_finding_without_a_value_has_no_quantity() -> None:
    reading = findings(Window([Timeline("a", [parse("vllm:num_requests_running 2\n", 0.0, "a")])]))
    assert str(reading["requests_running"].quantity()) == "2 requests"
    with pytest.raises(ValueError, match="without a value: this server has no"):
        reading["decode_tokens_per_s"].quantity()
