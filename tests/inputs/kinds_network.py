"""Hostile and broken servers, by kind: each must end in one line (or in a result, where that is said), within its deadline."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from unittest.mock import patch

from lessonlib.base.errors import LessonlibError
from lessonlib.base.fetch import Limits
from lessonlib.probe import fetch as probe_fetch
from lessonlib.probe.probe import probe
from lessonlib.probe.reading_report import reading_data, reading_text
from lessonlib.teacher import teacher
from tests.inputs.tried import Kind
from tests.inputs.wire import Script, forever, http, reset, says, serving, silent, then_silent

#: A deadline that a dribbling server must not outlive, and one that is never reached on a busy machine.
SHORT_S, LONG_S = 1.0, 30.0
#: Beyond its deadline: for a busy machine to notice.
LATE_S = 10.0
KEY = "sk-Zq8w+W2xkT7mB5-nR4vYhL0abcdef"
VARIABLES = (
    *("LESSONLIB_TOKEN", "LESSONLIB_TEACHER_KEY", "LESSONLIB_TEACHER_MODEL", "OPENAI_API_KEY"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy"),
    *("SSL_CERT_FILE", "LESSONLIB_CLIENT_CERT", "LESSONLIB_CLIENT_KEY"),
)


@dataclass(frozen=True)
class NetworkCase:
    """A server, or an environment, that is met outside. script: what the server does with each request (None: nobody is
    there). ask: with what it is asked. seconds: the deadline. may_be_fine: a result is as good as one line.
    """

    kind: str
    name: str
    script: Script | None
    ask: Callable[[str], Any]
    seconds: float = LONG_S
    may_be_fine: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)
    reads: bool = True

    def use(self) -> Any:
        """Ask that server. Raises LessonlibError with one line; anything else falls short: a result that there cannot be, a
        deadline that does not hold, a secret in the line.
        """
        began, line = time.monotonic(), ""
        try:
            with environment(self.environment), limited(self.seconds), serving(self._answer, self.reads) as url:
                found = self.ask(url)
        except LessonlibError as error:
            line = str(error)
            raise
        finally:
            assert time.monotonic() - began < self.seconds + LATE_S, "the deadline did not hold"
            tokens = [KEY[:16], KEY[-16:], "hush-hush", *(self.environment.get(name, "") for name in VARIABLES[:2])]
            assert not any(part in line for token in tokens for part in token.split() if len(part) > 5), (
                "a secret is told"
            )
        assert self.may_be_fine, "taken for an answer"
        return found

    def _answer(self, connection: socket.socket, asked: bytes) -> None:
        if self.script is not None:
            self.script(connection, asked)


@contextmanager
def environment(given: Mapping[str, str]) -> Iterator[None]:
    """Only these of the variables that matter here."""
    kept = {name: os.environ.get(name) for name in {*VARIABLES, *given}}
    for name in kept:
        os.environ.pop(name, None)
    os.environ.update(given)
    try:
        yield
    finally:
        for name, value in kept.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Deadlines that a test can wait for, of the probe and of the teacher."""
    with (
        patch.object(probe_fetch, "LIMITS", Limits(seconds)),
        patch.object(teacher, "LONGEST_S", seconds),
    ):
        yield


# --- ways to ask -------------------------------------------------------------------------------------------------------


def scrape(url: str) -> str:
    """The page of metrics, read once and printed in both ways."""
    reading = probe(f"{url}/metrics", 0)
    json.loads(json.dumps(reading_data(reading, {}), allow_nan=False))
    text = reading_text(reading, {})
    assert KEY not in text and text.replace("\n", "").isprintable()
    return text


def prometheus(url: str) -> str:
    """A Prometheus server, by its address."""
    reading = probe(url, 60)
    json.loads(json.dumps(reading_data(reading, {}), allow_nan=False))
    return reading_text(reading, {})


def question(url: str) -> str:
    """A question to the teacher; its answer."""
    answer = teacher.StreamedAnswer()
    asking = teacher.ask(
        teacher.Endpoint(f"{url}/v1", os.environ.get("LESSONLIB_TEACHER_MODEL", "")),
        [{"role": "user", "content": "Why?"}],
        answer,
    )
    with ThreadPoolExecutor(1) as pool:
        try:
            pool.submit(asyncio.run, asking).result()
        finally:
            assert KEY not in answer.text
    return answer.text


# --- answers -----------------------------------------------------------------------------------------------------------

PAGE = b'vllm:num_requests_running{engine="0",model_name="m"} 2\nvllm:generation_tokens_total{engine="0",model_name="m"} 50\n'
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


def _raw() -> Iterator[NetworkCase]:
    """What HTTP itself allows and forbids, asked as a page of metrics."""
    for status in [
        "100 Continue",
        "101 Switching Protocols",
        "102 Processing",
        "199 What",
        "201 Created",
        "202 Accepted",
        "203 Other",
        "204 No Content",
        "206 Partial",
        "300 Choices",
        "301 Moved",
        "302 Found",
        "304 Not Modified",
        "305 Proxy",
        "307 Here",
        "308 There",
        "400 Bad",
        "401 Who",
        "402 Pay",
        "403 No",
        "404 Where",
        "405 How",
        "406 What",
        "407 Proxy",
        "408 Late",
        "410 Gone",
        "413 Large",
        "418 Tea",
        "429 Often",
        "431 Headers",
        "451 Law",
        "500 Oh",
        "501 Not",
        "502 Gateway",
        "503 Starting",
        "504 Late",
        "507 Full",
        "599 Odd",
    ]:
        yield NetworkCase(
            "status", status, says(http(status, b"no metrics")), scrape, SHORT_S if status < "2" else LONG_S
        )
    places = [
        "http://elsewhere.invalid/",
        "//[::1",
        "javascript:alert(1)",
        "http://host:notaport/",
        "\x01\x02",
        "/" * 9000,
        "",
    ]
    for number, place in enumerate(places):
        yield NetworkCase("status", f"redirect {number}", says(http("302 Found", b"", (f"Location: {place}",))), scrape)
    lines = {
        "no number": b"HTTP/1.1 abc OK\r\n\r\n",
        "six digits": b"HTTP/1.1 200200 OK\r\n\r\n",
        "no space": b"HTTP/1.1200OK\r\n\r\n",
        "another protocol": b"SSH-2.0-OpenSSH_9.6\r\n",
        "http 0.9": b"<html>hello</html>",
        "http 2": b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00d",
        "http 3.7": b"HTTP/3.7 200 OK\r\n\r\n",
        "tls": b"\x15\x03\x03\x00\x02\x02\x28",
        "zeros": b"\0" * 5000,
        "a status line of 200 kB": b"HTTP/1.1 200 " + b"O" * 200_000 + b"\r\n\r\n",
        "a mail server": b"220 mail ESMTP\r\n",
        "a database": b"\x4a\x00\x00\x00\x0a8.0.36\x00" + b"\1" * 60,
        "nothing": b"",
        "an empty line": b"\r\n\r\n\r\n",
    }
    for name, sent in lines.items():
        yield NetworkCase("framing", f"status line: {name}", says(sent), scrape)
    headers = {
        "no colon": b"NoColon\r\n",
        "a space before the colon": b"Content-Length : 5\r\n",
        "a NUL": b"X: a\0b\r\n",
        "folded": b"X: a\r\n  b\r\n",
        "a control character": b"X\x1b[2J: y\r\n",
        "no UTF-8": b"X: \xff\xfe\xfd\r\n",
        "one of 200 kB": b"X: " + b"y" * 200_000 + b"\r\n",
        "a hundred thousand": b"".join(b"X%d: y\r\n" % number for number in range(100_000)),
        "two lengths": b"Content-Length: 5\r\nContent-Length: 6\r\n",
        "a negative length": b"Content-Length: -5\r\n",
        "a length in words": b"Content-Length: many\r\n",
        "a length of 5,000 digits": b"Content-Length: " + b"9" * 5000 + b"\r\n",
        "a length of 10^18": b"Content-Length: 1000000000000000000\r\n",
        "a length and chunks": b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "chunks within gzip": b"Transfer-Encoding: gzip, chunked\r\n",
        "an unknown framing": b"Transfer-Encoding: secret\r\n",
        "a cookie that is hard to read": b"Set-Cookie: a=b; expires=" + b"1" * 60_000 + b"\r\n",
        "an upgrade": b"Upgrade: websocket\r\nConnection: upgrade\r\n",
    }
    for name, sent in headers.items():
        yield NetworkCase("headers", name, says(OK + sent + b"\r\n<html>"), scrape)
    chunks = {
        "no number": b"xyz\r\nhello\r\n",
        "a negative number": b"-5\r\nhello\r\n",
        "twenty digits": b"F" * 20 + b"\r\nhello",
        "too little": b"FF\r\nhello\r\n0\r\n\r\n",
        "no end": b"5\r\nhello\r\n",
        "no line ends": b"5hello0",
        "an extension of 200 kB": b"5;" + b"x" * 200_000 + b"\r\nhello\r\n0\r\n\r\n",
        "a trailer of 200 kB": b"5\r\nhello\r\n0\r\nX: " + b"y" * 200_000 + b"\r\n\r\n",
        "much after the end": b"5\r\nhello\r\n0\r\n\r\n" + b"z" * 100_000,
    }
    for name, sent in chunks.items():
        yield NetworkCase("framing", f"chunks: {name}", says(CHUNKED + sent), scrape)
    yield NetworkCase(
        "framing", "an extension with each byte", says(CHUNKED + b"1;x=y\r\n#\r\n" * 20_000 + b"0\r\n\r\n"), scrape
    )


def _time() -> Iterator[NetworkCase]:
    """Servers that keep one waiting."""
    slow = {
        "silence": silent,
        "a header byte at a time": forever(b"HTTP/1.1 200 OK\r\nX: ", b"y", 0.02),
        "a header line at a time": forever(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n", 0.02),
        "103 without end": forever(b"", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", 0.005),
        "100 without end, at once": forever(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
        "a body byte at a time": forever(OK + b"Content-Length: 100000\r\n\r\n", b"#", 0.02),
        "a chunk at a time": forever(CHUNKED, b"1\r\n#\r\n", 0.02),
        "a chunk extension at a time": forever(CHUNKED + b"5;", b"x", 0.02),
        "a trailer at a time": forever(CHUNKED + b"0\r\n", b"X: y\r\n", 0.02),
        "a body that stops": then_silent(OK + b"Content-Length: 99\r\n\r\n#"),
        "chunks that stop": then_silent(CHUNKED + b"5\r\nhe"),
        "a status line that stops": then_silent(b"HTTP/1.1 2"),
        "empty lines": forever(b"", b"\r\n", 0.02),
    }
    for name, script in slow.items():
        yield NetworkCase("delays", name, script, scrape, SHORT_S)
        yield NetworkCase("delays", f"{name} (the teacher)", script, question, SHORT_S)
    yield NetworkCase(
        "delays", "no handshake", silent, lambda url: scrape(url.replace("http:", "https:")), SHORT_S, reads=False
    )
    yield NetworkCase(
        "delays",
        "a handshake byte at a time",
        forever(b"\x16\x03\x03\x3f\xff", b"\x02", 0.02),
        lambda url: scrape(url.replace("http:", "https:")),
        SHORT_S,
        reads=False,
    )
    yield NetworkCase("cut-offs", "a reset", reset, scrape)
    yield NetworkCase("cut-offs", "in the header", says(OK + b"Content-"), scrape)
    yield NetworkCase("cut-offs", "in the body", says(OK + b"Content-Length: 5000\r\n\r\n" + PAGE), scrape)
    yield NetworkCase("cut-offs", "in a line", says(OK + b"\r\n" + PAGE[:-20]), scrape, may_be_fine=True)
    yield NetworkCase("cut-offs", "nobody there", None, lambda url: scrape("http://127.0.0.1:9"))
    yield NetworkCase(
        "cut-offs", "no TLS", says(http(body=PAGE)), lambda url: scrape(url.replace("http:", "https:")), reads=False
    )


def _size() -> Iterator[NetworkCase]:
    """Much, and little that becomes much."""
    yield NetworkCase("sizes", "an endless body", forever(OK + b"\r\n", b"# x\n" * 16_000), scrape)
    yield NetworkCase("sizes", "a body of one line", forever(OK + b"\r\n", b"x" * 64_000), scrape)
    yield NetworkCase("sizes", "endless chunks", forever(CHUNKED, b"FA00\r\n" + b"x" * 64_000 + b"\r\n"), scrape)
    yield NetworkCase("sizes", "an endless error page", forever(b"HTTP/1.1 500 Oh\r\n\r\n", b"x" * 64_000), question)
    yield NetworkCase("sizes", "an endless list of models", forever(OK + b"\r\n", b'{"data":[{}],' * 5000), question)
    bomb = gzip.compress(gzip.compress(b"\0" * 20_000_000))
    for encoding in (
        "gzip",
        "GZip, gzip",
        "deflate",
        "br",
        "zstd",
        "compress",
        "x-gzip",
        "identity, gzip",
        "?",
        "\x1b[2J",
        "a" * 5000,
    ):
        head = (f"Content-Encoding: {encoding}",)
        yield NetworkCase("encodings", encoding[:12], says(http(body=bomb, headers=head)), scrape)
        yield NetworkCase("encodings", f"{encoding[:12]} (the teacher)", says(http(body=bomb, headers=head)), question)
    yield NetworkCase(
        "encodings",
        "identity",
        says(http(body=PAGE, headers=("Content-Encoding: identity",))),
        scrape,
        may_be_fine=True,
    )
    yield NetworkCase("encodings", "gzip that is not said", says(http(body=gzip.compress(PAGE))), scrape)
    for charset in ("zlib_codec", "unicode_escape", "utf-16", "idna", "rot13", "undefined", "\xff", "", '"', "x" * 900):
        head = (f"Content-Type: text/plain; charset={charset}",)
        yield NetworkCase(
            "charsets", charset[:20], says(http(body=b"\xff\xfe" + PAGE, headers=head)), scrape, may_be_fine=True
        )
        yield NetworkCase(
            "charsets", f"{charset[:20]} (the teacher)", says(http("400 Bad", b"\xff\xfeno", head)), question
        )


def _pages() -> Iterator[NetworkCase]:
    """Pages of metrics."""
    one = 'vllm:generation_tokens_total{engine="0",model_name="m"} '
    refused = {
        "nothing": "",
        "a web page": "<!doctype html><script>alert(1)</script>",
        "JSON": '{"vllm:generation_tokens_total": 5}',
        "the page as JSON text": json.dumps(PAGE.decode()),
        "half a label": 'vllm:generation_tokens_total{engine="0 5\n',
        "no value": 'vllm:generation_tokens_total{engine="0"}\n',
        "a value in words": f"{one}many\n",
        "no closing bracket": 'vllm:generation_tokens_total{engine="0" 5\n',
        "a line of 100,000 labels": "vllm:generation_tokens_total{"
        + ",".join(f'a{n}="b"' for n in range(100_000))
        + "} 5\n",
        "a label of 10 MB": 'vllm:generation_tokens_total{model_name="' + "x" * 10_000_000 + '"} 5\n',
        "a name of 10 MB": "x" * 10_000_000 + " 5\n",
        "a hundred thousand engines": "".join(
            f'vllm:generation_tokens_total{{engine="{n}"}} 5\n' for n in range(100_000)
        ),
        "ten thousand models": "".join(f'vllm:generation_tokens_total{{model_name="{n}"}} 5\n' for n in range(10_000)),
        "another server's": "sglang:num_running_reqs 3\n",
        "another server's, hostile": 'a\x1b]0;gone\x07_b{c="\\n"} 3\n',
        "many lines of another": "".join(f"node_x{n} 5\n" for n in range(300_000)),
    }
    for name, text in refused.items():
        yield NetworkCase("metrics", name, says(http(body=text.encode())), scrape)
    values = "NaN,+Inf,-Inf,1e308,-1e308,1e400,-5,5e-324,0,1_000,0x10," + "9" * 5000
    for value in values.split(","):
        text = PAGE.decode() + "".join(
            f'vllm:{name}{{engine="{engine}",model_name="m"}} {value}\n'
            for engine in (0, 1)
            for name in (
                "prompt_tokens_total", "kv_cache_usage_perc", "num_requests_waiting", "time_to_first_token_seconds_sum",
                "time_to_first_token_seconds_count", "request_prefill_time_seconds_sum", "request_prompt_tokens_sum",
                "request_prompt_tokens_count", "request_generation_tokens_sum", "request_generation_tokens_count",
                "prefix_cache_hits_total", "request_success_total", "e2e_request_latency_seconds_count",
                "e2e_request_latency_seconds_sum", "estimated_flops_per_gpu_total",
            )
        )  # fmt: skip
        yield NetworkCase(
            "metrics", f"every value {value[:8]}", says(http(body=text.encode())), scrape, may_be_fine=True
        )
    names = {
        "a terminal's escapes": "\x1b[2J\x1b]0;gone\x07",
        "writing turned round": "\u202egnp.exe",
        "two lines": "a\\nb",
        "markup": "<img src=x onerror=alert(1)>",
        "a template": "{{ 7 * 7 }}",
        "NUL": "a\0b",
        "no text": "\udcff",
        "very long": "x" * 3000,
        "the token": KEY,
        "half the token": KEY[:20],
    }
    for name, label in names.items():
        text = PAGE.replace(b'"m"', b'"' + label.encode("utf-8", "surrogateescape") + b'"')
        yield NetworkCase(
            "labels", name, says(http(body=text)), scrape, may_be_fine=True, environment={"LESSONLIB_TOKEN": KEY}
        )
    yield NetworkCase(
        "labels", "the token, of several models",
        says(http(body=PAGE + PAGE.replace(b'"m"', f'"{KEY}"'.encode()))), scrape, environment={"LESSONLIB_TOKEN": KEY},
    )  # fmt: skip


def answers(body: bytes, status: str = "200 OK") -> Script:
    """A Prometheus server: `1` for the query 1, `body` for any other."""

    def script(connection: socket.socket, asked: bytes) -> None:
        known = asked.split(b" ")[1].endswith(b"query=1")
        connection.sendall(http(body=b'{"status":"success","data":{}}') if known else http(status, body))

    return script


def _prometheus() -> Iterator[NetworkCase]:
    labels = {"__name__": "vllm:generation_tokens_total", "instance": "a", "engine": "0", "model_name": "m"}
    now = time.time()
    values = [[now - 30, "5"], [now, "50"]]

    def told(*result: Any, kind: str = "matrix", status: str = "success") -> bytes:
        return json.dumps({"status": status, "data": {"resultType": kind, "result": list(result)}}).encode()

    def series(metric: Any = labels, samples: Any = values) -> bytes:
        return told({"metric": metric, "values": samples})

    refused: dict[str, bytes] = {
        "nothing": b"",
        "no JSON": b"<html>",
        "a list": b"[]",
        "null": b"null",
        "a number": b"7",
        "a text": b'"success"',
        "no data": b'{"status":"success"}',
        "data is a list": b'{"status":"success","data":[1]}',
        "data is null": b'{"status":"success","data":null}',
        "no result": b'{"status":"success","data":{}}',
        "result is a mapping": b'{"status":"success","data":{"result":{}}}',
        "result of numbers": b'{"status":"success","data":{"result":[1]}}',
        "result of nulls": b'{"status":"success","data":{"result":[null]}}',
        "an empty result": told(),
        "an error": b'{"status":"error","error":"parse error\\nat char 1 \\u001b[2J"}',
        "an error that is no text": b'{"status":"error","error":{"a":["b"]}}',
        "an error of 1 MB": json.dumps({"status": "error", "error": "x" * 1_000_000}).encode(),
        "an error with the token": json.dumps({"status": "error", "error": f"bad {KEY}"}).encode(),
        "a status that is no text": b'{"status":{"a":1},"data":{"result":[]}}',
        "no name": series({key: value for key, value in labels.items() if key != "__name__"}),
        "an empty name": series({**labels, "__name__": ""}),
        "a name that is a number": series({**labels, "__name__": 5}),
        "a name that is a list": series({**labels, "__name__": []}),
        "a label that is null": series({**labels, "engine": None}),
        "a label that is a mapping": series({**labels, "model_name": {"a": 1}}),
        "a label that is a number": series({**labels, "instance": 1e308}),
        "labels as a list": series([["__name__", "x"]]),
        "labels as text": series("vllm:x"),
        "labels are null": series(None),
        "a label of 1 MB": series({**labels, "pod": "x" * 1_000_000}),
        "no values": told({"metric": labels}),
        "values as text": series(samples="5"),
        "values as a mapping": series(samples={"1": "5"}),
        "one sample": series(samples=[[now, "5"]]),
        "a sample of one": series(samples=[[now], [now]]),
        "a sample of three": series(samples=[[now, "5", "6"]] * 2),
        "a sample that is text": series(samples=["ab", "cd"]),
        "a value in words": series(samples=[[now, "many"], [now + 1, "5"]]),
        "a value that is a number": series(samples=[[now, 5], [now + 1, 6]]),
        "a value that is a list": series(samples=[[now, []], [now + 1, []]]),
        "a value that is null": series(samples=[[now, None], [now + 1, None]]),
        "a time in words": series(samples=[["soon", "5"], ["now", "6"]]),
        "a time that is true": series(samples=[[True, "5"], [False, "6"]]),
        "a time that is null": series(samples=[[None, "5"], [1, "6"]]),
        "a negative time": series(samples=[[-5, "5"], [1, "6"]]),
        "a time of 1e300": series(samples=[[1e300, "5"], [1, "6"]]),
        "a time of 400 digits": b'{"status":"success","data":{"result":[{"metric":{"__name__":"x"},"values":[['
        + b"9" * 400
        + b',"1"]]}]}}',
        "an integer of 5,000 digits": b'{"status":"success","data":' + b"9" * 5000 + b"}",
        "NaN": b'{"status":"success","data":{"result":[{"metric":{},"values":[[NaN,"1"]]}]}}',
        "nested 100,000 deep": b'{"status":"success","data":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        "nested 100,000 deep in mappings": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        "a key twice": b'{"status":"success","status":"error","data":{}}',
        "a hundred thousand series": told(*({"metric": {"__name__": "x"}, "values": []} for _ in range(100_000))),
        "two million samples": series(samples=[[1, "2"]] * 2_000_000),
        "half a character": b'{"status":"error","error":"\\ud83d"}',
    }
    for name, body in refused.items():
        yield NetworkCase("JSON", name, answers(body), prometheus, environment={"LESSONLIB_TOKEN": KEY})
    fine = {
        "values beyond all counting": series(
            samples=[[now, "1e308"], [now + 1, "1e308"], [now + 2, "+Inf"], [now + 3, "NaN"]]
        ),
        "two moments next to each other": series(samples=[[0, "1"], [5e-324, "1e30"]]),
        "a moment twice": series(samples=[[now, "1"], [now, "2"], [now + 1, "3"]]),
        "a histogram of its own kind": told({"metric": labels, "values": values}, {"metric": labels, "histograms": []}),
        "labels that are hostile": series({**labels, "pod": "\x1b[2J", "model_name": f"{KEY}\n<b>"}),
    }
    for name, body in fine.items():
        yield NetworkCase(
            "JSON", name, answers(body), prometheus, may_be_fine=True, environment={"LESSONLIB_TOKEN": KEY}
        )
    for status in ("400 Bad", "403 No", "422 What", "500 Oh", "503 Busy"):
        yield NetworkCase(
            "JSON", f"an error with status {status}", answers(b'{"status":"error","error":"x"}', status), prometheus
        )


def _environment() -> Iterator[NetworkCase]:
    fine = says(http(body=PAGE))
    tokens = {
        "a line break": "first\nsecond", "a return": "a\r\nX: y", "outside ASCII": "schlüssel", "a tab": "a\tb", "an escape": "\x1b[2Jxx",
        "short": "ab", "long": "k" * 100_000, "bytes": b"\xff\xfe\xfd\xfc".decode("utf-8", "surrogateescape"),
    }  # fmt: skip
    for name, token in tokens.items():
        yield NetworkCase("tokens", name, fine, scrape, environment={"LESSONLIB_TOKEN": token})
        yield NetworkCase(
            "tokens", f"{name} (the teacher)", fine, question, environment={"LESSONLIB_TEACHER_KEY": token}
        )
    elsewhere = lambda _: scrape("http://server.invalid:8000")  # noqa: E731
    for proxy in (
        ":::", "socks5://127.0.0.1:1080", "socks5h://x", "socks4://x:1", "ftp://x", "http://", "http://[::1", "http://x:port", "http://x:99999",
        "//", " x y ", "http://me:hush-hush@[", "127.0.0.1:9", "http://127.0.0.1:9", "https://127.0.0.1:9", "\x1b[2J", "http://\xff", "ü", "javascript:1",
    ):  # fmt: skip
        for name in ("HTTP_PROXY", "all_proxy"):
            yield NetworkCase("proxies", f"{name}={proxy}", None, elsewhere, SHORT_S * 5, environment={name: proxy})
    for answer in ("407 Proxy Authentication Required", "502 Bad Gateway", "200 OK"):

        def through(url: str) -> str:
            with environment({"HTTP_PROXY": url}):
                return scrape("http://server.invalid:8000")

        yield NetworkCase("proxies", f"one that says {answer}", says(http(answer, b"go away")), through)
    for without in ("*", "[::1", ",,,", "127.0.0.1", "http://127.0.0.1", "\x1b", ":::", "127.0.0.0/8", "x" * 50_000):
        yield NetworkCase(
            "proxies", f"NO_PROXY={without[:20]}", fine, scrape, may_be_fine=True,
            environment={"HTTP_PROXY": ":::", "NO_PROXY": without},
        )  # fmt: skip
    for name in ("SSL_CERT_FILE", "LESSONLIB_CLIENT_CERT", "LESSONLIB_CLIENT_KEY"):
        for path in ("/no/such/file", "/dev/zero", "/dev/tty", "/", "/etc/hostname", "x" * 5000):
            yield NetworkCase(
                "TLS",
                f"{name}={path[:20]}",
                fine,
                lambda url: scrape(url.replace("http:", "https:")),
                environment={name: path},
            )
    for address in (
        "http://[::1", "http://host:99999", "http://host:port", "http://ex ample", f"http://{'a' * 300}.com", "http://a..b", "  ", "http://\x1b[2J",
        "ftp://x", "file:///etc/passwd", "http://", "://", "http://user:hush@x", "http://x:0", "http://x:", "http://\u202e", "http://x\\y", "http://<b>",
        "http://127.0.0.1:9/\n", "http://999.999.999.999:1", "http://-", "http://%zz", "gopher://x", "http://x:٣", "javascript:alert(1)", "http://a@b@c",
    ):  # fmt: skip
        yield NetworkCase("addresses", address[:30], None, lambda _, address=address: probe(address, 0))


def stream(*events: bytes, after: bytes = b"", kind: str = "text/event-stream") -> Script:
    """A teacher's endpoint whose stream holds these events."""

    def script(connection: socket.socket, asked: bytes) -> None:
        if b"/models" in asked.split(b"\r\n")[0]:
            connection.sendall(http(body=b'{"object":"list","data":[{"id":"m"}]}'))
            return
        connection.sendall(OK + f"Content-Type: {kind}\r\n\r\n".encode())
        for event in events:
            connection.sendall(b"data: " + event + b"\n\n")
        connection.sendall(after)

    return script


def chunk(content: Any = "word ", finish: Any = None, **more: Any) -> bytes:
    """One event of an answer."""
    return json.dumps(
        {"id": "c", "choices": [{"index": 0, "delta": {"content": content}, "finish_reason": finish}], **more}
    ).encode()


def _teacher() -> Iterator[NetworkCase]:
    yield from _streams()
    yield from _said()
    models = {
        "no JSON": b"<html>", "null": b"null", "a list": b"[]", "a number": b"5", "data is null": b'{"data":null}', "data is text": b'{"data":"m"}',
        "data is empty": b'{"data":[]}', "data of numbers": b'{"data":[1]}', "an id that is a number": b'{"data":[{"id":5}]}',
        "an id that is empty": b'{"data":[{"id":""}]}', "no id": b'{"data":[{}]}', "an id of 1 MB": b'{"data":[{"id":"' + b"x" * 1_000_000 + b'"}]}',
        "nested 100,000 deep": b'{"data":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "an integer of 5,000 digits": b'{"data":' + b"9" * 5000 + b"}",
        "many models": b'{"data":[' + b"{}," * 1_000_000 + b"{}]}",
    }  # fmt: skip
    for name, body in models.items():
        yield NetworkCase("models", name, says(http(body=body)), question)


END = chunk("", "stop")
ASKED = {"LESSONLIB_TEACHER_MODEL": "m", "LESSONLIB_TEACHER_KEY": KEY}


def _streams() -> Iterator[NetworkCase]:
    """Answers of a teacher's endpoint."""
    broken = {
        "no JSON": (b"{nonsense",),
        "nested 50,000 deep": (b"[" * 50_000,),
        "an integer of 5,000 digits": (b'{"choices":' + b"9" * 5000 + b"}",),
        "an error within": (chunk(), b'{"error":{"message":"out of \\u001b[2J memory"}}'),
        "an error that is text": (chunk(), b'{"error":"no"}'),
        "an error that is a list": (chunk(), b'{"error":[1]}'),
        "cut": (chunk(), chunk()),
        "nothing": (),
        "done at once": (b"[DONE]",),
        "an event of 1 MB": (chunk("x" * 1_000_000), END),
    }
    for name, events in broken.items():
        yield NetworkCase("streams", name, stream(*events), question, environment=ASKED)
    lines = {
        "an event without end": forever(b"", b"x" * 64_000),
        "an event of empty lines of data": forever(b"", b"data:\n" * 10_000),
        "comments without end": forever(b"", b": ping\n\n" * 1000, 0.01),
    }
    for name, then in lines.items():

        def script(connection: socket.socket, asked: bytes, then: Script = then) -> None:
            connection.sendall(OK + b"Content-Type: text/event-stream\r\n\r\n")
            then(connection, asked)

        yield NetworkCase("streams", name, script, question, 5.0, environment=ASKED)
    odd = {
        "choices is null": b'{"choices":null}', "choices is text": b'{"choices":"x"}', "choices of numbers": b'{"choices":[1]}',
        "delta is null": b'{"choices":[{"delta":null}]}', "delta is a list": b'{"choices":[{"delta":[1]}]}', "content is a number": chunk(5),
        "content is a list": chunk(["a"]), "content is a mapping": chunk({"a": 1}), "finish is a mapping": chunk("x", {"a": 1}), "a list": b"[1]",
        "null": b"null", "a number": b"7", "half a character": b'{"choices":[{"delta":{"content":"\\ud83d"}}]}',
        "20,000 choices": b'{"choices":[' + b"{}," * 20_000 + b"{}]}",
    }  # fmt: skip
    for name, event in odd.items():
        yield NetworkCase(
            "streams", name, stream(chunk(), event, END, b"[DONE]"), question, may_be_fine=True, environment=ASKED
        )


def _said() -> Iterator[NetworkCase]:
    """Counts, errors and keys that an endpoint says."""
    counts: list[Any] = ["many", -1, 1e13, 10**13, 10**30, 1e30, True, None, [], {}, 1.5, "9" * 5000, 0]
    for count in counts:
        usage = {"prompt_tokens": count, "completion_tokens": count, "prompt_tokens_details": {"cached_tokens": count}}
        yield NetworkCase(
            "usage",
            f"{str(count)[:12]}",
            stream(chunk(), END, chunk("", None, usage=usage), b"[DONE]"),
            question,
            may_be_fine=True,
            environment=ASKED,
        )
    for name, usage in {
        "a list": [1],
        "text": "5",
        "details are text": {"prompt_tokens": 5, "prompt_tokens_details": "x"},
    }.items():
        yield NetworkCase(
            "usage", name, stream(chunk(usage=usage), END, b"[DONE]"), question, may_be_fine=True, environment=ASKED
        )
    yield NetworkCase(
        "usage",
        "NaN",
        stream(chunk(), b'{"choices":[],"usage":{"prompt_tokens":NaN}}', END, b"[DONE]"),
        question,
        may_be_fine=True,
        environment=ASKED,
    )
    for status in (
        "400 Bad",
        "401 Who",
        "403 No",
        "404 Where",
        "409 Busy",
        "422 What",
        "429 Often",
        "500 Oh",
        "503 Starting",
        "307 Here",
    ):
        for name, body in {
            "JSON": json.dumps({"error": {"message": f"you sent {KEY}\n\x1b[2J" + "x" * 5000}}).encode(),
            "no JSON": f"<html>{KEY}".encode(), "a list": b"[1]", "an error that is a number": b'{"error":5}', "deep": b"[" * 100_000,
        }.items():  # fmt: skip
            yield NetworkCase(
                "errors",
                f"{status}, {name}",
                says(http(status, body, ("Content-Type: application/json",))),
                question,
                environment=ASKED,
            )
    for name, pieces in {"whole": [KEY], "in pieces": list(KEY), "cut": list(KEY[:25]), "half": [KEY[:20]]}.items():
        events = [chunk("The key is "), *map(chunk, pieces)]
        yield NetworkCase(
            "keys",
            f"an answer with it {name}",
            stream(*events, END, b"[DONE]"),
            question,
            may_be_fine=True,
            environment=ASKED,
        )
        yield NetworkCase("keys", f"a stream cut after it {name}", stream(*events), question, environment=ASKED)


NETWORK_CASES: list[NetworkCase] = [
    *_raw(), *_time(), *_size(), *_pages(), *_prometheus(), *_environment(), *_teacher(),
]  # fmt: skip


def _of(kind: str) -> Iterator[tuple[str, Callable[[], Any]]]:
    return ((case.name, case.use) for case in NETWORK_CASES if case.kind == kind)


KINDS = [Kind("network", kind, partial(_of, kind)) for kind in dict.fromkeys(case.kind for case in NETWORK_CASES)]
