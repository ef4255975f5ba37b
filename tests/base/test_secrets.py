"""Keys of the environment: which are taken, and that no text shows them, whole, in part, in pieces or written otherwise."""

from __future__ import annotations

import base64
import html
import json
import random
import re
from urllib.parse import quote

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.base.secrets import NAMES, STRUCK, TEACHER_KEY, TOKEN, Secrets, secret, strike

KEY = 'sk-Zq8/w+W2&x"kT\\7mB5-nR4vYhL0='  # 31 characters, some that other notations escape
assert len(KEY) == 31


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(TOKEN, KEY)


def longest_shown(text: str, key: str = KEY) -> int:
    """Characters of the longest stretch of the key that a text shows."""
    return max(
        (end - start for start in range(len(key)) for end in range(start + 1, len(key) + 1) if key[start:end] in text),
        default=0,
    )


WRITTEN = {
    "itself": KEY,
    "twice": KEY + KEY,
    "in an address": quote(KEY, safe=""),
    "in an address, small letters": quote(KEY, safe="").replace("%2F", "%2f").replace("%2B", "%2b"),
    "as JSON": json.dumps(KEY)[1:-1],
    "as JSON codes": "".join(f"\\u{ord(sign):04x}" for sign in KEY),
    "as HTML": html.escape(KEY),
    "as hexadecimals": KEY.encode().hex(),
    "as base64": base64.b64encode(KEY.encode()).decode(),
    "as base64 for addresses": base64.urlsafe_b64encode(KEY.encode()).decode(),
    "as base64 behind a user": base64.b64encode(f"user:{KEY}".encode()).decode(),
    "as base64 behind another user": base64.b64encode(f"me:{KEY}:more".encode()).decode(),
    "as base64 between words": base64.b64encode(f"a {KEY} b".encode()).decode(),
}


@pytest.mark.parametrize("how", WRITTEN)
def test_a_key_is_struck_out_however_it_is_written(how: str) -> None:
    """Of base64 the first and last signs may stay: they hold some bits of one character."""
    told = strike(f"before, {WRITTEN[how]}, after")
    assert told.startswith("before, ") and told.endswith(", after") and STRUCK in told
    assert len(told) <= len("before, , after") + 3 + 12
    assert longest_shown(told) < 4


@pytest.mark.parametrize("size", range(16, 31))
@pytest.mark.parametrize("start", [0, 1, 7])
def test_half_a_key_and_more_is_struck_out_anywhere(size: int, start: int) -> None:
    part = KEY[start : start + size]
    told = strike(f"It is {part}… and so on")
    assert len(part) < 16 or longest_shown(told) < 4
    assert told.endswith("… and so on")


@pytest.mark.parametrize("size", range(4, 31))
def test_the_beginning_of_a_key_at_a_cut_is_struck_out(size: int) -> None:
    assert strike(f"it is {KEY[:size]}", cut=True) == f"it is {STRUCK}"


def test_words_stay() -> None:
    text = "Decode is bound by memory; it skips nothing, and sk- begins many keys."
    assert strike(text, cut=True) == text


@pytest.mark.parametrize("seed", range(40))
def test_a_text_in_pieces_is_struck_as_the_whole_is_and_what_was_shown_stays(seed: int) -> None:
    chance = random.Random(seed)
    parts = [chance.choice([*WRITTEN.values(), KEY[:20], KEY[5:28], "words ", "s", "sk", KEY[-3:]]) for _ in range(12)]
    text = "".join(parts)
    pieces, shown, at = Secrets([KEY]).pieces(), "", 0
    while at < len(text):
        size = chance.randint(1, 9)
        shown += pieces.take(text[at : at + size])
        assert longest_shown(shown) < 16
        at += size
    shown += pieces.end()
    assert longest_shown(shown) < 16
    assert re.sub(f"({STRUCK})+", STRUCK, shown) == re.sub(f"({STRUCK})+", STRUCK, strike(text, cut=True))


def test_a_stream_that_is_cut_within_the_key_shows_nothing_of_it() -> None:
    pieces = Secrets([KEY]).pieces()
    shown = "".join(pieces.take(sign) for sign in f"The key is {KEY[:25]}")
    assert shown == "The key is "
    assert shown + pieces.end() == f"The key is {STRUCK}"


def test_words_in_pieces_come_out_whole() -> None:
    pieces, text = Secrets([KEY]).pieces(), "Prefill reads; sk- begins many keys, and decode writes."
    assert "".join([*(pieces.take(sign) for sign in text), pieces.end()]) == text


@pytest.mark.parametrize("key", ["abcd", "hush7", "s3cr3t", "letmein", "12345678"])
def test_a_short_key_is_struck_out_whole(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TEACHER_KEY, key)
    assert secret(TEACHER_KEY) == key
    assert strike(f"x{key}y {key.encode().hex()}") == f"x{STRUCK}y {STRUCK}"


@pytest.mark.parametrize("key", ["EMPTY", "none", "ollama"])
def test_what_stands_for_no_key_is_sent_and_is_no_secret(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TEACHER_KEY, key)
    assert secret(TEACHER_KEY) == key and strike(f"{key} of them") == f"{key} of them"


REFUSED = {
    "a line break": "first-half\nsecond-half",
    "a return": "first-half\rX-Header: y",
    "a tab": "first\thalf-of-it",
    "a letter outside ASCII": "schlüssel-aus-wörtern",
    "digits of another script": "١٢٣٤٥٦٧٨",
    "bytes that are no text": b"\xff\xfehalf-a-key".decode("utf-8", "surrogateescape"),
    "an escape": "half\x1b[2Jhalf",
    "too short": "x7",
    "too long": "k" * 5000,
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_key_that_cannot_be_used_is_refused_in_one_line_without_it(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOKEN, REFUSED[what])
    with pytest.raises(LessonlibError) as caught:
        secret(TOKEN)
    line = str(caught.value)
    assert line.startswith(TOKEN) and line.isprintable()
    assert not any(part in line for part in REFUSED[what].split() if len(part) > 2)


def test_the_parts_of_a_key_with_a_line_break_are_struck_out_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN, "first-half\nsecond-half")
    assert strike("b'first-half' and second-half") == f"b'{STRUCK}' and {STRUCK}"


def test_the_password_of_a_proxy_is_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://me:pass%20word9@proxy:3128")
    monkeypatch.setenv("HTTP_PROXY", "http://[::1")
    assert strike("said pass word9 twice") == f"said {STRUCK} twice"


def test_no_key_strikes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TOKEN)
    assert secret(TOKEN) == "" and strike("anything at all", cut=True) == "anything at all"
