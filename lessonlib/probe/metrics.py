"""Which vLLM metric tells what, in its current name and those of earlier versions (vLLM 0.33.0, v1/metrics/loggers.py)."""

from __future__ import annotations

#: What is counted -> names, the current one first.
COUNTERS: dict[str, tuple[str, ...]] = {
    "prompt tokens": ("vllm:prompt_tokens_total",),
    "prompt tokens by source": ("vllm:prompt_tokens_by_source_total",),
    "generated tokens": ("vllm:generation_tokens_total",),
    "cache queries": ("vllm:prefix_cache_queries_total", "vllm:gpu_prefix_cache_queries_total"),
    "cache hits": ("vllm:prefix_cache_hits_total", "vllm:gpu_prefix_cache_hits_total"),
    "preemptions": ("vllm:num_preemptions_total",),
    "finished": ("vllm:request_success_total",),
    "draft tokens": ("vllm:spec_decode_num_draft_tokens_total",),
    "accepted tokens": ("vllm:spec_decode_num_accepted_tokens_total",),
    "drafts": ("vllm:spec_decode_num_drafts_total",),
    "flops per gpu": ("vllm:estimated_flops_per_gpu_total",),
    "read bytes per gpu": ("vllm:estimated_read_bytes_per_gpu_total",),
    "write bytes per gpu": ("vllm:estimated_write_bytes_per_gpu_total",),
}
#: Histograms, without their _sum and _count.
HISTOGRAMS: dict[str, tuple[str, ...]] = {
    "computed prompt": ("vllm:request_prefill_kv_computed_tokens",),
    "request prompt": ("vllm:request_prompt_tokens",),
    "request generated": ("vllm:request_generation_tokens",),
    "prefill time": ("vllm:request_prefill_time_seconds",),
    "decode time": ("vllm:request_decode_time_seconds",),
    "queue time": ("vllm:request_queue_time_seconds",),
    "ttft": ("vllm:time_to_first_token_seconds",),
    "itl": ("vllm:inter_token_latency_seconds", "vllm:time_per_output_token_seconds"),
    "request itl": ("vllm:request_time_per_output_token_seconds",),
    "e2e": ("vllm:e2e_request_latency_seconds",),
}
GAUGES: dict[str, tuple[str, ...]] = {
    "running": ("vllm:num_requests_running",),
    "waiting": ("vllm:num_requests_waiting",),
    "kv usage": ("vllm:kv_cache_usage_perc", "vllm:gpu_cache_usage_perc"),
}
#: Seconds since 1970 at which an engine began to count, where its server tells it.
STARTS = ("vllm:generation_tokens_created", "vllm:prompt_tokens_created")


def every_name() -> list[str]:
    """All names that the probe reads, as they stand in a scrape."""
    parts = [f"{name}{end}" for names in HISTOGRAMS.values() for name in names for end in ("_sum", "_count")]
    return sorted(
        [*(name for table in (COUNTERS, GAUGES) for names in table.values() for name in names), *parts, *STARTS]
    )
