"""One replica of lesson 19's service: what it carries, what its gauge shows, and what the two quizzes make of both."""

from __future__ import annotations

import math

import pytest

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_19 import quiz, served_rate, service
from lessonlib.roofline import lab_names, load_lab, prefill
from lessonlib.serving import Constant, Fixed, Workload, simulate


def printed(value: Quantity) -> float:
    """The number as a page shows it."""
    return float(str(value).split()[0].replace(",", ""))


every_lab = pytest.mark.parametrize("name", lab_names())


@every_lab
def test_the_gauge_runs_ahead_of_the_load(name):
    lab = load_lab(name)
    assert service.gauge_runs_ahead(lab)
    shown = service.gauge_by_load(lab)["y"]
    assert shown == sorted(shown) and shown[-1] > 55


@every_lab
def test_at_little_load_the_gauge_is_the_chance_that_somebody_is_inside(name):
    """Requests at random that do not meet: idle with the chance exp(-rate x stay). Of spread lengths, so within some per cent."""
    lab = load_lab(name)
    inside = service.LOADS[0] * service.carried(lab.system) * float(service.document_alone(lab))
    assert service.busy_share(lab.system, service.LOADS[0]) == pytest.approx(1 - math.exp(-inside), rel=0.25)


def test_one_after_the_other_the_gauge_is_rate_times_stay():
    """Requests of one length at even times, none of which meet: busy is exactly rate x (stay less what is outside the steps)."""
    lab = load_lab()
    requests = Workload(20, Fixed(service.PROMPT), Fixed(service.ANSWER), Constant(0.05), seed=1)
    run = simulate(lab.system, requests, service.SCHEDULER)
    assert run.busy_s / 20 == pytest.approx(float(service.document_alone(lab)), rel=0.03)


@every_lab
def test_what_a_replica_carries_is_below_what_reading_alone_allows(name):
    lab = load_lab(name)
    reading = 1 / prefill(lab.system, service.PROMPT).expected_s
    assert 0.3 * reading < service.carried(lab.system) < reading
    low, mean, high, ceiling = (
        float(each(lab))
        for each in (
            service.replica_carries_low,
            service.replica_carries,
            service.replica_carries_high,
            service.replica_carries_ceiling,
        )
    )
    assert low < mean < high <= ceiling * 1.001


def test_what_is_carried_is_what_gets_through_a_queue():
    """Far more than it carries come: what is finished a second, once all seats are taken."""
    lab = load_lab("qwen3-32b-h200")
    rate = 3 * service.carried(lab.system)
    run = simulate(lab.system, service.requests_of(500, Constant(rate), 7), service.SCHEDULER)
    done = sorted(run.requests["finished_s"])
    assert 250 / (done[400] - done[150]) == pytest.approx(service.carried(lab.system), rel=0.06)


@every_lab
def test_a_counter_of_the_server_asks_for_one_more_each_start(name):
    lab = load_lab(name)
    assert served_rate.served_is_not_asked(lab)
    assert float(served_rate.asked_with_queue(lab)) == 2 and float(served_rate.asked_by_traffic(lab)) == 3


@every_lab
def test_a_queue_goes_by_what_its_own_replica_has_to_spare(name):
    """2.6 come where each of three serves 1, so 0.867 to the first; 4 minutes of 1.6 too many, at 0.133 a minute: 48 minutes."""
    lab = load_lab(name)
    assert float(quiz.drain_time(lab)) == pytest.approx(48.0, rel=0.04)
    assert float(quiz.drain_by_the_fleet(lab)) == pytest.approx(16.0, rel=0.04)
    assert float(quiz.drain_without_arrivals(lab)) == pytest.approx(6.4, rel=0.02)


@every_lab
def test_the_sum_from_the_printed_numbers_is_the_truth(name):
    """As a learner reads them off the stem, digits and all."""
    lab = load_lab(name)
    waits, comes, serves = (printed(each(lab)) for each in (quiz.drain_queue, quiz.drain_rate, quiz.drain_serves))
    assert waits / (serves - comes / 3) / 60 == pytest.approx(float(quiz.drain_time(lab)), rel=0.002)
    spare = printed(quiz.drain_spare(lab))
    assert waits / spare / 60 == pytest.approx(printed(quiz.drain_time(lab)), rel=0.01)


@pytest.mark.parametrize("name", quiz.ELSEWHERE)
def test_a_scaler_on_utilisation_rests_at_four(name):
    lab = load_lab(name)
    shown = [float(each) / 100 for each in quiz.gauge_by_replicas(lab)]
    count, seen = 1, []
    while abs(shown[count - 1] / 0.8 - 1) > 0.1:
        seen.append(count)
        count = math.ceil(count * shown[count - 1] / 0.8)
    assert count == float(quiz.gauge_rests_at(lab)) == 4 and seen == [1, 2, 3]
    assert [float(each) for each in quiz.idle_by_replicas(lab)] == [round(60 * (1 - each), 1) for each in shown]
    # The table goes on behind the answer, or its end would be the answer.
    assert len(shown) >= count + 3
