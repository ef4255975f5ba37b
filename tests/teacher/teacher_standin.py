"""A stand-in for an OpenAI-compatible server: it streams an answer with set delays, notes its own clock, and can fail."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.probe.standin import reply, serve

KEY = "sk-a-key-that-nobody-may-see-0123456789"
MODEL = "made/up-27b"


@dataclass
class TeacherStandIn:
    """What it answers. ttft_s, itl_s: seconds before the first piece and between pieces. After `pieces` come finish and usage.
    body: sent as it is, in place of all that. status: anything but 200 is an error page with `error` in it.
    """

    pieces: list[str] = field(default_factory=lambda: [f"word{n} " for n in range(20)])
    thoughts: int = 0
    ttft_s: float = 0.0
    itl_s: float = 0.0
    finish: str | None = "stop"
    usage: dict[str, Any] | None = field(
        default_factory=lambda: {"prompt_tokens": 3000, "completion_tokens": 20, "total_tokens": 3020}
    )
    body: bytes | None = None
    promised_bytes: int | None = None
    status: int = 200
    error: str = "no"
    models: list[str] = field(default_factory=lambda: [MODEL, "another"])
    refuse_usage: bool = False
    hold: Callable[[], None] | None = None
    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    received: float = 0.0
    written: list[float] = field(default_factory=list)
    broken_pipes: int = 0

    @property
    def ttft(self) -> float:
        """What the server itself clocked from the request to the first piece."""
        return self.written[0] - self.received

    @property
    def decode_s(self) -> float:
        return self.written[-1] - self.written[0]

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        if handler.path == "/v1/models":
            return reply(
                handler,
                200,
                json.dumps({"object": "list", "data": [{"id": name, "object": "model"} for name in self.models]}),
                {"Content-Type": "application/json"},
            )
        if handler.path != "/v1/chat/completions":
            return reply(handler, 404, '{"detail": "Not Found"}')
        asked = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        self.received, self.written = time.perf_counter(), []
        self.requests.append(asked)
        self.headers.append(dict(handler.headers.items()))
        if self.refuse_usage and "stream_options" in asked:
            return self._error(handler, 400, "unknown field stream_options")
        if self.status != 200:
            return self._error(handler, self.status, self.error)
        self._stream(handler)
        return None

    def _error(self, handler: BaseHTTPRequestHandler, status: int, text: str) -> None:
        reply(
            handler,
            status,
            json.dumps({"error": {"message": text}}),
            {"Content-Type": "application/json", **({"Location": "/v2"} if status == 307 else {})},
        )

    def _stream(self, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        if self.promised_bytes:
            handler.send_header("Content-Length", str(self.promised_bytes))
        handler.end_headers()
        try:
            if self.body is not None:
                handler.wfile.write(self.body)
                return
            for line in self._lines():
                handler.wfile.write(f"data: {line}\n\n".encode())
                handler.wfile.flush()
        except (BrokenPipeError, ConnectionResetError):
            self.broken_pipes += 1

    def _lines(self) -> Iterator[str]:
        yield event({"role": "assistant", "content": ""})
        time.sleep(self.ttft_s)
        for number, piece in enumerate(["hm"] * self.thoughts + self.pieces):
            time.sleep(self.itl_s if number else 0)
            if self.hold and number == 3:
                self.hold()
            self.written.append(time.perf_counter())
            yield event({"reasoning_content": piece} if number < self.thoughts else {"content": piece})
        if self.finish:
            yield event({}, self.finish)
        if self.usage is not None and self.finish:
            yield json.dumps(
                {
                    "id": "c",
                    "object": "chat.completion.chunk",
                    "created": 1,
                    "model": MODEL,
                    "choices": [],
                    "usage": self.usage,
                }
            )
        if self.finish:
            yield "[DONE]"


def event(delta: dict[str, Any], finish: str | None = None) -> str:
    """One chunk of a chat completion."""
    return json.dumps(
        {
            "id": "c",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": MODEL,
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        }
    )


@contextmanager
def teaching(stand_in: TeacherStandIn) -> Iterator[TeacherStandIn]:
    """The stand-in, serving; its url ends in /v1."""
    with serve(stand_in.answer) as url:
        stand_in.url = f"{url}/v1"
        yield stand_in
