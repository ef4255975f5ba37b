"""The probe against a real Prometheus server that scrapes the stand-in."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.probe.probe import probe
from tests.probe.standin import StandIn, Traffic, running, serve

PROGRAM = shutil.which("prometheus")
EVERY_S = 0.25
CONFIG = """
global: {{scrape_interval: 250ms, scrape_timeout: 200ms}}
scrape_configs:
  - job_name: vllm
    static_configs: [{{targets: [{targets}]}}]
"""


@pytest.fixture(scope="module", autouse=True)
def program() -> None:
    """Fails in CI, where Prometheus must be; skips where a person has none."""
    if PROGRAM is None:
        if os.environ.get("CI"):
            pytest.fail("prometheus is not installed (Debian and Ubuntu: apt install prometheus)")
        pytest.skip("prometheus is not installed (Debian and Ubuntu: apt install prometheus)")


@pytest.fixture
def prometheus(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[str, list[StandIn]]]:
    """(URL of Prometheus, the servers that it scrapes); `request.param` is how many."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    servers = [StandIn(previous=number == 1) for number in range(request.param)]
    managers = [running(server) for server in servers]
    for manager in managers:
        manager.__enter__()
    (tmp_path / "prometheus.yml").write_text(
        CONFIG.format(targets=", ".join(repr(server.url.removeprefix("http://")) for server in servers))
    )
    assert PROGRAM
    process = subprocess.Popen(
        [
            PROGRAM,
            f"--config.file={tmp_path}/prometheus.yml",
            f"--storage.tsdb.path={tmp_path}/data",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(url, len(servers))
        yield url, servers
    finally:
        process.terminate()
        process.wait(10)
        for manager in managers:
            manager.__exit__(None, None, None)


def wait_for(url: str, servers: int) -> None:
    """Until Prometheus has several scrapes of every server."""
    for _ in range(240):
        try:
            answer = httpx.get(
                f"{url}/api/v1/query", params={"query": "count_over_time(vllm:num_requests_running[1m])"}
            ).json()
            counts = [float(item["value"][1]) for item in answer["data"]["result"]]
            if len(counts) == servers and min(counts) >= 8:
                return
        except (httpx.TransportError, ValueError, KeyError):
            pass
        time.sleep(EVERY_S)
    raise AssertionError("Prometheus has not scraped the servers within a minute")


@pytest.mark.parametrize("prometheus", [2], indirect=True)
def test_the_numbers_it_was_built_with(prometheus: tuple[str, list[StandIn]]) -> None:
    """Two servers, one of them with the metric names of earlier versions."""
    url, servers = prometheus
    reading = probe(url, 30)
    truth = servers[0].traffic
    for key, value in {
        "prefill_tokens_per_s": truth.prefill_tokens_per_s,
        "decode_tokens_per_s": truth.decode_tokens_per_s,
        "prompt_to_generation": truth.prompt / truth.generated,
        "cache_hit_share": truth.hits,
        "kv_cache_usage": truth.kv_usage,
        "ttft_s": truth.queue_s + truth.prefill_s,
        "itl_s": truth.itl_s,
    }.items():
        assert reading.findings[key].value == pytest.approx(value, rel=0.01), key
    assert reading.findings["requests_running"].value == pytest.approx(2 * truth.running)
    assert reading.engines == 2 and reading.model == "made/up-27b"


@pytest.mark.parametrize("prometheus", [1], indirect=True)
def test_a_restart_is_seen_in_the_samples(prometheus: tuple[str, list[StandIn]]) -> None:
    url, (server,) = prometheus
    server.restart()
    time.sleep(6 * EVERY_S)
    reading = probe(url, 60)
    assert any("started anew 1 time" in note for note in reading.notes)
    assert reading.findings["decode_tokens_per_s"].value == pytest.approx(Traffic().decode_tokens_per_s, rel=0.01)


@pytest.mark.parametrize("prometheus", [1], indirect=True)
def test_a_window_shorter_than_two_scrapes(prometheus: tuple[str, list[StandIn]]) -> None:
    url, _ = prometheus
    with pytest.raises(LessonlibError, match="at least 1 s"):
        probe(url, 0.5)


def test_a_prometheus_that_scrapes_no_vllm() -> None:
    from tests.probe.standin import reply

    empty = '{"status": "success", "data": {"resultType": "matrix", "result": []}}'
    with (
        serve(lambda handler: reply(handler, 200, empty)) as url,
        pytest.raises(LessonlibError, match="does this Prometheus scrape a vLLM"),
    ):
        probe(url, 10)
