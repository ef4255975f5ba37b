"""Six operations of a lab under its roof: three of a step that writes, three of one that reads. All computed, for one GPU.

Bytes are those of weights and caches, and what each operation takes in and hands on: where thousands of tokens share a
weight or a key, that is most of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lessonlib.base.quantity import Quantity
from lessonlib.course.shared import intensity
from lessonlib.course.shared.intensity import per_byte
from lessonlib.roofline import Estimate, Lab, Operation, prefill

#: requests of the step that writes, prompts of the one that reads
BATCH, PROMPTS = 16, 2


@dataclass(frozen=True)
class Placed:
    """One operation: FLOPs for each byte, FLOP/s that one GPU can reach at most, and what it waits for."""

    letter: str
    phase: str
    intensity: float
    flops_per_s: float
    bound: str


def six(lab: Lab) -> tuple[Placed, ...]:
    """A to C of a decode step, D to F of a prefill: feed-forward (or experts), attention over the caches, output head."""
    phases = {"decode": intensity.step(lab, BATCH), "prefill": prefill(lab.system, lab.prompt, PROMPTS)}
    found = [(phase, parts) for phase, step in phases.items() for parts in _kinds(step)]
    return tuple(_placed(lab, letter, phase, parts) for letter, (phase, parts) in zip("ABCDEF", found, strict=True))


def _kinds(step: Estimate) -> Iterable[list[Operation]]:
    operations = step.operations
    experts = [part for part in operations if part.name in ("experts: gate, up", "experts: down")]
    yield experts or [part for part in operations if part.name.startswith("MLP")]
    yield [part for part in operations if part.kind == "attention"]
    yield [part for part in operations if part.name == "output head"]


def _placed(lab: Lab, letter: str, phase: str, parts: list[Operation]) -> Placed:
    flops, moved = sum(part.flops for part in parts), sum(part.bytes + part.activation_bytes for part in parts)
    compute_s, memory_s = (
        sum(part.compute_s for part in parts),
        sum(part.memory_s + part.spread_s + part.activation_s for part in parts),
    )
    reached = flops / max(compute_s, memory_s) / lab.system.gpus
    return Placed(letter, phase, flops / moved, reached, "compute" if compute_s > memory_s else "memory")


def _of(lab: Lab, letter: str) -> Quantity:
    value = next(part.intensity for part in six(lab) if part.letter == letter)
    return per_byte(value, digits=2 if value < 100 else 3)


def six_batch(lab: Lab) -> int:
    return BATCH


def six_tokens(lab: Lab) -> Quantity:
    """Tokens of the two prompts together."""
    return Quantity(PROMPTS * lab.prompt, "tokens", digits=6)


def feed_writing(lab: Lab) -> Quantity:
    """A: the feed-forward's matrices in the step that writes."""
    return _of(lab, "A")


def attention_writing(lab: Lab) -> Quantity:
    """B: attention over the caches."""
    return _of(lab, "B")


def head_writing(lab: Lab) -> Quantity:
    """C: the output head, for a token of each request."""
    return _of(lab, "C")


def feed_reading(lab: Lab) -> Quantity:
    """D: the feed-forward's matrices, with all tokens of the prompts."""
    return _of(lab, "D")


def feed_reading_by_weights(lab: Lab) -> Quantity:
    """D by its weights alone, by the rule of lesson 2: two FLOPs for each token that comes, over the bytes of a weight."""
    parts = next(iter(_kinds(prefill(lab.system, lab.prompt, PROMPTS))))
    return per_byte(sum(part.flops for part in parts) / sum(part.bytes for part in parts))


def attention_reading(lab: Lab) -> Quantity:
    """E: attention inside the prompts."""
    return _of(lab, "E")


def head_reading(lab: Lab) -> Quantity:
    """F: the output head, for the last token of each prompt only."""
    return _of(lab, "F")
