"""What must hold in every run, whatever the settings: nothing is lost, nothing is made twice, time goes forward."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from lessonlib.serving import (
    Autoscaler,
    Disaggregation,
    Empirical,
    Failure,
    Fleet,
    GammaBurst,
    Geometric,
    LogNormal,
    OnOff,
    Poisson,
    Scheduler,
    Sharing,
    Speculation,
    Workload,
    fixed,
    router_names,
    simulate,
)  # fmt: skip
from lessonlib.serving.replica.batch import DecodeBatch
from lessonlib.serving.simulation import Simulation
from tests.serving.systems import hybrid, large, same, small, whole_run, windowed

SEEDS = range(48)


def random_fleet(draw: random.Random) -> Fleet:
    kind = draw.choice(["one", "one", "many", "pools", "scaled"])
    router = draw.choice(router_names())
    if kind == "pools":
        pools = Disaggregation(draw.randint(1, 2), draw.randint(1, 3), draw.choice([1e9, 50e9]))
        failures = (
            (Failure(draw.randrange(pools.prefill + pools.decode), draw.uniform(0, 5), draw.uniform(0.1, 5)),)
            if draw.random() < 0.5
            else ()
        )
        return Fleet(router=router, disaggregation=pools, failures=failures)
    if kind == "scaled":
        scaler = Autoscaler(
            draw.choice(["in-flight", "waiting", "kv", "ttft"]),
            draw.choice([0.2, 5.0]),
            draw.randint(0, 1),
            4,
            1.0,
            2.0,
            3.0,
        )
        return Fleet(scaler.least, router, autoscaler=scaler)
    count = 1 if kind == "one" else draw.randint(2, 5)
    failures = (
        (Failure(draw.randrange(count), draw.uniform(0, 5), draw.uniform(0.1, 5)),) if draw.random() < 0.4 else ()
    )
    return Fleet(count, router, slow={0: draw.choice([1.0, 2.0])}, failures=failures)


def random_case(seed: int):
    """(system, workload, scheduler, fleet, options) drawn from a seed."""
    draw = random.Random(seed)
    system = draw.choice([small, large, hybrid, windowed])()
    speculation = Speculation(draw.randint(1, 5), draw.choice([0.0, 0.3, 0.8, 1.0])) if draw.random() < 0.3 else None
    scheduler = Scheduler(
        batching=draw.choice(["continuous", "continuous", "in-flight", "prefill-first", "static"]),
        max_num_seqs=draw.choice([1, 4, 32, 256]),
        max_num_batched_tokens=draw.choice([2048, 8192]),
        long_prefill_tokens=draw.choice([0, 300]),
        block_tokens=draw.choice([1, 16, 64]),
        # Few blocks, so that there are preemptions.
        kv_blocks=draw.choice([None, 9000]),
        prefix_caching=draw.random() < 0.7,
        reserve_output=draw.random() < 0.2,
        policy=draw.choice(["fcfs", "priority"]),
        speculation=speculation,
    )  # fmt: skip
    closed = draw.choice([None, None, 1, 40])
    sharing = draw.choice([Sharing(), Sharing(200, 3, 400, 5), Sharing(100, turns=1 if closed else 3, think_s=0.5)])
    arrivals = None if closed else draw.choice([Poisson(20.0), GammaBurst(10.0, 4.0), OnOff(40.0, 1.0, 3.0)])
    workload = Workload(
        draw.randint(1, 150), draw.choice([LogNormal(700, 1.0, most=4000), 800]), draw.choice([Geometric(60), Empirical((1, 2, 300)), 1]),
        arrivals, sharing, (0.5, 0.5), seed,
    )  # fmt: skip
    return (
        system,
        workload,
        scheduler,
        random_fleet(draw),
        {"concurrency": closed, "seed": seed, "cost": draw.choice(["expected", "ceiling"])},
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_books_balance(seed) -> None:
    system, workload, scheduler, fleet, options = random_case(seed)
    _, result = whole_run(system, workload, scheduler, fleet, **options)
    rows = result.requests
    assert result.finished == len(workload) == len(rows["number"]) and not result.unfinished
    assert list(rows["number"]) == list(range(len(workload)))
    assert result.tokens_made == result.output_tokens == rows["output"].sum() == rows["generated"].sum()
    assert np.all(rows["arrival_s"] <= rows["started_s"]) and np.all(rows["started_s"] < rows["first_token_s"])
    assert np.all(rows["first_token_s"] <= rows["finished_s"])
    assert np.all((rows["finished_s"] == rows["first_token_s"]) == (rows["output"] == 1))
    # Little's law, exactly: the number in the system summed over time is the sum of all times in it.
    assert result.area_s == pytest.approx((rows["finished_s"] - rows["arrival_s"]).sum(), rel=1e-9)
    assert 0.0 <= result.prefix_hit_rate < 1.0 and 0.0 < result.kv_peak <= 1.0
    if not scheduler.prefix_caching:
        assert result.hit_tokens == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_every_token_has_its_time(seed) -> None:
    system, workload, scheduler, fleet, options = random_case(seed)
    result = simulate(system, workload, scheduler, fleet, **options)
    rows = result.requests
    for number in rows["number"][:: max(1, len(workload) // 20)]:
        times = result.token_times(number)
        assert len(times) == rows["output"][number]
        assert times[0] == rows["first_token_s"][number]
        assert times[-1] == pytest.approx(rows["finished_s"][number], rel=1e-9)
        assert np.all(np.diff(times) >= -1e-9)
        assert scheduler.speculation or np.all(np.diff(times) > 0)
    # The gaps between the tokens of all requests add up to their times from first to last token.
    gaps, weights = result.samples["itl_s"].values()
    total = (rows["finished_s"] - rows["first_token_s"]).sum()
    assert (gaps * weights).sum() == pytest.approx(total, rel=1e-6, abs=1e-9)
    assert np.all(gaps > 0)
    if scheduler.speculation is None:
        assert weights.sum() == (rows["output"] - 1).sum()


@pytest.mark.parametrize("seed", SEEDS[:16])
def test_steps_follow_each_other_and_keep_their_limits(seed) -> None:
    system, workload, scheduler, fleet, options = random_case(seed)
    simulation, result = whole_run(system, workload, scheduler, fleet, **options)
    for replica in simulation.members.replicas:
        rows = result.runs["replica"] == replica.number
        runs = {name: column[rows] for name, column in result.runs.items()}
        assert np.all(runs["start_s"][1:] >= runs["end_s"][:-1] - 1e-9)
        assert np.all(runs["kv_used"] <= replica.kv.total)
        assert np.all(runs["decoding"] + runs["prefills"] <= scheduler.max_num_seqs)
        tokens = runs["decoding"] * scheduler.step_tokens + runs["prefill_tokens"]
        if scheduler.batching == "continuous":
            assert np.all(tokens <= scheduler.max_num_batched_tokens)
        if scheduler.batching in ("prefill-first", "static"):
            assert not np.any((runs["decoding"] > 0) & (runs["prefill_tokens"] > 0))
        steps = result.step_columns(replica.number)
        assert steps["seconds"].sum() == pytest.approx((runs["end_s"] - runs["start_s"]).sum(), rel=1e-9)
        assert len(steps["start_s"]) == runs["steps"].sum()


@pytest.mark.parametrize("seed", SEEDS[:16])
def test_a_seed_decides_everything(seed) -> None:
    system, workload, scheduler, fleet, options = random_case(seed)
    first, second = (simulate(system, workload, scheduler, fleet, **options) for _ in range(2))
    assert same(first, second) and first.metrics() == second.metrics()


@pytest.mark.parametrize("seed", SEEDS[:24])
def test_steps_one_by_one_give_the_same_result(seed, monkeypatch) -> None:
    """Leaping over steps that change nothing but lengths is a saving, not an approximation."""
    system, workload, scheduler, fleet, options = random_case(seed)
    leaping = simulate(system, workload, scheduler, fleet, **options)
    monkeypatch.setattr(DecodeBatch, "steps_alike", lambda self: 1)
    stepping = simulate(system, workload, scheduler, fleet, **options)
    assert same(leaping, stepping, 1e-6)
    assert leaping.steps == stepping.steps and len(leaping.runs["steps"]) <= len(stepping.runs["steps"])


@pytest.mark.parametrize("seed", SEEDS[:12])
def test_a_summary_says_the_same_as_a_full_record(seed) -> None:
    system, workload, scheduler, fleet, options = random_case(seed)
    full = simulate(system, workload, scheduler, fleet, **options).metrics()
    short = simulate(system, workload, scheduler, fleet, record="summary", **options)
    assert not short.requests["number"].size and not short.runs["steps"].size and not short.spans
    for name, value in short.metrics().items():
        if isinstance(value, dict):
            for key, seconds in value.items():
                if seconds is None or full[name][key] is None:
                    assert seconds is full[name][key] is None
                    continue
                assert math.isclose(seconds, full[name][key], rel_tol=1e-9 if key == "mean" else 0.012, abs_tol=2e-6), (
                    name,
                    key,
                )
        else:
            assert value == full[name], name


def test_lost_blocks_and_lost_requests_are_faults_that_show(monkeypatch) -> None:
    simulation, _ = whole_run(small(), fixed(100, 5, 3, Poisson(1.0)))
    cache = simulation.members.replicas[0].kv
    cache.free -= 1
    with pytest.raises(RuntimeError, match="lost"):
        cache.check()
    monkeypatch.setattr(Simulation, "_plan", lambda *_: None)
    with pytest.raises(RuntimeError, match="3 requests are unfinished"):
        whole_run(small(), fixed(100, 5, 3, Poisson(1.0)))
