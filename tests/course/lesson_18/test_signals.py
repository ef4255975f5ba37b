"""What a router goes by: loads of the last look, beginnings, and what the explorer and the fleet show of it."""

from __future__ import annotations

import numpy as np
import pytest

from lessonlib.course.lesson_18 import beginnings, explorer, fleets, old_loads, own_lab, published
from lessonlib.roofline import lab_names, load_lab

each_lab = pytest.mark.parametrize("lab", [*map(load_lab, lab_names())], ids=lambda lab: lab.name)


@each_lab
def test_old_loads(lab):
    assert old_loads.old_loads_are_worse_than_none(lab)


@each_lab
def test_counts_find_nothing(lab):
    assert beginnings.counting_finds_nothing(lab)


@each_lab
def test_turns_are_hard_to_beat(lab):
    assert explorer.turns_are_hard_to_beat(lab)


def test_between_two_looks_all_go_to_one():
    lab = load_lab("qwen3.5-27b-2xh100-sxm")
    rows = old_loads.run_by_loads(lab, "least-requests", 5.0).requests
    looks = np.floor(rows["arrival_s"] / 5.0)
    assert len(set(looks.tolist())) > 4
    for look in set(looks.tolist()):
        # A request is routed once it is through the server's own work, so the last of a stretch may see the next look.
        _, counts = np.unique(rows["replica"][looks == look], return_counts=True)
        assert counts.max() >= 0.9 * counts.sum()


@each_lab
def test_no_slip_about_the_picker_lies_near_the_truth(lab):
    truth = float(beginnings.replicas_without_picker(lab))
    assert truth > 1.25 * float(beginnings.one_replica_more(lab))
    assert truth * float(beginnings.rate_in_turn(lab)) / 4 >= 0.99 * float(beginnings.picker_rate(lab))


def test_more_replicas_find_no_more_without_a_picker():
    """Eight replicas instead of four, as many users at each: each is asked for every prefix, so the share found stays."""
    lab = load_lab("llama-3.1-8b-a100-80gb")
    four, eight = beginnings.routed(lab, "round-robin"), beginnings.routed(lab, "round-robin", 8)
    assert eight.found == pytest.approx(four.found, abs=0.06)
    assert eight.requests_per_s == pytest.approx(2 * four.requests_per_s, rel=0.15)


def test_rates_are_shown_so_that_the_words_hold():
    """What comes in a stretch is the rate as it is shown times the stretch, and the explorer takes the requests of the curve."""
    lab = load_lab("qwen3.5-27b-2xh100-sxm")
    assert float(old_loads.between_two_looks(lab)) == pytest.approx(
        15 * float(str(old_loads.old_rate(lab).bare)), rel=0.006
    )
    mine = explorer._run(lab, "least-requests", 0.7, 1.0, 0.0, 0).requests["arrival_s"]
    assert mine == pytest.approx(old_loads.run_by_loads(lab, "least-requests").requests["arrival_s"][: len(mine)])


def test_without_states_turns_find_room_over_beginnings():
    """Attention alone: what has room, over what is in play; running requests take a little of it."""
    lab = load_lab("llama-3.1-8b-a100-80gb")
    assert float(beginnings.found_by_turns(lab)) == pytest.approx(100 * beginnings.ROOM / beginnings.BEGINNINGS, abs=8)


@each_lab
def test_the_room_that_is_told_is_the_room_that_is_found(lab):
    """A replica that is asked for every prefix finds as many as it has room for; so do both routers that know no prefixes."""
    room = 100 * beginnings.beginnings_kept(lab) / beginnings.BEGINNINGS
    for found in (beginnings.found_by_turns(lab), beginnings.found_by_load(lab)):
        assert float(found) == pytest.approx(room, abs=8)


@each_lab
def test_the_curve_and_the_fleet_that_is_played_are_one_run(lab):
    fresh, old, _ = fleets.by_looks(lab)
    assert str(old_loads.worst_of_looks(lab)[0]) in fresh.finding
    assert str(old_loads.worst_of_looks(lab)[old_loads.AGES_S.index(fleets.AGE_S)]) in old.finding
    assert float(fleets.arrivals_shown(lab)) == pytest.approx(float(old_loads.old_rate(lab)), rel=0.25)


def test_published_rates():
    """llm-d, 24 September 2025: random and load alike, prefix and load about twice that."""
    chance, load, prefix = map(float, published.measured_rates(load_lab("qwen3-32b-h200")))
    assert chance == load and prefix / chance == pytest.approx(1.97, abs=0.01)
    firsts = [float(first) for first in published.measured_firsts(load_lab("qwen3-32b-h200"))]
    assert firsts[0] / firsts[2] == pytest.approx(171, abs=1)


def test_the_fleet_under_one_clock():
    shown = fleets.by_looks(load_lab("qwen3.5-27b-2xh100-sxm"))
    assert [len(view.lanes) for view in shown] == [4, 4, 4] and shown[0].edges == shown[1].edges == shown[2].edges
    most = [max(max(lane.waiting) for lane in view.lanes) for view in shown]
    assert most[0] < most[2] < most[1]


@pytest.mark.parametrize("router", [choice["value"] for choice in explorer.router_choices(load_lab(lab_names()[0]))])
def test_the_explorer_tells_of_every_replica(router):
    lab = load_lab("qwen3.5-27b-2xh100-sxm")
    shown = explorer.explore_routing(lab, router=router, load=0.5, speed=0.75, age=1.0, beginnings=4)
    assert sum(int(bar.note.split()[0]) for bar in shown.bars) == pytest.approx(100, abs=2)
    assert max(bar.parts[0].value for bar in shown.bars) >= 0.9 * float(shown.value("worst"))
    assert float(shown.value("median")) <= float(shown.value("worst"))


def test_the_explorer_tells_the_slow_one():
    lab = load_lab("qwen3.5-27b-2xh100-sxm")
    by = {
        router: explorer.explore_routing(lab, router=router, load=0.68, speed=0.5, age=0.0, beginnings=0)
        for router in ("round-robin", "least-requests")
    }
    assert float(by["round-robin"].value("worst")) > 2 * float(by["least-requests"].value("worst"))
    assert float(by["round-robin"].value("last")) == pytest.approx(25, abs=1)
    assert float(by["least-requests"].value("last")) < 19


@each_lab
def test_names_and_order_of_the_own_lab(lab):
    assert "." not in own_lab.routed_app(lab)
    low, middle, high = (
        float(f(lab)) for f in (own_lab.routed_alone_low, own_lab.routed_alone, own_lab.routed_alone_high)
    )
    assert float(own_lab.routed_alone_ceiling(lab)) <= low < middle < high
