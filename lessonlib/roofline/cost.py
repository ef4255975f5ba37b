"""Estimates: the ceiling that no measurement may exceed, and the time to expect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lessonlib.roofline.arrays import largest, total
from lessonlib.roofline.expectation import expected_seconds
from lessonlib.roofline.load import Load, decode_load, mixed_load, phase_of, prefill_load
from lessonlib.roofline.operations import Operation, operations
from lessonlib.roofline.system import System


@dataclass(frozen=True)
class Estimate:
    """The cost of one step (or of one prefill), over all GPUs together: FLOPs, bytes, FLOP/byte, seconds, tokens/s.

    flops, bytes: of the compulsory work (experts as tokens that are routed independently touch them). ceiling_s = max(compute_s, memory_s): the least time that
    the datasheet peaks allow, without any fitted constant, activations and communication left out; in a mixture all
    requests may route alike, so its memory_s counts the experts of one token. bound: by the bytes expected.
    per_operation_s: the rooflines of the operations one after the other, none overlapping another.
    expected_s: what a good engine is likely to need (see expectation.py). tokens: new tokens.
    """

    phase: str
    tokens: float
    flops: float
    bytes: float
    intensity: float
    bound: str
    compute_s: float
    memory_s: float
    per_operation_s: float
    ceiling_s: float
    ceiling_tokens_per_s: float
    expected_s: float
    expected_tokens_per_s: float
    operations: tuple[Operation, ...]

    @property
    def fetch_s(self) -> float:
        """Seconds of the bytes at full bandwidth where requests route independently: memory_s, and in a mixture the experts
        that further requests bring in.
        """
        return self.memory_s + sum(part.spread_s for part in self.operations)

    @property
    def roof_s(self) -> float:
        """The least time at the datasheet's peaks where requests route independently: the ceiling of a dense model, and for a
        mixture what a batch of unrelated requests cannot beat.
        """
        return max(self.compute_s, self.fetch_s)

    @property
    def roof_tokens_per_s(self) -> float:
        """Tokens/s of all requests together at roof_s."""
        return self.tokens / self.roof_s


@dataclass(frozen=True)
class Totals:
    """Sums over the operations of a step; numbers, or arrays where the load has arrays."""

    flops: float
    bytes: float
    compute_s: float
    memory_s: float
    spread_s: float
    ceiling_s: float
    expected_s: float


def totals(system: System, load: Load, parts: Sequence[Operation]) -> Totals:
    """FLOPs, bytes and seconds of one step that consists of `parts`."""
    compute_s = total(part.compute_s for part in parts)
    memory_s = total(part.memory_s for part in parts)
    return Totals(
        flops=total(part.flops for part in parts),
        bytes=total(part.bytes for part in parts),
        compute_s=compute_s,
        memory_s=memory_s,
        spread_s=total(part.spread_s for part in parts),
        ceiling_s=largest(compute_s, memory_s),
        expected_s=expected_seconds(system, load, parts),
    )


def estimate(system: System, load: Load, phase: str | None = None) -> Estimate:
    """The estimate of one step with any load."""
    parts = tuple(operations(system, load))
    sums = totals(system, load, parts)
    tokens = load.tokens
    return Estimate(
        phase=phase or phase_of(load),
        tokens=tokens,
        flops=sums.flops,
        bytes=sums.bytes,
        intensity=sums.flops / sums.bytes,
        bound="compute" if sums.compute_s > sums.memory_s + sums.spread_s else "memory",
        compute_s=sums.compute_s,
        memory_s=sums.memory_s,
        per_operation_s=sum(max(part.compute_s, part.memory_s) for part in parts),
        ceiling_s=sums.ceiling_s,
        ceiling_tokens_per_s=tokens / sums.ceiling_s,
        expected_s=sums.expected_s,
        expected_tokens_per_s=tokens / sums.expected_s,
        operations=parts,
    )


def decode(system: System, batch: int = 1, context: int = 2048) -> Estimate:
    """One decode step: one new token for each of `batch` requests of `context` tokens each.

    Raises LessonlibError for what is no whole number (batch from 1, context from 0).
    """
    return estimate(system, decode_load(batch, context), "decode")


def prefill(system: System, prompt: int = 2048, batch: int = 1) -> Estimate:
    """The prefill of `batch` prompts of `prompt` tokens; the head runs for each last token only.

    Raises LessonlibError for what is no whole number from 1 up.
    """
    return estimate(system, prefill_load(prompt, batch), "prefill")


def mixed(system: System, requests: Sequence[Sequence[int]]) -> Estimate:
    """One step over requests (new tokens, context before[, rows of the head]).

    A chunk of a prompt is (512, 1024), a prefix hit (prompt - cached, cached), a decoding request
    (1, context), a verification of four drafts (5, context, 5). Raises LessonlibError, which names the request.
    """
    return estimate(system, mixed_load(requests))


@dataclass(frozen=True)
class Napkin:
    """The back of a napkin: parameters alone, no attention, no cache. Seconds."""

    decode_s: float
    prefill_s: float


def napkin(system: System, prompt: int) -> Napkin:
    """Decode: all parameters over the bandwidth. Prefill: 2 FLOPs a parameter and token over the peak."""
    parameters = system.model.parameters
    held = parameters * system.weight_format.bits / 8.0
    return Napkin(held / system.bandwidth, 2.0 * parameters * prompt / system.flops)
