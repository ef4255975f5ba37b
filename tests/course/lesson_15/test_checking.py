"""Tokens of a step, seconds of a step that drafts, room for requests: against hand computations, limits and what was published."""

from __future__ import annotations

import numpy as np
import pytest

from lessonlib.course.lesson_15 import accepted, load, measured, quiz
from lessonlib.course.lesson_15.checking import (
    BEHIND,
    CHANCE,
    DRAFTS,
    chance_of,
    dense_lab,
    draft_bytes,
    draft_seconds,
    gain,
    pages_of_a_request,
    seats,
    state_writing_seconds,
    step_ratio,
    step_seconds,
    tokens_of_a_step,
)
from lessonlib.course.lesson_15.explore import (
    explore_drafts,
    explored_chances,
    explored_drafts,
    explored_requests,
)
from lessonlib.course.lesson_15.served import speculation_of
from lessonlib.roofline import decode, kv_bytes, lab_names, load_lab, weight_bytes_read
from lessonlib.serving import Request, Scheduler, Speculation, Trace, simulate

every_lab = pytest.mark.parametrize("name", lab_names())


# --- tokens of a step


@pytest.mark.parametrize(
    ("chance", "drafts", "tokens"), [(0.7, 3, 2.533), (0.7, 7, 3.141), (0.5, 3, 1.875), (0.9, 1, 1.9)]
)
def test_tokens_of_a_step(chance, drafts, tokens):
    """Against the closed form of Leviathan et al., and the simulator's own."""
    assert tokens_of_a_step(chance, drafts) == pytest.approx(tokens, abs=5e-4)
    assert tokens_of_a_step(chance, drafts) == pytest.approx((1 - chance ** (drafts + 1)) / (1 - chance))
    assert tokens_of_a_step(chance, drafts) == pytest.approx(Speculation(drafts, chance).tokens_per_step)
    assert chance_of(tokens_of_a_step(chance, drafts), drafts) == pytest.approx(chance)


def test_limits_of_acceptance():
    assert tokens_of_a_step(0.0, 5) == 1 and tokens_of_a_step(1.0, 5) == 6


def test_the_line_of_the_log():
    """As it was printed: 489 of 1,572, 31.1 %, 2.87 tokens; the formula with 0.311 makes half of it."""
    lab = load_lab()
    assert str(accepted.log_rate(lab)) == "31.1 %" and str(accepted.log_tokens(lab)) == "2.87 tokens"
    assert 1 + sum(accepted.BY_POSITION) == pytest.approx(2.865)
    rate = 489 / 1572
    assert float(accepted.log_tokens_by_formula(lab)) == pytest.approx((1 - rate**7) / (1 - rate))
    assert accepted.positions_add_up(lab)
    assert tokens_of_a_step(float(accepted.log_chance(lab)), 6) == pytest.approx(2.866, rel=0.01)


# --- seconds


@every_lab
@pytest.mark.parametrize("requests", [1, 64])
def test_without_drafts_it_is_the_engines_step(name, requests):
    system = load_lab(name).system
    engine = decode(system, batch=requests, context=BEHIND)
    assert step_seconds(system, requests) == pytest.approx(engine.expected_s, rel=1e-6)
    assert step_seconds(system, requests, 0, "ceiling") == pytest.approx(engine.ceiling_s, rel=1e-6)


@pytest.mark.parametrize("name", ["qwen3.5-27b-2xh100-sxm", "llama-3.1-8b-a100-80gb", "qwen3-32b-h200"])
def test_with_drafts_it_is_the_simulators_step(name):
    """A step of the simulator with about as many tokens behind each of eight requests."""
    system = load_lab(name).system
    sent = Trace(tuple(Request(0.0, BEHIND - 12, 60) for _ in range(8)), "eight")
    run = simulate(
        system,
        sent,
        Scheduler(prefix_caching=False, server_s=0.0, speculation=speculation_of(system, DRAFTS)),
        record="steps",
    )
    columns = run.step_columns()
    writing = columns["seconds"][(columns["prefill_tokens"] == 0) & (columns["decoding"] == 8)]
    assert min(writing) == pytest.approx(step_seconds(system, 8, DRAFTS), rel=0.01)


def test_one_request_by_hand():
    """Llama-3.1-8B at the ceiling: weights and the cache of 1,024 tokens, and three times a layer and the head."""
    system = load_lab("llama-3.1-8b-a100-80gb").system
    layer, head = draft_bytes(system)
    assert head == 128256 * 4096 * 2 and layer == pytest.approx(0.436e9, rel=0.01)
    fetched = weight_bytes_read(system) + kv_bytes(system, BEHIND) + 3 * (layer + head)
    assert step_seconds(system, 1, 3, "ceiling") == pytest.approx(fetched / system.bandwidth, rel=0.005)
    assert draft_seconds(system) == pytest.approx((layer + head) / (0.85 * 2039e9))


def test_the_default_labs_head_and_states_by_hand():
    """Qwen3.5-27B: 248,320 x 5,120 in 2 bytes. Each draft writes 151 MB of states a request."""
    system = load_lab().system
    assert draft_bytes(system)[1] == 248320 * 5120 * 2
    added = state_writing_seconds(system, 100, 3)
    assert 3 * 100 * 151e6 / system.bandwidth < added < 1.5 * 3 * 100 * 151e6 / system.bandwidth
    assert state_writing_seconds(load_lab("qwen3-32b-h200").system, 100, 3) == 0


@every_lab
def test_steps_grow_with_drafts_and_requests(name):
    system = load_lab(name).system
    for requests in (1, 16, 64):
        steps = [step_seconds(system, requests, drafts) for drafts in (0, 1, 3, 7)]
        assert steps == sorted(steps)
    assert step_ratio(system, 64, 0) == 1 and gain(system, 64, 0) == 1
    assert gain(system, 1, DRAFTS, 0.0) < 1 < gain(system, 1, DRAFTS, 1.0)


def test_the_default_labs_numbers():
    """As they were when the words were written: a change of the engine shows here first."""
    lab = load_lab()
    assert load.requests_compared(lab) == (1, 8, 32, 64, 100)
    assert [str(each) for each in load.step_ratios(lab)] == ["1.15×", "1.2×", "1.35×", "1.5×", "1.88×"]
    assert load.more_by_drafting(lab) == ["1.7 ms"] * 5
    assert load.more_by_states(lab) == ["0.1 ms", "0.6 ms", "2.4 ms", "4.8 ms", "7.6 ms"]
    assert load.more_by_arithmetic(lab) == ["0.0 ms", "0.2 ms", "0.9 ms", "1.7 ms", "7.9 ms"]
    # A quarter of three drafts accepted: 1.75 tokens a step, and steps of 64 and 100 take 1.5 and 1.88 times as long.
    assert str(load.lose_from(lab)) == "87 requests" and str(load.lose_from_by_formula(lab)) == "29 requests"


@every_lab
def test_from_so_many_requests_on_drafts_lose(name):
    """One fewer, and they still gain; what can be read off the table lies close, and the slips do not."""
    lab = load_lab(name)
    system, tokens = dense_lab(lab).system, float(load.thin_tokens(lab))
    right = round(float(load.lose_from(lab)))
    assert step_ratio(system, right) > tokens >= step_ratio(system, right - 1)
    read = np.interp(tokens, [float(each) for each in load.step_ratios(lab)], load.requests_compared(lab))
    assert 0.9 < read / right < 1.1
    assert right > 1.4 * float(load.lose_from_by_formula(lab)) and right <= seats(system, DRAFTS, BEHIND)


@every_lab
def test_what_drafts_add_is_all_there_is(name):
    """Drafting, states and arithmetic are the difference of the two steps."""
    lab = load_lab(name)
    parts = zip(load.more_by_drafting(lab), load.more_by_states(lab), load.more_by_arithmetic(lab), strict=True)
    for count, row in zip(load.requests_compared(lab), parts, strict=True):
        longer = step_seconds(dense_lab(lab).system, count, DRAFTS) - step_seconds(dense_lab(lab).system, count)
        assert sum(float(part.removesuffix(" ms")) for part in row) == pytest.approx(1e3 * longer, abs=0.16)


# --- claims, on every lab


@every_lab
def test_claims(name):
    lab = load_lab(name)
    assert load.checks_cost_in_a_crowd(lab) and load.few_drafts_hold(lab) and load.mixtures_differ(lab)
    assert quiz.four_bits_add_nothing_to_drafts(lab)
    assert not dense_lab(lab).system.model.is_mixture


@every_lab
def test_the_curves_stand_apart(name):
    """Neither wrong curve is near the true one at its end."""
    lab = load_lab(name)
    true, free, fourfold = (
        each(lab)["y"][-1] for each in (load.ratio_by_requests, load.ratio_of_one, load.ratio_of_tokens)
    )
    assert true > 1.4 * free and fourfold > 1.4 * true
    counts = load.requests_compared(lab)
    assert len(counts) == 5 and list(counts) == sorted(set(counts))
    assert counts[-1] <= seats(dense_lab(lab).system, DRAFTS, BEHIND)


# --- room


def test_pages_by_hand():
    """Qwen3.5-27B: 1,500 tokens are two pages of 784; three groups of recurrent layers keep two states, and one more a draft."""
    system = load_lab().system
    assert [pages_of_a_request(system, drafts, 1500)[0] for drafts in (0, 1, 3)] == [2 + 6, 2 + 9, 2 + 15]
    llama = load_lab("llama-3.1-8b-a100-80gb").system
    assert pages_of_a_request(llama, 0, 1500)[0] == pages_of_a_request(llama, 3, 1500)[0] == -(-1500 // 16)


# --- published


def test_published_numbers():
    lab = load_lab()
    assert [str(each) for each in measured.token_gains(lab)] == ["2.58×", "1.98×", "1.69×"]
    assert str(measured.crowd_gain(lab)) == "1.25×" and str(measured.alone_rate_gain(lab)) == "2.53×"
    stay = 1.622 + 1023 * 0.0184
    assert float(measured.request_time_without_drafts(lab)) == pytest.approx(stay)
    assert float(measured.crowd_by_stay_without(lab)) == pytest.approx(64 * 1024 / stay)
    assert measured.stays_explain(lab)
    # Eight drafts accepted 42.53 % of the drafted tokens: 4.40 a step.
    assert pytest.approx(measured.EIGHT_DRAFTS[4], abs=0.005) == 1 + 8 * 0.4253
    assert pytest.approx(measured.ONE_DRAFT[4], abs=0.005) == 1 + 0.8359
    assert float(measured.rate_growth(lab)) == pytest.approx(30.5, abs=0.1)
    # The published gap cannot be the mean one: with it there would be three times as many tokens as were measured.
    assert (
        float(measured.rate_by_gap(lab)) == pytest.approx(64 * 1.84 / 0.0224)
        and float(measured.rate_by_gap(lab)) > 3 * 1646
    )
    assert [str(each) for each in measured.published_step_ratios(lab)] == ["1.25×", "1.62×", "1.91×"]


def test_the_simulator_is_held_against_what_was_measured():
    """Too good, and by how much is printed; without drafts within a quarter."""
    lab = load_lab()
    assert measured.simulator_is_kind(lab)
    for users in measured.USERS:
        plain = measured.as_simulated(users, False)
        assert plain.mean("tpot_s") * 1e3 == pytest.approx(measured.PUBLISHED[users][0][1], rel=0.25)
    assert str(measured.simulated_too_high(lab)[0]) == "7.9 %"


# --- the explorer


@every_lab
def test_every_stop_of_the_explorer_can_be_drawn(name):
    lab = load_lab(name)
    for drafts in explored_drafts(lab):
        for chance in explored_chances(lab):
            for requests in (1, explored_requests(lab)[-1]):
                explore_drafts(lab, drafts=drafts, chance=chance, requests=requests).refuse(["lines"])


@every_lab
def test_the_guess_of_the_explorer_holds(name):
    """One request, three drafts: less than half must be right."""
    shown = explore_drafts(load_lab(name), drafts=3, chance=CHANCE, requests=1)
    assert float(str(shown.value("even"))) < 0.5 and float(shown.value("gain")) > 1


# --- the quiz


@every_lab
def test_the_quizs_token(name):
    lab = load_lab(name)
    step = float(quiz.quiz_step_set(lab))
    assert float(quiz.quiz_token(lab)) == pytest.approx(step / (1 + 0.740 + 0.473))
    assert float(quiz.quiz_token_by_rate(lab)) == pytest.approx(step / (1 + 2 * 489 / 1572))
    assert float(quiz.quiz_token_by_rate(lab)) > 1.25 * float(quiz.quiz_token(lab))
    assert str(quiz.quiz_rate_of_set(lab)) == "61 %"


@every_lab
def test_the_expected_number_lies_within_its_band(name):
    lab = load_lab(name)
    drafted = [
        float(each(lab))
        for each in (quiz.own_drafts_ceiling, quiz.own_drafts_low, quiz.own_drafts_expected, quiz.own_drafts_high)
    ]
    plain = [
        float(each(lab))
        for each in (quiz.own_plain_ceiling, quiz.own_plain_low, quiz.own_plain_expected, quiz.own_plain_high)
    ]
    assert drafted == sorted(drafted) and plain == sorted(plain)
