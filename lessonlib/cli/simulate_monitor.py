"""The flags of `simulate` that show a run as a monitoring system would see it: log lines, pages of metrics, a panel."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lessonlib.base.errors import LessonlibError
from lessonlib.cli.limits import number

if TYPE_CHECKING:
    from lessonlib.serving import Result

_PAGES = (".prom", ".txt")
_PANELS = (".csv", ".json")


def add_flags(parser: Any) -> None:
    """Declare them."""
    add = parser.add_argument_group("the run as its monitoring sees it").add_argument
    add("--log", action="store_true", help="print the line that vLLM logs every ten seconds, for each replica")
    add("--metrics", metavar="FILE", help="write the page of metrics of a replica, under vLLM's names (.prom, .txt)")
    number(add, "simulate", "--at", "at this second of the run", "its end", metavar="S")
    number(add, "simulate", "--replica", "of this replica", "0", metavar="R")
    add("--panel", metavar="FILE", help="write counters, gauges and means by replica and window (.csv, .json)")
    number(add, "simulate", "--window", "seconds of a window of the panel", "15", metavar="S")


def check(args: argparse.Namespace) -> None:
    """Say before the run what would be wrong after it."""
    from lessonlib.serving import check_file

    for flag, needs in (("at", "metrics"), ("replica", "metrics"), ("window", "panel")):
        if getattr(args, flag) is not None and getattr(args, needs) is None:
            raise LessonlibError(f"--{flag}: needs --{needs}")
    if args.metrics is not None:
        check_file("--metrics", Path(args.metrics), _PAGES)
    if args.panel is not None:
        check_file("--panel", Path(args.panel), _PANELS)


def asked(args: argparse.Namespace) -> bool:
    """Whether any of them needs every request."""
    return bool(args.log or args.metrics is not None or args.panel is not None)


def log(result: Result) -> list[str]:
    """The log lines of all replicas, by time, each with its second of the run."""
    from lessonlib.serving import Telemetry, log_lines

    replicas = range(result.settings["fleet"].most)
    lines = sorted((when, number, line) for number in replicas for when, line in log_lines(Telemetry(result, number)))
    return [f"{when:8.0f} s  {line}" for when, _, line in lines]


def write(result: Result, args: argparse.Namespace) -> None:
    """Write the files that were asked for."""
    from lessonlib.base.files import write_text
    from lessonlib.serving import Telemetry, exposition, panel, panel_text

    if args.metrics is not None:
        begin = float(result.requests["arrival_s"].min())
        at = float("inf") if args.at is None else begin + args.at
        write_text(args.metrics, exposition(Telemetry(result, args.replica or 0), at))
    if args.panel is not None:
        path = Path(args.panel)
        rows = panel(result, 15.0 if args.window is None else args.window)
        write_text(path, panel_text(rows, path.suffix.lower()))
