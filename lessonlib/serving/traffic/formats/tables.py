"""Tables with one request a row and a time: Azure, BurstGPT, and what other simulators read.

Schemas: Azure/AzurePublicDataset (AzureLLMInferenceDataset2023.md and 2024.md), HPMLL/BurstGPT (README.md); the columns of
the trace files of Mutinifni/splitwise-sim, microsoft/vidur and casys-kaist/LLMServingSim.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from lessonlib.base.errors import LessonlibError, shown
from lessonlib.serving.traffic.formats.rows import Row, Rows, TraceFormat, in_order, number, present, sorting


def _azure(where: str, given: Sequence[Row]) -> Rows:
    """A date and a time for each invocation; the first request comes at 0."""
    times = []
    for position, row in enumerate(given):
        text = str(row.get("TIMESTAMP", "")).strip()
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            raise LessonlibError(
                f"{where}: request {position}: TIMESTAMP: expected a date and time such as 2023-11-16 18:17:03.98, not {shown(text, 60)}"
            ) from None
        times.append((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp())
    first = min(times, default=0.0)
    rows = [
        {"arrival_s": when - first} | present(row, prompt="ContextTokens", output="GeneratedTokens")
        for when, row in zip(times, given, strict=True)
    ]
    ordered, order, moved = in_order(rows, times)
    names = {"arrival_s": "TIMESTAMP", "prompt": "ContextTokens", "output": "GeneratedTokens"}
    return Rows(ordered, names, notes=("the first invocation comes at 0 s", *sorting(moved)), order=order)


def _burstgpt(where: str, given: Sequence[Row]) -> Rows:
    """Times in seconds. A call that failed has no response tokens; one that has no request tokens either asked nothing."""
    rows, kept, failed = [], [], 0
    for position, row in enumerate(given):
        values = present(row, prompt="Request tokens", output="Response tokens")
        values["arrival_s"] = number(where, position, "Timestamp", row.get("Timestamp"))
        nothing = {name for name in ("prompt", "output") if _is_zero(values.get(name))}
        if "prompt" in nothing:
            continue
        if "output" in nothing:
            failed, values["output"] = failed + 1, 1
        rows.append(values)
        kept.append(position)
    notes = ["Timestamp in seconds", "every row a request of its own: turns of a session share nothing"]
    if failed:
        notes.append(f"{failed:,} failed calls (no response tokens) are served with one answer token")
    if len(kept) < len(given):
        notes.append(f"{len(given) - len(kept):,} rows without request tokens are left out")
    ordered, order, moved = in_order(rows, [row["arrival_s"] for row in rows])
    names = {"arrival_s": "Timestamp", "prompt": "Request tokens", "output": "Response tokens"}
    return Rows(ordered, names, notes=(*notes, *sorting(moved)), order=[kept[index] for index in order])


def _is_zero(value: Any) -> bool:
    try:
        return value is not None and float(value) == 0.0
    except (TypeError, ValueError):
        return False


_SECONDS = {"seconds": 1.0, "nanoseconds": 1e-9}


def _timed(title: str, unit: str, names: tuple[str, str, str], known: set[str]) -> TraceFormat:
    """A format of independent requests; names: its columns for the time in `unit`, the prompt and the output."""
    when, prompt, output = names

    def read(where: str, given: Sequence[Row]) -> Rows:
        rows: list[dict[str, Any]] = [
            {"arrival_s": number(where, position, when, row.get(when)) * _SECONDS[unit]}
            | present(row, prompt=prompt, output=output)
            for position, row in enumerate(given)
        ]
        ordered, order, moved = in_order(rows, [row["arrival_s"] for row in rows])
        called = {"arrival_s": when, "prompt": prompt, "output": output}
        return Rows(ordered, called, notes=(f"{when} in {unit}", *sorting(moved)), order=order)

    return TraceFormat(title, frozenset(names), frozenset(known), read, when)


TABLES = (
    TraceFormat(
        "Azure LLM inference",
        frozenset({"TIMESTAMP", "ContextTokens", "GeneratedTokens"}),
        frozenset(),
        _azure,
        "TIMESTAMP",
    ),
    TraceFormat(
        "BurstGPT",
        frozenset({"Timestamp", "Model", "Request tokens", "Response tokens"}),
        frozenset({"Total tokens", "Log Type", "Session ID", "Elapsed time"}),
        _burstgpt,
        "Timestamp",
    ),
    _timed(
        "splitwise-sim",
        "seconds",
        ("arrival_timestamp", "prompt_size", "token_size"),
        {"request_id", "request_type", "application_id", "batch_size"},
    ),
    _timed(
        "Vidur", "seconds", ("arrived_at", "num_prefill_tokens", "num_decode_tokens"), {"num_total_tokens", "pd_ratio"}
    ),
    _timed(
        "LLMServingSim",
        "nanoseconds",
        ("arrival_time_ns", "input_toks", "output_toks"),
        {"input_tok_ids", "output_tok_ids"},
    ),
)
