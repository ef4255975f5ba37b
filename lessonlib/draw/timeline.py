"""One simulated run over time, without a stroke drawn: a lane for each request, each step of the engine, its KV pages, its queue.

A lesson's function returns one :class:`Timeline`, or up to three that share a clock; the page draws and plays them. Times are
in seconds since the first request came, lengths in tokens, pages in blocks of the KV cache.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

from lessonlib.base.errors import LessonlibError
from lessonlib.base.quantity import Quantity, rounded
from lessonlib.base.units import tick_steps
from lessonlib.draw.columns import column

#: more lanes or steps than these cannot be read, and would make the panel heavy; so would more runs under one clock
MOST_LANES, MOST_STEPS, MOST_RUNS = 48, 1200, 3
#: tokens of one answer in one step are written as one digit, 0 to z
MOST_WRITTEN = 35
LEVELS = (50, 90, 99)
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_REPEATED = 4
_MICRO = 1e6
#: of the table of requests. "first token after" counts from "came": it holds the server's own time and the wait for a seat
COLUMNS = (
    "request", "prompt", "of it cached", "answer", "came", "server's own", "waited for a seat", "first token after", "done at",
    "preempted", "waited again", "read again",
)  # fmt: skip


@dataclass(frozen=True)
class Step:
    """One step of the engine. prompt, answer: tokens that it reads and writes, of all requests. used, kept: blocks in use, and
    blocks kept for equal beginnings that nobody uses. running, waiting: requests with a seat, and in the queue, at its start.
    """

    start_s: float
    end_s: float
    prompt: int
    answer: int
    used: int
    kept: int
    running: int
    waiting: int


@dataclass(frozen=True)
class Chunk:
    """Tokens of a request's prompt that one step reads. step: its place among the steps. again: they were read before."""

    step: int
    tokens: int
    again: bool = False


@dataclass(frozen=True)
class Written:
    """Tokens of an answer in one step after the other, from the place `step` on; 0 where a step writes none of it."""

    step: int
    tokens: Sequence[int]


@dataclass(frozen=True)
class Lane:
    """One request. prompt, answer, cached: tokens; cached ones are found and not read. came_s: when it came; queued_s: when the
    engine had it, so that the server's own time lies between the two (None: at once). waits: (from, to) of each wait for a seat:
    the first from queued_s on, others after a preemption. preempted_s: when it lost its blocks. held_s: (from, to) of a seat
    that it keeps though it is done. first_token_s, finished_s: None where that has not come to pass.
    """

    number: int
    prompt: int
    answer: int
    came_s: float
    cached: int = 0
    waits: Sequence[tuple[float, float]] = ()
    chunks: Sequence[Chunk] = ()
    written: Sequence[Written] = ()
    preempted_s: Sequence[float] = ()
    held_s: tuple[float, float] | None = None
    first_token_s: float | None = None
    finished_s: float | None = None
    queued_s: float | None = None

    @property
    def own_s(self) -> float:
        """Seconds outside the engine before it waits for a seat."""
        return 0.0 if self.queued_s is None else self.queued_s - self.came_s

    @property
    def waited_s(self) -> float:
        """Seconds from the queue to its first seat, as vLLM's request_queue_time_seconds counts them."""
        return sum(until - since for since, until in self.waits if not self._lost_before(since))

    @property
    def waited_again_s(self) -> float:
        """Seconds without a seat after preemptions."""
        return sum(until - since for since, until in self.waits if self._lost_before(since))

    def _lost_before(self, since: float) -> bool:
        return any(lost <= since for lost in self.preempted_s)

    @property
    def read_again(self) -> int:
        """Tokens that were read a second time, after a preemption."""
        return sum(chunk.tokens for chunk in self.chunks if chunk.again)


@dataclass(frozen=True)
class Waits:
    """What all requests of the run waited, as seconds that 50, 90 and 99 % of them do not exceed: for a seat, for the first
    token, and from one output to the next. tokens_per_s: of answers, over the whole run. requests: how many they are.
    """

    queue_s: Sequence[float]
    first_token_s: Sequence[float]
    gap_s: Sequence[float]
    tokens_per_s: float
    requests: int


@dataclass(frozen=True)
class Timeline:
    """One run, or a stretch of it.

    finding: one or two sentences with numbers that state what is seen; it is the text alternative. label: what tells it from
    others under the same clock. lanes: the requests that are drawn; steps: those of the engine, in order. kv_blocks: blocks
    of the cache. waits: percentiles of the whole run. seats, budget: most requests at once, and most tokens of a step,
    where there are such limits. note: what kind of numbers these are.
    """

    finding: str
    lanes: Sequence[Lane]
    steps: Sequence[Step]
    kv_blocks: int
    waits: Waits
    label: str = ""
    seats: int | None = None
    budget: int | None = None
    note: str = ""

    def refuse(self) -> None:
        """Raise LessonlibError, in one line, if this cannot be drawn."""
        fault = next(_faults(self), None)
        if fault:
            raise LessonlibError(fault)

    def view(self) -> dict[str, Any]:
        """All of it, ready for JSON: what is printed, and under `drawn` whole numbers (microseconds, tokens, blocks)."""
        return {
            "label": self.label,
            "finding": self.finding,
            "note": self.note,
            "waits": _waits(self),
            "columns": list(COLUMNS),
            "rows": [_row(lane) for lane in self.lanes],
            "drawn": _drawn(self),
        }

    @property
    def sealed(self) -> dict[str, Any]:
        """What a seal counts: the words, the numbers of each request and of the whole, not each step."""
        lanes, steps = self.lanes, self.steps
        columns = {
            "came": [lane.came_s for lane in lanes],
            "server's own": [lane.own_s for lane in lanes],
            "waited": [lane.waited_s for lane in lanes],
            "waited again": [lane.waited_again_s for lane in lanes],
            "first token": [_or_nothing(lane.first_token_s) for lane in lanes],
            "finished": [_or_nothing(lane.finished_s) for lane in lanes],
            "prompt": [lane.prompt for lane in lanes],
            "cached": [lane.cached for lane in lanes],
            "answer": [lane.answer for lane in lanes],
            "read again": [lane.read_again for lane in lanes],
        }
        busy = sum(step.end_s - step.start_s for step in steps)
        whole = {
            "steps": [len(steps), steps[-1].end_s, busy, sum(s.prompt for s in steps), sum(s.answer for s in steps)],
            "most": [max(s.used + s.kept for s in steps), max(s.running for s in steps), max(s.waiting for s in steps)],
            "sums": [sum(getattr(s, name) for s in steps) for name in ("used", "kept", "running", "waiting")],
            "limits": [self.kv_blocks, self.seats or 0, self.budget or 0],
        }
        return {
            "label": self.label,
            "finding": self.finding,
            "note": self.note,
            "waits": _waits(self),
            **whole,
            **columns,
        }


def _or_nothing(value: float | None) -> float:
    return -1.0 if value is None else value


# --- what cannot be drawn ---------------------------------------------------------------------------------------------


def _faults(shown: Timeline) -> Iterator[str]:
    """What is wrong, one line each."""
    if not isinstance(shown.finding, str) or not shown.finding.strip():
        yield "Timeline.finding is empty: say in a sentence, with its number, what is seen"
    elif not re.search(r"\d", shown.finding):
        yield f"its finding “{shown.finding}” must state what is seen with a number"
    if not 1 <= len(shown.lanes) <= MOST_LANES:
        yield f"a timeline has 1 to {MOST_LANES} lanes, not {len(shown.lanes)}: name the requests to draw"
    if not 1 <= len(shown.steps) <= MOST_STEPS:
        yield f"a timeline has 1 to {MOST_STEPS:,} steps, not {len(shown.steps):,}: take a shorter stretch of time"
    else:
        yield from _faults_of_steps(shown)
        yield from _faults_of_lanes(shown)


def _faults_of_steps(shown: Timeline) -> Iterator[str]:
    for place, step in enumerate(shown.steps):
        if not 0 <= step.start_s < step.end_s < math.inf:
            yield f"step {place} goes from {step.start_s} to {step.end_s} s: a step begins at 0 or later and takes time"
        if min(step.prompt, step.answer, step.used, step.kept, step.running, step.waiting) < 0:
            yield f"step {place} has a number below 0"
        if step.used + step.kept > shown.kv_blocks:
            yield f"step {place} has {step.used + step.kept:,} blocks of a cache of {shown.kv_blocks:,}"
    for place, (one, other) in enumerate(pairwise(shown.steps), 1):
        if other.start_s < one.end_s - 1e-9:
            yield f"step {place} begins before the one before it has ended"


def _faults_of_lanes(shown: Timeline) -> Iterator[str]:
    numbers = [lane.number for lane in shown.lanes]
    if len(set(numbers)) < len(numbers):
        yield "two lanes have one number: each request is drawn once"
    read, written = Counter[int](), Counter[int]()
    for lane in shown.lanes:
        for chunk in lane.chunks:
            read[chunk.step] += chunk.tokens
        for place, tokens in _written(lane):
            written[place] += tokens
            if not 0 <= tokens <= MOST_WRITTEN:
                yield f"request {lane.number} writes {tokens} tokens in a step; 0 to {MOST_WRITTEN} can be drawn"
    for what, found in (("prompt", read), ("answer", written)):
        for place, tokens in found.items():
            if not 0 <= place < len(shown.steps):
                yield f"a lane has tokens in step {place}; there are 0 to {len(shown.steps) - 1}"
            elif tokens > getattr(shown.steps[place], what):
                yield f"the lanes have {tokens:,} {what} tokens in step {place}, which has {getattr(shown.steps[place], what):,}"


def _written(lane: Lane) -> Iterator[tuple[int, int]]:
    """(place of the step, tokens) of an answer."""
    for part in lane.written:
        yield from enumerate(part.tokens, part.step)


# --- what the page gets -----------------------------------------------------------------------------------------------


def _micro(seconds: float) -> int:
    return round(seconds * _MICRO)


def _drawn(shown: Timeline) -> dict[str, Any]:
    steps = shown.steps
    begins, ends = [_micro(step.start_s) for step in steps], [_micro(step.end_s) for step in steps]
    pauses = [begin - end for begin, end in zip(begins, [begins[0], *ends], strict=False)]
    limits = {"blocks": shown.kv_blocks, "seats": shown.seats, "budget": shown.budget}
    columns = {
        name: column(int(getattr(step, name)) for step in steps)
        for name in ("prompt", "answer", "used", "kept", "running", "waiting")
    }
    return {
        "begin": begins[0],
        "lasts": [end - begin for begin, end in zip(begins, ends, strict=True)],
        "pauses": [number for place, pause in enumerate(pauses) if pause > 0 for number in (place, pause)],
        "lanes": [_lane(lane) for lane in shown.lanes],
        "times": tick_steps("s"),
        **columns,
        **limits,
    }


def _lane(lane: Lane) -> dict[str, Any]:
    return {
        "number": lane.number,
        "prompt": lane.prompt,
        "answer": lane.answer,
        "cached": lane.cached,
        "came": _micro(lane.came_s),
        "done": None if lane.finished_s is None else _micro(lane.finished_s),
        "own": [] if lane.queued_s is None else [_micro(lane.came_s), _micro(lane.queued_s)],
        "waits": [_micro(edge) for wait in lane.waits for edge in wait],
        "held": [_micro(edge) for edge in lane.held_s or ()],
        "preempted": [_micro(when) for when in lane.preempted_s],
        "chunks": [number for chunk in lane.chunks for number in (chunk.step, chunk.tokens, int(chunk.again))],
        "written": [(part.step, _digits(part.tokens)) for part in lane.written],
    }


def _digits(tokens: Sequence[int]) -> str:
    """One digit a step; many alike as the digit and how many: 1(57)23."""
    counted = [(_DIGITS[value], sum(1 for _ in same)) for value, same in groupby(tokens)]
    return "".join(digit * many if many < _REPEATED else f"{digit}({many})" for digit, many in counted)


def _seconds(value: float | None) -> str:
    return "–" if value is None or not math.isfinite(value) else str(Quantity(value, "s"))


def _waits(shown: Timeline) -> dict[str, Any]:
    return waits_view(shown.waits, any(tokens > 1 for lane in shown.lanes for _, tokens in _written(lane)))


def waits_view(waits: Waits, bunches: bool = False) -> dict[str, Any]:
    """The percentiles as printed. bunches: whether a step writes several tokens of an answer."""
    rows = [("a seat", waits.queue_s), ("the first token", waits.first_token_s)]
    rows.append(("the next output" if bunches else "the next token", waits.gap_s))
    return {
        "head": [f"p{level}" for level in LEVELS],
        "rows": [[name, *(_seconds(value) for value in values)] for name, values in rows],
        "speed": str(Quantity(rounded(waits.tokens_per_s), "tok/s")),
        "requests": f"{waits.requests:,}",
    }


def _row(lane: Lane) -> list[str]:
    """The lane in the table of all numbers, one text for each of COLUMNS."""
    first = None if lane.first_token_s is None else lane.first_token_s - lane.came_s
    cells = (f"{lane.number}", f"{lane.prompt:,}", f"{lane.cached:,}", f"{lane.answer:,}")
    times = (_seconds(value) for value in (lane.came_s, lane.own_s, lane.waited_s, first, lane.finished_s))
    return [*cells, *times, f"{len(lane.preempted_s)}", _seconds(lane.waited_again_s), f"{lane.read_again:,}"]
