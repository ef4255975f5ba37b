"""What an engine did in each single step, for those who ask for it (record = "steps"): who read, who wrote, who came and went.

A run of alike steps is kept as one entry and told apart on demand, so that a log costs little more than the runs themselves.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

#: (request, tokens)
Share = tuple[int, int]


@dataclass(frozen=True, slots=True)
class EngineStep:
    """One step of one replica. Times in seconds of the simulation, requests by their number, lengths in tokens.

    prompts: who got how many tokens of a prompt computed (after a preemption: of prompt and answer so far). answers: who
    wrote how many tokens; the step that ends a prompt writes one. admitted: who was let in at its start, with the tokens
    found in the cache. preempted: who lost its blocks at its start. finished: who had its last token at its end. held: seats
    that requests keep though they are done (static batching). running: seats taken, waiting: queue at its start.
    kv_used, kv_kept: blocks in use in it, and blocks kept for equal beginnings that nobody uses.
    """

    replica: int
    start_s: float
    end_s: float
    prompts: tuple[Share, ...]
    answers: tuple[Share, ...]
    admitted: tuple[Share, ...]
    preempted: tuple[int, ...]
    finished: tuple[int, ...]
    held: int
    running: int
    waiting: int
    kv_used: int
    kv_kept: int

    @property
    def prompt_tokens(self) -> int:
        """Tokens of prompts that it computed."""
        return sum(tokens for _, tokens in self.prompts)

    @property
    def answer_tokens(self) -> int:
        """Tokens of answers that it wrote."""
        return sum(tokens for _, tokens in self.answers)


@dataclass(frozen=True, slots=True)
class Writer:
    """A request that decodes. made: tokens that it had when it joined the batch. done: decode steps since then. steps: decode
    steps of its stay to the end, rate: tokens of each. output: tokens of its whole answer.
    """

    request: int
    made: int
    done: int
    rate: float
    steps: int
    output: int

    def tokens(self, step: int) -> int:
        """Tokens that it writes in a step, from 0, counted from `done` on."""
        return self._after(self.done + step + 1) - self._after(self.done + step)

    def _after(self, done: int) -> int:
        return self.output if done >= self.steps else self.made + int(done * self.rate + 1e-9)


@dataclass(frozen=True, slots=True)
class LoggedRun:
    """Alike steps of a replica, as it tells them when they have ended; a run with prompts has one.

    first_s, slope_s: seconds of the first, and how many more each next one takes. prompts, firsts: chunks, and the requests
    whose prompts they end. queue: its length when the run was planned; came: times at which it grew since. used, kept, free:
    blocks when it was planned; grown: blocks taken by the end of each step.
    """

    start_s: float
    steps: int
    first_s: float
    slope_s: float
    prompts: tuple[Share, ...]
    firsts: tuple[int, ...]
    writers: tuple[Writer, ...]
    finished: tuple[int, ...]
    held: int
    running: int
    queue: int
    came: tuple[float, ...]
    used: int
    kept: int
    free: int
    grown: tuple[int, ...]


class StepLog:
    """The log of all replicas. queued, left: (time, request) of each replica, as requests join its queue, and leave it without
    an end, for another replica or for good.
    """

    def __init__(self) -> None:
        self.queued: dict[int, list[tuple[float, int]]] = {}
        self.left: dict[int, list[tuple[float, int]]] = {}
        self._runs: dict[int, list[tuple[LoggedRun, tuple[Share, ...], tuple[int, ...]]]] = {}
        self._admitted: dict[int, list[Share]] = {}
        self._preempted: dict[int, list[int]] = {}

    def queue(self, replica: int, request: int, now: float) -> None:
        """A request joins the queue of a replica."""
        self.queued.setdefault(replica, []).append((now, request))

    def leave(self, replica: int, request: int, now: float) -> None:
        """A request leaves a replica without an end."""
        self.left.setdefault(replica, []).append((now, request))

    def admit(self, replica: int, request: int, found: int) -> None:
        """A request gets a seat for the run that is planned; so many tokens were found in the cache."""
        self._admitted.setdefault(replica, []).append((request, found))

    def preempt(self, replica: int, request: int) -> None:
        """A request loses its blocks for the run that is planned."""
        self._preempted.setdefault(replica, []).append(request)

    def ran(self, replica: int, run: LoggedRun) -> None:
        """A run has ended."""
        admitted, preempted = self._admitted.pop(replica, ()), self._preempted.pop(replica, ())
        self._runs.setdefault(replica, []).append((run, tuple(admitted), tuple(preempted)))

    def recent(self, replica: int, count: int) -> tuple[float, ...]:
        """Times of the last `count` requests that joined the queue of a replica."""
        return tuple(when for when, _ in self.queued.get(replica, [])[-count:]) if count else ()

    def steps(self, replica: int, from_s: float = -math.inf, until_s: float = math.inf) -> Iterator[EngineStep]:
        """The steps of a replica, in order: those that end after `from_s` and begin before `until_s`, seconds."""
        for run, admitted, preempted in self._runs.get(replica, ()):
            if run.start_s >= until_s:
                return
            for step in _told_apart(replica, run, admitted, preempted):
                if step.end_s > from_s and step.start_s < until_s:
                    yield step


def _told_apart(
    replica: int, run: LoggedRun, admitted: tuple[Share, ...], preempted: tuple[int, ...]
) -> Iterator[EngineStep]:
    firsts = tuple((request, 1) for request in run.firsts)
    for place in range(run.steps):
        first, last = place == 0, place == run.steps - 1
        start = _begun(run, place)
        grown = run.grown[place] if run.grown else 0
        yield EngineStep(
            replica,
            start,
            _begun(run, place + 1),
            run.prompts,
            tuple((writer.request, writer.tokens(place)) for writer in run.writers) + firsts,
            admitted if first else (),
            preempted if first else (),
            run.finished if last else (),
            run.held,
            run.running,
            run.queue + sum(when <= start for when in run.came),
            run.used + grown,
            max(0, run.kept - max(0, grown - run.free)),
        )


def _begun(run: LoggedRun, steps: int) -> float:
    """When so many steps of a run were over."""
    return run.start_s + steps * run.first_s + run.slope_s * steps * (steps - 1) / 2.0
