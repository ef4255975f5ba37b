"""The lines that vLLM's server would log over a run, one every ten seconds, as data/versions.toml has them.

Its counters are windows of the wall clock: prompt tokens are those that were computed, in one lump at the first token;
the hit rate is that of the last 1,000 requests; a line on preemptions does not come, because vLLM resets the count first.
"""

from __future__ import annotations

import numpy as np

from lessonlib.base.errors import LessonlibError
from lessonlib.base.versions import vllm
from lessonlib.serving.results.telemetry import Telemetry

#: Windows that are looked through: eleven days of a run.
MOST_LINES = 100_000


def log_lines(telemetry: Telemetry, every_s: float | None = None) -> list[tuple[float, str]]:
    """(seconds since the run began, line) for each whole window of the run; windows are vLLM's unless said."""
    result, every_s = telemetry.result, every_s or vllm().log_every_s
    begin = float(result.requests["arrival_s"].min()) if len(result.requests["arrival_s"]) else 0.0
    if result.simulated_s / every_s > MOST_LINES:
        raise LessonlibError(
            f"log: {result.simulated_s:,.0f} s have more than {MOST_LINES:,} lines: shorten the run by --limit, or write a --panel"
        )
    ends = begin + every_s * np.arange(1, int(result.simulated_s / every_s) + 1)
    lines: list[tuple[float, str]] = []
    idle = 0
    for end in ends.tolist():
        prompts, answers = rates(telemetry, end - every_s, end)
        # Two windows without a token, and the server falls silent.
        idle = 0 if prompts or answers else idle + 1
        if idle < 2:
            lines.append((end - begin, _line(telemetry, end, prompts, answers)))
            if "vllm:spec_decode_num_drafts" in telemetry.counters:
                lines += [(end - begin, line) for line in _drafts(telemetry, end - every_s, end)]
    return lines


def rates(telemetry: Telemetry, after: float, until: float) -> tuple[float, float]:
    """Computed prompt tokens and generated tokens a second in a window."""
    counters, seconds = telemetry.counters, until - after
    total, cached, made = (
        counters[name].total(until) - counters[name].total(after)
        for name in ("vllm:prompt_tokens", "vllm:prompt_tokens_cached", "vllm:generation_tokens")
    )
    return (total - cached) / seconds, made / seconds


def _line(telemetry: Telemetry, end: float, prompts: float, answers: float) -> str:
    gauges, lines = telemetry.gauges(end), vllm().lines
    line = lines["stats"].text.format(
        engine=telemetry.replica,
        prompts=prompts,
        answers=answers,
        running=gauges["vllm:num_requests_running"],
        waiting=gauges["vllm:num_requests_waiting"],
        cache=100 * gauges["vllm:kv_cache_usage_perc"],
    )
    recent = vllm().log_recent
    asked = telemetry.counters["vllm:prefix_cache_queries"].values(-np.inf, end)[-recent:]
    hits = telemetry.counters["vllm:prefix_cache_hits"].values(-np.inf, end)[-recent:]
    if asked.size and telemetry.result.settings["scheduler"].prefix_caching:
        line += lines["hit_rate"].text.format(hits=100 * hits.sum() / asked.sum())
    return line


def _drafts(telemetry: Telemetry, after: float, until: float) -> list[str]:
    steps, drafted, accepted = (
        telemetry.counters[f"vllm:spec_decode_num_{name}"].values(after, until).sum()
        for name in ("drafts", "draft_tokens", "accepted_tokens")
    )
    if not steps:
        return []
    seconds = until - after
    # What came of each draft the run does not keep: the expected shares, bent until they add up to what the window accepted.
    shares = _adding_up_to(accepted / steps, telemetry.result.settings["scheduler"].speculation.by_position)
    line = (
        vllm()
        .lines["drafts"]
        .text.format(
            length=1 + accepted / steps,
            accepted_rate=accepted / seconds,
            drafted_rate=drafted / seconds,
            accepted=accepted,
            drafted=drafted,
            positions=", ".join(f"{share:.3f}" for share in shares),
            rate=100 * accepted / drafted,
        )
    )
    return [line]


def _adding_up_to(total: float, shares: tuple[float, ...]) -> list[float]:
    """Shares by position that add up to `total`: all to one power, which of one chance for every draft makes another such chance."""
    low, high = 0.0, 64.0
    for _ in range(50):
        power = (low + high) / 2
        low, high = (power, high) if sum(share**power for share in shares) > total else (low, power)
    return [share**low for share in shares]
