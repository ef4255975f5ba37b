"""A run under vLLM's names: counters, pages that the probe reads, log lines, panels, and what the GPUs did."""

from __future__ import annotations

import csv
import io
import json
import re

import numpy as np
import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.probe.reading import findings
from lessonlib.probe.timeline import Timeline, parse
from lessonlib.probe.window import Window
from lessonlib.serving import (
    Autoscaler,
    Disaggregation,
    Fixed,
    Fleet,
    LogNormal,
    Poisson,
    Request,
    Scheduler,
    Sharing,
    Speculation,
    StepCost,
    Trace,
    Workload,
    fixed,
    simulate,
)
from lessonlib.serving.results.log_lines import log_lines
from lessonlib.serving.results.panel import panel, panel_text
from lessonlib.serving.results.telemetry import Telemetry, exposition
from tests.serving.systems import small


@pytest.fixture(scope="module")
def run():
    sharing = Sharing(200, 1, 600, 20)
    workload = Workload(600, LogNormal(1500, 0.6, least=900), LogNormal(120, 0.7), Poisson(15.0), sharing, seed=3)
    return simulate(small(), workload, Scheduler(kv_blocks=2000))


def between(rows, name, after, until):
    return (rows[name] > after) & (rows[name] <= until)


def test_counters_are_sums_over_requests(run) -> None:
    told, rows = Telemetry(run), run.requests
    for until in (5.0, 17.3, 1e9):
        first = rows["first_token_s"] <= until
        assert told.counters["vllm:prompt_tokens"].total(until) == rows["prompt"][first].sum()
        assert told.counters["vllm:prompt_tokens_cached"].total(until) == rows["cached"][first].sum()
        assert told.counters["vllm:request_success"].total(until) == (rows["finished_s"] <= until).sum()
        made = sum((run.token_times(number) <= until).sum() for number in rows["number"])
        assert told.counters["vllm:generation_tokens"].total(until) == made
    assert told.counters["vllm:num_preemptions"].total(1e9) == run.preemptions > 0


def test_the_probe_reads_the_pages_of_a_run(run) -> None:
    """Two pages of the simulated server, read as those of a real one, tell what the requests of the window say."""
    after, until = 10.0, 30.0
    told = Telemetry(run)
    pages = [parse(exposition(told, at), at, "simulated") for at in (after, until)]
    seen = findings(Window([Timeline("simulated", pages)]))
    rows = run.requests
    first, last = between(rows, "first_token_s", after, until), between(rows, "finished_s", after, until)
    want = {
        "ttft_s": rows["ttft_s"][first].mean(),
        "e2e_s": rows["e2e_s"][last].mean(),
        "queue_s": rows["queue_s"][last].mean(),
        "window_prompt_tokens_per_s": rows["prompt"][first].sum() / 20.0,
        # By source, which is counted with the first token.
        "cache_hit_share": (rows["cached"] - rows["loaded"])[first].sum() / rows["prompt"][first].sum(),
    }
    for name, value in want.items():
        assert seen[name].value == pytest.approx(value, rel=1e-9), name
    gaps = np.concatenate(
        [np.diff(times)[times[1:] > after] for times in map(run.token_times, rows["number"]) if len(times)]
    )
    times = np.concatenate([run.token_times(number) for number in rows["number"]])
    assert seen["window_generation_tokens_per_s"].value == pytest.approx(
        ((times > after) & (times <= until)).sum() / 20.0
    )
    assert gaps.size and seen["itl_s"].value == pytest.approx(run.mean("itl_s"), rel=0.2)


def test_a_histogram_is_as_prometheus_has_it(run) -> None:
    page = exposition(Telemetry(run), 1e9)
    label = re.escape('{engine="0",model_name="llama-3.1-8b"')
    for bound, count in re.findall(rf'vllm:time_to_first_token_seconds_bucket{label},le="([^"]+)"}} (\S+)', page):
        assert float(count) == (run.requests["ttft_s"] <= float(bound)).sum()
    total = re.search(rf"vllm:time_to_first_token_seconds_sum{label}}} (\S+)", page)
    assert float(total[1]) == pytest.approx(run.requests["ttft_s"].sum())


@pytest.mark.parametrize("acceptance", [0.5, (0.9, 0.6)])
def test_counters_of_drafts_give_the_mean_acceptance_back(acceptance) -> None:
    speculation = Speculation(2, acceptance)
    result = simulate(small(), fixed(100, 301, 40), Scheduler(speculation=speculation), concurrency=8)
    told = Telemetry(result).counters
    drafts, accepted = (told[f"vllm:spec_decode_num_{name}"].total(1e9) for name in ("drafts", "accepted_tokens"))
    assert 1.0 + accepted / drafts == pytest.approx(speculation.tokens_per_step, rel=0.03)
    assert told["vllm:spec_decode_num_draft_tokens"].total(1e9) == 2 * drafts


def test_log_lines_have_the_words_and_the_numbers_of_vllm(run) -> None:
    lines = log_lines(Telemetry(run))
    assert [when for when, _ in lines] == [10.0 * n for n in range(1, len(lines) + 1)]
    form = re.compile(
        r"Engine 000: Avg prompt throughput: (\S+) tokens/s, Avg generation throughput: (\S+) tokens/s, Running: (\d+) reqs, "
        r"Waiting: (\d+) reqs, GPU KV cache usage: (\S+)%, Prefix cache hit rate: (\S+)%"
    )
    rows, begin = run.requests, run.requests["arrival_s"].min()
    for when, line in lines:
        numbers = form.fullmatch(line)
        window = between(rows, "first_token_s", begin + when - 10.0, begin + when)
        assert float(numbers[1]) == pytest.approx((rows["prompt"] - rows["cached"])[window].sum() / 10.0, abs=0.06)
        begun = np.sort(rows["started_s"])
        assert int(numbers[4]) == (rows["arrival_s"] <= begin + when).sum() - (begun <= begin + when).sum()


def test_one_long_prompt_is_one_lump_in_the_log() -> None:
    """A prompt read over three windows shows in the last one only: the log cannot tell how fast it was read."""
    trace = Trace((Request(0.0, 100, 1200), Request(0.0, 120_000, 5)))
    result = simulate(small(), trace, Scheduler(max_num_batched_tokens=256))
    lines = [line for _, line in log_lines(Telemetry(result), 1.0)]
    shown = [float(re.search(r"prompt throughput: (\S+)", line)[1]) for line in lines]
    assert sum(value > 1000 for value in shown) == 1 and max(shown) == 120_000


def test_an_idle_server_falls_silent() -> None:
    trace = Trace((Request(0.0, 100, 20), Request(95.0, 100, 20), Request(101.0, 10, 5)))
    assert [when for when, _ in log_lines(Telemetry(simulate(small(), trace)))] == [10.0, 20.0, 100.0]


def test_a_panel_adds_up_to_the_run() -> None:
    workload = Workload(400, Fixed(1200), Fixed(80), Poisson(30.0), seed=1)
    result = simulate(small(), workload, fleet=Fleet(3))
    rows = panel(result, 5.0)
    assert {row["replica"] for row in rows} == {0, 1, 2}
    assert sum(row["vllm:prompt_tokens_total"] for row in rows) == 400 * 1200
    assert sum(row["vllm:generation_tokens_total"] for row in rows) == 400 * 80
    assert sum(row["vllm:request_success_total"] for row in rows) == 400
    assert sum(row["reading_s"] + row["writing_s"] for row in rows) == pytest.approx(result.busy_s)
    assert all(
        row["reading_s"] + row["writing_s"] + row["idle_s"] == pytest.approx(row["end_s"] - row["start_s"])
        for row in rows
    )
    table = list(csv.DictReader(io.StringIO(panel_text(rows, ".csv"))))
    assert len(table) == len(rows) == len(json.loads(panel_text(rows, ".json")))
    assert float(table[0]["vllm:generation_tokens_total"]) == rows[0]["vllm:generation_tokens_total"]


def test_two_pools_read_on_one_side_and_write_on_the_other() -> None:
    result = simulate(small(), fixed(3000, 50, 60, Poisson(4.0)), fleet=Fleet(disaggregation=Disaggregation(1, 1)))
    reader, writer = (Telemetry(result, number).counters for number in (0, 1))
    assert reader["vllm:prompt_tokens"].total(1e9) == 60 * 3000 and writer["vllm:prompt_tokens"].total(1e9) == 0
    assert reader["vllm:generation_tokens"].total(1e9) == 60
    assert writer["vllm:generation_tokens"].total(1e9) == 60 * 49


def test_gpu_time_is_reading_writing_and_idle() -> None:
    """A lone request reads for one step and writes for the others; then the GPU waits for the second."""
    result = simulate(
        small(), Trace((Request(0.0, 4000, 100), Request(10.0, 4000, 100))), Scheduler(prefix_caching=False)
    )
    reading = 2 * StepCost(small()).mixed([(4000, 0)])
    split = result.gpu_split()
    assert split["reading"] * result.simulated_s == pytest.approx(reading, rel=1e-9)
    assert split["writing"] * result.simulated_s == pytest.approx(result.busy_s - reading, rel=1e-9)
    assert sum(split.values()) == pytest.approx(1.0)


def test_a_step_with_both_counts_as_writing_what_it_would_take_alone() -> None:
    result = simulate(small(), Trace((Request(0.0, 100, 400), Request(1.0, 8000, 1))), Scheduler(prefix_caching=False))
    mixed = np.flatnonzero((result.runs["prefill_tokens"] > 0) & (result.runs["decoding"] > 0))
    assert len(mixed) == 1
    alone = StepCost(small()).mixed([(1, 100 + int(result.runs["steps"][: mixed[0]].sum()) - 1)])
    assert result.runs["writing_s"][mixed[0]] == pytest.approx(alone, rel=1e-6)


def test_idle_counts_all_replicas_that_run() -> None:
    scaler = Autoscaler("in-flight", target=4.0, least=1, most=4, every_s=5.0, cold_start_s=30.0, cool_down_s=10.0)
    split = simulate(small(), fixed(1000, 100, 300, Poisson(25.0)), fleet=Fleet(1, autoscaler=scaler)).gpu_split()
    assert sum(split.values()) == pytest.approx(1.0) and split["idle"] > 0.1


def test_what_has_no_record_or_no_replica_is_refused() -> None:
    summary = simulate(small(), fixed(10, 5, 3), record="summary")
    with pytest.raises(LessonlibError, match="full"):
        Telemetry(summary)
    with pytest.raises(LessonlibError, match="no replica 4"):
        Telemetry(simulate(small(), fixed(10, 5, 3)), 4)
    with pytest.raises(LessonlibError, match="window_s"):
        panel(simulate(small(), fixed(10, 5, 3)), 0.0)


def test_the_log_tells_of_drafts_what_the_counters_tell() -> None:
    """Mean length is one and the accepted over the drafts; the shares by position add up to what is beyond one."""
    shares = (0.9, 0.6, 0.3)
    trace = Trace((Request(0.0, 100, 3000),))
    told = Telemetry(simulate(small(), trace, Scheduler(speculation=Speculation(3, shares))))
    lines = [(at, line) for at, line in log_lines(told, 1.0) if line.startswith("SpecDecoding metrics: ")]
    at, line = lines[2]
    begin = float(told.result.requests["arrival_s"].min())
    steps, accepted = (
        told.counters[f"vllm:spec_decode_num_{name}"].values(begin + at - 1, begin + at).sum()
        for name in ("drafts", "accepted_tokens")
    )
    assert f"Mean acceptance length: {1 + accepted / steps:.2f}, " in line
    assert f"Accepted: {accepted:.0f} tokens, Drafted: {3 * steps:.0f} tokens, " in line
    told_shares = [
        float(share) for share in line.split("Per-position acceptance rate: ")[1].split(", Avg")[0].split(", ")
    ]
    assert 1 + sum(told_shares) == pytest.approx(1 + accepted / steps, abs=0.002)
    assert told_shares == pytest.approx(shares, abs=0.02) and told_shares == sorted(told_shares, reverse=True)
    assert 1 + accepted / steps == pytest.approx(1 + sum(shares), rel=0.02)
