"""Popular experts: shares, experts met and the busiest GPU against a draw token by token, and what the engine makes of them."""

from __future__ import annotations

import numpy as np
import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.roofline import System, decode, load_gpu, load_model
from lessonlib.roofline.band import band
from lessonlib.roofline.expert_routing import busiest, distinct, shares


def taken(experts: int, active: int, popularity: float, tokens: int, trials: int) -> np.ndarray:
    """[trial, token, place]: experts that each token takes, one after another by their weights, none twice. By the book."""
    chance = np.random.default_rng(7)
    weights = np.arange(1, experts + 1) ** -popularity
    out = np.empty((trials, tokens, active), int)
    for trial in range(trials):
        for token in range(tokens):
            out[trial, token] = chance.choice(experts, size=active, replace=False, p=weights / weights.sum())
    return out


@pytest.mark.parametrize("popularity", [0.0, 0.5, 1.0, 2.0])
def test_shares_sum_to_what_a_token_takes_and_are_what_a_draw_gives(popularity: float) -> None:
    found = np.array(shares(32, 4, popularity))
    assert found.sum() == pytest.approx(4) and (np.diff(found) <= 0).all() and found.max() <= 1
    drawn = np.bincount(taken(32, 4, popularity, 20, 150).ravel(), minlength=32) / 3000
    assert np.abs(found - drawn).max() < 0.03


@pytest.mark.parametrize("popularity", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("tokens", [1, 4, 16])
def test_experts_met(popularity: float, tokens: int) -> None:
    drawn = taken(64, 6, popularity, tokens, 200)
    met = np.mean([np.unique(each).size for each in drawn])
    assert distinct(64, 6, popularity, tokens) == pytest.approx(met, rel=0.02)


def test_a_fair_router_meets_what_the_closed_form_says() -> None:
    for tokens in (1, 8, 64, 512):
        assert distinct(128, 8, 0.0, tokens) == pytest.approx(128 * (1 - (1 - 8 / 128) ** tokens))
    assert shares(8, 8, 1.0) == (1.0,) * 8


@pytest.mark.parametrize(("popularity", "tokens"), [(0.0, 1), (0.0, 16), (1.0, 16)])
def test_the_busiest_gpu(popularity: float, tokens: int) -> None:
    drawn = taken(64, 8, popularity, tokens, 150)
    chance, gpus = np.random.default_rng(3), 8
    rows, reads = [], []
    for each in drawn:
        home = chance.permutation(64) // (64 // gpus)
        by_gpu = np.bincount(home[each.ravel()], minlength=gpus)
        different = np.bincount(home[np.unique(each)], minlength=gpus)
        rows.append(by_gpu.max()), reads.append(different.max() / different.mean())
    found = busiest(64, 8, popularity, gpus, tokens)
    assert found[0] == pytest.approx(np.mean(rows) / (tokens * 8 / gpus), rel=0.06)
    assert found[1] == pytest.approx(np.mean(reads), rel=0.06)


def test_chance_wears_off_with_tokens_and_popularity_does_not() -> None:
    fair, zipf = (busiest(128, 8, popularity, 8, np.array([16, 256, 4096]))[0] for popularity in (0.0, 1.0))
    assert (np.diff(fair) < 0).all() and fair[-1] == pytest.approx(1, abs=0.05)
    assert zipf.min() > 1.4
    assert busiest(128, 8, 1.0, 1, 64) == (1.0, 1.0)


def mixture(**more: object) -> System:
    return System(load_model("qwen3-30b-a3b"), load_gpu("h100-sxm"), **more)  # type: ignore[arg-type]


def test_popular_experts_save_bytes_on_one_gpu_and_never_touch_the_ceiling() -> None:
    even, fair, zipf = (decode(mixture(popularity=each), 16, 2048) for each in (None, 0.0, 1.0))
    assert even.ceiling_s == fair.ceiling_s == zipf.ceiling_s
    assert fair.expected_s == pytest.approx(even.expected_s)
    assert zipf.expected_s < 0.9 * even.expected_s


def test_spread_over_gpus_they_cost_balance() -> None:
    even, fair, zipf = (decode(mixture(tp=1, dp=8, ep=8, popularity=each), 4096, 512) for each in (None, 0.0, 1.0))
    assert even.ceiling_s == fair.ceiling_s == zipf.ceiling_s
    assert even.expected_s < fair.expected_s < zipf.expected_s


def test_the_bands_say_that_nothing_measured_tells_of_it() -> None:
    unseen = band(mixture(popularity=0.5), "decode step").unseen
    assert any("experts of unequal popularity" in each for each in unseen)
    assert not any("popularity" in each for each in band(mixture(), "decode step").unseen)


@pytest.mark.parametrize("value", [-0.1, 3.1, float("nan"), True, "1"])
def test_bad_exponents_are_one_line(value: object) -> None:
    with pytest.raises(LessonlibError, match="^popularity: expected a number from 0 to 3, not"):
        mixture(popularity=value)


def test_a_dense_model_has_no_experts_to_be_popular() -> None:
    with pytest.raises(LessonlibError, match="has no experts"):
        System(load_model("qwen3-32b"), load_gpu("h100-sxm"), popularity=1.0)
