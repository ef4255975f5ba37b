"""Lesson 7: a full server's step and dot, a long neighbour, what tiles gain, two models that are level, a step from a config.json."""

from __future__ import annotations

import pytest

from lessonlib.course.lesson_07 import explorer, full_server, incident, long_models, scores, step_of_config, workings
from lessonlib.course.lesson_07 import long_context as lc
from lessonlib.course.shared import roof as roofs
from lessonlib.roofline import (
    DEFAULT_LAB,
    System,
    capacity,
    decode,
    lab_names,
    load_gpu,
    load_lab,
    load_model,
    max_batch,
    mixed,
    model_names,
    prefill,
)

SLIPS = (
    step_of_config.step_of_weights,
    step_of_config.step_without_state,
    step_of_config.step_state_only_read,
    step_of_config.step_in_all_layers,
    step_of_config.step_with_one_cache,
    step_of_config.step_with_weights_each,
    step_of_config.step_in_milliseconds,
)


@pytest.mark.parametrize("name", lab_names())
def test_a_full_step_is_the_engines_at_the_batch_that_fits(name):
    lab = load_lab(name)
    many = max_batch(lab.system, full_server.FILLING)
    step = decode(lab.system, many, full_server.FILLING)
    assert full_server.requests_that_fit(lab) == many
    assert float(full_server.full_step(lab)) == step.roof_s
    moved = float(full_server.weights_of_full_step(lab)) + float(full_server.own_when_full(lab))
    assert moved == pytest.approx(step.bytes, rel=0.01)
    assert float(full_server.handed_out(lab)) == capacity(lab.system, full_server.FILLING).usable_bytes


@pytest.mark.parametrize("name", lab_names())
def test_a_full_dense_server_reads_its_memory_once_a_step(name):
    lab = load_lab(name)
    whole = float(full_server.full_step(lab)) / float(full_server.memory_over_bandwidth(lab))
    assert 0.85 < whole < 1.15 if not lab.system.model.is_mixture else whole < 0.85


@pytest.mark.parametrize("name", lab_names())
def test_its_dot_lies_on_the_slope(name):
    lab = load_lab(name)
    dot, roof = full_server.place_of_full_step(lab), roofs.roof_curve(lab)
    assert dot["x"] < roof["x"][2] == lab.system.ridge
    assert dot["y"] == pytest.approx(dot["x"] * lab.system.bandwidth)
    assert list(roof["y"][2:]) == pytest.approx([lab.system.flops] * 3)


@pytest.mark.parametrize("name", lab_names())
def test_full_of_short_requests_the_dot_is_the_engines(name):
    lab = load_lab(name)
    many = max_batch(lab.system, full_server.SHORT)
    step = decode(lab.system, many, full_server.SHORT)
    dot, bytes_ = full_server.place_of_short_ones(lab), float(full_server.bytes_of_short_ones(lab))
    assert dot["x"] == pytest.approx(float(full_server.flops_of_short_ones(lab)) / bytes_)
    assert full_server.short_ones_reach_the_ridge(lab) == (step.compute_s > step.fetch_s)
    state = float(full_server.document_state_moved(lab)) / 2
    by_hand = float(full_server.weights_of_short_step(lab)) + many * (float(full_server.held_by_short_one(lab)) + state)
    assert bytes_ == pytest.approx(by_hand, rel=0.01)
    once = full_server.place_if_states_cross_once(lab)
    assert once["x"] == pytest.approx(step.flops / (bytes_ - many * state))


def test_a_full_server_is_compute_bound_where_requests_are_short_and_have_no_state():
    bound = {name for name in lab_names() if full_server.short_ones_reach_the_ridge(load_lab(name))}
    assert bound == {"llama-3.1-8b-a100-80gb", "llama-3.1-8b-int4-rtx-4090", "qwen3-32b-h200"}
    assert full_server.a100_short_ones(load_lab(DEFAULT_LAB)) == 857


def test_whole_pages_seat_fewer_only_where_states_take_pages():
    labs = {name: load_lab(name) for name in lab_names()}
    fewer = {name for name, lab in labs.items() if full_server.whole_pages_seat_fewer(lab)}
    assert fewer == {name for name in labs if name.startswith("qwen3.5-27b")}
    default = labs[DEFAULT_LAB]
    assert (full_server.short_ones_that_fit(default), full_server.short_ones_in_pages(default)) == (498, 259)


@pytest.mark.parametrize("name", lab_names())
def test_from_there_on_no_batch_is_compute_bound_and_before_a_large_one_is(name):
    system = load_lab(name).system
    at = int(float(full_server.bound_from(load_lab(name))))
    huge = 10_000_000
    assert decode(system, huge, at).bound == "memory"
    if at > 1:
        assert decode(system, huge, round(0.9 * at)).bound == "compute"
        assert float(full_server.bytes_at_ridge(load_lab(name))) == pytest.approx(lc.own_at(system, at), rel=0.1)


@pytest.mark.parametrize("name", lab_names())
def test_the_table_of_a_prompt_so_long_takes_all_of_the_memory(name):
    lab = load_lab(name)
    tokens = float(scores.table_fills_at(lab))
    assert tokens**2 * scores.score_heads(lab) * 2 == pytest.approx(float(full_server.handed_out(lab)))
    assert float(scores.table_fills_at_with_one_head(lab)) == pytest.approx(tokens * scores.score_heads(lab) ** 0.5)
    assert float(scores.table_fills_at_by_kv_heads(lab)) >= tokens


@pytest.mark.parametrize("name", lab_names())
def test_after_so_many_tokens_both_costs_of_a_document_are_alike(name):
    lab = load_lab(name)
    longest = lc.contexts(lab)[-1]
    short = decode(lab.system, 8, lab.prompt).roof_s
    steps = float(full_server.steps_worth_reading(lab))
    longer = float(full_server.longer_by(lab))
    assert steps * longer == pytest.approx(prefill(lab.system, longest).roof_s)
    joined = mixed(lab.system, [(1, lab.prompt)] * 8 + [(1, longest)]).roof_s - short
    if not lab.system.model.is_mixture:  # where a ninth request brings experts as well
        assert longer == pytest.approx(joined, rel=0.01)
    assert float(full_server.reading_share_of_stall(lab)) > 60


def test_the_stall_of_the_default_lab_is_that_of_lesson_4():
    lab = load_lab(DEFAULT_LAB)
    assert str(full_server.reading_time(lab)) == "4.95 s"
    assert str(full_server.longer_by(lab)) == "1.33 ms"


def test_the_incident_is_told_as_it_was_reported():
    lab = load_lab(DEFAULT_LAB)
    told = [str(part(lab)) for part in (incident.incident_before, incident.incident_during, incident.incident_prompt)]
    assert told == ["272.6 tok/s", "6.62 tok/s", "65,535 tokens"]


@pytest.mark.parametrize("name", lab_names())
def test_without_the_table_arithmetic_is_the_limit_and_bytes_promise_too_much(name):
    lab = load_lab(name)
    gain = float(scores.flash_gain(lab))
    assert gain == pytest.approx(float(scores.plain_time(lab)) / float(scores.layer_time(lab)))
    assert 1.2 < gain < float(scores.gain_by_bytes(lab)) / 10
    assert float(scores.gain_with_mask(lab)) == pytest.approx(2 * gain)


def test_the_gain_compares_all_pairs_with_all_pairs():
    lab = load_lab(DEFAULT_LAB)
    tokens, heads, width = 32_768, 24, 256
    flops = 2 * 2 * heads * width * tokens**2
    table = heads * tokens**2 * 2
    assert float(scores.layer_flops(lab)) == pytest.approx(flops, rel=1e-3)
    assert float(scores.plain_bytes(lab)) == 4 * table + float(scores.fused_bytes(lab))
    by_hand = (float(scores.plain_bytes(lab)) / 6.7e12) / (flops / 1.979e15)
    assert float(scores.flash_gain(lab)) == pytest.approx(by_hand, rel=1e-3)
    assert str(scores.flash_gain(lab)) == "2.32×"


@pytest.mark.parametrize("name", lab_names())
def test_speed_halves_where_a_step_moves_twice_as_much_as_at_the_first_point(name):
    lab = load_lab(name)
    at = round(float(workings.halves_at(lab)))
    moved = [lc.weights_at(lab.system, 1) + lc.own_at(lab.system, tokens) for tokens in (lc.FIRST, at)]
    assert moved[1] == pytest.approx(2 * moved[0], rel=1e-4)


@pytest.mark.parametrize("name", lab_names())
def test_a_request_holds_its_state_once_and_moves_it_twice(name):
    lab = load_lab(name)
    held, moved = float(full_server.held_by_each(lab)), float(full_server.own_bytes_of_each(lab))
    assert moved - held == pytest.approx(float(full_server.document_state_moved(lab)) / 2, abs=1e-3 * held)
    assert full_server.requests_that_fit(lab) * held <= float(full_server.handed_out(lab))


@pytest.mark.parametrize("name", lab_names())
def test_one_tokens_scores_are_a_small_part(name):
    lab = load_lab(name)
    share = float(scores.row_share(lab))
    assert 0 < share <= 20 < float(scores.table_share_of_prompt(lab))
    row = 4 * float(scores.row_of_scores(lab))
    assert share == pytest.approx(100 * row / (row + float(scores.cache_of_a_layer(lab))))


def test_two_models_are_level_where_their_steps_take_as_long():
    lab = load_lab(DEFAULT_LAB)
    at = round(float(long_models.level_at(lab)))
    small, large = (
        decode(System(load_model(name), load_gpu(long_models.PAIR), tp=2), 8, at).ceiling_s
        for name in (long_models.SMALL, long_models.LARGE)
    )
    assert small == pytest.approx(large, rel=1e-3)
    assert float(long_models.small_leads(lab)) > 3 and float(long_models.large_leads(lab)) > 1.2


def test_twice_the_chat_moves_two_thirds_more_where_half_of_the_layers_have_a_window():
    lab = load_lab(DEFAULT_LAB)
    layer = 18 * 2 * 8 * 64 * 2
    before, after = (layer * (tokens + 128) for tokens in (256, 512))
    assert float(long_models.moved_before(lab)) == pytest.approx(before, rel=0.01)
    assert float(long_models.moved_growth(lab)) == pytest.approx(100 * (after / before - 1), rel=0.01)
    assert float(long_models.growth_by_layers(lab)) == 50


@pytest.mark.parametrize("name", lab_names())
def test_the_function_that_learners_are_compared_with_is_the_engine(name):
    for case in step_of_config.step_cases(load_lab(name)):
        given = case["given"]
        model = next(each for each in map(load_model, model_names()) if each.title == case["title"])
        system = System(model, load_gpu(step_of_config.GPU))
        step = decode(system, given["batch"], given["context"])
        assert step_of_config.step_of_config(case["config"], **given) == pytest.approx(step.fetch_s, rel=0.01)


@pytest.mark.parametrize("name", lab_names())
def test_every_slip_shows_in_a_case(name):
    cases = step_of_config.step_cases(load_lab(name))
    assert len(cases) == 3 and not any("kv_lora_rank" in case["config"] for case in cases)
    for slip in SLIPS:
        factors = [
            slip(case["config"], **case["given"]) / step_of_config.step_of_config(case["config"], **case["given"])
            for case in cases
        ]
        assert any(abs(factor - 1) > 0.02 for factor in factors), slip.__name__


@pytest.mark.parametrize("name", lab_names())
def test_the_gate_passes_the_engines_bytes(name):
    lab = load_lab(name)
    shown = explorer.explore_context(lab, context=4_096, requests=8, kv=lab.system.kv, weights=lab.system.weights)
    step = decode(lab.system, 8, 4_096)
    gate = shown.gate
    assert gate is not None and len(gate.caches) == 8
    assert gate.weights + sum(gate.caches) == pytest.approx(step.bytes, rel=0.01)
    assert gate.seconds == step.roof_s and gate.bandwidth == lab.system.bandwidth
    assert float(shown.value("step")) == step.roof_s
    assert float(shown.value("all")) == pytest.approx(8 / step.roof_s)


def test_fewer_bits_shrink_what_they_are_for():
    lab = load_lab(DEFAULT_LAB)
    plain, cache, weights = (
        explorer.explore_context(lab, context=65_536, requests=8, kv=kv, weights=bits).gate
        for kv, bits in (("bf16", "bf16"), ("fp8", "bf16"), ("bf16", "int4"))
    )
    assert cache.weights == plain.weights and sum(cache.caches) < 0.6 * sum(plain.caches)
    assert weights.weights < 0.4 * plain.weights and sum(weights.caches) == pytest.approx(sum(plain.caches), rel=0.01)
