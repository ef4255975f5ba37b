"""The command `probe`: a live vLLM or Prometheus server, read over a window, beside the roofs of a lab."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lessonlib.base.errors import LessonlibError

if TYPE_CHECKING:
    from lessonlib.probe.reading import Finding, Reading

_EPILOG = """examples:
  lessonlib probe http://localhost:8000 --window 60
  lessonlib probe http://prometheus:9090 --window 600 --lab llama-3.1-8b-a100-80gb --json
  lessonlib probe http://localhost:8000 --lab qwen3-32b-h200 --write my-lab.toml

environment:
  LESSONLIB_TOKEN                              a bearer token
  SSL_CERT_FILE                                the certificate authority of the server
  LESSONLIB_CLIENT_CERT, LESSONLIB_CLIENT_KEY  a certificate of your own, where the server wants one"""

#: Findings that have a roof, and whose it is.
_ROOFS = {"prefill_tokens_per_s": "prefill", "decode_tokens_per_s": "decode"}


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
    add(
        "--window",
        type=float,
        default=30.0,
        metavar="SECONDS",
        help="how long to look; 0: all since the server started [30]",
    )
    add("--model", help="which of several served models")
    add("--lab", help="put the numbers beside the roofs of this lab (a name or a file)")
    add("--write", metavar="FILE", help="write a lab file (.toml) with what was measured; the rest as in --lab")
    add("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Probe, print, and write the lab file if asked to."""
    from lessonlib.probe.lab_file import write_lab
    from lessonlib.probe.probe import probe
    from lessonlib.roofline import load_lab

    if args.write and not args.lab:
        raise LessonlibError(
            "--write needs --lab: a server does not tell its GPUs and precision; name the lab nearest to yours"
        )
    lab = load_lab(args.lab) if args.lab else None
    tick = None if args.json else _tick()
    try:
        reading = probe(args.url, args.window, args.model, tick)
    except (LessonlibError, KeyboardInterrupt):
        if tick:
            print(file=sys.stderr)  # what is said next begins a line of its own
        raise
    found = roofs(reading, lab) if lab else {}
    print(json.dumps(as_json(reading, found), indent=2, ensure_ascii=False) if args.json else as_text(reading, found))
    if args.write and lab:
        written = write_lab(reading, lab, Path(args.write), date.today().isoformat())
        print(f'wrote {args.write} ({written.title}); in a lesson\'s first cell: lab = "{args.write}"', file=sys.stderr)
    return 0


def _tick() -> Any:
    """A progress line on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        return None

    def show(done_s: float, window_s: float) -> None:
        end = "\n" if done_s >= window_s else ""
        print(f"\rlooking: {min(done_s, window_s):.0f} of {window_s:.0f} s", end=end, file=sys.stderr, flush=True)

    return show


def roofs(reading: Reading, lab: Any) -> dict[str, tuple[float, ...]]:
    """(ceiling, expected) tokens/s of one request, with the lengths that the requests had; the peak of one GPU."""
    from lessonlib.roofline import decode, prefill

    prompt = max(1, round(reading.lengths.get("prompt", lab.prompt)))
    context = max(1, round(reading.lengths.get("context", lab.context)))
    steps = {"prefill": prefill(lab.system, prompt), "decode": decode(lab.system, 1, context)}
    of_one = {
        key: (steps[phase].ceiling_tokens_per_s, steps[phase].expected_tokens_per_s) for key, phase in _ROOFS.items()
    }
    return {**of_one, "flops_per_gpu": (lab.system.flops / lab.system.gpus,)}


def as_json(reading: Reading, roofs: dict[str, tuple[float, ...]]) -> dict[str, Any]:
    """The reading as plain data; a number that cannot be told is null, with its reason under `reasons`."""
    found = reading.findings
    return {
        **{key: finding.value for key, finding in found.items()},
        "model": reading.model,
        "engines": reading.engines,
        "window_s": reading.window_s,
        "requests": reading.requests,
        "reasons": {key: finding.reason for key, finding in found.items() if finding.value is None},
        "how": {key: finding.how for key, finding in found.items()},
        "clock": {key: finding.clock for key, finding in found.items()},
        "cannot_tell": {key: finding.limits for key, finding in found.items()},
        "roofs": {key: dict(zip(("ceiling", "expected"), values, strict=False)) for key, values in roofs.items()},
        "notes": [*reading.notes, *impossible(reading, roofs)],
    }


def impossible(reading: Reading, roofs: dict[str, tuple[float, ...]]) -> list[str]:
    """A speed above its ceiling says that the lab is not this server, or that one step makes several tokens."""
    over = [key for key, values in roofs.items() if (reading.findings[key].value or 0.0) > values[0]]
    return [
        f"{TITLES[key]} is above the ceiling of this lab: another GPU, precision or degree of parallelism is at work there"
        + (", or speculative decoding" if key == "decode_tokens_per_s" else "")
        for key in over
    ]


TITLES = {
    "prefill_tokens_per_s": "prefill of one request",
    "decode_tokens_per_s": "decode of one request",
    "prompt_to_generation": "prompt tokens for each generated",
    "cache_hit_share": "prompt found in the prefix cache",
    "kv_cache_usage": "KV cache in use",
    "requests_running": "requests running",
    "requests_waiting": "requests waiting",
    "ttft_s": "time to first token, mean",
    "itl_s": "inter-token latency, mean",
    "queue_s": "time in the queue, mean",
    "e2e_s": "end to end, mean",
    "window_prompt_tokens_per_s": "prompt tokens, by the wall clock",
    "window_generation_tokens_per_s": "generated tokens, by the wall clock",
    "spec_acceptance": "draft tokens accepted",
    "flops_per_gpu": "FLOP/s of one GPU, by the wall clock",
}


def as_text(reading: Reading, roofs: dict[str, tuple[float, ...]]) -> str:
    """The reading for a person: numbers first, then what each cannot tell."""
    from lessonlib.base.quantity import Quantity
    from lessonlib.base.tables import aligned
    from lessonlib.probe.fetch import plain

    rows = [("", "", "clock", "roof", "expected")]
    for key, finding in reading.findings.items():
        if finding.value is not None:
            roof = [
                f"{100 * finding.value / speed:.3g} % of {Quantity(speed, finding.unit)}"
                for speed in roofs.get(key, ())
            ]
            rows.append((TITLES[key], show(finding), finding.clock, *[*roof, "", ""][:2]))
    head = (
        f"{plain(reading.model) or 'a model without a name'}, {reading.engines} engine{'s' * (reading.engines != 1)}, "
    )
    head += f"{reading.requests:.0f} requests finished {reading.span}"
    told = [
        f"{TITLES[key]}: {finding.limits}" for key, finding in reading.findings.items() if finding.value is not None
    ]
    absent = [f"{TITLES[key]}: {finding.reason}" for key, finding in reading.findings.items() if finding.value is None]
    parts = [head, aligned(rows, frozenset({0, 2}))]
    for title, lines in (
        ("What they cannot tell", told),
        ("Not known", absent),
        ("Note", [*reading.notes, *impossible(reading, roofs)]),
    ):
        if lines:
            parts.append("\n".join([f"{title}:", *(f"  {plain(line)}" for line in lines)]))
    return "\n\n".join(parts)


def show(finding: Finding) -> str:
    """The value with its unit."""
    from lessonlib.base.quantity import Quantity

    assert finding.value is not None
    if finding.unit == "share":
        return str(Quantity(100 * finding.value, "%"))
    return str(Quantity(finding.value, finding.unit))
