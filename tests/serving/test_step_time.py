"""A step costs what the engine says of its true mixed batch."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.roofline import (
    LAUNCHES,
    Load,
    Requests,
    System,
    decode,
    lab_names,
    load_gpu,
    load_lab,
    load_model,
    mixed,
    prefill,
    state_bytes,
)
from lessonlib.serving import BASES, StepCost
from lessonlib.serving.replica.batch import DecodeBatch
from lessonlib.serving.replica.job import Job
from lessonlib.serving.replica.scheduler import Scheduler, Speculation
from lessonlib.serving.replica.step_time import PromptChunk, load_of_one
from lessonlib.serving.replica.steps import StepTimer
from lessonlib.serving.traffic.request import Request
from tests.roofline.test_more_families import tiny
from tests.serving.systems import hybrid, large, small, windowed


def batches(seed: int, count: int = 8):
    """Random mixtures of answers, fresh prompts and later chunks."""
    draw = random.Random(seed)
    for _ in range(count):
        answers = [(1, draw.randint(1, 30_000)) for _ in range(draw.randint(0, 80))]
        prompts = [
            (draw.randint(2, 6000), draw.choice([0, 0, draw.randint(1, 20_000)])) for _ in range(draw.randint(0, 3))
        ]
        yield answers + prompts or [(1, 1)]


def truth(system, requests, basis):
    estimate = mixed(system, requests)
    return estimate.expected_s if basis == "expected" else estimate.ceiling_s


@pytest.mark.parametrize("basis", BASES)
@pytest.mark.parametrize("lab", lab_names())
def test_agrees_with_the_engine_on_random_batches(lab, basis) -> None:
    system = load_lab(lab).system
    cost = StepCost(system, basis)
    for requests in batches(1):
        assert cost.mixed(requests) == pytest.approx(truth(system, requests, basis), rel=1e-6)


@pytest.mark.parametrize("launches", LAUNCHES)
@pytest.mark.parametrize(
    "change",
    [
        {"model": load_model("gemma-2-9b")},
        {"model": load_model("deepseek-v2-lite")},
        {"pp": 4},
        {"tp": 2, "kv": "fp8"},
        {"gpu": load_gpu("a100-80gb-sxm")},
    ],
    ids=["windows", "latents", "stages", "two GPUs", "another GPU"],
)
def test_agrees_for_windows_latents_stages_and_eager_engines(change, launches) -> None:
    system = replace(small(), launches=launches, **change)
    cost = StepCost(system)
    # Stages interpolate between whole numbers of tokens, where the experts' curve bends.
    for requests in batches(2):
        assert cost.mixed(requests) == pytest.approx(truth(system, requests, "expected"), rel=1e-3)


@pytest.mark.parametrize(
    "change",
    [{"dp": 8, "ep": 8}, {"tp": 2, "dp": 4, "ep": 8}, {"tp": 8, "ep": 8}],
    ids=["attention in eight copies", "in four of two GPUs", "experts only"],
)
def test_agrees_where_experts_are_spread_over_copies_of_the_attention(change) -> None:
    """DeepSeek's usual deployment: each copy takes its share of the requests, the experts see the rows of all."""
    system = System(load_model("deepseek-v3"), load_gpu("h200-sxm"), weights="fp8", **change)
    cost = StepCost(system)
    for count in (8, 64, 509, 1024):
        assert cost.mixed([(1, 2000)] * count) == pytest.approx(mixed(system, [(1, 2000)] * count).expected_s, rel=2e-3)
    for requests in batches(4):
        assert cost.mixed(requests) == pytest.approx(truth(system, requests, "expected"), rel=2e-3)


@pytest.mark.parametrize("change", [{"pp": 2}, {"pp": 3}, {"model": load_model("qwen3.5-27b"), "pp": 2}], ids=str)
def test_agrees_for_two_and_three_stages_and_for_states_in_stages(change) -> None:
    system = replace(small(), **change)
    cost = StepCost(system)
    for count in (1, 2, 7, 64):
        assert cost.mixed([(1, 2000)] * count) == pytest.approx(mixed(system, [(1, 2000)] * count).expected_s, rel=1e-3)


def test_agrees_for_layers_that_keep_no_cache_of_their_own() -> None:
    """Their queries look into the cache of an earlier layer: they compute, and read and write nothing of their own."""
    system = System(tiny("gemma3n_text"), load_gpu("h100-sxm"))
    cost = StepCost(system)
    assert any(not group.read_s for group in cost.attention) and any(group.read_s for group in cost.attention)
    for requests in batches(5):
        assert cost.mixed(requests) == pytest.approx(truth(system, requests, "expected"), rel=1e-9)


@pytest.mark.parametrize("system", [small(), large(), hybrid(), windowed()], ids=lambda system: system.model.name)
@pytest.mark.parametrize("new", [1, 5])
def test_the_attention_of_a_request_that_decodes_grows_by_a_straight_line(system, new) -> None:
    """Up to the window where there is one: what a token sees ends there."""
    cost = StepCost(system)
    for group, (constant, slope) in zip(cost.attention, cost.decode_flops(new), strict=True):
        longest = (group.window or 100_000) - new
        for context in (1, 2, 3, 100, longest):
            assert constant + slope * context == pytest.approx(group.mixer.flops(new, context), rel=1e-12), context


def test_between_two_rows_of_a_table_lies_a_straight_line() -> None:
    cost, table = StepCost(small()), [10.0, 20.0, 40.0]
    assert [cost._look(table, at) for at in (0, 0.5, 1, 1.25, 1.5, 2)] == [10, 15, 20, 25, 30, 40]


@pytest.mark.parametrize("system", [small(), large(), windowed()], ids=lambda system: system.model.name)
def test_what_bounds_a_step_is_what_the_engine_says(system) -> None:
    """From one request to thousands, where experts that route apart decide, and prompts from one token to a thousand."""
    cost = StepCost(system)
    bound = set()
    for requests in [[(1, 500)] * count for count in range(1, 3000, 61)] + [[(new, 0)] for new in range(1, 1000, 17)]:
        chunks = [PromptChunk(new, context) for new, context in requests]
        sums = cost.chunk_sums(chunks)
        by_compute = cost.seconds(sum(new for new, _ in requests), len(chunks), len(chunks), 0, *sums)[1]
        assert by_compute == (mixed(system, requests).bound == "compute"), requests[-1]
        bound.add(by_compute)
    assert bound == {True, False}


def test_agrees_far_beyond_the_first_table() -> None:
    cost = StepCost(small())
    for prompt in (4094, 4095, 4096, 4097, 5000, 40_000, 90_001, 90_002, 180_001, 180_002):
        assert cost.mixed([(prompt, 0)]) == pytest.approx(prefill(small(), prompt).expected_s, rel=1e-9)


def batch_of(system, contexts, speculation=None):
    scheduler = Scheduler(speculation=speculation)
    cost = StepCost(system)
    batch = DecodeBatch(scheduler, cost.windows)
    for number, context in enumerate(contexts):
        job = Job(number, Request(0.0, context, 1000), 0.0)
        job.generated = 1
        batch.add(job, 999, False)
    return StepTimer(cost, scheduler), batch


@pytest.mark.parametrize("system", [small(), large(), hybrid(), windowed()], ids=lambda system: system.model.name)
def test_a_batch_that_decodes_costs_what_the_engine_says_at_every_step(system) -> None:
    contexts = [3, 50, 126, 127, 500, 4000, 20_000]
    timer, batch = batch_of(system, contexts)
    for step in range(200):
        want = mixed(system, [(1, context + step) for context in contexts]).expected_s
        assert timer.seconds(batch, [])[0] == pytest.approx(want, rel=1e-6), step
        batch.advance(1)


def test_verification_of_drafts_costs_what_the_engine_says() -> None:
    timer, batch = batch_of(large(), [900, 3000], Speculation(drafts=4, acceptance=0.5))
    want = mixed(large(), [(5, 900, 5), (5, 3000, 5)]).expected_s
    assert timer.seconds(batch, [])[0] == pytest.approx(want, rel=1e-3)


@pytest.mark.parametrize("drafts", [1, 3])
def test_every_draft_writes_a_state_of_its_own(drafts) -> None:
    """With k drafts k + 2 states move instead of 2: k x 151 MB a sequence more, whatever else the step does."""
    timer, batch = batch_of(hybrid(), [2048] * 64, Speculation(drafts, 0.7))
    plain = mixed(hybrid(), [(1 + drafts, 2048, 1 + drafts)] * 64).expected_s
    state = sum(state_bytes(hybrid()).values())
    assert state == pytest.approx(154e6, rel=0.03)
    least = drafts * 64 * state / (2 * hybrid().gpu.bandwidth)
    assert least < timer.seconds(batch, [])[0] - plain < 2.0 * least


def test_drafts_cost_their_own_time_once_a_step() -> None:
    plain, batch = batch_of(small(), [500] * 8, Speculation(4, 0.5))
    costly = StepTimer(StepCost(small()), Scheduler(speculation=Speculation(4, 0.5, draft_s=0.0005)))
    assert costly.seconds(batch, [])[0] - plain.seconds(batch, [])[0] == pytest.approx(4 * 0.0005, rel=1e-9)


def test_a_step_of_equal_requests_is_the_engines_decode() -> None:
    assert StepCost(small()).mixed([(1, 2048)] * 64) == pytest.approx(decode(small(), 64, 2048).expected_s, rel=1e-9)


def test_a_slow_replica_is_slower_by_its_factor() -> None:
    requests = [(1, 100)] * 5 + [(700, 0)]
    assert StepCost(small(), slowdown=1.7).mixed(requests) == pytest.approx(
        1.7 * StepCost(small()).mixed(requests), rel=1e-12
    )


def test_the_ceiling_is_never_above_the_expectation() -> None:
    for requests in batches(3):
        assert StepCost(large(), "ceiling").mixed(requests) < StepCost(large()).mixed(requests)


def test_wrong_settings_are_named() -> None:
    with pytest.raises(LessonlibError, match="no such cost 'guess': it is expected or ceiling"):
        StepCost(small(), "guess")
    with pytest.raises(LessonlibError, match="replicas = 2"):
        StepCost(System(load_model("llama-3.1-8b"), load_gpu("h100-sxm"), dp=2))
    with pytest.raises(
        LessonlibError,
        match="dp: 3 copies of a model are 3 replicas here: set dp = 1 and replicas = 3, or spread the experts: ep = 6",
    ):
        StepCost(System(load_model("gpt-oss-120b"), load_gpu("h100-sxm"), tp=2, dp=3))


def test_one_request_begins_without_a_context_and_gives_one_row() -> None:
    assert load_of_one(7) == Load((Requests(1, 7, 0, 1),)) == load_of_one(7, 0) == load_of_one(7, 0, 1)
