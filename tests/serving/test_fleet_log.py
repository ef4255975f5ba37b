"""What is noted down between replicas: each request once, each change of a state, each cache on the link; and nothing of it where nobody asks."""

from __future__ import annotations

from itertools import pairwise

import pytest

from lessonlib.roofline import System, kv_bytes, load_gpu, load_model
from lessonlib.serving import (
    Autoscaler,
    Disaggregation,
    Failure,
    Fleet,
    Poisson,
    Request,
    Result,
    Rollout,
    Scheduler,
    Trace,
    Workload,
    simulate,
)

SYSTEM = System(load_model("llama-3.1-8b"), load_gpu("h100-sxm"))
ALONE = Scheduler(server_s=0.0, busy_server_s=0.0)


def served(fleet: Fleet, requests: int = 60, rate: float = 10.0, **more) -> Result:
    return simulate(SYSTEM, Workload(requests, 500, 60, Poisson(rate), seed=2), ALONE, fleet, **more)


def test_each_request_is_routed_once_in_order() -> None:
    result = served(Fleet(replicas=3))
    log = result.fleet_log
    assert sorted(number for _, _, number in log.routed) == result.requests["number"].tolist()
    assert all(one[0] <= other[0] for one, other in pairwise(log.routed))
    replicas = {number: replica for _, replica, number in log.routed}
    assert [replicas[number] for number in result.requests["number"]] == result.requests["replica"].tolist()
    assert [when for when, _, _ in log.routed] == result.requests["arrival_s"].tolist(), "the server's own time is 0"
    assert (log.states, log.desired, log.held, log.crossings, log.resting) == ([], [], [], [], [])
    assert result.settings["pools"] == ("both",) * 3 and result.settings["first_states"] == ("ready",) * 3


def test_nothing_is_kept_of_one_replica_or_for_a_summary() -> None:
    assert served(Fleet()).fleet_log is None
    assert served(Fleet(replicas=3), record="summary").fleet_log is None
    assert served(Fleet(replicas=3), record="steps").fleet_log is not None


def test_who_fails_and_comes_back_and_whose_requests_go_elsewhere() -> None:
    result = served(Fleet(replicas=2, failures=(Failure(0, 2.0, 1.0),)))
    log = result.fleet_log
    assert log.states == [(2.0, 0, "failed"), (3.0, 0, "ready")]
    assert log.spells(0, 0.5, 4.0, "ready") == [(0.5, 2.0, "ready"), (2.0, 3.0, "failed"), (3.0, 4.0, "ready")]
    assert log.spells(1, 0.5, 4.0, "ready") == [(0.5, 4.0, "ready")]
    assert len(log.routed) > len(result.requests["number"]), "those that were lost are routed once more"
    assert all(replica == 1 for when, replica, _ in log.routed if 2.0 < when < 3.0)


def test_a_fleet_at_zero_holds_what_comes_until_one_is_ready() -> None:
    scaler = Autoscaler("in-flight", target=8.0, least=0, most=3, every_s=1.0, cold_start_s=2.0, cool_down_s=2.0)
    result = served(Fleet(replicas=0, autoscaler=scaler))
    log, first = result.fleet_log, float(result.requests["arrival_s"][0])
    assert result.settings["first_states"] == ("off",) * 3
    assert log.states[0] == (first, 0, "starting") and (first + 2.0, 0, "ready") in log.states
    assert log.desired[0] == (first, 1)
    assert log.held[0] == (first, 1) and log.held[-1][1] == 0 and max(count for _, count in log.held) > 5
    assert min(when for when, _, _ in log.routed) == first + 2.0
    ready = {(when, number) for when, number, state in log.states if state == "ready"}
    assert len(ready) == len([1 for one, other in pairwise(result.replicas) if other[1] > one[1]])


def test_a_rollout_starts_one_and_drains_one() -> None:
    result = served(Fleet(replicas=2, rollout=Rollout(1.0, start_s=1.0, drain_s=5.0)))
    states = [(number, state) for _, number, state in result.fleet_log.states]
    assert states[:3] == [(2, "starting"), (2, "ready"), (0, "draining")]
    assert (0, "off") in states and result.settings["first_states"] == ("ready", "ready", "off")


def test_each_cache_crosses_the_link_behind_the_one_before() -> None:
    pools = Disaggregation(1, 1, link_bytes_per_second=1e9, latency_s=0.001)
    result = simulate(SYSTEM, Trace([Request(0.0, 1000, 5), Request(0.0, 1000, 5)]), ALONE, Fleet(disaggregation=pools))
    first, second = result.fleet_log.crossings
    assert {first.request, second.request} == {0, 1} and (first.source, first.target) == (0, 1)
    assert first.bytes == kv_bytes(SYSTEM, 1000)
    assert first.begun_s == pytest.approx(min(result.requests["first_token_s"]))
    assert first.there_s == pytest.approx(first.begun_s + first.bytes / 1e9 + 0.001)
    assert second.begun_s == pytest.approx(first.there_s - 0.001), "one after the other"
    rests = result.fleet_log.resting
    assert rests[-1][2] == 0 and max(blocks for _, _, blocks in rests) >= 2 * 1000 / 16, (
        "they keep their blocks till then"
    )
    assert all(replica == 0 for _, replica, _ in rests)


def test_what_is_noted_down_changes_no_result() -> None:
    for fleet in (Fleet(replicas=3), Fleet(disaggregation=Disaggregation(2, 1))):
        full, summary = served(fleet), served(fleet, record="summary")
        assert (full.simulated_s, full.steps, full.busy_s, full.replicas) == (summary.simulated_s, summary.steps, summary.busy_s, summary.replicas)  # fmt: skip
