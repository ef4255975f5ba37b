"""What an on-call engineer sees of a server: small charts over one clock, log lines, alerts; nothing of it drawn.

A lesson's function returns one :class:`Monitor`; the page draws it. Values are in base units (s, tok/s), shares in per cent.
"""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lessonlib.base.errors import LessonlibError
from lessonlib.base.quantity import Quantity, rounded
from lessonlib.base.units import tick_steps

#: More charts than that are not looked at together; fewer are a plot.
LEAST_CHARTS, MOST_CHARTS = 3, 8
#: A chart is a few hundred pixels wide; a log of more lines is searched, not read.
MOST_TIMES, MOST_LINES, MOST_MARKS, MOST_ALERTS = 120, 120, 4, 6
#: Bytes of all of it as JSON: the page holds one for each monitor.
MOST_BYTES = 25_000
_DIGITS = 4
_DAY_S = 24 * 3600
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")
#: Seconds between the ticks of a time axis, and how many ticks fit under a small chart.
_TICK_STEPS = (10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)
_MOST_TICKS = 4


@dataclass(frozen=True)
class Chart:
    """One small chart. title: what is asked, in a few words. query: the metric or the PromQL expression that answers.

    values: one at each of the monitor's times, None where the query has none. compare: the same of the second run. most: the
    end of the axis, which begins at 0; left out, it follows the values.
    """

    title: str
    query: str
    values: Sequence[float | None]
    unit: str = ""
    compare: Sequence[float | None] = ()
    most: float | None = None


@dataclass(frozen=True)
class LogLine:
    """What the server logged, and when (seconds, as the monitor's times)."""

    at_s: float
    text: str


@dataclass(frozen=True)
class Mark:
    """A moment that somebody knows of (a deploy): a vertical line in every chart. at_s: as the monitor's times."""

    at_s: float
    label: str


@dataclass(frozen=True)
class Monitor:
    """An incident as its monitoring shows it.

    finding: one or two sentences with numbers that say what is to be seen, never its cause; the text alternative. times:
    seconds at which the charts were scraped, rising. begins: what the clock said at second 0. from_s: where the axis begins, the
    first time unless said. log, marks, alerts: optional. compare: what the second line of every chart is called.
    """

    finding: str
    times: Sequence[float]
    charts: Sequence[Chart]
    begins: str = "09:00"
    from_s: float | None = None
    log: Sequence[LogLine] = ()
    marks: Sequence[Mark] = ()
    alerts: Sequence[str] = ()
    compare: str = "with the mend"

    def chart(self, title: str) -> Chart:
        """The chart of this title; KeyError if there is none."""
        return {each.title: each for each in self.charts}[title]

    def refuse(self) -> None:
        """Raise LessonlibError, in one line, if this cannot be drawn or is more than anybody reads."""
        fault = next(_faults(self), None)
        if fault:
            raise LessonlibError(fault)

    def view(self) -> dict[str, Any]:
        """All of it, ready for JSON: numbers to 4 significant digits, None where there is none. Raises as :meth:`refuse`."""
        self.refuse()
        view = _view(self)
        size = len(json.dumps(view, ensure_ascii=False, separators=(",", ":")).encode())
        if size > MOST_BYTES:
            raise LessonlibError(
                f"Monitor: {size:,} bytes for the page; at most {MOST_BYTES:,}: take fewer charts, longer windows or fewer log lines"
            )
        return view


def clock(begins: str, seconds: float, short: bool = True) -> str:
    """What the clock says so many seconds after `begins`: "09:02:10", and if short "09:02" at a whole minute."""
    found = _CLOCK.fullmatch(begins)
    if not found:
        raise LessonlibError(f"Monitor.begins: expected a time of day such as 09:00, not {begins!r}")
    hours, minutes, rest = (int(part or 0) for part in found.groups())
    total = round(hours * 3600 + minutes * 60 + rest + seconds) % _DAY_S
    shown = f"{total // 3600:02}:{total // 60 % 60:02}"
    return shown if short and total % 60 == 0 else f"{shown}:{total % 60:02}"


def summary(chart: Chart, clocks: Sequence[str]) -> str:
    """A chart in numbers: first, last, and the highest with its time where it is neither."""
    return f"{chart.title}: {_course(chart.values, clocks, chart.unit)}"


def written(value: float | None, unit: str) -> str:
    """A value as a person writes it: "1.24 s", "12,300 tok/s", "42 %", a count with all its digits; "–" where there is none."""
    if value is None or not math.isfinite(value):
        return "–"
    quantity = Quantity(value, unit)
    if unit.startswith("/"):
        return f"{quantity.bare}{unit}"
    return quantity.whole if not unit and value == round(value) else str(quantity)


# --- faults ----------------------------------------------------------------------------------------------------------


def _faults(shown: Monitor) -> Iterator[str]:
    """What is wrong, one line each."""
    if not re.search(r"\d", shown.finding):
        yield "Monitor.finding: say in a sentence, with its numbers, what is to be seen (not why)"
    clock(shown.begins, 0)
    times = list(shown.times)
    if not 2 <= len(times) <= MOST_TIMES:
        yield f"Monitor.times: {len(times)}; 2 to {MOST_TIMES} can be drawn: change the window or the stretch of time"
    if any(not math.isfinite(at) for at in times) or any(
        after <= before for before, after in itertools.pairwise(times)
    ):
        yield "Monitor.times: each is a number above the one before"
    if shown.from_s is not None and times and shown.from_s > times[0]:
        yield "Monitor.from_s: the axis begins before the first time, or with it"
    yield from _chart_faults(shown)
    yield from _line_faults(shown)


def _chart_faults(shown: Monitor) -> Iterator[str]:
    if not LEAST_CHARTS <= len(shown.charts) <= MOST_CHARTS:
        yield f"Monitor.charts: {len(shown.charts)}; a monitor has {LEAST_CHARTS} to {MOST_CHARTS}"
    titles = [chart.title for chart in shown.charts]
    if len(set(titles)) < len(titles):
        yield f"Monitor.charts: two have one title: {', '.join(titles)}"
    for chart in shown.charts:
        rows = [row for row in (chart.values, chart.compare) if len(row)]
        if not len(chart.values) or any(len(row) != len(shown.times) for row in rows):
            yield f"the chart “{chart.title}” needs one value for each of the {len(shown.times)} times, also of the run it is compared with"
        if any(value < 0 for row in rows for value in row if value is not None):
            yield f"the chart “{chart.title}”: its axis begins at 0, so no value can be below"
    with_second = {bool(len(chart.compare)) for chart in shown.charts}
    if len(with_second) > 1:
        yield "Monitor.charts: a second run is drawn in every chart, or in none"


def _line_faults(shown: Monitor) -> Iterator[str]:
    for name, most in (("log", MOST_LINES), ("marks", MOST_MARKS), ("alerts", MOST_ALERTS)):
        if len(getattr(shown, name)) > most:
            yield f"Monitor.{name}: {len(getattr(shown, name))}; at most {most} can be read"
    lines = [*(line.text for line in shown.log), *(mark.label for mark in shown.marks), *shown.alerts]
    if any("\n" in line or not line.strip() for line in lines):
        yield "Monitor: a log line, a mark and an alert are one line each"


# --- the view ----------------------------------------------------------------------------------------------------------


def _view(shown: Monitor) -> dict[str, Any]:
    begins, times = shown.begins, list(shown.times)
    start = times[0] if shown.from_s is None else shown.from_s
    clocks = [clock(begins, at) for at in times]
    view: dict[str, Any] = {
        "finding": shown.finding,
        "from_s": start,
        "times": [round(at, 3) for at in times],
        "clocks": clocks,
        "ticks": [{"at": at, "text": clock(begins, at)} for at in _ticks(begins, start, times[-1])],
        "charts": [_chart(chart, clocks, shown.compare) for chart in shown.charts],
        "marks": [{"at": mark.at_s, "clock": clock(begins, mark.at_s), "label": mark.label} for mark in shown.marks],
        "log": [
            {"at": line.at_s, "clock": clock(begins, line.at_s, short=False), "text": line.text} for line in shown.log
        ],
        "alerts": list(shown.alerts),
        "compare": shown.compare if any(len(chart.compare) for chart in shown.charts) else "",
    }
    return view


def _chart(chart: Chart, clocks: Sequence[str], second: str) -> dict[str, Any]:
    told = summary(chart, clocks)
    view: dict[str, Any] = {
        "title": chart.title,
        "query": chart.query,
        "unit": chart.unit,
        "steps": tick_steps(chart.unit),
        "most": chart.most,
        "values": _numbers(chart.values),
    }
    if len(chart.compare):
        view["compare"] = _numbers(chart.compare)
        told += f"; {second}: {_course(chart.compare, clocks, chart.unit)}"
    return {**view, "alt": told}


def _numbers(values: Sequence[float | None]) -> list[float | int | None]:
    return [None if value is None or not math.isfinite(value) else _short(float(value)) for value in values]


def _short(value: float) -> float | int:
    """A whole number without its point: the page need not read it."""
    kept = rounded(value, _DIGITS)
    return int(kept) if kept == int(kept) else kept


def _course(values: Sequence[float | None], clocks: Sequence[str], unit: str) -> str:
    known = [(value, at) for value, at in zip(values, clocks, strict=True) if value is not None]
    if not known:
        return "no value"
    most, when = max(known, key=lambda pair: pair[0])
    first, last = known[0][0], known[-1][0]
    if min(known)[0] == most:
        return f"{written(most, unit)} throughout"
    between = "" if most in (first, last) else f", at most {written(most, unit)} at {when}"
    return f"{written(first, unit)} at {known[0][1]}{between}, {written(last, unit)} at {known[-1][1]}"


def _ticks(begins: str, start: float, end: float) -> list[float]:
    """Seconds of round times of day, few enough to stand under a small chart."""
    found = _CLOCK.fullmatch(begins)
    offset = (
        sum(int(part or 0) * size for part, size in zip(found.groups(), (3600, 60, 1), strict=True)) if found else 0
    )
    step = next((step for step in _TICK_STEPS if (end - start) / step < _MOST_TICKS), _TICK_STEPS[-1])
    first = math.ceil((start + offset) / step - 1e-9)
    last = math.floor((end + offset) / step + 1e-9)
    return [float(place * step - offset) for place in range(first, last + 1)]
