"""One HTTP request to a metrics endpoint, with every way it can fail said in one line.

Bearer token and TLS come from the environment, never from a flag (flags end up in process lists and shell
histories): LESSONLIB_TOKEN, SSL_CERT_FILE (own certificate authority), LESSONLIB_CLIENT_CERT and LESSONLIB_CLIENT_KEY.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit, urlunsplit

import httpx

from lessonlib.base.errors import LessonlibError
from lessonlib.base.text import printable
from lessonlib.base.tls import tls

#: Seconds in which an answer must be complete; a scrape of a busy vLLM takes some milliseconds.
DEADLINE_S = 10.0
MOST_BYTES = 64_000_000


class Page(NamedTuple):
    """An answer: HTTP status and text."""

    status: int
    text: str


class UnreachableError(LessonlibError):
    """Nobody answers there, or no longer: a server that is being restarted looks like this for a while."""


def checked_url(url: str) -> str:
    """The URL without query, fragment and last slash. Raises LessonlibError if it is none."""
    url = printable(url.strip())
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host = (parts.hostname or "").encode("idna")
        named = bool(parts.scheme in ("http", "https") and host and parts.port != 0 and " " not in parts.netloc)
    except ValueError:  # a port that is no number, half an IPv6 address, a label too long
        named = False
    if not named:
        raise LessonlibError(
            f"{url or 'no address'}: expected the address of a vLLM or Prometheus server, such as http://localhost:8000 or http://[::1]:8000"
        )
    if parts.username or parts.password:
        raise LessonlibError("no user or password in the address: put a bearer token into LESSONLIB_TOKEN")
    return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", ""))


def client() -> httpx.Client:
    """A client with token and TLS of the environment. It follows no redirect, so that the token stays where it was sent."""
    token = os.environ.get("LESSONLIB_TOKEN", "").strip()
    # Servers that know OpenMetrics too send the classic text format when it is asked for.
    headers = {"Accept": "text/plain;version=0.0.4, application/json, */*;q=0.1"} | (
        {"Authorization": f"Bearer {token}"} if token else {}
    )
    return httpx.Client(headers=headers, timeout=DEADLINE_S, follow_redirects=False, verify=tls())


def get(http: httpx.Client, url: str, params: Mapping[str, str] | None = None) -> Page:
    """The answer of `url`. Raises UnreachableError if there is none, LessonlibError if it cannot be what we look for."""
    end = time.monotonic() + DEADLINE_S
    try:
        with http.stream("GET", url, params=params) as answer:
            page = Page(answer.status_code, _read(answer, url, end))
    except httpx.TimeoutException:
        raise UnreachableError(
            f"{url}: no complete answer within {DEADLINE_S:g} s; is the address right, and the server not stuck?"
        ) from None
    except httpx.ConnectError as error:
        raise _connection(url, error) from None
    except (httpx.RequestError, httpx.InvalidURL, UnicodeError) as error:
        raise UnreachableError(
            f"{url}: the answer broke off ({_line(error)}); try again, and look whether the server restarts"
        ) from None
    if page.status in (401, 403):
        raise LessonlibError(
            f"{url}: status {page.status}, it wants a bearer token: put it into the environment as LESSONLIB_TOKEN"
        )
    if 300 <= page.status < 400:
        raise LessonlibError(f"{url}: it redirects (status {page.status}); give the address that it leads to")
    if page.status >= 500:
        raise UnreachableError(f"{url}: status {page.status}, the server is not ready; try again when it is")
    return page


def _read(answer: httpx.Response, url: str, end: float) -> str:
    """The text of an answer that keeps the deadline and is not endless."""
    parts, size = [], 0
    for part in answer.iter_bytes():
        parts.append(part)
        size += len(part)
        if size > MOST_BYTES:
            raise LessonlibError(f"{url}: more than {MOST_BYTES / 1e6:g} MB; these are not the metrics of a server")
        if time.monotonic() > end:
            raise httpx.ReadTimeout("the deadline has passed")
    return b"".join(parts).decode("utf-8", errors="replace")


def _connection(url: str, error: httpx.ConnectError) -> LessonlibError:
    text = _line(error)
    if "CERTIFICATE" in text.upper():
        return LessonlibError(f"{url}: its certificate is not trusted here; name its authority in SSL_CERT_FILE")
    if "SSL" in text.upper():
        return LessonlibError(f"{url}: no TLS there ({text}); should the address begin with http://?")
    return UnreachableError(f"{url}: nobody answers ({text}); is the server running, and the port open from here?")


def _line(error: Exception) -> str:
    return printable(" ".join(str(error).split())) or type(error).__name__
