"""A run of steps: when it began, how many steps, how long they take."""

from __future__ import annotations

import math
from collections.abc import Sequence

from lessonlib.serving.replica.batch import DecodeBatch
from lessonlib.serving.replica.job import Job
from lessonlib.serving.replica.scheduler import Scheduler
from lessonlib.serving.replica.step_time import PromptChunk, StepCost

INFINITY = math.inf
#: Share of a step by which an arrival may miss a boundary and still count as on it (rounding).
_ROUNDING = 1e-9


class StepRun:
    """One step, or `steps` alike: the first takes `first_s` seconds, the last `last_s`, the others lie evenly between
    (the cost of a step is linear in the sum of contexts). `end` is infinite while nothing runs. writing_s: of a step with
    chunks of prompts the seconds that it would take without them.
    """

    __slots__ = ("compute_bound", "end", "first_s", "last_s", "start", "steps", "writing_s")

    def __init__(self) -> None:
        self.start = self.first_s = self.last_s = 0.0
        self.stop()

    def stop(self) -> None:
        """Nothing runs."""
        self.steps, self.end, self.compute_bound, self.writing_s = 0, INFINITY, False, 0.0

    @property
    def slope(self) -> float:
        """Seconds that each step takes more than the one before."""
        return (self.last_s - self.first_s) / (self.steps - 1) if self.steps > 1 else 0.0

    def begin(self, now: float, steps: int, first_s: float, last_s: float, compute_bound: bool) -> None:
        """Start at `now`."""
        self.start, self.steps, self.first_s, self.last_s = now, steps, first_s, last_s
        self.compute_bound = compute_bound
        self.end = now + steps * (first_s + last_s) / 2.0

    def cut(self, now: float) -> bool:
        """End at the first boundary between steps from `now` on; True if that is earlier than before."""
        if self.steps <= 1:
            return False
        slope, elapsed = self.slope, now - self.start
        # n steps take n first_s + n (n - 1) / 2 slope seconds; solved for n without cancellation.
        half = self.first_s - slope / 2.0
        whole = 2.0 * elapsed / (half + math.sqrt(max(0.0, half * half + 2.0 * slope * elapsed)))
        steps = max(1, math.ceil(whole - _ROUNDING))
        if steps >= self.steps:
            return False
        self.begin(self.start, steps, self.first_s, self.first_s + (steps - 1) * slope, self.compute_bound)
        return True


class StepTimer:
    """Times the steps of one replica: its decoding batch, and chunks of prompts beside it."""

    def __init__(self, cost: StepCost, scheduler: Scheduler) -> None:
        self.cost = cost
        self._laws = cost.decode_flops(scheduler.step_tokens)
        self._none = [0.0] * len(self._laws)
        speculation = scheduler.speculation
        # A recurrent state is read, and written once for each position that may be the last accepted one.
        self._moves = 2 + (speculation.drafts if speculation else 0)
        self._draft_s = speculation.drafts * speculation.draft_s if speculation else 0.0

    def seconds(
        self, batch: DecodeBatch | None, chunks: Sequence[tuple[Job, int]], ahead: int = 0
    ) -> tuple[float, bool]:
        """Seconds of a step, and whether compute bounds it; `ahead` decode steps from now."""
        flops = reach = self._none
        tokens = moves = sequences = 0
        if batch is not None and batch.count:
            sequences = batch.count
            tokens, moves, reach = sequences * batch.new, self._moves * sequences, batch.sums(ahead)
            flops = [sequences * base + slope * seen for (base, slope), seen in zip(self._laws, reach, strict=True)]
        outputs = tokens
        extra_s = self._draft_s if tokens else 0.0
        if chunks:
            shares = [PromptChunk(new, job.computed) for job, new in chunks]
            more_flops, more_reach = self.cost.chunk_sums(shares)
            flops = [a + b for a, b in zip(flops, more_flops, strict=True)]
            reach = [a + b for a, b in zip(reach, more_reach, strict=True)]
            tokens += sum(new for _, new in chunks)
            outputs += len(shares)
            sequences += len(shares)
            moves += sum(2 if share.context else 1 for share in shares)
        seconds, compute_bound = self.cost.seconds(tokens, outputs, sequences, moves, flops, reach)
        return seconds + extra_s * self.cost.slowdown, compute_bound

    def begin(
        self,
        run: StepRun,
        now: float,
        batch: DecodeBatch | None,
        chunks: Sequence[tuple[Job, int]],
        steps: int,
        stalled_s: float = 0.0,
    ) -> None:
        """Start a run of at most `steps` steps; it is halved until one bound holds for all of it. stalled_s: seconds in which
        its only step stands still.
        """
        first, compute_bound = self.seconds(batch, chunks)
        first += stalled_s
        last = first
        while steps > 1:
            last, bound = self.seconds(batch, chunks, steps - 1)
            if bound == compute_bound:
                break
            steps //= 2
        run.begin(now, steps, first, last if steps > 1 else first, compute_bound)
        # With chunks there is one step.
        decoding = batch is not None and batch.count > 0
        run.writing_s = (self.seconds(batch, [])[0] + stalled_s if decoding else 0.0) if chunks else 0.0
