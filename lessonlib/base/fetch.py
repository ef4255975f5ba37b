"""Every request that leaves this machine goes through here: one client, one deadline, one line for each way to fail.

The whole transfer is one task that is cancelled at its deadline, whatever it is doing then: looking up a name, shaking
hands, waiting for the rest of a header, reading a body byte by byte. A body comes as it is sent, for nothing compressed is
asked for or taken, so its limit is what it needs here. No redirect is followed, and a cookie is seen only by who asks for it. Tokens and
TLS come from the environment, never from a flag (flags end up in process lists and shell histories).
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import ssl
import threading
import urllib.request
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlsplit, urlunsplit

import httpx

from lessonlib.base.errors import LessonlibError
from lessonlib.base.secrets import strike
from lessonlib.base.tls import tls

#: Beyond the deadline the one who asked waits no longer for the thread that fetches, whatever holds it up.
_GRACE_S = 1.0
_MOST_OF_A_CAUSE = 200
#: What ends an event of a stream.
_GAPS = (b"\n\n", b"\r\r", b"\r\n\r\n")
#: Headers of an answer that would have us do something on our own: go elsewhere, remember something.
_NOT_FOR_US = ("Location", "Set-Cookie", "Refresh")


class UnreachableError(LessonlibError):
    """Nobody answers there, or no longer: a server that is being restarted looks like this for a while."""


@dataclass(frozen=True)
class Limits:
    """What one request may take. seconds: from looking up the name to the last byte of the answer; connect_seconds: until
    somebody is there to be asked.

    event_bytes: of one event of a stream of events; what puts events together copies them with every line that comes.
    Of headers http/1.1 allows 100 kB here (httpcore's limit).
    """

    seconds: float = 10.0
    connect_seconds: float = 10.0
    body_bytes: int = 32_000_000
    event_bytes: int = 256_000

    @property
    def timeout(self) -> httpx.Timeout:
        """What the client itself looks after; the deadline is around everything."""
        return httpx.Timeout(None, connect=self.connect_seconds)


class Page(NamedTuple):
    """An answer: HTTP status and text."""

    status: int
    text: str


def address(given: str) -> str | None:
    """An http or https address without user, query, fragment and last slash; None if it is none."""
    given = given.strip()
    try:
        parts = urlsplit(given if "://" in given else f"http://{given}")
        host = (parts.hostname or "").encode("idna")
        good = parts.scheme in ("http", "https") and host and parts.port != 0 and not parts.netloc.endswith(":")
        httpx.URL(given if "://" in given else f"http://{given}")
    except (ValueError, httpx.InvalidURL):  # a port that is no number, half an IPv6 address, a label too long
        return None
    if not good or not given.isprintable() or any(sign in parts.netloc for sign in " \\<>\"'{}|^`"):
        return None
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", ""))


def has_user(given: str) -> bool:
    """Whether an address names a user or a password, which have no place there."""
    return "@" in urlsplit(given.strip() if "://" in given else f"http://{given.strip()}").netloc


def get(
    url: str,
    params: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    limits: Limits | None = None,
) -> Page:
    """The answer of `url`, whatever its status.

    Raises UnreachableError if there is none, LessonlibError if it is none that can be taken.
    """
    limits = limits or Limits()
    done: Future[Page] = Future()

    async def fetch() -> None:
        try:
            async with asyncio.timeout(limits.seconds), client(url, limits, headers) as http:
                done.set_result(await _page(http, url, params))
        except BaseException as error:  # it goes to the one who waits
            if not done.done():
                done.set_exception(error)

    # A thread of its own: a notebook already runs a loop on this one. It is not waited for when the process ends.
    threading.Thread(target=lambda: asyncio.run(fetch()), name="fetch", daemon=True).start()
    try:
        return done.result(limits.seconds + _GRACE_S)
    except LessonlibError:
        raise
    except Exception as error:  # every fault of a server ends in one line
        raise failure(error, url, limits.seconds) from None


async def _page(http: httpx.AsyncClient, url: str, params: Mapping[str, str] | None) -> Page:
    answer = await http.get(url, params=params)
    return Page(answer.status_code, answer.content.decode("utf-8", errors="replace"))


def client(
    url: str, limits: Limits, headers: Mapping[str, str] | None = None, *, cookies: bool = False
) -> httpx.AsyncClient:
    """A client for the server at `url` that keeps the limits on sizes. cookies: whether it sees what the server sets.

    Its deadline is the caller's: `asyncio.timeout(limits.seconds)` around all that it does. Raises LessonlibError for TLS
    files or a proxy of the environment that cannot be used.
    """
    way = _proxy(url)
    # Reading the authorities of this machine takes 20 ms; without TLS nothing is read.
    trusted = (
        tls()
        if any(each.lower().startswith("https:") for each in (url, way))
        else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    )
    proxy = httpx.Proxy(way, ssl_context=trusted if way.lower().startswith("https:") else None) if way else None
    return httpx.AsyncClient(
        transport=_Transport(trusted, proxy, limits, cookies),
        headers=headers,
        timeout=limits.timeout,
        follow_redirects=False,
        trust_env=False,
    )


def failure(error: BaseException, where: str, seconds: float) -> LessonlibError:
    """What went wrong with a request to `where`, in one line without any secret."""
    if isinstance(error, LessonlibError):
        return error
    if isinstance(error, httpx.ConnectTimeout):
        return UnreachableError(
            f"{where}: nobody answers; is the address right, the server running, and the port open from here?"
        )
    if isinstance(error, (TimeoutError, httpx.TimeoutException)):
        return UnreachableError(
            f"{where}: no complete answer within {seconds:g} s; is the address right, and the server not stuck?"
        )
    told = cause(error)
    if isinstance(error, httpx.ProxyError):
        return UnreachableError(
            f"{where}: the proxy of the environment does not lead there ({told}); see HTTP_PROXY, NO_PROXY"
        )
    if isinstance(error, httpx.ConnectError):
        if "CERTIFICATE" in told.upper():
            return LessonlibError(f"{where}: its certificate is not trusted here; name its authority in SSL_CERT_FILE")
        if "SSL" in told.upper():
            return LessonlibError(f"{where}: no TLS there ({told}); should the address begin with http://?")
        return UnreachableError(
            f"{where}: nobody answers ({told}); is the server running, and the port open from here?"
        )
    return UnreachableError(f"{where}: the answer broke off ({told}); try again, and look whether the server restarts")


def cause(error: BaseException) -> str:
    """What an error says, on one line, short and without any secret."""
    told = strike(" ".join(str(error).split()), cut=True) or type(error).__name__
    return told if len(told) <= _MOST_OF_A_CAUSE else f"{told[: _MOST_OF_A_CAUSE - 1]}…"


class _Transport(httpx.AsyncBaseTransport):
    """Asks for nothing compressed and refuses it, takes no more than the limits say, and drops what a header wants of us."""

    def __init__(self, trusted: ssl.SSLContext, proxy: httpx.Proxy | None, limits: Limits, cookies: bool = False):
        self._inner = httpx.AsyncHTTPTransport(verify=trusted, proxy=proxy, trust_env=False)
        self._limits = limits
        self._dropped = [name for name in _NOT_FOR_US if not (cookies and name == "Set-Cookie")]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.netloc.decode("ascii", "replace")
        request.headers["Accept-Encoding"] = "identity"
        answer = await self._inner.handle_async_request(request)
        encoding = ", ".join(filter(None, answer.headers.get_list("Content-Encoding", split_commas=True)))
        if encoding.strip().lower() not in ("", "identity"):
            await answer.aclose()
            told = strike(encoding, cut=True)[:40]
            raise LessonlibError(f"{host}: the answer is encoded ({told}), which was not asked for and is not taken")
        for name in self._dropped:
            answer.headers.pop(name, None)
        kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        answer.headers["Content-Type"] = f"{kind}; charset=utf-8"  # Python has "charsets" that unpack
        if isinstance(answer.stream, httpx.AsyncByteStream):
            events = kind == "text/event-stream"
            answer.stream = _Limited(answer.stream, host, self._limits, events)
        return answer

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Limited(httpx.AsyncByteStream):
    """A body that is not endless, nor one event of a stream of them."""

    def __init__(self, inner: httpx.AsyncByteStream, host: str, limits: Limits, events: bool):
        self._inner, self._host, self._limits, self._events = inner, host, limits, events

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size, event, tail = 0, 0, b""
        async for part in self._inner:
            size += len(part)
            if size > self._limits.body_bytes:
                most = f"{self._limits.body_bytes / 1e6:,.4g} MB"
                raise LessonlibError(f"{self._host}: the answer is larger than {most}, the most that is taken")
            if self._events:
                joined = tail + part
                event, tail = (event + len(part) if (end := _last_gap(joined)) < 0 else len(joined) - end), joined[-3:]
                if event > self._limits.event_bytes:
                    raise LessonlibError(
                        f"{self._host}: one piece of the stream is larger than {self._limits.event_bytes / 1e3:,.4g} kB; it is no stream of an answer"
                    )
            yield part

    async def aclose(self) -> None:
        await self._inner.aclose()


def _last_gap(data: bytes) -> int:
    """Where the last empty line of a stream of events ends; -1 without one."""
    return max((data.rfind(gap) + len(gap) for gap in _GAPS if gap in data), default=-1)


# --- proxies ---------------------------------------------------------------------------------------------------------


def _proxy(url: str) -> str:
    """The address of the proxy that the environment names for `url`, "" for none; none for this machine itself.

    Raises LessonlibError for one that cannot be used. What stands there is not repeated: it may hold a password.
    """
    parts, known = urlsplit(url), urllib.request.getproxies_environment()
    found = (known.get(parts.scheme) or known.get("all") or "").strip()
    host = parts.hostname or ""
    if not found or _is_here(host) or urllib.request.proxy_bypass(parts.netloc):
        return ""
    found = found if "://" in found else f"http://{found}"
    if address(found) is None:
        names = (name for name in os.environ if name.lower() in (f"{parts.scheme}_proxy", "all_proxy"))
        raise LessonlibError(
            f"{', '.join(sorted(names))}: no address of a proxy that can be used here, such as http://proxy:3128 (SOCKS cannot); "
            f"mend it, or put {host} into NO_PROXY"
        )
    return found


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.rstrip(".").lower() == "localhost"
