"""The tier in the host's memory: found later, at the price of a transfer."""

from __future__ import annotations

import numpy as np
import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.roofline import kv_bytes
from lessonlib.serving import (
    Failure,
    Fixed,
    Fleet,
    Poisson,
    Request,
    Scheduler,
    Sharing,
    StepCost,
    Telemetry,
    Trace,
    Workload,
    fixed,
    simulate,
)
from lessonlib.serving.replica.host_tier import HostTier
from lessonlib.serving.replica.job import Job
from tests.serving.systems import hybrid, same, small, whole_run


def in_turn(names, scheduler):
    """Requests of 1,600 tokens, each with the document of its name, one after the other."""
    rows = tuple(Request(10.0 * n, 1600, 2, prefix=((name, 1584),)) for n, name in enumerate(names))
    return whole_run(small(), Trace(rows), scheduler)[1]


def test_what_the_gpus_have_forgotten_comes_back_over_the_link() -> None:
    """Room for two documents on the GPU: the first comes back as its bytes cross the link, then one block is read."""
    result = in_turn("abca", Scheduler(kv_blocks=210, host_bytes=10e9, host_bytes_per_second=20e9))
    rows, cost = result.requests, StepCost(small())
    # The GPU still has the first few blocks, for the others were enough to make room.
    loaded = rows["loaded"][3]
    assert list(rows["cached"]) == [0, 0, 0, 1584] and 1400 < loaded < 1584
    crossing = kv_bytes(small(), loaded) / 20e9
    assert rows["ttft_s"][3] == pytest.approx(crossing + cost.mixed([(16, 1584)]), rel=1e-6)
    assert rows["ttft_s"][2] == pytest.approx(cost.mixed([(1600, 0)]), rel=1e-6)
    page = Telemetry(result).counters
    assert page["vllm:external_prefix_cache_hits"].total(1e9) == loaded
    assert page["vllm:prefix_cache_hits"].total(1e9) == 1584 - loaded


def test_only_what_the_gpus_lack_crosses() -> None:
    """Nothing was evicted: everything is found on the GPU, and the tier changes nothing."""
    scheduler = {"kv_blocks": 900}
    plain, tier = (in_turn("abab", Scheduler(**scheduler, host_bytes=size)) for size in (0.0, 10e9))
    assert same(plain, tier) and not tier.requests["loaded"].any()


def test_a_tier_that_is_full_forgets_the_least_recently_used() -> None:
    bytes_each = kv_bytes(small(), 1600)
    found = in_turn("abcda", Scheduler(kv_blocks=110, host_bytes=4.5 * bytes_each)).requests["loaded"]
    assert found[4] == 1584
    assert in_turn("abcda", Scheduler(kv_blocks=110, host_bytes=2.5 * bytes_each)).requests["loaded"][4] == 0


def test_requests_queue_for_the_link() -> None:
    rows = [Request(10.0 * n, 1600, 2, prefix=((name, 1584),)) for n, name in enumerate("abc")]
    rows += [Request(40.0, 1600, 2, prefix=((name, 1584),)) for name in "ab"]
    _, result = whole_run(
        small(), Trace(tuple(rows)), Scheduler(kv_blocks=210, host_bytes=10e9, host_bytes_per_second=1e8)
    )
    loaded = result.requests["loaded"][3:]
    assert (loaded > 1400).all()
    crossing = kv_bytes(small(), 1.0) * loaded / 1e8
    assert result.requests["started_s"][3:] - 40.0 == pytest.approx(np.cumsum(crossing), rel=1e-6)


def test_a_larger_store_finds_more_of_many_documents() -> None:
    """The direction of the measurement with Mooncake's store (hits 1.7 to 92 %): more memory, more hits, sooner first tokens."""
    workload = Workload(400, Fixed(2300), Fixed(20), Poisson(8.0), Sharing(0, 1, 2048, 60, zipf=0.3), seed=2)
    runs = [whole_run(small(), workload, Scheduler(kv_blocks=1500, host_bytes=size))[1] for size in (0.0, 6e9, 30e9)]
    hits = [run.prefix_hit_rate for run in runs]
    assert hits[0] < 0.3 < hits[1] < hits[2] and hits[2] > 0.7
    assert runs[2].mean("ttft_s") < runs[0].mean("ttft_s")


@pytest.mark.parametrize("seed", range(4))
def test_books_balance_with_a_tier(seed) -> None:
    sharing = Sharing(200, 2, 900, 20, turns=3 if seed % 2 else 1, think_s=1.0)
    workload = Workload(150, Fixed(1500), Fixed(150), Poisson(10.0), sharing, seed=seed)
    fleet = Fleet(2, "prefix-aware", failures=(Failure(0, 4.0, 3.0),))
    scheduler = Scheduler(
        kv_blocks=500, host_bytes=3e9, host_bytes_per_second=2e9, policy="priority" if seed > 1 else "fcfs"
    )
    _, result = whole_run(small(), workload, scheduler, fleet)
    assert result.finished == 150 and result.requests["loaded"].any()


def test_the_tier_counts_blocks_and_cuts_ends() -> None:
    tier = HostTier(10, 0.5, 16)
    tier.store("a", 6), tier.store("b", 7)
    assert tier.used == 10
    assert tier.match(Job(0, Request(0.0, 320, 1, prefix=(("a", 160),)), 0.0), 320) == 3
    assert tier.load(4, 1.0) == 3.0 and tier.load(2, 1.0) == 4.0
    tier.clear()
    assert tier.used == 0


def test_recurrent_states_are_refused() -> None:
    with pytest.raises(LessonlibError, match="host_bytes.*recurrent"):
        simulate(hybrid(), fixed(100, 5, 3), Scheduler(host_bytes=1e9))
    with pytest.raises(LessonlibError, match="host_bytes_per_second"):
        Scheduler(host_bytes_per_second=0.0)
