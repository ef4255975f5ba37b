"""Text for a terminal, for JSON and behind a link."""

from __future__ import annotations

import json

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.base.formats import dumps
from lessonlib.base.tables import aligned
from lessonlib.base.text import is_web_address, printable, printable_json, printable_lines
from tests.hostile import ACTING, ALL, HALF, HOSTILE


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_that_is_printed_acts(name: str) -> None:
    text = HOSTILE[name] + HALF
    for shown in (
        printable(text),
        printable_lines(text),
        aligned([("a", text), (text, "b")]),
        str(LessonlibError(text)),
    ):
        assert ACTING.search(shown) is None
        shown.encode("utf-8")
    assert "\n" not in printable(text)


@pytest.mark.parametrize("text", ["", "plain", "Ω 漢字 שלום العربية हिन्दी", "👩‍💻 🇩🇪 é", "a\u00a0b\u3000c", "می‌خواهم", "soft\u00adhyphen", "{{ <b> $x$ }}"])  # fmt: skip
def test_honest_text_stays_as_it_is(text: str) -> None:
    assert printable(text) == text == printable_lines(text)
    assert str(LessonlibError(text)) == text


@pytest.mark.parametrize("sign", ["\x00", "\x1b", "\x7f", "\x85", "\x9b", "\u061c", "\u200f", "\u202e", "\u2028", "\u2066", "\ud800", "\r", "\t", "\n"])  # fmt: skip
def test_each_sign_that_acts_is_one_question_mark(sign: str) -> None:
    assert printable(f"a{sign}b") == "a?b"
    assert printable_lines(f"a{sign}b") == ("a\nb" if sign == "\n" else "a?b")


def test_json_says_the_same_and_can_be_printed() -> None:
    data = {ALL: [ALL, {"x": ALL}], "é": "Ω"}
    text = dumps(data)
    assert ACTING.search(text) is None and "é" in text
    assert json.loads(text) == data
    assert json.loads(printable_json(json.dumps(data, ensure_ascii=False))) == data


def test_a_cell_of_a_table_is_one_line() -> None:
    assert aligned([("a\nb", "c"), ("d", "e\x1b[2J")]) == "a?b      c\nd    e?[2J"


@pytest.mark.parametrize(("address", "is_one"), [("https://example.org/a?b=(c)#d", True), ("HTTP://x", True), ("https://", False), ("javascript:1", False), ("https://x y", False), ('https://x"', False), ("https://x\n", False), ("https://x/\u202e", False), (" https://x", False)])  # fmt: skip
def test_what_may_stand_behind_a_link(address: str, is_one: bool) -> None:
    assert is_web_address(address) is is_one
