"""What two cards send each other, and what a broken link does: against hand computations, limits and what was published."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lessonlib.course.lesson_16 import broken_link, measured, own, quiz
from lessonlib.course.lesson_16.broken_link import broken_pair, over_slots
from lessonlib.course.lesson_16.explore import explore_step, explored_tokens, link_choices, step_parts
from lessonlib.course.lesson_16.pair import (
    BEHIND,
    PROMPT,
    all_messages,
    even_tokens,
    links_share,
    lone_step,
    message_by_bandwidth,
    message_by_tokens,
    message_if_all_halves,
    message_seconds,
    messages,
    nvlink,
    on_gpus,
    one_message,
    pair_is_own,
    pair_lab,
    pair_step,
    payload,
    sent_for_token,
    undivided,
    waiting_is_the_cost,
)
from lessonlib.roofline import decode, lab_names, load_lab, max_batch, prefill
from lessonlib.roofline.links import all_reduce_s

every_lab = pytest.mark.parametrize("name", lab_names())
OWN = {
    "qwen3.5-27b-2xh100-sxm",
    "qwen3.5-27b-2xh100-sxm-fp8",
    "qwen3.5-27b-2xh100-nvl",
    "gpt-oss-120b-h100-mxfp4",
    "llama-3.1-8b-a100-80gb",
    "qwen3-32b-h200",
}


# --- which lab is asked about


@every_lab
def test_the_pair_is_the_learners_own_where_nvlink_joins_it_and_it_holds_the_model(name):
    lab = load_lab(name)
    assert pair_is_own(lab) == (name in OWN)
    assert pair_lab(lab).system.gpu.link_kind == "nvlink"
    assert max_batch(on_gpus(lab, 2), BEHIND) >= 8


# --- a message


@every_lab
def test_a_message_is_what_is_left_of_the_step(name):
    """By hand: the step on two, less what stays, less half of the rest, over two messages a layer."""
    lab = load_lab(name)
    one, two, stays = (each(lab).printed for each in (lone_step, pair_step, undivided))
    count = 2 * on_gpus(lab, 2).model.layer_count
    assert float(messages(lab)) == count
    assert float(one_message(lab)) == pytest.approx((two - stays - (one - stays) / 2) / count)
    assert float(one_message(lab)) == pytest.approx(message_seconds(lab, 1), rel=0.02)
    assert waiting_is_the_cost(lab)


def test_numbers_of_the_default_lab():
    """5,120 numbers of two bytes, 64 layers: 10,240 B a message, 1.31 MB a token; the engine's constant for NVLink."""
    lab = load_lab()
    assert payload(lab) == 10_240 and float(sent_for_token(lab)) == 128 * 10_240
    assert nvlink(lab).bytes_per_second == pytest.approx(0.8 * 450e9)
    assert float(even_tokens(lab)) == pytest.approx(nvlink(lab).latency_s * 360e9 / 10_240, rel=0.01)
    assert 250 < float(even_tokens(lab)) < 400
    assert float(message_by_bandwidth(lab)) == pytest.approx(10_240 / 450e9)


@every_lab
def test_the_slips_are_far_from_the_truth(name):
    lab = load_lab(name)
    truth = float(one_message(lab))
    assert truth > 100 * float(message_by_bandwidth(lab)) and float(message_if_all_halves(lab)) > 1.4 * truth
    assert float(all_messages(lab)) < float(pair_step(lab)) / 4


@every_lab
def test_a_message_waits_at_first_and_carries_at_last(name):
    lab = load_lab(name)
    link, curve = nvlink(lab), message_by_tokens(lab)
    assert 1e-6 * curve["y"][0] == pytest.approx(link.latency_s, rel=0.01)
    assert 1e-6 * curve["y"][-1] == pytest.approx(8192 * payload(lab) / link.bytes_per_second, rel=0.1)
    assert message_seconds(lab, round(float(even_tokens(lab)))) == pytest.approx(2 * link.latency_s, rel=0.01)
    assert curve["x"][2] < float(even_tokens(lab)) < curve["x"][3]


def test_the_engine_is_near_what_was_timed():
    """Four H100, NCCL in a graph; vLLM's own kernel, which the engine has, is quicker with small messages."""
    lab = load_lab()
    for size, timed, low in zip(
        (8e3, 256e3, 4096 * 1024), measured.measured_messages(lab), (0.6, 0.6, 0.9), strict=True
    ):
        assert low < all_reduce_s(4, size, nvlink(lab)) / float(timed) < 1.1


# --- the broken link


@every_lab
def test_prompts_suffer_and_answers_hardly(name):
    lab = load_lab(name)
    assert broken_link.prompts_suffer_most(lab)
    token, prompt = float(broken_link.token_slower(lab)), float(broken_link.prompt_slower(lab))
    assert 1.1 < token < 1.4 and prompt > 1.25 * token
    assert broken_link.no_bridge_slows_prompts(lab)
    assert 1.1 < float(broken_link.peer_prompt_slower(lab)) < prompt
    system, link = broken_pair(lab), broken_link.slot_link(lab)
    count = float(messages(lab))
    added = count * (message_seconds_over(link, payload(lab, PROMPT)) - message_seconds(lab, PROMPT))
    assert float(broken_link.broken_prompt(lab)) - float(broken_link.linked_prompt(lab)) == pytest.approx(
        added, rel=0.01
    )
    assert system.gpu.link_kind == "pcie" and replace(system, tp=1).gpu.flops == lab_gpu(lab).flops


def message_seconds_over(link, size):
    """Two cards: each sends the whole once, with one wait."""
    return size / link.bytes_per_second + link.latency_s


def lab_gpu(lab):
    return pair_lab(lab).system.gpu


def test_the_node_of_the_pod_has_cards_that_bridges_join():
    """A board with a switch joins all its cards; bridges join two of another kind, over which the model is the same."""
    bridged = broken_link.bridged_pair(load_lab())
    assert (bridged.gpu.name, bridged.gpu.gpus_per_node, bridged.tp) == ("h100-nvl", 2, 2)
    assert bridged.model == on_gpus(load_lab(), 2).model and over_slots(bridged).gpu.link_kind == "pcie"


def test_the_measured_pair_reads_a_third_less_and_writes_a_twentieth_less():
    lab = load_lab()
    for with_link, without in ((broken_link.written_with(lab), broken_link.written_without(lab)),):
        assert [round(100 * (1 - float(b) / float(a))) for a, b in zip(with_link, without, strict=True)] == [5, 3]
    lost = [
        1 - float(b) / float(a) for a, b in zip(broken_link.read_with(lab), broken_link.read_without(lab), strict=True)
    ]
    assert lost == pytest.approx([0.328, 0.26], abs=0.002)


def test_one_card_sends_nothing():
    lone = on_gpus(load_lab(), 1)
    assert links_share(lone, 1) == 0 == links_share(lone, PROMPT)
    assert decode(over_slots(lone), 1, BEHIND).expected_s == decode(lone, 1, BEHIND).expected_s


# --- quiz, own lab, explorer


def test_two_cards_without_nvlink_lose_outright():
    """By hand: 64 messages of 33.6 MB at 9.6 GB/s are 0.224 s, beside half of one card's 0.314 s."""
    lab = load_lab()
    assert quiz.slots_lose_outright(lab)
    half = float(quiz.slot_card_lone(lab)) / 2
    messages = 64 * 4096 * 4096 * 2 / 9.6e9
    assert float(quiz.slot_card_pair(lab)) == pytest.approx(half + messages, rel=0.04)
    assert half < float(quiz.slot_card_divided(lab)) < 1.1 * half
    told = 2 * (float(quiz.slot_card_divided(lab)) + messages) / float(quiz.slot_card_lone(lab))
    assert float(quiz.replicas_lead(lab)) == pytest.approx(told, rel=0.01)


@pytest.mark.parametrize("name", ["qwen3-32b-h200", "llama-3.1-8b-a100-80gb"])
def test_a_links_counter_tells_the_tokens_computed(name):
    lab = load_lab(name)
    model = lab.system.model
    assert float(quiz.counter_token_bytes(lab)) == 2 * 2 * model.layer_count * model.hidden
    computed = float(quiz.counter_computed(lab))
    asked = float(quiz.counter_prompts(lab)) * (1 - float(quiz.counter_found(lab)) / 100) + float(
        quiz.counter_answers(lab)
    )
    assert computed == pytest.approx(asked) == pytest.approx(9000)


@every_lab
def test_own_numbers_are_the_engines(name):
    lab = load_lab(name)
    assert float(own.shared_token_expected(lab)) == pytest.approx(decode(lab.system, 1, BEHIND).expected_s)
    assert float(own.shared_prompt_expected(lab)) == pytest.approx(prefill(lab.system, prompt=PROMPT).expected_s)
    low, high = float(own.shared_token_low(lab)), float(own.shared_token_high(lab))
    assert float(own.shared_token_ceiling(lab)) <= low < float(own.shared_token_expected(lab)) < high
    assert (float(own.shared_token_messages(lab)) > 0) == (lab.system.tp > 1)


@every_lab
def test_the_explorers_parts_add_up_to_the_engines_step(name):
    lab = load_lab(name)
    for tokens in (1, 256, 8192):
        for link in link_choices(lab):
            parts = step_parts(lab, 2, link, tokens)
            assert min(parts.values()) >= 0
            if link == "NVLink":
                assert sum(parts.values()) == pytest.approx(
                    prefill(on_gpus(lab, 2), prompt=tokens).expected_s, rel=1e-9
                )


@every_lab
def test_what_the_explorer_lets_find(name):
    """Messages carry more than they wait in the hundreds of tokens; eight cards are some three to five times as fast; over PCIe two lose."""
    lab = load_lab(name)
    turn = [
        tokens
        for tokens in explored_tokens(lab)
        if explore_step(lab, tokens=tokens, link="NVLink").value("most") == "carrying"
    ]
    assert turn[0] in (256, 1024)
    shown = explore_step(lab, tokens=4096, link="NVLink")
    assert 2.8 < float(shown.value("octet")) < 5.5
    assert float(explore_step(lab, tokens=4096, link="PCIe 3").value("pair")) < 1
