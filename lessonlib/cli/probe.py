"""The command `probe`: a live vLLM or Prometheus server, read over a window, beside the roofs of a lab."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lessonlib.base.errors import LessonlibError
from lessonlib.cli.limits import number
from lessonlib.cli.output import print_json

if TYPE_CHECKING:
    from lessonlib.probe.probe import Tick

_EPILOG = """examples:
  lessonlib probe http://localhost:8000 --window 60
  lessonlib probe http://prometheus:9090 --window 600 --lab llama-3.1-8b-a100-80gb --json
  lessonlib probe http://localhost:8000 --lab qwen3-32b-h200 --write my-lab.toml

environment:
  LESSONLIB_TOKEN                              a bearer token
  SSL_CERT_FILE                                the certificate authority of the server
  LESSONLIB_CLIENT_CERT, LESSONLIB_CLIENT_KEY  a certificate of your own, where the server wants one"""


def add_parser(subparsers: Any) -> None:
    """Declare `probe`."""
    parser = subparsers.add_parser(
        "probe",
        help="read a live vLLM or Prometheus server",
        description="Speeds, traffic, cache and queue of a live vLLM server, each with how it was formed and what it cannot tell.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("url", metavar="URL", help="a vLLM server (or its /metrics), or a Prometheus server")
    number(
        add,
        "probe",
        "--window",
        "how long to look, 0 for all since the server started",
        "30",
        default=30.0,
        metavar="SECONDS",
    )
    add("--model", help="which of several served models")
    add("--lab", help="put the numbers beside the roofs of this lab (a name or a file)")
    add("--write", metavar="FILE", help="write a lab file (.toml) with what was measured; the rest as in --lab")
    add("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Probe, print, and write the lab file if asked to."""
    from lessonlib.base.files import check_apart
    from lessonlib.base.text import printable
    from lessonlib.probe.lab_file import write_lab
    from lessonlib.probe.probe import probe
    from lessonlib.probe.reading_report import reading_data, reading_text
    from lessonlib.probe.roofs import roofs
    from lessonlib.roofline import load_lab

    check_apart({"--write": args.write}, {"--lab": args.lab})
    if args.write is not None and args.lab is None:
        raise LessonlibError(
            "--write needs --lab: a server does not tell its GPUs and precision; name the lab nearest to yours"
        )
    lab = load_lab(args.lab) if args.lab is not None else None
    if args.json:
        reading = probe(args.url, args.window, args.model)
    else:
        with _progress(args.window) as tick:
            reading = probe(args.url, args.window, args.model, tick)
    found = roofs(reading, lab) if lab else {}
    if args.json:
        print_json(reading_data(reading, found))
    else:
        print(reading_text(reading, found))
    if args.write and lab:
        written = write_lab(reading, lab, Path(args.write), date.today().isoformat())
        told = f'wrote {args.write} ({written.title}); in a lesson\'s first cell: lab = "{args.write}"'
        print(printable(told), file=sys.stderr)
    return 0


@contextmanager
def _progress(window_s: float) -> Iterator[Tick]:
    """A bar on a terminal while the window lasts; nothing elsewhere."""
    from tqdm import tqdm

    seconds = "looking: {n:.0f} of {total:.0f} s"
    with tqdm(
        total=window_s, bar_format=seconds, file=sys.stderr, disable=None if 0 < window_s < math.inf else True
    ) as bar:

        def tick(done_s: float, _: float) -> None:
            bar.update(min(done_s, window_s) - bar.n)

        yield tick
