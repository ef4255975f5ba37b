"""Requests: what comes, when, how long it is, and which part of it has been seen before.

A `Workload` is a recipe and a seed; a `Trace` is a list, such as a learner's own log. Both are iterables of
`Request`, in the order of arrival, and may be iterated again and again with the same result.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from lessonlib.base.checks import kind, number, set_whole, whole
from lessonlib.base.errors import LessonlibError
from lessonlib.serving.traffic.arrivals import Arrivals
from lessonlib.serving.traffic.lengths import MOST_TOKENS, Fixed, Lengths, ShareOfPrompt, drawn_lengths, lengths
from lessonlib.serving.traffic.request import Request, check_request

_BLOCK = 1024


@dataclass(frozen=True)
class Sharing:
    """What prompts have in common. Raises LessonlibError, which names the field.

    system_tokens: tokens of a system prompt, one of `system_prompts`. document_tokens: of a document behind it, one of
    `documents`. Both are chosen by Zipf's law: the n-th with a weight of n^-zipf.
    turns: requests of one session; each later prompt is the whole session so far and `turn_tokens` new tokens, and comes
    `think_s` seconds (mean, exponential) after the answer before.
    """

    system_tokens: int = 0
    system_prompts: int = 1
    document_tokens: int = 0
    documents: int = 1
    zipf: float = 1.0
    turns: int = 1
    turn_tokens: Lengths | int = 100
    think_s: float = 10.0

    def __post_init__(self) -> None:
        for name in ("system_tokens", "document_tokens"):
            set_whole(self, name, 0, MOST_TOKENS)
        for name in ("system_prompts", "documents", "turns"):
            set_whole(self, name, 1, 1_000_000)
        number("zipf", self.zipf, least=0.0, most=10.0)
        number("think_s", self.think_s, least=0.0)
        drawn_lengths("turn_tokens", self.turn_tokens)


@cache
def _popular(count: int, zipf: float) -> np.ndarray:
    """Cumulative shares of `count` items under Zipf's law."""
    weights = np.arange(1, count + 1, dtype=float) ** -zipf
    shares: np.ndarray = np.cumsum(weights) / weights.sum()
    return shares


def _are_shares(values: Iterable[float]) -> bool:
    """Whether these are numbers from 0 up, one of them above 0."""
    try:
        return all(0.0 <= value < float("inf") for value in values) and sum(values) > 0
    except TypeError:
        return False


@dataclass(frozen=True)
class Workload:
    """`requests` requests made to a recipe. Raises LessonlibError, which names the field, for what is none.

    arrivals: a law of arrival; None for a closed loop, where the simulation decides when each comes (in an open loop all
    come at once).
    prompt, output: laws of token counts (a number, a list, or a law of lengths.py); a prompt includes what it shares.
    priorities: share of requests at each level, 0 first. seed: decides every draw.
    """

    requests: int
    prompt: Lengths | int
    output: Lengths | ShareOfPrompt | int
    arrivals: Arrivals | None = None
    sharing: Sharing = field(default_factory=Sharing)
    priorities: tuple[float, ...] = (1.0,)
    seed: int = 0
    name: str = ""

    def __post_init__(self) -> None:
        set_whole(self, "requests", 1)
        set_whole(self, "seed", 0, 2**63)
        lengths(self.output)
        drawn_lengths("prompt", self.prompt)
        kind("sharing", self.sharing, Sharing, "Sharing(system_tokens=200)")
        if self.arrivals is not None and not hasattr(self.arrivals, "blocks"):
            raise LessonlibError(f"arrivals: expected a law such as Poisson(4.0), not {self.arrivals!r}")
        if not _are_shares(self.priorities):
            raise LessonlibError(f"priorities: expected shares such as (0.2, 0.8), not {self.priorities!r}")

    def __len__(self) -> int:
        return self.requests

    def __iter__(self) -> Iterator[Request]:
        # Independent streams: a longer run or another law of arrival leaves the lengths as they were.
        seeds = np.random.SeedSequence(self.seed).spawn(3)
        when, what, which = (np.random.Generator(np.random.PCG64(seed)) for seed in seeds)
        made = 0
        for start, first in zip(_starts(self.arrivals, when), _firsts(self, what), strict=False):
            for request in self._session(start, first, made, which):
                if made == self.requests:
                    return
                yield request
                made += 1

    def sessions(self) -> Iterator[list[Request]]:
        """The sessions of the same draws, without end; positions count within each session."""
        seeds = np.random.SeedSequence(self.seed).spawn(3)
        when, what, which = (np.random.Generator(np.random.PCG64(seed)) for seed in seeds)
        pairs = zip(_starts(self.arrivals, when), _firsts(self, what), strict=False)
        for place, (start, first) in enumerate(pairs):
            yield list(self._session(start, first, place * self.sharing.turns, which))

    def _session(
        self, start: float, first: tuple[int, int, int], number: int, random: np.random.Generator
    ) -> Iterator[Request]:
        """The requests of one session (one, unless there are turns), the first with the position `number`."""
        prompt, output, priority = first
        share = self.sharing
        prefix = self._beginning(prompt, random)
        if share.turns == 1:
            yield Request(start, prompt, output, priority, prefix)
            return
        news = drawn_lengths("turn_tokens", share.turn_tokens).draw(random, share.turns).tolist()
        thinks = random.exponential(share.think_s, share.turns).tolist()
        for turn in range(share.turns):
            own = ("session", number, turn)
            if turn:
                history = prompt + output
                prompt = history + news[turn]
                output = int(_outputs(self.output, np.array([prompt]), random)[0])
                prefix = (*prefix, (("session", number, turn - 1), history - sum(tokens for _, tokens in prefix)))
            yield Request(
                start,
                prompt,
                output,
                priority,
                prefix,
                own,
                number + turn - 1 if turn else -1,
                thinks[turn] if turn else 0.0,
            )

    def _beginning(self, prompt: int, random: np.random.Generator) -> tuple[tuple[Hashable, int], ...]:
        """System prompt and document of a new prompt, never longer than the prompt but one token."""
        share, left = self.sharing, prompt - 1
        runs: list[tuple[Hashable, int]] = []
        key: tuple[Hashable, ...] = ()
        for part, tokens, count in (
            ("system", share.system_tokens, share.system_prompts),
            ("document", share.document_tokens, share.documents),
        ):
            taken = min(tokens, left)
            if taken:
                chosen = int(np.searchsorted(_popular(count, share.zipf), random.random()))
                key = (*key, part, chosen)
                runs.append((key, taken))
                left -= taken
        return tuple(runs)


def _outputs(law: Lengths | ShareOfPrompt | int, prompts: np.ndarray, random: np.random.Generator) -> np.ndarray:
    found = lengths(law)
    return found.draw_for(random, prompts) if isinstance(found, ShareOfPrompt) else found.draw(random, len(prompts))


def _starts(arrivals: Arrivals | None, random: np.random.Generator) -> Iterator[float]:
    while arrivals is None:
        yield 0.0
    for times in arrivals.blocks(random):
        yield from times.tolist()


def _firsts(workload: Workload, random: np.random.Generator) -> Iterator[tuple[int, int, int]]:
    """Prompt, output and priority of the first request of each session."""
    levels = np.cumsum(workload.priorities) / sum(workload.priorities)
    while True:
        prompts = drawn_lengths("prompt", workload.prompt).draw(random, _BLOCK)
        outputs = _outputs(workload.output, prompts, random)
        priority = np.searchsorted(levels, random.random(_BLOCK))
        yield from zip(prompts.tolist(), outputs.tolist(), priority.tolist(), strict=True)


@dataclass(frozen=True)
class Trace:
    """A list of requests in the order of arrival (a session's later turns right behind or after its first).

    timed: whether its times of arrival mean anything; without, it is served in a closed loop. notes: what was assumed when
    it was read, one line each. Raises LessonlibError, which names the position and the field of the first request that is wrong.
    """

    requests: tuple[Request, ...]
    name: str = "trace"
    timed: bool = True
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.requests:
            raise LessonlibError(f"{self.name}: holds no request")
        before = 0.0
        for row, request in enumerate(self.requests):
            before = check_request(row, request, before, self.name)

    def __len__(self) -> int:
        return len(self.requests)

    def __iter__(self) -> Iterator[Request]:
        return iter(self.requests)


def fixed(prompt: int, output: int, requests: int, arrivals: Arrivals | None = None, seed: int = 0) -> Workload:
    """`requests` equal requests of `prompt` and `output` tokens. Raises LessonlibError for what is no whole number."""
    return Workload(requests, Fixed(whole("prompt", prompt)), Fixed(whole("output", output)), arrivals, seed=seed)
