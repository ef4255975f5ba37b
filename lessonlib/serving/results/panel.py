"""A run as a dashboard would show it: one row for each replica and window of time."""

from __future__ import annotations

import csv
import io
from typing import Any

import numpy as np

from lessonlib.base.checks import number
from lessonlib.base.errors import LessonlibError
from lessonlib.base.formats import dumps
from lessonlib.serving.results.result import Result
from lessonlib.serving.results.telemetry import Telemetry

#: Histograms whose mean over the requests of a window is a column.
#: Rows of a panel: more take minutes and are read by nobody.
MOST_WINDOWS = 100_000
_MEANS = {
    "ttft_s": "vllm:time_to_first_token_seconds",
    "itl_s": "vllm:inter_token_latency_seconds",
    "tpot_s": "vllm:request_time_per_output_token_seconds",
    "e2e_s": "vllm:e2e_request_latency_seconds",
    "queue_s": "vllm:request_queue_time_seconds",
}


def panel(result: Result, window_s: float = 15.0) -> list[dict[str, Any]]:
    """Rows with replica, start_s and end_s since the run began; gauges at the end of the window, rises of the counters under
    vLLM's names, means of what ended in it (None: nothing did), and the seconds of reading, writing and nothing.
    """
    number("window_s", window_s, above=0.0)
    begin = float(result.requests["arrival_s"].min()) if len(result.requests["arrival_s"]) else 0.0
    windows = result.simulated_s / window_s * result.settings["fleet"].most
    if windows > MOST_WINDOWS:
        raise LessonlibError(
            f"panel: {windows:,.0f} windows in {result.simulated_s:,.0f} s are too many (at most {MOST_WINDOWS:,}): take longer windows"
        )
    count = max(1, int(np.ceil(result.simulated_s / window_s - 1e-9)))
    edges = begin + np.minimum(window_s * np.arange(count + 1), result.simulated_s)
    rows = []
    for replica in range(result.settings["fleet"].most):
        telemetry = Telemetry(result, replica)
        for after, until in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
            # The first arrival itself belongs to the first window.
            low = -np.inf if after == begin else after
            row: dict[str, Any] = {"replica": replica, "start_s": after - begin, "end_s": until - begin}
            row |= telemetry.gauges(until)
            row |= {
                f"{name}_total": float(events.values(low, until).sum()) for name, events in telemetry.counters.items()
            }
            for name, source in _MEANS.items():
                seen = telemetry.histograms[source].values(low, until)
                row[name] = float(seen.mean()) if seen.size else None
            rows.append(row | telemetry.busy(after, until))
    return rows


def panel_text(rows: list[dict[str, Any]], suffix: str) -> str:
    """The rows as CSV, or as a JSON list."""
    if suffix == ".json":
        return dumps(rows, indent=1) + "\n"
    text = io.StringIO()
    table = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return text.getvalue()
