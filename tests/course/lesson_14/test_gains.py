"""Gains by format against hand computations, limits, and what was published."""

from __future__ import annotations

import pytest

from lessonlib.course.lesson_14 import cache_bits, gains, measured
from lessonlib.course.lesson_14.explore import (
    explore_formats,
    format_batches,
    format_caches,
    format_contexts,
    format_weights,
)
from lessonlib.course.lesson_14.formats import (
    WEIGHTS_ONLY,
    bits_are_of_own,
    both_narrow,
    own_loses_nothing,
    reading_of,
    sixteen_bit_lab,
    step_of,
    stored,
    weighed,
    weights_are_of_own,
    weights_example,
)
from lessonlib.roofline import (
    System,
    kv_bytes_per_token,
    lab_names,
    load_gpu,
    load_lab,
    load_model,
    max_batch,
    weight_bytes_read,
)

every_lab = pytest.mark.parametrize("name", lab_names())
own_labs = pytest.mark.parametrize("name", [name for name in lab_names() if bits_are_of_own(load_lab(name))])


@every_lab
def test_the_questions_begin_in_16_bits(name):
    taken = sixteen_bit_lab(load_lab(name))
    assert (taken.system.weights, taken.system.kv) == ("bf16", "bf16") and not taken.system.model.is_mixture


@every_lab
def test_claims(name):
    lab = load_lab(name)
    assert gains.gain_fades(lab) and cache_bits.tokens_count_not_length(lab)


@own_labs
def test_weights_alone_save_no_arithmetic(name):
    """The ceiling of a prompt stays. From Hopper on the time expected grows by no more than 1 / 0.66, as all but the matrices stays;
    before, not at all. With vectors in 8 as well, prompts are read between 1.2 and 2 times as fast.
    """
    lab = load_lab(name)
    wide, four, eight = (reading_of(stored(lab, kind), 4096) for kind in ("bf16", WEIGHTS_ONLY, both_narrow(lab)))
    assert four.ceiling_s == pytest.approx(wide.ceiling_s, rel=1e-3)
    longer = four.expected_s / wide.expected_s
    assert longer == pytest.approx(1, rel=0.02) if own_loses_nothing(lab) else 1.35 < longer < 1 / 0.66
    assert 1.2 < wide.expected_s / eight.expected_s < 2 and wide.ceiling_s / eight.ceiling_s <= 2


def test_an_a100_loses_nothing_and_is_asked_about_the_default_lab():
    """Published: 255 and 262 TFLOP/s against 263 with 16-bit weights; a full server with 2,370 tok/s against 2,503."""
    lab = load_lab("llama-3.1-8b-a100-80gb")
    assert own_loses_nothing(lab) and bits_are_of_own(lab) and not weights_are_of_own(lab)
    assert weights_example(lab) == weights_example(load_lab()) and weighed(lab) == weighed(load_lab())
    assert stored(lab).gpu.architecture == "ampere"
    assert all(weights_are_of_own(load_lab(name)) for name in ("qwen3-32b-h200", "qwen3.5-27b-2xh100-nvl"))
    products = [float(each) for each in measured.product_rates_a100(lab)]
    assert min(products) / products[0] > 0.96


def test_a_prompt_on_h100_by_hand():
    """Its matrices take 1 / 0.66 as long, all else as long as before: 92.8 ms, of which 75 are matrices, become 132."""
    lab = load_lab()
    before, after = (reading_of(weighed(lab, kind), 2048).expected_s for kind in ("bf16", WEIGHTS_ONLY))
    matrices = (after - before) / (1 / 0.66 - 1)
    assert (before, after) == (pytest.approx(0.0928, rel=0.01), pytest.approx(0.132, rel=0.01))
    assert 0.7 < matrices / before < 0.9
    products = [float(each) for each in measured.product_rates_h100(lab)]
    assert products[1] / products[0] == pytest.approx(0.66, abs=0.01)


def test_the_prompt_of_the_b200_comes_near_the_published_one():
    """402 ms in 16 bits and 966 with 4-bit weights that are multiplied in 16: 2.4 times."""
    model, gpu = load_model("qwen3.5-27b"), load_gpu("b200")
    wide, narrow = (reading_of(System(model, gpu, 1, kind), 8192).expected_s for kind in ("bf16", WEIGHTS_ONLY))
    published = measured.PUBLISHED["nvfp4"][0] / measured.PUBLISHED["bf16"][0]
    assert published == pytest.approx(2.40, abs=0.01)
    assert published / 1.25 < narrow / wide < 1.25 * published


def test_an_a100_has_no_fp8_and_a_hopper_has():
    assert both_narrow(load_lab("llama-3.1-8b-a100-80gb")) == "int8-w8a8"
    assert both_narrow(load_lab("qwen3-32b-h200")) == "fp8"


@own_labs
def test_gain_at_the_ceiling_is_a_quotient_of_bytes(name):
    """One request of a dense model: bytes before over bytes after, with the cache and the states on both sides."""
    lab = load_lab(name)
    steps = [step_of(weighed(lab, kind), 1, gains.CONTEXT) for kind in ("bf16", WEIGHTS_ONLY)]
    weights = [weight_bytes_read(weighed(lab, kind)) for kind in ("bf16", WEIGHTS_ONLY)]
    saved = (steps[0].ceiling_s - steps[1].ceiling_s) * weighed(lab).bandwidth
    assert saved == pytest.approx(weights[0] - weights[1], rel=0.01)
    assert float(gains.alone_gain(lab)) < float(gains.alone_gain_ceiling(lab)) < 4


def test_a_cache_in_8_bits_by_hand():
    """Llama-3.1-8B: 131,072 B a token, so 537 MB for 4,096, beside 15.0 GB of weights: 18.6 requests make it 1.25 times as fast."""
    lab = load_lab("llama-3.1-8b-a100-80gb")
    cache, weights = 4096 * 131072, float(cache_bits.quiz_weight_bytes(lab))
    assert kv_bytes_per_token(stored(lab)) == 131072 and float(cache_bits.quiz_request_bytes(lab)) == cache
    needed = float(cache_bits.requests_for_gain(lab))
    assert (weights + needed * cache) / (weights + needed * cache / 2) >= 1.25
    assert (weights + (needed - 1) * cache) / (weights + (needed - 1) * cache / 2) < 1.25
    # The engine's own ceiling agrees: it fetches nothing else to speak of.
    wide, narrow = (step_of(stored(lab, kv=kv), int(needed), 4096).ceiling_s for kv in ("bf16", "fp8"))
    assert wide / narrow == pytest.approx(1.25, abs=0.01)


def test_seats_beside_smaller_weights_by_hand():
    """36 GB less 26 is 10; less 6.7 it is 29.3."""
    lab = load_lab()
    assert float(measured.seats_gained(lab)) == pytest.approx((36 - 6.703) / (36 - 26), abs=0.01)
    assert float(measured.seats_gained_on_80(lab)) == pytest.approx((72 - 6.703) / (72 - 26), abs=0.01)


@every_lab
def test_one_request_lies_within_its_band(name):
    lab = load_lab(name)
    for low, expected, high in zip(gains.own_low(lab), gains.own_expected(lab), gains.own_high(lab), strict=True):
        assert float(low) < float(expected) < float(high)
    for ceiling, expected in zip(gains.own_ceilings(lab), gains.own_expected(lab), strict=True):
        assert float(ceiling) < float(expected)


def test_published_numbers():
    """From the file: totals of prompts and answers, of which an answer is a ninth."""
    lab = load_lab()
    assert float(measured.wide_full_b200(lab)) == pytest.approx(12154 / 9)
    assert float(measured.eight_over_wide_b200(lab)) == pytest.approx(1.335, abs=0.001)
    # The post's own fit: a packed cache costs 0.14 ms and saves 2.00e-5 ms a token.
    assert pytest.approx(float(cache_bits.break_even_context(lab)), rel=0.01) == (6.58 - 6.44) / (4.37e-5 - 2.37e-5)
    assert float(measured.large_llama_cache(lab)) == 819200
    assert float(measured.large_llama_seats(lab)) == pytest.approx(36.6, abs=0.1)


def test_the_default_labs_numbers():
    """As they were when the words were written: a change of the engine shows here first."""
    lab = load_lab()
    assert [str(each) for each in gains.gains_in_4(lab)] == ["1.89×", "1.76×", "1.48×", "1.1×", "0.867×"]
    assert [str(each(lab)) for each in (cache_bits.cache_gain_long, cache_bits.cache_gain_many)] == ["1.06×", "1.05×"]


@every_lab
def test_every_stop_of_the_explorer_can_be_drawn(name):
    lab = load_lab(name)
    for weights in format_weights(lab):
        for kv in format_caches(lab):
            for batch in (format_batches(lab)[0], format_batches(lab)[-1]):
                shown = explore_formats(
                    lab, weights=weights["value"], kv=kv["value"], batch=batch, context=format_contexts(lab)[-1]
                )
                shown.refuse(["lines"])
                assert shown.lines[0].y[0] >= 0.99


@every_lab
def test_only_the_caches_gain_grows_with_requests(name):
    """As the explorer's guess says, with contexts of 32,768 and as many requests as have room in 16 bits."""
    lab = load_lab(name)
    last = [batch for batch in format_batches(lab) if batch <= max_batch(stored(lab), 32768)][-1]
    for weights, kv in (("bf16", "fp8"), (WEIGHTS_ONLY, "bf16"), (both_narrow(lab), "bf16")):
        few, many = (
            explore_formats(lab, weights=weights, kv=kv, batch=batch, context=32768).points[0].y for batch in (1, last)
        )
        assert last > 1 and (many > 1.03 * few if kv == "fp8" else many < 0.97 * few)


def test_what_is_left_in_16_bits_by_hand():
    """Llama-3.1-8B: an output head of 128,256 x 4,096 in 2 bytes, and next to nothing else."""
    lab = load_lab("llama-3.1-8b-a100-80gb")
    assert float(gains.own_left_wide(lab)) == pytest.approx(128256 * 4096 * 2, rel=0.01)
    assert float(measured.large_llama_seats_in_4(lab)) == pytest.approx(51.9, abs=0.2)


def test_room_is_counted_by_the_page_as_in_lesson_10():
    """4,096 tokens are 6 pages of 784, and states take 6 more of the 1,817; in 8 bits a page has twice the tokens, and states take as many."""
    lab = load_lab()
    shown = {
        kv: explore_formats(lab, weights="bf16", kv=kv, batch=16, context=4096).value("seats") for kv in ("bf16", "fp8")
    }
    assert str(shown["bf16"]).startswith(f"{1817 // (6 + 6)} ") and str(shown["fp8"]).startswith(f"{1817 // (6 + 3)} ")
