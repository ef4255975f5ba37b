"""A language model as what it costs: layers of blocks, an embedding and an output head."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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
class Checkpoint:
    """What a model's own files say about the precision of its weights.

    formats: part ("attention", "mlp", "experts", "router", "head", "embedding") -> weight format; every part that the
    model has is there. kept: parts of the layers that it leaves in 16 bits (a router, which no format ever narrows, only
    where it is named). kv: format of the KV cache, None where nothing is said. about: one line that says what was taken
    and from where. problem: why the weights' format cannot be told, "" where it can.
    """

    formats: Mapping[str, str]
    kv: str | None
    about: str
    problem: str = ""
    kept: frozenset[str] = frozenset()

    def __hash__(self) -> int:
        return hash((tuple(self.formats.items()), self.kv))


@dataclass(frozen=True)
class Model:
    """A decoder-only language model (the text part, where there are others).

    tied: the output head is the input embedding. extra_parameters: vectors outside the layers, such
    as the last norm. sixteen_bit_parts: parts that this model's quantised checkpoint leaves in 16 bits.
    source: where the configuration was read. lookup_parameters: in further tables of which a token reads a few rows.
    checkpoint: what its files say about its precision, None for one in 16 bits. filled: keys that were left out of the
    configuration and taken from the family's own class, with the values.
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
    lookup_parameters: int = 0
    checkpoint: Checkpoint | None = None
    filled: Mapping[str, object] = field(default_factory=dict, compare=False)

    @property
    def embedding_parameters(self) -> int:
        """The input embedding and other tables: lookups, of which a token reads one row each."""
        return self.vocabulary * self.hidden + self.lookup_parameters

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
        heads = self.embedding_parameters + (0 if self.tied else self.head.size)
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
        return self.head.size + inner + self.extra_parameters

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
