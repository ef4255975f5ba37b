"""The paged KV cache of one replica: blocks in use, blocks kept for reuse, free blocks.

Blocks that always come together are counted, not listed: a run of shared blocks is one `SharedBlocks` with a number of
resident blocks, and a request's own blocks are one number. Eviction takes the least recently used run first and cuts
it from its end, which is the order of vLLM's free list (a request's last block is freed first). Where it differs: who
uses the beginning of a run holds all of it, so the rest stays as long as if it had been read too; and free blocks are
taken before any kept one, while vLLM takes both in the order in which they were given back.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Protocol

from lessonlib.base.errors import LessonlibError
from lessonlib.roofline import (
    USABLE,
    DeltaNet,
    System,
    kv_bytes,
    kv_bytes_per_token,
    sequence_bytes,
    state_bytes,
    weight_bytes,
)
from lessonlib.serving.replica.job import Job, SharedBlocks
from lessonlib.serving.replica.scheduler import Scheduler


class RunListener(Protocol):
    """Who wants to know which runs a cache holds, such as a router's index."""

    def add(self, key: Hashable, replica: int) -> None:
        """The replica has begun to hold a run."""
        ...

    def remove(self, key: Hashable, replica: int) -> None:
        """The replica has lost a run."""
        ...


class KVCache:
    """Blocks of one replica. total = used + kept + free at all times; `high` is the most that was ever used."""

    def __init__(self, total: int, fixed: int, scheduler: Scheduler) -> None:
        self.total, self.fixed, self.size = total, fixed, scheduler.block_tokens
        self.reuse = scheduler.prefix_caching
        self.used = self.kept = self.high = 0
        self.free = total
        self.runs: dict[Hashable, SharedBlocks] = {}
        self._idle: OrderedDict[Hashable, SharedBlocks] = OrderedDict()
        self._listener: RunListener | None = None
        self._number = 0

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
            cut = min(run.blocks, count - self.free)
            run.blocks -= cut
            self.kept -= cut
            self.free += cut
            if not run.blocks:
                del self._idle[key], self.runs[key]
                if self._listener:
                    self._listener.remove(key, self._number)
        self.free -= count
        self.used += count
        if self.used > self.high:
            self.high = self.used

    def match(self, job: Job, tokens: int) -> tuple[list[SharedBlocks], int, int]:
        """Runs that hold a beginning of the first `tokens` tokens of a job; blocks hit; of those, blocks that nobody uses.

        The last token is always computed, so that there is something to sample from.
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
        return found, hit, idle

    def matched_tokens(self, job: Job) -> int:
        """Tokens of the prompt that are resident, without taking them."""
        return self.match(job, job.prompt)[1] * self.size if self.reuse else 0

    def admit(self, job: Job, tokens: int, spare: int = 0) -> bool:
        """Give a job room for `tokens` tokens, hits included, if `spare` blocks remain; else False, and nothing changes."""
        runs, hit, idle = self.match(job, tokens) if self.reuse else ([], 0, 0)
        need = self.blocks(tokens) + self.fixed - hit
        if need + spare > self.free + self.kept - idle:
            return False
        for run in runs:
            self._hold(run)
        self._take(need)
        job.shared, job.hit_blocks, job.blocks = runs, hit, need
        return True

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
            run = self.runs.get(key)
            if run is None:
                run = self.runs[key] = SharedBlocks(key, 0)
                job.shared.append(run)
                if self._listener:
                    self._listener.add(key, self._number)
            # Only who holds a run may lengthen it, with blocks that are its own.
            if run in job.shared and run.blocks < wanted:
                # With speculation the blocks follow the mean pace, and a lucky answer may have fewer.
                moved = min(wanted - run.blocks, job.blocks)
                job.blocks -= moved
                run.blocks += moved
            start = end

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
        job.shared, job.blocks, job.hit_blocks = [], 0, 0

    def clear(self) -> None:
        """Lose everything that is kept (the machine failed); what jobs hold they give back before."""
        self.free += self.kept
        self.kept = 0
        if self._listener:
            for key in self.runs:
                self._listener.remove(key, self._number)
        self.runs.clear()
        self._idle.clear()

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


def block_counts(system: System, scheduler: Scheduler) -> tuple[int, int]:
    """(blocks of the whole cache, blocks that each sequence takes whatever its length).

    A block holds `block_tokens` tokens of the layers whose cache grows. Recurrent state, and windows as if full, take
    whole blocks of their own a sequence. Raises LessonlibError where the weights leave no room.
    """
    size = scheduler.block_tokens
    per_token = kv_bytes_per_token(system)
    plain = kv_bytes(system, 1.0)
    copies = (sequence_bytes(system, 16) - sum(state_bytes(system).values())) / kv_bytes(system, 16.0) if plain else 1.0
    block = size * per_token * copies
    held = sum(state_bytes(system).values())
    mixed_windows = plain > per_token
    if mixed_windows:
        longest = max(
            getattr(group.mixer, "window", None) or 0
            for group in system.model.layers
            if not isinstance(group.mixer, DeltaNet)
        )
        held += copies * (kv_bytes(system, longest) - longest * per_token)
    if not block:
        block = held or 1.0
    fixed = int(-(-held // block))
    if scheduler.kv_blocks is not None:
        return scheduler.kv_blocks, fixed
    memory = system.gpu.memory_bytes * system.gpus
    room = scheduler.memory_share * memory - weight_bytes(system)
    if room < block * (1 + fixed):
        fits = scheduler.memory_share < USABLE and weight_bytes(system) < USABLE * memory
        raise LessonlibError(
            f"no room for a KV cache: the weights of {system.model.name} take {weight_bytes(system) / 1e9:.3g} GB of "
            f"{scheduler.memory_share * memory / 1e9:.3g} GB usable on {system.gpus} x {system.gpu.name}: "
            f"{'raise memory_share, or ' if fits else ''}raise tp, or take fewer bits for the weights, or a larger GPU"
        )
    return int(room // block), fixed
