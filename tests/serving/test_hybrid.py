"""Models with recurrent layers: pages as large as a state, beginnings found only where a state was kept."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lessonlib.roofline import System, load_gpu, load_model, weight_bytes
from lessonlib.serving import Fixed, LogNormal, Poisson, Request, Scheduler, Sharing, Speculation, Trace, Workload
from lessonlib.serving.replica.job import SharedBlocks
from lessonlib.serving.replica.kv_cache import STATE, KVCache
from lessonlib.serving.replica.pages import Pages, pages
from tests.serving.systems import hybrid, small, whole_run


def test_the_page_of_this_model_is_what_vllm_reports() -> None:
    """784 tokens with a 16-bit cache (vllm#47430), 1,568 with fp8; the number of GPUs cancels out."""
    model, gpu = load_model("qwen3.5-27b"), load_gpu("h100-sxm")
    for tp in (2, 4):
        assert pages(System(model, gpu, tp=tp), Scheduler()).tokens == 784
        assert pages(System(model, gpu, tp=tp, kv="fp8"), Scheduler()).tokens == 1568
    assert pages(small(), Scheduler()).tokens == 16 and pages(small(), Scheduler()).state == 0


@pytest.mark.parametrize(("caching", "drafts", "states"), [(True, 0, 2), (True, 3, 5), (False, 0, 1), (False, 2, 3)])
def test_a_sequence_holds_states_in_each_of_three_groups(caching, drafts, states) -> None:
    """16 attention layers and 48 recurrent ones: one group and three, 51.4 MB a block over both GPUs."""
    speculation = Speculation(drafts, 0.7) if drafts else None
    found = pages(hybrid(), Scheduler(prefix_caching=caching, speculation=speculation))
    assert found.fixed == 3 * states
    block = 784 * 2048 * 16 * 2
    room = 0.9 * 160e9 - weight_bytes(hybrid())
    assert pages(hybrid(), Scheduler(memory_share=0.9)).total == int(room // block)
    # At 4k that is far fewer than by bytes (213): 12 blocks each, 21 with three drafts.
    seats = pages(hybrid(), Scheduler(memory_share=0.9, speculation=speculation)).total // (6 + 3 * states)
    assert seats < 213


def test_of_a_kept_state_no_part_stays_and_of_other_runs_what_is_not_needed() -> None:
    for key, left in (((STATE, "p", 3), 0), (("p", STATE), 3), ("p", 3)):
        kv = KVCache(Pages(total=4, tokens=16, fixed=0, state=4), Scheduler())
        kv.runs[key] = kv._idle[key] = SharedBlocks(key, 4)
        kv.kept, kv.free = 4, 0
        kv._take(1)
        assert (kv.kept, kv.free, kv.used) == (left, 3 - left, 1)
        assert (key in kv.runs, key in kv._idle) == (left > 0, left > 0)


def found(*requests, system=None, **settings):
    """Tokens found by each request; they come one after the other."""
    trace = Trace(tuple(Request(60.0 * n, prompt, 5, prefix=prefix) for n, (prompt, prefix) in enumerate(requests)))
    _, result = whole_run(system or hybrid(), trace, Scheduler(**settings))
    return list(result.requests["cached"])


def test_a_short_beginning_is_never_found() -> None:
    """A system prompt of 512 tokens: hit rate 0.0 % (vllm#47430)."""
    assert found(*[(3000, (("system", 512),))] * 4) == [0] * 4
    assert found(*[(3000, (("system", 512),))] * 4, hybrid_pages=False) == [0, 512, 512, 512]


def test_a_beginning_is_found_where_a_state_was_kept() -> None:
    """As measured in vllm#45238: 1,600 shared and 600 own with blocks of 1,600 hit, 1,500 and 700 never do."""
    assert found(*[(784 + 300, (("system", 784),))] * 3) == [0, 784, 784]
    assert found(*[(784 + 300, (("system", 700),))] * 3) == [0, 0, 0]


def test_a_second_sighting_keeps_the_state_at_the_junction() -> None:
    """The first prompt keeps its state in its private part; the second shows what is shared, the third finds it."""
    shared = 4 * 784 + 100
    assert found(*[(shared + 3000, (("document", shared),))] * 4) == [0, 0, 4 * 784, 4 * 784]


def test_the_same_prompt_again_finds_its_last_whole_block() -> None:
    assert found(*[(5000, (("prompt", 5000),))] * 3) == [0, 6 * 784, 6 * 784]


def test_chunks_end_where_states_can_be_kept() -> None:
    _, result = whole_run(hybrid(), Trace((Request(0.0, 20_000, 2),)), Scheduler(max_num_batched_tokens=8192))
    chunks = result.runs["prefill_tokens"]
    ends = np.cumsum(chunks[chunks > 0])
    # 10 blocks fit into a budget of 8,192; the last whole block of the prompt ends at 25 x 784.
    assert list(ends) == [7840, 15_680, 19_600, 20_000]
    _, without = whole_run(
        hybrid(), Trace((Request(0.0, 20_000, 2),)), Scheduler(max_num_batched_tokens=8192, prefix_caching=False)
    )
    assert list(without.runs["prefill_tokens"][:3]) == [8192, 8192, 3616]


def test_a_state_is_not_there_in_the_step_that_makes_it() -> None:
    """Attention layers may read what the same step has written, recurrent layers may not: the second waits for the next step."""
    trace = Trace(tuple(Request(0.0, 1084, 5, prefix=(("system", 784),)) for _ in range(2)))
    _, result = whole_run(hybrid(), trace)
    assert list(result.requests["cached"]) == [0, 784]
    assert result.requests["started_s"][1] > result.requests["started_s"][0]


@pytest.mark.parametrize("seed", range(6))
def test_books_balance_when_states_come_and_go(seed) -> None:
    sharing = Sharing(900, 2, 1700, 6, zipf=0.5, turns=2 if seed % 2 else 1, think_s=1.0)
    workload = Workload(60, LogNormal(5000, 0.5, least=2600), Fixed(200), Poisson(4.0), sharing, seed=seed)
    scheduler = Scheduler(kv_blocks=150, speculation=Speculation(2, 0.6) if seed % 3 == 0 else None, watermark=0.05)
    _, result = whole_run(replace(hybrid(), kv="fp8") if seed == 5 else hybrid(), workload, scheduler)
    assert result.finished == 60 and result.tokens_made == result.output_tokens
    assert not (result.requests["cached"] % (1568 if seed == 5 else 784)).any()
    assert seed == 5 or result.hit_tokens > 0
