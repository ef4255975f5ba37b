"""One replica: which requests get tokens in which step, after vLLM's v1 scheduler.

Every step goes first to the requests that run: one token for each that decodes (all drafts with speculation), then
chunks for prompts already begun; what is left of the token budget goes to those that wait, in order, as long as there
are seats and blocks. A decoding request that finds no block for its next token preempts the last one admitted (with
priorities: the least important), which gives up its blocks and is computed again from the start.

A prompt is let in only when blocks for all of it are free (vLLM's scheduler_reserve_full_isl), and its blocks can be found
by others as soon as their chunk is scheduled, in the same step already. Where the drafts of all who decode exceed the budget
of a step, those who came last wait.

What differs from vLLM: all blocks of a prompt are taken at once (vLLM takes them chunk by chunk); blocks of an answer
become findable when it ends; in a step short of tokens nobody gets a part of its drafts; a step that changes nothing but lengths is not planned again, which changes no result. With speculation the
number of steps of each answer is drawn, and its tokens are spread evenly over them.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Protocol

from lessonlib.base.errors import LessonlibError
from lessonlib.roofline import System
from lessonlib.serving.replica.batch import DecodeBatch, WaitMeter, decode_steps, job_queue
from lessonlib.serving.replica.defaults import batch_limits
from lessonlib.serving.replica.host_tier import HostTier
from lessonlib.serving.replica.job import Job
from lessonlib.serving.replica.kv_cache import KVCache
from lessonlib.serving.replica.pages import Pages
from lessonlib.serving.replica.scheduler import Scheduler
from lessonlib.serving.replica.step_log import LoggedRun, StepLog, Writer
from lessonlib.serving.replica.step_time import StepCost
from lessonlib.serving.replica.steps import INFINITY, StepRun, StepTimer


class StepRecorder(Protocol):
    """Who is told what a replica does: a `results.recorder.Recorder`, which lies above this folder."""

    full: bool
    log: StepLog | None

    def run(
        self, replica: int, run: StepRun, decoding: int, prefill_tokens: int, prefills: int, waiting: float, used: int
    ) -> None:
        """A run of steps has ended: requests that decoded in it, tokens of prompts, requests that have begun theirs,
        mean length of the queue, blocks in use at its start.
        """
        ...

    def preempted(self, replica: int, now: float) -> None:
        """A request has lost its blocks."""
        ...

    def gaps(self, weight: int, steps: int, first: float, slope: float) -> None:
        """Seconds between tokens: first, first + slope, ... (`steps` of them), each for `weight` requests."""
        ...

    def tokens(self, count: int) -> None:
        """Tokens were made."""
        ...


class Replica:
    """A replica at work. Call `plan` when it is idle or its run has ended, `complete` at `run.end`.

    version: counts the changes of `run`, so that an event for an older one can be told. parked: jobs of a prefill pool
    whose cache still has to leave over the link. pool: "both", "prefill" or "decode".
    """

    def __init__(
        self,
        number: int,
        cost: StepCost,
        scheduler: Scheduler,
        pages: Pages,
        recorder: StepRecorder,
        seed: int = 0,
        pool: str = "both",
    ) -> None:
        self.number, self.scheduler, self.recorder, self.pool = number, scheduler, recorder, pool
        self._log = recorder.log
        self.kv = KVCache(pages, scheduler)
        self.batch = DecodeBatch(scheduler, cost.windows, pages.tokens)
        self.queue, self.meter = job_queue(scheduler.policy), WaitMeter()
        self.prefilling: list[Job] = []
        self.parked: dict[int, int] = {}
        self.run = StepRun()
        self.version = self.in_flight = self.prompt_tokens = self.runs = 0
        self._seats, self._tokens = batch_limits(cost.system, scheduler.max_num_seqs, scheduler.max_num_batched_tokens)
        self._timer = StepTimer(cost, scheduler)
        self._seed = seed
        self._static = scheduler.batching == "static"
        self._whole = scheduler.batching != "continuous"
        self._apart = scheduler.batching in ("prefill-first", "static")
        self._reserve = scheduler.reserve_output or self._static
        #: Jobs of a static batch that are done and keep their seats until the last one is.
        self._holding_seats: list[Job] = []
        self._chunks: list[tuple[Job, int]] = []
        self._decoding = False
        self._late: dict[int, Job] = {}
        self._last_decode = -INFINITY
        #: Jobs that decode, but find no tokens left in the budget of a step, in order.
        self._short: list[Job] = []
        self._long_prefill = 0
        self._stalled_until = 0.0
        self._admissions = self._parkings = 0
        self._away: dict[int, Job] = {}
        #: Jobs whose beginning comes over the host's link, by number; times at which that is done and that nobody was told yet;
        #: and those for which it has come.
        self._loading: dict[int, Job] = {}
        self.loads: list[tuple[float, Job]] = []
        self._loaded: deque[Job] = deque()
        if scheduler.host_bytes and scheduler.prefix_caching:
            self._add_tier(pages, cost.system)

    def _add_tier(self, pages: Pages, system: System) -> None:
        if pages.state:
            raise LessonlibError(
                f"host_bytes: {system.model.name} keeps recurrent states, which no tier in the host's memory is modelled for: set it to 0"
            )
        settings = self.scheduler
        block_s = pages.bytes / (settings.host_bytes_per_second * system.gpus)
        self.kv.tier = HostTier(int(settings.host_bytes // pages.bytes), block_s, pages.tokens)

    @property
    def idle(self) -> bool:
        """Whether no step runs."""
        return self.run.end == INFINITY

    @property
    def seats(self) -> int:
        """Requests that could still be let in."""
        return self._seats - self.batch.count - len(self._short) - len(self.prefilling)

    def submit(self, job: Job, now: float) -> None:
        """Queue a job; a run of steps that it could join is cut short. An idle replica must be planned afterwards."""
        job.replica = self.number
        self.in_flight += 1
        self.prompt_tokens += job.prompt
        joins = not self._static and (not self.queue or self.scheduler.policy == "priority")
        self.queue.push(job)
        self.meter.came(now)
        if self._log:
            self._log.queue(self.number, job.number, now)
        if joins and self.seats > 0:
            self.interrupt(now)

    def interrupt(self, now: float) -> None:
        """End the present run at the end of the present step."""
        if self.run.cut(now):
            self.version += 1

    def stall(self, now: float, until: float) -> None:
        """Let the step after the present one end no sooner than its own time after `until`."""
        self._stalled_until = max(self._stalled_until, until)
        self.interrupt(now)

    def load_done(self, job: Job, now: float) -> None:
        """The beginning of a job has come over the host's link. An idle replica must be planned afterwards."""
        if self._loading.pop(job.number, None) is None:
            return
        self._loaded.append(job)
        self.interrupt(now)

    def unpark(self, job: Job, parking: int) -> bool:
        """The cache of a prefilled job has left over the link; False if it was lost meanwhile."""
        if self.parked.get(job.number) != parking:
            return False
        del self.parked[job.number], self._away[job.number]
        self._leave(job)
        return True

    def fail(self) -> list[Job]:
        """All jobs lose their cache and come back, oldest first, to be sent elsewhere. Only between two runs."""
        for job in self._holding_seats:
            job.blocks += self.batch.remove(job)
            self.kv.release(job)
        lost = [*self.batch.jobs.values(), *self._short, *self.prefilling, *self._away.values()]
        for job in lost:
            if job.entry:
                self._stop_decoding(job)
            self.kv.release(job)
        for job in (*self._loading.values(), *self._loaded):
            self.kv.release(job)
            lost.append(job)
        lost += self.queue.clear()
        for job in lost:
            job.computed, job.target, job.transferred = 0, job.prompt + job.generated, False
        self._holding_seats, self.prefilling, self._chunks, self._short = [], [], [], []
        self.parked, self._away, self._loading = {}, {}, {}
        self.loads, self._loaded = [], deque()
        self.kv.clear()
        self.run.stop()
        self.in_flight = self.prompt_tokens = 0
        self.version += 1
        return sorted(lost, key=lambda job: job.number)

    def plan(self, now: float) -> None:
        """Decide the next run of steps from `now` on."""
        self.version += 1
        self.meter.begin()
        self._chunks = []
        self.kv.new_step()
        self._fill_up()
        # The cap is there for the sake of others: vLLM lifts it for a lone request.
        alone = self.batch.count + len(self._short) + len(self.prefilling) + len(self.queue) <= 1
        self._long_prefill = 0 if alone or self._whole else self.scheduler.long_prefill_tokens
        preempted = self._make_room(now)
        budget = self._tokens if self._apart else self._continue_prefills()
        if not preempted:
            self._admit(now, budget)
        self._decoding = self.batch.count > 0 and not (self._apart and self._chunks)
        if not self._chunks and not self._decoding:
            self.run.stop()
            return
        stalled_s = max(0.0, self._stalled_until - now)
        alike = not (self._chunks or preempted or stalled_s)
        steps = max(1, self.batch.steps_within(self.kv.room, self.batch.steps_alike())) if alike else 1
        self._timer.begin(self.run, now, self.batch if self._decoding else None, self._chunks, steps, stalled_s)

    def _make_room(self, now: float) -> bool:
        """Preempt until the next decode step has its blocks; True if anybody had to go."""
        preempted = False
        while self.batch.count and self.batch.need(1) > self.kv.room:
            self._preempt(self._victim(), now)
            preempted = True
        return preempted

    def _fill_up(self) -> None:
        """Let jobs decode that a step had no tokens for, as far as the budget goes; vLLM serves them in order, too."""
        while self._short and self._decodes_more():
            self._decode_from_now(self._short.pop(0))

    def _decodes_more(self) -> bool:
        return self._apart or (self.batch.count + 1) * self.batch.new <= self._tokens

    def _victim(self) -> Job:
        running = [*self.batch.jobs.values(), *self._short, *self.prefilling]
        if self.scheduler.policy == "priority":
            return max(running, key=lambda job: (job.priority, job.arrival, job.number))
        return max(running, key=lambda job: job.place)

    def _preempt(self, job: Job, now: float) -> None:
        if job.entry:
            self._stop_decoding(job)
            self.kv.publish(job, job.prompt + job.generated - 1)
        else:
            (self.prefilling if job in self.prefilling else self._short).remove(job)
        self.kv.release(job)
        job.computed, job.target = 0, job.prompt + job.generated
        job.preempted += 1
        self.recorder.preempted(self.number, now)
        if self._log:
            self._log.preempt(self.number, job.number)
        self.queue.push_back(job)

    def _continue_prefills(self) -> int:
        """Chunks for prompts already begun; returns the tokens that are left of the budget."""
        budget = self._tokens - self.batch.count * self.batch.new
        for job in self.prefilling:
            if budget <= 0:
                break
            budget -= self._chunk(job, budget)
        return budget

    def _chunk(self, job: Job, budget: int) -> int:
        tokens = self._chunk_tokens(job, job.computed, budget)
        if tokens:
            self._chunks.append((job, tokens))
            # vLLM marks blocks as cached when they are scheduled: who is let in later in the same step finds them.
            self.kv.publish(job, job.computed + tokens)
            self.kv.keep_state(job, job.computed + tokens)
        return tokens

    def _chunk_tokens(self, job: Job, start: int, budget: int) -> int:
        """Tokens of the next chunk of a prompt that is computed up to `start`; 0 where none would end well."""
        tokens = min(job.target - start, budget, self._long_prefill or budget)
        if not self.kv.state or self._whole:
            return tokens
        most = min(self._tokens, self._long_prefill or self._tokens)
        return self.kv.chunk_end(job, start, start + tokens, most) - start

    def _admit(self, now: float, budget: int) -> None:
        """Let jobs in, in order, while there are seats, blocks and tokens."""
        if self._static and self.batch.count:
            return
        while self._loaded and self.seats > 0 and budget > 0:
            job = self._loaded.popleft()
            self._start(job, now)
            self.prefilling.append(job)
            budget -= self._chunk(job, job.left if self._whole else budget)
        while self.queue and self.seats > 0 and (budget > 0 or self._static):
            job = self.queue.peek()
            if self._whole and self._chunks and not self._static and job.target > budget:
                return
            tokens = job.prompt + job.output - 1 if self._reserve else job.target
            # Nobody can be preempted for the first block that a cache from over the link takes in its first step.
            first = job.transferred and not job.target % self.kv.size
            mark = self.kv.watermark if self.batch.count or self.prefilling or self._short else 0
            if not self._chunk_fits(job, budget) or not self.kv.admit(job, tokens, self.batch.need(1) + first + mark):
                return
            if self._from_host(job, now):
                continue
            self._start(self.queue.pop(), now)
            if job.transferred:
                job.transferred = False
                self._join(job)
            else:
                self.prefilling.append(job)
                budget -= self._chunk(job, job.left if self._whole else budget)

    def _from_host(self, job: Job, now: float) -> bool:
        """Whether a job that has its blocks waits for more of its beginning from the host's memory; then it leaves the queue."""
        tier = self.kv.tier
        found = tier.match(job, job.target) if tier and not job.transferred else 0
        if tier is None or found <= job.hit_blocks:
            return False
        self.queue.pop()
        if not job.preempted:
            job.loaded = (found - job.hit_blocks) * self.kv.size
        self.loads.append((tier.load(found - job.hit_blocks, now), job))
        job.hit_blocks = found
        self._loading[job.number] = job
        return True

    def _chunk_fits(self, job: Job, budget: int) -> bool:
        """Whether the first chunk of a job can end where a state can be kept."""
        if not self.kv.state or self._whole or job.transferred:
            return True
        return self._chunk_tokens(job, self.kv.match(job, job.target)[1] * self.kv.size, budget) > 0

    def _start(self, job: Job, now: float) -> None:
        self._admissions += 1
        job.place = self._admissions
        if math.isnan(job.started):
            job.started = now
        hit = min(job.hit_blocks * self.kv.size, job.target - 1)
        job.computed = job.target if job.transferred else hit
        if not job.preempted and not job.transferred:
            job.cached = hit
        if self._log:
            self._log.admit(self.number, job.number, job.computed)

    def complete(self) -> list[Job]:
        """The present run has ended: its tokens exist. Returns the jobs that are done here, finished or parked."""
        run, recorder = self.run, self.recorder
        now = run.end
        if self._log:
            self._log.ran(self.number, self._logged(self._log))
        recorder.run(
            self.number,
            run,
            self.batch.count if self._decoding else 0,
            sum(tokens for _, tokens in self._chunks),
            len(self.prefilling),
            self.meter.mean(len(self.queue), run.start, now) if recorder.full else 0.0,
            self.kv.used,
        )
        self.runs += 1
        done = self._decoded(now) if self._decoding else []
        for job, tokens in self._chunks:
            job.computed += tokens
            if not job.left:
                self.prefilling.remove(job)
                done += self._prefilled(job, now)
        return done

    def _logged(self, log: StepLog) -> LoggedRun:
        """The run that has just ended, for the log; call it before its tokens are counted."""
        run, batch, came = self.run, self.batch, self.meter.count
        ends = [(job, not job.left - tokens) for job, tokens in self._chunks]
        decoding = [job for job in batch.jobs.values() if math.isnan(job.finished)] if self._decoding else []
        writers = [
            Writer(job.number, job.generated, batch.clock - job.joined, job.rate, job.steps, job.output)
            for job in decoding
        ]
        finished = [writer.request for writer in writers if writer.done + run.steps >= writer.steps]
        finished += [job.number for job, whole in ends if whole and job.generated + 1 == job.output]
        return LoggedRun(
            run.start,
            run.steps,
            run.first_s,
            run.slope,
            tuple((job.number, tokens) for job, tokens in self._chunks),
            tuple(job.number for job, whole in ends if whole),
            tuple(writers),
            tuple(finished),
            len(self._holding_seats),
            self._seats - self.seats,
            len(self.queue) - came,
            log.recent(self.number, came),
            self.kv.used,
            self.kv.kept,
            self.kv.free,
            batch.needs(run.steps) if self._decoding else (),
        )

    def _decoded(self, now: float) -> list[Job]:
        run, batch = self.run, self.batch
        first = run.start + run.first_s
        for job in self._late.values():
            self.recorder.gaps(1, 1, first - job.last_token, 0.0)
        steady = batch.count - len(self._holding_seats)
        self.recorder.gaps(steady - len(self._late), 1, first - self._last_decode, 0.0)
        self.recorder.gaps(steady, run.steps - 1, run.first_s + run.slope, run.slope)
        self._late.clear()
        self.kv.grow(batch.need(run.steps))
        self._last_decode = now
        ended = batch.advance(run.steps)
        for job in ended:
            self._finish(job, now)
        if self._holding_seats and len(self._holding_seats) == batch.count:
            for job in self._holding_seats:
                job.blocks += batch.remove(job)
                self.kv.release(job)
            self._holding_seats = []
        return ended

    def _finish(self, job: Job, now: float) -> None:
        """A job has its last token and leaves; in a static batch it keeps its seat until the last one is done."""
        job.finished = now
        if job.entry and self._static:
            self._holding_seats.append(job)
            self._close_span(job)
            self.recorder.tokens(job.output - job.generated)
            self._forget(job)
            return
        if job.entry:
            self._stop_decoding(job)
        self.kv.publish(job, job.prompt + job.output - 1)
        self._leave(job)

    def _prefilled(self, job: Job, now: float) -> list[Job]:
        """A prompt is computed: its next token exists."""
        if job.generated:
            self.recorder.gaps(1, 1, now - job.last_token, 0.0)
        else:
            job.first_token = now
        job.generated += 1
        job.last_token = now
        self.recorder.tokens(1)
        if self.recorder.full:
            job.marks.append((now, self.number))
        if job.generated == job.output:
            self._finish(job, now)
            return [job]
        if self.pool == "prefill":
            self._parkings += 1
            self.parked[job.number], self._away[job.number] = self._parkings, job
            return [job]
        self._join(job)
        return []

    def _join(self, job: Job) -> None:
        if self._short or not self._decodes_more():
            self._short.append(job)
            return
        self._decode_from_now(job)

    def _decode_from_now(self, job: Job) -> None:
        left = job.output - job.generated
        self.batch.add(
            job, decode_steps(left, self.scheduler.speculation, (self._seed, job.number, job.preempted)), self._reserve
        )
        if job.last_token != self._last_decode:
            self._late[job.number] = job
        if self.recorder.full:
            job.spans.append((self.number, self.runs, -1, job.generated, job.rate))

    def _stop_decoding(self, job: Job) -> None:
        """Take a job out of the batch, with its blocks, tokens and the time of its last token in order."""
        before = job.generated
        job.blocks += self.batch.remove(job)
        self.recorder.tokens(job.generated - before)
        if self._late.pop(job.number, None) is None:
            job.last_token = self._last_decode
        self._close_span(job)

    def _close_span(self, job: Job) -> None:
        if self.recorder.full:
            number, first, _, before, rate = job.spans[-1]
            job.spans[-1] = (number, first, self.runs, before, rate)

    def _leave(self, job: Job) -> None:
        self.kv.release(job)
        self._forget(job)

    def _forget(self, job: Job) -> None:
        self.in_flight -= 1
        self.prompt_tokens -= job.prompt
