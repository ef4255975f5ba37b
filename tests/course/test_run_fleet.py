"""A run as a fleet, against sums that can be made by hand from its requests."""

from __future__ import annotations

import re

import numpy as np
import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.course.shared.run_fleet import fleet_view_of
from lessonlib.draw.fleet_view import FleetView
from lessonlib.roofline import System, load_gpu, load_model
from lessonlib.serving import (
    Autoscaler,
    Disaggregation,
    Failure,
    Fleet,
    Kind,
    LogNormal,
    OnOff,
    Poisson,
    Request,
    Result,
    Scheduler,
    Sharing,
    Stall,
    Telemetry,
    Trace,
    Workload,
    simulate,
)

SYSTEM = System(load_model("llama-3.1-8b"), load_gpu("h100-sxm"))
BUSY = Workload(300, LogNormal(1200, 0.8, 16, 4000), LogNormal(80, 0.8, 1, 300), Poisson(20.0), Sharing(system_tokens=320), seed=3)  # fmt: skip
FLEETS = {
    "three": Fleet(replicas=3),
    "one slow, one fails, one stalls": Fleet(replicas=4, slow={2: 2.0}, failures=(Failure(1, 4.0, 3.0),), stalls=(Stall(0, 8.0, 2.0),)),
    "scaled": Fleet(replicas=1, autoscaler=Autoscaler("in-flight", target=12, most=4, every_s=2, cold_start_s=3, cool_down_s=4)),
    "two pools": Fleet(disaggregation=Disaggregation(2, 2, link_bytes_per_second=3e9)),
}  # fmt: skip


def run(name: str) -> Result:
    return simulate(SYSTEM, BUSY, Scheduler(), FLEETS[name])


def shown(name: str, **how) -> tuple[Result, FleetView]:
    result = run(name)
    return result, fleet_view_of(result, **how)


@pytest.mark.parametrize("name", FLEETS)
def test_every_request_once(name: str) -> None:
    result, view = shown(name)
    rows = result.requests
    assert sum(view.arrivals) == 300 and len(view.routed) == len(result.fleet_log.routed)
    came = {lane.number: sum(lane.came) for lane in view.lanes}
    assert sum(came.values()) == len(view.routed) + len(result.fleet_log.crossings)
    for lane in view.lanes:
        mine = rows["first_replica"] == lane.number
        assert sum(lane.prompt) == rows["prompt"][mine].sum() and sum(lane.cached) == rows["cached"][mine].sum()
    assert sum(sum(lane.cached) for lane in view.lanes) == rows["cached"].sum() > 0


@pytest.mark.parametrize("name", FLEETS)
def test_sums_over_time_are_those_of_the_run(name: str) -> None:
    """Mean of the windows times their length is what the runs of steps add up to, however the windows are cut."""
    result = run(name)
    for window_s in (None, 0.37, 5.0):
        view = fleet_view_of(result, window_s=window_s)
        lasts = np.diff(view.edges)
        for lane in view.lanes:
            runs = {key: column[result.runs["replica"] == lane.number] for key, column in result.runs.items()}
            seconds = runs["end_s"] - runs["start_s"]
            assert (np.array(lane.running) * lasts).sum() == pytest.approx(
                (seconds * (runs["decoding"] + runs["prefills"])).sum()
            )
            assert (np.array(lane.waiting) * lasts).sum() == pytest.approx((seconds * runs["waiting"]).sum())
            assert sum(spell.until_s - spell.from_s for spell in lane.spells) == pytest.approx(result.simulated_s)
            if lane.pool != "prefill":
                blocks = result.settings["kv_blocks_of"][lane.number]
                assert (np.array(lane.cache) * lasts).sum() * blocks == pytest.approx((seconds * runs["kv_used"]).sum())


def test_a_short_window_is_what_the_gauges_say() -> None:
    result, view = shown("three", from_s=4.0, until_s=7.0, window_s=0.02)
    begin = result.requests["arrival_s"].min()
    for lane in view.lanes:
        told = Telemetry(result, lane.number)
        middles = [
            told.gauges(begin + (one + other) / 2) for one, other in zip(view.edges, view.edges[1:], strict=False)
        ]
        gauges = np.array([[each["vllm:num_requests_running"], each["vllm:kv_cache_usage_perc"]] for each in middles])
        assert np.abs(gauges[:, 0] - lane.running).mean() < 0.5
        assert np.abs(gauges[:, 1] - lane.cache).mean() < 0.01


def test_the_p99_is_of_those_who_come_in_a_window() -> None:
    result, view = shown("three", window_s=2.0)
    came = result.requests["arrival_s"] - result.requests["arrival_s"].min()
    inside = (came >= 4.0) & (came < 6.0)
    assert view.arrivals[2] == inside.sum() and view.ttft_p99_s[2] == result.requests["ttft_s"][inside].max()
    short = fleet_view_of(result, window_s=0.1)
    assert short.ttft_p99_s[-1] is None and short.arrivals[-1] == 0


def test_states_of_who_fails_and_stands_still() -> None:
    result, view = shown("one slow, one fails, one stalls")
    begin = float(result.requests["arrival_s"].min())
    states = {
        lane.number: [(round(spell.from_s + begin, 6), spell.state) for spell in lane.spells[1:]] for lane in view.lanes
    }
    assert states[1] == [(4.0, "failed"), (7.0, "ready")] and states[0] == [(8.0, "stalled"), (10.0, "ready")]
    assert states[2] == [] and [lane.slow for lane in view.lanes] == [1.0, 1.0, 2.0, 1.0]
    assert [count for _, count in view.ready] == [4, 3, 4] and not view.desired
    failed = next(lane for lane in view.lanes if lane.number == 1)
    inside = [n for n, since in enumerate(view.edges[:-1]) if 4.2 < since + begin < 6.8]
    assert sum(failed.came[n] for n in inside) == 0 and max(failed.running[n] for n in inside) == 0


def test_the_scaler_asks_before_it_gets() -> None:
    result, view = shown("scaled")
    assert view.desired[0] == (0.0, 1) and view.ready[0] == (0.0, 1)
    first, later = view.desired[1][0], view.ready[1][0]
    assert later == pytest.approx(first + 3.0)
    assert max(count for _, count in view.ready) == max(count for _, count in result.replicas)
    assert {lane.spells[0].state for lane in view.lanes} == {"ready", "off"}
    assert any(spell.state == "starting" for lane in view.lanes for spell in lane.spells)


def test_what_is_held_while_nobody_is_ready() -> None:
    scaler = Autoscaler("in-flight", target=8, least=0, most=2, every_s=1, cold_start_s=4)
    result = simulate(
        SYSTEM, Workload(30, 500, 40, Poisson(5.0), seed=1), Scheduler(), Fleet(replicas=0, autoscaler=scaler)
    )
    view = fleet_view_of(result, window_s=1.0)
    assert view.held[3] > view.held[0] > 0
    since = result.requests["arrival_s"] - result.requests["arrival_s"].min() + result.settings["scheduler"].server_s
    waited = np.clip(min(when for when, _ in view.routed) - since, 0.0, None).sum()
    assert (np.array(view.held) * np.diff(view.edges)).sum() == pytest.approx(waited, rel=0.05)


def test_two_pools_and_the_link_between() -> None:
    result, view = shown("two pools")
    link = view.link
    assert [lane.pool for lane in view.lanes] == ["prefill", "prefill", "decode", "decode"] and link is not None
    lasts = np.diff(view.edges)
    sent = sum(each.bytes for each in result.fleet_log.crossings)
    assert (np.array(link.traffic) * lasts).sum() == pytest.approx(sent) and link.capacity == 6e9
    assert max(link.traffic) <= link.capacity * (1 + 1e-9)
    on_way = sum(each.there_s for each in result.fleet_log.crossings) - sum(
        dict(zip(result.requests["number"].tolist(), result.requests["first_token_s"].tolist(), strict=True))[
            each.request
        ]
        for each in result.fleet_log.crossings
    )
    assert (np.array(link.under_way) * lasts).sum() == pytest.approx(on_way)
    assert all(each.source < 2 <= each.target and each.begun_s < each.there_s for each in link.crossings)
    assert sum(sum(lane.came) for lane in view.lanes[2:]) == len(result.fleet_log.crossings)
    assert [lane.found_in_all for lane in view.lanes[2:]] == [None, None], "what comes over the link is not looked up"


def test_a_prompt_that_waits_for_the_link_keeps_its_blocks() -> None:
    """One prompt of 1,600 tokens takes far longer on the link than on the GPU: 100 blocks are in use meanwhile."""
    fleet = Fleet(disaggregation=Disaggregation(1, 1, link_bytes_per_second=1e8))
    result = simulate(SYSTEM, Trace([Request(0.0, 1600, 4)]), Scheduler(server_s=0.0, busy_server_s=0.0), fleet)
    view = fleet_view_of(result, window_s=0.05)
    blocks = [share * result.settings["kv_blocks_of"][0] for share in view.lanes[0].cache]
    crossing = result.fleet_log.crossings[0]
    inside = [
        n for n, since in enumerate(view.edges[:-1]) if since > crossing.begun_s and since + 0.05 < crossing.there_s
    ]
    assert len(inside) > 5 and [blocks[n] for n in inside] == pytest.approx([100.0] * len(inside))
    assert max(view.lanes[0].running[n] for n in inside) == 0


def test_a_stretch_keeps_the_clock_of_the_whole_run() -> None:
    result, whole = shown("three", window_s=0.5)
    some = fleet_view_of(result, from_s=3.0, until_s=6.0, window_s=0.5)
    assert some.edges[0] == 3.0 and some.edges[-1] == 6.0 and len(some.edges) == 7
    assert some.arrivals == whole.arrivals[6:12] and some.lanes[1].running == pytest.approx(
        whole.lanes[1].running[6:12]
    )
    assert some.routed == [one for one in whole.routed if 3.0 <= one[0] < 6.0] and some.waits == whole.waits


def test_windows_are_round_and_few() -> None:
    result, view = shown("three")
    sizes = np.diff(view.edges)
    assert sizes[0] in (0.05, 0.1, 0.2) and len(sizes) <= 240 and 0 < sizes[-1] <= sizes[0] + 1e-9
    many = simulate(SYSTEM, BUSY, Scheduler(), Fleet(replicas=16))
    assert len(fleet_view_of(many).edges) - 1 <= 120
    with pytest.raises(LessonlibError) as raised:
        fleet_view_of(result, window_s=0.01)
    least = float(re.search(r"give window_s = ([\d.]+) or more", str(raised.value))[1])
    assert 100 < len(fleet_view_of(result, window_s=least).edges) <= 241


def test_replicas_that_are_never_there_get_no_lane() -> None:
    calm = Fleet(replicas=1, autoscaler=Autoscaler("in-flight", target=500, most=12))
    view = fleet_view_of(simulate(SYSTEM, BUSY, Scheduler(), calm))
    assert [lane.number for lane in view.lanes] == [0, 1] and view.lanes[1].spells[0].state == "off"


def test_kinds_are_named() -> None:
    other = System(load_model("llama-3.1-8b"), load_gpu("l40s"))
    view = fleet_view_of(simulate(SYSTEM, BUSY, Scheduler(), Fleet(replicas=1, kinds=(Kind(other, 1),))))
    assert view.lanes[0].kind == SYSTEM.gpu.called and view.lanes[1].kind == other.gpu.called
    assert other.gpu.called in view.view()["rows"][1][0]


def test_its_own_finding_and_note() -> None:
    _, view = shown("scaled", label="Scaled")
    assert re.fullmatch(
        r"Scaled: 300 requests in [\d.]+ s on 1 to \d ready replicas, \d+ % of the prompt tokens are found in a cache\. At most [\d.]+ wait on one "
        r"\(replica \d\); 99 % of all requests have their first token after \S+ m?s or less\.",
        view.finding,
    ), view.finding  # fmt: skip
    assert "expects" in view.note and view.router == "least-requests"
    assert fleet_view_of(run("three"), finding="Three of 3.").finding == "Three of 3."


def test_a_run_that_a_limit_stopped() -> None:
    result = simulate(
        SYSTEM, Workload(200, 2000, 400, OnOff(60, 2, 2, 1), seed=1), Scheduler(), Fleet(replicas=2), limit_s=3.0
    )
    view = fleet_view_of(result)
    assert view.edges[-1] == pytest.approx(3.0 - result.requests["arrival_s"].min()) and result.unfinished > 0
    assert sum(lane.running[-1] for lane in view.lanes) >= 0


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: fleet_view_of(simulate(SYSTEM, BUSY)), "one replica is no fleet: draw it as a timeline"),
        (lambda: fleet_view_of(simulate(SYSTEM, BUSY, fleet=Fleet(replicas=2), record="summary")), "needs every request"),
        (lambda: fleet_view_of(simulate(SYSTEM, Trace([Request(5.0, 10, 2)]), fleet=Fleet(replicas=2), limit_s=1.0)), "no request came"),
        (lambda: fleet_view_of(run("three"), from_s=999.0), "nothing runs from 999 s on: the run is over after"),
        (lambda: fleet_view_of(run("three"), from_s=-1.0), "from_s"),
        (lambda: fleet_view_of(run("three"), window_s=0.0), "window_s"),
        (lambda: fleet_view_of(simulate(SYSTEM, BUSY, fleet=Fleet(replicas=17))), "17 replicas; at most 16 can be drawn"),
        (lambda: fleet_view_of(run("three"), finding="Busy."), "must state what is seen with a number"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_fleet_is_said_in_one_line(make, told: str) -> None:
    with pytest.raises(LessonlibError, match=re.escape(told)) as raised:
        make()
    assert "\n" not in str(raised.value)
