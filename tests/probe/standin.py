"""A stand-in for a vLLM server: its metrics page, made from requests whose every clock is known."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

#: Names that earlier versions gave to what a current one calls otherwise.
PREVIOUS = {
    "vllm:kv_cache_usage_perc": "vllm:gpu_cache_usage_perc",
    "vllm:inter_token_latency_seconds": "vllm:time_per_output_token_seconds",
    "vllm:prefix_cache_queries_total": "vllm:gpu_prefix_cache_queries_total",
    "vllm:prefix_cache_hits_total": "vllm:gpu_prefix_cache_hits_total",
}
#: Metrics that earlier versions did not have.
YOUNGER = ("vllm:prompt_tokens_by_source_total", "vllm:request_prefill_kv_computed_tokens")


@dataclass
class Traffic:
    """Requests that all take the same: tokens, seconds. hits: share of the prompt found in the cache."""

    per_s: float = 40.0
    prompt: int = 4000
    generated: int = 101
    hits: float = 0.25
    prefill_s: float = 0.3
    itl_s: float = 0.009
    queue_s: float = 0.05
    kv_usage: float = 0.37
    running: int = 12
    waiting: int = 3

    @property
    def prefill_tokens_per_s(self) -> float:
        return self.prompt * (1 - self.hits) / self.prefill_s

    @property
    def decode_tokens_per_s(self) -> float:
        return 1 / self.itl_s

    def histograms(self) -> dict[str, tuple[float, int]]:
        """Name -> (sum a request, observations a request)."""
        decode_s = (self.generated - 1) * self.itl_s
        return {
            "vllm:request_prefill_kv_computed_tokens": (self.prompt * (1 - self.hits), 1),
            "vllm:request_prompt_tokens": (self.prompt, 1),
            "vllm:request_generation_tokens": (self.generated, 1),
            "vllm:request_prefill_time_seconds": (self.prefill_s, 1),
            "vllm:request_decode_time_seconds": (decode_s, 1),
            "vllm:request_queue_time_seconds": (self.queue_s, 1),
            "vllm:time_to_first_token_seconds": (self.queue_s + self.prefill_s, 1),
            "vllm:inter_token_latency_seconds": (decode_s, self.generated - 1),
            "vllm:e2e_request_latency_seconds": (self.queue_s + self.prefill_s + decode_s, 1),
        }

    def counters(self) -> dict[str, float]:
        """Name with labels -> increase a request."""
        return {
            "vllm:prompt_tokens_total": self.prompt,
            'vllm:prompt_tokens_by_source_total{source="local_compute"}': self.prompt * (1 - self.hits),
            'vllm:prompt_tokens_by_source_total{source="local_cache_hit"}': self.prompt * self.hits,
            "vllm:generation_tokens_total": self.generated,
            "vllm:prefix_cache_queries_total": self.prompt,
            "vllm:prefix_cache_hits_total": self.prompt * self.hits,
            "vllm:num_preemptions_total": 0,
            'vllm:request_success_total{finished_reason="stop"}': 1,
        }


def page(
    traffic: Traffic, requests: int, *, model: str = "made/up-27b", engine: str = "0", previous: bool = False
) -> str:
    """The metrics page after so many requests."""
    own = f'engine="{engine}",model_name="{model}"'
    lines = []

    def add(name: str, value: float, kind: str) -> None:
        bare, _, labels = name.partition("{")
        if previous and bare in YOUNGER:
            return
        bare = PREVIOUS.get(bare, bare) if previous else bare
        lines.extend([f"# TYPE {bare} {kind}"] if kind else [])
        lines.append(f"{bare}{{{own}{',' + labels.rstrip('}') if labels else ''}}} {value:.10g}")

    for name, each in traffic.counters().items():
        add(name, each * requests, "")
    gauges = {
        "vllm:kv_cache_usage_perc": traffic.kv_usage,
        "vllm:num_requests_running": traffic.running,
        "vllm:num_requests_waiting": traffic.waiting,
    }
    for name, value in gauges.items():
        add(name, value, "gauge")
    for name, (total, count) in traffic.histograms().items():
        if previous and name in YOUNGER:
            continue
        bare = PREVIOUS.get(name, name) if previous else name
        lines.append(f'{bare}_bucket{{{own},le="0.01"}} 0')
        lines.append(f'{bare}_bucket{{{own},le="+Inf"}} {count * requests}')
        lines.append(f"{bare}_sum{{{own}}} {total * requests:.10g}")
        lines.append(f"{bare}_count{{{own}}} {count * requests}")
    return "\n".join(lines) + "\n"


@dataclass
class StandIn:
    """A server at `url`. `answer(handler)` may be replaced; by default it gives the page of traffic that flows."""

    traffic: Traffic = field(default_factory=Traffic)
    previous: bool = False
    extra: Callable[[int], str] | None = None
    url: str = ""
    since: float = 0.0
    token: str = ""

    def requests(self) -> int:
        return 1000 + int((time.monotonic() - self.since) * self.traffic.per_s) if self.since else 0

    def restart(self) -> None:
        """Counts anew, from nothing."""
        self.since = time.monotonic() + 1000 / self.traffic.per_s

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        if handler.path != "/metrics":
            return reply(handler, 404, "no such page")
        if self.token and handler.headers.get("Authorization") != f"Bearer {self.token}":
            return reply(handler, 401, "who are you?")
        count = self.requests()
        reply(
            handler, 200, page(self.traffic, count, previous=self.previous) + (self.extra(count) if self.extra else "")
        )
        return None


def reply(handler: BaseHTTPRequestHandler, status: int, text: str, headers: Mapping[str, str] | None = None) -> None:
    data = text.encode()
    handler.send_response(status)
    for name, value in {
        "Content-Type": "text/plain; version=0.0.4",
        "Content-Length": str(len(data)),
        **(headers or {}),
    }.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(data)


@contextmanager
def serve(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    """A server on a free port; its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with suppress(BrokenPipeError, ConnectionResetError):
                answer(self)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def running(stand_in: StandIn) -> Iterator[StandIn]:
    """The stand-in, serving."""
    stand_in.since = time.monotonic()
    with serve(stand_in.answer) as url:
        stand_in.url = url
        yield stand_in
