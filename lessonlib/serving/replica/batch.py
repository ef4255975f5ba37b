"""The requests of one replica: those that wait, in the order in which they go in, and those that decode.

The decoding ones are kept as a few sums, so that many equal steps cost no more than one. As long as nobody joins or
leaves, each step adds one token (with speculation, its rate) to each request. The sum of contexts then grows by the same
amount every step, the next request to end is at the top of a heap, and how many new blocks a step needs depends only on
where the requests stand within their blocks: `due` counts them by step modulo the steps that fill a block.
"""

from __future__ import annotations

from collections import deque
from heapq import heappop, heappush
from itertools import accumulate

import numpy as np

from lessonlib.serving.replica.job import Job
from lessonlib.serving.replica.scheduler import Scheduler, Speculation

# --- those that wait --------------------------------------------------------------------------------------------------


class FirstCome:
    """First come, first served; a preempted job goes back to the front."""

    def __init__(self) -> None:
        self._jobs: deque[Job] = deque()

    def __len__(self) -> int:
        return len(self._jobs)

    def push(self, job: Job) -> None:
        """At the end."""
        self._jobs.append(job)

    def push_back(self, job: Job) -> None:
        """To the front, after a preemption."""
        self._jobs.appendleft(job)

    def peek(self) -> Job:
        """The job that is next."""
        return self._jobs[0]

    def pop(self) -> Job:
        """Take the job that is next."""
        return self._jobs.popleft()

    def clear(self) -> list[Job]:
        """Take all."""
        jobs = list(self._jobs)
        self._jobs.clear()
        return jobs


class ByPriority:
    """The lowest priority number first, then the earliest arrival."""

    def __init__(self) -> None:
        self._jobs: list[tuple[int, float, int, Job]] = []

    def __len__(self) -> int:
        return len(self._jobs)

    def push(self, job: Job) -> None:
        """Where its priority puts it."""
        heappush(self._jobs, (job.priority, job.arrival, job.number, job))

    push_back = push

    def peek(self) -> Job:
        """The job that is next."""
        return self._jobs[0][3]

    def pop(self) -> Job:
        """Take the job that is next."""
        return heappop(self._jobs)[3]

    def clear(self) -> list[Job]:
        """Take all."""
        jobs = [job for *_, job in self._jobs]
        self._jobs.clear()
        return jobs


def job_queue(policy: str) -> FirstCome | ByPriority:
    """The queue of one of scheduler.POLICIES."""
    return ByPriority() if policy == "priority" else FirstCome()


class WaitMeter:
    """Mean length of a queue while one run of steps goes on, in which requests come but none goes in."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """A run begins."""
        self._came, self._sum = 0, 0.0

    def came(self, now: float) -> None:
        """A request has joined the queue."""
        self._came += 1
        self._sum += now

    @property
    def count(self) -> int:
        """Requests that have joined the queue since the run began."""
        return self._came

    def mean(self, length: int, start: float, end: float) -> float:
        """The mean from `start` to `end`, where the queue is `length` long: who came meanwhile waited for the rest only."""
        rest = self._came * end - self._sum
        return length - self._came + (rest / (end - start) if end > start else 0.0)


# --- those that decode ------------------------------------------------------------------------------------------------


def decode_steps(left: int, speculation: Speculation | None, seed: tuple[int, ...]) -> int:
    """Decode steps for `left` more tokens: as many, or with speculation a draw that `seed` decides.

    A step makes one token and as many drafts as are accepted in a row.
    """
    if speculation is None:
        return left
    random = np.random.Generator(np.random.PCG64(list(seed)))
    if isinstance(speculation.acceptance, tuple):
        # A step accepts at least n drafts with the n-th share: one draw decides how many.
        accepted = (random.random((left, 1)) < np.asarray(speculation.acceptance)).sum(axis=1)
    else:
        accepted = np.cumprod(random.random((left, speculation.drafts)) < speculation.acceptance, axis=1).sum(axis=1)
    made = np.cumsum(1 + accepted)
    return int(np.searchsorted(made, left)) + 1


class DecodeBatch:
    """clock: decode steps so far. count: requests. context: sum of the tokens that they hold. growth: of it in a step.

    new: tokens that each brings to a step. period: steps that fill a block (rounded down with speculation, so that no
    block comes late). size: tokens of a block, if not those of the settings. windows: widths of sliding windows, with the sums of what they still see in `clipped`.
    """

    def __init__(self, scheduler: Scheduler, windows: tuple[int | None, ...], size: int | None = None) -> None:
        speculation = scheduler.speculation
        self.new = scheduler.step_tokens
        pace = speculation.tokens_per_step if speculation else 1.0
        self.size = size or scheduler.block_tokens
        self.period = max(1, int(self.size / pace))
        self.windows = windows
        self.jobs: dict[int, Job] = {}
        self.clock = self.count = self._entries = 0
        self.context = self.growth = 0.0
        self.due = [0] * self.period
        self.clipped = [0.0] * len(windows)
        self._clipped_growth = [0.0] * len(windows)
        self._ends: list[tuple[int, int, Job]] = []
        self._fills: list[tuple[int, int, int, int, Job]] = []

    def add(self, job: Job, steps: int, whole: bool) -> None:
        """A job whose context is computed and that needs `steps` more steps; whole: its blocks are reserved to the end."""
        self._entries += 1
        job.entry, job.joined, job.steps = self._entries, self.clock, steps
        job.start_context = job.target
        job.rate = (job.output - job.generated) / steps
        self.jobs[job.number] = job
        self.count += 1
        self.context += job.target
        self.growth += job.rate
        heappush(self._ends, (self.clock + steps, job.entry, job))
        spare = -job.target % self.size
        # Steps from now until the first one that writes past the last block.
        job.first_due = 0 if whole else spare * self.period // self.size + 1
        if job.first_due:
            self.due[(self.clock + job.first_due) % self.period] += 1
        self._clip(job)

    def _clip(self, job: Job) -> None:
        for place, window in enumerate(self.windows):
            if window is None:
                continue
            self.clipped[place] += min(job.target, window - 1)
            if job.target < window - 1:
                self._clipped_growth[place] += job.rate
                full = self.clock + -int((job.target - window + 1) // job.rate)
                heappush(self._fills, (full, job.entry, place, window, job))

    def remove(self, job: Job) -> int:
        """Take a job out; returns the blocks that it got while it decoded. `job.generated` is brought up to date."""
        grown, context = self.grown_blocks(job), self.context_of(job)
        del self.jobs[job.number]
        self.count -= 1
        self.context -= context
        self.growth -= job.rate
        if job.first_due:
            self.due[(job.joined + job.first_due) % self.period] -= 1
        for place, window in enumerate(self.windows):
            if window is not None:
                self.clipped[place] -= min(context, window - 1)
                if context < window - 1:
                    self._clipped_growth[place] -= job.rate
        job.generated = self.generated_of(job)
        job.entry = 0
        if not self.count:
            # No drift of sums of fractions from one busy period to the next.
            self.context = self.growth = 0.0
            self.clipped = [0.0] * len(self.windows)
            self._clipped_growth = [0.0] * len(self.windows)
        return grown

    def context_of(self, job: Job) -> float:
        """Tokens that a job holds now."""
        return job.start_context + (self.clock - job.joined) * job.rate

    def generated_of(self, job: Job) -> int:
        """Tokens of its answer that a job has now."""
        done = self.clock - job.joined
        return min(job.output, job.generated + int(done * job.rate + 1e-9))

    def grown_blocks(self, job: Job) -> int:
        """Blocks that a job has got since it joined."""
        done = self.clock - job.joined - job.first_due
        return done // self.period + 1 if job.first_due else 0

    def need(self, steps: int) -> int:
        """New blocks of the next `steps` steps."""
        full, rest = divmod(steps, self.period)
        due, period, clock = self.due, self.period, self.clock
        return full * sum(due) + sum(due[(clock + step) % period] for step in range(1, rest + 1))

    def needs(self, steps: int) -> tuple[int, ...]:
        """New blocks by the end of each of the next `steps` steps."""
        return tuple(accumulate(self.due[(self.clock + step) % self.period] for step in range(1, steps + 1)))

    def steps_within(self, room: int, most: int) -> int:
        """How many of the next `most` steps need at most `room` new blocks."""
        each = sum(self.due)
        if not each:
            return most
        full, left = divmod(room, each)
        steps = min(full * self.period, most)
        while steps < most:
            left -= self.due[(self.clock + steps + 1) % self.period]
            if left < 0:
                break
            steps += 1
        return steps

    def steps_alike(self) -> int:
        """Steps until the next request ends or fills a window."""
        ends, fills = self._ends, self._fills
        while ends[0][2].entry != ends[0][1]:
            heappop(ends)
        while fills and fills[0][4].entry != fills[0][1]:
            heappop(fills)
        first = min(ends[0][0], fills[0][0]) if fills else ends[0][0]
        return first - self.clock

    def advance(self, steps: int) -> list[Job]:
        """Let `steps` alike steps pass; returns the jobs that now have their last token (still in the batch)."""
        self.clock += steps
        self.context += steps * self.growth
        for place, growth in enumerate(self._clipped_growth):
            self.clipped[place] += steps * growth
        while self._fills and self._fills[0][0] <= self.clock:
            _, entry, place, width, job = heappop(self._fills)
            if job.entry == entry:
                self._clipped_growth[place] -= job.rate
                self.clipped[place] += width - 1 - self.context_of(job)
        ended, ends = [], self._ends
        while ends and ends[0][0] <= self.clock:
            _, entry, job = heappop(ends)
            if job.entry == entry:
                ended.append(job)
        return ended

    def sums(self, ahead: float = 0.0) -> list[float]:
        """For each kind of attention the sum of contexts that it sees, `ahead` steps from now."""
        return [
            (self.context + ahead * self.growth)
            if window is None
            else self.clipped[place] + ahead * self._clipped_growth[place]
            for place, window in enumerate(self.windows)
        ]
