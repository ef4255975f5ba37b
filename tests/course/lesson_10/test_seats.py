"""Seats by division: against bytes by hand, against the simulator, and the start-up line of vLLM."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from lessonlib.course.lesson_05.room import reserve_bytes
from lessonlib.course.lesson_10 import seats
from lessonlib.course.lesson_10.explorer import explore_crowd
from lessonlib.course.lesson_10.workings import set_aside_a_card
from lessonlib.roofline import kv_bytes_per_token, lab_names, load_lab, weight_bytes
from lessonlib.serving import Scheduler, Workload, fixed, simulate
from lessonlib.serving.replica.pages import pages

each_lab = pytest.mark.parametrize("lab", [*map(load_lab, lab_names())], ids=lambda lab: lab.name)


def test_by_hand_on_the_default_lab():
    """93.4 GB beside the weights are 1,817 pages of 784 tokens; 6 for states, and 8.33 for tokens on average."""
    lab = load_lab("qwen3.5-27b-2xh100-sxm")
    room = 0.92 * 160e9 - weight_bytes(lab.system)
    page = 784 * 2048 * 16 * 2
    assert float(seats.all_pages(lab)) == int(room // page) == 1817
    assert float(seats.pages_at_any_length(lab)) == 3 * 2
    held = 6 + sum(math.ceil((2048 + token) / 784) for token in range(1, 8193)) / 8192
    assert float(seats.pages_held(lab)) == pytest.approx(held)
    assert float(seats.thinking_seats(lab)) == pytest.approx(1817 / held)
    assert float(seats.seats_if_reserved(lab)) == pytest.approx(1817 / (6 + 14))
    assert float(seats.seats_by_prompts(lab)) == pytest.approx(1817 / (6 + 3))


def test_by_bytes_where_pages_are_small():
    """Llama-3.1-8B keeps 131,072 bytes a token: room over prompt and half an answer."""
    lab = load_lab("llama-3.1-8b-a100-80gb")
    assert kv_bytes_per_token(lab.system) == 131_072
    room = 0.92 * 80e9 - weight_bytes(lab.system)
    assert float(seats.thinking_seats(lab)) == pytest.approx(room / 131_072 / (2048 + 4096), rel=2e-3)
    assert float(seats.seats_by_bytes(lab)) == pytest.approx(float(seats.thinking_seats(lab)), rel=2e-3)


@each_lab
def test_the_simulator_agrees_within_five_per_cent(lab):
    """The words say so. It lets in by the prompt, and preempts; what it runs on average is what the division says."""
    said = float(seats.thinking_seats(lab))
    users = round(2 * said)
    result = simulate(lab.system, Workload(5 * users, seats.PROMPT, seats.ANSWER, None, seed=1), concurrency=users)
    ends = np.sort(result.requests["finished_s"])
    begin, end = ends[int(0.4 * len(ends))], ends[int(0.85 * len(ends))]
    steps = result.step_columns()
    inside = (steps["start_s"] > begin) & (steps["start_s"] < end)
    ran = np.average(steps["decoding"][inside], weights=steps["seconds"][inside])
    assert ran == pytest.approx(said, rel=0.05)
    assert result.preemptions > 0 and result.kv_peak > 0.99


def test_one_seat_is_one_seat_however_it_is_counted():
    """A cache of one longest request: reserving and growing come to the same."""
    lab = load_lab("llama-3.1-8b-a100-80gb")
    blocks = math.ceil((seats.PROMPT + seats.ANSWER) / 16)
    work = fixed(seats.PROMPT, seats.ANSWER, 4)
    for reserve in (False, True):
        result = simulate(lab.system, work, Scheduler(kv_blocks=blocks, reserve_output=reserve), concurrency=3)
        assert result.preemptions == 0 or not reserve
        assert result.finished == 4


def test_the_start_up_line_is_that_of_vllm():
    """0.33.0: pages over those of a request of the longest length; tokens are that, times that length."""
    lab = load_lab("qwen3.5-27b-2xh100-sxm")
    cut = pages(lab.system, Scheduler())
    longest = 6 + math.ceil(262_144 / 784)
    assert longest == 341
    assert seats.logged_line(lab) == (
        f"GPU KV cache size: {int(cut.total / longest * 262_144):,} tokens, "
        f"Maximum concurrency for 262,144 tokens per request: {cut.total / longest:.2f}x"
    )
    assert float(seats.short_chats(lab)) == pytest.approx(cut.total / 7)
    assert float(seats.chats_by_the_line(lab)) > 8 * float(seats.short_chats(lab))


def test_an_fp8_cache_hardly_makes_seats_for_short_requests_of_a_hybrid():
    lab = load_lab("qwen3.5-27b-2xh100-sxm")
    narrow = replace(lab, system=replace(lab.system, kv="fp8"))
    gain = [seats.seats_for(narrow, prompt, 256) / seats.seats_for(lab, prompt, 256) for prompt in (512, 65_536)]
    assert gain[0] < 1.15 and gain[1] > 1.8


@each_lab
def test_the_explorer_counts_seats_as_the_words_do(lab):
    shown = explore_crowd(lab, users=8, prompt=1024, answer=512, kv=lab.system.kv, gpu=lab.system.gpu.name)
    assert float(shown.value("seats")) == pytest.approx(seats.seats_for(lab, 1024, 512))
    users, memory = shown.bars
    assert sum(part.value for part in users.parts) == pytest.approx(100)
    assert sum(part.value for part in memory.parts) == pytest.approx(100)


def test_the_explorer_says_where_nothing_fits():
    lab = load_lab("deepseek-v3-8xh200-fp8")
    shown = explore_crowd(lab, users=8, prompt=1024, answer=512, kv="bf16", gpu="a100-80gb-sxm")
    assert float(shown.value("seats")) == 0 and "no room" in shown.finding


@pytest.mark.parametrize("name", lab_names())
def test_whom_vllm_picks_holds_fewer_pages_than_the_others(name):
    """The last one let in; neither slip within x1.25 of its pages."""
    lab = load_lab(name)
    taken, others = seats.pages_taken(lab), (seats.pages_of_who_needs(lab), seats.pages_of_the_oldest(lab))
    assert all(float(other) > 1.3 * float(taken) for other in others)


@each_lab
def test_the_one_that_needs_a_page_has_filled_its_last_one(lab):
    written = float(seats.written_by_three(lab)[1])
    assert (seats.PROMPT + written) % seats.pages_of(lab).tokens == 0


def test_what_a_card_sets_aside_is_what_lesson_5_says():
    assert str(set_aside_a_card(load_lab())) == str(reserve_bytes(load_lab())) == "5.1 GB"


def test_pages_of_the_last_one_let_in_by_hand():
    assert float(seats.pages_taken(load_lab())) == 6 + 5 and float(seats.pages_of_who_needs(load_lab())) == 6 + 10
