"""A server that stands still for some seconds: what every request and every instrument sees of it, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from lessonlib.serving import (
    Constant,
    Fleet,
    Poisson,
    Scheduler,
    Stall,
    StepCost,
    Telemetry,
    Workload,
    fixed,
    log_lines,
    simulate,
)
from tests.serving.systems import same, small, whole_run

STALL = Stall(0, at_s=10.0, for_s=8.0)
FLEET = Fleet(stalls=(STALL,))
#: Nothing outside the engine, so that times can be worked out by hand.
QUICK = Scheduler(server_s=0.0)


def test_no_token_is_made_and_nothing_is_lost() -> None:
    work = Workload(60, 500, 40, Poisson(2.0), seed=3)
    _, result = whole_run(small(), work, QUICK, FLEET)
    times = np.concatenate([result.token_times(number) for number in range(60)])
    # The step that ran at the beginning ends, the next one ends after the stall.
    assert not ((times > 10.03) & (times < 18.0)).any()
    assert result.finished == 60 and result.tokens_made == 60 * 40 and result.preemptions == 0
    assert not result.runs["prefill_tokens"].sum() > 60 * 500, "nothing is computed again"


def test_who_comes_meanwhile_waits_until_its_end() -> None:
    _, result = whole_run(small(), fixed(500, 4, 30, Constant(1.0)), QUICK, FLEET)
    rows = result.requests
    usual = rows["ttft_s"][5]
    struck = (rows["arrival_s"] > 10.0) & (rows["arrival_s"] < 18.0)
    assert struck.sum() == 7
    # The request of second 10 is in the step that stands still; the seven behind it share the next one.
    assert rows["ttft_s"][10] == pytest.approx(8.0 + usual, rel=1e-6)
    own = StepCost(small()).mixed([(1, 500), *[(500, 0)] * 7])
    assert rows["first_token_s"][struck] == pytest.approx(18.0 + usual + own, rel=1e-2)
    # Who comes at second 18 waits for that step; nobody else has noticed anything.
    apart = (rows["arrival_s"] < 10.0) | (rows["arrival_s"] > 18.0)
    assert rows["ttft_s"][apart] == pytest.approx(usual, rel=1e-6)


def test_an_idle_server_stands_still_for_the_first_who_comes() -> None:
    work = fixed(500, 4, 3, Constant(1 / 12))  # at 0, 12 and 24 s
    result = simulate(small(), work, QUICK, FLEET)
    usual = result.requests["ttft_s"][0]
    assert result.requests["ttft_s"] == pytest.approx([usual, 6.0 + usual, usual])


def test_a_stall_that_meets_nobody_changes_nothing() -> None:
    work = fixed(500, 4, 5, Constant(1.0))
    assert same(simulate(small(), work), simulate(small(), work, fleet=Fleet(stalls=(Stall(0, 100.0, 5.0),))))


def test_only_the_replica_that_is_named_stands_still() -> None:
    fleet = Fleet(2, "round-robin", stalls=(Stall(1, 10.0, 8.0),))
    rows = simulate(small(), fixed(500, 20, 60, Constant(4.0)), QUICK, fleet).requests
    late = rows["ttft_s"] > 1.0
    assert late.any() and set(rows["replica"][late]) == {1}


def test_littles_law_holds_through_it() -> None:
    result = simulate(small(), Workload(200, 800, 100, Poisson(4.0), seed=1), fleet=FLEET)
    assert result.requests_in_system == pytest.approx(result.requests_per_s * result.mean("e2e_s"), rel=1e-9)


def test_counters_stand_still_and_the_queue_is_that_of_the_last_step() -> None:
    """VLLM's scheduler tells its numbers with each step (LoggingStatLogger.last_scheduler_stats): a step that stands still tells none."""
    result = simulate(small(), Workload(80, 500, 200, Poisson(2.0), seed=3), QUICK, FLEET)
    telemetry = Telemetry(result)
    made = telemetry.counters["vllm:generation_tokens"]
    assert made.total(10.5) == made.total(17.9) < made.total(18.5)
    inside = (result.requests["arrival_s"] > 10.1) & (result.requests["arrival_s"] < 17.9)
    assert inside.sum() == 10
    assert telemetry.gauges(17.9)["vllm:num_requests_waiting"] == 0
    assert (
        telemetry.gauges(17.9)["vllm:num_requests_running"] == telemetry.gauges(12.0)["vllm:num_requests_running"] > 0
    )
    line = dict(log_lines(telemetry, 4.0))[16.0]
    assert "Avg generation throughput: 0.0 tokens/s" in line and "Waiting: 0 reqs" in line


def test_one_gap_of_each_answer_holds_it() -> None:
    result = simulate(small(), fixed(500, 2000, 3, Constant(10.0)), QUICK, FLEET)
    gaps = Telemetry(result).histograms["vllm:inter_token_latency_seconds"].value
    assert (gaps > 8.0).sum() == (gaps > 0.1).sum() == 3
    assert result.percentile("itl_s", 100) == pytest.approx(gaps.max())
