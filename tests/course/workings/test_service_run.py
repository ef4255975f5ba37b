"""The run of lesson 8: who comes, what the server does in the stall, and that all its reports are of one run."""

from __future__ import annotations

import statistics

import numpy as np
import pytest

from lessonlib.course.lesson_08 import service_run as run
from lessonlib.course.lesson_08 import workings
from lessonlib.course.lesson_08.service_run import service_run, traffic
from lessonlib.roofline import lab_names, load_lab
from lessonlib.serving import Telemetry
from lessonlib.serving.results.quantiles import percentile

every_lab = pytest.mark.parametrize("name", lab_names())
END = run.STALL_AT_S + run.STALL_S


def test_users_come_at_the_stated_rate_with_the_stated_lengths():
    trace, test = traffic()
    users = [request for request, tested in zip(trace, test, strict=True) if not tested]
    assert len(users) == pytest.approx(run.OPEN_S * run.RATE, rel=0.02)
    assert all(request.arrival_s < run.OPEN_S for request in users)
    for name, (mean, spread, least, most) in (("prompt", run.PROMPT), ("output", run.ANSWER)):
        values = [getattr(request, name) for request in users]
        assert min(values) >= least and max(values) <= most
        assert statistics.mean(values) == pytest.approx(mean, rel=0.1)
        assert statistics.stdev(values) == pytest.approx(spread * mean, rel=0.2)


def test_the_load_test_is_one_chain():
    trace, test = traffic()
    mine = [number for number, tested in enumerate(test) if tested]
    assert len(mine) == run.TESTS and mine[0] == 0
    assert [trace.requests[number].follows for number in mine[1:]] == mine[:-1]
    assert all(trace.requests[number].think_s == 0 for number in mine)


@every_lab
def test_every_lab_meets_the_same_users(name):
    first, other = service_run(load_lab(name)), service_run(load_lab())
    assert np.array_equal(first.user_arrivals, other.user_arrivals)
    assert first.result.finished == len(first.test) and not first.result.warnings


@every_lab
def test_no_token_is_made_in_the_stall_and_the_load_test_sends_nothing(name):
    made = service_run(load_lab(name)).telemetry.counters["vllm:generation_tokens"]
    # The step that runs when it begins still ends.
    assert made.total(run.STALL_AT_S + 1.0) == made.total(END - 1e-6) < made.total(END + 8.0)
    sent = service_run(load_lab(name)).test_arrivals
    assert not ((sent > run.STALL_AT_S + 1.0) & (sent < END)).any()


@every_lab
def test_one_of_the_load_test_and_every_user_in_it_is_held_up(name):
    lab, found = load_lab(name), service_run(load_lab(name))
    inside = (found.user_arrivals > run.STALL_AT_S) & (found.user_arrivals < END)
    assert inside.sum() == 27 == float(workings.users_held_up(lab))
    assert (found.user_waits[inside] > END - found.user_arrivals[inside]).all()
    assert float(workings.tests_held_up(lab)) == 1
    assert (found.test_stays > run.STALL_S / 2).sum() == 1
    # One of 300 is below a hundredth, 27 of 895 are not.
    assert percentile(found.test_waits, 99) < 1.01 and percentile(found.user_waits, 99) > 20


@every_lab
def test_mystery_and_answers_are_of_one_run(name):
    """What the dashboard says is made of what users and load test waited; the log's tokens are the answers' own."""
    lab, found = load_lab(name), service_run(load_lab(name))
    waits = [*found.user_waits, *found.test_waits]
    assert float(workings.dashboard_ttft(lab)) == pytest.approx(statistics.fmean(waits))
    told = Telemetry(found.result).histograms["vllm:time_to_first_token_seconds"].value
    assert sorted(told) == pytest.approx(sorted(waits))
    tokens = found.result.requests["output"].sum()
    assert float(workings.run_rate(lab)) == pytest.approx(tokens / found.result.simulated_s)
    assert len(found.gaps) == tokens - len(found.test)


@every_lab
def test_little_holds_through_the_stall(name):
    lab = load_lab(name)
    assert float(workings.mean_end_to_end(lab)) == pytest.approx(float(workings.stopwatch_mean(lab)), rel=1e-12)
    assert float(workings.inside(lab)) == pytest.approx(
        float(workings.mean_end_to_end(lab)) * 1195 / float(workings.run_seconds(lab))
    )


@every_lab
def test_the_tail_is_that_of_the_users(name):
    lab = load_lab(name)
    curve = workings.tail_curve(lab)
    waits = sorted(service_run(lab).user_waits)
    for many, wait in zip(curve["x"], curve["y"], strict=True):
        assert sum(value > wait for value in waits) == pytest.approx(len(waits) / many, abs=1)
    assert workings.slowest_hundredth(lab) == 9 and workings.one_in_held_up(lab) == 33


@every_lab
def test_a_bell_is_drawn_from_the_same_mean_and_deviation(name):
    lab = load_lab(name)
    bell = dict(zip(workings.ONE_IN, workings.tail_of_a_bell(lab)["y"], strict=True))
    mean, wide = float(workings.users_mean(lab)), float(workings.users_deviation(lab))
    assert bell[2] == pytest.approx(mean) and bell[100] == pytest.approx(mean + 2.326 * wide, rel=1e-3)


def test_the_gap_of_the_default_lab_stands_beside_kernels_and_report():
    lab = load_lab()
    assert str(workings.kernel_step(lab)) == "11.2 ms" and str(workings.reported_step(lab)) == "9.26 ms"
    assert workings.spoken_of(lab) == "reported" and workings.speed_known(lab) and workings.kernel_known(lab)
    assert float(workings.step_ceiling(lab)) < float(workings.reported_step(lab)) < float(workings.kernel_step(lab))
    measured = load_lab("llama-3.1-8b-a100-80gb")
    assert workings.spoken_of(measured) == "measured" and not workings.kernel_known(measured)
    assert not workings.speed_known(load_lab("qwen3-32b-h200"))
