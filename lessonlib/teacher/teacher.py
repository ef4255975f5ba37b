"""The teacher: a question to an OpenAI-compatible endpoint, its answer as it streams in, and when each part came.

LESSONLIB_TEACHER_URL names the endpoint (http://localhost:8000/v1), LESSONLIB_TEACHER_MODEL the model (else the first
that it lists), LESSONLIB_TEACHER_KEY the key. The key is read when a question goes out and is kept nowhere; should an
endpoint send it back, it is struck out. TLS comes from the same variables as for `lessonlib probe`.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import httpx

from lessonlib.base.errors import LessonlibError
from lessonlib.base.extras import require
from lessonlib.base.tls import tls
from lessonlib.lesson.guess import representable

if TYPE_CHECKING:
    from openai import AsyncOpenAI

URL, MODEL, KEY = "LESSONLIB_TEACHER_URL", "LESSONLIB_TEACHER_MODEL", "LESSONLIB_TEACHER_KEY"
#: Seconds to reach the endpoint, between two pieces of an answer (a queue may be long), and for all of it.
CONNECT_S, SILENCE_S, LONGEST_S = 10.0, 300.0, 1800.0
#: An answer longer than this is cut off: nobody reads it, and the journal keeps it.
MOST_CHARACTERS = 40_000
#: A shorter key is no secret ("EMPTY"), and striking it out would strike out words.
_SHORTEST_KEY = 8
_STRUCK = "•••"

Message = Mapping[str, str]


class TeacherError(LessonlibError):
    """No answer, or not all of it: one line that says why and what to do."""


@dataclass(frozen=True)
class Endpoint:
    """Where the teacher is. model: "" for the first one that the endpoint lists."""

    url: str
    model: str = ""

    @property
    def host(self) -> str:
        """The machine and port, for people."""
        return urlsplit(self.url).netloc


@dataclass
class StreamedAnswer:
    """An answer while it comes in. sent, first, last: seconds on one clock, when the question went out and when the
    first and the last token came. chunks: pieces that brought tokens; thought: those of them that were reasoning.
    """

    text: str = ""
    model: str = ""
    sent: float | None = None
    first: float | None = None
    last: float | None = None
    chunks: int = 0
    thought: int = 0
    finish: str = ""
    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    generated_tokens: int | None = None
    hidden_tokens: int = 0
    _raw: str = field(default="", repr=False)  # as it came, before the key is struck out

    def take(self, text: str, thought: str, now: float) -> None:
        """A piece of the answer that came at `now`."""
        if not text and not thought:
            return
        self.first, self.last = now if self.first is None else self.first, now
        self.chunks += 1
        self.thought += bool(thought and not text)
        self._raw += text
        self.text = struck(representable(self._raw), more=True)

    def whole(self) -> None:
        """Nothing more comes: what was held back because it could have become the key is shown."""
        self.text = struck(representable(self._raw))


def endpoint() -> Endpoint | None:
    """The endpoint that the environment names, or None. Raises TeacherError if it is no address."""
    given = os.environ.get(URL, "").strip()
    if not given:
        return None
    try:
        parts = urlsplit(given if "://" in given else f"http://{given}")
        usable = parts.scheme in ("http", "https") and parts.hostname and (parts.port or True)
    except ValueError:
        usable = None
    if not usable:
        raise TeacherError(f"{URL} is not the address of an OpenAI-compatible server, such as http://localhost:8000/v1")
    if parts.username or parts.password:
        raise TeacherError(f"{URL}: no user or password in the address; put the key into {KEY}")
    path = parts.path.rstrip("/").removesuffix("/chat/completions") or "/v1"
    return Endpoint(urlunsplit((parts.scheme, parts.netloc, path, "", "")), os.environ.get(MODEL, "").strip())


def struck(text: str, more: bool = False) -> str:
    """`text` without the key of the environment. more: text may follow, so the beginning of a key at its end is held back."""
    key = os.environ.get(KEY, "").strip()
    if len(key) < _SHORTEST_KEY:
        return text
    text = text.replace(key, _STRUCK)
    held = next((size for size in range(len(key) - 1, 3, -1) if text.endswith(key[:size])), 0) if more else 0
    return text[: len(text) - held]


async def ask(
    where: Endpoint, messages: Sequence[Message], answer: StreamedAnswer, clock: Callable[[], float] = time.perf_counter
) -> None:
    """Send `messages` and fill `answer` while its tokens come in. Raises TeacherError; what came until then stays in `answer`."""
    _hold_package()
    import openai  # a second or more: on first use, and before the clock starts

    try:
        async with asyncio.timeout(LONGEST_S), _client(openai, where) as client:
            answer.model = where.model or await _first_model(client)
            await _stream(client, messages, answer, clock)
    except LessonlibError:
        raise
    except openai.APIStatusError as error:
        raise TeacherError(_status(where, answer.model, error)) from None
    except (openai.APITimeoutError, httpx.TimeoutException, TimeoutError):
        raise TeacherError(_silence(where, answer)) from None
    except (openai.APIConnectionError, httpx.TransportError) as error:
        raise TeacherError(_connection(where, answer, error)) from None
    except openai.APIError as error:  # an error in the midst of the stream
        raise TeacherError(f"{where.host} gave up: {_line(error.message)}") from None
    except (ValueError, TypeError, AttributeError, LookupError):
        raise TeacherError(
            f"{where.host} sent what is no stream of a chat completion; is {URL} an OpenAI-compatible server?"
        ) from None
    finally:
        answer.whole()


def _hold_package() -> None:
    """A learner who only reads does without the package openai."""
    try:
        require("openai", "teacher", "the teacher")
    except LessonlibError as error:
        raise TeacherError(str(error)) from None


def _client(openai: Any, where: Endpoint) -> AsyncOpenAI:
    """A client that sends our key or none, and nothing that the library finds elsewhere in the environment."""
    key = os.environ.get(KEY, "").strip()
    if not key.isascii() or not key.isprintable():
        raise TeacherError(f"{KEY} holds characters that no header can carry; copy the key anew")
    patience = httpx.Timeout(SILENCE_S, connect=CONNECT_S)

    async def only_ours(request: httpx.Request) -> None:
        for name in ("OpenAI-Organization", "OpenAI-Project", *(() if key else ("Authorization",))):
            request.headers.pop(name, None)

    http = httpx.AsyncClient(
        timeout=patience, verify=tls(), follow_redirects=False, event_hooks={"request": [only_ours]}
    )
    return openai.AsyncOpenAI(
        base_url=where.url, api_key=key or "none", max_retries=0, timeout=patience, http_client=http
    )


async def _first_model(client: AsyncOpenAI) -> str:
    listed = await client.models.list()
    name = listed.data[0].id if listed.data else ""
    if not isinstance(name, str) or not name:
        raise TeacherError(f"the endpoint lists no model; name one in {MODEL}")
    return _line(name)


async def _stream(
    client: AsyncOpenAI, messages: Sequence[Message], answer: StreamedAnswer, clock: Callable[[], float]
) -> None:
    async with await _open(client, messages, answer, clock) as stream:
        async for chunk in stream:
            _take(chunk, answer, clock())
            if len(answer.text) > MOST_CHARACTERS:
                answer.finish = "length"
                break
    if not answer.finish:
        cut = "the answer broke off" if answer.first is not None else "no token came"
        raise TeacherError(f"{cut}: the endpoint closed the stream before its end; ask again, and look into its log")
    if not answer.text and not answer.thought:
        raise TeacherError(f"{answer.model} answered nothing; ask in other words, or name another model in {MODEL}")


async def _open(
    client: AsyncOpenAI, messages: Sequence[Message], answer: StreamedAnswer, clock: Callable[[], float]
) -> Any:
    """The stream, with token counts at its end unless the endpoint knows no such option."""
    asked: dict[str, Any] = {"model": answer.model, "messages": list(messages), "stream": True}
    try:
        answer.sent = clock()
        return await client.chat.completions.create(**asked, stream_options={"include_usage": True})
    except Exception as error:
        if getattr(error, "status_code", 0) not in (400, 422) or "stream_options" not in str(error):
            raise
        answer.sent = clock()
        return await client.chat.completions.create(**asked)


def _take(chunk: Any, answer: StreamedAnswer, now: float) -> None:
    """One event of the stream: tokens, why it ended, or how many tokens there were."""
    for choice in (getattr(chunk, "choices", None) or [])[:1]:
        delta = choice.delta
        text, thought = (
            getattr(delta, "content", None),
            getattr(delta, "reasoning_content", None) or getattr(delta, "reasoning", None),
        )
        answer.take(text if isinstance(text, str) else "", thought if isinstance(thought, str) else "", now)
        answer.finish = str(getattr(choice, "finish_reason", None) or answer.finish)
    usage = getattr(chunk, "usage", None)
    if usage is not None:
        answer.prompt_tokens = _count(getattr(usage, "prompt_tokens", None))
        answer.generated_tokens = _count(getattr(usage, "completion_tokens", None))
        answer.cached_tokens = _count(getattr(getattr(usage, "prompt_tokens_details", None), "cached_tokens", None))
        reasoned = _count(getattr(getattr(usage, "completion_tokens_details", None), "reasoning_tokens", None)) or 0
        answer.hidden_tokens = 0 if answer.thought else reasoned


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


# --- what went wrong, in one line ----------------------------------------------------------------------------------


def _status(where: Endpoint, model: str, error: Any) -> str:
    status, told = error.status_code, _line(str(getattr(error, "message", "")))
    if status in (401, 403):
        return f"{where.host}: status {status}, it wants another key: put it into the environment as {KEY}, then restart the kernel"
    if status == 404:
        named = f"the model {model!r} is not served there, or " if model else ""
        return (
            f"{where.host}: status 404, {named}the path is another: look at {MODEL} and {URL} (it usually ends in /v1)"
        )
    if status == 429:
        return f"{where.host}: status 429, too many requests or no quota left; wait a moment and ask again"
    if 300 <= status < 400:
        return f"{where.host}: it redirects (status {status}); put the address that it leads to into {URL}"
    if status >= 500:
        return f"{where.host}: status {status}, the server failed; ask again when it is ready"
    return f"{where.host}: status {status}, it refused the question: {told}"


def _silence(where: Endpoint, answer: StreamedAnswer) -> str:
    if answer.sent is None or answer.first is None:
        return f"{where.host}: no token within {SILENCE_S:g} s; is the server stuck, or its queue that long?"
    return f"{where.host}: it fell silent in the midst of the answer; ask again, and look whether the server restarts"


def _connection(where: Endpoint, answer: StreamedAnswer, error: Exception) -> str:
    cause = error.__cause__ or error
    told = _line(str(cause)) or type(cause).__name__
    if answer.first is not None:
        return f"{where.host}: the answer broke off ({told}); ask again, and look whether the server restarts"
    if "CERTIFICATE" in told.upper():
        return f"{where.host}: its certificate is not trusted here; name its authority in SSL_CERT_FILE"
    if "SSL" in told.upper():
        return f"{where.host}: no TLS there ({told}); should {URL} begin with http://?"
    if isinstance(cause, httpx.ConnectError):
        return f"{where.host}: nobody answers ({told}); is the server running, and the port open from here?"
    return f"{where.host}: the connection broke before the first token ({told}); ask again"


def _line(text: str, most: int = 200) -> str:
    """What a server said, on one line, without the key."""
    flat = struck(" ".join(representable(str(text)).split()))
    return flat if len(flat) <= most else flat[: most - 1] + "…"
