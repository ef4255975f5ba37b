"""The probe against a stand-in server whose requests' clocks are known, and against everything that can go wrong."""

from __future__ import annotations

import json
import math
from http.server import BaseHTTPRequestHandler

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.cli.main import main
from lessonlib.probe.metrics import every_name
from lessonlib.probe.probe import probe
from lessonlib.probe.timeline import Timeline, parse
from lessonlib.roofline import load_lab
from tests.probe.standin import StandIn, Traffic, page, reply, running, serve

CONTRACT = [
    "prefill_tokens_per_s",
    "decode_tokens_per_s",
    "prompt_to_generation",
    "cache_hit_share",
    "kv_cache_usage",
    "requests_running",
    "requests_waiting",
    "ttft_s",
    "itl_s",
]
WINDOW = 0.4


def truth(traffic: Traffic) -> dict[str, float]:
    return {
        "prefill_tokens_per_s": traffic.prefill_tokens_per_s,
        "decode_tokens_per_s": traffic.decode_tokens_per_s,
        "prompt_to_generation": traffic.prompt / traffic.generated,
        "cache_hit_share": traffic.hits,
        "kv_cache_usage": traffic.kv_usage,
        "requests_running": traffic.running,
        "requests_waiting": traffic.waiting,
        "ttft_s": traffic.queue_s + traffic.prefill_s,
        "itl_s": traffic.itl_s,
    }


def timeline(*pages: str) -> Timeline:
    """Pages scraped a second apart."""
    return Timeline("here", [parse(text, float(second), "here") for second, text in enumerate(pages)])


# --- the numbers ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("previous", [False, True], ids=["current names", "previous names"])
def test_the_numbers_it_was_built_with(previous: bool, capsys: pytest.CaptureFixture[str]) -> None:
    with running(StandIn(previous=previous)) as server:
        assert main(["probe", server.url, "--window", str(WINDOW), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    for key, value in truth(server.traffic).items():
        assert told[key] == pytest.approx(value, rel=0.01), key
    assert told["model"] == "made/up-27b" and told["engines"] == 1
    assert {key for key in CONTRACT if told[key] is None} == set() and set(CONTRACT) <= set(told)


def test_everything_since_the_start_in_one_scrape() -> None:
    with running(StandIn()) as server:
        reading = probe(f"{server.url}/metrics", 0)
    assert reading.findings["decode_tokens_per_s"].value == pytest.approx(1 / 0.009, rel=0.01)
    assert reading.findings["window_generation_tokens_per_s"].value is None
    assert "no length" in reading.findings["window_generation_tokens_per_s"].reason
    assert any("since the server started" in note for note in reading.notes)


def test_which_number_is_of_requests_and_which_of_the_window() -> None:
    """Both of the report that opens the course are window averages unless somebody timed single requests."""
    with running(StandIn()) as server:
        found = probe(server.url, WINDOW).findings
    assert {key for key, finding in found.items() if finding.clock == "requests' own clocks"} == {
        "prefill_tokens_per_s",
        "decode_tokens_per_s",
        "ttft_s",
        "itl_s",
        "queue_s",
        "e2e_s",
    }
    assert found["window_generation_tokens_per_s"].value == pytest.approx(40 * 101, rel=0.3)
    for finding in found.values():
        assert finding.how and finding.limits and (finding.value is None) == bool(finding.reason)


def test_two_engines_add_up_and_share_their_cache_usage() -> None:
    def pages(requests: int) -> str:
        return page(Traffic(kv_usage=0.2), requests) + page(Traffic(kv_usage=0.6, running=4), requests, engine="1")

    with running(StandIn(extra=lambda count: page(Traffic(kv_usage=0.6, running=4), count, engine="1"))) as server:
        reading = probe(server.url, WINDOW)
    assert reading.engines == 2
    assert reading.findings["requests_running"].value == pytest.approx(16)
    assert reading.findings["kv_cache_usage"].value == pytest.approx((0.37 + 0.6) / 2)
    assert timeline(pages(10), pages(30)).increase("vllm:generation_tokens_total") == 2 * 20 * 101


def test_the_share_of_drafts_that_were_accepted() -> None:
    own = '{engine="0",model_name="made/up-27b"}'
    with running(
        StandIn(
            extra=lambda n: (
                f"vllm:spec_decode_num_draft_tokens_total{own} {n * 40}\nvllm:spec_decode_num_accepted_tokens_total{own} {n * 28}\n"
            )
        )
    ) as server:
        assert probe(server.url, WINDOW).findings["spec_acceptance"].value == pytest.approx(0.7)


def test_the_prompt_a_cache_held_is_not_counted_as_read() -> None:
    """Whatever the version tells: computed tokens a request, tokens by source, or only cache hits."""
    for gone in ((), ("vllm:request_prefill_kv",), ("vllm:request_prefill_kv", "vllm:prompt_tokens_by_source")):

        def answer(handler: BaseHTTPRequestHandler, gone: tuple[str, ...] = gone, seen: list[int] = [0]) -> None:  # noqa: B006
            seen[0] += 10
            reply(
                handler,
                200 if handler.path == "/metrics" else 404,
                "\n".join(
                    line for line in page(Traffic(), seen[0]).splitlines() if not any(name in line for name in gone)
                )
                + "\n",
            )

        with serve(answer) as url:
            assert probe(url, 0.1).findings["prefill_tokens_per_s"].value == pytest.approx(
                Traffic().prefill_tokens_per_s, rel=0.01
            ), gone


# --- counters over time -----------------------------------------------------------------------------------------


def test_a_counter_that_starts_anew_counts_from_nothing() -> None:
    line = timeline(page(Traffic(), 1000), page(Traffic(), 1010), page(Traffic(), 4), page(Traffic(), 9))
    assert line.increase("vllm:generation_tokens_total") == (10 + 4 + 5) * 101
    assert line.restarts() == 1


def test_one_counter_that_fell_sets_all_of_its_engine_back() -> None:
    """After a restart a counter may already stand higher than before, if it was low."""

    def lines(prompt: int, generated: int, engine: str = "0") -> str:
        own = f'{{engine="{engine}",model_name="m"}}'
        return f"vllm:prompt_tokens_total{own} {prompt}\nvllm:generation_tokens_total{own} {generated}\n"

    line = timeline(lines(9000, 10), lines(500, 30))
    assert line.increase("vllm:generation_tokens_total") == 30
    both = timeline(lines(9000, 10) + lines(100, 10, "1"), lines(500, 30) + lines(150, 15, "1"))
    assert both.increase("vllm:generation_tokens_total") == 30 + 5


def test_a_series_that_is_missing_from_one_scrape_is_not_counted_twice() -> None:
    whole, later = page(Traffic(), 100), page(Traffic(), 120)
    torn = "\n".join(line for line in page(Traffic(), 110).splitlines() if "generation_tokens_total" not in line)
    assert timeline(whole, torn, later).increase("vllm:generation_tokens_total") == 20 * 101


def test_an_engine_seen_first_in_the_window_brings_no_past() -> None:
    line = timeline(page(Traffic(), 100), page(Traffic(), 110) + page(Traffic(), 5000, engine="1"))
    assert line.increase("vllm:generation_tokens_total") == 10 * 101


def test_values_that_are_no_numbers_are_left_out_and_said() -> None:
    with running(StandIn(traffic=Traffic(kv_usage=math.nan))) as server:
        reading = probe(server.url, WINDOW)
    assert reading.findings["kv_cache_usage"].value is None
    assert any("vllm:kv_cache_usage_perc" in note for note in reading.notes)
    assert reading.findings["decode_tokens_per_s"].value == pytest.approx(1 / 0.009, rel=0.01)


def test_a_restart_in_the_window_is_said_and_its_scrapes_are_missed() -> None:
    seen = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.path != "/metrics":
            return reply(handler, 404, "")
        seen.append(1)
        if len(seen) in (4, 5):
            return reply(handler, 503, "starting")
        reply(handler, 200, page(Traffic(), 1000 + len(seen) if len(seen) < 4 else len(seen)))
        return None

    with serve(answer) as url:
        reading = probe(url, WINDOW)
    assert any("started anew 1 time in" in note for note in reading.notes)
    assert any("2 of 11 scrapes failed" in note for note in reading.notes)
    assert reading.findings["decode_tokens_per_s"].value == pytest.approx(1 / 0.009, rel=0.01)


def test_an_empty_window_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    with running(StandIn(traffic=Traffic(per_s=1e-9))) as server:
        server.requests = lambda: 1000  # type: ignore[method-assign]
        assert main(["probe", server.url, "--window", "0.2", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    for key in ("prefill_tokens_per_s", "decode_tokens_per_s", "ttft_s", "itl_s", "prompt_to_generation"):
        assert told[key] is None and told["reasons"][key], key
    assert told["kv_cache_usage"] == pytest.approx(0.37)
    assert any("no request finished" in note for note in told["notes"])


# --- what can go wrong, one line each -------------------------------------------------------------------------------


def failed(url: str, window: float = 0.1, model: str | None = None) -> str:
    with pytest.raises(LessonlibError) as error:
        probe(url, window, model)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_nobody_there() -> None:
    with serve(lambda handler: None) as url:
        pass
    assert "nobody answers" in failed(url)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://host", "expected the address"),
        ("http://", "expected the address"),
        ("http://me:secret@host", "LESSONLIB_TOKEN"),
    ],
)
def test_an_address_that_is_none(url: str, said: str) -> None:
    assert said in failed(url)
    assert "secret" not in failed(url)


def test_a_server_that_hangs_up_in_mid_answer() -> None:
    def half(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "10000")
        handler.end_headers()
        handler.wfile.write(b"vllm:prompt_tok")
        handler.wfile.flush()
        handler.connection.close()

    with serve(half) as url:
        assert "broke off" in failed(f"{url}/metrics")


@pytest.mark.parametrize(
    ("status", "text", "said"),
    [
        (200, "<!doctype html><script>alert(1)</script>", "not Prometheus metrics"),
        (200, "", "no metrics at all"),
        (200, "# TYPE sglang:num_running_reqs gauge\nsglang:num_running_reqs 3\n", "the page of SGLang"),
        (404, "nothing here", "status 404"),
        (401, "", "LESSONLIB_TOKEN"),
        (503, "", "not ready"),
    ],
)
def test_a_server_that_is_not_vllm(status: int, text: str, said: str) -> None:
    with serve(lambda handler: reply(handler, status, text)) as url:
        assert said in failed(f"{url}/metrics")


def test_a_redirect_is_named_and_not_followed() -> None:
    with serve(lambda handler: reply(handler, 302, "", {"Location": "http://elsewhere.invalid/"})) as url:
        assert "redirects" in failed(f"{url}/metrics")


def test_the_token_of_the_environment_opens_the_door(monkeypatch: pytest.MonkeyPatch) -> None:
    with running(StandIn(token="letmein")) as server:
        assert "LESSONLIB_TOKEN" in failed(f"{server.url}/metrics")
        monkeypatch.setenv("LESSONLIB_TOKEN", "letmein")
        assert probe(f"{server.url}/metrics", 0.1).requests > 0


def test_tls_files_that_are_none(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    broken = tmp_path / "ca.pem"
    broken.write_text("no certificate")
    monkeypatch.setenv("SSL_CERT_FILE", str(broken))
    assert "SSL_CERT_FILE" in failed("https://localhost:1")


def test_several_models_need_a_choice() -> None:
    with running(StandIn(extra=lambda count: page(Traffic(itl_s=0.02), count, model="other"))) as server:
        assert "made/up-27b or other" in failed(server.url)
        assert "not served" in failed(server.url, model="third")
        assert probe(server.url, WINDOW, "other").findings["itl_s"].value == pytest.approx(0.02)


@pytest.mark.parametrize("window", ["-1", "nan", "inf"])
def test_a_window_that_is_none(window: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["probe", "http://localhost:1", f"--window={window}"]) == 2
    assert "window: expected a number from 0 to 7,776,000" in capsys.readouterr().err


def test_a_hostile_label_is_text_on_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with serve(lambda handler: reply(handler, 200, page(Traffic(), 50, model="<b>\x1b[2J"))) as url:
        assert main(["probe", f"{url}/metrics", "--window", "0"]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out and "<b>?[2J" in out


# --- beside a lab ------------------------------------------------------------------------------------------------


def test_the_lab_it_writes_is_one_that_lessons_read(tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.toml"
    traffic = Traffic(itl_s=0.02, prefill_s=0.5)
    with running(StandIn(traffic=traffic)) as server:
        assert (
            main(["probe", server.url, "--window", str(WINDOW), "--lab", "qwen3-32b-h200", "--write", str(path)]) == 0
        )
    assert "requests' own clocks" in capsys.readouterr().out
    lab = load_lab(path)
    assert lab.measured["decode_tokens_per_s"].value == pytest.approx(50, rel=0.01)
    assert lab.measured["prefill_tokens_per_s"].value == pytest.approx(6000, rel=0.01)
    assert (lab.prompt, lab.context) == (4000, 4050)
    assert lab.system == load_lab("qwen3-32b-h200").system
    assert lab.traffic == (pytest.approx(39.6), pytest.approx(39.6))


def test_a_speed_above_its_ceiling_is_said_to_be_impossible_there(capsys: pytest.CaptureFixture[str]) -> None:
    with running(StandIn(traffic=Traffic(itl_s=0.001))) as server:
        assert main(["probe", server.url, "--window", str(WINDOW), "--lab", "qwen3-32b-h200"]) == 0
    out = capsys.readouterr().out
    assert "decode of one request is above the ceiling of this lab" in out and "speculative" in out


def test_nothing_measured_leaves_the_file_alone(tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("keep me")
    with running(StandIn()) as server:
        server.requests = lambda: 1000  # type: ignore[method-assign]
        assert main(["probe", server.url, "--window", "0.2", "--lab", "qwen3-32b-h200", "--write", str(path)]) == 2
    assert "neither speed could be measured" in capsys.readouterr().err
    assert path.read_text() == "keep me"


def test_writing_needs_a_lab_to_start_from(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["probe", "http://localhost:1", "--write", "x.toml"]) == 2
    assert "--write needs --lab" in capsys.readouterr().err


def test_every_name_is_asked_for_once() -> None:
    names = every_name()
    assert len(names) == len(set(names)) and all(name.startswith("vllm:") for name in names)
