"""What no number of replicas, or no fewer, can do: lower bounds out of ceilings, so that nothing that holds is dropped.

A prompt takes at least the ceiling of the tokens that no cache can spare; a token at least one step alone at the ceiling; all
requests that must be good at least their arithmetic, and their share of reading the weights, on all replicas together, before
the last of them may be late. The simulator's own steps never beat the ceiling, so what these bounds rule out it would refuse.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lessonlib.base.errors import LessonlibError
from lessonlib.plan.grid import SetUp, Size
from lessonlib.plan.question import Question
from lessonlib.roofline import Load, Requests, System
from lessonlib.roofline.operations import operations
from lessonlib.serving.replica.pages import pages

#: Rounding must not make a bound out of what is just met.
_SLACK = 1.0 - 1e-9


@dataclass(frozen=True)
class Bound:
    """least: replicas without which the set-up cannot hold. why: the kind of reason for which none can (empty: some may);
    detail: that reason with its numbers.
    """

    least: Size
    why: str = ""
    detail: str = ""


@dataclass(frozen=True)
class _Work:
    """Seconds at the ceiling of one replica, one of each a request: prompt (its arithmetic), prompt_alone and token_alone (a
    first token and a token on an empty replica), tokens (the arithmetic of its answer), reads (of its own cache, all tokens).
    step: reading the weights once.
    """

    prompt: np.ndarray
    prompt_alone: np.ndarray
    token_alone: np.ndarray
    tokens: np.ndarray
    reads: np.ndarray
    step: float


class Bounds:
    """The bounds of one question; what depends on a system alone is computed once."""

    def __init__(self, question: Question) -> None:
        self.question = question
        rows = question.requests
        self.prompt = np.array([request.prompt for request in rows], dtype=float)
        self.output = np.array([request.output for request in rows], dtype=float)
        held = np.array([sum(tokens for _, tokens in request.prefix) for request in rows], dtype=float)
        # The last token of a prompt is computed even where all of it was found.
        self.new = np.maximum(self.prompt - held, 1.0)
        first, _ = question.window
        ends = (
            np.array([request.arrival_s for request in rows])
            + question.slo.ttft_s
            + (self.output - 1) * question.slo.tpot_s
        )
        #: Time in which all good requests are done, seconds; infinite where later turns come when they like.
        self.span = math.inf if any(request.follows >= 0 for request in rows) else float(ends.max()) - first
        #: The longest requests: prompt and answer of any that is not shorter than another in both.
        self.longest = int((self.prompt + self.output).max())
        self._work: dict[int, tuple[System, _Work]] = {}

    def of(self, set_up: SetUp) -> Bound:
        """The bound of a set-up."""
        for check in (self._memory, self._context, self._alone):
            found = check(set_up)
            if found:
                return Bound((1, 1 if set_up.two_pools else 0), *found)
        least = self._least(set_up)
        found = self._affordable(set_up, least)
        return Bound(least, *found) if found else Bound(least)

    def most(self, set_up: SetUp, usd: float = math.inf) -> int:
        """Most GPUs that the question allows to a set-up, and so many dollars an hour do."""
        price = self.question.prices[set_up.system.gpu.called].usd
        limit = min(usd, self.question.budget or math.inf) / price
        useful = len(self.prompt) * max(system.gpus for system in set_up.systems)  # a replica for each request
        return int(min(self.question.most_gpus, limit + 1e-9, useful * len(set_up.systems)))

    # --- the reasons ----------------------------------------------------------------------------------------------------

    def _memory(self, set_up: SetUp) -> tuple[str, str] | None:
        for system in set_up.systems:
            try:
                found = pages(system, set_up.scheduler(system))
            except LessonlibError as error:
                return "memory", str(error)
            if -(-self.longest // found.tokens) + found.fixed > found.total:
                return (
                    "memory",
                    f"the longest request has {self.longest:,} tokens, and the whole KV cache has room for {found.total * found.tokens:,}",
                )
        return None

    def _context(self, set_up: SetUp) -> tuple[str, str] | None:
        limit = set_up.system.model.max_context or math.inf
        fit = int((self.prompt + self.output <= limit).sum())
        if fit >= self.question.needed:
            return None
        return (
            "context",
            f"{len(self.prompt) - fit:,} requests are longer than the {limit:,} tokens of context of {set_up.system.model.name}",
        )

    def _alone(self, set_up: SetUp) -> tuple[str, str] | None:
        """Whether too many requests miss a limit even on an empty replica at the ceiling."""
        slo, needed = self.question.slo, self.question.needed
        first, later = self._of(set_up.systems[0]), self._of(set_up.systems[-1])
        late = first.prompt_alone * _SLACK > slo.ttft_s
        slow = (later.token_alone * _SLACK > slo.tpot_s) & (self.output > 1)
        if int((~(late | slow)).sum()) >= needed:
            return None
        if late.sum() >= slow.sum():
            seconds = float(np.median(first.prompt_alone))
            return (
                "first token",
                f"at the ceiling the first token of the median prompt takes {seconds:.3g} s alone, the limit is {slo.ttft_s:g} s",
            )
        seconds = float(np.median(later.token_alone))
        return (
            "time per token",
            f"at the ceiling a token takes {1e3 * seconds:.3g} ms alone, the limit is {1e3 * slo.tpot_s:g} ms",
        )

    def _least(self, set_up: SetUp) -> Size:
        """Replicas that the arithmetic and the reads of the good requests need at the ceiling."""
        if math.isinf(self.span):
            return (1, 1 if set_up.two_pools else 0)
        first, later = self._of(set_up.systems[0]), self._of(set_up.systems[-1])
        seats, _ = set_up.limits(set_up.systems[-1])
        reading = self._good((self.output - 1) * later.step / seats + later.reads)
        if set_up.two_pools:
            return self._count(self._good(first.prompt)), self._count(max(self._good(later.tokens), reading))
        return self._count(max(self._good(first.prompt + first.tokens), reading)), 0

    def _affordable(self, set_up: SetUp, least: Size) -> tuple[str, str] | None:
        allowed, wanted = self.most(set_up), set_up.gpus(least)
        if wanted <= allowed:
            return None
        price = self.question.prices[set_up.system.gpu.called].usd
        if wanted > self.question.most_gpus:
            return "GPUs", f"even at the ceiling it takes {many(wanted)}, and {self.question.most_gpus:,} may be used"
        return (
            "budget",
            f"even at the ceiling it takes {many(wanted)}, ${wanted * price:,.2f} an hour; the budget is ${self.question.budget:,.2f}",
        )

    def _good(self, seconds: np.ndarray) -> float:
        """The least sum over as many requests as must be good."""
        return float(np.sort(seconds)[: self.question.needed].sum())

    def _count(self, seconds: float) -> int:
        return max(1, math.ceil(seconds / self.span * _SLACK))

    # --- ceilings of single requests --------------------------------------------------------------------------------------

    def _of(self, system: System) -> _Work:
        known = self._work.get(id(system))
        if known is None:
            self._work[id(system)] = known = (system, self._computed(system))
        return known[1]

    def _computed(self, system: System) -> _Work:
        """Where stages or ranks share a batch evenly, a request may be as little as its share of the arithmetic of one of them,
        and only reading the weights for one token is sure.
        """
        compute, memory = _ceiling(system, self.new, self.prompt - self.new)
        token_compute, token_memory = _ceiling(system, np.ones_like(self.prompt), self.prompt)
        _, weights = _ceiling(system, np.ones(1), np.zeros(1))
        step, more = float(weights[0]), np.maximum(self.output - 1.0, 0.0)
        ways = system.pp * system.dp
        if ways > 1:
            return _Work(
                compute / ways,
                np.maximum(compute / ways, 0.0),
                np.full_like(compute, 0.0),
                more * token_compute / ways,
                np.zeros_like(compute),
                0.0,
            )
        return _Work(
            compute,
            np.maximum(compute, memory),
            np.maximum(token_compute, token_memory),
            more * token_compute,
            more * np.maximum(token_memory - step, 0.0),
            step,
        )


def many(gpus: int) -> str:
    """GPUs in words."""
    return f"{gpus:,} GPU{'s' if gpus != 1 else ''}"


def _ceiling(system: System, new: np.ndarray, context: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Seconds of arithmetic and of reads at the peaks, for one request in a step of its own, for each pair."""
    parts = list(operations(system, Load((Requests(1, new, context, 1),))))
    compute = sum(
        (np.broadcast_to(np.asarray(part.compute_s, dtype=float), new.shape) for part in parts), np.zeros_like(new)
    )
    memory = sum(
        (np.broadcast_to(np.asarray(part.memory_s, dtype=float), new.shape) for part in parts), np.zeros_like(new)
    )
    return compute, memory
