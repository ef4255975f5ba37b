"""Each metric by its documented name moves the readings that it should, by the sums of its definition, and no others."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pytest

from lessonlib.probe.reading import TITLES, Finding, Reading, findings, lengths
from lessonlib.probe.timeline import Timeline, parse
from lessonlib.probe.window import Window

#: What a page tells, by the names of vLLM's documentation without their prefix: a value, or (sum, count) of a histogram.
Told = Mapping[str, float | tuple[float, float]]
SECONDS = 0.8
NAN = math.nan


def page(told: Told, before: float = 0.0) -> str:
    """A page of metrics. before: what each had counted already."""
    lines = []
    for name, value in told.items():
        bare, _, labels = name.partition("{")
        own = f'{{engine="0",model_name="m"{"," + labels if labels else "}"}'
        ends = zip(("_sum", "_count"), value, strict=True) if isinstance(value, tuple) else [("", value)]
        lines += [f"vllm:{bare}{end}{own} {number + before!r}" for end, number in ends]
    return "\n".join(lines) + "\n"


def scraped(*pages: str, server: str = "a") -> Timeline:
    """Pages in equal steps over the window."""
    step = SECONDS / max(1, len(pages) - 1)
    return Timeline(server, [parse(text, step * place, server) for place, text in enumerate(pages)])


def risen(told: Told) -> dict[str, Finding]:
    """What is found where all that was told rose by so much in the window."""
    nothing = {name: (0.0, 0.0) if isinstance(value, tuple) else 0.0 for name, value in told.items()}
    return findings(Window([scraped(page(nothing, 4.0), page(told, 4.0))]))


def values(found: Mapping[str, Finding]) -> dict[str, float]:
    return {key: finding.value for key, finding in found.items() if finding.value is not None}


def by_source(**tokens: float) -> dict[str, float]:
    return {f'prompt_tokens_by_source_total{{source="{source}"}}': count for source, count in tokens.items()}


PREFILL_S, DECODE_S = "request_prefill_time_seconds", "request_decode_time_seconds"
STOPPED = 'request_success_total{finished_reason="stop"}'

MOVES: dict[str, tuple[Told, dict[str, float]]] = {
    # One histogram, one mean.
    "first tokens": ({"time_to_first_token_seconds": (0.25, 1)}, {"ttft_s": 0.25}),
    "whole requests": ({"e2e_request_latency_seconds": (0.75, 1)}, {"e2e_s": 0.75}),
    "the queue": ({"request_queue_time_seconds": (0.5, 4)}, {"queue_s": 0.125}),
    "an empty queue": ({"request_queue_time_seconds": (0.0, 4)}, {"queue_s": 0.0}),
    "half a histogram": ({"time_to_first_token_seconds_sum": 5.0, "request_queue_time_seconds_count": 5.0}, {}),
    # Counters, by the wall clock and by one another.
    "tokens": (
        {"prompt_tokens_total": 90, "generation_tokens_total": 20},
        {"window_prompt_tokens_per_s": 112.5, "window_generation_tokens_per_s": 25, "prompt_to_generation": 4.5},
    ),
    "prompts alone": ({"prompt_tokens_total": 90}, {"window_prompt_tokens_per_s": 112.5}),
    "answers alone": ({"generation_tokens_total": 90}, {"window_generation_tokens_per_s": 112.5}),
    "drafts": (
        {"spec_decode_num_draft_tokens_total": 400, "spec_decode_num_accepted_tokens_total": 250},
        {"spec_acceptance": 0.625},
    ),
    "operations": ({"estimated_flops_per_gpu_total": 25}, {"flops_per_gpu": 31.25}),
    # The prefix cache.
    "the cache": ({"prefix_cache_queries_total": 400, "prefix_cache_hits_total": 150}, {"cache_hit_share": 0.375}),
    "a cache that is off": ({"prefix_cache_queries_total": 0, "prefix_cache_hits_total": 0}, {}),
    "sources of prompts": (
        by_source(local_compute=250, local_cache_hit=150, external_kv_transfer=100),
        {"cache_hit_share": 0.3},
    ),
    "a cache in which nothing was found": (by_source(local_compute=250), {"cache_hit_share": 0.0}),
    "sources while no prompt came": (by_source(local_compute=0, local_cache_hit=0), {}),
    # Prefill: the tokens that were computed over the time that it took.
    "computed tokens": (
        {PREFILL_S: (2.5, 4), "request_prefill_kv_computed_tokens": (3001, 4), "request_prompt_tokens": (9000, 4)},
        {"prefill_tokens_per_s": 1200.4},
    ),
    "one computed token": (
        {PREFILL_S: (0.25, 1), "request_prefill_kv_computed_tokens": (1, 1), "request_prompt_tokens": (9000, 1)},
        {"prefill_tokens_per_s": 4},
    ),
    "whole prompts where no cache is": (
        {PREFILL_S: (2, 3), "request_prompt_tokens": (901, 3)},
        {"prefill_tokens_per_s": 450.5},
    ),
    "a prompt of one token": (
        {PREFILL_S: (0.25, 1), "request_prompt_tokens": (1, 1), "prompt_tokens_total": 80},
        {"prefill_tokens_per_s": 4, "window_prompt_tokens_per_s": 100},
    ),
    "whole prompts where the cache is off": (
        {
            PREFILL_S: (2, 3),
            "request_prompt_tokens": (901, 3),
            "prefix_cache_queries_total": 0,
            "prefix_cache_hits_total": 0,
        },
        {"prefill_tokens_per_s": 450.5},
    ),
    "whole prompts where hits are not told": (
        {PREFILL_S: (2, 3), "request_prompt_tokens": (901, 3), "prefix_cache_queries_total": 400},
        {"prefill_tokens_per_s": 450.5},
    ),
    "prompts without what the cache had": (
        {
            PREFILL_S: (2, 3),
            "request_prompt_tokens": (900, 3),
            "prefix_cache_queries_total": 400,
            "prefix_cache_hits_total": 100,
        },
        {"prefill_tokens_per_s": 337.5, "cache_hit_share": 0.25},
    ),
    "prompts without what came from elsewhere": (
        {
            PREFILL_S: (2, 3),
            "request_prompt_tokens": (900, 3),
            **by_source(local_compute=300, external_kv_transfer=100),
        },
        {"prefill_tokens_per_s": 337.5, "cache_hit_share": 0.0},
    ),
    "prompts that all came from elsewhere": (
        {PREFILL_S: (0.5, 3), "request_prompt_tokens": (900, 3), **by_source(external_kv_transfer=900)},
        {"cache_hit_share": 0.0},
    ),
    "prompts by their counter": (
        {PREFILL_S: (2, 3), "prompt_tokens_total": 80, **by_source(local_compute=30, local_cache_hit=10)},
        {"prefill_tokens_per_s": 30, "window_prompt_tokens_per_s": 100, "cache_hit_share": 0.25},
    ),
    "prefill in no time": ({PREFILL_S: (0, 3), "request_prompt_tokens": (900, 3)}, {}),
    "prefill of nothing": ({PREFILL_S: (2, 3)}, {}),
    # Decode: the tokens after the first over the time that they took.
    "answers": ({DECODE_S: (0.5, 2), "request_generation_tokens": (103, 2)}, {"decode_tokens_per_s": 202}),
    "an answer of two tokens": ({DECODE_S: (0.25, 1), "request_generation_tokens": (2, 1)}, {"decode_tokens_per_s": 4}),
    "answers of one token": ({DECODE_S: (0.5, 3), "request_generation_tokens": (3, 3)}, {}),
    "answers by counters": (
        {DECODE_S: (4, 5), "generation_tokens_total": 206, STOPPED: 4, STOPPED.replace("stop", "length"): 1},
        {"decode_tokens_per_s": 50.25, "window_generation_tokens_per_s": 257.5},
    ),
    "tokens of requests of unknown number": (
        {DECODE_S: (4, 5), "generation_tokens_total": 80},
        {"window_generation_tokens_per_s": 100},
    ),
    "requests whose tokens are unknown": ({DECODE_S: (4, 5), STOPPED: 5}, {}),
    "a time without tokens": ({DECODE_S: (4, 5)}, {}),
    # Of requests that still run, from output to output.
    "gaps": ({"inter_token_latency_seconds": (0.5, 21)}, {"itl_s": 0.5 / 21, "decode_tokens_per_s": 42}),
    "gaps where first tokens are not told": (
        {"inter_token_latency_seconds": (0.5, 21), "generation_tokens_total": 80},
        {"itl_s": 0.5 / 21, "decode_tokens_per_s": 42, "window_generation_tokens_per_s": 100},
    ),
    "gaps where tokens are not told": (
        {"inter_token_latency_seconds": (0.5, 21), "time_to_first_token_seconds": (6, 8)},
        {"itl_s": 0.5 / 21, "decode_tokens_per_s": 42, "ttft_s": 0.75},
    ),
    "several tokens for a gap": (
        {
            "inter_token_latency_seconds": (0.5, 21),
            "generation_tokens_total": 80,
            "time_to_first_token_seconds": (6, 8),
        },
        {"itl_s": 0.5 / 21, "decode_tokens_per_s": 144, "window_generation_tokens_per_s": 100, "ttft_s": 0.75},
    ),
    "only answers of one token ended": (
        {
            "inter_token_latency_seconds": (0.5, 21),
            "generation_tokens_total": 80,
            "time_to_first_token_seconds": (6, 8),
            DECODE_S: (0, 3),
            "request_generation_tokens": (3, 3),
        },
        {"itl_s": 0.5 / 21, "decode_tokens_per_s": 144, "window_generation_tokens_per_s": 100, "ttft_s": 0.75},
    ),
    "answers that ended go before gaps": (
        {"inter_token_latency_seconds": (0.5, 21), DECODE_S: (0.5, 2), "request_generation_tokens": (103, 2)},
        {"itl_s": 0.5 / 21, "decode_tokens_per_s": 202},
    ),
}


@pytest.mark.parametrize("what", MOVES)
def test_each_metric_moves_its_own_readings(what: str) -> None:
    told, expected = MOVES[what]
    assert values(risen(told)) == pytest.approx(expected)


GAUGES = {
    "num_requests_running": "requests_running",
    "num_requests_waiting": "requests_waiting",
    "kv_cache_usage_perc": "kv_cache_usage",
}


@pytest.mark.parametrize("name", GAUGES)
def test_a_gauge_is_the_mean_of_its_scrapes(name: str) -> None:
    found = findings(Window([scraped(*(page({name: level}) for level in (0.0, 0.75, 1.0, 0.25)))]))
    assert values(found) == {GAUGES[name]: 0.5}


def test_requests_of_the_engines_of_a_server_add_up_and_their_caches_do_not() -> None:
    text = page({"kv_cache_usage_perc": 0.25, "num_requests_running": 3})
    other = page({"kv_cache_usage_perc": 0.5, "num_requests_running": 4}).replace('engine="0"', 'engine="1"')
    assert values(findings(Window([scraped(text + other)]))) == {"kv_cache_usage": 0.375, "requests_running": 7}


def test_requests_of_servers_add_up_and_their_caches_do_not() -> None:
    lines = [
        scraped(
            *(page({"kv_cache_usage_perc": level, "num_requests_running": 3}) for level in (0.25, 0.5)), server="a"
        ),
        scraped(page({"num_requests_waiting": 2}), server="b"),
        scraped(page({"kv_cache_usage_perc": 0.75, "num_requests_running": 4}), server="c"),
    ]
    assert values(findings(Window(lines))) == {
        "kv_cache_usage": (0.375 + 0.75) / 2,
        "requests_running": 7,
        "requests_waiting": 2,
    }


def test_a_window_of_one_model_leaves_the_other_models_of_its_server_out() -> None:
    def both(told: Told, others: Told) -> str:
        return page(told) + page(others).replace('model_name="m"', 'model_name="other"')

    name = "estimated_flops_per_gpu_total"
    line = scraped(
        both({name: 0.0, "num_requests_running": 3}, {name: 0.0, "num_requests_running": 5}),
        both({name: 25.0, "num_requests_running": 3}, {name: 900.0, "num_requests_running": 5}),
    )
    assert values(findings(Window([line], ("m",)))) == {"flops_per_gpu": 31.25, "requests_running": 3}


#: What is told, a reading that cannot be had from it, and words of the reason.
REASONS: dict[str, tuple[Told, str, str]] = {
    "no answers": ({"prompt_tokens_total": 9}, "prompt_to_generation", "no vllm:generation_tokens_total"),
    "no prompts": ({"generation_tokens_total": 9}, "prompt_to_generation", "no vllm:prompt_tokens_total"),
    "no prompts by the clock": (
        {"generation_tokens_total": 9},
        "window_prompt_tokens_per_s",
        "no vllm:prompt_tokens_total",
    ),
    "nothing generated": (
        {"prompt_tokens_total": 9, "generation_tokens_total": 0},
        "prompt_to_generation",
        "nothing was generated",
    ),
    "no queries": ({"prefix_cache_hits_total": 9}, "cache_hit_share", "no vllm:prefix_cache_queries_total"),
    "no hits": ({"prefix_cache_queries_total": 9}, "cache_hit_share", "no vllm:prefix_cache_hits_total"),
    "no look-up": (
        {"prefix_cache_queries_total": 0, "prefix_cache_hits_total": 0},
        "cache_hit_share",
        "no prompt was looked up",
    ),
    "no draft": (
        {"spec_decode_num_draft_tokens_total": 0, "spec_decode_num_accepted_tokens_total": 0},
        "spec_acceptance",
        "no draft was made",
    ),
    "no cache level": ({"num_requests_running": 1}, "kv_cache_usage", "no vllm:kv_cache_usage_perc"),
    "no gaps": ({"num_requests_running": 1}, "itl_s", "no vllm:inter_token_latency_seconds"),
    "no operations": ({"num_requests_running": 1}, "flops_per_gpu", "no vllm:estimated_flops_per_gpu_total"),
    "operations that can be had": ({"num_requests_running": 1}, "flops_per_gpu", "--enable-mfu-metrics"),
    "no prefill time": ({"request_prompt_tokens": (900, 3)}, "prefill_tokens_per_s", f"no vllm:{PREFILL_S}"),
    "no decode time": ({"request_generation_tokens": (900, 3)}, "decode_tokens_per_s", f"no vllm:{DECODE_S}"),
    "no first token": ({"time_to_first_token_seconds": (0, 0)}, "ttft_s", "nothing was counted"),
    "first tokens timed wrongly": ({"time_to_first_token_seconds": (-0.5, 4)}, "ttft_s", "timed wrongly"),
    "prefill timed wrongly": (
        {PREFILL_S: (-0.5, 4), "request_prompt_tokens": (900, 3)},
        "prefill_tokens_per_s",
        "timed wrongly",
    ),
    "no prompt finished": (
        {PREFILL_S: (0, 0), "request_prompt_tokens": (0, 0)},
        "prefill_tokens_per_s",
        "no request finished",
    ),
    "no second token": (
        {DECODE_S: (0.5, 3), "request_generation_tokens": (3, 3)},
        "decode_tokens_per_s",
        "no request that generated two tokens",
    ),
}


@pytest.mark.parametrize("what", REASONS)
def test_why_a_reading_is_not_told(what: str) -> None:
    told, key, words = REASONS[what]
    found = risen(told)[key]
    assert found.value is None and words in found.reason


def test_one_scrape_has_no_speed_by_the_wall_clock() -> None:
    told = {"prompt_tokens_total": 90.0, "generation_tokens_total": 20.0, "estimated_flops_per_gpu_total": 25.0}
    found = findings(Window([scraped(page(told))]))
    assert values(found) == {"prompt_to_generation": 4.5}
    for key in ("window_prompt_tokens_per_s", "window_generation_tokens_per_s", "flops_per_gpu"):
        assert "one scrape has no length" in found[key].reason


@pytest.mark.parametrize(
    ("name", "level", "said"),
    [("kv_cache_usage_perc", 37.0, "3,700 %"), ("num_requests_running", -3.0, "-3 requests")],
)
def test_what_cannot_be_is_said_with_its_unit(name: str, level: float, said: str) -> None:
    found = findings(Window([scraped(page({name: level}))]))[GAUGES[name]]
    assert found.value is None and f"would make it {said}, which is impossible" in found.reason


@pytest.mark.parametrize(
    ("name", "key", "too_short", "possible"),
    [
        ("time_to_first_token_seconds", "ttft_s", 0.0009, 0.0011),
        ("e2e_request_latency_seconds", "e2e_s", 0.0009, 0.0011),
        ("inter_token_latency_seconds", "itl_s", 0.00004, 0.00006),
    ],
)
def test_no_first_token_takes_less_than_a_millisecond_and_no_next_one_less_than_50_us(
    name: str, key: str, too_short: float, possible: float
) -> None:
    assert "impossible" in risen({name: (too_short, 1)})[key].reason
    assert risen({name: (possible, 1)})[key].value == pytest.approx(possible)


@pytest.mark.parametrize(("tokens", "possible"), [(0.5, True), (49_000, True), (51_000, False)])
def test_no_stream_of_tokens_passes_50_000_a_second(tokens: float, possible: bool) -> None:
    found = risen({DECODE_S: (1, 1), "request_generation_tokens": (tokens + 1, 1)})["decode_tokens_per_s"]
    assert (found.value == pytest.approx(tokens)) if possible else ("impossible" in found.reason)


@pytest.mark.parametrize(("tokens", "possible"), [(0.5, True), (19e6, True), (21e6, False)])
def test_no_prefill_passes_20_million_tokens_a_second(tokens: float, possible: bool) -> None:
    found = risen({PREFILL_S: (1, 1), "request_prompt_tokens": (tokens, 1)})["prefill_tokens_per_s"]
    assert (found.value == pytest.approx(tokens)) if possible else ("impossible" in found.reason)


# --- names of earlier versions, and how a number was formed ------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "key", "how"),
    [
        (
            {"inter_token_latency_seconds": (1, 20)},
            "itl_s",
            "vllm:inter_token_latency_seconds_sum / vllm:inter_token_latency_seconds_count",
        ),
        (
            {"time_per_output_token_seconds": (1, 20)},
            "itl_s",
            "vllm:time_per_output_token_seconds_sum / vllm:time_per_output_token_seconds_count",
        ),
        (
            {"gpu_prefix_cache_queries_total": 10, "gpu_prefix_cache_hits_total": 5},
            "cache_hit_share",
            "vllm:gpu_prefix_cache_hits_total / vllm:gpu_prefix_cache_queries_total",
        ),
        ({"gpu_cache_usage_perc": 0.5}, "kv_cache_usage", "mean of vllm:gpu_cache_usage_perc over the scrapes"),
        (
            {PREFILL_S: (2, 3), "request_prefill_kv_computed_tokens": (900, 3)},
            "prefill_tokens_per_s",
            f"vllm:request_prefill_kv_computed_tokens_sum / vllm:{PREFILL_S}_sum",
        ),
        (
            {DECODE_S: (2, 3), "request_generation_tokens": (900, 3)},
            "decode_tokens_per_s",
            f"(vllm:request_generation_tokens_sum - requests) / vllm:{DECODE_S}_sum",
        ),
        (
            {DECODE_S: (2, 3), "generation_tokens_total": 900, STOPPED: 3},
            "decode_tokens_per_s",
            f"(vllm:generation_tokens_total - requests) / vllm:{DECODE_S}_sum",
        ),
    ],
)
def test_a_reading_says_of_which_metrics_of_this_server_it_is_made(told: Told, key: str, how: str) -> None:
    found = findings(Window([scraped(page(told))]))[key]
    assert found.value is not None and found.how == how


# --- values that are no numbers -----------------------------------------------------------------------------------------


def test_a_mean_of_which_any_count_is_no_number_is_not_told() -> None:
    pages = [page({"time_to_first_token_seconds": pair}) for pair in ((0, 0), (3, NAN), (6, 8))]
    found = findings(Window([scraped(*pages)]))["ttft_s"]
    assert found.value is None and found.reason == "vllm:time_to_first_token_seconds is not a number there"


def test_names_whose_values_are_no_numbers_are_known_if_a_reading_asked_for_them() -> None:
    told: Told = {
        "kv_cache_usage_perc": NAN,
        "prompt_tokens_total": NAN,
        "generation_tokens_total": 5.0,
        "time_to_first_token_seconds": (NAN, 5),
    }
    window = Window([scraped(page(told))])
    findings(window)
    assert window.spoiled() == [
        "vllm:kv_cache_usage_perc",
        "vllm:prompt_tokens_total",
        "vllm:time_to_first_token_seconds_sum",
    ]


@pytest.mark.parametrize(
    ("spoiled", "speed"),
    [
        (["request_prefill_kv_computed_tokens"], 450),
        (["request_prefill_kv_computed_tokens", "request_prompt_tokens"], 40),
    ],
)
def test_prompts_are_counted_by_the_next_metric_where_one_is_no_number(spoiled: list[str], speed: float) -> None:
    told: Told = {
        PREFILL_S: (2, 3),
        "request_prefill_kv_computed_tokens": (600, 3),
        "request_prompt_tokens": (900, 3),
        "prompt_tokens_total": 80,
        **dict.fromkeys(spoiled, (NAN, 3)),
    }
    assert risen(told)["prefill_tokens_per_s"].value == speed


# --- what a reading says of itself --------------------------------------------------------------------------------------


def test_every_reading_has_a_title_of_its_own() -> None:
    found = findings(Window([scraped(page({"num_requests_running": 3}))]))
    assert TITLES.keys() == found.keys() and len(set(TITLES.values())) == len(found)


def test_a_share_is_shown_in_per_cent() -> None:
    found = findings(Window([scraped(page({"kv_cache_usage_perc": 0.375}))]))["kv_cache_usage"]
    assert (found.quantity().value, found.quantity().unit) == (37.5, "%")


@pytest.mark.parametrize(("seconds", "span"), [(0.0, "since the server started"), (1.0, "in 1 s"), (29.8, "in 30 s")])
def test_a_reading_says_what_time_it_looked_at(seconds: float, span: str) -> None:
    assert Reading("x", "m", 1, seconds, 5.0, {}).span == span


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ({"request_prompt_tokens": (301, 2)}, {"prompt": 150.5, "context": 150.5}),
        ({"request_prompt_tokens": (100, 1), "request_generation_tokens": (5, 1)}, {"prompt": 100, "context": 102.5}),
        ({"request_prompt_tokens": (100, 1), "request_generation_tokens": (15, 2)}, {"prompt": 100, "context": 103.75}),
        ({"request_prompt_tokens": (100, 1), "request_generation_tokens": (0, 0)}, {"prompt": 100, "context": 100}),
        ({"request_prompt_tokens": (100, 1), "request_generation_tokens": (5, NAN)}, {"prompt": 100, "context": 100}),
        ({"request_prompt_tokens": (1, 1)}, {"prompt": 1, "context": 1}),
        ({"request_prompt_tokens": (0, 0)}, {}),
        ({"request_prompt_tokens": (100, NAN)}, {}),
        ({"request_generation_tokens": (5, 1)}, {}),
    ],
)
def test_the_mean_lengths_of_requests(told: Told, found: dict[str, float]) -> None:
    """Half of an answer is in the context on average while it is written."""
    assert lengths(Window([scraped(page(told))])) == found
