"""Fleets: routers, slow and failing replicas, scalers, separate pools."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.roofline import System, kv_bytes, load_gpu, load_model
from lessonlib.serving import (
    Autoscaler,
    Constant,
    Disaggregation,
    Failure,
    Fixed,
    Fleet,
    Kind,
    LogNormal,
    OnOff,
    Poisson,
    Ramp,
    Request,
    Scheduler,
    Sharing,
    StepCost,
    Trace,
    Workload,
    fixed,
    router_names,
    simulate,
)  # fmt: skip
from lessonlib.serving.fleet.routers import PrefixAware
from tests.serving.systems import same, small, whole_run


def shares(result, count):
    return np.bincount(result.requests["replica"], minlength=count) / len(result.requests["replica"])


@pytest.mark.parametrize("router", router_names())
def test_every_router_uses_every_replica(router) -> None:
    _, result = whole_run(small(), fixed(500, 50, 400, Poisson(60.0)), fleet=Fleet(4, router))
    assert np.all(shares(result, 4) > 0.1)


def test_round_robin_is_even() -> None:
    assert np.all(
        shares(simulate(small(), fixed(500, 50, 400, Poisson(60.0)), fleet=Fleet(4, "round-robin")), 4) == 0.25
    )


def test_looking_at_the_load_beats_chance() -> None:
    """Two choices do nearly as well as looking at all (Mitzenmacher), on requests of very different lengths."""
    workload = Workload(1200, LogNormal(1500, 1.5, most=20_000), LogNormal(150, 1.0), Poisson(90.0), seed=1)
    routers = ("random", "two-choices", "least-requests")
    wait = {
        name: simulate(small(), workload, Scheduler(max_num_seqs=32), Fleet(8, name)).percentile("ttft_s", 90)
        for name in routers
    }
    assert wait["random"] > 1.3 * wait["two-choices"] and wait["two-choices"] < 1.8 * wait["least-requests"]


def test_a_prefix_aware_router_finds_more_and_keeps_its_bound() -> None:
    sharing = Sharing(0, 1, 2048, 60, zipf=0.8)
    workload = Workload(600, Fixed(2300), Fixed(60), Poisson(40.0), sharing, seed=2)
    scheduler = Scheduler(kv_blocks=3500)
    aware, blind = (simulate(small(), workload, scheduler, Fleet(4, name)) for name in ("prefix-aware", "round-robin"))
    assert aware.prefix_hit_rate > 1.3 * blind.prefix_hit_rate
    assert aware.mean("ttft_s") < blind.mean("ttft_s")
    # All ask for one document: without a bound one replica would have to answer everybody.
    same = Workload(400, Fixed(2300), Fixed(60), Poisson(60.0), Sharing(0, 1, 2048, 1), seed=2)
    assert shares(simulate(small(), same, fleet=Fleet(4, "prefix-aware", load_bound=1.1)), 4).max() < 0.6


def test_a_slow_replica_gets_less_from_a_router_that_looks() -> None:
    workload = fixed(1000, 100, 600, Poisson(50.0))
    blind, looking = (
        simulate(small(), workload, fleet=Fleet(3, name, slow={1: 3.0})) for name in ("round-robin", "least-requests")
    )
    assert shares(looking, 3)[1] < 0.25
    assert looking.percentile("ttft_s", 99) < blind.percentile("ttft_s", 99)


def test_requests_of_a_failed_replica_finish_elsewhere() -> None:
    failure = Failure(0, at_s=3.0, for_s=5.0)
    _, result = whole_run(small(), fixed(500, 300, 200, Poisson(20.0)), fleet=Fleet(2, failures=(failure,)))
    runs = result.runs
    mine = runs["replica"] == 0
    gone = (runs["start_s"][mine] > 3.1) & (runs["end_s"][mine] < 8.0)
    assert not gone.any() and (runs["start_s"][mine] >= 8.0).any()
    assert result.finished == 200 and result.tokens_made == 200 * 300
    # What was lost is computed again, answers so far included.
    assert runs["prefill_tokens"].sum() > 200 * 500
    assert [count for _, count in result.replicas] == [2, 1, 2]


def test_requests_wait_at_the_door_while_nobody_is_there() -> None:
    _, result = whole_run(
        small(), fixed(500, 20, 40, Constant(10.0)), fleet=Fleet(1, failures=(Failure(0, 1.0, 10.0),))
    )
    rows = result.requests
    late = (rows["arrival_s"] > 1.2) & (rows["arrival_s"] < 4.0)
    assert np.all(rows["started_s"][late] >= 11.0)


def test_a_scaler_follows_the_load_up_and_down() -> None:
    scaler = Autoscaler("in-flight", target=8.0, least=1, most=6, every_s=5.0, cold_start_s=10.0, cool_down_s=20.0)
    workload = fixed(1000, 200, 1500, OnOff(30.0, on_s=20.0, off_s=120.0))
    _, result = whole_run(small(), workload, fleet=Fleet(1, autoscaler=scaler))
    counts = [count for _, count in result.replicas]
    assert max(counts) >= 4 and min(counts[counts.index(max(counts)) :]) == 1
    first_more = next(when for when, count in result.replicas if count > 1)
    assert first_more >= 15.0, "a look, then a cold start"
    alone = simulate(small(), workload, fleet=Fleet(1))
    assert result.percentile("e2e_s", 90) < alone.percentile("e2e_s", 90)
    assert alone.simulated_s < result.gpu_seconds < 6 * result.simulated_s


def test_a_scaler_that_changes_its_mind_calls_off_the_start_of_those_not_ready() -> None:
    """Load that falls while replicas start: Kubernetes deletes the unready ones first, so ready ones never get fewer than `least`."""
    scaler = Autoscaler("in-flight", target=4.0, least=3, most=20, every_s=15.0, cold_start_s=360.0, cool_down_s=60.0)
    workload = fixed(1000, 200, 3000, OnOff(80.0, on_s=40.0, off_s=400.0))
    _, result = whole_run(small(), workload, fleet=Fleet(3, autoscaler=scaler))
    assert min(count for _, count in result.replicas) == 3
    # Some were started, and called off before they were warm: they cost time and never took a request.
    assert result.gpu_seconds > 3.3 * result.simulated_s
    assert set(result.requests["replica"]) == {0, 1, 2}


def test_a_router_that_looks_now_and_then_sends_all_to_who_was_free() -> None:
    """Loads of five seconds ago: whatever comes in between goes to one replica, each time another one."""
    requests = Trace(tuple(Request(0.1 + n / 4.0, 500, 2000) for n in range(60)))
    result = simulate(small(), requests, fleet=Fleet(3, "least-requests", scrape_s=5.0))
    groups = [set(result.requests["replica"][n : n + 20]) for n in (0, 20, 40)]
    assert groups == [{0}, {1}, {2}]
    fresh = simulate(small(), requests, fleet=Fleet(3, "least-requests"))
    assert np.all(shares(fresh, 3) == pytest.approx(1 / 3, abs=0.02))


@pytest.mark.parametrize("connections", [1, 3, 4000])
def test_a_service_balances_connections_not_requests(connections) -> None:
    """Every connection stays with one replica: shares of requests are those of connections, and one connection is one replica."""
    result = simulate(small(), fixed(200, 10, 2000, Poisson(50.0)), fleet=Fleet(4, "service", connections=connections))
    found = shares(result, 4)
    assert (found > 0).sum() <= connections
    if connections == 3:
        assert np.allclose(np.round(found * 3), found * 3, atol=0.12)
    if connections == 4000:
        assert np.all(abs(found - 0.25) < 0.04)


def test_a_connection_is_opened_anew_when_its_replica_is_gone() -> None:
    fleet = Fleet(2, "service", connections=1, failures=(Failure(0, 3.0, 4.0), Failure(1, 10.0, 4.0)))
    _, result = whole_run(small(), fixed(200, 10, 200, Constant(10.0)), fleet=fleet, seed=1)
    assert len(set(result.requests["replica"])) == 2


def turns(router, **more):
    sharing = Sharing(turns=4, turn_tokens=Fixed(64), think_s=2.0)
    workload = Workload(400, Fixed(1600), Fixed(64), Poisson(3.0), sharing, seed=5)
    return simulate(small(), workload, fleet=Fleet(4, router, **more)).requests


@pytest.mark.parametrize("router", ["session", "sticky-until-saturated"])
def test_turns_of_a_session_go_to_one_replica(router) -> None:
    rows = turns(router, load_bound=1000.0)
    assert np.all(rows["replica"].reshape(-1, 4) == rows["replica"][::4, None])
    assert np.all(rows["cached"].reshape(-1, 4)[:, 1:] > 1500)
    scattered = turns("round-robin")["cached"].reshape(-1, 4)[:, 1:]
    assert (scattered < 1500).mean() > 0.4


def test_a_session_moves_when_its_replica_is_saturated() -> None:
    """One slow replica fills up; without a bound its sessions suffer to the end."""
    sharing = Sharing(turns=6, turn_tokens=Fixed(64), think_s=0.5)
    workload = Workload(600, Fixed(1600), Fixed(64), Poisson(6.0), sharing, seed=5)
    stay, move = (
        simulate(small(), workload, Scheduler(max_num_seqs=16), Fleet(3, router, slow={0: 8.0})).requests
        for router in ("session", "sticky-until-saturated")
    )
    assert (move["replica"].reshape(-1, 6) != move["replica"][::6, None]).any()
    assert np.percentile(move["e2e_s"], 95) < np.percentile(stay["e2e_s"], 95)


def test_a_router_that_fails_open_sends_requests_anywhere() -> None:
    workload = Workload(2000, Fixed(1200), Fixed(10), Constant(20.0), Sharing(0, 1, 1024, 8), seed=2)
    result = simulate(small(), workload, fleet=Fleet(4, "prefix-aware", load_bound=50.0, router_fails_at_s=50.0))
    rows, late = result.requests, result.requests["arrival_s"] > 60.0
    early = (rows["arrival_s"] > 5.0) & (rows["arrival_s"] < 50.0)
    assert (rows["cached"][early] > 1000).all()
    places = np.bincount(rows["replica"][late], minlength=4) / late.sum()
    assert np.all(abs(places - 0.25) < 0.06)


def sizes(result):
    """{time: replicas from then on}: several may change at one time."""
    return dict(result.replicas)


@pytest.mark.parametrize(("signal", "target"), [("rate", 5.0), ("tokens", 5000.0)])
def test_a_scaler_on_arrivals_asks_for_as_many_as_they_need(signal, target) -> None:
    """17.5 requests of 1,000 tokens a second at 5 a replica: ceil(3.5) = 4 from the first look on, however long the queues are."""
    scaler = Autoscaler(signal, target, least=1, most=9, every_s=10.0, cold_start_s=20.0, cool_down_s=1e6)
    _, result = whole_run(small(), fixed(1000, 20, 1400, Constant(17.5)), fleet=Fleet(1, autoscaler=scaler))
    assert sizes(result) == {0.0: 1, 30.0: 4}


def test_an_old_signal_and_a_policy_make_a_scaler_slower() -> None:
    workload = fixed(1000, 20, 2000, Constant(18.0))

    def ups(**settings):
        scaler = Autoscaler("rate", 5.0, least=1, most=9, every_s=10.0, cold_start_s=0.0, cool_down_s=1e6, **settings)
        return sizes(simulate(small(), workload, fleet=Fleet(1, autoscaler=scaler)))

    assert ups() == {0.0: 1, 10.0: 4}
    assert ups(most_up=1) == {0.0: 1, 10.0: 2, 20.0: 3, 30.0: 4}
    # An idle signal of the time before the load is all that is known for 25 s.
    late = Trace((*fixed(1000, 20, 1, Constant(1.0)), *(Request(30.0 + n / 20.0, 1000, 20) for n in range(1500))))
    scaler = Autoscaler("rate", 5.0, least=1, most=9, every_s=10.0, cold_start_s=0.0, cool_down_s=1e6, scrape_s=25.0)
    found = sizes(simulate(small(), late, fleet=Fleet(1, autoscaler=scaler)))
    assert min(when for when, count in found.items() if count > 1) == 70.0


def test_a_policy_takes_away_a_few_at_a_time() -> None:
    scaler = Autoscaler("rate", 5.0, least=1, most=4, every_s=10.0, cold_start_s=0.0, cool_down_s=0.0, most_down=1)
    requests = Trace(tuple(Request(n / 20.0 if n < 400 else 20.0 + (n - 400), 500, 10) for n in range(460)))
    _, result = whole_run(small(), requests, fleet=Fleet(4, autoscaler=scaler))
    assert [count for _, count in result.replicas] == [4, 3, 2, 1]


def test_a_window_keeps_the_highest_number_that_was_wanted_in_it() -> None:
    """Four are wanted until 20 s and one from 30 s on; with a window of 40 s the fleet goes down at 70 s, the first look without a four."""
    requests = Trace(tuple(Request(n / 20.0 if n < 400 else 20.0 + (n - 400), 500, 10) for n in range(480)))
    scaler = Autoscaler("rate", 5.0, least=1, most=4, every_s=10.0, cold_start_s=0.0, cool_down_s=40.0)
    _, result = whole_run(small(), requests, fleet=Fleet(4, autoscaler=scaler))
    assert sizes(result) == {0.0: 4, 70.0: 1}


def test_a_signal_that_is_lost_reads_zero() -> None:
    """As KEDA takes a query without a result: the fleet goes to its least once the window is over, whatever comes."""
    scaler = Autoscaler("rate", 5.0, 2, 9, 10.0, 0.0, cool_down_s=40.0, signal_lost_at_s=50.0)
    _, result = whole_run(small(), fixed(500, 10, 2400, Constant(20.0)), fleet=Fleet(4, autoscaler=scaler))
    assert sizes(result) == {0.0: 4, 90.0: 2}


def test_a_start_is_the_sum_of_its_phases() -> None:
    phases = {"node": 90.0, "image": 60.0, "weights": 10.0, "compile": 55.0}
    requests = fixed(1000, 100, 600, Constant(20.0))
    one, two = (
        simulate(
            small(), requests, fleet=Fleet(1, autoscaler=Autoscaler("rate", 5.0, least=1, most=4, cold_start_s=start))
        )
        for start in (phases, 215.0)
    )
    assert Autoscaler(cold_start_s=phases).start_s == 215.0 and same(one, two)


def scanning(load_bound):
    """The prefix-aware rule written down at length: every replica is asked."""

    def choose(self, job, replicas):
        most = load_bound * (1.0 + sum(replica.in_flight for replica in replicas) / len(replicas))
        able = [replica for replica in replicas if replica.in_flight < most] or replicas
        return min(able, key=lambda replica: (-replica.kv.matched_tokens(job), replica.in_flight))

    return choose


@pytest.mark.parametrize("seed", range(4))
def test_an_index_of_prefixes_chooses_as_a_scan_of_all_replicas(seed, monkeypatch) -> None:
    sharing = Sharing(300, 3, 900, 40, zipf=0.7, turns=2 if seed % 2 else 1, think_s=1.0)
    workload = Workload(500, LogNormal(2000, 0.5, least=1300), Fixed(40), Poisson(60.0), sharing, seed=seed)
    fleet = Fleet(7, "prefix-aware", failures=(Failure(2, 2.0, 1.0),))
    scheduler = Scheduler(kv_blocks=1500)
    simulation, indexed = whole_run(small(), workload, scheduler, fleet)
    monkeypatch.setattr(PrefixAware, "choose", scanning(fleet.load_bound))
    assert same(indexed, whole_run(small(), workload, scheduler, fleet)[1])
    held = {(key, replica.number) for replica in simulation.members.replicas for key in replica.kv.runs}
    assert held == {(key, number) for key, numbers in simulation.members.index.holders.items() for number in numbers}


def test_an_idle_fleet_goes_to_zero_and_wakes_for_the_next() -> None:
    scaler = Autoscaler("in-flight", target=8.0, least=0, most=2, every_s=5.0, cold_start_s=30.0, cool_down_s=20.0)
    requests = Trace((Request(0.0, 500, 20), Request(200.0, 500, 20)))
    _, result = whole_run(small(), requests, fleet=Fleet(1, autoscaler=scaler))
    assert 0 in [count for _, count in result.replicas]
    assert result.requests["ttft_s"][0] < 1.0 < 30.0 <= result.requests["ttft_s"][1] < 31.0
    assert result.gpu_seconds < 0.5 * result.simulated_s


def test_the_kv_cache_crosses_the_link() -> None:
    pools = Disaggregation(1, 1, link_bytes_per_second=1e9, latency_s=0.01)
    _, result = whole_run(small(), Trace((Request(0.0, 4000, 3),)), fleet=Fleet(disaggregation=pools))
    times = result.token_times(0)
    cost = StepCost(small())
    assert times[0] == pytest.approx(cost.mixed([(4000, 0)]), rel=1e-9)
    crossing = kv_bytes(small(), 4000) / 1e9 + 0.01
    assert times[1] - times[0] == pytest.approx(crossing + cost.mixed([(1, 4000)]), rel=1e-6)
    assert times[2] - times[1] == pytest.approx(cost.mixed([(1, 4001)]), rel=1e-6)


def test_one_link_carries_one_cache_after_the_other() -> None:
    pools = Disaggregation(1, 1, link_bytes_per_second=1e9, latency_s=0.0)
    _, result = whole_run(
        small(), Trace(tuple(Request(0.0, 4000, 3) for _ in range(3))), fleet=Fleet(disaggregation=pools)
    )
    seconds = [result.token_times(number)[1] for number in range(3)]
    assert np.diff(seconds) == pytest.approx([kv_bytes(small(), 4000) / 1e9] * 2, rel=0.05)


def test_decode_replicas_never_stall_for_prompts() -> None:
    workload = fixed(6000, 100, 200, Poisson(6.0))
    together, apart = (
        simulate(small(), workload, fleet=fleet) for fleet in (Fleet(2), Fleet(disaggregation=Disaggregation(1, 1)))
    )
    assert apart.percentile("itl_s", 99) < 0.25 * together.percentile("itl_s", 99)
    prompts = apart.runs["replica"] == 0
    assert apart.runs["prefill_tokens"][~prompts].sum() == 0 and apart.runs["decoding"][prompts].sum() == 0


def test_a_fleet_of_two_kinds_is_each_kind_for_its_share() -> None:
    """Round robin over one H100 and one A100: each answers its half as if it were alone with that half."""
    slow = System(small().model, load_gpu("a100-80gb-sxm"))
    requests = list(fixed(1000, 100, 200, Poisson(6.0)))
    mixed = simulate(small(), Trace(tuple(requests)), fleet=Fleet(1, "round-robin", kinds=(Kind(slow),)))
    for number, system in enumerate((small(), slow)):
        mine = mixed.requests["replica"] == number
        assert list(np.flatnonzero(mine)) == list(range(number, 200, 2))
        alone = simulate(system, Trace(tuple(requests[number::2])))
        np.testing.assert_allclose(mixed.requests["ttft_s"][mine], alone.requests["ttft_s"], rtol=1e-6)
    # Each kind has the defaults of its own GPU, and its own cache.
    assert mixed.settings["kv_blocks_of"] == (mixed.settings["kv_blocks"],) * 2
    assert mixed.gpu_seconds == pytest.approx(2 * mixed.simulated_s)


def test_a_kind_of_two_gpus_counts_twice() -> None:
    pair = System(small().model, small().gpu, tp=2)
    result = simulate(
        small(), fixed(500, 50, 60, Poisson(5.0)), fleet=Fleet(1, kinds=(Kind(pair, 2, Scheduler(max_num_seqs=8)),))
    )
    assert result.gpu_seconds == pytest.approx(5 * result.simulated_s)
    assert sum(result.gpu_split().values()) == pytest.approx(1.0)


def test_a_broken_link_in_one_replica_shows_in_its_first_tokens() -> None:
    """Two H100 whose bridge is down read a prompt more slowly and write nearly as before (facts of a measured pair: -35 % and -4 %)."""
    whole = System(load_model("qwen3.5-27b"), load_gpu("h100-sxm"), tp=2)
    broken = System(whole.model, replace(whole.gpu, link_bytes_per_second=64e9), tp=2)
    requests = fixed(4000, 40, 60, Constant(0.5))
    result = simulate(whole, requests, Scheduler(prefix_caching=False), Fleet(1, "round-robin", kinds=(Kind(broken),)))
    ttft, tpot = (
        [result.requests[name][result.requests["replica"] == number].mean() for number in (0, 1)]
        for name in ("ttft_s", "tpot_s")
    )
    assert ttft[1] > 1.25 * ttft[0] and tpot[1] < 1.1 * tpot[0]


def test_two_pools_may_have_systems_and_settings_of_their_own() -> None:
    """Prompts on one kind of GPU, answers on another: each token takes what its own system takes."""
    writer = System(small().model, load_gpu("h200-sxm"))
    pools = Disaggregation(
        1,
        1,
        link_bytes_per_second=1e9,
        latency_s=0.01,
        decode_system=writer,
        prefill_scheduler=Scheduler(max_num_batched_tokens=2048),
    )
    _, result = whole_run(small(), Trace((Request(0.0, 4000, 3),)), fleet=Fleet(disaggregation=pools))
    times, cost = result.token_times(0), StepCost(small())
    assert times[0] == pytest.approx(cost.mixed([(2048, 0)]) + cost.mixed([(1952, 2048)]), rel=1e-9)
    crossing = kv_bytes(small(), 4000) / 1e9 + 0.01
    assert times[1] - times[0] == pytest.approx(crossing + StepCost(writer).mixed([(1, 4000)]), rel=1e-6)


def test_more_replicas_wait_less() -> None:
    workload = Workload(600, Fixed(1500), Fixed(100), Ramp(5.0, 60.0, 20.0))
    times = [simulate(small(), workload, fleet=Fleet(count)).mean("ttft_s") for count in (1, 2, 4, 8)]
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Fleet(0), ["replicas"]),
        (lambda: Fleet(2, "sticky"), ["sticky", "round-robin", "prefix-aware"]),
        (lambda: Fleet(2, scrape_s=-1.0), ["scrape_s"]),
        (lambda: Fleet(2, "service", connections=0), ["connections"]),
        (lambda: Fleet(2, router_fails_at_s=-5.0), ["router_fails_at_s"]),
        (lambda: Fleet(2, slow={5: 2.0}), ["slow", "no replica 5", "0 to 1"]),
        (lambda: Fleet(2, slow={0: 0.0}), ["slow"]),
        (lambda: Fleet(2, failures=(Failure(3, 1.0),)), ["failure", "no replica 3"]),
        (lambda: Failure(0, -1.0), ["at_s"]),
        (lambda: Fleet(9, autoscaler=Autoscaler(most=4)), ["replicas", "1 to 4"]),
        (lambda: Fleet(1, autoscaler=Autoscaler(), disaggregation=Disaggregation()), ["autoscaler", "disaggregation"]),
        (lambda: Autoscaler("cpu"), ["signal", "in-flight"]),
        (lambda: Autoscaler(target=0), ["target"]),
        (lambda: Autoscaler(cold_start_s={"image": -1.0}), ["cold_start_s", "image"]),
        (lambda: Autoscaler(cold_start_s=-1.0), ["cold_start_s"]),
        (lambda: Autoscaler(most_up=-1), ["most_up"]),
        (lambda: Autoscaler(signal_lost_at_s=-1.0), ["signal_lost_at_s"]),
        (lambda: Autoscaler(least=5, most=2), ["most"]),
        (lambda: Disaggregation(0, 1), ["prefill"]),
        (lambda: Disaggregation(1, 1, 0.0), ["link_bytes_per_second"]),
        (lambda: Fleet(2, load_bound=0.5), ["load_bound"]),
        (lambda: Fleet(1, kinds=("a100",)), ["kinds", "Kind(system"]),
        (lambda: Fleet(1, kinds=(Kind(small()),), autoscaler=Autoscaler()), ["kinds", "autoscaler"]),
        (lambda: Kind("a100"), ["system"]),
        (lambda: Disaggregation(decode_system="a100"), ["decode_system"]),
    ],
)
def test_wrong_fleets_are_refused_in_one_line(make, words) -> None:
    with pytest.raises(LessonlibError) as raised:
        make()
    assert "\n" not in str(raised.value)
    for word in words:
        assert word in str(raised.value)
