"""Text from outside as plain data: JSON, TOML and CSV, with limits; and plain data as JSON.

Whatever is wrong is one LessonlibError that starts with `where`. What comes back can be printed, encoded and calculated
with: no NaN and no infinity, no number that a float cannot hold, nothing nested too deeply to print, no half characters.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
import tomllib
from collections.abc import Iterator
from typing import Any

from lessonlib.base.errors import LessonlibError

MOST_NESTED = 100
#: a float holds a whole number of up to 308 digits
MOST_DIGITS = 300
#: tomllib takes quadratic time in the parts of a dotted key, which stand in one line
_MOST_DOTS = 200
_HALF = re.compile("[\ud800-\udfff]")
_ESCAPED_HALF = re.compile(r"\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\u[dD][89a-fA-F]..|\\.", re.DOTALL)
_MAY_HOLD_HALF = re.compile(r"\\u[dD][89a-fA-F]")


def whole_characters(text: str) -> str:
    """The text with U+FFFD for every lone surrogate, which no encoding could write."""
    return _HALF.sub("\ufffd", text)


def parse_json(text: str, where: str) -> Any:
    """The value of a JSON text. Refused: NaN, Infinity, numbers out of the range of a float, a key given twice, deep nesting.

    Half a character (a lone surrogate) becomes U+FFFD.
    """
    if _MAY_HOLD_HALF.search(text):
        text = _ESCAPED_HALF.sub(_whole_escape, text)
    try:
        value = json.loads(
            whole_characters(text),
            object_pairs_hook=_object,
            parse_constant=_no_constant,
            parse_float=_float,
            parse_int=_integer,
        )
    except RecursionError:
        raise LessonlibError(f"{where}: not valid JSON: nested too deeply") from None
    except ValueError as error:
        raise LessonlibError(f"{where}: not valid JSON: {error}") from None
    _check_depth(value, where)
    return value


def parse_json_lines(text: str, where: str) -> Iterator[tuple[int, Any]]:
    """The values of a text with one JSON value a line, each with the number of its line; blank lines are passed over."""
    for number, line in enumerate(io.StringIO(text), start=1):
        if line.strip():
            yield number, parse_json(line, f"{where}: line {number}")


def parse_toml(text: str, where: str) -> dict[str, Any]:
    """The table of a TOML text. Refused: nan, inf, numbers out of the range of a float, deep nesting."""
    if any(line.count(".") > _MOST_DOTS for line in text.split("\n")):
        raise LessonlibError(f"{where}: not valid TOML: a line with more than {_MOST_DOTS} dots")
    try:
        table = tomllib.loads(whole_characters(text), parse_float=_float)
    except RecursionError:
        raise LessonlibError(f"{where}: not valid TOML: nested too deeply") from None
    except ValueError as error:
        raise LessonlibError(f"{where}: not valid TOML: {error}") from None
    _check_depth(table, where)
    return table


def parse_csv(text: str, where: str) -> Iterator[dict[str, str]]:
    """The rows of a CSV text by the names of its first line, spaces around names and before values cut.

    A row with too few values has "" for the rest. Refused: a column named twice, a value without a column, a quote that
    does not end, a value over 131,072 characters.
    """
    if "\0" in text:
        raise LessonlibError(f"{where}: not valid CSV: it holds a NUL character")
    rows = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True, strict=True)
    try:
        names = [name.strip() for name in next(rows, [])]
        for name in filter(None, names):
            if names.count(name) > 1:
                raise LessonlibError(f"{where}: column {name} is named twice")
        for row in rows:
            if any(value for name, value in zip(names, row, strict=False) if not name) or any(row[len(names) :]):
                raise LessonlibError(
                    f"{where}: line {rows.line_num}: a value without a column; the columns are {', '.join(names)}"
                )
            if row:
                yield {name: row[i] if i < len(row) else "" for i, name in enumerate(names) if name}
    except csv.Error as error:
        raise LessonlibError(f"{where}: line {rows.line_num}: not valid CSV: {error}") from None


def dumps(value: Any, *, indent: int | None = 2, sort_keys: bool = False, ensure_ascii: bool = False) -> str:
    """The value as JSON that every reader takes: null for NaN and the infinities, U+FFFD for half a character."""
    return json.dumps(_steady(value), indent=indent, sort_keys=sort_keys, ensure_ascii=ensure_ascii, allow_nan=False)


def _steady(value: Any) -> Any:
    if isinstance(value, dict):
        return {_steady(key): _steady(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_steady(item) for item in value]
    if isinstance(value, str):
        return whole_characters(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _whole_escape(match: re.Match[str]) -> str:
    """Of an escape in JSON: a pair of halves and every other escape as it is, U+FFFD for a half alone."""
    escape = match[0]
    return "\\ufffd" if len(escape) == 6 else escape


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {shown(twice)} is given twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{shown(text)} is no number that can be calculated with")
    return value


def _integer(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise ValueError(f"a number of {len(text):,} digits, more than {MOST_DIGITS}")
    return int(text)


def shown(value: object, most: int = 60) -> str:
    """`repr` of a value from outside, cut for a message."""
    text = repr(value)
    return text if len(text) <= most else f"{text[: most - 20]} … {text[-15:]}"


def _check_depth(value: Any, where: str) -> None:
    """LessonlibError for what is nested too deeply, and for a whole number too large (TOML's hexadecimals have no limit)."""
    level: list[Any] = [value]
    for _ in range(MOST_NESTED):
        if any(isinstance(item, int) and item.bit_length() > 1000 for item in level):
            raise LessonlibError(f"{where}: a number of more than {MOST_DIGITS} digits")
        level = list(_inside(level))
        if not level:
            return
    raise LessonlibError(f"{where}: nested more than {MOST_NESTED} deep")


def _inside(level: list[Any]) -> Iterator[Any]:
    for item in level:
        if isinstance(item, dict):
            yield from item.values()
        elif isinstance(item, list):
            yield from item
