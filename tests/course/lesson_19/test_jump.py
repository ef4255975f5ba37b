"""The jump of lesson 19: the run with its autoscaler, the fleet that is drawn of it, the flow of the explorer, and the incident."""

from __future__ import annotations

import numpy as np
import pytest
import yaml

from lessonlib.course.lesson_19 import explorer, incident, jump, service
from lessonlib.lesson.lesson import Lesson
from lessonlib.roofline import lab_names, load_lab
from lessonlib.serving import Autoscaler, Constant, Fleet, simulate
from lessonlib.show.blocks import BLOCKS

every_lab = pytest.mark.parametrize("name", lab_names())


@every_lab
def test_the_words_tell_the_run(name):
    lab = load_lab(name)
    assert jump.fails_again(lab) and jump.scaling_costs_more(lab) and jump.in_flight_falls(lab)
    assert jump.backlog_as_computed(lab)
    # The slip is well below the truth everywhere.
    assert float(jump.hours_over_fixed(lab)) > 1.5 * float(jump.hours_if_it_fits(lab))


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
def test_the_flow_is_close_to_the_simulator(name):
    lab = load_lab(name)
    flow = explorer.course_of(lab, 300, "in-flight", 1, 60)
    assert flow.replica_seconds() / (3 * jump.END_S) == pytest.approx(float(jump.hours_over_fixed(lab)), rel=0.2)
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
    for word in ("query", "empty", "name"):
        assert word not in shown.finding
    waiting = mended.chart("Requests waiting")
    most, other = (max(value for value in row if value is not None) for row in (waiting.values, waiting.compare))
    assert most > 25 and other < 0.2 * most


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
