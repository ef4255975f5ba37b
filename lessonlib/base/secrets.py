"""Tokens and keys of the environment: read in one place, and struck out of whatever a server says.

A server knows the key that was sent to it and may say it again: in an error, in a label, in an answer that comes in pieces.
Struck out are the key itself, a stretch of half of it (of 8 characters at least), its beginning (from 4 characters) where a
text was cut, and all of that as URL, JSON, HTML, base64 and hexadecimals write it. A server that means harm can still spell
a key in a way of its own, such as backwards: only whom it was sent to can do that.
"""

from __future__ import annotations

import base64
import html
import json
import os
import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import lru_cache
from urllib.parse import quote, unquote, urlsplit

from lessonlib.base.errors import LessonlibError

TOKEN, TEACHER_KEY = "LESSONLIB_TOKEN", "LESSONLIB_TEACHER_KEY"
#: Variables whose value is never shown. The last one is another program's: it is never sent, and never shown either.
NAMES = (TOKEN, TEACHER_KEY, "OPENAI_API_KEY")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
#: What people write where a server wants some key and looks at none. No secrets: striking them out would strike out words.
PLACEHOLDERS = frozenset({"empty", "none", "null", "dummy", "ollama", "no-key", "sk-no-key-required", "not-needed"})
#: A shorter key is refused: striking it out would leave no text whole. A longer one than the other is no key.
SHORTEST, LONGEST = 4, 4096
#: Stretches of a key that are struck out by themselves have so many characters at least.
_STRETCH = 8
STRUCK = "•••"


def secret(name: str) -> str:
    """The token or key in the environment variable `name`, "" for none.

    Raises LessonlibError, which never holds it, if no header can carry it or if it cannot be kept secret.
    """
    value = os.environ.get(name, "").strip()
    if not value:
        return ""
    if not value.isascii() or not value.isprintable():
        raise LessonlibError(
            f"{name} holds characters that no header can carry (a line break, or a letter outside ASCII); copy it anew"
        )
    if len(value) > LONGEST:
        raise LessonlibError(f"{name} is longer than {LONGEST:,} characters, so it is no token or key; copy it anew")
    if len(value) < SHORTEST and value.lower() not in PLACEHOLDERS:
        raise LessonlibError(
            f"{name} is shorter than {SHORTEST} characters, too short to be kept out of what is shown; "
            "unset it, or write EMPTY if the server looks at no key"
        )
    return value


def strike(text: str, cut: bool = False) -> str:
    """`text` without the secrets of the environment. cut: it may have ended in the middle of one."""
    return Secrets.of_environment().strike(text, cut)


class Secrets:
    """Keys that are struck out of texts."""

    def __init__(self, keys: Sequence[str]):
        self._forms = [form for key in keys for form in _forms(key)]

    @staticmethod
    def of_environment() -> Secrets:
        """The tokens, keys and proxy passwords that the environment holds now."""
        return _secrets(tuple(map(os.environ.get, NAMES)), tuple(map(os.environ.get, _PROXIES)))

    def strike(self, text: str, cut: bool = False) -> str:
        """`text` with STRUCK for each secret. cut: it may have ended in the middle of one."""
        out, at = [], 0
        for start, end in self._found(text, cut):
            out += [text[at:start], STRUCK]
            at = end
        return "".join([*out, text[at:]])

    def pieces(self) -> Pieces:
        """Strikes a text that comes in pieces."""
        return Pieces(self)

    def _found(self, text: str, cut: bool) -> list[tuple[int, int]]:
        """(start, end) of all stretches to strike, in order, none touching another."""
        spans = sorted(span for form in self._forms for span in form.spans(text))
        if cut:
            spans += [(len(text) - size, len(text)) for form in self._forms if (size := form.begun(text)) >= SHORTEST]
        merged: list[tuple[int, int]] = []
        for start, end in sorted(spans):
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        return merged

    def _settled(self, text: str) -> int:
        """How many characters of a text that goes on can be shown: no secret can begin before, and end after them."""
        safe = len(text) - max((form.unsettled(text) for form in self._forms), default=0)
        return next((start for start, end in self._found(text, cut=False) if start < safe < end), safe)


class Pieces:
    """Strikes secrets out of a text that comes in pieces, wherever their borders fall. What was given out stays."""

    def __init__(self, secrets: Secrets):
        self._secrets, self._held = secrets, ""

    def take(self, piece: str) -> str:
        """What can be shown now; a secret may have begun in the rest."""
        self._held += piece
        size = self._secrets._settled(self._held)
        shown, self._held = self._held[:size], self._held[size:]
        return self._secrets.strike(shown)

    def end(self) -> str:
        """What was held back, now that nothing more comes."""
        rest, self._held = self._held, ""
        return self._secrets.strike(rest, cut=True)


class _Form:
    """A key as it may be written. whole: only all of it is struck out (it is too short for stretches)."""

    def __init__(self, text: str, whole: bool):
        self._text = text
        self._least = len(text) if whole else min(len(text), max(_STRETCH, (len(text) + 1) // 2))
        #: a stretch of at least 2 B - 1 characters holds a block of B whole; the last block ends with the text
        size = (self._least + 1) // 2
        starts = {*range(0, len(text) - size + 1, size), len(text) - size}
        self._blocks = [(text[start : start + size], start) for start in sorted(starts)]

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """(start, end) of each stretch of the form in the text that is long enough."""
        for block, place in self._blocks:
            at = text.find(block)
            while at >= 0:
                start, end, first, last = at, at + len(block), place, place + len(block)
                while start and first and text[start - 1] == self._text[first - 1]:
                    start, first = start - 1, first - 1
                while end < len(text) and last < len(self._text) and text[end] == self._text[last]:
                    end, last = end + 1, last + 1
                if end - start >= self._least:
                    yield start, end
                at = text.find(block, at + 1)

    def begun(self, text: str) -> int:
        """Characters at the end of the text that are the beginning of the form."""
        most = min(len(self._text), len(text))
        return next((size for size in range(most, 0, -1) if text.endswith(self._text[:size])), 0)

    def unsettled(self, text: str) -> int:
        """Characters at the end of the text that more characters could make a stretch to strike."""
        # If the last n characters stand in the form, so do the last n - 1: the first size that does not is found by halving.
        sizes = range(1, min(len(self._text), len(text)) + 1)
        return bisect_left(sizes, True, key=lambda size: text[-size:] not in self._text)


@lru_cache(maxsize=8)
def _secrets(values: tuple[str | None, ...], proxies: tuple[str | None, ...]) -> Secrets:
    return Secrets(list(dict.fromkeys(_parts([*values, *map(_password, proxies)]))))


def _password(proxy: str | None) -> str:
    try:
        return unquote(urlsplit(proxy or "").password or "")
    except ValueError:  # no address; nothing is sent there
        return ""


def _parts(values: Sequence[str | None]) -> Iterator[str]:
    """The secrets and, of one with a line break inside, its parts: it is refused, but somebody might quote a part of it."""
    for value in filter(None, values):
        for part in {value.strip(): None, **dict.fromkeys(value.split())}:
            if SHORTEST <= len(part) <= LONGEST and part.lower() not in PLACEHOLDERS:
                yield part


def _forms(key: str) -> Iterator[_Form]:
    whole = len(key) < _STRETCH
    data = key.encode("utf-8", "surrogateescape")
    written = {key, quote(data, safe=""), html.escape(key), data.hex(), data.hex().upper()}
    written.add(re.sub("%..", lambda code: code[0].lower(), quote(data, safe="")))
    written |= {json.dumps(key)[1:-1], "".join(f"\\u{ord(sign):04x}" for sign in key)}
    for text in sorted(written):
        yield _Form(text, whole)
    for before in range(3):  # base64 takes three bytes at a time, so it depends on how many stand before the key
        coded = base64.b64encode(b"\0" * before + data).decode().rstrip("=")
        # the first and last signs mix bits of the key with those of its neighbours
        inner = coded[(0, 2, 3)[before] : len(coded) - (1 if (before + len(data)) % 3 else 0)]
        for text in {inner, inner.replace("+", "-").replace("/", "_")}:
            if len(text) >= SHORTEST:
                yield _Form(text, whole)
