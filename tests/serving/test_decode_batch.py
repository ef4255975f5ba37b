"""The requests of one replica, those that wait and those that decode: its few sums against a count of each request alone."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from lessonlib.serving import Request, Scheduler, Speculation
from lessonlib.serving.replica.batch import DecodeBatch, WaitMeter, decode_steps, job_queue
from lessonlib.serving.replica.job import Job

# --- those that wait --------------------------------------------------------------------------------------------------


def waiting(number: int, arrival: float = 0.0, priority: int = 0) -> Job:
    return Job(number, Request(arrival, 10, 10, priority=priority), arrival)


def test_first_come_first_served_and_a_preempted_one_before_all() -> None:
    queue = job_queue("fcfs")
    for number in (3, 1, 2):
        queue.push(waiting(number))
    queue.push_back(waiting(9))
    assert (len(queue), queue.peek().number) == (4, 9)
    assert [queue.pop().number for _ in range(4)] == [9, 3, 1, 2] and not queue


def test_the_lowest_priority_number_then_the_earliest_arrival_goes_first() -> None:
    queue = job_queue("priority")
    for number, arrival, priority in ((0, 5.0, 1), (1, 1.0, 2), (3, 4.0, 1), (2, 4.0, 1)):
        queue.push(waiting(number, arrival, priority))
    queue.push_back(waiting(9, 9.0, 1))
    assert (len(queue), queue.peek().number) == (5, 2)
    assert [queue.pop().number for _ in range(5)] == [2, 3, 0, 9, 1] and not queue


@pytest.mark.parametrize("policy", ["fcfs", "priority"])
def test_who_is_taken_from_a_queue_is_no_longer_there(policy: str) -> None:
    queue = job_queue(policy)
    for number in range(3):
        queue.push(waiting(number))
    assert sorted(job.number for job in queue.clear()) == [0, 1, 2] and not queue


def test_the_mean_queue_counts_who_came_from_then_on() -> None:
    """Three wait at the end of four seconds: one all the time, one for three seconds, one for half of one: 7.5 over 4."""
    meter = WaitMeter()
    assert (meter.count, meter.mean(3, 10.0, 14.0)) == (0, 3.0)
    meter.came(11.0)
    meter.came(13.5)
    assert (meter.count, meter.mean(3, 10.0, 14.0)) == (2, 1.875)
    assert meter.mean(3, 14.0, 14.0) == 1.0, "a run of no length has the queue that it found"
    meter.begin()
    assert (meter.count, meter.mean(3, 14.0, 18.0)) == (0, 3.0)


# --- the pace of speculation ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("speculation", "tokens_each"),
    [
        (None, 1),
        (Speculation(3, 0.0), 1),
        (Speculation(3, 1.0), 4),
        (Speculation(3, (0.0, 0.0, 0.0)), 1),
        (Speculation(3, (1.0, 1.0, 0.0)), 3),
        (Speculation(3, (1.0, 1.0, 1.0)), 4),
    ],
)
def test_the_last_step_is_the_one_that_makes_the_last_token(speculation: Speculation | None, tokens_each: int) -> None:
    """Where chance has no say a step makes so many tokens; the last one may make more than are wanted."""
    for left in range(1, 30):
        assert decode_steps(left, speculation, (1, 2, 3)) == -(-left // tokens_each)


def test_drafts_count_up_to_the_first_that_is_wrong() -> None:
    """One token, and 1/2 + 1/4 + 1/8 of a draft: 1.875 a step."""
    assert 3000 / decode_steps(3000, Speculation(3, 0.5), (1, 2, 3)) == pytest.approx(1.875, rel=0.03)


# --- those that decode ------------------------------------------------------------------------------------------------


def decoding(number: int, context: int, made: int = 1000) -> Job:
    """A request of which so many tokens are in the cache and the first of its answer is there; `made` more will come."""
    one = Job(number, Request(0.0, context, 1 + made), 0.0)
    one.generated = 1
    return one


def new_blocks(contexts: Sequence[int], steps: int, size: int = 16) -> int:
    """Blocks that so many steps take beyond those that hold the contexts; each step adds a token to each."""
    return sum(-(-(context + steps) // size) - -(-context // size) for context in contexts)


CONTEXTS = (1, 15, 16, 17, 100, 112, 5000)


@pytest.mark.parametrize("contexts", [*([context] for context in CONTEXTS), CONTEXTS], ids=str)
def test_a_step_takes_a_block_for_whoever_has_filled_its_last_one(contexts: Sequence[int]) -> None:
    batch = DecodeBatch(Scheduler(), ())
    for number, context in enumerate(contexts):
        batch.add(decoding(number, context), 1000, whole=False)
    for passed in (0, 1, 20):
        batch.advance(passed)
        contexts = [context + passed for context in contexts]
        each = [new_blocks(contexts, steps) for steps in range(71)]
        assert [batch.need(steps) for steps in range(71)] == each
        assert batch.needs(70) == tuple(each[1:])
        for room in range(12):
            for most in (0, 1, 16, 17, 40, 70):
                enough = max(steps for steps in range(most + 1) if each[steps] <= room)
                assert batch.steps_within(room, most) == enough, (room, most)


def test_a_request_takes_the_blocks_that_it_got_with_it() -> None:
    batch, jobs = DecodeBatch(Scheduler(), ()), [decoding(number, context) for number, context in enumerate(CONTEXTS)]
    for one in jobs[:3]:
        batch.add(one, 1000, whole=False)
    batch.advance(5)
    for one in jobs[3:]:
        batch.add(one, 1000, whole=False)
    batch.advance(28)
    for number, one in enumerate(jobs):
        steps = 33 if number < 3 else 28
        assert batch.grown_blocks(one) == new_blocks([one.prompt], steps)
        assert batch.remove(one) == new_blocks([one.prompt], steps)
        left = [other.prompt + (33 if other.number < 3 else 28) for other in jobs[number + 1 :]]
        assert (batch.count, batch.need(40)) == (len(left), new_blocks(left, 40))
        assert (one.generated, one.entry) == (1 + steps, 0)


def test_whose_blocks_are_reserved_to_the_end_takes_no_more() -> None:
    batch, one = DecodeBatch(Scheduler(), ()), decoding(0, 100)
    batch.add(one, 1000, whole=True)
    assert (batch.need(500), batch.steps_within(0, 500)) == (0, 500)
    batch.advance(500)
    assert batch.remove(one) == 0
    batch.add(decoding(1, 16), 1000, whole=False)
    assert batch.needs(3) == (1, 1, 1)


@pytest.mark.parametrize(
    ("settings", "size", "every"),
    [
        ({}, None, 16),
        ({"block_tokens": 64}, None, 64),
        ({"block_tokens": 64}, 32, 32),
        ({"block_tokens": 1}, None, 1),
        ({"speculation": Speculation(3, 1.0)}, None, 4),  # 4 tokens a step
        ({"speculation": Speculation(2, (0.9, 0.6))}, None, 6),  # 2.5 tokens: 6.4 steps
        ({"speculation": Speculation(1, 0.6)}, None, 10),  # 1.6 tokens
        ({"speculation": Speculation(3, 1.0), "block_tokens": 1}, None, 1),
    ],
    ids=str,
)
def test_a_block_is_full_after_so_many_steps(settings: dict[str, object], size: int | None, every: int) -> None:
    """Rounded down, so that none comes late."""
    batch = DecodeBatch(Scheduler(**settings), (), size)  # type: ignore[arg-type]
    batch.add(decoding(0, 6400), 1000, whole=False)
    assert [batch.need(steps) for steps in range(3 * every + 1)] == [
        0,
        *(-(-step // every) for step in range(1, 3 * every + 1)),
    ]


@pytest.mark.parametrize(("speculation", "tokens"), [(None, 1), (Speculation(3, 0.5), 4)])
def test_a_request_brings_a_token_and_its_drafts_to_a_step(speculation: Speculation | None, tokens: int) -> None:
    assert DecodeBatch(Scheduler(speculation=speculation), ()).new == tokens


def test_part_of_a_block_lasts_for_part_of_its_steps() -> None:
    """Four tokens a step: 12 free places are full after three steps, 11 in the third."""
    for context, steps in ((100, 3), (101, 2), (112, 0), (97, 3)):
        batch = DecodeBatch(Scheduler(speculation=Speculation(3, 1.0)), ())
        batch.add(decoding(0, context), 250, whole=False)
        assert batch.steps_within(0, 100) == steps


@pytest.mark.parametrize(("made", "steps"), [(1000, 1000), (1500, 600), (1000, 900)])
def test_what_each_kind_of_attention_sees_is_the_sum_over_the_requests(made: int, steps: int) -> None:
    """A window of 64 sees 63 tokens and the present one. One, 2.5 and 1.11 tokens a step; some come later, some leave early."""
    windows = (None, 64, None, 128)
    batch = DecodeBatch(Scheduler(), windows)
    held: dict[int, tuple[Job, int]] = {}
    came = {0: (10, 61, 62, 63, 64, 500), 7: (20, 62, 63), 30: (62, 63), 60: (126, 127, 128)}
    left = {3: (0, 1, 5), 20: (6,), 30: (9, 10), 59: (2,)}
    number = 0
    for now in range(150):
        for context in came.get(now, ()):
            one = decoding(number, context, made)
            batch.add(one, steps, whole=False)
            held[number] = one, now
            number += 1
        for gone in left.get(now, ()):
            batch.remove(held.pop(gone)[0])
        assert batch.count == len(held)
        alike = batch.steps_alike()
        assert alike > 0
        for ahead in range(min(3, alike)):
            contexts = [one.prompt + (now + ahead - start) * made / steps for one, start in held.values()]
            for window, seen in zip(windows, batch.sums(ahead), strict=True):
                expected = sum(contexts) if window is None else sum(min(each, window - 1) for each in contexts)
                assert seen == pytest.approx(expected, rel=1e-12), (now, ahead, window)
        batch.advance(1)


def test_steps_are_alike_until_somebody_ends_or_fills_a_window() -> None:
    batch = DecodeBatch(Scheduler(), (64, None))
    one, two = decoding(0, 500, 5), decoding(1, 40, 30)
    batch.add(one, 5, whole=False)
    batch.add(two, 30, whole=False)
    assert batch.steps_alike() == 5
    assert batch.advance(5) == [one]
    batch.remove(one)
    assert batch.steps_alike() == 18, "63 tokens"
    assert batch.advance(18) == []
    assert batch.steps_alike() == 7
    assert batch.advance(7) == [two]


@pytest.mark.parametrize("asked", [False, True])
def test_who_comes_back_is_counted_anew(asked: bool) -> None:
    """Two tokens a step at first: its window would be full at step 5 and its answer at 31. It goes at step 2, with 58 tokens
    and one more made, and is back at once with one token a step: now these are steps 6 and 60.
    """
    batch = DecodeBatch(Scheduler(), (64,))
    one, two = decoding(0, 54, 62), decoding(1, 500, 100)
    batch.add(two, 100, whole=False)
    batch.add(one, 31, whole=False)
    batch.advance(2)
    batch.remove(one)
    assert not asked or batch.steps_alike() == 98
    one.target = 59
    batch.add(one, 58, whole=False)
    for alike, steps, seen in ((4, 3, 62), (1, 1, 63), (54, 25, 63)):
        assert not asked or batch.steps_alike() == alike
        assert batch.advance(steps) == []
        assert batch.sums() == [seen + 63]
    assert batch.advance(29) == [one]
    batch.remove(one)
    assert batch.steps_alike() == 40


def test_who_ends_in_the_same_step_leaves_in_the_order_of_coming() -> None:
    batch, jobs = DecodeBatch(Scheduler(), ()), [decoding(number, 100) for number in range(4)]
    for one, steps in zip(jobs, (7, 6, 7, 9), strict=True):
        batch.add(one, steps, whole=False)
    assert batch.advance(7) == [jobs[1], jobs[0], jobs[2]]


@pytest.mark.parametrize(
    ("made", "steps", "done", "there"),
    [
        *((99, 40, done, there) for done, there in ((0, 0), (1, 2), (2, 4), (10, 24), (39, 96), (40, 99), (50, 99))),
        (30, 22, 11, 15),  # exactly 15, and a little less in binary fractions
        (10, 10, 9, 9),
    ],
)
def test_the_tokens_of_an_answer_are_whole_and_all_there_at_its_end(
    made: int, steps: int, done: int, there: int
) -> None:
    batch, one = DecodeBatch(Scheduler(), ()), decoding(0, 70, made)
    batch.add(one, steps, whole=False)
    batch.advance(done)
    assert batch.generated_of(one) == 1 + there
    assert batch.context_of(one) == pytest.approx(70 + done * made / steps)
    batch.remove(one)
    assert one.generated == 1 + there


def test_a_batch_that_is_empty_has_no_rest_of_its_sums() -> None:
    batch, jobs = DecodeBatch(Scheduler(), (None, 2000)), [decoding(n, 10 + n, 100 + n) for n in range(9)]
    for one in jobs:
        batch.add(one, 70, whole=False)
        batch.advance(1)
    for one in jobs:
        batch.remove(one)
    assert batch.sums() == batch.sums(1.0) == [0.0, 0.0]
