"""The numbers of lesson 5 that had been wrong or could mislead, each held against a count made here."""

from __future__ import annotations

import pytest

from lessonlib.course.lesson_05 import fewer_bits, mixtures, room, weights_of_config
from lessonlib.course.lesson_05.explore_bytes import explore_bytes, model_choices
from lessonlib.course.shared import forecast, versions
from lessonlib.lesson.source import load_source
from lessonlib.roofline import DEFAULT_LAB, USABLE, Lab, lab_names, load_gpu, load_lab, weight_bytes, weight_bytes_read


@pytest.fixture(params=lab_names())
def lab(request: pytest.FixtureRequest) -> Lab:
    return load_lab(request.param)


# --- room, in bytes that can be seen


def test_a_card_has_the_bytes_that_its_driver_shows():
    lab = load_lab()
    assert float(room.visible_bytes(lab)) == 81_559 * 2**20
    assert str(room.visible_bytes(lab)) == "85.5 GB"


def test_share_and_reserve_make_up_what_is_left_for_weights_and_conversations():
    lab = load_lab()
    assert versions.engine_share(lab) == "0.92"
    left = 0.92 * 81_559 * 2**20 - float(room.reserve_bytes(lab))
    assert float(room.usable_of_one_gpu(lab)) == pytest.approx(left)
    assert float(room.usable_of_one_gpu(lab)) == USABLE * load_gpu("h100-sxm").memory_bytes  # as the engine counts


def test_the_second_card_is_all_room():
    lab = load_lab()
    one, two = float(room.room_of_one(lab)), float(room.room_of_two(lab))
    assert two - one == pytest.approx(float(room.usable_of_one_gpu(lab)))
    assert float(room.second_gpu_gain(lab)) == pytest.approx(two / one) == pytest.approx(4.72, abs=0.01)
    assert float(room.room_of_replicas(lab)) == pytest.approx(2 * one)


def test_a_claim_of_80_gibibytes_is_more_than_an_80_gb_card_shows():
    lab = load_lab()
    assert (room.claimed(lab), room.claimed_mib(lab), room.visible_mib(lab)) == ("80Gi", "81,920 MiB", "81,559 MiB")
    assert 80e9 < float(room.visible_bytes(lab)) < float(room.claimed_bytes(lab))
    assert (room.claimed_in_g(lab), room.visible_gib(lab)) == ("80G", "79.6")


def test_a_report_lies_beyond_the_band_of_one_lab_alone(lab: Lab):
    low, high = float(forecast.decode_expected_low(lab)), float(forecast.decode_expected_high(lab))
    known = lab.measured.get("decode_tokens_per_s")
    beyond = known is not None and known.how.startswith("reported") and not low <= known.value <= high
    assert forecast.report_beyond_band(lab) == beyond == (lab.name == DEFAULT_LAB)


# --- two bug reports


def test_a_token_of_the_mixture_needs_what_is_no_expert_less_the_embedding():
    lab = load_lab()
    no_expert = 2 * (46.7e9 - 45.1e9)
    always = float(mixtures.moe_always(lab)) + float(mixtures.moe_looked_up(lab))
    assert always == pytest.approx(no_expert, rel=0.01)


def test_why_the_tool_was_off_by_two_and_not_by_eleven():
    lab = load_lab()
    assert float(mixtures.report_ceiling_of_held(lab)) == pytest.approx(512 / 13)
    assert float(mixtures.calculated_speed(lab)) < float(mixtures.report_ceiling_of_held(lab))
    assert str(mixtures.report_ceiling(lab)) == "470 tok/s"
    assert str(mixtures.report_reach(lab)) == "17 %"


# --- fewer bits


def test_the_dot_of_four_bits_is_where_the_ceiling_gains(lab: Lab):
    before, after = fewer_bits.place_of_16_bits(lab), fewer_bits.place_of_few_bits(lab)
    assert before["x"] == pytest.approx(1)
    assert after["x"] / before["x"] == pytest.approx(float(fewer_bits.few_gain(lab)))
    assert after["y"] == pytest.approx(lab.system.bandwidth * after["x"])  # still on the slope


def test_in_a_four_bit_mixture_most_of_a_tokens_fetch_is_in_16_bits():
    lab = load_lab("gpt-oss-120b-h100-mxfp4")
    assert float(fewer_bits.stays_share_after(lab)) == pytest.approx(62, abs=0.5)
    assert float(fewer_bits.stays_share_of_held(lab)) < 7
    assert float(fewer_bits.fetch_in_few_bits(lab)) == weight_bytes_read(lab.system)


def test_what_stays_in_16_bits_is_more_than_the_output_head():
    """On the default lab norms and the like are a seventh of a per cent of the fetch; the words name them."""
    lab = load_lab()
    head = 2 * lab.system.model.head.size / float(fewer_bits.fetch_all_in_16_bits(lab))
    assert 100 * head == pytest.approx(4.96, abs=0.01)
    assert float(fewer_bits.stays_share_before(lab)) > 100 * head
    assert fewer_bits.stays(lab) == "the output head and small parts"


def test_a_fetch_with_the_looked_up_table_is_still_right():
    """The stem does not give the input embedding's size, so a guess that leaves it in counts."""
    lab = load_lab()
    guess = 2 * (45.1e9 / 4 + (46.7e9 - 45.1e9))
    assert guess / float(mixtures.moe_fetch(lab)) == pytest.approx(1, abs=0.05)


def test_writing_gained_less_than_the_file_and_the_file_less_than_the_bits():
    lab = load_lab()
    gains = [float(fewer_bits.measured_write_gain(lab)), float(fewer_bits.measured_file_gain(lab)), 4.0]
    assert gains == sorted(gains) and gains[0] == pytest.approx(2.38, abs=0.01)
    assert float(fewer_bits.measured_read_gain(lab)) < 0.8


def test_no_sentence_says_that_llama_cpp_keeps_vectors_in_16_bits():
    texts = str(load_source("05-counting-bytes"))
    assert "the vectors that meet them stay in 16" not in texts
    assert "rounded to 8 bits" in texts and "W4A16" in texts


# --- the function that the learner writes


def test_the_engine_of_the_function_counts_as_the_model_does(lab: Lab):
    for case in weights_of_config.weights_cases(lab):
        counted = float(weights_of_config.weights_of_config(case["config"]))
        shape = weights_of_config.read_config(dict(case["config"]), "any", "config.json")
        assert counted == 2 * shape.parameters


def test_a_plain_count_of_matrices_is_within_one_per_cent():
    """What a learner may write for the two first cases: tables, attention, feed-forward."""

    def weights(config):
        hidden, layers, heads = config["hidden_size"], config["num_hidden_layers"], config["num_attention_heads"]
        width = config.get("head_dim", hidden // heads)
        attention = 2 * hidden * width * (heads + config["num_key_value_heads"])
        feed = 3 * hidden * config["intermediate_size"] * config.get("num_local_experts", 1)
        tables = config["vocab_size"] * hidden * (1 if config.get("tie_word_embeddings") else 2)
        return 2 * (tables + layers * (attention + feed))

    for case in weights_of_config.weights_cases(load_lab("llama-3.1-8b-a100-80gb")):
        engine = float(weights_of_config.weights_of_config(case["config"]))
        assert weights(case["config"]) == pytest.approx(engine, rel=0.005)


def test_the_help_for_a_hybrid_gives_its_layers():
    """The rule of the stem: three query-wide matrices beside keys and values with a gate, and 2 keys + 3 values in the others."""
    config = weights_of_config.weights_cases(load_lab())[2]["config"]
    hidden, layers, every = config["hidden_size"], config["num_hidden_layers"], config["full_attention_interval"]
    query, cached = (config[name] * config["head_dim"] for name in ("num_attention_heads", "num_key_value_heads"))
    keys = config["linear_num_key_heads"] * config["linear_key_head_dim"]
    values = config["linear_num_value_heads"] * config["linear_value_head_dim"]
    full, linear = hidden * (3 * query + 2 * cached), hidden * (2 * keys + 3 * values)
    mixing = layers // every * full + (layers - layers // every) * linear
    total = mixing + layers * 3 * hidden * config["intermediate_size"] + 2 * hidden * config["vocab_size"]
    assert 2 * total == pytest.approx(float(weights_of_config.weights_of_config(config)), rel=0.005)


def test_the_help_for_a_latent_gives_its_layers():
    """The rule of the stem for queries, keys and values that pass through narrower vectors."""
    config = weights_of_config.weights_cases(load_lab("deepseek-v3-8xh200-fp8"))[1]["config"]
    hidden, heads, rope = config["hidden_size"], config["num_attention_heads"], config["qk_rope_head_dim"]
    nope, value, q_rank, kv_rank = (
        config[n] for n in ("qk_nope_head_dim", "v_head_dim", "q_lora_rank", "kv_lora_rank")
    )
    mixing = hidden * q_rank + q_rank * heads * (nope + rope) + hidden * (kv_rank + rope)
    mixing += kv_rank * heads * (nope + value) + heads * value * hidden
    plain, layers = config["first_k_dense_replace"], config["num_hidden_layers"]
    experts = config["n_routed_experts"] + config["n_shared_experts"]
    feed = (
        3
        * hidden
        * (plain * config["intermediate_size"] + (layers - plain) * experts * config["moe_intermediate_size"])
    )
    total = layers * mixing + feed + 2 * hidden * config["vocab_size"]
    assert 2 * total == pytest.approx(float(weights_of_config.weights_of_config(config)), rel=0.005)


def test_each_slip_is_told_on_some_case(lab: Lab):
    cases = [case["config"] for case in weights_of_config.weights_cases(lab)]
    slips = ("weights_without_head", "weights_with_two_tables", "weights_of_one_expert", "weights_with_two_matrices")
    for name in slips:
        slip = getattr(weights_of_config, name)
        factors = [float(slip(config)) / float(weights_of_config.weights_of_config(config)) for config in cases]
        assert any(abs(factor - 1) > 0.02 for factor in factors), name


def test_one_feed_forward_a_layer_makes_mixtral_a_small_model():
    mixtral = weights_of_config.weights_cases(load_lab())[1]["config"]
    assert float(weights_of_config.weights_of_one_expert(mixtral)) / 2 < 8e9


def test_there_are_three_models_and_the_labs_own_is_among_them(lab: Lab):
    titles = [case["title"] for case in weights_of_config.weights_cases(lab)]
    assert len(set(titles)) == 3 and lab.system.model.name in titles
    assert all(not key.startswith("_") for case in weights_of_config.weights_cases(lab) for key in case["config"])


# --- mixtures, and the explorer


def test_the_calculator_erred_both_ways():
    lab = load_lab()
    assert float(mixtures.calculated_speed(lab)) < float(mixtures.measured_speed(lab)) / 2
    assert float(mixtures.calculated_memory(lab)) < float(mixtures.reported_memory(lab)) / 2


def test_the_explorer_holds_what_the_engine_holds(lab: Lab):
    shown = explore_bytes(lab, model="own", weights=lab.system.weights, batch=1, gpu=lab.system.gpu.name)
    assert float(shown.value("held")) == weight_bytes(lab.system)
    assert float(shown.value("fetched")) == pytest.approx(weight_bytes_read(lab.system))
    for choice in model_choices(lab):
        explore_bytes(lab, model=choice["value"], weights="int4", batch=64, gpu="h200-sxm").refuse(["bars"])


def test_64_requests_fetch_about_eight_times_the_bytes_of_one_in_a_30b_a3b():
    at = {
        batch: float(
            explore_bytes(load_lab(), model="qwen3-30b-a3b", weights="bf16", batch=batch, gpu="h100-sxm").value(
                "fetched"
            )
        )
        for batch in (1, 64)
    }
    assert at[64] / at[1] == pytest.approx(8, rel=0.25)


def test_both_bars_of_the_explorer_have_all_their_bytes_and_none_is_fetched_that_is_not_held(lab: Lab):
    shown = explore_bytes(lab, model="own", weights=lab.system.weights, batch=1, gpu=lab.system.gpu.name)
    held, fetched = ({part.label: part.value for part in bar.parts} for bar in shown.bars)
    assert sum(held.values()) == pytest.approx(weight_bytes(lab.system))
    assert sum(fetched.values()) == pytest.approx(weight_bytes_read(lab.system))
    assert all(fetched[label] <= held[label] * 1.001 for label in fetched)


def test_what_a_token_of_the_mixture_fetches_can_be_worked_out_from_what_is_printed():
    """Six of eight experts stay unread in each of 32 layers; the input embedding, 0.26 GB, is within the tolerance."""
    lab = load_lab()
    expert = 3 * mixtures.moe_hidden(lab) * mixtures.moe_intermediate(lab) * 2
    unread = mixtures.moe_layers(lab) * (mixtures.moe_experts(lab) - mixtures.moe_active(lab)) * expert
    assert float(mixtures.moe_held(lab)) - unread == pytest.approx(float(mixtures.moe_fetch(lab)), rel=0.02)
