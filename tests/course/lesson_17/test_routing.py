"""Experts of a step, the busiest GPU, balance of layers: against hand computations, limits and independent draws."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_17 import hot, spread
from lessonlib.course.lesson_17.routing import busiest_of_one, routed
from lessonlib.roofline import load_lab, weight_bytes
from lessonlib.roofline.expert_routing import busiest, distinct


@pytest.mark.parametrize(("count", "active", "tokens", "found"), [(128, 8, 1, 8), (8, 2, 2, 3.5), (128, 8, 16, 82.42)])
def test_different_experts(count, active, tokens, found):
    """Two tokens of 2 in 8: 8 x (1 - (3/4)^2) = 3.5; sixteen of 8 in 128: 128 x (1 - (15/16)^16)."""
    assert distinct(count, active, 0.0, tokens) == pytest.approx(found, abs=0.01)


def test_limits_of_different_experts():
    assert distinct(128, 128, 0.0, 5) == 128 and distinct(128, 8, 0.0, 10_000) == pytest.approx(128)
    assert all(distinct(64, 6, 0.0, tokens) <= min(64, 6 * tokens) + 1e-9 for tokens in range(1, 60))


def test_the_busiest_gpu_of_one_token_by_counting_all_choices():
    """All 495 choices of 4 in 12 experts on three GPUs, one by one."""
    every = [max(Counter(expert // 4 for expert in chosen).values()) for chosen in itertools.combinations(range(12), 4)]
    assert len(every) == 495
    assert busiest_of_one(12, 4, 3) == pytest.approx(sum(every) / len(every))


def test_limits_of_the_busiest_gpu():
    assert busiest_of_one(128, 8, 1) == pytest.approx(8)
    assert busiest_of_one(8, 8, 8) == pytest.approx(1) and busiest_of_one(16, 1, 4) == pytest.approx(1)


@pytest.mark.parametrize("slope", [0.0, 1.0])
def test_draws_agree_with_the_engine(slope):
    """One token's busiest GPU, different experts and the busiest GPU of a crowd, within what so few draws may miss."""
    assert routed(128, 8, 1, 8)["picks"][0] == pytest.approx(busiest_of_one(128, 8, 8), rel=0.02)
    assert busiest(128, 8, 0.0, 8, 1)[0] == pytest.approx(busiest_of_one(128, 8, 8), rel=0.02)
    for tokens in (4, 16, 64):
        found, (picks, experts) = routed(128, 8, tokens, 8, slope), busiest(128, 8, slope, 8, tokens)
        assert sum(found["experts"]) == pytest.approx(distinct(128, 8, slope, tokens), rel=0.02)
        assert sum(found["picks"]) == pytest.approx(8 * tokens)
        assert found["picks"][0] / tokens == pytest.approx(picks, rel=0.06)
        assert found["experts"][0] * 8 / sum(found["experts"]) == pytest.approx(experts, rel=0.06)
        assert list(found["picks"]) == sorted(found["picks"], reverse=True)


def test_favourites_mean_fewer_experts_and_more_tokens_at_the_busiest():
    fair, steep = (routed(128, 8, 64, 8, slope) for slope in (0.0, 1.0))
    assert sum(steep["experts"]) < 0.9 * sum(fair["experts"]) and steep["picks"][0] > 1.3 * fair["picks"][0]


# --- the group of the manifest


def test_what_a_gpu_of_the_group_holds_by_hand():
    """DeepSeek-V3: 58 layers of 256 experts of 3 x 7,168 x 2,048 in 8 bits, a scale of 4 bytes for 128 x 128; 288 of them over 16 GPUs."""
    experts = 58 * 256 * 3 * 7168 * 2048 * (1 + 4 / 128**2)
    lab = load_lab()
    assert float(spread.group_expert_weights(lab)) == pytest.approx(experts, rel=2e-4)
    other = float(spread.group_other_weights(lab))
    assert float(spread.group_weights(lab)) == pytest.approx(experts + other, rel=2e-4)
    assert float(spread.gpu_holds(lab)) == pytest.approx(experts * 288 / 256 / 16 + other, rel=2e-4)
    assert spread.group_experts_a_gpu(lab) == 18 and str(spread.gpu_holds(lab)) == "65.1 GB"
    # Without extra copies it is what the engine counts.
    plain = experts / 16 + other
    assert weight_bytes(spread.group_of(16)) / 16 == pytest.approx(plain, rel=2e-4)


# --- the incident


def test_balance_is_told_as_the_engines_log_tells_it():
    """Sum over layers of the mean over the sum of the largest; each layer's own ratio; each GPU over all layers."""
    found = hot._balance_of(np.array([[3.0, 1.0], [1.0, 3.0]]))
    assert found.log == pytest.approx(4 / 6) and found.layers == pytest.approx(1.5) and found.gpus == (1.0, 1.0)


def test_a_step_by_hand():
    """What is even, and experts and exchange times the busiest GPU of a layer."""
    tokens, even, uneven, _ = hot._parts()
    assert tokens == 8 * 8192
    assert hot.step_s(hot.Balance(1.0, 1.0, (1.0,) * 8)) == pytest.approx(even + uneven)
    assert hot.step_s(hot.Balance(0.5, 2.0, (1.0,) * 8)) == pytest.approx(even + 2 * uneven)
    assert hot.capacity(hot.usual()) == pytest.approx(tokens / hot.step_s(hot.usual()))


def test_moved_experts_are_all_there_and_even():
    """Copies and moves lose no token, and no GPU holds more than its places."""
    loads = hot._loads(hot._JOB_SHARE)
    assert np.allclose(loads.sum(axis=1), 8)
    assert hot.rebalanced(hot._JOB_SHARE).log > 0.99 > 0.8 > hot.changed().log
    # Measured elsewhere, a model as it is placed on 16 GPUs: 0.9356.
    assert 0.9 < hot.usual().log < 0.97


def test_the_panel_is_about_one_thing():
    """As much comes; less is read; no GPU stands out; clocks stay. The finding does not name the cause."""
    lab = load_lab()
    shown, mended = hot.hot_minutes(lab), hot.hot_minutes_mended(lab)
    shown.refuse(), mended.refuse()
    charts = {chart.title: list(chart.values) for chart in shown.charts}
    came, read = (charts[title] for title in ("Prompt tokens that come", "Prompt tokens read"))
    line = list(mended.chart("Requests waiting").values)
    assert max(came) < 1.06 * min(came)
    assert max(line[: hot.BEFORE]) == 0 and line[-1] > 1000 and line[hot.BEFORE :] == sorted(line[hot.BEFORE :])
    assert max(read[hot.BEFORE :]) < 0.97 * min(came)
    busy, idle = (charts[f"Tensor cores, {which} GPU"] for which in ("busiest", "idlest"))
    assert all(most / least < 1.08 for most, least in zip(busy, idle, strict=True))
    # Arithmetic for a token does not change, so tensor cores follow the tokens that are read.
    assert all(
        share / tokens == pytest.approx(busy[0] / read[0], rel=0.04) for share, tokens in zip(busy, read, strict=True)
    )
    # What would move with a slow card, a slow link or longer documents stands still.
    for title in ("SM clock, slowest GPU", "NVLink retries, all GPUs", "Tokens of a prompt, mean"):
        assert len(set(charts[title])) == 1, title
    assert str(Quantity(sum(came) / len(came), "tok/s")) in shown.finding
    assert not any(word in shown.finding.lower() for word in ("expert", "layer", "uneven"))
    again = mended.chart("Requests waiting").compare
    assert again[-1] == 0 and max(again) < 0.3 * line[-1]


def test_tokens_are_kept_in_line():
    """What came is what was read and what waits, minute by minute."""
    line = 0.0
    for came, read, left, _ in hot._minutes(False):
        line += 60 * (came - read)
        assert left == pytest.approx(line) and left >= -1e-6


def test_how_long_until_it_heals():
    """3,000 steps of 2 s are 100 minutes; of 40 ms, 2."""
    lab = load_lab()
    assert float(hot.heals_after(lab)) == pytest.approx(3000 * hot.step_s(hot.changed()) / 60, abs=1)
    assert float(hot.heals_after_decoding(lab)) == pytest.approx(2)
