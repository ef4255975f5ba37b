"""What one step of a replica costs, in microseconds of Python instead of a walk over all operations.

The engine's cost of a mixed batch depends on few sums: new tokens, rows of the output head, sequences, and
for each kind of attention the (query, key) pairs and the cached positions that it reads. What depends on the
tokens or on the rows alone is tabulated once, by the engine itself; attention is linear in its sums. So
nothing is fitted, and a step costs what `lessonlib.roofline.mixed` says it costs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from lessonlib.base.errors import LessonlibError, listed
from lessonlib.roofline import Attention, DeltaNet, LatentAttention, Load, Requests, System, positions_read
from lessonlib.roofline.arrays import Number
from lessonlib.roofline.efficiency import load_efficiency
from lessonlib.roofline.expectation import communication_seconds, operation_seconds, step_seconds
from lessonlib.roofline.links import routing_seconds
from lessonlib.roofline.operations import Operation, operations

#: What a step costs: the least that the datasheet allows, or what a good engine is likely to need.
BASES = ("expected", "ceiling")
HEAD = "output head"
_FIRST_TABLE = 4096


@dataclass(frozen=True)
class AttentionCost:
    """One kind of softmax attention, all its layers: seconds for each FLOP, for each cached position
    read, for each new token, each divided by its utilisation (expected) or at the peak (ceiling).
    """

    mixer: Attention | LatentAttention
    window: int | None
    flop_s: float
    read_s: float
    token_s: float
    peak_flop_s: float
    peak_read_s: float
    peak_token_s: float


@dataclass(frozen=True)
class PromptChunk:
    """A share of a prompt in one step: `new` tokens after `context` earlier ones."""

    new: int
    context: int


def load_of_one(new: Number, context: Number = 0, outputs: Number = 1) -> Load:
    """The load of a single request; numbers, or arrays for many steps at once."""
    return Load((Requests(1, new, context, outputs),))


class StepCost:
    """Seconds of a step of `system` under one basis.

    slowdown: a factor on every step, for a replica that runs hot or shares its machine.
    Raises LessonlibError for an unknown basis, and for dp > 1 without ep (such copies are replicas of a fleet here).
    """

    def __init__(self, system: System, basis: str = "expected", slowdown: float = 1.0) -> None:
        if basis not in BASES:
            raise LessonlibError(f"cost: no such cost {basis!r}: it is {listed(BASES)}")
        if system.dp > 1 and system.ep == 1:
            raise LessonlibError(
                f"dp: {system.dp} copies of a model are {system.dp} replicas here: set dp = 1 and replicas = {system.dp}, or spread "
                f"the experts: ep = {system.tp * system.dp}"
            )
        self.system, self.basis, self.slowdown = system, basis, slowdown
        self._constants = load_efficiency()
        self._fixed_s = 0.0
        self.attention = tuple(self._attention())
        self._linear = self._linear_attention()
        self._rows: list[list[float]]
        self._heads: list[list[float]]
        self._fixed_s += routing_seconds(system, self._constants)
        self._graphs = system.launches == "graphs"
        if self._graphs:
            self._fixed_s += self._constants["step_s"]
        self._sequence_s = self._constants["sequence_s"]
        self._grow(_FIRST_TABLE)
        self.windows = tuple(group.window for group in self.attention)

    def _expected(
        self,
        part: Operation,
        compute_s: float = 0.0,
        memory_s: float = 0.0,
        activation_s: float = 0.0,
        layers: int = 0,
    ) -> float:
        """Expected seconds of an operation that has these seconds and layers and otherwise is as `part`."""
        share = replace(
            part, row_s=0.0, compute_s=compute_s, memory_s=memory_s, activation_s=activation_s, layers=layers
        )
        return float(operation_seconds(self.system, share, self._constants))

    def _attention(self) -> list[AttentionCost]:
        """Coefficients of each softmax attention, read off the engine's own operations."""
        system = self.system
        mixers = [
            mixer
            for mixer in dict.fromkeys(group.mixer for group in system.model.layers)
            if not isinstance(mixer, DeltaNet)
        ]
        parts = [part for part in operations(system, load_of_one(1, 1)) if part.kind == "attention"]
        found = []
        for mixer, part in zip(mixers, parts, strict=True):
            reads = part.kv_read_bytes / part.bytes * part.memory_s if part.bytes else 0.0  # no cache of its own
            writes = part.memory_s - reads
            flop_s = part.compute_s / mixer.flops(1, 1)
            self._fixed_s += self._expected(part, layers=part.layers)
            found.append(
                AttentionCost(
                    mixer,
                    mixer.window,
                    self._expected(part, compute_s=flop_s),
                    self._expected(part, memory_s=reads),
                    self._expected(part, memory_s=writes, activation_s=part.activation_s),
                    flop_s,
                    reads,
                    writes,
                )
            )
        return found

    def _linear_attention(self) -> tuple[float, float, float, float, float] | None:
        """Seconds a token (compute), a token (activations), a move of the state, and the peaks of first and last."""
        parts = [part for part in operations(self.system, load_of_one(1, 1)) if part.kind == "linear attention"]
        if not parts:
            return None
        part = parts[0]
        self._fixed_s += self._expected(part, layers=part.layers)
        # With one new token and some context the state is read and written: two moves.
        move_s = part.memory_s / 2.0
        return (
            self._expected(part, compute_s=part.compute_s),
            self._expected(part, activation_s=part.activation_s),
            self._expected(part, memory_s=move_s),
            part.compute_s,
            move_s,
        )

    def _grow(self, size: int) -> None:
        """Tables for up to `size` tokens and rows: expected seconds, compute and memory seconds at the peaks, and what
        experts of requests that route apart add to the memory.
        """
        tokens = np.arange(size + 1, dtype=float)
        rows = [
            part
            for part in operations(self.system, load_of_one(tokens))
            if part.kind in ("matmul", "vectors") and part.name != HEAD
        ]
        head = [part for part in operations(self.system, load_of_one(1, 0, tokens)) if part.name == HEAD]
        links = communication_seconds(self.system, load_of_one(tokens), self._constants)
        self._rows = [column.tolist() for column in self._columns(rows, tokens)]
        self._rows[0] = (np.asarray(self._rows[0]) + links).tolist()
        self._heads = [column.tolist() for column in self._columns(head, tokens)]
        self._size = size

    def _columns(self, parts: Sequence[Operation], tokens: np.ndarray) -> list[np.ndarray]:
        sums = (
            sum(operation_seconds(self.system, part, self._constants) for part in parts),
            sum(part.compute_s for part in parts),
            sum(part.memory_s for part in parts),
            sum(part.spread_s for part in parts),
        )
        return [np.broadcast_to(column, tokens.shape) for column in sums]

    def _look(self, table: list[float], at: float) -> float:
        """The table at a whole number of tokens, or between two (pipeline stages share a batch)."""
        below = int(at)
        if below == at:
            return table[below]
        return table[below] + (at - below) * (table[below + 1] - table[below])

    def chunk_sums(self, chunks: Sequence[PromptChunk]) -> tuple[list[float], list[float]]:
        """For each kind of attention: FLOPs of one layer, and cached positions read, of all chunks."""
        flops = [sum(group.mixer.flops(chunk.new, chunk.context) for chunk in chunks) for group in self.attention]
        reach = [float(sum(positions_read(group.mixer, chunk.context) for chunk in chunks)) for group in self.attention]
        return flops, reach

    def decode_flops(self, new: int) -> list[tuple[float, float]]:
        """For each kind of attention (a, b): one decoding request with `new` tokens costs a + b x (clipped) context."""
        found = []
        for group in self.attention:
            near, far = (1, 2) if group.window else (1000, 2000)
            first, second = group.mixer.flops(new, near), group.mixer.flops(new, far)
            slope = (second - first) / (far - near)
            found.append((first - slope * near, slope))
        return found

    def seconds(
        self, tokens: int, outputs: int, sequences: int, moves: int, flops: Sequence[float], reach: Sequence[float]
    ) -> tuple[float, bool]:
        """Seconds of a step, and whether it is bound by compute.

        tokens: new ones. outputs: rows of the head. moves: times that a sequence's recurrent state is read or
        written. flops, reach: for each kind of attention as in `chunk_sums`.
        """
        if max(tokens, outputs) >= self._size:
            self._grow(2 * max(tokens, outputs))
        # Stages, and copies whose experts are spread over all of them, each work on their share (roofline's micro_batch).
        ways = self.system.pp * self.system.dp
        if ways == 1:
            return self._pass(tokens, outputs, sequences, moves, flops, reach)
        share = -(-sequences // ways) / sequences
        scaled = ([item * share for item in sums] for sums in (flops, reach))
        return self._pass(tokens * share, outputs * share, sequences * share, moves * share, *scaled)

    def _pass(
        self,
        tokens: float,
        outputs: float,
        sequences: float,
        moves: float,
        flops: Sequence[float],
        reach: Sequence[float],
    ) -> tuple[float, bool]:
        look = self._look
        compute = look(self._rows[1], tokens) + look(self._heads[1], outputs)
        memory = look(self._rows[2], tokens) + look(self._heads[2], outputs)
        seconds = self._fixed_s + look(self._rows[0], tokens) + look(self._heads[0], outputs)
        for group, work, read in zip(self.attention, flops, reach, strict=True):
            busy, moved = work * group.flop_s, read * group.read_s + tokens * group.token_s
            seconds += max(moved, busy)
            compute += work * group.peak_flop_s
            memory += read * group.peak_read_s + tokens * group.peak_token_s
        if self._linear:
            per_token, spill, move, peak_token, peak_move = self._linear
            seconds += max(tokens * per_token, moves * move + tokens * spill)
            compute += tokens * peak_token
            memory += moves * peak_move
        if self.basis == "ceiling":
            seconds = max(memory, compute)
        elif self._graphs:
            seconds += sequences * self._sequence_s
        else:
            seconds = float(step_seconds(self.system, seconds, sequences, self._constants))
        return seconds * self.slowdown, compute > memory + look(self._rows[3], tokens)

    def mixed(self, requests: Sequence[tuple[int, int]]) -> float:
        """Seconds of a step over (new tokens, context before): the same question as `roofline.mixed`."""
        chunks = [PromptChunk(new, context) for new, context in requests]
        moves = sum(2 if chunk.context else 1 for chunk in chunks)
        flops, reach = self.chunk_sums(chunks)
        return self.seconds(sum(chunk.new for chunk in chunks), len(chunks), len(chunks), moves, flops, reach)[0]
