"""Columns, percentiles, goodput, cost, reports: numbers that can be checked by hand."""

from __future__ import annotations

import csv
import json
import math
import signal
import tracemalloc

import numpy as np
import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.serving import Fleet, LogNormal, Poisson, Scheduler, Speculation, Workload, fixed, simulate
from lessonlib.serving.results.samples import BinnedSample, ExactSample, weighted_percentiles
from lessonlib.serving.results.summary import run_summary, run_summary_text, save_requests
from tests.serving.systems import small


@pytest.fixture(scope="module")
def result():
    workload = Workload(400, LogNormal(800, 0.8), LogNormal(120, 0.8), Poisson(20.0), seed=5)
    return simulate(small(), workload, fleet=Fleet(2))


def test_weighted_percentiles_are_the_smallest_value_that_covers() -> None:
    values, weights = np.array([3.0, 1.0, 2.0]), np.array([1, 8, 1])
    assert weighted_percentiles(values, weights, (0.0, 50.0, 80.0, 81.0, 90.0, 100.0)) == (1.0, 1.0, 1.0, 2.0, 2.0, 3.0)
    assert math.isnan(weighted_percentiles(np.empty(0), np.empty(0), (50.0,))[0])


@pytest.mark.parametrize("kind", [ExactSample, BinnedSample])
def test_a_run_counts_like_its_values_one_by_one(kind) -> None:
    together, apart = kind(), kind()
    together.add_run(3, 500, 0.01, 2e-5)
    for step in range(500):
        apart.add(0.01 + step * 2e-5, 3)
    assert together.mean() == pytest.approx(apart.mean(), rel=1e-9)
    assert together.percentiles((1.0, 50.0, 99.0)) == pytest.approx(apart.percentiles((1.0, 50.0, 99.0)), rel=0.011)
    assert together.mean() == pytest.approx(0.01 + 2e-5 * 499 / 2)
    empty = kind()
    empty.add_run(0, 5, 1.0, 0.0), empty.add_run(5, 0, 1.0, 0.0)
    assert math.isnan(empty.mean()) and math.isnan(empty.percentiles((50.0,))[0])


def test_metrics_agree_with_the_columns(result) -> None:
    told, rows = result.metrics(), result.requests
    assert list(told)[:11] == [
        "throughput_tokens_per_s", "requests_per_s", "ttft_s", "itl_s", "e2e_s", "queue_s", "tpot_s", "preemptions", "prefix_hit_rate", "kv_peak", "simulated_s",
    ]  # fmt: skip
    for name in ("ttft_s", "e2e_s", "queue_s"):
        assert list(told[name]) == ["mean", "p50", "p90", "p99"]
        assert told[name]["mean"] == pytest.approx(rows[name].mean())
        assert told[name]["p90"] == pytest.approx(np.percentile(rows[name], 90, method="inverted_cdf"))
    assert told["throughput_tokens_per_s"] == pytest.approx(rows["output"].sum() / told["simulated_s"])
    assert told["simulated_s"] == pytest.approx(rows["finished_s"].max() - rows["arrival_s"].min())
    gaps = np.concatenate([np.diff(result.token_times(number)) for number in rows["number"]])
    assert told["itl_s"]["mean"] == pytest.approx(gaps.mean(), rel=1e-6)
    assert told["itl_s"]["p99"] == pytest.approx(np.percentile(gaps, 99), rel=0.01)
    json.dumps(told, allow_nan=False)


def test_goodput_counts_those_that_keep_every_limit(result) -> None:
    rows = result.requests
    rate, share = result.goodput(ttft_s=0.06, tpot_s=0.02)
    kept = (rows["ttft_s"] <= 0.06) & ((rows["tpot_s"] <= 0.02) | (rows["output"] == 1))
    assert (
        0 < share < 1 and share == pytest.approx(kept.mean()) and rate == pytest.approx(kept.sum() / result.simulated_s)
    )
    assert result.goodput() == (pytest.approx(result.requests_per_s), 1.0)
    assert result.goodput(ttft_s=0.0) == (0.0, 0.0)


def test_cost_is_all_gpu_time(result) -> None:
    cost = result.cost(3.6)
    assert cost["total"] == pytest.approx(2 * result.simulated_s * 0.001)
    assert cost["per_million_output_tokens"] * result.output_tokens / 1e6 == pytest.approx(cost["total"])
    assert cost["per_request"] * 400 == pytest.approx(cost["total"])
    with pytest.raises(LessonlibError, match="per_gpu_hour"):
        result.cost(-1)


def test_windows_split_the_requests_by_arrival(result) -> None:
    edges = np.array([0.0, 5.0, 10.0])
    rows = result.requests
    found = result.window_percentiles("ttft_s", edges, 50.0)
    for place in range(2):
        inside = (rows["arrival_s"] >= edges[place]) & (rows["arrival_s"] < edges[place + 1])
        assert found[place] == pytest.approx(np.percentile(rows["ttft_s"][inside], 50, method="inverted_cdf"))


def test_a_steady_middle_needs_enough_requests() -> None:
    with pytest.raises(LessonlibError, match="steady"):
        simulate(small(), fixed(10, 2, 3, Poisson(1.0))).steady(0.4)


def test_settings_are_enough_to_repeat_a_run(result) -> None:
    told = result.settings
    again = simulate(
        told["system"],
        told["workload"],
        told["scheduler"],
        told["fleet"],
        concurrency=told["concurrency"],
        cost=told["cost"],
        seed=told["seed"],
    )
    assert again.metrics() == result.metrics()


def test_a_report_for_people_says_the_main_numbers(result) -> None:
    data = run_summary(result, (0.5, 0.05), 2.5)
    text = run_summary_text(data)
    for words in (
        "llama-3.1-8b on 1 x h100-sxm",
        "2 replicas",
        "400 requests",
        "time to first token",
        "goodput",
        "million output tokens",
    ):
        assert words in text
    json.dumps(data, allow_nan=False)
    assert "-" in run_summary_text(run_summary(simulate(small(), fixed(10, 1, 1, Poisson(1.0)))))


@pytest.mark.parametrize("acceptance", [0.0, 0.6, 1.0])
def test_time_per_output_token_is_per_token_also_with_drafts(acceptance) -> None:
    """What lies between two outputs is a step; a token takes the step divided by the tokens that it brings."""
    speculation = Speculation(3, acceptance)
    result = simulate(small(), fixed(200, 601, 20), Scheduler(speculation=speculation), concurrency=1)
    told = result.metrics()
    assert told["itl_s"]["mean"] / told["tpot_s"]["mean"] == pytest.approx(speculation.tokens_per_step, rel=0.03)
    rows = result.requests
    assert told["tpot_s"]["mean"] == pytest.approx(((rows["finished_s"] - rows["first_token_s"]) / 600).mean())
    text = run_summary_text(run_summary(result))
    assert "per output token" in text and "between steps" in text and "between tokens" not in text


def test_requests_are_saved_as_columns(result, tmp_path) -> None:
    path = tmp_path / "requests.csv"
    assert save_requests(result, path) == 400
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 400 and float(rows[7]["ttft_s"]) == result.requests["ttft_s"][7]
    with pytest.raises(LessonlibError, match=r"\.csv"):
        save_requests(result, tmp_path / "requests.txt")


def test_an_interrupt_keeps_what_was_simulated() -> None:
    def stop(finished: int, seconds: float) -> None:
        if finished > 50:
            raise KeyboardInterrupt

    result = simulate(small(), fixed(500, 50, 5000, Poisson(30.0)), progress=stop)
    assert result.stopped == "interrupted" and 50 < result.finished < 5000
    assert any("interrupted" in warning for warning in result.warnings)


def peak_memory(count: int) -> int:
    tracemalloc.start()
    simulate(small(), fixed(50, 4, count, Poisson(50.0)), Scheduler(prefix_caching=False), record="summary")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_memory_does_not_grow_with_a_run_that_is_only_summed_up() -> None:
    peak_memory(200)
    assert peak_memory(4000) < 1.3 * peak_memory(400)


def test_the_queue_of_a_run_is_a_mean_over_that_run() -> None:
    """Somebody who comes while a long run of steps goes on has not waited from its start."""
    lone = simulate(small(), fixed(1000, 200, 3, Poisson(1.0)))
    assert lone.runs["waiting"].max() < 0.05, "each goes in at the next step"
    full = simulate(small(), fixed(1000, 200, 300, Poisson(40.0)), Scheduler(max_num_seqs=32, prefix_caching=False))
    spans = full.runs["end_s"] - full.runs["start_s"]
    # Requests in the queue summed over time = times in the queue summed over requests.
    assert (spans * full.runs["waiting"]).sum() == pytest.approx(full.requests["queue_s"].sum(), rel=1e-9)


def test_ctrl_c_is_heard_between_two_events(monkeypatch) -> None:
    """The signal comes in the middle of a handler; the run ends with its books in order."""
    from lessonlib.serving.simulation import Simulation

    finish, count = Simulation._finish, [0]

    def torn(self, job, now):
        count[0] += 1
        del self.jobs[job.number]
        if count[0] == 700:
            signal.raise_signal(signal.SIGINT)
        self.jobs[job.number] = job
        finish(self, job, now)

    monkeypatch.setattr(Simulation, "_finish", torn)
    # Whoever starts the tests in the background may have them ignore the signal; then nobody would hear it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        result = simulate(small(), fixed(500, 20, 5000, Poisson(40.0)))
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert result.stopped == "interrupted" and result.finished >= 700
    assert len(result.requests["number"]) == result.finished + result.unfinished < 5000
