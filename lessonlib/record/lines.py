"""One record as one line of the journal, and back; and which lines of a journal are a lesson's, without reading the rest.

A line that we wrote begins with the same keys in the same order, so the question that it is about can be told without
parsing it. A lesson that opens parses what its own questions still need, however much else the journal holds.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from lessonlib.base.formats import dumps, parse_json
from lessonlib.record.event import KEYS, has_keys

SCHEMA = 1

_PLAIN = rb'"([^"\\\n]*)"'
_HEAD = re.compile(
    rb'\{"v":1,"time":"[^"\\\n]*"' + b"".join(rb',"%s":%s' % (key.encode(), _PLAIN) for key in KEYS) + rb"[,}]"
)
#: a lesson that is spelt in a way in which no program writes it: its line is found by parsing alone
_ODDLY_SPELT = re.compile(rb'"lesson"(?!: ?"[^"\\\n]*")')


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


#: JSON has no NaN and no infinity; a field that holds one does not fit
_decode = json.JSONDecoder(parse_constant=lambda _name: None, parse_float=_finite).decode


class Line(NamedTuple):
    """A line and what its head says it is about; ``record`` is there where it had to be parsed to know."""

    text: bytes
    question: str
    hash: str
    lab: str
    event: str
    record: dict[str, Any] | None = None

    def read(self) -> dict[str, Any] | None:
        """The record; None if the line is torn behind its head."""
        return record_of(self.text) if self.record is None else self.record


def line_of(record: Mapping[str, Any]) -> bytes:
    """A record as a line, with the schema and, unless it says itself, the time."""
    full = {"v": SCHEMA, "time": datetime.now(UTC).isoformat(timespec="milliseconds"), **record}
    try:
        return _encoded(full)
    except ValueError:  # a number that JSON has no word for, or half a character: the rest is kept
        return _encoded(json.loads(dumps(json.loads(json.dumps(full, default=str)), indent=None)))


def _encoded(record: Mapping[str, Any]) -> bytes:
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=str)
    return text.encode() + b"\n"


def record_of(line: bytes) -> dict[str, Any] | None:
    """The record in a line; None for anything else (torn, foreign, of a newer schema)."""
    try:
        # An escape may hide half a character, which no file and no message could hold.
        record = parse_json(line.decode(), "") if b"\\u" in line else _decode(line.decode())
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict) or not isinstance(record.get("v"), int):
        return None
    return record if 1 <= record["v"] <= SCHEMA and has_keys(record) else None


def lines_of(lesson: str, text: bytes) -> Iterator[Line]:
    """The lines of ``text`` (whole lines) that are under a lesson's name, oldest first, each parsed only if its head is
    not as we write it.
    """
    for start, end in _places(lesson, text):
        head = _HEAD.match(text, start, end)
        if head and head[1] == lesson.encode():
            question, asked_hash, lab, event = (part.decode(errors="replace") for part in head.groups()[1:])
            yield Line(text[start:end], question, asked_hash, lab, event)
            continue
        record = record_of(text[start:end])
        if record is not None and record["lesson"] == lesson:
            yield Line(
                text[start:end], record["question"], record["hash"], record["lab"], record["event"], record=record
            )


def _places(lesson: str, text: bytes) -> Iterator[tuple[int, int]]:
    """Where the lines begin and end that may be under a lesson's name, in their order."""
    if _ODDLY_SPELT.search(text) or not re.fullmatch(r"[\w.-]+", lesson, re.ASCII):
        starts = {0, *(found.end() for found in re.finditer(b"\n", text))} - {len(text)}
    else:
        name = lesson.encode()
        starts = {*_starts(b'"lesson":"%s"' % name, text), *_starts(b'"lesson": "%s"' % name, text)}
    for start in sorted(starts):
        yield start, text.index(b"\n", start)


def _starts(key: bytes, text: bytes) -> Iterator[int]:
    for found in re.finditer(re.escape(key), text):
        yield text.rfind(b"\n", 0, found.start()) + 1
