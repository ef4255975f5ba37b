"""What the KV cache keeps and finds again, counted by hand: beginnings with a hole, and the states of recurrent layers."""

from __future__ import annotations

import pytest

from lessonlib.serving import Request, Scheduler
from lessonlib.serving.fleet.prefix_index import PrefixIndex
from lessonlib.serving.replica.host_tier import HostTier
from lessonlib.serving.replica.job import Job
from lessonlib.serving.replica.kv_cache import KVCache
from lessonlib.serving.replica.pages import Pages


def job(number: int, prompt: int, *prefix: tuple[str, int]) -> Job:
    return Job(number, Request(0.0, prompt, 100, prefix=prefix), 0.0)


def counts(kv: KVCache) -> tuple[int, int, int]:
    kv.check()
    return kv.used, kv.kept, kv.free


# --- of attention layers ------------------------------------------------------------------------------------------------


def attention(total: int) -> KVCache:
    return KVCache(Pages(total, 16, 0), Scheduler())


@pytest.mark.parametrize(("taken", "hit"), [(0, 12), (2, 6), (4, 4), (6, 2), (8, 0)])
def test_what_lies_behind_a_hole_is_not_found(taken: int, hit: int) -> None:
    """Three stretches of four blocks. One request has given back a and b, another still holds c and copies of a and b."""
    kv = attention(20)
    one, two = job(0, 128, ("a", 64), ("b", 64)), job(1, 192, ("a", 64), ("b", 64), ("c", 64))
    for each in (one, two):
        assert kv.admit(each, each.prompt)
    for each in (one, two):
        kv.publish(each, each.prompt)
    kv.release(one)
    assert counts(kv) == (12, 8, 0)
    kv.admit(job(2, 16 * taken), 16 * taken)  # from the end of b on, then from the end of a on
    assert kv.match(job(3, 300, *two.prefix), 300)[1] == hit


def test_a_stretch_that_nothing_is_read_of_is_not_held() -> None:
    """Five blocks are there, but a prompt of exactly five reads four: the fifth, a stretch of its own, can go."""
    kv = attention(20)
    first = job(0, 80, ("a", 64), ("b", 16))
    kv.admit(first, 80)
    kv.publish(first, 80)
    kv.release(first)
    second = job(1, 80, ("a", 64), ("b", 16))
    runs, hit, idle = kv.match(second, 80)
    assert ([run.key for run in runs], hit, idle) == (["a"], 4, 4)
    kv.admit(second, 80)
    assert counts(kv) == (5, 1, 14)


def test_a_router_is_told_of_a_stretch_with_its_first_whole_block() -> None:
    kv, index = attention(20), PrefixIndex()
    kv.tell(index, 0)
    first = job(0, 100, ("a", 64))
    kv.admit(first, 100)
    told = []
    for computed in (15, 16, 64, 79, 80):
        kv.publish(first, computed)
        told.append(len(index.holders))
    assert told == [0, 1, 1, 1, 2]


def test_the_host_keeps_each_whole_block_until_the_machine_fails() -> None:
    kv = attention(20)
    kv.tier = HostTier(100, 1.0, 16)
    first, asked = job(0, 100, ("a", 64)), job(1, 100, ("a", 64))
    kv.admit(first, 100)
    kv.publish(first, 40)
    assert kv.tier.match(asked, 100) == 2
    kv.publish(first, 100)
    kv.release(first)
    assert kv.tier.match(asked, 100) == 4
    kv.clear()
    assert kv.tier.match(asked, 100) == 0


# --- of recurrent layers ------------------------------------------------------------------------------------------------


def recurrent(total: int = 100) -> KVCache:
    """A state takes three blocks; each request has six for its present one and one that is kept."""
    return KVCache(Pages(total, tokens=16, fixed=6, state=3), Scheduler())


def compute(kv: KVCache, one: Job) -> list[int]:
    """Let a request in and compute its prompt in as few chunks as can be; where they ended."""
    assert kv.admit(one, one.prompt)
    ends = [one.hit_blocks * 16]
    while ends[-1] < one.prompt:
        ends.append(kv.chunk_end(one, ends[-1], one.prompt, 10_000))
        kv.publish(one, ends[-1])
        kv.keep_state(one, ends[-1])
    kv.new_step()
    return ends


def test_a_state_behind_what_is_shared_is_found_by_the_third_request() -> None:
    """Prompts of 100 tokens, of which 64 are the same: seven blocks and six for states, whoever they belong to.

    The first keeps its state after 96 tokens. The second finds a's four blocks and no state there: it keeps one, and one
    after 96 tokens of its own. The third goes on from the one after 64.
    """
    kv = recurrent()
    one, two, three = (job(number, 100, ("a", 64)) for number in range(3))
    assert compute(kv, one) == [0, 96, 100]
    assert counts(kv) == (13, 0, 87)
    kv.release(one)
    assert counts(kv) == (0, 4 + 2 + 3, 91)

    assert kv.match(two, 100) == ([], 0, 0) and two.junction == 4
    assert compute(kv, two) == [0, 64, 96, 100]
    assert counts(kv) == (13, 9, 78)
    kv.release(two)
    # Its own copy of a is not kept.
    assert counts(kv) == (0, 9 + 2 + 3 + 3, 83)

    assert kv.match(three, 100)[1:] == (4, 4 + 3)
    assert compute(kv, three) == [64, 96, 100]
    assert counts(kv) == (13, 10, 77) and kv.match(job(3, 100, ("a", 64)), 100)[1:] == (4, 0)


def test_only_what_lies_before_the_state_is_held() -> None:
    """The blocks of a and b are there, a state only at the end of a."""
    kv = recurrent()
    for number, prefix in enumerate(([("a", 64)], [("a", 64), ("b", 64)])):
        each = job(number, 200, *prefix)
        compute(kv, each)
        kv.release(each)
    third = job(2, 200, ("a", 64), ("b", 64))
    runs, hit, idle = kv.match(third, 200)
    assert ([run.blocks for run in runs], hit, idle, third.junction) == ([4, 3], 4, 7, 8)


def test_a_preempted_request_goes_on_from_its_last_state() -> None:
    """Seven whole blocks of it are there, and the state after six."""
    kv = recurrent()
    one = job(0, 100)
    compute(kv, one)
    kv.publish(one, 112)  # 12 tokens of the answer
    kv.release(one)
    assert kv.match(one, 113)[1:] == (6, 7 + 3) and one.junction == 7


def test_a_state_behind_two_stretches_is_there_one_step_later() -> None:
    kv = recurrent()
    one, two = (job(number, 129, ("a", 64), ("b", 64)) for number in range(2))
    kv.admit(one, 129)
    kv.publish(one, 128)
    kv.keep_state(one, 128)
    before = counts(kv)
    assert not kv.admit(two, 129) and counts(kv) == before
    kv.new_step()
    assert kv.admit(two, 129) and two.hit_blocks == 8


@pytest.mark.parametrize(
    ("prompt", "junction", "kept_after"),
    [
        (100, 0, [96]),
        (100, 4, [64, 96]),
        (97, 0, [96]),
        (96, 0, [80]),  # the same prompt again computes its last token: it can find five blocks of its six
        (95, 0, [80]),
        (15, 0, []),
    ],
)
def test_a_state_is_kept_at_the_last_whole_block_and_at_the_junction(
    prompt: int, junction: int, kept_after: list[int]
) -> None:
    found = []
    for tokens in range(1, prompt + 1):
        kv, one = recurrent(), job(0, prompt)
        kv.admit(one, prompt)
        one.junction = junction
        kv.keep_state(one, tokens)
        found += [tokens] if one.shared else []
    assert found == kept_after


@pytest.mark.parametrize(("prompt", "kept"), [(32, 0), (33, 3), (48, 3)])
def test_a_state_is_kept_by_who_holds_the_blocks_for_it(prompt: int, kept: int) -> None:
    """A state takes three blocks: a request of two has none to give, and one of three has all that it takes."""
    kv = KVCache(Pages(total=10, tokens=16, fixed=0, state=3), Scheduler())
    one = job(0, prompt)
    kv.admit(one, prompt)
    kv.keep_state(one, (prompt - 1) // 16 * 16)
    assert sum(run.blocks for run in one.shared) == kept
    kv.release(one)
    assert counts(kv) == (0, kept, 10 - kept)


@pytest.mark.parametrize(
    ("start", "end", "most", "stop"),
    [
        (0, 100, 200, 96),  # the last whole block of the prompt
        (96, 100, 200, 100),
        (0, 60, 200, 48),  # no room for all: down to a whole block
        (0, 16, 200, 16),
        (0, 10, 200, 0),  # less than a block, where a later step has room for one
        (0, 10, 16, 0),
        (48, 60, 200, 48),
        (50, 60, 200, 50),
        (0, 10, 15, 10),  # no step ever has room for a whole block
        (10, 15, 15, 15),
        (10, 20, 15, 16),
        (48, 60, 15, 60),
        (10, 100, 200, 16),  # from within a block to its end
        (50, 100, 200, 64),
        (90, 100, 200, 96),
        (97, 100, 200, 100),
    ],
)
def test_where_a_chunk_ends_so_that_a_state_can_be_kept(start: int, end: int, most: int, stop: int) -> None:
    """A prompt of 100 tokens in blocks of 16, by the rule of `_mamba_block_aligned_split` in vLLM's scheduler."""
    assert recurrent().chunk_end(job(0, 100), start, end, most) == stop
    assert attention(100).chunk_end(job(0, 100), start, end, most) == end


@pytest.mark.parametrize(
    ("prompt", "start", "stop"),
    [(100, 0, 32), (100, 16, 32), (100, 32, 96), (100, 30, 32), (30, 0, 16), (97, 32, 96), (96, 32, 80), (95, 32, 80)],
)
def test_a_chunk_ends_at_the_junction_first(prompt: int, start: int, stop: int) -> None:
    """Two blocks of the prompt are there, without a state."""
    one = job(0, prompt)
    one.junction = 2
    assert recurrent().chunk_end(one, start, prompt, 200) == stop
