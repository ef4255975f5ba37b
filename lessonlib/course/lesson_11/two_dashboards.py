"""The afternoon on the dashboards of two machines, A and B, and lines of their logs at the same moments."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from lessonlib.course.lesson_11.afternoon import afternoon, machines
from lessonlib.course.shared.run_monitor import monitor_of
from lessonlib.draw.monitor import LogLine, Monitor
from lessonlib.roofline import Lab
from lessonlib.serving import log_lines

_CHARTS = ("prompt_tokens", "generation_tokens", "running", "gpu_busy", "itl_mean")
#: seconds of the afternoon that are shown, one scrape in so many, and the ends of the windows whose lines are shown
_FROM_S, _UNTIL_S, _EVERY_S = 0.0, 900.0, 30.0
_LOGGED_S = (300.0, 310.0, 320.0, 330.0)


def _said(line: str) -> str:
    """A line of the log from its throughputs on to the requests that wait."""
    return line.split(": ", 1)[1].split(", Waiting", maxsplit=1)[0]


@lru_cache(maxsize=1)
def _monitor() -> Monitor:
    shown = monitor_of(
        afternoon("A").result,
        charts=_CHARTS,
        from_s=_FROM_S,
        until_s=_UNTIL_S,
        window_s=_EVERY_S,
        begins="15:00",
        mend=afternoon("B").result,
        log=False,
    )
    lines = []
    for each in machines()[:2]:
        said = dict(log_lines(afternoon(each.letter).telemetry))
        lines += [LogLine(at, f"{each.letter} ({each.title}): {_said(said[at])}") for at in _LOGGED_S]
    lines.sort(key=lambda line: line.at_s)
    first, second = (afternoon(letter) for letter in ("A", "B"))
    finding = (
        f"From 15:00 to 15:15 the two counters of machines A and B are alike on average, around {first.prompt_rate:,.0f} and "
        f"{first.generation_rate:.0f} tok/s; minute by minute they differ. A runs {first.inside:.1f} requests on average and is busy {100 * first.busy:.0f} % of the time, "
        f"B {second.inside:.1f} and {100 * second.busy:.0f} %; a token takes {1000 * first.gap_s:.3g} ms on A, {1000 * second.gap_s:.3g} ms on B."
    )
    return replace(shown, log=lines, compare="machine B, two H100 PCIe", finding=finding)


def two_dashboards(lab: Lab) -> Monitor:
    """A as a line, B as a dashed one; below, lines of both logs."""
    return _monitor()
