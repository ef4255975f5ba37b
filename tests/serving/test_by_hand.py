"""The simulator against sums that can be done on paper: blocks, hits, routers, and what is divided by what."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from lessonlib.serving import Request, Scheduler, StepCost, Trace, simulate
from lessonlib.serving.fleet.prefix_index import PrefixIndex
from lessonlib.serving.fleet.routers import Sight, make_router
from lessonlib.serving.replica.job import Job
from lessonlib.serving.replica.kv_cache import KVCache
from lessonlib.serving.replica.pages import Pages
from tests.serving.systems import small, whole_run

# --- what is divided by what ------------------------------------------------------------------------------------------


def burst(*sizes: tuple[int, int], **more: Any) -> Trace:
    return Trace(tuple(Request(0.0, prompt, output, **more) for prompt, output in sizes))


def test_time_per_output_token_is_over_the_gaps_not_over_the_tokens() -> None:
    """An answer of two tokens has one gap: the one decode step behind the prompt."""
    result = simulate(small(), burst((1000, 2)))
    step = StepCost(small()).mixed([(1, 1000)])
    assert result.requests["tpot_s"][0] == pytest.approx(step, rel=1e-9)
    assert result.mean("tpot_s") == pytest.approx(step, rel=1e-9)
    longer = simulate(small(), burst((1000, 5)))
    assert longer.requests["tpot_s"][0] == pytest.approx(np.diff(longer.token_times(0)).mean(), rel=1e-9)


def test_an_answer_of_one_token_keeps_every_limit_on_later_tokens() -> None:
    result = simulate(small(), burst((100, 1), (100, 1), (100, 3)))
    assert np.isnan(result.requests["tpot_s"][:2]).all()
    rate, share = result.goodput(tpot_s=1e-9)
    assert share == pytest.approx(2 / 3)
    assert rate == pytest.approx(2 / result.simulated_s)
    assert result.goodput()[1] == 1.0
    assert result.goodput(ttft_s=0.0)[1] == 0.0


def test_a_request_at_its_very_limit_counts() -> None:
    result = simulate(small(), burst((100, 3)))
    row = {name: float(result.requests[name][0]) for name in ("ttft_s", "tpot_s", "e2e_s")}
    assert result.goodput(**row)[1] == 1.0
    for name, value in row.items():
        assert result.goodput(**{**row, name: value * (1 - 1e-9)})[1] == 0.0


def test_the_price_of_a_token_is_that_of_a_token_somebody_got() -> None:
    """What was made for requests that never finished is paid for by those that did."""
    many = Trace(tuple(Request(0.0, 100, 50 if n < 10 else 5000) for n in range(20)))
    result = simulate(small(), many, limit_s=2.0)
    got = result.requests["output"][np.isfinite(result.requests["finished_s"])].sum()
    assert result.finished == 10 and result.unfinished == 10 and result.tokens_made > got == 500
    price = result.cost(3.6)  # a tenth of a cent a second
    assert price["total"] == pytest.approx(result.gpu_seconds / 1000)
    assert price["per_request"] == pytest.approx(price["total"] / 10)
    assert price["per_million_output_tokens"] == pytest.approx(price["total"] / 500 * 1e6)
    assert result.throughput_tokens_per_s == pytest.approx(500 / result.simulated_s)


@pytest.mark.parametrize(("times", "warned"), [(1.5, True), (0.5, False)])
def test_a_queue_of_thirty_that_still_grows_is_told(times: float, warned: bool) -> None:
    """One seat; requests come `times` as fast as they leave: after 100 about a third of them wait at 1.5."""
    one = simulate(small(), burst((500, 20)), Scheduler(max_num_seqs=1))
    service = float(one.requests["e2e_s"][0])
    many = Trace(tuple(Request(n * service / times, 500, 20) for n in range(100)))
    result = simulate(small(), many, Scheduler(max_num_seqs=1, prefix_caching=False))
    assert any("grows without bound" in line for line in result.warnings) is warned


# --- who is preempted, and what it finds again --------------------------------------------------------------------------


def test_a_preempted_request_finds_the_blocks_of_its_answer_again() -> None:
    """Two requests of 160 tokens in 30 blocks of 16. Both hold 15 blocks, 240 tokens, when the next step wants two more.

    The second goes, with 81 tokens of its answer: 241 to come back with, of which 15 blocks (240) are kept. The first takes
    one of them for its last steps (90 tokens: 249 in the cache), so 14 blocks, 224 tokens, are found again, and 17 computed.
    """
    _, result = whole_run(small(), burst((160, 90), (160, 160)), Scheduler(kv_blocks=30))
    assert list(result.requests["preemptions"]) == [0, 1]
    assert result.runs["prefill_tokens"].sum() == 160 + 160 + 17


def test_what_was_found_first_stays_what_was_found() -> None:
    """A preempted request finds its own blocks; the hit rate counts what it found when it first came: nothing."""
    _, result = whole_run(small(), burst((160, 90), (160, 160)), Scheduler(kv_blocks=30))
    assert list(result.requests["cached"]) == [0, 0] and result.prefix_hit_rate == 0.0
    shared = tuple(Request(0.0 if n == 0 else 0.5, 160, 160, prefix=(("system", 80),)) for n in range(3))
    _, again = whole_run(small(), Trace(shared), Scheduler(kv_blocks=40))
    assert again.preemptions > 0
    assert list(again.requests["cached"]) == [0, 80, 80]


# --- blocks -------------------------------------------------------------------------------------------------------------


def job(number: int, prompt: int, output: int = 100, *prefix: tuple[str, int]) -> Job:
    return Job(number, Request(0.0, prompt, output, prefix=prefix), 0.0)


def cache(total: int, fixed: int = 0, **more: Any) -> KVCache:
    return KVCache(Pages(total, 16, fixed), Scheduler(**more))


def counts(kv: KVCache) -> tuple[int, int, int]:
    kv.check()
    return kv.used, kv.kept, kv.free


@pytest.mark.parametrize(("tokens", "blocks"), [(0, 0), (1, 1), (15, 1), (16, 1), (17, 2), (160, 10), (161, 11)])
def test_a_block_begun_is_a_block_taken(tokens: int, blocks: int) -> None:
    assert cache(100).blocks(tokens) == blocks


def test_a_request_is_let_in_if_its_blocks_are_there_to_the_last_one() -> None:
    kv = cache(10, fixed=2)
    assert not kv.admit(job(0, 129), 129), "9 blocks and 2 fixed ones"
    assert not kv.admit(job(0, 128), 128, spare=1), "8, 2, and 1 that must be left"
    assert counts(kv) == (0, 0, 10)
    assert kv.admit(job(0, 128), 128)
    assert (counts(kv), kv.room, kv.high) == ((10, 0, 0), 0, 10)


def test_what_is_given_back_is_kept_for_who_asks_again() -> None:
    kv = cache(20)
    first = job(0, 100, 10, ("a", 64))
    assert kv.admit(first, 100)
    kv.publish(first, 100)
    assert counts(kv) == (7, 0, 13)
    kv.release(first)
    # 4 blocks of "a" and 2 full ones of its own; the 7th was not full.
    assert (counts(kv), kv.room, first.blocks, first.shared) == ((0, 6, 14), 20, 0, [])
    second = job(1, 100, 10, ("a", 64))
    assert kv.matched_tokens(second) == 64
    assert kv.match(second, 100)[1:] == (4, 4)
    assert kv.admit(second, 100)
    assert (counts(kv), second.hit_blocks, second.blocks) == ((7, 2, 11), 4, 3)
    assert kv.match(job(2, 100, 10, ("a", 64)), 100)[1:] == (4, 0), "in use now: its blocks are nobody's to take"


@pytest.mark.parametrize(("prompt", "hit"), [(64, 3), (65, 4), (16, 0), (17, 1), (48, 2), (1000, 4)])
def test_the_last_token_of_a_prompt_is_never_found(prompt: int, hit: int) -> None:
    """Four blocks are there; a prompt of exactly four would have nothing left to compute a first token from."""
    kv = cache(100)
    first = job(0, 64, 10, ("a", 64))
    kv.admit(first, 64)
    kv.publish(first, 64)
    kv.release(first)
    asked = job(1, prompt, 10, ("a", min(prompt, 64)))
    assert kv.match(asked, prompt)[1] == hit
    assert kv.matched_tokens(asked) == hit * 16


def test_room_is_made_of_what_was_used_longest_ago_from_its_end() -> None:
    kv = cache(10)
    for number, name in enumerate("ab"):
        each = job(number, 64, 10, (name, 64))
        kv.admit(each, 64)
        kv.publish(each, 64)
        kv.release(each)
    assert counts(kv) == (0, 8, 2)
    new = job(2, 80)
    assert kv.admit(new, 80)
    assert counts(kv) == (5, 5, 0)
    assert kv.match(job(3, 65, 10, ("a", 64)), 65)[1] == 1, "three of a's four blocks went"
    assert kv.match(job(3, 65, 10, ("b", 64)), 65)[1] == 4


def test_a_beginning_that_is_cut_short_ends_the_search() -> None:
    """What comes behind a hole cannot be used: attention needs every earlier token."""
    kv = cache(9)
    first = job(0, 128, 10, ("a", 64), ("b", 64))
    kv.admit(first, 128)
    kv.publish(first, 128)
    kv.release(first)
    kv.admit(job(1, 48), 48)  # one free block and two of the least recently used run, b: a request's end goes first
    again = job(2, 200, 10, ("a", 64), ("b", 64))
    runs, hit, idle = kv.match(again, 200)
    assert (len(runs), hit, idle) == (2, 6, 6)


def test_without_reuse_nothing_is_kept_or_found() -> None:
    kv = cache(20, prefix_caching=False)
    first = job(0, 64, 10, ("a", 64))
    kv.admit(first, 64)
    kv.publish(first, 64)
    kv.release(first)
    assert counts(kv) == (0, 0, 20) and kv.matched_tokens(job(1, 64, 10, ("a", 64))) == 0


def test_a_second_copy_of_a_beginning_stays_its_owners() -> None:
    kv = cache(20)
    one, two = job(0, 64, 10, ("a", 64)), job(1, 64, 10, ("a", 64))
    for each in (one, two):
        assert kv.admit(each, 64)
    for each in (one, two):
        kv.publish(each, 64)
    assert (counts(kv), two.blocks, one.blocks) == ((8, 0, 12), 4, 0)
    kv.release(two)
    assert counts(kv) == (4, 0, 16)
    kv.release(one)
    assert counts(kv) == (0, 4, 16)


def test_a_machine_that_failed_keeps_nothing() -> None:
    kv = cache(20)
    one = job(0, 64, 10, ("a", 64))
    kv.admit(one, 64)
    kv.grow(3)
    one.blocks += 3
    kv.grow(0)
    kv.publish(one, 64)
    kv.release(one)
    assert (counts(kv), kv.high) == ((0, 4, 16), 7)
    kv.clear()
    assert counts(kv) == (0, 0, 20) and kv.matched_tokens(job(1, 65, 10, ("a", 64))) == 0


@pytest.mark.parametrize("change", [{"used": 1}, {"free": 19}, {"kept": 1, "free": 19}, {"used": -1, "free": 21}])
def test_a_lost_block_is_noticed(change: dict[str, int]) -> None:
    kv = cache(20)
    vars(kv).update(change)
    with pytest.raises(RuntimeError, match="blocks of the KV cache are lost"):
        kv.check()


# --- routers ------------------------------------------------------------------------------------------------------------


def fleet(*loads: tuple[int, int, int]) -> tuple[PrefixIndex, list[Any]]:
    """Replicas by (requests in flight, prompt tokens in flight, tokens of the beginning "a" that it holds)."""
    index, replicas = PrefixIndex(), []
    for number, (in_flight, prompt_tokens, held) in enumerate(loads):
        kv = cache(100)
        kv.tell(index, number)
        if held:
            first = job(100 + number, held, 10, ("a", held))
            kv.admit(first, held)
            kv.publish(first, held)
            kv.release(first)
        replicas.append(SimpleNamespace(number=number, in_flight=in_flight, prompt_tokens=prompt_tokens, kv=kv))
    return index, replicas


def chosen(router: str, *loads: tuple[int, int, int], bound: float = 1.25) -> int:
    """The number of the replica that a prompt with the beginning "a" goes to."""
    index, replicas = fleet(*loads)
    asked = job(0, 1000, 10, ("a", 960))
    return make_router(router, Sight(load_bound=bound, index=index)).choose(asked, replicas).number


def test_a_router_knows_of_a_beginning_as_long_as_any_of_it_is_there() -> None:
    index, (one,) = fleet((0, 0, 64))
    assert index.holders["a"] == {0}
    other = job(1, 1600)
    one.kv.admit(other, 1550)  # 97 of 100 blocks: one of the four is left
    assert "a" in index.holders
    one.kv.grow(3)
    other.blocks += 3
    assert "a" not in index.holders, "the last of its blocks has gone"
    index, (one,) = fleet((0, 0, 64))
    one.kv.clear()
    assert index.holders == {}


def test_least_requests_and_least_tokens_look_at_different_things() -> None:
    few_long, many_short = (1, 9000, 0), (5, 500, 0)
    assert chosen("least-requests", many_short, few_long) == 1
    assert chosen("least-tokens", few_long, many_short) == 1
    assert chosen("least-requests", few_long, many_short) == chosen("least-tokens", many_short, few_long) == 0


@pytest.mark.parametrize(
    ("in_flight", "open_to_it"),
    [
        (1, True),  # at most 1.25 x (1 + 1/2) = 1.875 in flight: an idle fleet is left alone
        (2, True),  # 1.25 x 2 = 2.5
        (3, True),  # 1.25 x 2.5 = 3.125
        (4, False),  # 1.25 x 3 = 3.75
        (9, False),  # 1.25 x 5.5 = 6.875
    ],
)
def test_the_bound_on_the_load_of_who_holds_the_beginning(in_flight: int, open_to_it: bool) -> None:
    """Two replicas, one of them idle, so the mean load is half of what is in flight at the other."""
    assert chosen("prefix-aware", (0, 0, 0), (in_flight, 0, 960)) == int(open_to_it)


def test_at_the_bound_itself_a_replica_is_full() -> None:
    """1 x (1 + 2/2) = 2 in flight."""
    assert chosen("prefix-aware", (0, 0, 0), (2, 0, 960), bound=1.0) == 0


def test_who_holds_more_of_the_beginning_comes_first_and_among_equals_the_emptier() -> None:
    assert chosen("prefix-aware", (0, 0, 160), (2, 0, 960), bound=2.0) == 1
    assert chosen("prefix-aware", (3, 0, 160), (2, 0, 160), bound=2.0) == 1
    assert chosen("prefix-aware", (2, 0, 160), (3, 0, 160), bound=2.0) == 0
    assert chosen("prefix-aware", (3, 0, 0), (2, 0, 0)) == 1
