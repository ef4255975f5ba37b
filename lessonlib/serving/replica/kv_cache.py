"""The paged KV cache of one replica: blocks in use, blocks kept for reuse, free blocks.

Blocks that always come together are counted, not listed: a run of shared blocks is one `SharedBlocks` with a number of
resident blocks, and a request's own blocks are one number. Eviction takes the least recently used run first and cuts
it from its end, which is the order of vLLM's free list (a request's last block is freed first). Where it differs: who
uses the beginning of a run holds all of it, so the rest stays as long as if it had been read too; and free blocks are
taken before any kept one, while vLLM takes both in the order in which they were given back.

Of a model with recurrent layers a beginning can be reused only up to a token whose state was kept. vLLM keeps the state at
the last whole block of a prompt, and at the end of a beginning that two prompts share once a second one has shown it
(`reachable_boundaries` in vllm/v1/core/single_type_kv_cache_manager.py, 0.33.0). A kept state is a run of its own.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Protocol

from lessonlib.serving.replica.host_tier import HostTier
from lessonlib.serving.replica.job import Job, SharedBlocks
from lessonlib.serving.replica.pages import Pages
from lessonlib.serving.replica.scheduler import Scheduler

#: Begins the key of a kept state; nobody else has this object.
STATE = object()


class RunListener(Protocol):
    """Who wants to know which runs a cache holds, such as a router's index."""

    def add(self, key: Hashable, replica: int) -> None:
        """The replica has begun to hold a run."""
        ...

    def remove(self, key: Hashable, replica: int) -> None:
        """The replica has lost a run."""
        ...


class KVCache:
    """Blocks of one replica. total = used + kept + free at all times; `high` is the most that was ever used.

    watermark: blocks that stay free when a request is let in beside others.
    """

    def __init__(self, pages: Pages, scheduler: Scheduler) -> None:
        self.total, self.fixed, self.size, self.state = pages.total, pages.fixed, pages.tokens, pages.state
        self.reuse = scheduler.prefix_caching
        self.watermark = int(scheduler.watermark * pages.total)
        self._fresh: set[Hashable] = set()
        self.used = self.kept = self.high = 0
        self.free = pages.total
        self.runs: dict[Hashable, SharedBlocks] = {}
        self._idle: OrderedDict[Hashable, SharedBlocks] = OrderedDict()
        self.tier: HostTier | None = None
        self._listener: RunListener | None = None

    def tell(self, listener: RunListener, number: int) -> None:
        """Tell of all runs to come and to go, as those of replica `number`; call it while the cache is empty."""
        self._listener, self._number = listener, number

    @property
    def room(self) -> int:
        """Blocks that can be had now: free ones, and kept ones that nobody uses."""
        return self.free + self.kept

    def blocks(self, tokens: int) -> int:
        """Blocks for so many tokens of one request, without its fixed ones."""
        return -(-tokens // self.size)

    def _take(self, count: int) -> None:
        """Move blocks from free (after eviction, where needed) to used."""
        while self.free < count:
            key, run = next(iter(self._idle.items()))
            # A part of a state is of no use.
            whole = isinstance(key, tuple) and key[0] is STATE
            cut = run.blocks if whole else min(run.blocks, count - self.free)
            run.blocks -= cut
            self.kept -= cut
            self.free += cut
            if not run.blocks:
                del self._idle[key], self.runs[key]
                if self._listener:
                    self._listener.remove(key, self._number)
        self.free -= count
        self.used += count
        self.high = max(self.high, self.used)

    def match(self, job: Job, tokens: int) -> tuple[list[SharedBlocks], int, int]:
        """Runs that hold a beginning of the first `tokens` tokens of a job; blocks hit; of the runs' blocks those that nobody uses.

        The last token is always computed, so that there is something to sample from. With recurrent layers the last of the
        runs is the state at the end of the hit, and `job.junction` says how far the attention layers alone would have hit.
        """
        most, found, hit, idle = (tokens - 1) // self.size, [], 0, 0
        for key, end in job.runs(self.size):
            run = self.runs.get(key) if hit < most else None
            if run is None:
                break
            wanted = min(end, most) - hit
            found.append(run)
            hit += min(run.blocks, wanted)
            idle += 0 if run.users else run.blocks
            if run.blocks < wanted:
                break
        return self._with_state(job, found, hit) if self.state else (found, hit, idle)

    def _with_state(self, job: Job, found: list[SharedBlocks], hit: int) -> tuple[list[SharedBlocks], int, int]:
        """The part of a hit that ends where a state is kept, and that state."""
        job.junction = hit
        for place in range(hit, 0, -1):
            beginning = job.block(place, self.size)
            state = self.runs.get((STATE, *beginning))
            if state is not None:
                last = [run.key for run in found].index(beginning[0])
                held = [*found[: last + 1], state]
                return held, place, sum(run.blocks for run in held if not run.users)
        return [], 0, 0

    def matched_tokens(self, job: Job) -> int:
        """Tokens of the prompt that are resident, without taking them."""
        return self.match(job, job.prompt)[1] * self.size if self.reuse else 0

    def admit(self, job: Job, tokens: int, spare: int = 0) -> bool:
        """Give a job room for `tokens` tokens, hits included, if `spare` blocks remain; else False, and nothing changes."""
        runs, hit, idle = self.match(job, tokens) if self.reuse else ([], 0, 0)
        if runs and runs[-1].key in self._fresh:
            # A state is there when its step is done, unlike the keys and values that a layer writes before it reads.
            return False
        need = self.blocks(tokens) + self.fixed - hit - (self.state if hit else 0)
        if need + spare > self.free + self.kept - idle:
            return False
        for run in runs:
            self._hold(run)
        self._take(need)
        job.shared, job.hit_blocks, job.blocks = runs, hit, need
        return True

    def new_step(self) -> None:
        """A step is planned: the states of the one before are there."""
        self._fresh.clear()

    def _hold(self, run: SharedBlocks) -> None:
        if not run.users:
            del self._idle[run.key]
            self.kept -= run.blocks
            self.used += run.blocks
        run.users += 1

    def grow(self, count: int) -> None:
        """Take `count` more blocks; the caller has made sure that there is room and notes whose they are."""
        if count:
            self._take(count)

    def publish(self, job: Job, tokens: int) -> None:
        """Make the first `tokens` tokens of a job, now scheduled, findable: its own full blocks become shared runs.

        Blocks that another request has published meanwhile stay the job's own, as duplicates do in vLLM.
        """
        if not self.reuse:
            return
        full, start = tokens // self.size, 0
        for key, end in job.runs(self.size):
            wanted = min(end, full) - start
            if wanted <= 0:
                return
            run = self._run(key, job)
            # Only who holds a run may lengthen it, with blocks that are its own.
            if run in job.shared and run.blocks < wanted:
                # With speculation the blocks follow the mean pace, and a lucky answer may have fewer.
                moved = min(wanted - run.blocks, job.blocks)
                job.blocks -= moved
                run.blocks += moved
                if self.tier:
                    self.tier.store(key, run.blocks)
            start = end

    def _run(self, key: Hashable, job: Job) -> SharedBlocks:
        """The run of that key; where there is none, a new one of no blocks that the job holds."""
        run = self.runs.get(key)
        if run is None:
            run = self.runs[key] = SharedBlocks(key, 0)
            job.shared.append(run)
            if self._listener:
                self._listener.add(key, self._number)
        return run

    def keep_state(self, job: Job, tokens: int) -> None:
        """Keep the state after the first `tokens` tokens of a job, a whole number of blocks, if it is worth keeping."""
        place, rest = divmod(tokens, self.size)
        if not self.state or rest or place not in (job.junction, (job.target - 1) // self.size):
            return
        key = (STATE, *job.block(place, self.size))
        if key not in self.runs and job.blocks >= self.state:
            self._run(key, job).blocks = self.state
            job.blocks -= self.state
            self._fresh.add(key)

    def chunk_end(self, job: Job, start: int, end: int, most: int) -> int:
        """Where a chunk from `start` on that could go to `end` stops, so that states fall on ends of blocks; `start`: nowhere.

        most: tokens of the largest chunk that could ever be. The rule of `_mamba_block_aligned_split` in vLLM's scheduler.
        """
        if not self.state:
            return end
        size, done = self.size, job.target
        if end < done:
            aligned = end // size * size
            if aligned > start or size <= most:
                end = aligned
        stops = [(done - 1) // size * size, job.junction * size]
        if start % size:
            stops.append((start // size + 1) * size)
        return max(start, min([end, *(stop for stop in stops if stop > start)]))

    def release(self, job: Job) -> None:
        """Give back everything a job holds; its runs stay findable until somebody needs the room."""
        self.used -= job.blocks
        self.free += job.blocks
        for run in reversed(job.shared):
            run.users -= 1
            if not run.users:
                self.used -= run.blocks
                self.kept += run.blocks
                self._idle[run.key] = run
        job.shared, job.blocks = [], 0

    def clear(self) -> None:
        """Lose everything that is kept (the machine failed); what jobs hold they give back before."""
        self.free += self.kept
        self.kept = 0
        if self._listener:
            for key in self.runs:
                self._listener.remove(key, self._number)
        self.runs.clear()
        self._idle.clear()
        if self.tier:
            self.tier.clear()

    def check(self) -> None:
        """Raise RuntimeError unless every block is in exactly one place."""
        idle = self._idle.values()
        parts = (self.used, self.kept, self.free)
        if (
            min(parts) < 0
            or sum(parts) != self.total
            or self.kept != sum(run.blocks for run in idle)
            or any(run.users for run in idle)
        ):
            raise RuntimeError(f"blocks of the KV cache are lost: used, kept, free = {parts} of {self.total}")
