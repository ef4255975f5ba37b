"""Which vLLM metric tells what: the names of data/versions.toml, today's first, then those of earlier versions."""

from __future__ import annotations

from collections.abc import Mapping

from lessonlib.base.versions import PREFIX, vllm

#: What is counted -> the metric that counts it today.
_COUNTERS: Mapping[str, str] = {
    "prompt tokens": "vllm:prompt_tokens_total",
    "prompt tokens by source": "vllm:prompt_tokens_by_source_total",
    "generated tokens": "vllm:generation_tokens_total",
    "cache queries": "vllm:prefix_cache_queries_total",
    "cache hits": "vllm:prefix_cache_hits_total",
    "finished": "vllm:request_success_total",
    "draft tokens": "vllm:spec_decode_num_draft_tokens_total",
    "accepted tokens": "vllm:spec_decode_num_accepted_tokens_total",
    "flops per gpu": "vllm:estimated_flops_per_gpu_total",
}
#: Histograms, without their _sum and _count.
_HISTOGRAMS: Mapping[str, str] = {
    "computed prompt": "vllm:request_prefill_kv_computed_tokens",
    "request prompt": "vllm:request_prompt_tokens",
    "request generated": "vllm:request_generation_tokens",
    "prefill time": "vllm:request_prefill_time_seconds",
    "decode time": "vllm:request_decode_time_seconds",
    "queue time": "vllm:request_queue_time_seconds",
    "ttft": "vllm:time_to_first_token_seconds",
    "itl": "vllm:inter_token_latency_seconds",
    "e2e": "vllm:e2e_request_latency_seconds",
}
_GAUGES: Mapping[str, str] = {
    "running": "vllm:num_requests_running",
    "waiting": "vllm:num_requests_waiting",
    "kv usage": "vllm:kv_cache_usage_perc",
}
_ALL = {**_HISTOGRAMS, **_GAUGES, **_COUNTERS}
#: Seconds since 1970 at which an engine began to count, where its server tells it. Of every counter: one is enough.
START = "vllm:generation_tokens_created"


def names_of(what: str) -> tuple[str, ...]:
    """The names under which servers tell it, the current one first; of a histogram without its ends."""
    return vllm().metric(_ALL[what].removeprefix(PREFIX)).every_name


def every_name() -> list[str]:
    """All names that the probe reads, as they stand in a scrape."""
    found = [START]
    for what in _ALL:
        ends = ("_sum", "_count") if what in _HISTOGRAMS else ("",)
        found += [f"{name}{end}" for name in names_of(what) for end in ends]
    return sorted(found)
