"""Each single step of a run: every token of every request once, and no step that the runs do not have."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.serving import (
    Disaggregation,
    Failure,
    Fleet,
    LogNormal,
    Poisson,
    Request,
    Result,
    Scheduler,
    Sharing,
    Speculation,
    Trace,
    Workload,
    simulate,
)
from tests.serving.systems import hybrid, same, small, whole_run

BUSY = Workload(40, LogNormal(1200, 0.8, 16, 4000), LogNormal(120, 0.8, 1, 800), Poisson(20.0), seed=3)
SHARED = Workload(30, 1500, 60, Poisson(12.0), Sharing(system_tokens=1000, system_prompts=2), seed=1)
RUNS = {
    "continuous": (BUSY, Scheduler()),
    "a small budget": (BUSY, Scheduler(max_num_batched_tokens=512, max_num_seqs=16)),
    "static": (BUSY, Scheduler(batching="static", max_num_seqs=8)),
    "prefill first": (BUSY, Scheduler(batching="prefill-first", max_num_seqs=8)),
    "in flight": (BUSY, Scheduler(batching="in-flight", max_num_seqs=8)),
    "preemptions": (BUSY, Scheduler(kv_blocks=330, max_num_seqs=16, prefix_caching=False)),
    "preemptions, blocks found again": (BUSY, Scheduler(kv_blocks=330, max_num_seqs=16)),
    "drafts": (BUSY, Scheduler(speculation=Speculation(3, 0.7))),
    "drafts beyond the budget": (BUSY, Scheduler(speculation=Speculation(7, 0.8), max_num_batched_tokens=32, max_num_seqs=32)),
    "shared beginnings": (SHARED, Scheduler(kv_blocks=1500)),
}  # fmt: skip


def logged(name: str) -> Result:
    requests, scheduler = RUNS[name]
    return simulate(small(), requests, scheduler, record="steps")


@pytest.mark.parametrize("name", RUNS)
def test_every_token_of_every_request_once(name: str) -> None:
    result = logged(name)
    steps, rows = result.engine_steps(), result.requests
    written, read, admitted = Counter[int](), Counter[int](), Counter[int]()
    for step in steps:
        written.update(dict(step.answers))
        read.update(dict(step.prompts))
        admitted.update(number for number, _ in step.admitted)
    assert [written[number] for number in rows["number"]] == rows["output"].tolist()
    assert [admitted[number] for number in rows["number"]] == (1 + rows["preemptions"]).tolist()
    calm = rows["preemptions"] == 0
    assert [read[number] for number in rows["number"][calm]] == (rows["prompt"] - rows["cached"])[calm].tolist()
    lost = Counter(number for step in steps for number in step.preempted)
    assert [lost[number] for number in rows["number"]] == rows["preemptions"].tolist()
    assert sorted(number for step in steps for number in step.finished) == rows["number"].tolist()


@pytest.mark.parametrize("name", RUNS)
def test_the_steps_are_those_of_the_runs(name: str) -> None:
    result = logged(name)
    steps, columns = result.engine_steps(), result.step_columns()
    assert [step.start_s for step in steps] == pytest.approx(columns["start_s"].tolist(), rel=1e-9)
    assert [step.end_s - step.start_s for step in steps] == pytest.approx(columns["seconds"].tolist(), rel=1e-6)
    assert [step.prompt_tokens for step in steps] == columns["prefill_tokens"].tolist()
    assert all(one.end_s <= other.start_s + 1e-9 for one, other in pairwise(steps))
    assert max(step.kv_used for step in steps) / result.settings["kv_blocks"] == result.kv_peak
    assert all(step.kv_used + step.kv_kept <= result.settings["kv_blocks"] for step in steps)


@pytest.mark.parametrize("name", RUNS)
def test_an_answer_comes_when_its_steps_end(name: str) -> None:
    result = logged(name)
    for number in (0, 7, 20):
        times = [
            step.end_s for step in result.engine_steps() for who, n in step.answers if who == number for _ in range(n)
        ]
        assert times == pytest.approx(result.token_times(number).tolist(), rel=1e-6)


def test_seats_and_queue_by_hand() -> None:
    """Two seats, three alike: the third comes in when both others are done, two tokens and a prompt each."""
    result = simulate(
        small(), Trace(tuple(Request(0.0, 100, 3) for _ in range(3))), Scheduler(max_num_seqs=2), record="steps"
    )
    first, *others = result.engine_steps()
    assert first.prompts == ((0, 100), (1, 100)) and first.admitted == ((0, 0), (1, 0))
    assert first.answers == ((0, 1), (1, 1)), "the step that ends a prompt writes its first token"
    assert [step.answers for step in others[:2]] == [((0, 1), (1, 1))] * 2
    assert [step.finished for step in (first, *others[:2])] == [(), (), (0, 1)]
    assert [(step.running, step.waiting) for step in (first, *others)] == [(2, 1)] * 3 + [(1, 0)] * 3
    assert others[2].prompts == ((2, 100),) and len(others) == 5
    # 100 tokens are 7 blocks of 16; three more tokens need no further one.
    assert [step.kv_used for step in (first, *others)] == [14] * 3 + [7] * 3


def test_who_comes_while_steps_run_waits_from_then_on() -> None:
    requests = Trace((Request(0.0, 100, 50), *(Request(0.1, 100, 5) for _ in range(2))))
    result = simulate(small(), requests, Scheduler(max_num_seqs=1), record="steps")
    for step in result.engine_steps():
        if 0 in dict(step.answers):
            assert step.waiting == (2 if step.start_s >= 0.1 else 0)


def test_a_static_batch_keeps_its_seats() -> None:
    requests = Trace((Request(0.0, 100, 2), Request(0.0, 100, 10), Request(0.0, 100, 5)))
    result = simulate(small(), requests, Scheduler(batching="static", max_num_seqs=3), record="steps")
    assert [step.held for step in result.engine_steps()] == [0, 0, 1, 1, 1, 2, 2, 2, 2, 2]
    assert {step.running for step in result.engine_steps()} == {3}


def test_a_stretch_of_time_and_a_replica() -> None:
    result = simulate(small(), BUSY, fleet=Fleet(replicas=2), record="steps")
    every = result.engine_steps(1)
    some = result.engine_steps(1, every[5].start_s, every[9].start_s)
    assert some == every[5:9] and {step.replica for step in every} == {1}
    assert result.engine_steps(7) == ()


def test_a_hybrid_keeps_its_books() -> None:
    _, result = whole_run(hybrid(), SHARED, Scheduler(kv_blocks=500), record="steps")
    read = Counter[int]()
    for step in result.engine_steps():
        read.update(dict(step.prompts))
    calm = result.requests["preemptions"] == 0
    expected = (result.requests["prompt"] - result.requests["cached"])[calm]
    assert [read[number] for number in result.requests["number"][calm]] == expected.tolist()


def test_two_pools_and_a_failure_leave_a_trace_where_a_request_went() -> None:
    pools = Fleet(disaggregation=Disaggregation(prefill=1, decode=1, link_bytes_per_second=1e9, latency_s=0.01))
    log = simulate(small(), BUSY, fleet=pools, record="steps").step_log()
    assert sorted(number for _, number in log.left[0]) == list(range(40)) == sorted(n for _, n in log.queued[1])
    assert all(gone == came for gone, came in zip(sorted(log.left[0]), sorted(log.queued[1]), strict=True))
    broken = Fleet(replicas=2, failures=(Failure(0, 1.0, 5.0),))
    log = simulate(small(), BUSY, fleet=broken, record="steps").step_log()
    lost = [number for _, number in log.left[0]]
    assert lost and set(lost) <= {number for _, number in log.queued[1]}


def test_the_log_changes_nothing_and_is_there_for_who_asks() -> None:
    plain, told = (simulate(small(), BUSY, RUNS["preemptions"][1], record=record) for record in ("full", "steps"))
    assert same(plain, told) and np.array_equal(plain.runs["start_s"], told.runs["start_s"])
    assert told.goodput(1.0) == plain.goodput(1.0) and plain.log is None
    with pytest.raises(LessonlibError, match='engine_steps: needs every step: simulate with record = "steps"'):
        plain.engine_steps()
