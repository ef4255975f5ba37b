"""The jump of lesson 19: the run with its autoscaler, the fleet that is drawn of it, the flow of the explorer, and the incident."""

from __future__ import annotations

import numpy as np
import pytest
import yaml

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_19 import explorer, incident, jump, longest_wait, service
from lessonlib.draw.monitor import written
from lessonlib.lesson.lesson import Lesson
from lessonlib.roofline import lab_names, load_lab
from lessonlib.serving import Autoscaler, Constant, Fleet, Poisson, simulate
from lessonlib.show.blocks import BLOCKS


def printed(value: Quantity) -> float:
    """The number as a page shows it."""
    return float(str(value).split()[0].replace(",", ""))


every_lab = pytest.mark.parametrize("name", lab_names())


@every_lab
def test_the_words_tell_the_run(name):
    lab = load_lab(name)
    assert jump.fails_again(lab) and jump.scaling_costs_more(lab) and jump.in_flight_falls(lab)
    assert jump.backlog_as_computed(lab)
    # The slip is well below the truth everywhere.
    assert float(jump.hours_over_fixed(lab)) > 1.5 * float(jump.hours_if_it_fits(lab))


@every_lab
def test_a_row_of_the_table_keeps_its_unit(name):
    shown = jump.window_seconds(load_lab(name))
    assert all(each.endswith(" s") and "ms" not in each for each in shown)
    assert [float(each[:-2]) for each in shown] == pytest.approx(
        [float(each) for each in jump.window_waits(load_lab(name))], rel=0.05
    )


@every_lab
def test_who_waits_longest_waits_longer_than_the_start(name):
    """1.6 of what a replica serves too many, for 180 s: 288 s of its work. In the run of the jump the start takes 300 s."""
    lab = load_lab(name)
    assert float(longest_wait.longest_wait(lab)) == pytest.approx(288.0)
    assert float(longest_wait.quick_queue(lab)) / service.carried(lab.system) == pytest.approx(288.0)
    assert longest_wait.waits_past_the_start(lab)
    # Each slip is clearly below.
    assert float(longest_wait.wait_if_shared(lab)) < float(longest_wait.wait_of_a_start(lab)) < 288 / 1.25


@every_lab
def test_what_it_asks_for_and_what_becomes_ready(name):
    lab = load_lab(name)
    words = jump.asked_and_ready(lab)
    assert words.startswith(f"up to {jump.most_asked(lab)}") and f"{jump.most_ready(lab)} become ready" in words


@every_lab
def test_printed_numbers_keep_littles_law(name):
    """What a stem gives and what its reveal says agree to the digits that are shown."""
    lab = load_lab(name)
    rate = printed(jump.rate_after(lab))
    for held, stay in ((jump.held_by_three, jump.stay_with_three), (jump.held_by_eight, jump.stay_with_eight)):
        assert printed(held(lab)) / rate == pytest.approx(printed(stay(lab)), rel=0.01)
    queue, serves = printed(longest_wait.quick_queue(lab)), printed(service.replica_carries(lab))
    assert queue / serves == pytest.approx(printed(longest_wait.longest_wait(lab)), rel=0.01)


@every_lab
def test_in_flight_is_rate_times_stay(name):
    """Little's law: the mean stay of the requests of a steady fleet, times the rate at which they come."""
    lab = load_lab(name)
    for replicas in (jump.NEEDED, jump.MOST):
        rows = jump.steady(lab.system, replicas).requests
        last = float(rows["arrival_s"].max())
        late = rows["arrival_s"] > jump._SETTLED_S / 2
        rate = late.sum() / (last - jump._SETTLED_S / 2)
        assert jump.held_by(lab.system, replicas) == pytest.approx(rate * rows["e2e_s"][late].mean(), rel=0.25)


def test_gpu_time_is_the_area_under_the_replicas_that_are_paid_for():
    lab = load_lab()
    run = jump.scaled(lab.system)
    shown = jump.scaled_fleet(lab)
    paid = sum(lane.seconds("starting", "ready", "draining") for lane in shown.lanes)
    assert paid == pytest.approx(run.replica_seconds, rel=0.02)


@every_lab
def test_the_fleet_is_the_run(name):
    lab = load_lab(name)
    shown = jump.scaled_fleet(lab)
    shown.refuse()
    assert len(shown.lanes) == jump.MOST
    assert "queue" not in shown.finding
    # Those who wait stay with the replica that they were sent to.
    first = shown.lanes[0].waiting
    assert max(first) > 0.8 * float(jump.outside_when_ready(lab))


@every_lab
def test_the_flow_is_near_the_simulator_and_kinder(name):
    lab = load_lab(name)
    flow = explorer.course_of(lab, 300, "in-flight", 1, 60)
    assert flow.replica_seconds() / (3 * jump.END_S) == pytest.approx(float(jump.hours_over_fixed(lab)), rel=0.2)
    # Without chance it is kinder, and the words beside the explorer print both.
    assert float(explorer.flow_in_time(lab)) > float(jump.in_time_scaled(lab))
    assert flow.in_time(10.0, jump.END_S - 10) == pytest.approx(float(jump.in_time_scaled(lab)) / 100, abs=0.25)
    assert abs(max(flow.ready) - jump.most_ready(lab)) <= 1 and min(flow.ready[240:]) < jump.NEEDED


def test_the_floor_serves_and_a_rate_does_not_overshoot():
    lab = load_lab()
    floor = explorer.course_of(lab, 300, "in-flight", 3, 60)
    assert floor.in_time(10.0, 1400) == 1.0 and max(floor.ready) == 3
    rate = explorer.course_of(lab, 300, "come", 1, 60)
    assert max(rate.ready) == 3 and rate.in_time(10.0, 1400) < 0.8
    served = explorer.course_of(lab, 300, "served", 1, 60)
    steps = [served.ready.index(count) * 2.5 for count in (2, 3)]
    assert steps[1] - steps[0] > 290, "one a start, as long as a queue stands"
    quick = explorer.course_of(lab, 15, "in-flight", 1, 60)
    assert quick.in_time(10.0, 1400) > 0.9


def test_poured_water_finds_one_level():
    from lessonlib.course.lesson_19.flow import _poured

    levels, got = [5.0, 1.0, 3.0], _poured([5.0, 1.0, 3.0], 4.0)
    assert sum(got) == pytest.approx(4.0)
    assert [level + more for level, more in zip(levels, got, strict=True)] == pytest.approx([5.0, 4.0, 4.0])
    assert _poured([2.0], 3.0) == [3.0]


@every_lab
def test_the_incident_is_one_of_the_query(name):
    lab = load_lab(name)
    assert incident.query_is_lost(lab)
    shown, mended = incident.noon_without_query(lab), incident.noon_with_error(lab)
    came = [value for value in shown.chart("Requests that come").values if value is not None]
    half = len(came) // 2
    assert np.mean(came[half:]) == pytest.approx(np.mean(came[:half]), rel=0.2), "the traffic does not change"
    assert shown.chart("KV cache in use").values[-1] > 90
    assert [line.text for line in shown.log if "below target" in line.text]
    # The caption says what the chart shows at the end.
    chart = mended.chart("Time to first token, mean")
    assert incident.first_token_without_query(lab) == written(chart.values[-1], "s")
    assert float(incident.first_token_with_error(lab)[:-2]) == pytest.approx(chart.compare[-1], rel=0.05)
    # Low readings from the upgrade on: one window before the cut. The operator restarts in between, and the chart marks neither.
    assert (incident.upgrade_clock(lab), incident.cut_clock(lab)) == ("11:50", "11:55")
    assert [line.at_s for line in shown.log] == [90.0, 180.0, 435.0, 480.0, 482.0] and not shown.marks
    for word in ("query", "empty", "name"):
        assert word not in shown.finding
    waiting = mended.chart("Requests waiting")
    most, other = (max(value for value in row if value is not None) for row in (waiting.values, waiting.compare))
    assert most > 25 and other < 0.2 * most


@pytest.mark.parametrize("name", ["qwen3.5-27b-2xh100-nvl", "llama-3.1-8b-int4-rtx-4090"])
def test_with_its_metric_the_target_keeps_two_replicas(name):
    system = load_lab(name).system
    rate = 1.5 * service.carried(system)
    requests = service.requests_of(int(1.1 * rate * 780), Poisson(rate), 8)
    run = simulate(system, requests, service.SCHEDULER, Fleet(2, autoscaler=incident.scaler_of(None)), limit_s=800.0)
    assert run.replicas == ((0.0, 2),)


def test_the_manifests_hold_the_settings_of_the_run():
    lab = load_lab()
    lesson = Lesson("19-autoscaling", lab, blocks=BLOCKS)
    hpa = yaml.safe_load(lesson.items["the-hpa"].block.filled())["spec"]
    scaler = jump.scaler_of(lab.system)
    assert (hpa["minReplicas"], hpa["maxReplicas"]) == (scaler.least, scaler.most)
    assert float(hpa["metrics"][0]["pods"]["target"]["averageValue"]) == scaler.target
    assert hpa["behavior"]["scaleDown"]["stabilizationWindowSeconds"] == scaler.cool_down_s
    keda = yaml.safe_load(lesson.items["the-keda"].block.filled())["spec"]["triggers"][0]["metadata"]
    assert 2 < service.carried(lab.system) * jump.AFTER * service.PROMPT / float(keda["threshold"]) < 3
    assert "ignoreNullValues" not in keda


def test_a_signal_that_is_lost_reads_zero_and_a_window_waits():
    """The scaler under it: ten a second at two a replica want five; lost at 200 s, the fleet goes to one when 100 s of window are over."""
    lab = load_lab("llama-3.1-8b-a100-80gb")
    scaler = Autoscaler("rate", 2.0, 1, 8, 10.0, 0.0, 100.0, signal_lost_at_s=200.0)
    requests = service.requests_of(4000, Constant(10.0))
    run = simulate(lab.system, requests, service.SCHEDULER, Fleet(1, autoscaler=scaler), limit_s=330.0)
    sizes = dict(run.replicas)
    assert [count for when, count in sizes.items() if when < 200][-1] == 5
    gone = min(when for when, count in sizes.items() if when > 200 and count < 5)
    assert gone == 300.0 and list(sizes.values())[-1] == 1
