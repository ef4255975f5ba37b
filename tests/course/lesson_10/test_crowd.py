"""Users and waiting: flat up to the seats, then Little's law; preemption's pause; the incident and its mend."""

from __future__ import annotations

import numpy as np
import pytest

from lessonlib.course.lesson_10 import crowd, longer_answers, pressure, small_cache
from lessonlib.roofline import lab_names, load_lab
from lessonlib.serving import Scheduler, fixed, simulate

some_labs = pytest.mark.parametrize(
    "lab",
    [*map(load_lab, ("qwen3.5-27b-2xh100-sxm", "llama-3.1-8b-a100-80gb", "qwen3-32b-h200"))],
    ids=lambda lab: lab.name,
)
each_lab = pytest.mark.parametrize("lab", [*map(load_lab, lab_names())], ids=lambda lab: lab.name)


@each_lab
def test_the_curve_is_flat_and_then_little_s_law(lab):
    runs = crowd.sweep_of_users(lab)
    seats = crowd.seats_in_use(lab)
    assert [run.users for run in runs] == [round(share * seats) for share in crowd.SHARES]
    for run in runs[4:]:
        by_hand = (run.users - seats) / run.requests_per_s
        assert run.first_s == pytest.approx(by_hand, rel=0.25, abs=1.5)
        assert run.running == pytest.approx(seats, rel=0.06)
    assert all(run.preemptions == 0 for run in runs[:4]) and all(run.preemptions > 0 for run in runs[4:])


@some_labs
def test_little_s_law_in_tokens_counts_who_is_written(lab):
    """As on the published rows: tokens a second times seconds a token is the batch."""
    run = crowd.sweep_of_users(lab)[3]
    result = crowd.crowd_run(lab, run.users)
    mean_gap = float(np.nanmean(result.requests["tpot_s"]))
    assert run.tokens_per_s * mean_gap == pytest.approx(run.running, rel=0.12)


@each_lab
def test_the_rate_of_a_full_server_is_one(lab):
    """Requests a second are the printed tokens a second over the printed answer, and the division with them meets the run."""
    assert float(crowd.full_requests_rate(lab)) * 512 == pytest.approx(float(crowd.rate_at_last(lab)))
    assert float(crowd.wait_by_hand(lab)) == pytest.approx(float(crowd.wait_at_last(lab)), rel=0.1)
    assert float(crowd.full_low(lab)) < float(crowd.rate_at_last(lab)) < float(crowd.full_high(lab))
    assert float(crowd.full_high(lab)) <= float(crowd.full_ceiling(lab)) * (1 + 1e-9)


@each_lab
def test_twice_the_pages_end_the_wait_and_hardly_raise_the_tokens(lab):
    assert crowd.throughput_tells_nothing(lab)


@some_labs
def test_one_user_never_waits_for_a_seat(lab):
    result = simulate(lab.system, fixed(4096, 64, 6), Scheduler(), concurrency=1)
    assert result.preemptions == 0
    assert np.ptp(result.requests["ttft_s"]) < 1e-6


@each_lab
def test_who_is_preempted_pauses_shortly(lab):
    assert pressure.outside_is_worse(lab)
    assert float(pressure.pressed_pause(lab)) < 1.5


@each_lab
def test_the_incident_is_longer_answers_and_nothing_else(lab):
    assert longer_answers.longer_answers_fill_the_cache(lab)
    plain, mended = longer_answers.incident_run(lab), longer_answers.incident_run(lab, mended=True)
    assert np.array_equal(plain.requests["arrival_s"], mended.requests["arrival_s"])
    assert np.array_equal(plain.requests["prompt"], mended.requests["prompt"])
    before = plain.requests["arrival_s"] < longer_answers.MOMENT_S
    assert plain.requests["output"][before].mean() == pytest.approx(longer_answers.SHORT[0], rel=0.15)
    assert plain.requests["output"][~before].mean() == pytest.approx(longer_answers.LONG[0], rel=0.1)
    assert np.array_equal(plain.requests["output"][before], mended.requests["output"][before])


def test_the_monitor_names_no_cause():
    lab = load_lab("qwen3.5-27b-2xh100-sxm")
    assert "answer" not in longer_answers.incident(lab).finding
    assert "queue" in longer_answers.incident_mended(lab).finding


@each_lab
def test_the_timeline_shows_a_request_that_is_read_again(lab):
    room, crowded = small_cache.with_and_without_room(lab)
    assert small_cache.small_cache_preempts(lab)
    assert not any(lane.preempted_s for lane in room.lanes)
    lost = [lane for lane in crowded.lanes if lane.preempted_s]
    assert lost and max(step.used for step in crowded.steps) >= 0.9 * crowded.kv_blocks
