"""A run as a timeline, against runs that can be checked by hand."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.course.shared.run_timeline import timeline_of
from lessonlib.draw.timeline import COLUMNS, LEVELS, Timeline
from lessonlib.roofline import System, load_gpu, load_model
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
from lessonlib.serving.results.quantiles import percentile

SYSTEM = System(load_model("llama-3.1-8b"), load_gpu("h100-sxm"))
BUSY = Workload(40, LogNormal(1200, 0.8, 16, 4000), LogNormal(60, 0.8, 1, 300), Poisson(20.0), seed=3)
RUNS = {
    "continuous": Scheduler(max_num_batched_tokens=1024, max_num_seqs=16),
    "static": Scheduler(batching="static", max_num_seqs=8),
    "prefill first": Scheduler(batching="prefill-first", max_num_seqs=8),
    "preemptions": Scheduler(kv_blocks=330, max_num_seqs=16, prefix_caching=False),
    "blocks found again": Scheduler(kv_blocks=330, max_num_seqs=16),
    "drafts": Scheduler(speculation=Speculation(3, 0.7)),
}


def served(*requests: Request, scheduler: Scheduler | None = None, **more) -> Result:
    settings = replace(scheduler or Scheduler(), server_s=0.0, busy_server_s=0.0)
    return simulate(SYSTEM, Trace(requests), settings, record="steps", **more)


def busy(name: str) -> tuple[Result, Timeline]:
    result = simulate(SYSTEM, BUSY, RUNS[name], record="steps")
    return result, timeline_of(result)


@pytest.mark.parametrize("name", RUNS)
def test_every_token_of_every_request_exactly_once(name: str) -> None:
    result, shown = busy(name)
    rows = result.requests
    assert [lane.number for lane in shown.lanes] == rows["number"].tolist()
    for lane, preempted in zip(shown.lanes, rows["preemptions"].tolist(), strict=True):
        assert sum(sum(part.tokens) for part in lane.written) == lane.answer
        read = sum(chunk.tokens for chunk in lane.chunks if not chunk.again)
        assert len(lane.preempted_s) == preempted
        # Who is preempted while it writes has its answer so far among what is read, too.
        assert read == lane.prompt - lane.cached if not preempted else read >= lane.prompt - lane.cached
        assert (lane.read_again > 0) <= (preempted > 0)
    wrote, read = (
        Counter(place for lane in shown.lanes for part in lane.written for place, n in enumerate(part.tokens, part.step) for _ in range(n)),
        Counter[int](),
    )  # fmt: skip
    for lane in shown.lanes:
        for chunk in lane.chunks:
            read[chunk.step] += chunk.tokens
    assert [step.answer for step in shown.steps] == [wrote[place] for place in range(len(shown.steps))]
    assert [step.prompt for step in shown.steps] == [read[place] for place in range(len(shown.steps))]


@pytest.mark.parametrize("name", RUNS)
def test_steps_and_waits_do_not_overlap(name: str) -> None:
    _, shown = busy(name)
    assert all(one.end_s <= other.start_s + 1e-9 for one, other in pairwise(shown.steps))
    for lane in shown.lanes:
        worked = sorted(
            {*(c.step for c in lane.chunks), *(p.step + i for p in lane.written for i in range(len(p.tokens)))}
        )
        for since, until in lane.waits:
            there = [place for place in worked if shown.steps[place].start_s < until - 1e-9]
            assert all(shown.steps[place].end_s <= since + 1e-9 for place in there), "nobody works who waits for a seat"
        assert all(since >= (lane.queued_s or lane.came_s) for since, _ in lane.waits)
        assert lane.first_token_s == pytest.approx(_first_token(lane, shown))


@pytest.mark.parametrize("name", RUNS)
def test_the_columns_agree_with_each_other_and_with_the_percentiles(name: str) -> None:
    """Arrival, queue, seat and first token come in this order, and half of the rows wait no longer than the table's p50."""
    result, shown = busy(name)
    rows = result.requests
    for lane, arrived, admitted in zip(shown.lanes, rows["arrival_s"], rows["started_s"], strict=True):
        came, seated = lane.came_s, lane.came_s + lane.own_s + lane.waited_s
        assert arrived - rows["arrival_s"].min() == came and lane.own_s > 0
        assert seated - came == pytest.approx(admitted - arrived), "waited for the server and a seat"
        assert came <= seated <= lane.first_token_s, "the first token holds both waits"
        assert (lane.waited_again_s > 0) <= bool(lane.preempted_s)
    waits = shown.waits
    for column, printed in (
        ([lane.waited_s for lane in shown.lanes], waits.queue_s),
        ([lane.first_token_s - lane.came_s for lane in shown.lanes], waits.first_token_s),
    ):
        assert [percentile(column, level) for level in LEVELS] == pytest.approx(printed)
    cells, column = shown.view(), COLUMNS.index("waited for a seat")
    by_wait = sorted(shown.lanes, key=lambda lane: lane.waited_s)
    middle = shown.lanes.index(by_wait[(len(by_wait) - 1) // 2])
    assert cells["rows"][middle][column] == cells["waits"]["rows"][0][1], "as printed, too"


def _first_token(lane, shown: Timeline) -> float:
    return shown.steps[lane.written[0].step].end_s


def test_who_is_preempted_waits_and_is_read_again() -> None:
    """Two requests grow until 13 blocks are too few: the later one loses its 6, and is read again from its first token on."""
    result = served(Request(0.0, 80, 40), Request(0.0, 80, 40), scheduler=Scheduler(kv_blocks=13, prefix_caching=False))
    first, second = timeline_of(result).lanes
    assert not first.preempted_s and len(second.preempted_s) == 1
    assert second.waits == [(second.preempted_s[0], pytest.approx(first.finished_s))]
    (whole, again) = second.chunks
    written_before = sum(second.written[0].tokens)
    assert (whole.tokens, whole.again) == (80, False)
    assert (again.tokens, again.again) == (80 + written_before, True) and second.read_again == again.tokens
    assert sum(sum(part.tokens) for part in second.written) == 40


def test_a_cached_beginning_is_not_read() -> None:
    system = (("system", 64),)
    result = served(Request(0.0, 100, 2, prefix=system), Request(1.0, 100, 2, prefix=system))
    first, second = timeline_of(result).lanes
    assert [chunk.tokens for chunk in first.chunks] == [100] and first.cached == 0
    assert [chunk.tokens for chunk in second.chunks] == [36] and second.cached == 64


def test_a_static_batch_holds_seats_until_its_last_answer() -> None:
    result = served(*(Request(0.0, 100, n) for n in (2, 10, 5)), scheduler=Scheduler(batching="static", max_num_seqs=3))
    shown = timeline_of(result)
    short, long, middle = shown.lanes
    assert long.held_s is None and short.held_s == (short.finished_s, long.finished_s)
    assert middle.held_s == (middle.finished_s, long.finished_s)
    assert shown.seats == 3 and shown.budget is None, "a static batch has no budget"


def test_an_answer_that_stands_still_while_prompts_are_read() -> None:
    """Prefill first: the step that reads a whole prompt writes nothing of an answer under way."""
    result = served(
        Request(0.0, 100, 30), Request(0.05, 4000, 2), scheduler=Scheduler(batching="prefill-first", max_num_seqs=4)
    )
    first, second = timeline_of(result).lanes
    (chunk,) = second.chunks
    assert len(first.written) == 2 and first.written[1].step == chunk.step + 1


def test_a_stretch_keeps_the_clock_of_the_whole_run() -> None:
    result, whole = busy("continuous")
    some = timeline_of(result, from_s=0.5, until_s=1.0)
    assert some.steps[0] in whole.steps and some.steps[0].end_s > 0.5 > some.steps[0].start_s - 0.2
    assert some.steps[-1].start_s < 1.0
    place = whole.steps.index(some.steps[0])
    theirs = {lane.number: lane for lane in whole.lanes}
    for lane in some.lanes:
        moved = [replace(chunk, step=chunk.step + place) for chunk in lane.chunks]
        assert all(chunk in theirs[lane.number].chunks for chunk in moved)
        assert lane.waits == theirs[lane.number].waits
        assert lane.came_s < 1.0 + 0.2 and (lane.finished_s or 9.0) > some.steps[0].start_s
    assert len(some.lanes) < len(whole.lanes)


def test_those_that_are_named_get_lanes() -> None:
    result, _ = busy("continuous")
    shown = timeline_of(result, requests=[7, 3], label="Two of them", finding="Two of 40.")
    assert [lane.number for lane in shown.lanes] == [7, 3]
    assert (shown.label, shown.finding) == ("Two of them", "Two of 40.")
    assert shown.waits.requests == 40


def test_the_finding_is_the_runs_own() -> None:
    result = served(Request(0.0, 100, 3), Request(0.0, 100, 3), scheduler=Scheduler(max_num_seqs=1))
    shown = timeline_of(result, label="One seat")
    until = shown.steps[-1].end_s
    assert re.fullmatch(
        rf"One seat: 6 steps up to {1e3 * until:.3g} ms; at most 1 request runs and 1 waits, the KV cache is at most 0\.\d+ % full\. "
        r"Half of all 2 requests have their first token after \S+ ms or less\.",
        shown.finding,
    ), shown.finding  # fmt: skip


def test_it_says_what_kind_of_numbers_these_are() -> None:
    for cost, word in (("expected", "expects"), ("ceiling", "ceiling")):
        assert word in timeline_of(served(Request(0.0, 100, 3), cost=cost)).note


def test_a_replica_that_stops_hands_on_what_it_had() -> None:
    fleet = Fleet(replicas=2, failures=(Failure(0, 0.2, 5.0),))
    requests = [Request(0.01 * n, 200, 60) for n in range(4)]
    result = served(*requests, fleet=fleet)
    lost, kept = timeline_of(result), timeline_of(result, replica=1)
    assert len(lost.lanes) == 2 and len(kept.lanes) == 4
    moved = {lane.number: lane for lane in kept.lanes if lane.number in {gone.number for gone in lost.lanes}}
    for gone in lost.lanes:
        there = moved[gone.number]
        assert there.came_s >= lost.steps[-1].end_s - 1e-9, "it comes to the other when the first has stopped"
        assert sum(sum(p.tokens) for lane in (gone, there) for p in lane.written) == 60


def test_percentiles_are_those_of_all_requests() -> None:
    result, _ = busy("continuous")
    waits = timeline_of(result, until_s=0.5).waits
    assert waits.first_token_s == tuple(result.percentile("ttft_s", level) for level in (50, 90, 99))
    assert waits.queue_s[2] == result.percentile("queue_s", 99) and waits.gap_s[0] == result.percentile("itl_s", 50)
    assert waits.tokens_per_s == result.throughput_tokens_per_s


def test_who_never_gets_a_seat_waits_to_the_end() -> None:
    requests = (Request(0.0, 100, 100), Request(0.1, 100, 500), Request(0.2, 100, 5))
    result = served(*requests, scheduler=Scheduler(max_num_seqs=1), limit_s=1.0)
    first, second, third = timeline_of(result).lanes
    assert first.finished_s == second.waits[0][1] and second.finished_s is None
    assert third.waits == [(0.2, pytest.approx(1.0))] and third.first_token_s is None


def test_each_pool_of_two_has_its_part() -> None:
    """The prompt is read on one replica, the answer written on the other, where the request comes when its cache has come."""
    fleet = Fleet(disaggregation=Disaggregation(link_bytes_per_second=1e9))
    result = served(Request(0.0, 1000, 5), fleet=fleet)
    (reads,), (writes,) = timeline_of(result).lanes, timeline_of(result, replica=1).lanes
    assert [chunk.tokens for chunk in reads.chunks] == [1000] and [list(p.tokens) for p in reads.written] == [[1]]
    assert not writes.chunks and [sum(part.tokens) for part in writes.written] == [4]
    assert writes.came_s > reads.first_token_s


def test_sharing_by_hundreds_of_requests_names_the_first_lanes() -> None:
    many = Workload(60, 500, 10, Poisson(50.0), Sharing(system_tokens=320), seed=1)
    shown = timeline_of(simulate(SYSTEM, many, record="steps"))
    assert [lane.number for lane in shown.lanes] == list(range(48))


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: timeline_of(simulate(SYSTEM, BUSY)), 'timeline_of: needs every step: simulate with record = "steps"'),
        (lambda: timeline_of(busy("drafts")[0], replica=3), "replica 3 ran no step there: it ran 0 in all"),
        (lambda: timeline_of(busy("drafts")[0], from_s=99.0), "replica 0 ran no step there"),
        (lambda: timeline_of(busy("drafts")[0], requests=[40]), "replica 0 never had a request 40"),
        (
            lambda: timeline_of(served(Request(0.0, 100, 2000))),
            r"2,000 steps are too many for one timeline: give until_s = \d+\.\d+ or less",
        ),
        (lambda: timeline_of(served(Request(0.0, 100, 2)), requests=[]), "1 to 48 lanes, not 0"),
    ],
)
def test_what_cannot_be_a_timeline_is_said_in_one_line(make, told: str) -> None:
    with pytest.raises(LessonlibError, match=told) as raised:
        make()
    assert "\n" not in str(raised.value)


def test_the_stretch_that_an_error_names_can_be_drawn() -> None:
    result = served(Request(0.0, 100, 2000))
    with pytest.raises(LessonlibError) as raised:
        timeline_of(result)
    until = float(re.search(r"until_s = ([\d.]+)", str(raised.value))[1])
    assert 1150 < len(timeline_of(result, until_s=until).steps) <= 1200
