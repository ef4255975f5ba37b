"""The command `validate`: measurements of one's own beside the engine."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

_EPILOG = """columns of a file: one row a number, as in data/measured/engines.csv
  id, model, gpu, tp, weights, kv, engine, load, concurrency, prompt, output, metric, value
  gpu: a name, or a .toml of your own; load and metric: static batch e2e_s; closed loop tpot_ms, ttft_ms or output_tok_s; all at once output_tok_s (and requests);
  decode step decode_tok_s; prefill prefill_tok_s. Or the columns of single steps: model, weight_dtype, gpu, n_gpus, engine,
  batch_or_concurrency, isl, osl, metric (token_time_ms, prompt_time_ms, decode_tokens_per_s), value.
examples:
  lessonlib validate mine.csv
  lessonlib validate mine.csv --rows
  lessonlib validate mine.csv --json > errors.json
  lessonlib validate mine.csv --plot errors.svg"""


def add_parser(subparsers: Any) -> None:
    """Declare `validate`."""
    parser = subparsers.add_parser(
        "validate",
        help="measurements of your own beside ceiling and expectation",
        description="Hold measurements against the ceiling, which none may beat, and the expectation with its band.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("rows", metavar="ROWS.csv", help="the measurements, one number a row")
    parser.add_argument("--rows", action="store_true", dest="each", help="print every row as well, beside the sums")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--plot", metavar="FILE", help="write expected against measured times (.svg, .png, .pdf)")


def run(args: argparse.Namespace) -> int:
    """Print errors by GPU, engine, precision, metric and kind of model; 1 if no row could be computed.

    Raises LessonlibError for a file that is no table.
    """
    from lessonlib.base.files import check_apart
    from lessonlib.base.text import printable, printable_lines
    from lessonlib.cli.output import print_json
    from lessonlib.draw.style import SUFFIXES
    from lessonlib.serving import check_file
    from lessonlib.serving.measured.report import held, report_data, report_text, row_lines
    from lessonlib.serving.measured.rows import read_measurements

    check_apart({"--plot": args.plot}, {"ROWS": args.rows})
    if args.plot is not None:
        check_file("--plot", Path(args.plot), SUFFIXES)
    rows, refused = read_measurements(args.rows)
    items, more = held(rows)
    refused += more
    if args.plot is not None:
        from lessonlib.course.engine.measured_errors import write

        write(items, Path(args.plot))
        print(printable(f"wrote {args.plot}"), file=sys.stderr)
    if args.json:
        print_json(report_data(items, refused, args.each))
    else:
        each = f"{row_lines(items)}\n\n" if args.each and items else ""
        print(printable_lines(each + report_text(items, refused)))
    return int(not items)
