"""The mixture beside the dense model, the quiz and the explorer: against hand computations, published numbers and the engine."""

from __future__ import annotations

import pytest

from lessonlib.course.lesson_03 import workings as roofline_lesson
from lessonlib.course.lesson_17 import lead, quiz, spread
from lessonlib.course.lesson_17.explore import (
    explore_experts,
    explored_crowds,
    explored_gpus,
    explored_models,
    explored_slopes,
)
from lessonlib.roofline import lab_names, load_lab, max_batch, weight_bytes_read

every_lab = pytest.mark.parametrize("name", lab_names())
MIXTURES = pytest.mark.parametrize("name", ["deepseek-v3-8xh200-fp8", "gpt-oss-120b-h100-mxfp4"])


def test_one_token_by_hand():
    """Qwen3-30B-A3B: 48 layers, 8 experts of 3 x 2,048 x 768, query and key heads as published, a head of its own; 2 bytes each."""
    experts = 48 * 8 * 3 * 2048 * 768
    attention = 48 * (2048 * 4096 * 2 + 2048 * 512 * 2)
    rest = 48 * 2048 * 128 + 151936 * 2048
    assert lead.fetched(lead.mixture(), 1) == pytest.approx(2 * (experts + attention + rest), rel=1e-3)
    assert lead.fetched(lead.mixture(), 1) == pytest.approx(weight_bytes_read(lead.mixture()), rel=1e-6)


def test_a_step_of_many_fetches_their_different_experts():
    """64 requests: all that is no expert, and 125.9 of 128 experts in each layer."""
    one, many = (lead.fetched(lead.mixture(), requests) for requests in (1, 64))
    an_expert = 2 * 48 * 3 * 2048 * 768
    assert many - one == pytest.approx((128 * (1 - (15 / 16) ** 64) - 8) * an_expert, rel=1e-6)
    assert lead.fetched(lead.dense(), 64) == lead.fetched(lead.dense(), 1)


def test_the_valley():
    """As it was when the words were written: a change of the engine shows here first."""
    lab = load_lab()
    assert [str(each) for each in lead.leads(lab)] == ["4.9×", "3.1×", "1.7×", "1.3×", "1.8×"]
    assert lead.lead_has_a_valley(lab)
    curve = lead.lead_by_batch(lab)
    assert curve["x"] == [1, 4, 16, 64, 256] and min(curve["y"]) == curve["y"][3]


def test_the_crowd_has_room_on_the_gpu():
    for system in (lead.mixture(), lead.dense()):
        assert max_batch(system, lead.BEHIND) >= lead.BATCHES[-1]


def test_arithmetic_of_the_crowd_by_hand():
    """Dense: two FLOPs for each of 32 billion weights and each of 256 tokens, and attention, over 989 TFLOP/s."""
    least = 2 * 256 * lead.dense().model.parameters_read / 989e12
    found = float(lead.math_dense(load_lab()))
    assert least < found < 1.1 * least
    assert found > 8 * float(lead.math_mixture(load_lab()))


def test_the_wrong_curves_stand_apart():
    lab = load_lab()
    true, never, gone = (each(lab)["y"] for each in (lead.lead_by_batch, lead.lead_of_one, lead.lead_of_bytes))
    assert never[-1] > 2 * true[-1] and true[-1] > 1.5 * gone[-1] and gone == sorted(gone, reverse=True)


def test_published_leads():
    lab = load_lab()
    assert [str(each) for each in lead.measured_leads(lab)] == ["6.6×", "3.4×"]
    found = [float(each) for each in lead.published_leads(lab)]
    assert found[1] < found[0] < found[2] and found == pytest.approx([2.50, 2.22, 3.14], abs=0.01)


def test_a_step_with_favourites_saves_its_experts_bytes():
    """Each expert less saves its bytes, at the share of the bandwidth that is expected, and nothing else."""
    lab = load_lab()
    fewer = 128 * (1 - (15 / 16) ** 16) - lead._different(lead.SOME, lead.SLOPE)
    saved = fewer * 2 * 48 * 3 * 2048 * 768 / lead.mixture().bandwidth
    assert saved < float(lead.fair_step(lab)) - float(lead.popular_step(lab)) < 1.3 * saved
    assert lead.popular_experts_save_bytes(lab)


# --- claims, and the questions on every lab


@every_lab
def test_claims(name):
    lab = load_lab(name)
    assert spread.fair_is_not_equal(lab) and spread.group_holds_copies(lab)
    assert quiz.experts_never_wait_for_math(lab) and quiz.whole_is_slower_alone(lab)


@every_lab
def test_the_learners_own_lab(name):
    """Between the ceiling and the band; a dense model fetches the same for one and many, a mixture far more."""
    lab = load_lab(name)
    fetched, ceilings, expected = (
        [float(each) for each in found(lab)]
        for found in (quiz.own_fetched, quiz.own_step_ceilings, quiz.own_steps_expected)
    )
    assert all(least < likely for least, likely in zip(ceilings, expected, strict=True))
    if lab.system.model.is_mixture:
        assert fetched[1] > 5 * fetched[0] and 0 < float(quiz.own_different(lab)) <= quiz.quiz_count(lab)
    else:
        assert fetched[0] == fetched[1] and float(quiz.own_different(lab)) == 0
    assert max_batch(lab.system, lead.BEHIND) >= quiz.MANY


@MIXTURES
def test_the_crossing_is_lesson_threes(name):
    lab = load_lab(name)
    assert float(quiz.quiz_crossing(lab)) == pytest.approx(float(roofline_lesson.crossing(lab)), rel=0.01)
    assert float(quiz.quiz_crossing_at_each(lab)) * quiz.quiz_count(lab) / quiz.quiz_active(lab) == pytest.approx(
        float(quiz.quiz_crossing(lab))
    )


def test_whole_experts_by_hand():
    """gpt-oss-120b: 4 of 128 experts on eight GPUs, 1.62 on the busiest where the mean is 0.5; DeepSeek-V3: 2.56 over 1."""
    small, large = (load_lab(name) for name in ("gpt-oss-120b-h100-mxfp4", "deepseek-v3-8xh200-fp8"))
    assert float(quiz.quiz_whole_ratio(small)) == pytest.approx(3.24, abs=0.01)
    assert float(quiz.quiz_whole_ratio(large)) == pytest.approx(2.56, abs=0.01)
    # 58 layers, 8 experts of 44 million weights, a byte each, over eight times 4.8 TB/s.
    assert float(quiz.quiz_sliced(large)) == pytest.approx(58 * 8 * 3 * 7168 * 2048 / (8 * 4.8e12), rel=0.01)


# --- the explorer


def test_every_stop_of_the_explorer_can_be_drawn():
    lab = load_lab()
    for model in (each["value"] for each in explored_models(lab)):
        for requests in (explored_crowds(lab)[0], explored_crowds(lab)[-1]):
            for gpus in explored_gpus(lab):
                for slope in explored_slopes(lab):
                    explore_experts(lab, model=model, requests=requests, gpus=gpus, slope=slope).refuse(["bars"])


def test_the_guess_of_the_explorer_holds():
    """Favourites: a crowd evens out what is fetched, and not what is computed."""
    crowd = explore_experts(load_lab(), model="qwen3-30b-a3b", requests=256, gpus=8, slope=1.0)
    assert float(crowd.value("over_picks")) > 1.5 and float(crowd.value("over_experts")) < 1.05
