"""The teacher: a question to an OpenAI-compatible endpoint, its answer as it streams in, and when each part came.

LESSONLIB_TEACHER_URL names the endpoint (http://localhost:8000/v1), LESSONLIB_TEACHER_MODEL the model (else the first
that it lists), LESSONLIB_TEACHER_KEY the key. The key is read when a question goes out and is kept nowhere; should an
endpoint send it back, it is struck out. Deadlines, limits, proxies and TLS are those of every request (base/fetch.py).
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx

from lessonlib.base import fetch
from lessonlib.base.errors import LessonlibError
from lessonlib.base.extras import require
from lessonlib.base.fetch import Limits
from lessonlib.base.formats import parse_json, whole_characters
from lessonlib.base.secrets import TEACHER_KEY, Pieces, Secrets, secret, strike
from lessonlib.base.text import printable

if TYPE_CHECKING:
    from openai import AsyncOpenAI

URL, MODEL, KEY = "LESSONLIB_TEACHER_URL", "LESSONLIB_TEACHER_MODEL", TEACHER_KEY
#: Seconds to reach the endpoint, until the first token or between two (a queue may be long), and for all of an answer.
CONNECT_S, SILENCE_S, LONGEST_S = 10.0, 300.0, 1800.0
#: An answer longer than this is cut off: nobody reads it, and the journal keeps it.
MOST_CHARACTERS = 40_000
#: As it is sent, some 300 bytes a token, thoughts included.
_MOST_BYTES = 64_000_000
#: More tokens than this no model reads or writes at once.
MOST_TOKENS = 20_000_000
#: A model's name has room in so many characters.
_LONGEST_NAME = 200
#: What a server says of a fault is shown up to here.
_LONGEST_LINE = 300
#: A list of models, or a page that says what is wrong.
_MOST_LISTED = 2_000_000

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
    finish: "length" of an answer that was cut there, "stop" of any other that came to its end, "" until then.
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
    #: holds back what could become a secret, so nothing that was shown has to be taken back
    _pieces: Pieces = field(default_factory=lambda: Secrets.of_environment().pieces(), repr=False)

    def take(self, text: str, thought: str, now: float) -> None:
        """A piece of the answer that came at `now`."""
        if not text and not thought:
            return
        self.first, self.last = now if self.first is None else self.first, now
        self.chunks += 1
        self.thought += bool(thought and not text)
        self._show(self._pieces.take(whole_characters(text)))

    def whole(self) -> None:
        """Nothing more comes: what was held back because it could have become a secret is shown, unless it is the beginning of one."""
        self._show(self._pieces.end())

    def _show(self, text: str) -> None:
        self.text += text
        if len(self.text) > MOST_CHARACTERS:
            self.text, self.finish = self.text[:MOST_CHARACTERS], "length"


def endpoint() -> Endpoint | None:
    """The endpoint that the environment names, or None. Raises TeacherError if it is no address."""
    given = os.environ.get(URL, "").strip()
    if not given:
        return None
    found = fetch.address(given)
    if found is None:
        raise TeacherError(f"{URL} is not the address of an OpenAI-compatible server, such as http://localhost:8000/v1")
    if fetch.has_user(given):
        raise TeacherError(f"{URL}: no user or password in the address; put the key into {KEY}")
    base = found.removesuffix("/chat/completions")
    return Endpoint(base if urlsplit(base).path else f"{base}/v1", os.environ.get(MODEL, "").strip())


async def ask(
    where: Endpoint, messages: Sequence[Message], answer: StreamedAnswer, clock: Callable[[], float] = time.perf_counter
) -> None:
    """Send `messages` and fill `answer` while its tokens come in. Raises TeacherError; what came until then stays in `answer`."""
    _hold_package()
    import openai  # a second or more: on first use, and before the clock starts

    whole = asyncio.timeout(LONGEST_S)
    try:
        async with whole, _client(openai, where) as client, asyncio.timeout(SILENCE_S) as silence:
            answer.model = where.model or await _first_model(client)
            await _stream(client, messages, answer, clock, silence)
    except LessonlibError as error:
        raise TeacherError(str(error)) from None
    except openai.APIStatusError as error:
        raise TeacherError(_status(where, answer.model, error)) from None
    except TimeoutError:
        raise TeacherError(_too_long(where, answer) if whole.expired() else _silence(where, answer)) from None
    except (openai.APIConnectionError, httpx.TransportError) as error:
        raise _connection(where, answer, error) from None
    except openai.APIError as error:  # an error in the midst of the stream
        raise TeacherError(f"{where.host} gave up: {one_line(error.message)}") from None
    except Exception:  # whatever an answer of another shape does to the code that reads it
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
    key = secret(KEY)
    limits = Limits(LONGEST_S, CONNECT_S, _MOST_BYTES)
    http = fetch.client(where.url, limits)

    async def only_ours(request: httpx.Request) -> None:
        for name in ("OpenAI-Organization", "OpenAI-Project", *(() if key else ("Authorization",))):
            request.headers.pop(name, None)

    http.event_hooks = {"request": [only_ours]}
    return openai.AsyncOpenAI(
        base_url=where.url, api_key=key or "none", max_retries=0, timeout=limits.timeout, http_client=http
    )


async def _first_model(client: AsyncOpenAI) -> str:
    """The name of the first model that the endpoint lists."""
    async with client.models.with_streaming_response.list() as answer:
        text = b""
        async for part in answer.iter_bytes():
            text += part
            if len(text) > _MOST_LISTED:
                break
    try:
        found = parse_json(text.decode("utf-8", "replace"), "models")
        name = found["data"][0]["id"]
    except (LessonlibError, LookupError, TypeError):
        name = None
    if not isinstance(name, str) or not 0 < len(name.strip()) <= _LONGEST_NAME:
        raise TeacherError(f"the endpoint lists no model; name one in {MODEL}")
    return one_line(name)


async def _stream(
    client: AsyncOpenAI,
    messages: Sequence[Message],
    answer: StreamedAnswer,
    clock: Callable[[], float],
    silence: asyncio.Timeout,
) -> None:
    """Take the stream to its end. silence: the deadline of the next token, moved on by each that comes."""
    chunks = 0
    async with await _open(client, messages, answer, clock) as stream:
        async for chunk in stream:
            _take(chunk, answer, clock())
            if len(answer.text) >= MOST_CHARACTERS:
                answer.finish = "length"
                break
            if answer.chunks > chunks:
                chunks = answer.chunks
                silence.reschedule(asyncio.get_running_loop().time() + SILENCE_S)
    if not answer.finish:
        cut = "the answer broke off" if answer.first is not None else "no token came"
        raise TeacherError(f"{cut}: the endpoint closed the stream before its end; ask again, and look into its log")
    if not answer.chunks:
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
        if getattr(error, "status_code", None) not in (400, 422) or "stream_options" not in str(error):
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
        finish = getattr(choice, "finish_reason", None)
        if finish:
            answer.finish = "length" if finish == "length" else "stop"
    usage = getattr(chunk, "usage", None)
    if usage is not None:
        answer.prompt_tokens = _count(getattr(usage, "prompt_tokens", None))
        answer.generated_tokens = _count(getattr(usage, "completion_tokens", None))
        cached = _count(getattr(getattr(usage, "prompt_tokens_details", None), "cached_tokens", None))
        answer.cached_tokens = cached if cached is not None and cached <= (answer.prompt_tokens or 0) else None
        reasoned = _count(getattr(getattr(usage, "completion_tokens_details", None), "reasoning_tokens", None)) or 0
        answer.hidden_tokens = 0 if answer.thought else reasoned


def _count(value: Any) -> int | None:
    """A number of tokens as an endpoint may count them; None for anything else, and for more than there can be."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_TOKENS else None


# --- what went wrong, in one line ----------------------------------------------------------------------------------


def _status(where: Endpoint, model: str, error: Any) -> str:
    status, told = error.status_code, one_line(str(getattr(error, "message", "")))
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


def _too_long(where: Endpoint, answer: StreamedAnswer) -> str:
    if answer.first is None:
        return f"{where.host}: no token within {LONGEST_S:g} s; is the server stuck, or its queue that long?"
    return (
        f"{where.host}: the answer was not complete within {LONGEST_S:g} s, and no longer is waited; this much had come"
    )


def _silence(where: Endpoint, answer: StreamedAnswer) -> str:
    if answer.sent is None or answer.first is None:
        return f"{where.host}: no token within {SILENCE_S:g} s; is the server stuck, or its queue that long?"
    return f"{where.host}: it fell silent in the midst of the answer; ask again, and look whether the server restarts"


def _connection(where: Endpoint, answer: StreamedAnswer, error: Exception) -> TeacherError:
    cause = error.__cause__ or error
    if isinstance(cause, LessonlibError):
        return TeacherError(str(cause))
    told = fetch.cause(cause)
    if answer.first is not None:
        return TeacherError(
            f"{where.host}: the answer broke off ({told}); ask again, and look whether the server restarts"
        )
    if isinstance(cause, (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError)):
        return TeacherError(str(fetch.failure(cause, where.host, LONGEST_S)))
    return TeacherError(f"{where.host}: the connection broke before the first token ({told}); ask again")


def one_line(text: object, most: int = _LONGEST_LINE) -> str:
    """What a server said, on one line, without secrets and without signs that move a cursor."""
    flat = strike(" ".join(whole_characters(str(text)[: 20 * most]).split()), cut=True)
    flat = printable(flat)
    return flat if len(flat) <= most else flat[: most - 1] + "…"
