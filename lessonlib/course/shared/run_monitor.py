"""A simulated run as its monitoring would show it: ready charts under vLLM's names, one scrape a window, and the log."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lessonlib.base.errors import LessonlibError, listed
from lessonlib.draw.monitor import MOST_TIMES, Chart, LogLine, Mark, Monitor, clock, written
from lessonlib.serving import Result, Telemetry, log_lines
from lessonlib.serving.results.quantiles import bucket_counts, histogram_quantile, percentile

#: What the second line of every chart is called.
MEND = "with the mend"
#: Log lines of a monitor; of a longer stretch of time every second (third, ...) of them is taken.
MOST_LINES = 60

#: What a chart says at a scrape: (telemetry, seconds of the scrape before, seconds of this one) -> value, nan where there is none.
At = Callable[[Telemetry, float, float], float]


@dataclass(frozen=True)
class ReadyChart:
    """A chart that can be named. query: {w} stands for the window, as in ``[10s]``."""

    title: str
    query: str
    unit: str
    at: At
    most: float | None = None


def monitor_of(
    result: Result,
    *,
    charts: Sequence[str],
    from_s: float,
    until_s: float,
    window_s: float = 10.0,
    begins: str = "09:00",
    replica: int = 0,
    log: bool = True,
    mend: Result | None = None,
    finding: str = "",
    marks: Sequence[Mark] = (),
    alerts: Sequence[str] = (),
) -> Monitor:
    """What the monitoring of one replica shows between two times of a run with a full record (seconds since its first arrival).

    charts: names of :data:`READY`, in their order. window_s: seconds between two scrapes, and of every rate and quantile.
    begins: what the clock says at second 0 of the run. mend: a second run, drawn as a second line. finding: what is to be seen,
    with numbers and without the cause; left out, it says first, highest and last of each chart. The log is the first run's.
    """
    chosen = [_ready(name) for name in charts]
    count = math.floor((until_s - from_s) / window_s + 1e-9)
    if not 0 <= from_s < until_s or not 2 <= count <= MOST_TIMES:
        raise LessonlibError(
            f"monitor_of: {from_s:g} s to {until_s:g} s in windows of {window_s:g} s are {count} scrapes; 2 to {MOST_TIMES} can be drawn"
        )
    edges = [from_s + window_s * turn for turn in range(count + 1)]
    told = Telemetry(result, replica)
    rows = [_values(each, told, edges) for each in chosen]
    second = (
        [_values(each, Telemetry(mend, replica), edges) for each in chosen]
        if mend is not None
        else [[] for _ in chosen]
    )
    drawn = [
        Chart(each.title, each.query.replace("{w}", f"{window_s:g}s"), row, each.unit, other, each.most)
        for each, row, other in zip(chosen, rows, second, strict=True)
    ]
    return Monitor(
        finding or _finding(drawn, begins, edges),
        edges[1:],
        drawn,
        begins,
        from_s,
        _log(told, from_s, until_s) if log else (),
        marks,
        alerts,
        MEND,
    )


def _ready(name: str) -> ReadyChart:
    if name not in READY:
        raise LessonlibError(f"monitor_of: no chart {name!r}; there are {listed(READY)}")
    return READY[name]


def _values(ready: ReadyChart, told: Telemetry, edges: Sequence[float]) -> list[float | None]:
    begin = _begin(told)
    found = [ready.at(told, begin + edges[i], begin + edges[i + 1]) for i in range(len(edges) - 1)]
    return [value if math.isfinite(value) else None for value in found]


def _begin(told: Telemetry) -> float:
    """Of the first arrival, in the run's own seconds."""
    arrivals = told.result.requests["arrival_s"]
    return float(arrivals.min()) if len(arrivals) else 0.0


def _log(told: Telemetry, from_s: float, until_s: float) -> list[LogLine]:
    inside = [(at, line) for at, line in log_lines(told) if from_s < at <= until_s]
    times = list(dict.fromkeys(at for at, _ in inside))
    stride = max(1, math.ceil(len(inside) / MOST_LINES))
    kept = {at for place, at in enumerate(times) if (len(times) - 1 - place) % stride == 0}
    return [LogLine(at, line) for at, line in inside if at in kept]


def _finding(charts: Sequence[Chart], begins: str, edges: Sequence[float]) -> str:
    """First, highest and last of each chart, and nothing about why."""
    parts = []
    for chart in charts:
        told = f"{_lower(chart.title)} {_course(chart.values, chart.unit)}"
        parts.append(f"{told} ({MEND}: {_course(chart.compare, chart.unit)})" if len(chart.compare) else told)
    return f"From {clock(begins, edges[0])} to {clock(begins, edges[-1])}: {'; '.join(parts)}."


def _course(values: Sequence[float | None], unit: str) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return "without a value"
    if max(known) == min(known):
        return f"{written(known[0], unit)} throughout"
    first, last = (written(known[place], unit) for place in (0, -1))
    between = "" if max(known) in (known[0], known[-1]) else f", up to {written(max(known), unit)}"
    return f"{first}{between}, then {last}"


def _lower(title: str) -> str:
    """A title within a sentence: "KV cache" and "GPU" stay."""
    return title if title[:2].isupper() else title[:1].lower() + title[1:]


# --- the ready charts ------------------------------------------------------------------------------------------------


def _gauge(name: str, scale: float = 1.0) -> At:
    return lambda told, _, until: scale * told.gauges(until)[name]


def _risen(told: Telemetry, name: str, after: float, until: float) -> float:
    return float(told.counters[name].values(after, until).sum()) if name in told.counters else math.nan


def _rate(name: str) -> At:
    return lambda told, after, until: _risen(told, name, after, until) / (until - after)


def _share(part: str, whole: str, scale: float = 100.0, more: float = 0.0) -> At:
    def at(told: Telemetry, after: float, until: float) -> float:
        below = _risen(told, whole, after, until)
        return more + scale * _risen(told, part, after, until) / below if below > 0 else math.nan

    return at


def _seen(name: str) -> Callable[[Telemetry, float, float], np.ndarray]:
    return lambda told, after, until: told.histograms[name].values(after, until)


def _mean(name: str) -> At:
    def at(told: Telemetry, after: float, until: float) -> float:
        seen = _seen(name)(told, after, until)
        return float(seen.mean()) if seen.size else math.nan

    return at


def _bucket_quantile(name: str, quantile: float) -> At:
    def at(told: Telemetry, after: float, until: float) -> float:
        bounds = told.bounds[name]
        return histogram_quantile(quantile, bucket_counts(_seen(name)(told, after, until), bounds), bounds)

    return at


def _true_quantile(name: str, quantile: float) -> At:
    def at(told: Telemetry, after: float, until: float) -> float:
        seen = _seen(name)(told, after, until)
        return percentile(seen.tolist(), 100 * quantile) if seen.size else math.nan

    return at


def _busy(told: Telemetry, after: float, until: float) -> float:
    spent = told.busy(after, until)
    return 100 * (spent["reading_s"] + spent["writing_s"]) / (until - after)


def _mean_query(name: str) -> str:
    return f"rate({name}_sum[{{w}}]) / rate({name}_count[{{w}}])"


def _quantile_query(name: str, quantile: float) -> str:
    return f"histogram_quantile({quantile:g}, rate({name}_bucket[{{w}}]))"


_TTFT, _ITL = "vllm:time_to_first_token_seconds", "vllm:inter_token_latency_seconds"
_QUEUE, _E2E = "vllm:request_queue_time_seconds", "vllm:e2e_request_latency_seconds"
_STEP = "vllm:iteration_tokens_total"
_QUERIES, _HITS = "vllm:prefix_cache_queries", "vllm:prefix_cache_hits"
_DRAFTS, _DRAFTED, _ACCEPTED = (
    f"vllm:spec_decode_num_{name}" for name in ("drafts", "draft_tokens", "accepted_tokens")
)

#: Every chart that a lesson may name. A ``true`` one no server can draw: it stands beside what the buckets make of the same waits.
READY: Mapping[str, ReadyChart] = {
    "running": ReadyChart("Requests running", "vllm:num_requests_running", "", _gauge("vllm:num_requests_running")),
    "waiting": ReadyChart("Requests waiting", "vllm:num_requests_waiting", "", _gauge("vllm:num_requests_waiting")),
    "kv_usage": ReadyChart(
        "KV cache in use", "vllm:kv_cache_usage_perc", "%", _gauge("vllm:kv_cache_usage_perc", 100.0), 100.0
    ),
    "preemptions": ReadyChart(
        "Preemptions", "rate(vllm:num_preemptions_total[{w}])", "/s", _rate("vllm:num_preemptions")
    ),
    "finished": ReadyChart(
        "Requests finished", "rate(vllm:request_success_total[{w}])", "/s", _rate("vllm:request_success")
    ),
    "prompt_tokens": ReadyChart(
        "Prompt tokens", "rate(vllm:prompt_tokens_total[{w}])", "tok/s", _rate("vllm:prompt_tokens")
    ),
    "generation_tokens": ReadyChart(
        "Tokens generated", "rate(vllm:generation_tokens_total[{w}])", "tok/s", _rate("vllm:generation_tokens")
    ),
    "ttft_mean": ReadyChart("Time to first token, mean", _mean_query(_TTFT), "s", _mean(_TTFT)),
    "ttft_p50": ReadyChart("Time to first token, p50", _quantile_query(_TTFT, 0.5), "s", _bucket_quantile(_TTFT, 0.5)),
    "ttft_p99": ReadyChart(
        "Time to first token, p99", _quantile_query(_TTFT, 0.99), "s", _bucket_quantile(_TTFT, 0.99)
    ),
    "ttft_p50_true": ReadyChart(
        "Time to first token, true p50", "no metric: the waits themselves", "s", _true_quantile(_TTFT, 0.5)
    ),
    "ttft_p99_true": ReadyChart(
        "Time to first token, true p99", "no metric: the waits themselves", "s", _true_quantile(_TTFT, 0.99)
    ),
    "itl_mean": ReadyChart("Time between tokens, mean", _mean_query(_ITL), "s", _mean(_ITL)),
    "itl_p99": ReadyChart("Time between tokens, p99", _quantile_query(_ITL, 0.99), "s", _bucket_quantile(_ITL, 0.99)),
    "queue_mean": ReadyChart("Time in the queue, mean", _mean_query(_QUEUE), "s", _mean(_QUEUE)),
    "e2e_mean": ReadyChart("End to end, mean", _mean_query(_E2E), "s", _mean(_E2E)),
    "prefix_hits": ReadyChart(
        "Prompt tokens found in the cache",
        f"rate({_HITS}_total[{{w}}]) / rate({_QUERIES}_total[{{w}}])",
        "%",
        _share(_HITS, _QUERIES),
        100.0,
    ),
    "step_tokens": ReadyChart("Tokens of a step, mean", _mean_query(_STEP), "tokens", _mean(_STEP)),
    "draft_acceptance": ReadyChart(
        "Draft tokens accepted",
        f"rate({_ACCEPTED}_total[{{w}}]) / rate({_DRAFTED}_total[{{w}}])",
        "%",
        _share(_ACCEPTED, _DRAFTED),
        100.0,
    ),
    "acceptance_length": ReadyChart(
        "Tokens of a draft step, mean",
        f"1 + rate({_ACCEPTED}_total[{{w}}]) / rate({_DRAFTS}_total[{{w}}])",
        "tokens",
        _share(_ACCEPTED, _DRAFTS, scale=1.0, more=1.0),
    ),
    "gpu_busy": ReadyChart("GPU “utilisation”", "DCGM_FI_DEV_GPU_UTIL", "%", _busy, 100.0),
}
