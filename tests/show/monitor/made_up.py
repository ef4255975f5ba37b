"""A made-up incident that has something of everything."""

from __future__ import annotations

from lessonlib.draw.monitor import Chart, LogLine, Mark, Monitor

TIMES = [10.0, 20.0, 30.0, 40.0, 50.0, 60.0]
SHOWN = Monitor(
    finding="8 requests wait at 09:00:50, none at first; the first token takes 2.5 s instead of 250 ms.",
    times=TIMES,
    charts=[
        Chart("Requests waiting", "vllm:num_requests_waiting", [0, 1, 2, 4, 8, 6], compare=[0, 1, 1, 0, 1, 0]),
        Chart(
            "KV cache in use", "vllm:kv_cache_usage_perc", [40.0, 42.0, 60.0, 96.0, 99.0, 98.0], "%", [40.0] * 6, 100.0
        ),
        Chart(
            "Time to first token, p99",
            "histogram_quantile(0.99, rate(vllm:time_to_first_token_seconds_bucket[10s]))",
            [None, 0.25, None, 2.5, 2.4, 2.5],
            "s",
            [0.25, 0.25, 0.24, 0.26, 0.25, 0.25],
        ),
        Chart(
            "Tokens generated",
            "rate(vllm:generation_tokens_total[10s])",
            [1800.0, 1900.0, 1850.0, 900.0, 700.0, 650.0],
            "tok/s",
            [1800.0] * 6,
        ),
    ],
    from_s=0.0,
    log=[
        LogLine(at, f"Engine 000: Running: {3 + place} reqs & more, Waiting: 0 reqs") for place, at in enumerate(TIMES)
    ],
    marks=[Mark(35.0, "deploy <b>")],
    alerts=["Requests wait > 5"],
)
