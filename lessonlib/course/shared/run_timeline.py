"""A simulated run as the timeline that the page draws and plays.

``timeline_of(simulate(..., record="steps"))``: the run must have been recorded step by step.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from lessonlib.base.errors import LessonlibError
from lessonlib.base.quantity import Quantity, significant
from lessonlib.draw.timeline import LEVELS, MOST_LANES, MOST_STEPS, Chunk, Lane, Step, Timeline, Waits, Written
from lessonlib.serving import EngineStep, Result

#: what is said of the numbers, by the cost of a step
NOTES = {
    "expected": "Simulated: each step takes as long as the course's engine expects. Nothing here is measured.",
    "ceiling": "Simulated: each step takes its least time, the ceiling of perfect software. Nothing here is measured.",
}


def timeline_of(
    result: Result,
    *,
    label: str = "",
    requests: Iterable[int] | None = None,
    from_s: float | None = None,
    until_s: float | None = None,
    replica: int = 0,
    finding: str = "",
) -> Timeline:
    """One replica of a run, or a stretch of it, as a timeline.

    requests: numbers of those that get a lane (the first is 0); None: all that the replica had in the stretch, and of these
    the first MOST_LANES. from_s, until_s: the stretch, seconds since the first request came. finding: what is seen, in a
    sentence with its number; "": the run's own numbers. Raises LessonlibError for a run without the record "steps", for a
    request that the replica never had, and for a stretch of no step or too many. Of a run that a time limit stopped, steps that
    were under way are not shown.
    """
    every = tuple(result.step_log("timeline_of").steps(replica))
    begin = float(result.requests["arrival_s"].min()) if len(result.requests["arrival_s"]) else 0.0
    after, before = begin + (from_s or 0.0), begin + (math.inf if until_s is None else until_s)
    places = [place for place, step in enumerate(every) if step.end_s > after and step.start_s < before]
    if not places:
        raise LessonlibError(f"timeline_of: replica {replica!r} ran no step there: it ran {len(every):,} in all")
    if len(places) > MOST_STEPS:
        end = every[places[MOST_STEPS - 1]].end_s - begin
        raise LessonlibError(
            f"timeline_of: {len(places):,} steps are too many for one timeline: give until_s = {math.floor(100 * end) / 100:g} or less"
        )
    shown = [every[place] for place in places]
    stories = _stories(result, every, replica)
    there = [number for number in sorted(stories) if stories[number].within(shown[0].start_s, shown[-1].end_s)]
    chosen = there[:MOST_LANES] if requests is None else [int(number) for number in requests]
    for number in chosen:
        if number not in stories:
            raise LessonlibError(f"timeline_of: replica {replica!r} never had a request {number}")
    scheduler = result.settings["scheduler"]
    made = Timeline(
        finding=finding or _finding(result, shown, begin, label, result.settings["kv_blocks_of"][replica]),
        label=label,
        lanes=[stories[number].lane(result, begin, places[0], len(places)) for number in chosen],
        steps=[_step(step, begin) for step in shown],
        kv_blocks=result.settings["kv_blocks_of"][replica],
        waits=_waits(result),
        seats=scheduler.max_num_seqs,
        budget=None if scheduler.batching == "static" else scheduler.max_num_batched_tokens,
        note=NOTES[result.settings["cost"]],
    )
    made.refuse()
    return made


def _step(step: EngineStep, begin: float) -> Step:
    return Step(
        step.start_s - begin,
        step.end_s - begin,
        step.prompt_tokens,
        step.answer_tokens,
        step.kv_used,
        step.kv_kept,
        step.running,
        step.waiting,
    )


def _waits(result: Result) -> Waits:
    queue, first, gap = (
        tuple(result.percentile(name, float(level)) for level in LEVELS) for name in ("queue_s", "ttft_s", "itl_s")
    )
    return Waits(queue, first, gap, result.throughput_tokens_per_s, len(result.requests["number"]))


def _finding(result: Result, steps: Sequence[EngineStep], begin: float, label: str, blocks: int) -> str:
    """The stretch in numbers: how long, how many at most, how full; and what the median request of the whole run waited."""
    until = Quantity(steps[-1].end_s - begin, "s")
    first = Quantity(result.percentile("ttft_s", 50.0), "s")
    full = significant(100 * max(step.kv_used for step in steps) / blocks, 2)
    lost = sum(len(step.preempted) for step in steps)
    told = f", {_many(lost, 'preemption', 'preemptions')}" if lost else ""
    seated = _many(max(step.running for step in steps), "request runs", "requests run")
    queued = _many(max(step.waiting for step in steps), "waits", "wait")
    return (
        f"{label + ': ' if label else ''}{_many(len(steps), 'step', 'steps')} up to {until}; at most {seated} and {queued}, "
        f"the KV cache is at most {full} % full{told}. "
        f"Half of all {len(result.requests['number']):,} requests have their first token after {first} or less."
    )


def _many(number: int, one: str, more: str) -> str:
    return f"{number:,} {one if number == 1 else more}"


# --- one request's way through a replica ----------------------------------------------------------------------------------


@dataclass
class _Story:
    """What one request met on one replica, in simulated seconds; steps by their place in the whole run."""

    number: int
    came_s: float = math.nan
    queued_s: float = math.nan
    waits: list[tuple[float, float]] = field(default_factory=list)
    chunks: list[Chunk] = field(default_factory=list)
    written: dict[int, int] = field(default_factory=dict)
    preempted_s: list[float] = field(default_factory=list)
    held_s: tuple[float, float] | None = None
    end_s: float = math.inf
    #: since when it waits for a seat, nan while it has one
    since: float = math.nan
    #: tokens of prompt and answer that are computed now, and that ever were
    computed: int = 0
    reached: int = 0

    def seated(self, now: float) -> None:
        """It gets a seat."""
        if not math.isnan(self.since):
            self.waits.append((self.since, now))
        self.since = math.nan

    def reads(self, place: int, tokens: int) -> None:
        """A step computes tokens of its prompt; those that were computed before it lost its blocks are read again."""
        again = min(tokens, max(0, self.reached - self.computed))
        for part, old in ((again, True), (tokens - again, False)):
            if part:
                self.chunks.append(Chunk(place, part, old))
        self.computed += tokens
        self.reached = max(self.reached, self.computed)

    def writes(self, place: int, tokens: int) -> None:
        """A step writes tokens of its answer."""
        self.written[place] = tokens
        self.computed += tokens
        self.reached = max(self.reached, self.computed)

    def within(self, start: float, end: float) -> bool:
        """Whether it was there between these times."""
        until = self.held_s[1] if self.held_s else self.end_s
        return self.came_s < end and until > start

    def lane(self, result: Result, begin: float, first: int, count: int) -> Lane:
        """Its lane among `count` steps from the place `first` on; times since `begin`."""
        row = {name: column[result.requests["number"] == self.number][0] for name, column in result.requests.items()}
        waits = self.waits + ([] if math.isnan(self.since) else [(self.since, begin + result.simulated_s)])
        return Lane(
            number=self.number,
            prompt=int(row["prompt"]),
            answer=int(row["output"]),
            came_s=self.came_s - begin,
            queued_s=self.queued_s - begin if self.queued_s > self.came_s else None,
            cached=int(row["cached"]),
            waits=[(since - begin, until - begin) for since, until in waits if until > since],
            chunks=[
                Chunk(chunk.step - first, chunk.tokens, chunk.again)
                for chunk in self.chunks
                if 0 <= chunk.step - first < count
            ],
            written=_stays({place - first: n for place, n in self.written.items() if 0 <= place - first < count}),
            preempted_s=[when - begin for when in self.preempted_s],
            held_s=self.held_s and (self.held_s[0] - begin, self.held_s[1] - begin),
            first_token_s=_known(float(row["first_token_s"]) - begin),
            finished_s=_known(float(row["finished_s"]) - begin),
        )


def _known(seconds: float) -> float | None:
    return None if math.isnan(seconds) else seconds


def _stays(written: dict[int, int]) -> list[Written]:
    """Stretches of steps in a row in which tokens were written."""
    found: list[Written] = []
    row: list[int] = []
    for place in sorted(written):
        if row and place == found[-1].step + len(row):
            row.append(written[place])
            continue
        row = [written[place]]
        found.append(Written(place, row))
    return found


class _Replica:
    """The requests of one replica while its steps are gone through in order."""

    def __init__(self, result: Result, replica: int) -> None:
        log = result.step_log()
        self.stories: dict[int, _Story] = {}
        #: who was done in a static batch that still goes on
        self._holders: list[_Story] = []
        numbers, arrivals = result.requests["number"].tolist(), result.requests["arrival_s"].tolist()
        self._arrived = dict(zip(numbers, arrivals, strict=True))
        #: when it first joined any queue: before that it is with the server, outside the engine
        self._first: dict[int, float] = {}
        for when, number in (pair for queue in log.queued.values() for pair in queue):
            self._first[number] = min(when, self._first.get(number, math.inf))
        joined = ((when, False, number) for when, number in log.queued.get(replica, ()))
        left = ((when, True, number) for when, number in log.left.get(replica, ()))
        self._moves = deque(sorted([*joined, *left]))

    def move(self, until: float) -> None:
        """Who joins the queue and who leaves up to this time."""
        while self._moves and self._moves[0][0] <= until:
            when, leaves, number = self._moves.popleft()
            story = self.stories.setdefault(number, _Story(number))
            if leaves:
                story.seated(when)
                story.end_s = when
            else:
                new = math.isnan(story.came_s)
                story.since = when
                if new:
                    story.came_s = self._arrived[number] if self._first[number] == when else when
                    story.queued_s = when
                story.end_s = math.inf

    def release(self, now: float) -> None:
        """The last of a static batch is done: who kept a seat until then gives it back."""
        for story in self._holders:
            if now > story.end_s:
                story.held_s = (story.end_s, now)
        self._holders.clear()

    def step(self, place: int, step: EngineStep) -> None:
        """A step of the engine, at its place among all of them."""
        for number in step.preempted:
            self.stories[number].preempted_s.append(step.start_s)
            self.stories[number].since = step.start_s
        for number, found in step.admitted:
            self.stories[number].seated(step.start_s)
            self.stories[number].computed = found
        for number, tokens in step.prompts:
            self.stories[number].reads(place, tokens)
        for number, tokens in step.answers:
            self.stories[number].writes(place, tokens)
        for number in step.finished:
            self.stories[number].end_s = step.end_s
            self._holders.append(self.stories[number])


def _stories(result: Result, steps: Sequence[EngineStep], replica: int) -> dict[int, _Story]:
    """What each request met on the replica."""
    there = _Replica(result, replica)
    for place, step in enumerate(steps):
        there.move(step.start_s)
        if not step.held:
            there.release(steps[place - 1].end_s)
        there.step(place, step)
    there.move(math.inf)
    there.release(steps[-1].end_s)
    return there.stories
