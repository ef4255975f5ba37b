"""Further kinds of softmax attention: odd shapes, shared or sparse caches, compressed pasts."""

from __future__ import annotations

from dataclasses import dataclass

from lessonlib.roofline.arrays import Number, kv_reach, least, pairs
from lessonlib.roofline.blocks import Attention, LatentAttention, Matrix


def positions_read(mixer: object, context: Number) -> Number:
    """Cached positions of one request that the next token reads, in whole entries of the mixer's cache."""
    own = getattr(mixer, "positions_read", None)
    return own(context) if own else kv_reach(context, getattr(mixer, "window", None))


@dataclass(frozen=True)
class VariedAttention(Attention):
    """Attention whose values are as wide as `value_dim` (0: as the keys), with further parts.

    gate_width: outputs of a gate of its own projection. extra_vectors: norms over all heads and other small parameters.
    keys_are_values: no projection for the values. shared_cache: no keys and values of its own, another layer's are used.
    """

    value_dim: int = 0
    gate_width: int = 0
    extra_vectors: int = 0
    keys_are_values: bool = False
    shared_cache: bool = False

    @property
    def _value(self) -> int:
        return self.value_dim or self.head_dim

    def matrices(self, hidden: int) -> tuple[Matrix, ...]:
        """Fused query, key, value and gate projection; the output projection."""
        inward = self.heads * self.head_dim * (2 if self.gated else 1) + self.gate_width
        if not self.shared_cache:
            inward += self.kv_heads * (self.head_dim + (0 if self.keys_are_values else self._value))
        return self.kept(
            Matrix("attention: q, k, v", "attention", hidden, inward),
            Matrix("attention: output", "attention", self.heads * self._value, hidden),
        )

    def vectors(self, hidden: int) -> int:
        """Parameters outside the matrices."""
        return super().vectors(hidden) + self.extra_vectors

    @property
    def kv_values(self) -> int:
        """Values cached for one token in one layer (0 where another layer keeps them)."""
        return 0 if self.shared_cache else self.kv_heads * (self.head_dim + self._value)

    def flops(self, new: Number, context: Number) -> Number:
        """Scores and weighted sum for each (query, key) pair."""
        return 2.0 * self.heads * (self.head_dim + self._value) * pairs(new, context, self.window)


@dataclass(frozen=True)
class SparseLatentAttention(LatentAttention):
    """Latent attention over the `top_k` best positions, which a small indexer finds among all (DeepSeek-V3.2, 2025).

    The indexer scores every position with index_heads heads of index_dim and caches one key of that width. own_index:
    False where the layer takes the choice of an earlier one.
    """

    index_heads: int = 0
    index_dim: int = 0
    top_k: int = 0
    own_index: bool = True

    def matrices(self, hidden: int) -> tuple[Matrix, ...]:
        """Those of latent attention; query, key and head weights of the indexer."""
        usual = super().matrices(hidden)
        if not self.own_index:
            return usual
        rank = self.q_rank or hidden
        return usual + self.kept(
            Matrix("indexer: q", "attention", rank, self.index_heads * self.index_dim),
            Matrix("indexer: k", "attention", hidden, self.index_dim),
            Matrix("indexer: weights", "attention", hidden, self.index_heads, quantised=False),
        )

    def vectors(self, hidden: int) -> int:
        """Norms of the compressed vectors and of the indexer's keys."""
        return super().vectors(hidden) + (2 * self.index_dim if self.own_index else 0)

    @property
    def _index_values(self) -> int:
        return self.index_dim if self.own_index else 0

    @property
    def kv_values(self) -> int:
        """Cached for one token in one layer: latent, rotary key, key of the indexer."""
        return super().kv_values + self._index_values

    def positions_read(self, context: Number) -> Number:
        """The indexer reads its keys of all positions, attention the latents of the best ones."""
        whole = self._index_values * context + super().kv_values * least(context, self.top_k)
        return whole / self.kv_values

    def flops(self, new: Number, context: Number) -> Number:
        """The indexer's scores for all pairs; attention, in its cheaper order, for the pairs that it chose."""
        index = 2.0 * self.index_heads * self.index_dim * pairs(new, context, None) if self.own_index else 0.0
        chosen = pairs(new, context, self.top_k)
        absorbed = 2.0 * self.heads * (2 * self.kv_rank + self.rope_dim) * chosen
        expanded = 2.0 * self.heads * (self.nope_dim + self.rope_dim + self.value_dim) * chosen
        again = 2.0 * self.kv_rank * self.heads * (self.nope_dim + self.value_dim) * context
        return index + least(absorbed, expanded + again)


@dataclass(frozen=True)
class IndexedAttention(Attention):
    """Grouped-query attention over the best blocks of positions, which a small indexer finds (MiniMax-M3, 2026).

    index_heads, index_dim: of the indexer, which caches one key a position. chosen: positions in the blocks that it picks.
    """

    index_heads: int = 0
    index_dim: int = 0
    chosen: int = 0

    def matrices(self, hidden: int) -> tuple[Matrix, ...]:
        """Those of attention; query and key of the indexer."""
        return super().matrices(hidden) + self.kept(
            Matrix("indexer: q", "attention", hidden, self.index_heads * self.index_dim),
            Matrix("indexer: k", "attention", hidden, self.index_dim),
        )

    def vectors(self, hidden: int) -> int:
        """Norms of both kinds of queries and keys."""
        return super().vectors(hidden) + 2 * self.index_dim

    @property
    def kv_values(self) -> int:
        """Cached for one token in one layer: keys, values, key of the indexer."""
        return super().kv_values + self.index_dim

    def positions_read(self, context: Number) -> Number:
        """The indexer reads its keys of all positions, attention those of the blocks that it picked."""
        return (self.index_dim * context + super().kv_values * least(context, self.chosen)) / self.kv_values

    def flops(self, new: Number, context: Number) -> Number:
        """The indexer's scores for all pairs, attention for those in the picked blocks."""
        index = 2.0 * self.index_heads * self.index_dim * pairs(new, context, None)
        return index + 4.0 * self.heads * self.head_dim * pairs(new, context, self.chosen)


@dataclass(frozen=True)
class SharedKeyAttention(Attention):
    """All heads attend to one vector a position, key and value at once; queries and output in low rank (DeepSeek-V4, 2026).

    out_groups, out_rank: the output is projected group by group to out_rank numbers each, and these to the hidden width.
    extra_vectors: norms and other small parameters.
    """

    q_rank: int = 0
    out_groups: int = 1
    out_rank: int = 0
    extra_vectors: int = 0

    def matrices(self, hidden: int) -> tuple[Matrix, ...]:
        """Queries down and up, the shared key, the output in two steps."""
        width = self.heads * self.head_dim
        return self.kept(
            Matrix("attention: q down", "attention", hidden, self.q_rank),
            Matrix("attention: q up", "attention", self.q_rank, width),
            Matrix("attention: kv down", "attention", hidden, self.head_dim),
            Matrix("attention: output down", "attention", width // self.out_groups, self.out_groups * self.out_rank),
            Matrix("attention: output", "attention", self.out_groups * self.out_rank, hidden),
        )

    def vectors(self, hidden: int) -> int:
        """Norms of query and key, sinks, and what is stated."""
        return self.q_rank + self.head_dim + self.heads + self.extra_vectors

    @property
    def kv_values(self) -> int:
        """One shared vector a position."""
        return self.head_dim

    def kv_copies(self, tp: int) -> float:
        """Every GPU keeps the whole vector."""
        return float(tp)


@dataclass(frozen=True)
class CompressedPast(Attention):
    """The far past of DeepSeek-V4: one shared vector for `ratio` positions; with an indexer, only the best `top_k` are read.

    overlap: 2 where neighbouring windows overlap and each has two projections, else 1.
    """

    ratio: int = 1
    overlap: int = 1
    q_rank: int = 0
    index_heads: int = 0
    index_dim: int = 0
    top_k: int = 0

    def matrices(self, hidden: int) -> tuple[Matrix, ...]:
        """Vector and gate of the compressor, and of the indexer with its queries and head weights."""
        width = self.overlap * self.head_dim
        made = self.kept(Matrix("compressor: kv, gate", "attention", hidden, 2 * width))
        if not self.index_heads:
            return made
        return made + self.kept(
            Matrix("indexer: k", "attention", hidden, 2 * self.overlap * self.index_dim),
            Matrix("indexer: q", "attention", self.q_rank, self.index_heads * self.index_dim),
            Matrix("indexer: weights", "attention", hidden, self.index_heads, quantised=False),
        )

    def vectors(self, hidden: int) -> int:
        """Position biases and norms of compressor and indexer."""
        index = self.ratio * self.overlap * self.index_dim + self.index_dim if self.index_heads else 0
        return self.ratio * self.overlap * self.head_dim + self.head_dim + index

    @property
    def _index_values(self) -> float:
        return self.index_dim / self.ratio if self.index_heads else 0.0

    @property
    def kv_values(self) -> float:  # type: ignore[override]
        """Values cached for one token, on average."""
        return self.head_dim / self.ratio + self._index_values

    def kv_copies(self, tp: int) -> float:
        """Every GPU keeps the whole vector."""
        return float(tp)

    def positions_read(self, context: Number) -> Number:
        """All compressed vectors, or the indexer's keys and the best vectors."""
        if not self.index_heads:
            return context
        best = self.head_dim * least(context / self.ratio, self.top_k)
        return (self._index_values * context + best) / self.kv_values

    def flops(self, new: Number, context: Number) -> Number:
        """Scores and sums over the compressed vectors that are read, and the indexer's scores over all of them."""
        reach = None if not self.index_heads else self.top_k * self.ratio
        work = 4.0 * self.heads * self.head_dim * pairs(new, context, reach) / self.ratio
        return work + 2.0 * self.index_heads * self.index_dim * pairs(new, context, None) / self.ratio
