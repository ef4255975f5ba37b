"""What an explorer shows for one setting of its knobs: the numbers and the drawing, without a stroke drawn.

A lesson's function returns one :class:`Explored` for each setting; the page draws it. All numbers are in base units
(bytes, seconds, tokens), whatever prefix is printed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from lessonlib.base.errors import LessonlibError
from lessonlib.base.quantity import Quantity, rounded
from lessonlib.base.units import tick_steps

#: How a line, a dot or a part of a bar looks. Each has a colour, and a pattern or a shape that says the same.
Look = Literal["main", "weights", "kv", "state", "memory", "compute", "other", "ideal", "limit", "free"]
LOOKS: tuple[Look, ...] = ("main", "weights", "kv", "state", "memory", "compute", "other", "ideal", "limit", "free")
DRAWINGS = ("lines", "bars", "roof", "gate")
#: so many points a line, and so many lines, bars and values, are more than a page can show
MOST_POINTS, MOST_MARKS = 400, 60
_DIGITS = 5
#: A whole number below this is a count, and keeps all of its digits: 131,072.
_MOST_COUNTED = 1e7


@dataclass(frozen=True)
class Value:
    """One number beside the drawing. ``name`` is the key by which tests and other code find it, ``label`` what a reader
    sees, ``note`` a few words below it ("✕ does not fit").
    """

    name: str
    label: str
    quantity: Quantity | str
    note: str = ""


@dataclass(frozen=True)
class Axis:
    """An axis: its label and the unit of its values (base unit: ``s``, ``B``, ``tok/s``).

    ``low`` and ``high`` are its ends; those left out follow from what is drawn, and never shrink under the hand.
    """

    label: str
    unit: str = ""
    log: bool = False
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Line:
    """A line through (x, y), in order; a y that is None or not finite leaves a gap.

    ``low`` and ``high``, as long as y, draw a band around it, such as the 90 % band of what is expected.
    """

    label: str
    x: Sequence[float]
    y: Sequence[float | None]
    look: Look = "main"
    low: Sequence[float] = ()
    high: Sequence[float] = ()


@dataclass(frozen=True)
class Point:
    """A dot with its name: where the knobs stand, an operation under the roof, something measured."""

    label: str
    x: float
    y: float
    look: Look = "main"


@dataclass(frozen=True)
class Part:
    """A part of a bar, in the unit of the bars."""

    label: str
    value: float
    look: Look = "main"


@dataclass(frozen=True)
class Bar:
    """A bar in parts, end to end; ``note`` is said behind it. ``limit`` is a line across it, in the same unit."""

    label: str
    parts: Sequence[Part]
    note: str = ""
    limit: float | None = None
    limit_label: str = ""


@dataclass(frozen=True)
class Gate:
    """One decode step as bytes that pass a gate: what every token needs once, what each request needs for itself.

    weights, caches: bytes read in a step; ``caches`` has one entry a request. bandwidth: bytes/s of the gate.
    seconds: how long the step takes, as the engine says; compute_s: how long the arithmetic alone takes.
    slowed: how many times slower than the chip the scene plays. bits: bits a weight.
    """

    weights: float
    caches: Sequence[float]
    bandwidth: float
    seconds: float
    compute_s: float
    slowed: float
    bits: float
    chip: str = "chip"


@dataclass(frozen=True)
class Explored:
    """What one setting of the knobs shows.

    finding: one or two sentences with numbers that state what the drawing shows; it is the text alternative, and is read
    out after each move. values: the numbers beside the drawing. x, y, lines, points: for ``lines`` and ``roof``.
    bars, unit: for ``bars``. gate: for ``gate``.
    """

    finding: str
    values: Sequence[Value] = ()
    x: Axis | None = None
    y: Axis | None = None
    lines: Sequence[Line] = ()
    points: Sequence[Point] = ()
    bars: Sequence[Bar] = ()
    unit: str = ""
    gate: Gate | None = None

    def value(self, name: str) -> Quantity | str:
        """The value called ``name``; KeyError if there is none."""
        return {each.name: each.quantity for each in self.values}[name]

    def refuse(self, drawings: Iterable[str]) -> None:
        """Raise LessonlibError, in one line, if this is not enough for these drawings."""
        fault = next(_faults(self, tuple(drawings)), None)
        if fault:
            raise LessonlibError(fault)

    def view(self) -> dict[str, Any]:
        """All of it, ready for JSON: numbers to 5 significant digits (counts with all of theirs), None where there is no number."""
        view: dict[str, Any] = {
            "finding": self.finding,
            "values": [
                {"name": each.name, "label": each.label, "text": str(each.quantity), "note": each.note}
                for each in self.values
            ],
        }
        if self.x and self.y:
            view |= {"x": _axis(self.x), "y": _axis(self.y)}
        if self.lines:
            view["lines"] = [_line(each) for each in self.lines]
        if self.points:
            view["points"] = [
                {"label": each.label, "x": _number(each.x), "y": _number(each.y), "look": each.look}
                for each in self.points
            ]
        if self.bars:
            view |= {"bars": [_bar(each) for each in self.bars], "unit": self.unit, "steps": tick_steps(self.unit)}
        if self.gate:
            view["gate"] = _gate(self.gate)
        return view


def _faults(shown: Explored, drawings: Sequence[str]) -> Iterator[str]:
    """What is wrong, one line each."""
    yield from _missing(shown, drawings)
    yield from _rows(shown)
    yield from _marks(shown)
    yield from _places(shown)


def _missing(shown: Explored, drawings: Sequence[str]) -> Iterator[str]:
    if not isinstance(shown.finding, str) or not shown.finding.strip():
        yield "Explored.finding is empty: say in a sentence, with its number, what the drawing shows"
    there = {
        "lines": bool(shown.x and shown.y and (shown.lines or shown.points)),
        "roof": bool(shown.x and shown.y and shown.lines),
        "bars": bool(shown.bars),
        "gate": shown.gate is not None,
    }
    needs = {"lines": "x, y, and lines or points", "roof": "x, y and lines", "bars": "bars", "gate": "gate"}
    yield from (f"the drawing “{name}” needs {needs[name]} in Explored" for name in drawings if not there[name])


def _rows(shown: Explored) -> Iterator[str]:
    for line in shown.lines:
        rows = [len(row) for row in (line.y, line.low, line.high) if len(row)]
        if not len(line.x) or any(length != len(line.x) for length in rows) or len(line.low) != len(line.high):
            yield f"the line “{line.label}” needs as many values of y (low, high) as of x, and at least one"
        if len(line.x) > MOST_POINTS:
            yield f"the line “{line.label}” has {len(line.x)} points; at most {MOST_POINTS}: the page is no wider"


def _marks(shown: Explored) -> Iterator[str]:
    parts = [part for bar in shown.bars for part in bar.parts]
    looks = [
        *(line.look for line in shown.lines),
        *(point.look for point in shown.points),
        *(part.look for part in parts),
    ]
    yield from (f"no look “{look}”; there are {', '.join(LOOKS)}" for look in looks if look not in LOOKS)
    for name in ("values", "lines", "points", "bars"):
        if len(getattr(shown, name)) > MOST_MARKS:
            yield f"Explored.{name} has {len(getattr(shown, name))} entries; at most {MOST_MARKS} can be read"
    if any(not part.value >= 0 for part in parts):
        yield "a part of a bar is 0 or more"


def _places(shown: Explored) -> Iterator[str]:
    for axis, places in ((shown.x, _all_x(shown)), (shown.y, _all_y(shown))):
        ends = (axis.low, axis.high) if axis else ()
        if axis and axis.log and any(value <= 0 for value in (*places, *ends) if value is not None):
            yield f"the axis “{axis.label}” is logarithmic, so no value on it can be 0 or less"
    gate = shown.gate
    if gate and not min(gate.seconds, gate.slowed, gate.bandwidth) > 0:
        yield "a gate needs seconds, slowed and bandwidth above 0"


def _all_x(shown: Explored) -> list[float]:
    ends = [end for end in (shown.x.low, shown.x.high) if end is not None] if shown.x else []
    return [*ends, *(value for line in shown.lines for value in line.x), *(point.x for point in shown.points)]


def _all_y(shown: Explored) -> list[float]:
    ends = [end for end in (shown.y.low, shown.y.high) if end is not None] if shown.y else []
    drawn = [value for line in shown.lines for row in (line.y, line.low, line.high) for value in row]
    return [*ends, *(value for value in drawn if value is not None), *(point.y for point in shown.points)]


def _number(value: float | None) -> float | None:
    if value is None or not math.isfinite(value):
        return None
    return float(value) if abs(value) < _MOST_COUNTED and float(value).is_integer() else rounded(float(value), _DIGITS)


def _numbers(values: Iterable[float | None]) -> list[float | None]:
    return [_number(value) for value in values]


def _axis(axis: Axis) -> dict[str, Any]:
    ends = {"low": _number(axis.low), "high": _number(axis.high)}
    return {"label": axis.label, "unit": axis.unit, "log": axis.log, "steps": tick_steps(axis.unit), **ends}


def _line(line: Line) -> dict[str, Any]:
    view = {"label": line.label, "look": line.look, "x": _numbers(line.x), "y": _numbers(line.y)}
    return {**view, "low": _numbers(line.low), "high": _numbers(line.high)} if len(line.low) else view


def _bar(bar: Bar) -> dict[str, Any]:
    parts = [{"label": part.label, "value": _number(part.value) or 0.0, "look": part.look} for part in bar.parts]
    view: dict[str, Any] = {"label": bar.label, "note": bar.note, "parts": parts}
    return {**view, "limit": _number(bar.limit), "limit_label": bar.limit_label} if bar.limit is not None else view


def _gate(gate: Gate) -> dict[str, Any]:
    caches = [rounded(value, _DIGITS) for value in gate.caches[:MOST_MARKS]]
    return {
        "weights": rounded(gate.weights, _DIGITS),
        "caches": caches,
        "cached": rounded(float(sum(gate.caches)), _DIGITS),
        "requests": len(gate.caches),
        "bandwidth": rounded(gate.bandwidth, _DIGITS),
        "seconds": rounded(gate.seconds, _DIGITS),
        "compute_s": rounded(gate.compute_s, _DIGITS),
        "slowed": rounded(gate.slowed, _DIGITS),
        "bits": gate.bits,
        "chip": gate.chip,
        "bytes": tick_steps("B"),
        "rates": tick_steps("B/s"),
        "times": tick_steps("s"),
    }
