"""A rollout: how many replicas are there, what is dropped, and how cold the new ones are."""

from __future__ import annotations

import numpy as np
import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.serving import Autoscaler, Constant, Fixed, Fleet, Poisson, Rollout, Sharing, Workload, fixed, simulate
from tests.serving.systems import small, whole_run


def ready(result):
    """Replicas that take requests at each change of their number, several changes at one time taken together."""
    return dict(result.replicas)


def test_one_more_comes_before_one_goes() -> None:
    """Four replicas, one surge, 30 s to start: four rounds of 30 s, never fewer than four ready."""
    rollout = Rollout(at_s=10.0, surge=1, start_s=30.0, drain_s=60.0)
    _, result = whole_run(small(), fixed(500, 50, 2400, Constant(12.0)), fleet=Fleet(4, rollout=rollout))
    assert min(count for _, count in result.replicas) == 4 and max(count for _, count in result.replicas) == 5
    assert result.aborted == 0 and result.finished == 2400
    # Each start of a replica begins when the one before it has drained, which takes less than a second here.
    starts = [when for when, count in result.replicas if count == 5]
    assert len(starts) == 4 and np.all(abs(np.diff(starts) - 30.0) < 1.0) and starts[0] == 40.0


def test_without_surge_one_is_missing_all_the_while() -> None:
    rollout = Rollout(at_s=10.0, surge=0, unavailable=1, start_s=30.0, drain_s=60.0)
    _, result = whole_run(small(), fixed(500, 50, 2400, Constant(12.0)), fleet=Fleet(4, rollout=rollout))
    counts = [count for _, count in result.replicas]
    assert min(counts) == 3 and max(counts) == 4 and result.aborted == 0
    assert result.gpu_seconds <= 4 * result.simulated_s + 1e-6


@pytest.mark.parametrize("drain_s", [0.0, 2.0, 60.0])
def test_what_is_not_done_in_time_is_aborted_and_counted(drain_s) -> None:
    """Answers of about 4 s: with vLLM's own 0 s all that run are dropped, with 2 s some, with a minute none."""
    rollout = Rollout(at_s=20.0, surge=2, start_s=10.0, drain_s=drain_s)
    _, result = whole_run(
        small(),
        fixed(
            500,
            500,
            400,
            Poisson(8.0),
        ),
        fleet=Fleet(2, rollout=rollout),
    )
    rows = result.requests
    assert result.aborted == np.isnan(rows["finished_s"]).sum() and result.finished + result.aborted == 400
    assert len(rows["number"]) == 400 and not result.unfinished
    assert (result.aborted > 0) == (drain_s < 60.0)
    if drain_s == 0.0:
        when = 30.0
        running = (rows["arrival_s"] < when) & ~(rows["finished_s"] < when)
        assert result.aborted == pytest.approx(running.sum(), abs=2)
    assert result.goodput(ttft_s=1e9)[1] == pytest.approx(result.finished / 400)


def test_new_replicas_start_with_cold_caches() -> None:
    """Every prompt has a known beginning; after the rollout each new replica reads it once more."""
    workload = Workload(800, Fixed(1200), Fixed(10), Constant(10.0), Sharing(1024), seed=1)
    _, plain = whole_run(small(), workload, fleet=Fleet(2, "round-robin"))
    _, rolled = whole_run(
        small(), workload, fleet=Fleet(2, "round-robin", rollout=Rollout(40.0, start_s=5.0, drain_s=30.0))
    )
    assert (plain.requests["cached"] == 0).sum() == 2 and (rolled.requests["cached"] == 0).sum() == 4


def test_a_scaled_down_replica_comes_back_cold() -> None:
    scaler = Autoscaler("rate", 5.0, least=1, most=2, every_s=5.0, cold_start_s=0.0, cool_down_s=0.0)
    requests = [row._replace(prefix=(("system", 1024),)) for row in fixed(1200, 5, 400, Constant(10.0))]
    late = [row._replace(arrival_s=row.arrival_s + 100.0) for row in requests]
    alone = [requests[0]._replace(arrival_s=60.0)]
    result = simulate(small(), [*requests, *alone, *late], fleet=Fleet(2, "round-robin", autoscaler=scaler))
    assert (result.requests["cached"] == 0).sum() == 3


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Rollout(-1.0), ["at_s"]),
        (lambda: Rollout(1.0, surge=0), ["surge", "unavailable"]),
        (lambda: Rollout(1.0, drain_s=-1.0), ["drain_s"]),
        (lambda: Fleet(2, rollout="now"), ["rollout"]),
        (lambda: Fleet(1, rollout=Rollout(1.0), autoscaler=Autoscaler()), ["rollout", "autoscaler"]),
    ],
)
def test_wrong_rollouts_are_refused_in_one_line(make, words) -> None:
    with pytest.raises(LessonlibError) as raised:
        make()
    assert all(word in str(raised.value) for word in words) and "\n" not in str(raised.value)
