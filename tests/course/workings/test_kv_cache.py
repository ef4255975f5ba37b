"""Lesson 6: what a token keeps from its config.json, a state against a twin, pages that fit both, a latent under the roof."""

from __future__ import annotations

import math

import pytest

from lessonlib.course.lesson_06 import config_keys, explorer, held_by_request, kv_of_models, workings
from lessonlib.course.lesson_07 import full_server
from lessonlib.course.lesson_10 import seats
from lessonlib.roofline import (
    BLOCK_TOKENS,
    DEFAULT_LAB,
    System,
    capacity,
    decode,
    lab_names,
    load_lab,
    load_model,
    max_batch,
    model_names,
    prefill,
)
from lessonlib.serving import Scheduler
from lessonlib.serving.replica.pages import pages

DEEPSEEK = "deepseek-v3-8xh200-fp8"
OTHER_SHAPES = ("bloom-176b", "gemma-2-9b", "gemma-3-1b", "phi-3-mini", "mistral-7b")


@pytest.mark.parametrize("name", [name for name in model_names() if name not in OTHER_SHAPES])
def test_the_function_that_learners_are_compared_with_is_the_engine(name):
    assert config_keys.kv_of_config(config_keys.published(name)) == config_keys.kv_of_model(name)


@pytest.mark.parametrize("name", lab_names())
def test_three_cases_and_every_slip_shows_in_one_of_them(name):
    titled = {case["title"]: case["config"] for case in config_keys.kv_cases(load_lab(name))}
    cases = list(titled.values())
    assert len(cases) == 3
    assert any("kv_lora_rank" in case for case in cases) and any("layer_types" in case for case in cases)
    slips = (
        config_keys.kv_in_all_layers,
        config_keys.kv_of_query_heads,
        config_keys.kv_in_all_layers_and_heads,
        config_keys.kv_of_width_over_heads,
        config_keys.kv_of_kv_heads,
        config_keys.kv_of_latent_twice,
        config_keys.kv_keys_only,
        config_keys.kv_in_bits,
    )
    for slip in slips:
        factors = [slip(case) / config_keys.kv_of_config(case) for case in cases]
        assert any(abs(factor - 1) > 0.02 for factor in factors), slip.__name__


def test_a_benchmark_that_reads_kv_heads_counts_a_latent_25_times_too_large():
    lab = load_lab(DEFAULT_LAB)
    assert round(float(kv_of_models.latent_as_kv_heads(lab)) / float(kv_of_models.latent_kv(lab))) == 25
    assert float(kv_of_models.latent_kv(lab)) == 70_272
    assert float(kv_of_models.old_kv(lab)) == 524_288


def test_eight_gpus_keep_the_latent_eight_times_and_four_heads_twice():
    assert float(kv_of_models.spread_held(load_lab(DEFAULT_LAB))) == 8 * 70_272
    assert float(kv_of_models.spread_held(load_lab(DEEPSEEK))) == 2 * 65_536


def test_the_state_pays_where_the_twins_cache_outweighs_it():
    lab = load_lab(DEFAULT_LAB)
    at = round(float(held_by_request.state_pays_from(lab)))
    kv, twin = 65_536, 262_144
    state = float(held_by_request.state_traffic(lab))
    assert at == pytest.approx(1_566, abs=2)
    assert at * twin == pytest.approx(at * kv + state, rel=1e-3)


@pytest.mark.parametrize("name", lab_names())
def test_a_page_of_a_hybrid_is_the_simulators(name):
    lab = load_lab(name)
    hybrid = load_lab(DEFAULT_LAB)
    tokens = float(held_by_request.page_tokens(lab))
    assert tokens == pages(hybrid.system, Scheduler()).tokens == 784
    assert float(held_by_request.page_by_default(lab)) == BLOCK_TOKENS == 16


@pytest.mark.parametrize("name", lab_names())
def test_bringing_the_cache_takes_as_long_as_reading_at_that_bandwidth(name):
    lab = load_lab(name)
    held = float(workings.bring_from(lab)) * prefill(lab.system, lab.prompt).ceiling_s
    own = capacity(lab.system, lab.prompt)
    copies = kv_copies(lab)
    assert held == pytest.approx(own.kv_bytes_per_sequence / copies + own.whole_state_bytes_per_sequence, rel=1e-6)
    assert str(workings.bits_from(lab)).endswith("Gbit/s")


def test_what_is_brought_is_said_by_its_parts():
    lab = load_lab("gpt-oss-120b-h100-mxfp4")
    assert float(workings.held_to_bring(lab)) == 36_864 * (4_096 + 128)
    by_hand = 36_864 * (4_096 + 128) / float(workings.recomputed_step(lab))
    assert float(workings.bring_from(lab)) == pytest.approx(by_hand)


@pytest.mark.parametrize("name", lab_names())
def test_without_a_cache_a_token_costs_a_prefill_of_all_before_it(name):
    lab = load_lab(name)
    seconds = lab.prompt * float(workings.flops_of_each(lab)) / float(workings.peak_of_reading(lab))
    assert float(workings.recompute_factor(lab)) == pytest.approx(seconds / float(workings.cached_step(lab)))
    assert float(workings.recompute_one_by_one(lab)) == lab.prompt > 10 * float(workings.recompute_factor(lab))


def test_chats_are_brought_with_one_state_each():
    lab = load_lab(DEFAULT_LAB)
    tokens, state = 65_536 * 65_536, float(held_by_request.hybrid_state(lab))
    factor = float(held_by_request.chats_over_document(lab))
    assert factor == pytest.approx((tokens + 64 * state) / (tokens + state))
    assert float(held_by_request.chats_as_in_a_step(lab)) > 1.5 * factor


@pytest.mark.parametrize("name", lab_names())
def test_the_next_network_brings_a_cache_in_time(name):
    lab = load_lab(name)
    assert workings.network_too_slow(lab) < float(workings.bits_from(lab)) < workings.network_fast_enough(lab)


def test_a_quarter_of_the_layers_would_be_a_quarter_of_the_work():
    hybrid, dense = load_lab(DEFAULT_LAB), load_lab("llama-3.1-8b-a100-80gb")
    assert float(workings.recompute_growing_layers(hybrid)) == pytest.approx(
        float(workings.recompute_factor(hybrid)) / 4
    )
    assert float(workings.recompute_growing_layers(dense)) == float(workings.recompute_factor(dense))


@pytest.mark.parametrize("name", lab_names())
def test_lessons_6_7_and_10_count_pages_by_one_rule(name):
    lab = load_lab(name)
    all_pages, fixed, tokens = seats.pages_of(lab).total, seats.pages_of(lab).fixed, seats.pages_of(lab).tokens
    assert held_by_request.prompts_in_pages(lab) == all_pages // (fixed + math.ceil(lab.prompt / tokens))
    assert full_server.short_ones_in_pages(lab) == all_pages // (fixed + math.ceil(512 / tokens))


@pytest.mark.parametrize("name", lab_names())
def test_without_a_cache_what_is_shown_makes_what_is_printed(name):
    """Two FLOPs for each parameter below the output head, and attention's part; the head runs for one token of the prompt."""
    lab = load_lab(name)
    seconds = 2 * lab.prompt * float(workings.parameters_below_head(lab)) / float(workings.peak_of_reading(lab))
    back = float(workings.looking_back_time(lab))
    assert 0 < back < 0.15 * seconds
    factor = (seconds + back) / float(workings.cached_step(lab))
    assert factor == pytest.approx(float(workings.recompute_factor(lab)))


def test_without_a_cache_by_hand_on_the_default_lab():
    lab = load_lab(DEFAULT_LAB)
    seconds = 2 * 24.4e9 * 4_096 / 1.98e15 + 2.2e-3
    assert f"{1e3 * seconds:.3g} ms" == str(workings.recomputed_step(lab)) == "103 ms"
    assert f"{seconds / 7.74e-3:.3g}×" == str(workings.recompute_factor(lab))


def test_whole_pages_hold_fewer_requests_of_a_hybrid_than_its_bytes_would():
    lab = load_lab(DEFAULT_LAB)
    page = 784 * 4_096 * 16
    room = 0.92 * 160e9 - 53_791_996_928
    assert held_by_request.prompts_in_pages(lab) == room // page // (6 + 2 * 3) == 151, (
        "two states, with prefix caching"
    )
    assert held_by_request.prompts_that_fit(lab) == 221
    plain = load_lab("llama-3.1-8b-a100-80gb")
    assert held_by_request.prompts_in_pages(plain) == held_by_request.prompts_that_fit(plain)


def test_a_latent_counted_twice_is_twice_all_that_is_kept():
    lab = load_lab(DEFAULT_LAB)
    assert float(kv_of_models.latent_twice(lab)) == 2 * 70_272
    config = config_keys.published("deepseek-v3")
    assert config_keys.kv_of_latent_twice(config) == 2 * 70_272
    assert kv_of_models.latent_width_over_heads(lab) == 56


def test_what_a_layer_keeps_leads_to_the_page():
    lab = load_lab(DEFAULT_LAB)
    assert float(held_by_request.hybrid_kv_of_a_layer(lab)) == 2 * 4 * 256 * 2
    small = float(held_by_request.hybrid_kv_of_a_small_page(lab))
    assert small == 16 * 16 * 4_096
    tokens = (float(held_by_request.hybrid_state(lab)) / 48) / (small / 16 / 16)
    assert tokens <= float(held_by_request.page_tokens(lab)) < tokens + 16


def kv_copies(lab) -> float:
    return max(group.mixer.kv_copies(lab.system.tp) for group in lab.system.model.layers if group.mixer.kv_values)


@pytest.mark.parametrize("name", lab_names())
def test_the_latents_dot_is_the_engines_attention_on_one_gpu(name):
    lab = load_lab(name)
    dot = workings.place_of_latent(lab)
    one = System(load_model("deepseek-v3"), lab.system.gpu)
    part = next(each for each in decode(one, 1, 65_536).operations if each.kind == "attention")
    assert dot["x"] == pytest.approx(part.flops / part.kv_read_bytes, rel=1e-3)
    roof = workings.own_roof(lab)
    assert dot["y"] <= max(roof["y"])
    assert (dot["y"] == lab.system.gpu.flops["bf16"]) == workings.latent_over_ridge(lab)


@pytest.mark.parametrize("name", lab_names())
@pytest.mark.parametrize("context", [512, 131_072])
def test_the_explorer_says_what_the_capacity_says(name, context):
    lab = load_lab(name)
    shown = explorer.explore_kv(lab, context=context, requests=16, kv=lab.system.kv, gpu=lab.system.gpu.name)
    room = capacity(lab.system, context)
    assert float(shown.value("fit")) == max_batch(lab.system, context)
    held = 16 * (room.kv_bytes_per_sequence + room.whole_state_bytes_per_sequence)
    assert float(shown.value("held")) == held
    bar = shown.bars[0]
    assert sum(part.value for part in bar.parts) == room.weight_bytes + held
    assert bar.limit == room.usable_bytes
    assert (bar.note == "does not fit") == (room.sequences < 16)


def test_a_cache_in_fewer_bits_and_another_card_are_tried():
    lab = load_lab(DEFAULT_LAB)
    own = {"context": 4_096, "requests": 8, "gpu": lab.system.gpu.name}
    wide, narrow = (explorer.explore_kv(lab, **own, kv=kv) for kv in ("bf16", "fp8"))
    assert float(narrow.value("fit")) > float(wide.value("fit"))
    assert float(narrow.value("state")) == float(wide.value("state"))
    larger = explorer.explore_kv(lab, context=4_096, requests=8, kv="bf16", gpu="b200")
    assert float(larger.value("fit")) > float(wide.value("fit"))
    assert explorer.kv_cards(lab)[0]["value"] == explorer.kv_card_start(lab)
