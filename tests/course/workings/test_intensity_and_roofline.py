"""Numbers of lessons 2 and 3 that anybody can check by hand, and the timed layer beside its computed roof."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from lessonlib.course.lesson_03 import timed_layer
from lessonlib.course.shared import intensity
from lessonlib.lesson.code import code_of
from lessonlib.roofline import decode, lab_names, load_gpu, load_lab, load_model, max_batch, prefill, weight_bytes_read
from tests.course.found import plot

#: what the words of lessons 2 and 3 can name
lesson_02, lesson_03 = (SimpleNamespace(**code_of(number).workings) for number in (2, 3))


def test_the_default_lab_by_hand() -> None:
    lab = load_lab()
    assert float(lesson_02.intensity_of_one(lab)) == pytest.approx(1)
    assert float(lesson_02.intensity_of_attention_in_batch(lab)) == pytest.approx(24 / 4)
    own = 4096 * 65_536 + 65_536 + 2 * (150_994_944 + 2_949_120)
    assert float(lesson_02.intensity_of_any_batch(lab)) == pytest.approx(float(lesson_02.own_flops(lab)) / own)
    assert float(lesson_03.ridge(lab)) == pytest.approx(989 / 3.35)
    assert float(lesson_03.h100_fp8_crossing(lab)) == pytest.approx(1979 / 3.35 / 2)
    assert float(lesson_03.four_bit_crossing(lab)) == 39


def test_the_corner_has_one_home() -> None:
    """The sheet's ridge, the crossing, and the fp8 crossing all print 295; only the stopwatch says 296."""
    lab = load_lab()
    printed = (lesson_03.ridge, lesson_03.crossing, lesson_03.h100_ridge, lesson_03.h100_fp8_crossing)
    assert {working(lab).bare for working in printed} == {"295"}
    assert float(lesson_03.corner_from_times(lab)) == pytest.approx(47.36 / (163.96 / 1024), rel=1e-3)
    assert lesson_03.corner_from_times(lab).bare == "296"


def test_a_published_figure_takes_a_batch() -> None:
    """A 70B in 16 bits: 60 FLOPs a byte of the weights and of B caches are B requests' FLOPs; one request has about 1."""
    lab = load_lab()
    batch = float(lesson_02.article_batch(lab))
    weights, own, flops = (float(getattr(lesson_02, f"article_{part}")(lab)) for part in ("weights", "own", "flops"))
    assert own == pytest.approx(4097 * 327_680)
    assert batch == pytest.approx(120.5, abs=0.1)
    assert batch * flops / (weights + batch * own) == pytest.approx(60)
    assert float(lesson_02.article_counter(lab)) > 800
    assert lesson_02.article_at_one(lab).bare == "1.07" and lesson_02.article_at_sixty(lab).bare == "40.9"


def test_the_equation_of_the_published_figure_has_its_solution() -> None:
    lab = load_lab()
    assert lesson_02.article_equation(lab) == "149.7·B = 60·(139.0 + 1.343·B), in billions"
    assert str(lesson_02.article_batch(lab)) == "120 requests"
    assert pytest.approx(float(lesson_02.article_batch(lab)), rel=2e-3) == 60 * 139.0 / (149.7 - 60 * 1.343)


def test_a_prompt_in_chunks_fetches_the_weights_for_each() -> None:
    """Eight chunks of 512: eight fetches of 51.2 GB (the head's 2.5 GB in the last one only) for one prompt's FLOPs."""
    lab = load_lab()
    whole = prefill(lab.system, 4096)
    assert lesson_02.intensity_in_chunks(lab).bare == "493"
    assert whole.intensity / float(lesson_02.intensity_in_chunks(lab)) == pytest.approx(8, abs=0.1)


@pytest.mark.parametrize("name", lab_names())
def test_fine_tunes_share_nothing_between_them(name: str) -> None:
    """Four requests to each model: two FLOPs for each of four tokens over a weight's bytes, where all tokens use all weights."""
    lab = load_lab(name)
    apart, together, one = (
        float(getattr(lesson_02, working)(lab))
        for working in ("intensity_of_fine_tunes", "intensity_of_one_model", "intensity_of_one")
    )
    assert one < apart < together
    assert lab.system.model.is_mixture or (apart, together) == (pytest.approx(4 * one), pytest.approx(32 * one))


def test_a_hit_of_nine_tenths_leaves_a_tenth_of_the_flops() -> None:
    assert lesson_02.flops_of_last_tenth(load_lab()).bare == "10"


def test_kernels_one_after_another_take_longer_than_their_sum() -> None:
    """512 requests of 4,096 tokens on the default lab, in ms; twice the FLOP/s save a tenth of it."""
    lab = load_lab()
    assert str(lesson_02.step_overlapped(lab)) == "51.7 ms"
    assert str(lesson_02.step_in_turn(lab)) == "57.3 ms"
    assert float(lesson_03.faster_math_saves(lab)) == pytest.approx(9.8, abs=0.1)


def test_no_batch_of_whole_steps_is_bound_by_compute() -> None:
    lab = load_lab()
    assert lesson_02.intensity_of_any_batch(lab).bare == "92.2"
    assert float(lesson_03.share_of_any_batch(lab)) == pytest.approx(100 * 92.2 / 295.2, rel=1e-2)
    assert float(lesson_03.share_of_attention(lab)) == pytest.approx(100 * 6 / 295.2, rel=1e-2)


def test_what_vllm_counts_by_hand() -> None:
    """One step of a dense model without windows, one GPU: Llama 3.1 8B in 16 bits."""
    lab, tokens = load_lab("llama-3.1-8b-a100-80gb"), 4096
    hidden, wide, query, pair, words, layers = 4096, 14_336, 4096, 2048, 128_256, 32
    matrices = hidden * (query + pair) + query * hidden + 3 * hidden * wide
    flops = layers * (2 * tokens * matrices + 4 * query * tokens * tokens) + 2 * hidden * words
    handed_on = 2 * tokens * (hidden + (query + pair) + query + hidden + 2 * hidden + 6 * wide)
    attention = 2 * tokens * (query + pair + pair)
    moved = layers * (2 * matrices + handed_on + attention) + 2 * (hidden + words + hidden * words)
    assert float(lesson_02.counter_of_prompt(lab)) == pytest.approx(flops / moved, rel=1e-6)


def test_vllm_takes_linear_attention_for_full_attention() -> None:
    """The default lab's counters: reading far below what must cross, and a step of 128 below it too, for caches that are not there."""
    lab = load_lab()
    assert lesson_02.counter_of_prompt(lab).bare == "1,520" and lesson_02.intensity_of_prompt(lab).bare == "3,950"
    assert lesson_02.counter_of_step(lab).bare == "36.1" and lesson_02.intensity_at_counter(lab).bare == "54.4"


def test_attention_inside_a_prompt_counts_queries_and_outputs() -> None:
    """E of the default lab by hand: 24 query heads, 4 of keys and of values, 2,048 tokens seen on average."""
    by_hand = 4 * 24 * 2048.5 / (2 * (24 + 24 + 2 * 4))
    assert float(lesson_03.attention_reading(load_lab())) == pytest.approx(by_hand, rel=1e-3)


@pytest.mark.parametrize("name", lab_names())
def test_the_rule_for_a_short_prompt_can_be_worked_out(name: str) -> None:
    """Ridge times bytes over the FLOPs of a token comes within the band that is judged as close."""
    lab = load_lab(name)
    assert float(lesson_03.rule_for_prompt(lab)) / float(lesson_03.shortest_prompt(lab)) == pytest.approx(1, abs=0.25)


@pytest.mark.parametrize("name", lab_names())
def test_dots_stand_on_the_roof(name: str) -> None:
    lab = load_lab(name)
    for place in (lesson_03.place_of_matrix, lesson_03.place_of_writers, lesson_03.place_as_16):
        dot = place(lab)
        assert dot["y"] == pytest.approx(min(lab.system.flops, lab.system.bandwidth * dot["x"]))
    above = lesson_03.place_above_roof(lab)
    assert (above["y"] > lab.system.flops) == lesson_03.placed_at_peak(lab)
    roof = lesson_03.roof_curve(lab)
    assert roof["x"][2] == lab.system.ridge and roof["y"][2:] == pytest.approx([lab.system.flops] * 3)


def test_more_bandwidth_lowers_the_ridge() -> None:
    """An H200 against an H100; on a lab of H200s, whose ridge is known by then, two A100s."""
    lab, other = load_lab(), load_lab("qwen3-32b-h200")
    assert (lesson_03.slower_ridge(lab).bare, lesson_03.faster_ridge(lab).bare) == ("295", "206")
    assert (lesson_03.slower_ridge(other).bare, lesson_03.faster_ridge(other).bare) == ("201", "153")


def test_a_kernel_between_two_ridges_gains_less_than_the_bandwidth() -> None:
    """250 FLOP/byte: 838 of 989 TFLOP/s on an H100, all of them on an H200, with 1.43 times the bandwidth."""
    lab = load_lab()
    assert float(lesson_03.between_gain(lab)) == pytest.approx(989.4e12 / (250 * 3.35e12), rel=1e-3)
    assert float(lesson_03.bandwidth_gain(lab)) == pytest.approx(4.8 / 3.35)


def test_a_chunk_in_the_step_lifts_its_matrices_over_the_ridge() -> None:
    """32 + 448 tokens: 480 FLOP/byte in 16 bits; in a mixture a 32nd of them at each expert, with a byte for each weight."""
    assert float(lesson_03.intensity_at_placed(load_lab())) == 480 and lesson_03.placed_at_peak(load_lab())
    mixture = load_lab("deepseek-v3-8xh200-fp8")
    assert float(lesson_03.intensity_at_placed(mixture)) == pytest.approx(2 * 480 * 8 / 256, rel=1e-3)
    assert not lesson_03.placed_at_peak(mixture)


@pytest.mark.parametrize("name", lab_names())
def test_the_limit_can_be_worked_out_from_the_weights_and_attention(name: str) -> None:
    """A request's FLOPs with the weights over its own bytes, and on top what attention does with these bytes."""
    lab = load_lab(name)
    own = float(lesson_02.own_bytes(lab))
    with_weights = float(lesson_02.intensity_of_one(lab)) * float(lesson_02.weights_read(lab)) / own
    limit = float(lesson_02.intensity_of_any_batch(lab))
    assert with_weights < limit <= with_weights + float(lesson_02.intensity_of_attention_in_batch(lab)) * 1.001


def test_weights_in_8_bits_lift_a_step_of_one_and_no_limit() -> None:
    """Llama-3.1-8B: the layers' 6.98 billion weights in one byte (and scales), the head's 0.53 in two."""
    lab = load_lab("llama-3.1-8b-a100-80gb")
    eight = load_lab("llama-3.1-8b-a100-80gb").system
    fewer = intensity.intensity_of_any_batch(replace(lab, system=replace(eight, weights="int8")))
    assert float(fewer) == pytest.approx(float(lesson_02.intensity_of_any_batch(lab)))
    assert 1.7 < float(lesson_02.step_of_one_in_8_bits(lab)) / float(lesson_02.step_of_one(lab)) < 1.9


@pytest.mark.parametrize("name", lab_names())
def test_the_picture_shows_what_a_byte_of_the_layers_gets(name: str) -> None:
    lab = load_lab(name)
    read = float(lesson_02.layers_intensity_of_prompt(lab))
    assert max(lesson_02.one_share(lab), lesson_02.shared_share(lab), lesson_02.own_share(lab)) < 1
    if lab.system.weights == "bf16":
        assert read == pytest.approx(lab.prompt)


@pytest.mark.parametrize("name", lab_names())
def test_a_crossing_is_where_a_matrix_changes_sides(name: str) -> None:
    """The engine's own matrix is bound by memory one token before the crossing and by compute one after it."""
    lab = load_lab(name)
    tokens, matrix = int(float(lesson_03.crossing(lab))), "experts: down" if lesson_03.is_mixture(lab) else "MLP: down"

    def bound(batch: int) -> str:
        return next(part.bound for part in decode(lab.system, batch=batch, context=0).operations if part.name == matrix)

    assert (bound(tokens - 1), bound(tokens + 1)) == ("memory", "compute")


def test_experts_put_the_crossing_off_by_experts_over_experts_used() -> None:
    lab = load_lab("gpt-oss-120b-h100-mxfp4")
    assert float(lesson_03.crossing(lab)) == pytest.approx(989 / 3.35 * 4.25 / 16 * 128 / 4, rel=1e-3)
    assert float(lesson_03.crossing(load_lab("deepseek-v3-8xh200-fp8"))) == pytest.approx(
        1979 / 4.8 / 2 * 256 / 8, rel=1e-3
    )


def test_a_latent_by_hand() -> None:
    """16 of 128 heads on each of 8 GPUs; 576 numbers for the score and 512 for the sum, two FLOPs each, over 576 x 2 bytes."""
    lab = load_lab("deepseek-v3-8xh200-fp8")
    assert float(lesson_02.intensity_of_attention_in_batch(lab)) == pytest.approx(16 * 2 * (576 + 512) / (576 * 2))
    assert float(lesson_02.attention_all_heads(lab)) == pytest.approx(128 * 2 * (576 + 512) / (576 * 2))


def test_a_batch_touches_more_experts() -> None:
    """Expected distinct experts of 128 that 16 tokens touch with 4 each; a prompt touches them all."""
    lab = load_lab("gpt-oss-120b-h100-mxfp4")
    per_layer = decode(lab.system, 16, 4096).operations
    touched = next(part for part in per_layer if part.name == "experts: down").weight_bytes
    one = next(part for part in decode(lab.system, 1, 4096).operations if part.name == "experts: down").weight_bytes
    assert touched / one == pytest.approx(128 * (1 - (1 - 4 / 128) ** 16) / 4)
    assert float(lesson_02.weights_intensity_in_batch(lab)) < 16 * float(lesson_02.intensity_of_one(lab)) / 4
    assert float(lesson_02.weights_for_prompt(lab)) == pytest.approx(float(lesson_02.weights_at_most(lab)), rel=1e-6)


@pytest.mark.parametrize("name", lab_names())
def test_the_shortest_prompt_is_the_first_that_is_bound_by_compute(name: str) -> None:
    lab = load_lab(name)
    tokens = int(float(lesson_03.shortest_prompt(lab)))
    assert [prefill(lab.system, length).bound for length in (tokens - 1, tokens)] == ["memory", "compute"]


@pytest.mark.parametrize("name", lab_names())
def test_no_batch_passes_the_limit_and_a_huge_one_comes_near(name: str) -> None:
    lab = load_lab(name)
    limit = float(lesson_02.intensity_of_any_batch(lab))
    assert 0.98 * limit < intensity.step(lab, 1_000_000).intensity < limit


def test_weights_alone_know_no_size() -> None:
    lab = load_lab()
    for model in ("llama-3.1-8b", "llama-3.1-405b"):
        assert intensity.of_weights(intensity.of_model(lab, model)) == pytest.approx(1)
    assert intensity.of_kind(intensity.step(load_lab("qwen3-32b-h200"), 4), "linear attention") == 0


def test_batches_end_where_memory_does() -> None:
    lab = load_lab()
    small = replace(lab, system=replace(lab.system, gpu=load_gpu("rtx-4090")))
    assert intensity.batches(small) == [1], "nothing fits"
    assert intensity.batches(lab)[-1] <= max_batch(lab.system, lab.prompt) < 2 * intensity.batches(lab)[-1]


def test_the_plot_of_six_holds_the_layer_below_its_roof() -> None:
    lab = load_lab()
    data = plot("roofline-operations", lab).data
    roof = [min(989e12, 3.35e12 * value) for value in data["timed_intensity"]]
    assert all(reached < most for reached, most in zip(data["timed_flops_per_s"], roof, strict=True))
    assert dict(zip(data["letter"], data["bound"], strict=True)) == dict(
        zip("ABCDEF", ["memory"] * 3 + ["compute"] * 2 + ["memory"], strict=True)
    )
    assert data["intensity"][:3] == pytest.approx([16, 6, 16], rel=1e-2)
    assert data["intensity"][5] == pytest.approx(2, rel=1e-2)


def test_the_plot_of_six_says_where_the_layer_came_nearest_to_its_peak() -> None:
    finding = plot("roofline-operations", load_lab()).alt
    assert "85 % of the peak with 1,024 tokens, 80 % with 4,096" in finding


def test_the_stopwatch_meets_the_sheet_because_both_its_parts_lose_alike() -> None:
    """134.2 MB over 3.35 TB/s, and 137.4 GFLOP over 989 TFLOP/s, against 47.4 and 164 microseconds."""
    lab = load_lab()
    flat, rise = float(timed_layer.flat_over_sheet(lab)), float(timed_layer.rise_over_sheet(lab))
    assert flat == pytest.approx(47.4e-6 / (2 * 8192**2 / 3.35e12), rel=0.01)
    assert rise == pytest.approx(164e-6 / (2 * 8192**2 * 1024 / 989.4e12), rel=0.01)
    assert flat == pytest.approx(rise, rel=0.02)


def test_the_limit_of_a_step_can_be_worked_out_from_what_is_printed() -> None:
    lab = load_lab()
    assert float(lesson_02.own_flops(lab)) / float(lesson_02.own_bytes(lab)) / float(
        lesson_03.ridge(lab)
    ) == pytest.approx(float(lesson_03.share_of_any_batch(lab)) / 100)


def test_the_ends_of_the_axis_are_the_ends_of_the_picture() -> None:
    low, high = intensity.AXIS
    assert intensity.place_on_axis(intensity.per_byte(low)) == 0
    assert intensity.place_on_axis(intensity.per_byte(high)) == pytest.approx(1)


def test_the_timed_layer_stands_beside_the_computed_roof() -> None:
    data = plot("gemm-time", load_lab()).data
    least = [max(pair) for pair in zip(data["memory_s"], data["compute_s"], strict=True)]
    assert all(measured >= computed for measured, computed in zip(data["measured_s"], least, strict=True))
    flat = [seconds for tokens, seconds in zip(data["tokens"], data["measured_s"], strict=True) if tokens <= 256]
    assert data["tokens"][0] == 1 and max(flat) / min(flat) < 1.15
    assert data["memory_s"][0] == pytest.approx(8192 * 8192 * 2 / 3.35e12, rel=1e-3)


def test_the_plot_of_a_step_is_the_curve_that_the_lesson_asks_for() -> None:
    lab = load_lab()
    data, asked = plot("intensity-of-a-step", lab).data, lesson_02.intensity_curve(lab)
    assert data["batch"] == asked["x"] and data["step"] == pytest.approx(asked["y"], rel=1e-3)
    assert weight_bytes_read(lab.system) == 2 * load_model("qwen3.5-27b").parameters_read
