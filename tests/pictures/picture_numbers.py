"""Numbers for the picture tests: no real lab, digits that stand out, so that a number written into a picture shows."""

from __future__ import annotations

NUMBERS: dict[str, object] = {
    "weights": "61.7 GB",
    "flops_per_token": "63.9 GFLOP",
    "bandwidth": "7.16 TB/s",
    "decode_tok_s": "116 tok/s",
    "prompt": "7,919 tokens",
    "memory_time_decode": "8.61 ms",
    "compute_time_decode": "0.0977 ms",
    "compute_share_prefill": 1.0,
    "memory_share_prefill": 0.176,
    "compute_share_decode": 0.0067,
    "memory_share_decode": 1.0,
    "batch": 6,
    "kv_per_request": "179 MB",
    "total_tok_s": "691 tok/s",
    "request_tok_s": "119 tok/s",
}
# What a share may turn into on paper.
PERCENTS = ("100 %", "18 %", "0.67 %")
