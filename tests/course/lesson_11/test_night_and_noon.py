"""Night and noon on every lab: one kind of requests, and what follows from the other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lessonlib.course.lesson_11 import night_and_noon as day
from lessonlib.roofline import System, lab_names, load_gpu, load_lab, load_model, max_batch
from lessonlib.serving import Scheduler, preset, simulate

every_lab = pytest.mark.parametrize("name", lab_names())


@every_lab
def test_the_claims_hold(name):
    lab = load_lab(name)
    assert day.prompts_take_noon(lab) and day.noon_follows_from_night(lab) and day.full_server_wants_flops(lab)
    assert day.noon(lab).rate == pytest.approx(day.TIMES * day.night(lab).rate)
    assert day.noon(lab).rate < day.most_requests_per_s(lab)


@every_lab
def test_busy_time_of_prompts_is_a_request_times_its_number(name):
    """Prompts take about as many seconds at night as at noon, for as many requests: that is what the sum by hand rests on."""
    lab = load_lab(name)
    seconds = []
    for found in (day.night(lab), day.noon(lab)):
        result = simulate(lab.system, preset("rag", 300, rate=found.rate, seed=1), Scheduler(prefix_caching=False))
        steps = result.step_columns()
        seconds.append(float(steps["seconds"][steps["prefill_tokens"] > 0].sum()))
        assert steps["seconds"].sum() == pytest.approx(result.busy_s, rel=1e-6)
        assert result.finished == 300
    assert seconds[1] == pytest.approx(seconds[0], rel=0.25)


def test_shares_of_tokens_and_of_time_are_far_apart():
    lab = load_lab()
    share = float(day.reading_by_tokens(lab))
    assert share == pytest.approx(100 * 29 / 30, rel=0.01)
    assert float(day.prompt_for_each_written(lab)) == pytest.approx(29, rel=0.05)
    assert share > 1.3 * float(day.noon_reading(lab)) > 1.3 * 2 * float(day.night_reading(lab))


def test_a_mix_without_answers_would_be_all_reading():
    """The limit: prompts alone, with answers of one token, leave no step without a prompt."""
    lab = load_lab()
    result = simulate(lab.system, [*_prompts_alone()], Scheduler(prefix_caching=False))
    steps = result.step_columns()
    assert np.all(steps["prefill_tokens"] > 0)


def _prompts_alone():
    from lessonlib.serving import Poisson, Workload

    return Workload(20, 4096, 1, Poisson(1.0), seed=2)


@pytest.mark.parametrize(("model", "gpu"), [("qwen3.5-27b", "rtx-4090"), ("llama-2-70b", "a100-80gb-sxm")])
def test_a_lab_whose_weights_leave_no_room_is_served_as_if_they_did(model, gpu):
    lab = replace(load_lab(), name=f"{model}-{gpu}", system=System(load_model(model), load_gpu(gpu)))
    assert max_batch(lab.system, 4096) == 0
    assert 0 < day.night(lab).reading < day.noon(lab).reading < 1
