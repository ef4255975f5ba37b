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
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from lessonlib.base.errors import LessonlibError, shown
from lessonlib.base.text import printable_json

MOST_NESTED = 100
#: a float holds a whole number of up to 308 digits
MOST_DIGITS = 300
_MOST_BITS = 1000
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
            parse_int=_integer,
        )
    except RecursionError:
        raise LessonlibError(f"{where}: not valid JSON: nested too deeply") from None
    except ValueError as error:
        raise LessonlibError(f"{where}: not valid JSON: {error}") from None
    check_plain(value, where)
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
        table = tomllib.loads(whole_characters(text))
    except RecursionError:
        raise LessonlibError(f"{where}: not valid TOML: nested too deeply") from None
    except ValueError as error:
        what = "a number of thousands of digits" if "Exceeds the limit" in str(error) else error
        raise LessonlibError(f"{where}: not valid TOML: {what}") from None
    check_plain(table, where)
    return table


def parse_csv(text: str, where: str, needed: Sequence[str] = ()) -> Iterator[dict[str, str]]:
    """The rows of a CSV text by the names of its first line, spaces around names and before values cut.

    A row with too few values has "" for the rest. Refused: a column named twice or one of the `needed` missing, a value
    without a column, a quote that does not end, a value over 131,072 characters.
    """
    if "\0" in text:
        raise LessonlibError(f"{where}: not valid CSV: it holds a NUL character")
    rows = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True, strict=True)
    try:
        names = [name.strip() for name in next(rows, [])]
        for name in filter(None, names):
            if names.count(name) > 1:
                raise LessonlibError(f"{where}: column {name} is named twice")
        for name in needed:
            if name not in names:
                raise LessonlibError(
                    f"{where}: no column {name}: the first line must name {', '.join(needed)}, with commas between"
                )
        for row in rows:
            if any(value for name, value in zip(names, row, strict=False) if not name) or any(row[len(names) :]):
                raise LessonlibError(
                    f"{where}: line {rows.line_num}: a value without a column; the columns are {', '.join(names)}"
                )
            if row:
                yield {name: row[i] if i < len(row) else "" for i, name in enumerate(names) if name}
    except csv.Error as error:
        raise LessonlibError(f"{where}: line {rows.line_num}: not valid CSV: {error}") from None


def check_plain(value: Any, where: str) -> None:
    """LessonlibError for lists and dictionaries that are nested too deeply, and for a number that cannot be calculated with,
    named by its keys.
    """
    level: list[Any] = [value]
    for _ in range(MOST_NESTED):
        if any(map(_is_no_number, level)):
            place, number = next(_no_numbers(value))
            key = f"{place.lstrip('.')}: " if place else ""
            raise LessonlibError(f"{where}: {key}{shown(number, 40)} is no number that can be calculated with")
        level = [item for outer in level for _, item in _inside(outer)]
        if not level:
            return
    raise LessonlibError(f"{where}: nested more than {MOST_NESTED} deep")


def dumps(value: Any, *, indent: int | None = 2, sort_keys: bool = False, ensure_ascii: bool = False) -> str:
    """The value as JSON that every reader takes: null for NaN and the infinities, U+FFFD for half a character.

    It may be printed: signs that would act on a terminal are escapes.
    """
    text = json.dumps(_steady(value), indent=indent, sort_keys=sort_keys, ensure_ascii=ensure_ascii, allow_nan=False)
    return printable_json(text)


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


def _integer(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise ValueError(f"a number of {len(text):,} digits, more than {MOST_DIGITS}")
    return int(text)


def _is_no_number(value: Any) -> bool:
    """TOML has nan and inf, and hexadecimals of any length."""
    if isinstance(value, float):
        return not math.isfinite(value)
    return isinstance(value, int) and value.bit_length() > _MOST_BITS


def _no_numbers(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    if _is_no_number(value):
        yield place, value
    for key, item in _inside(value):
        yield from _no_numbers(item, f"{place}.{key}" if isinstance(key, str) else f"{place}[{key}]")


def _inside(value: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list) else ()
