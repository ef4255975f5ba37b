"""A small made-up trace: a few hundred requests on one replica, the same ones every time.

Lengths are log-normal, arrivals Poisson, all from one fixed seed. What takes time is the lab's own: the engine's
expected seconds for a prompt and for a decode step. The server is simpler than a real one: at most ``SLOTS`` requests
at once, first come first served, each prompt read whole while the others wait. The arrival rate is set to ``LOAD`` of
what the lab can serve, so that the same requests press equally hard on every lab.
"""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from lessonlib.roofline import Lab, decode, prefill

SEED = 8
REQUESTS = 400
LOAD = 0.7
SLOTS = 8
#: tokens: (median, sigma of the logarithm, least, most)
PROMPT = (1000, 0.8, 32, 16384)
ANSWER = (120, 0.7, 2, 1024)
#: prompts at which the engine is asked; between them its seconds are interpolated
_PROMPTS = (0, 32, 128, 512, 1024, 2048, 4096, 8192, 16384)


@dataclass(frozen=True)
class TracedRequest:
    """One request: tokens, and the moments (seconds) at which it came, started, gave its first token and its last."""

    prompt: int
    answer: int
    arrived: float
    started: float
    first: float
    last: float

    @property
    def ttft(self) -> float:
        """Time to first token: waiting and prefill, seconds."""
        return self.first - self.arrived

    @property
    def end_to_end(self) -> float:
        """From arrival to the last token, seconds."""
        return self.last - self.arrived


@dataclass(frozen=True)
class SmallTrace:
    """requests: in order of arrival. gaps: (seconds between two tokens of one answer, how many such gaps).
    steps: (start, seconds of one step, steps, tokens of each step) of decoding, for windows.
    """

    requests: tuple[TracedRequest, ...]
    gaps: tuple[tuple[float, int], ...]
    steps: tuple[tuple[float, float, int, int], ...]
    step_s: tuple[float, ...]

    @property
    def seconds(self) -> float:
        """From the first arrival to the last token: the server is empty at both ends."""
        return max(request.last for request in self.requests) - self.requests[0].arrived


def lengths() -> list[tuple[int, int]]:
    """(prompt, answer) in tokens of every request, the same on every lab."""
    draw = random.Random(SEED)
    return [(_tokens(draw, PROMPT), _tokens(draw, ANSWER)) for _ in range(REQUESTS)]


def _tokens(draw: random.Random, shape: tuple[float, float, int, int]) -> int:
    median, sigma, least, most = shape
    return min(max(round(draw.lognormvariate(math.log(median), sigma)), least), most)


def unit_arrivals() -> list[float]:
    """Arrival times of a Poisson process of one request a second, the first at 0."""
    draw = random.Random(SEED + 1)
    return [0.0, *accumulate(draw.expovariate(1.0) for _ in range(REQUESTS - 1))]


@lru_cache(maxsize=32)
def small_trace(lab: Lab) -> SmallTrace:
    """The trace on this lab."""
    read = _reading(lab)
    step_s = tuple(decode(lab.system, batch=batch, context=PROMPT[0]).expected_s for batch in range(1, SLOTS + 1))
    sizes = lengths()
    work = sum(read(prompt) + (answer - 1) * step_s[-1] / SLOTS for prompt, answer in sizes) / len(sizes)
    arrivals = [at * work / LOAD for at in unit_arrivals()]
    return _serve(sizes, arrivals, read, step_s)


def _reading(lab: Lab) -> Callable[[int], float]:
    """Seconds to read a prompt of so many tokens, straight lines between a few prompts asked of the engine."""
    seconds = [0.0, *(prefill(lab.system, prompt=prompt).expected_s for prompt in _PROMPTS[1:])]
    seconds[0] = seconds[1]  # a pass has a floor, however short the prompt

    def read(prompt: int) -> float:
        right = next(place for place, known in enumerate(_PROMPTS) if known >= prompt)
        low, high = _PROMPTS[right - 1], _PROMPTS[right]
        return seconds[right - 1] + (seconds[right] - seconds[right - 1]) * (prompt - low) / (high - low)

    return read


def _serve(
    sizes: Sequence[tuple[int, int]], arrivals: Sequence[float], read: Callable[[int], float], step_s: Sequence[float]
) -> SmallTrace:
    """First come, first served: a waiting prompt is read as soon as a slot is free, else all running requests decode."""
    queue, running = deque(range(len(sizes))), dict[int, list[float]]()  # running: id -> [gaps left, last token at]
    started, first, last = ([0.0] * len(sizes) for _ in range(3))
    gaps, steps, now = [], [], 0.0
    while queue or running:
        if queue and len(running) < SLOTS and (arrivals[queue[0]] <= now or not running):
            one = queue.popleft()
            started[one] = max(now, arrivals[one])
            now = first[one] = last[one] = started[one] + read(sizes[one][0])
            running[one] = [sizes[one][1] - 1, now]
            continue
        batch, seconds = len(running), step_s[len(running) - 1]
        count = int(min(left for left, _ in running.values()))
        if queue and batch < SLOTS:
            count = min(count, max(1, math.ceil((arrivals[queue[0]] - now) / seconds)))
        gaps += [(now + seconds - latest, 1) for _, latest in running.values()]
        gaps.append((seconds, batch * (count - 1)))
        steps.append((now, seconds, count, batch))
        now += count * seconds
        running = {one: [left - count, now] for one, (left, _) in running.items()}
        for one in [one for one, (left, _) in running.items() if not left]:
            last[one] = now
            del running[one]
    whole = zip(*zip(*sizes, strict=True), arrivals, started, first, last, strict=True)
    return SmallTrace(
        tuple(TracedRequest(*row) for row in whole), tuple(gap for gap in gaps if gap[1]), tuple(steps), tuple(step_s)
    )


# --- what can be asked of it ------------------------------------------------------------------------------


def mean(values: Iterable[float]) -> float:
    kept = list(values)
    return sum(kept) / len(kept)


def percentile(values: Iterable[float], percent: float) -> float:
    """The smallest value that at least ``percent`` per cent of the values do not exceed (nearest rank)."""
    return weighted_percentile([(value, 1) for value in values], percent)


def weighted_percentile(values: Iterable[tuple[float, int]], percent: float) -> float:
    """The same for (value, how often)."""
    ranked = sorted(values)
    rank = math.ceil(percent / 100 * sum(count for _, count in ranked) - 1e-9)
    seen = 0
    for value, count in ranked:
        seen += count
        if seen >= rank:
            return value
    raise ValueError("no values")


def in_system(trace: SmallTrace) -> float:
    """Requests in the server on average, waiting or served: the area under their number, over the time."""
    moves = sorted(
        [(request.arrived, 1) for request in trace.requests] + [(request.last, -1) for request in trace.requests]
    )
    area, inside, before = 0.0, 0, moves[0][0]
    for at, change in moves:
        area += inside * (at - before)
        inside, before = inside + change, at
    return area / trace.seconds


def tokens_between(trace: SmallTrace, start: float, end: float) -> int:
    """Tokens that come out from ``start`` (excluded) to ``end`` (included), seconds."""
    tokens = sum(start < request.first <= end for request in trace.requests)
    for at, seconds, count, batch in trace.steps:
        if at < end and at + count * seconds > start:
            until = min(count, math.floor((end - at) / seconds + 1e-9))
            tokens += batch * (until - max(0, math.floor((start - at) / seconds + 1e-9)))
    return tokens


# --- histograms ---------------------------------------------------------------------------------------------

#: upper bounds in seconds of the buckets that vLLM counts gaps between tokens in (v1/metrics/buckets.py)
GAP_BUCKETS = (
    0.01,
    0.025,
    0.05,
    0.075,
    0.1,
    0.15,
    0.2,
    0.3,
    0.4,
    0.5,
    0.75,
    1.0,
    2.5,
    5.0,
    7.5,
    10.0,
    20.0,
    40.0,
    80.0,
)


def bucket_counts(values: Iterable[tuple[float, int]], bounds: Sequence[float] = GAP_BUCKETS) -> list[int]:
    """How many of (value, how often) are at most each bound, and how many there are at all: cumulative counts."""
    kept = list(values)
    return [sum(count for value, count in kept if value <= bound) for bound in (*bounds, math.inf)]


def histogram_quantile(quantile: float, counts: Sequence[int], bounds: Sequence[float] = GAP_BUCKETS) -> float:
    """Prometheus' rule: a straight line within the bucket, the first bucket starts at 0, the last bound is the most it says."""
    rank = quantile * counts[-1]
    place = next(place for place, count in enumerate(counts) if count >= rank)
    if place == len(bounds):
        return bounds[-1]
    low, below = (bounds[place - 1], counts[place - 1]) if place else (0.0, 0)
    return low + (bounds[place] - low) * (rank - below) / (counts[place] - below)
