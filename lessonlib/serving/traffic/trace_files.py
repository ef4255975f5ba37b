"""Traces in files: .csv, .jsonl or .json, in the columns of this course or in a format that formats/ knows.

arrival_s (seconds), prompt and output (tokens) are needed; priority, follows, think_s, own and prefix may be there. A file
without arrival times can be served in a closed loop only.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lessonlib.base.checks import typed_number
from lessonlib.base.errors import LessonlibError, listed, shown
from lessonlib.base.files import read_text, write_text
from lessonlib.base.formats import dumps, parse_csv, parse_json, parse_json_lines
from lessonlib.serving.traffic.formats import OWN, Rows, TraceFormat, recognised
from lessonlib.serving.traffic.request import Request
from lessonlib.serving.traffic.workload import Trace

COLUMNS = ("arrival_s", "prompt", "output", "priority", "follows", "think_s", "own", "prefix")
WRITTEN = (".csv", ".jsonl")
READ = (*WRITTEN, ".json")
MOST_BYTES = 200_000_000
#: a float tells microseconds apart up to here, and times counted from 1970 in seconds fit
MOST_SECONDS = 1e10


def read_trace(path: str | Path) -> Trace:
    """The requests of a .csv, .jsonl or .json file; LessonlibError names the file and the row that is wrong."""
    file = _suffix(path, READ)
    text = read_text(file, most=MOST_BYTES)
    rows = list(_rows(file, text))
    if not rows and text.strip():
        raise LessonlibError(f"{file}: holds no request")
    columns = list(dict.fromkeys(name for row in rows for name in row))
    form, unused = recognised(str(file), columns)
    found = form.read(str(file), [{name: value for name, value in row.items() if value != ""} for row in rows])
    if not found.rows:
        raise LessonlibError(f"{file}: holds no request")
    timed = form.when in columns
    requests = tuple(_request(file, found, row, values, timed) for row, values in enumerate(found.rows))
    return Trace(requests, name=str(file), timed=timed, notes=tuple(_notes(form, found, unused)))


def _notes(form: TraceFormat, found: Rows, unused: Sequence[str]) -> Iterator[str]:
    """What must be said about a reading: nothing about the columns of this course."""
    if form is not OWN:
        yield "; ".join((f"read as {form.title}", *found.notes))
    if unused:
        yield f"columns not used: {', '.join(str(name)[:40] for name in unused[:20])}"


def write_trace(requests: Iterable[Request], path: str | Path) -> int:
    """Write requests to a .csv or .jsonl file and return how many; reading it gives equal requests."""
    file = _suffix(path, WRITTEN)
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


def _suffix(path: str | Path, allowed: tuple[str, ...]) -> Path:
    file = Path(path)
    if file.suffix.lower() not in allowed:
        raise LessonlibError(f"{file}: expected a trace that ends in {listed(allowed)}")
    return file


def _key(key: object) -> str:
    """A key as one word: the parts of a tuple joined by a slash."""
    if key is None:
        return ""
    return "/".join(map(str, key)) if isinstance(key, tuple) else str(key)


def _rows(file: Path, text: str) -> Iterator[Mapping[str, Any]]:
    """The rows under the names of the file; an empty field of a table is an empty text."""
    suffix = file.suffix.lower()
    if suffix == ".csv":
        yield from parse_csv(text, str(file))
    elif suffix == ".jsonl":
        for line, row in parse_json_lines(text, str(file)):
            yield _object(file, f"line {line}", row)
    else:
        rows = parse_json(text, str(file))
        if not isinstance(rows, list):
            raise LessonlibError(f"{file}: expected a list of objects, one for each request")
        for number, row in enumerate(rows):
            yield _object(file, f"request {number}", row)


def _object(file: Path, place: str, row: Any) -> Mapping[str, Any]:
    if not isinstance(row, dict):
        raise LessonlibError(
            f'{file}: {place}: expected an object such as {{"arrival_s": 0, "prompt": 100, "output": 10}}'
        )
    return row


def _request(file: Path, found: Rows, row: int, values: Mapping[str, Any], timed: bool) -> Request:
    def field(name: str, read: Callable[[Any], Any], absent: Any = None) -> Any:
        """One value of the row; where it is absent and nothing stands in for it, or cannot be read, LessonlibError says so."""
        place = f"{file}: request {found.place(row)}"
        called = found.names.get(name, name)
        if name not in values:
            if absent is None:
                raise LessonlibError(f"{place}: no value for {called}")
            return absent
        try:
            return read(values[name])
        except (TypeError, ValueError, OverflowError):
            raise LessonlibError(f"{place}: {called}: expected {_WANTED[read]}, not {shown(values[name])}") from None

    follows = field("follows", _whole, -1)
    return Request(
        arrival_s=field("arrival_s", _seconds, 0.0 if follows >= 0 or not timed else None),
        prompt=field("prompt", _whole),
        output=field("output", _whole),
        priority=field("priority", _whole, 0),
        prefix=field("prefix", _prefix, ()),
        own=field("own", _name, "") or None,
        follows=follows,
        think_s=field("think_s", _seconds, 0.0),
    )


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
