"""The mixture beside the dense model, the quiz and the explorer: against hand computations, published numbers and the engine."""

from __future__ import annotations

import pytest

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_17 import lead, quiz, spread
from lessonlib.course.lesson_17.explore import (
    explore_experts,
    explored_crowds,
    explored_gpus,
    explored_models,
    explored_slopes,
)
from lessonlib.roofline import lab_names, load_lab, max_batch, mixed, weight_bytes_read

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


def test_the_crowd_can_be_worked_out_from_what_the_question_tells():
    """Weights and caches over the bandwidth, then the arithmetic at the peak: right in direction, and within a quarter of the engine."""
    lab = load_lab()
    bandwidth, peak = lead.pair_bandwidth(lab).printed, lead.pair_peak(lab).printed
    assert bandwidth == 4.8e12 and peak == pytest.approx(989e12, rel=1e-3)

    def by_hand(weights: float, cache: float, flops: float) -> float:
        return (weights + lead.BATCHES[-1] * cache) / bandwidth + lead.BATCHES[-1] * flops / peak

    dense = by_hand(*(each(lab).printed for each in (lead.fetched_dense, lead.cache_of_dense, lead.flops_of_dense)))
    mixture = by_hand(
        lead.fetched_mixture(lab)[-1].printed, lead.cache_of_mixture(lab).printed, lead.flops_of_mixture(lab).printed
    )
    assert dense / mixture == pytest.approx(lead.leads(lab)[-1].printed, rel=0.25)
    assert dense / mixture > 1.3 * lead.leads(lab)[-2].printed


def test_sums_of_what_is_printed():
    """A reader who divides or multiplies what stands on the page gets the digits that stand there."""
    lab = load_lab()
    for found, above, below in zip(lead.leads(lab), lead.steps_dense(lab), lead.steps_mixture(lab), strict=True):
        assert str(Quantity(above.printed / below.printed, "x", found.digits)) == str(found)
    missed = 100 * (lead.missed_share(lab).printed / 100) ** lead.SOME
    assert str(Quantity(missed, "%")) == str(lead.missed_by_all(lab))
    gain = 100 * (1 - lead.popular_step(lab).printed / lead.fair_step(lab).printed)
    assert str(Quantity(gain, "%", 2)) == str(lead.popular_gain(lab))
    copies = 1 + spread.REDUNDANT / spread.group_experts(lab)
    share = spread.group_expert_weights(lab).printed * copies / spread.group_gpus(lab)
    assert str(Quantity(share + spread.group_other_weights(lab).printed, "B")) == str(spread.gpu_holds(lab))


@MIXTURES
def test_sums_of_the_quiz(name):
    lab = load_lab(name)
    whole, experts, more = (
        each(lab).printed for each in (quiz.quiz_fetched, quiz.quiz_expert_bytes, quiz.quiz_more_experts)
    )
    checked = whole - experts + experts * more
    assert str(Quantity(checked, "B")) == str(quiz.quiz_bytes_checked(lab))
    gain = quiz.quiz_come_out(lab).printed * whole / quiz.quiz_bytes_checked(lab).printed
    assert str(Quantity(gain, "x")) == str(quiz.quiz_drafts_gain(lab))
    ratio = quiz.quiz_busiest(lab).printed / quiz.quiz_mean(lab).printed
    assert str(Quantity(ratio, "x", 2)) == str(quiz.quiz_whole_ratio(lab))
    assert str(Quantity(quiz.quiz_sliced(lab).printed * ratio, "s", 2)) == str(quiz.quiz_whole(lab))


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
    assert quiz.drafts_fetch_experts(lab) and quiz.whole_is_slower_alone(lab)


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
def test_drafts_fetch_experts_of_their_own(name):
    """4 of 128 and 8 of 256 are both one in 32: four tokens pick 32 x (1 - (31/32)^4) times as many as one."""
    lab = load_lab(name)
    more = 32 * (1 - (31 / 32) ** 4)
    assert float(quiz.quiz_more_experts(lab)) == pytest.approx(more, rel=1e-6)
    whole, experts = float(quiz.quiz_fetched(lab)), float(quiz.quiz_expert_bytes(lab))
    assert float(quiz.quiz_drafts_gain(lab)) == pytest.approx(2.5 * whole / (whole + (more - 1) * experts), rel=0.005)
    checked = mixed(lab.system, [(4, 0, 4)])
    assert sum(part.weight_bytes for part in checked.operations) == pytest.approx(
        float(quiz.quiz_bytes_checked(lab)), rel=0.01
    )


def test_whole_experts_by_hand():
    """gpt-oss-120b: 4 of 128 experts on eight GPUs, 1.62 on the busiest where the mean is 0.5; DeepSeek-V3: 2.56 over 1."""
    small, large = (load_lab(name) for name in ("gpt-oss-120b-h100-mxfp4", "deepseek-v3-8xh200-fp8"))
    assert float(quiz.quiz_whole_ratio(small)) == pytest.approx(3.24, abs=0.01)
    assert float(quiz.quiz_whole_ratio(large)) == pytest.approx(2.56, abs=0.01)
    # 58 layers, 8 experts of 44 million weights, a byte each, over eight times 4.8 TB/s.
    assert float(quiz.quiz_sliced(large)) == pytest.approx(58 * 8 * 3 * 7168 * 2048 / (8 * 4.8e12), rel=0.01)


# --- the explorer


def test_the_explorer_says_what_the_words_say():
    """16 requests: 82.4 experts, with favourites as in the lesson; one request on eight GPUs: 2.53 times the mean."""
    lab = load_lab()
    fair, steep, lone = (
        explore_experts(lab, model="qwen3-30b-a3b", requests=requests, gpus=gpus, slope=slope)
        for requests, gpus, slope in ((16, 1, 0.0), (16, 1, 1.0), (1, 8, 0.0))
    )
    assert str(fair.value("different")) == str(lead.different_experts(lab))
    assert str(steep.value("different")) == str(lead.popular_different(lab))
    assert float(lone.value("over_picks")) == pytest.approx(float(spread.busiest_alone(lab)))
    assert float(spread.busiest_picks(lab)[0]) == pytest.approx(float(spread.busiest_alone(lab)))


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
