"""Traces as files: CSV or JSON lines, one request a row.

Columns: arrival_s, prompt, output; and, where wanted, priority, follows, think_s, own, prefix. In CSV a prefix is
written `key:tokens key:tokens`. JSON lines take the same names with prefix as [[key, tokens], ...]; they also take the
names of the Mooncake trace, timestamp (milliseconds), input_length, output_length and hash_ids (blocks of 512 tokens).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from lessonlib.base.checks import typed_number
from lessonlib.base.errors import LessonlibError, shown
from lessonlib.base.files import read_text, write_text
from lessonlib.base.formats import dumps, parse_csv, parse_json_lines
from lessonlib.serving.traffic.request import Request
from lessonlib.serving.traffic.workload import Trace

COLUMNS = ("arrival_s", "prompt", "output", "priority", "follows", "think_s", "own", "prefix")
SUFFIXES = (".csv", ".jsonl")
MOONCAKE_BLOCK = 512
MOST_BYTES = 200_000_000
#: a float tells microseconds apart up to here, and times counted from 1970 in seconds fit
MOST_SECONDS = 1e10


def read_trace(path: str | Path) -> Trace:
    """The requests of a .csv or .jsonl file; LessonlibError names the file and the row that is wrong."""
    file = _suffix(path)
    text = read_text(file, most=MOST_BYTES)
    rows = _csv_rows(file, text) if file.suffix.lower() == ".csv" else _json_rows(file, text)
    return Trace(tuple(_request(file, row, values) for row, values in enumerate(rows)), name=str(file))


def write_trace(requests: Iterable[Request], path: str | Path) -> int:
    """Write requests to a .csv or .jsonl file and return how many; reading it gives equal requests."""
    file = _suffix(path)
    count, out = 0, io.StringIO(newline="")
    table = csv.writer(out, lineterminator="\n")
    if file.suffix.lower() == ".csv":
        table.writerow(COLUMNS)
    for request in requests:
        values = {name: getattr(request, name) for name in COLUMNS}
        values["own"] = _key(request.own)
        runs = [(_key(key), tokens) for key, tokens in request.prefix]
        if file.suffix.lower() == ".csv":
            values["prefix"] = " ".join(f"{key}:{tokens}" for key, tokens in runs)
            table.writerow(values.values())
        else:
            out.write(dumps(values | {"prefix": runs}, indent=None) + "\n")
        count += 1
    write_text(file, out.getvalue())
    return count


def _suffix(path: str | Path) -> Path:
    file = Path(path)
    if file.suffix.lower() not in SUFFIXES:
        raise LessonlibError(f"{file}: expected a trace that ends in .csv or .jsonl")
    return file


def _key(key: object) -> str:
    """A key as one word: the parts of a tuple joined by a slash."""
    if key is None:
        return ""
    return "/".join(map(str, key)) if isinstance(key, tuple) else str(key)


def _csv_rows(file: Path, text: str) -> Iterator[Mapping[str, Any]]:
    for row in parse_csv(text, str(file), COLUMNS[:3]):
        yield {name: value for name, value in row.items() if value}


def _json_rows(file: Path, text: str) -> Iterator[Mapping[str, Any]]:
    for line, row in parse_json_lines(text, str(file)):
        if not isinstance(row, dict):
            raise LessonlibError(
                f'{file}: line {line}: expected an object such as {{"arrival_s": 0, "prompt": 100, "output": 10}}'
            )
        yield _from_mooncake(row) if "input_length" in row else row


def _from_mooncake(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The names of this course for the names of the Mooncake trace."""
    ids, prompt = row.get("hash_ids") or [], row["input_length"]
    runs = []
    if isinstance(ids, list) and isinstance(prompt, int):
        # The last block of a prompt may be short; a run of no tokens is left out.
        runs = [(key, min(MOONCAKE_BLOCK, prompt - n * MOONCAKE_BLOCK)) for n, key in enumerate(ids)]
    seconds = row.get("timestamp", 0)
    arrival = seconds / 1000.0 if isinstance(seconds, (int, float)) else seconds
    prefix = [run for run in runs if run[1] > 0] if isinstance(ids, list) else ids
    return {"arrival_s": arrival, "prompt": prompt, "output": row.get("output_length"), "prefix": prefix}


def _request(file: Path, row: int, values: Mapping[str, Any]) -> Request:
    follows = _field(file, row, values, "follows", _whole, -1)
    return Request(
        arrival_s=_field(file, row, values, "arrival_s", _seconds, 0.0 if follows >= 0 else None),
        prompt=_field(file, row, values, "prompt", _whole),
        output=_field(file, row, values, "output", _whole),
        priority=_field(file, row, values, "priority", _whole, 0),
        prefix=_field(file, row, values, "prefix", _prefix, ()),
        own=_field(file, row, values, "own", _name, "") or None,
        follows=follows,
        think_s=_field(file, row, values, "think_s", _seconds, 0.0),
    )


def _field(
    file: Path, row: int, values: Mapping[str, Any], name: str, read: Callable[[Any], Any], absent: Any = None
) -> Any:
    """One value of one row; where it is absent and nothing stands in for it, or cannot be read, LessonlibError says so."""
    if name not in values:
        if absent is None:
            raise LessonlibError(f"{file}: request {row}: no value for {name}")
        return absent
    try:
        return read(values[name])
    except (TypeError, ValueError, OverflowError):
        raise LessonlibError(
            f"{file}: request {row}: {name}: expected {_WANTED[read]}, not {shown(values[name])}"
        ) from None


def _whole(value: Any) -> int:
    """A whole number, also one that is written 12.0."""
    number = _number(value)
    if number != int(number):
        raise ValueError
    return int(number)


def _number(value: Any) -> float:
    if isinstance(value, bool):
        raise TypeError
    return typed_number(value) if isinstance(value, str) else float(value)


def _seconds(value: Any) -> float:
    """Seconds, not the milliseconds or nanoseconds since 1970 that some logs count in."""
    if not 0 <= _number(value) <= MOST_SECONDS:
        raise ValueError
    return _number(value)


def _name(value: Any) -> str | int:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise TypeError
    return value


def _prefix(value: Any) -> tuple[tuple[Any, int], ...]:
    pairs = [item.rsplit(":", 1) for item in value.split()] if isinstance(value, str) else value
    return tuple((_name(key), _whole(tokens)) for key, tokens in pairs)


_WANTED: Mapping[Callable[[Any], Any], str] = {
    _seconds: f"seconds as a number from 0 to {MOST_SECONDS:,.0f}",
    _name: "a name such as session-7",
    _whole: "a whole number",
    _prefix: "runs written key:tokens key:tokens in CSV, [[key, tokens], ...] in JSON",
}
