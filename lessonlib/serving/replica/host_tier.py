"""A second tier of the KV cache in the memory of the host: what the GPUs have computed is kept there longer.

As vLLM's native offloading (--kv-offloading-size, an OffloadingConnector): every full block is copied when it is computed, the
least recently used go first, and a request whose beginning is found there, beyond what the GPUs hold, waits until that has
come over the host's link; it holds its blocks meanwhile, but no seat.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

from lessonlib.serving.replica.job import Job


class HostTier:
    """total: blocks that fit. block_s: seconds that one takes over the link. size: tokens of a block."""

    def __init__(self, total: int, block_s: float, size: int) -> None:
        self.total, self.block_s, self.size = total, block_s, size
        self.used = 0
        self._free_at = 0.0
        self._runs: OrderedDict[Hashable, int] = OrderedDict()

    def store(self, key: Hashable, blocks: int) -> None:
        """A run of shared blocks is now so long on the GPUs."""
        before = self._runs.get(key, 0)
        if blocks > before:
            self._runs[key] = blocks
            self.used += blocks - before
        if key in self._runs:
            self._runs.move_to_end(key)
        while self.used > self.total:
            # Cut from the end: the beginning of a run is of use without it.
            oldest, held = next(iter(self._runs.items()))
            left = max(0, held - (self.used - self.total))
            self.used -= held - left
            if left:
                self._runs[oldest] = left
            else:
                del self._runs[oldest]

    def match(self, job: Job, tokens: int) -> int:
        """Blocks of the beginning of the first `tokens` tokens that are here; the last token is always computed."""
        most, hit = (tokens - 1) // self.size, 0
        for key, end in job.runs(self.size):
            held = self._runs.get(key, 0) if hit < most else 0
            if not held:
                break
            wanted = min(end, most) - hit
            self._runs.move_to_end(key)
            hit += min(held, wanted)
            if held < wanted:
                break
        return hit

    def load(self, blocks: int, now: float) -> float:
        """The time at which so many blocks are on the GPUs, behind what is already on the link."""
        self._free_at = max(now, self._free_at) + blocks * self.block_s
        return self._free_at

    def clear(self) -> None:
        """The machine failed."""
        self._runs.clear()
        self.used = 0
