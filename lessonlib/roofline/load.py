"""The work of one step: how many requests bring how many new tokens on top of how much context."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lessonlib.base.checks import whole
from lessonlib.base.errors import LessonlibError
from lessonlib.roofline.arrays import Number


@dataclass(frozen=True)
class Requests:
    """`count` equal requests: `new` tokens each after `context` cached ones.

    outputs: new tokens of each that need the output head (1: only the last one; more to verify
    drafts). The numbers may be numpy arrays that broadcast with each other.
    """

    count: Number
    new: Number
    context: Number
    outputs: Number = 1


@dataclass(frozen=True)
class Load:
    """A step as a sum over requests, so that any mixture of prefill and decode costs a sum."""

    requests: tuple[Requests, ...]

    def total(self, value: Callable[[Requests], Number]) -> Number:
        """Sum of a value of each request over all requests."""
        return sum(group.count * value(group) for group in self.requests)

    @property
    def tokens(self) -> Number:
        """New tokens of the step."""
        return self.total(lambda group: group.new)

    @property
    def outputs(self) -> Number:
        """Rows of the output head."""
        return self.total(lambda group: group.outputs)

    @property
    def sequences(self) -> Number:
        """Requests in the step."""
        return sum(group.count for group in self.requests)


def decode_load(batch: int, context: int) -> Load:
    """One new token for each of `batch` requests that hold `context` tokens."""
    return Load((Requests(whole("batch", batch, 1, None), 1, whole("context", context, 0, None)),))


def prefill_load(prompt: int, batch: int) -> Load:
    """`batch` prompts of `prompt` tokens, nothing cached."""
    return Load((Requests(whole("batch", batch, 1, None), whole("prompt", prompt, 1, None), 0),))


def mixed_load(requests: Sequence[Sequence[int]]) -> Load:
    """Requests as (new tokens, context before) or (new tokens, context before, outputs)."""
    groups = []
    for index, request in enumerate(requests):
        if not 2 <= len(request) <= 3:
            raise LessonlibError(f"request {index}: expected (new tokens, context before), not {tuple(request)!r}")
        new = whole(f"request {index}: new tokens", request[0], 1, None)
        context = whole(f"request {index}: context before", request[1], 0, None)
        outputs = whole(f"request {index}: outputs", request[2], 0, None) if len(request) == 3 else 1
        groups.append(Requests(1, new, context, outputs))
    if not groups:
        raise LessonlibError("a mixed batch needs at least one request: (new tokens, context before)")
    return Load(tuple(groups))


def phase_of(load: Load) -> str:
    """The name of a step: "decode" where each request brings one token, "prefill" where none does, else "mixed"."""
    single = [math.isclose(group.new, 1) for group in load.requests]
    if all(single):
        return "decode"
    return "mixed" if any(single) else "prefill"
