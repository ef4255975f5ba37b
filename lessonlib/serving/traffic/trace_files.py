"""Traces in files: .csv, .jsonl or .json, in the columns of this course or in a format that formats/ knows.

arrival_s (seconds), prompt and output (tokens) are needed; priority, follows, think_s, own and prefix may be there. A file
without arrival times can be served in a closed loop only.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lessonlib.base.errors import LessonlibError, listed
from lessonlib.serving.traffic.formats import OWN, Rows, TraceFormat, recognised
from lessonlib.serving.traffic.request import Request
from lessonlib.serving.traffic.workload import Trace

COLUMNS = ("arrival_s", "prompt", "output", "priority", "follows", "think_s", "own", "prefix")
WRITTEN = (".csv", ".jsonl")
READ = (*WRITTEN, ".json")


def read_trace(path: str | Path) -> Trace:
    """The requests of a .csv or .jsonl file; LessonlibError names the file and the row that is wrong."""
    file = _suffix(path, READ)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise LessonlibError(
            f"{file}: cannot be read: {getattr(error, 'strerror', None) or 'not UTF-8 text'}"
        ) from None
    columns, rows = _table(text) if file.suffix.lower() == ".csv" else _objects(file, text)
    form, unused = recognised(str(file), columns)
    found = form.read(str(file), rows)
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
    count = 0
    try:
        with file.open("w", encoding="utf-8", newline="") as out:
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
                    out.write(json.dumps(values | {"prefix": runs}) + "\n")
                count += 1
    except OSError as error:
        raise LessonlibError(f"{file}: cannot be written: {error.strerror}") from None
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


def _table(text: str) -> tuple[list[str], list[Mapping[str, Any]]]:
    """Columns and rows of a CSV file; an empty field is none."""
    table = csv.DictReader(text.splitlines(), skipinitialspace=True)
    columns = [name.strip() for name in table.fieldnames or ()]
    rows: list[Mapping[str, Any]] = [
        {name.strip(): value for name, value in row.items() if name and value not in (None, "")} for row in table
    ]
    return columns, rows


def _objects(file: Path, text: str) -> tuple[list[str], list[Mapping[str, Any]]]:
    """Names and rows of JSON lines, or of a list in one .json file."""
    rows = _json_lines(file, text) if file.suffix.lower() == ".jsonl" else _json_list(file, text)
    if not rows:
        raise LessonlibError(f"{file}: holds no request")
    return list(dict.fromkeys(name for row in rows for name in row)), rows


def _json_lines(file: Path, text: str) -> list[Mapping[str, Any]]:
    rows = []
    for line, content in enumerate(text.splitlines(), start=1):
        if content.strip():
            rows.append(_object(file, f"line {line}", _json(file, f"line {line}: ", content)))
    return rows


def _json_list(file: Path, text: str) -> list[Mapping[str, Any]]:
    rows = _json(file, "", text)
    if not isinstance(rows, list):
        raise LessonlibError(f"{file}: expected a list of objects, one for each request")
    return [_object(file, f"request {number}", row) for number, row in enumerate(rows)]


def _json(file: Path, place: str, text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise LessonlibError(f"{file}: {place}not JSON: {error.msg}") from None


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
            raise LessonlibError(f"{place}: {called}: expected {_WANTED[read]}, not {values[name]!r}") from None

    follows = field("follows", _whole, -1)
    return Request(
        arrival_s=field("arrival_s", float, 0.0 if follows >= 0 or not timed else None),
        prompt=field("prompt", _whole),
        output=field("output", _whole),
        priority=field("priority", _whole, 0),
        prefix=field("prefix", _prefix, ()),
        own=values.get("own") or None,
        follows=follows,
        think_s=field("think_s", float, 0.0),
    )


def _whole(value: Any) -> int:
    """A whole number, also one that is written 12.0."""
    number = float(value)
    if isinstance(value, bool) or number != int(number):
        raise ValueError
    return int(number)


def _prefix(value: Any) -> tuple[tuple[Any, int], ...]:
    pairs = [item.rsplit(":", 1) for item in value.split()] if isinstance(value, str) else value
    return tuple((key, _whole(tokens)) for key, tokens in pairs)


_WANTED: Mapping[Callable[[Any], Any], str] = {
    float: "seconds as a number",
    _whole: "a whole number",
    _prefix: "runs written key:tokens key:tokens in CSV, [[key, tokens], ...] in JSON",
}
