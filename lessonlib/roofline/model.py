"""A language model as what it costs: layers of blocks, an embedding and an output head."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from lessonlib.roofline.blocks import Attention, DeltaNet, Experts, LatentAttention, Matrix, Mlp

Mixer = Attention | LatentAttention | DeltaNet
FeedForward = Mlp | Experts


@dataclass(frozen=True)
class Layers:
    """`count` equal decoder layers. norm_parameters: of the norms around the two blocks."""

    count: int
    mixer: Mixer
    feed_forward: FeedForward
    norm_parameters: int

    def matrices(self, hidden: int) -> tuple[Matrix, ...]:
        """Matrices of one layer, in the order of use."""
        return self.mixer.matrices(hidden) + self.feed_forward.matrices(hidden)

    def vectors(self, hidden: int) -> int:
        """Parameters of one layer outside its matrices."""
        return self.mixer.vectors(hidden) + self.feed_forward.vectors(hidden) + self.norm_parameters


@dataclass(frozen=True)
class Model:
    """A decoder-only language model (the text part, where there are others).

    tied: the output head is the input embedding. extra_parameters: vectors outside the layers, such
    as the last norm. sixteen_bit_parts: parts that this model's quantised checkpoint leaves in 16 bits.
    source: where the configuration was read.
    """

    name: str
    title: str
    family: str
    hidden: int
    vocabulary: int
    tied: bool
    layers: tuple[Layers, ...]
    extra_parameters: int
    max_context: int | None
    sixteen_bit_parts: frozenset[str]
    source: str

    @property
    def embedding_parameters(self) -> int:
        """The input embedding: a lookup, of which a token reads one row."""
        return self.vocabulary * self.hidden

    @property
    def head(self) -> Matrix:
        """The output head: hidden x vocabulary."""
        return Matrix("output head", "head", self.hidden, self.vocabulary)

    @property
    def layer_count(self) -> int:
        """Decoder layers."""
        return sum(group.count for group in self.layers)

    @cached_property
    def parameters(self) -> int:
        """All parameters of the text model."""
        heads = self.embedding_parameters * (1 if self.tied else 2)
        inner = sum(
            group.count
            * (sum(matrix.parameters for matrix in group.matrices(self.hidden)) + group.vectors(self.hidden))
            for group in self.layers
        )
        return heads + inner + self.extra_parameters

    @cached_property
    def parameters_read(self) -> int:
        """Parameters read to decode one token of one request: all but the embedding lookup and,
        in a mixture of experts, the experts that the token does not use.
        """
        inner = sum(
            group.count
            * (sum(matrix.size * matrix.active for matrix in group.matrices(self.hidden)) + group.vectors(self.hidden))
            for group in self.layers
        )
        return self.embedding_parameters + inner + self.extra_parameters

    @property
    def kv_layers(self) -> int:
        """Layers that keep a KV cache."""
        return sum(group.count for group in self.layers if group.mixer.kv_values)

    @property
    def query_heads(self) -> int:
        """Query heads of the softmax attention (of the widest layer, should they differ)."""
        heads = [getattr(group.mixer, "heads", 0) for group in self.layers]
        return max(heads) or max(getattr(group.mixer, "value_heads", 0) for group in self.layers)

    @property
    def kv_heads(self) -> int:
        """Key and value heads of the softmax attention (1 for a shared latent)."""
        heads = [getattr(group.mixer, "kv_heads", 1) for group in self.layers if group.mixer.kv_values]
        return max(heads, default=1)

    @property
    def divided_heads(self) -> tuple[int, ...]:
        """Numbers of heads that tensor parallelism must divide, each once."""
        counts = [getattr(group.mixer, key, 0) for group in self.layers for key in ("heads", "value_heads")]
        return tuple(dict.fromkeys(filter(None, counts)))

    @property
    def expert_counts(self) -> tuple[int, ...]:
        """Numbers of routed experts in a layer, each once."""
        feeds = [group.feed_forward for group in self.layers]
        return tuple(dict.fromkeys(feed.count for feed in feeds if isinstance(feed, Experts)))

    @property
    def is_mixture(self) -> bool:
        """Whether any layer routes tokens to experts."""
        return any(isinstance(group.feed_forward, Experts) for group in self.layers)
