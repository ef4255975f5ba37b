"""Text from outside as plain data: what is refused, and that what comes back can be printed and encoded."""

from __future__ import annotations

import json
import math

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.base.formats import dumps, parse_csv, parse_json, parse_json_lines, parse_toml


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "a.json: not valid JSON: Expecting value: line 1 column 1 (char 0)"),
        ("[NaN]", "a.json: not valid JSON: NaN is no number"),
        ("[-Infinity]", "a.json: not valid JSON: -Infinity is no number"),
        ("1e999", "a.json: inf is no number that can be calculated with"),
        ('{"a": [0, {"b": -1e999}]}', "a.json: a[1].b: -inf is no number that can be calculated with"),
        ("9" * 5000, "a.json: not valid JSON: a number of 5,000 digits, more than 300"),
        ('{"a": 1, "a": 2}', "a.json: not valid JSON: the key 'a' is given twice"),
        ("[" * 101 + "]" * 101, "a.json: nested more than 100 deep"),
        ("[" * 100_000, "a.json: not valid JSON: nested too deeply"),
        ('{"a":' * 100_000, "a.json: not valid JSON: nested too deeply"),
    ],
)
def test_json_that_is_refused(text: str, says: str) -> None:
    with pytest.raises(LessonlibError) as caught:
        parse_json(text, "a.json")
    assert str(caught.value) == says


def test_json_as_deep_as_is_read() -> None:
    assert parse_json("[" * 100 + "]" * 100, "a.json")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'"\ud800"', "\ufffd"),
        (r'"\uDC00x"', "\ufffdx"),
        (r'"\ud83d\ude00"', "😀"),
        (r'"\ud83d\ud83d\ude00"', "\ufffd😀"),
        (r'"\\ud800"', r"\ud800"),
        (r'"\\\ud800"', "\\\ufffd"),
        ('"\ud800"', "\ufffd"),
        (r'{"\udfff": 1}', {"\ufffd": 1}),
    ],
)
def test_half_a_character_is_replaced(text: str, value: object) -> None:
    assert parse_json(text, "a.json") == value


def test_two_keys_that_become_one_are_refused() -> None:
    with pytest.raises(LessonlibError, match="given twice"):
        parse_json(r'{"\ud800": 1, "\ud801": 2}', "a.json")


def test_json_lines_name_the_line() -> None:
    assert list(parse_json_lines("1\n\n[2]\r\n", "t")) == [(1, 1), (3, [2])]
    with pytest.raises(LessonlibError, match=r"^t: line 2: not valid JSON"):
        list(parse_json_lines('"\u2028"\nx', "t"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a = nan", "a.toml: a: nan is no number that can be calculated with"),
        ("a = -inf", "a.toml: a: -inf is no number that can be calculated with"),
        ("a = 1e999", "a.toml: a: inf is no number that can be calculated with"),
        (f"a = {'9' * 5000}", "not valid TOML: a number of thousands of digits"),
        (f"a = {'9' * 400}", "a: 99999999999999999999999999 … 9999999999 is no number that can be calculated with"),
        (f"a = 0x{'f' * 100_000}", "a: what is too large to print is no number that can be calculated with"),
        (f"a = {'[' * 100_000}", "nested"),
        (f"a = {'[' * 101}{']' * 101}", "nested"),
        (f"a = {'{a=' * 5000}1{'}' * 5000}", "nested too deeply"),
        (f"{'a.' * 150}a = 1", "nested more than 100 deep"),
        (f"{'a.' * 400_000}a = 1", "a line with more than 200 dots"),
        (f"[{'a.' * 400_000}a]", "a line with more than 200 dots"),
        ('a = "\\ud800"', "not valid TOML"),
        ("a = 9999-99-99", "not valid TOML"),
    ],
)
def test_toml_that_is_refused(text: str, says: str) -> None:
    with pytest.raises(LessonlibError) as caught:
        parse_toml(text, "a.toml")
    assert str(caught.value).startswith("a.toml: ") and says in str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a,b,a\n1,2,3\n", "t.csv: column a is named twice"),
        ("a, a\n", "t.csv: column a is named twice"),
        ("a,b\n1,2,3\n", "t.csv: line 2: a value without a column; the columns are a, b"),
        ("a,,b\n1,2,3\n", "t.csv: line 2: a value without a column"),
        ('a,b\n1,"2\n3,4\n', "not valid CSV: unexpected end of data"),
        ("a,b\n1,\0\n", "t.csv: not valid CSV: it holds a NUL character"),
        (f"a,b\n1,{'x' * 200_000}\n", "t.csv: line 2: not valid CSV: field larger than field limit (131072)"),
    ],
)
def test_csv_that_is_refused(text: str, says: str) -> None:
    with pytest.raises(LessonlibError) as caught:
        list(parse_csv(text, "t.csv"))
    assert says in str(caught.value)


def test_rows_of_a_csv() -> None:
    text = 'a, b,\r\n1, "x\u2028y",\r\n\r\n2\r\n'
    assert list(parse_csv(text, "t.csv")) == [{"a": "1", "b": "x\u2028y"}, {"a": "2", "b": ""}]
    assert list(parse_csv("", "t.csv")) == []


def test_json_is_json() -> None:
    value = {"a": [math.inf, -math.inf, math.nan, 1.5], "b": ("\ud800é", None, True)}
    assert json.loads(dumps(value)) == {"a": [None, None, None, 1.5], "b": ["\ufffdé", None, True]}
    dumps(value).encode()
