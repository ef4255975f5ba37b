"""Building blocks of a transformer layer: their matrices, their memory of the past, their arithmetic.

Shapes follow the published configurations. A matrix of `inputs` x `outputs` costs 2 FLOPs for each
of its elements and each token (one multiplication, one addition).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from lessonlib.roofline.arrays import Number, least, pairs
from lessonlib.roofline.expert_routing import distinct

FP32_BYTES = 4.0
BF16_BYTES = 2.0


@dataclass(frozen=True)
class Matrix:
    """One weight matrix, or `copies` equal ones of which each token uses `active` (experts).

    part: "attention", "mlp", "experts", "router" or "head"; a precision may leave out some parts.
    quantised: whether a quantised checkpoint stores it in few bits.
    """

    name: str
    part: str
    inputs: int
    outputs: int
    copies: int = 1
    active: int = 1
    quantised: bool = True

    @property
    def size(self) -> int:
        """Weights in one copy."""
        return self.inputs * self.outputs

    @property
    def parameters(self) -> int:
        """Weights in all copies."""
        return self.size * self.copies

    def copies_read(self, tokens: Number, popularity: float | None = None) -> Number:
        """Expected distinct copies that `tokens` tokens touch, tokens routed independently.

        E(1 - (1 - k/E)^B): k of E copies for one token, all E in the limit. popularity: Zipf's exponent of how often
        each is taken; fewer are met then (expert_routing).
        """
        if self.copies == self.active:
            return self.copies
        if popularity:
            return distinct(self.copies, self.active, popularity, tokens)
        return self.copies * (1.0 - (1.0 - self.active / self.copies) ** tokens)


class Block:
    """What a layer is made of. wide: names of its matrices that a quantised checkpoint keeps in 16 bits all the same."""

    wide: tuple[str, ...]

    def kept(self, *matrices: Matrix) -> tuple[Matrix, ...]:
        """The matrices, those named in `wide` marked as kept in 16 bits."""
        return tuple(replace(item, quantised=False) if item.name in self.wide else item for item in matrices)


@dataclass(frozen=True)
class Attention(Block):
    """Softmax attention with `heads` query heads that share `kv_heads` key and value heads.

    window: positions a token sees, itself included (None: all). gated: an output gate doubles the
    query projection. biases: extra vectors. norms: query and key norm. sinks: one logit a head.
    """

    heads: int
    kv_heads: int
    head_dim: int
    window: int | None = None
    gated: bool = False
    qkv_bias: bool = False
    out_bias: bool = False
    norms: bool = False
    sinks: bool = False
    wide: tuple[str, ...] = ()

    kind = "attention"

    def matrices(self, hidden: int) -> tuple[Matrix, ...]:
        """Fused query, key, value projection and the output projection."""
        query = self.heads * self.head_dim
        inward = query * (2 if self.gated else 1) + 2 * self.kv_heads * self.head_dim
        return self.kept(
            Matrix("attention: q, k, v", "attention", hidden, inward),
            Matrix("attention: output", "attention", query, hidden),
        )

    def vectors(self, hidden: int) -> int:
        """Parameters outside the matrices."""
        count = 2 * self.head_dim if self.norms else 0
        count += (self.heads + 2 * self.kv_heads) * self.head_dim if self.qkv_bias else 0
        count += hidden if self.out_bias else 0
        return count + (self.heads if self.sinks else 0)

    @property
    def kv_values(self) -> int:
        """Values cached for one token in one layer: keys and values."""
        return 2 * self.kv_heads * self.head_dim

    @property
    def kv_vector(self) -> int:
        """Length of one cached vector, which may carry a scale of its own."""
        return self.head_dim

    def flops(self, new: Number, context: Number) -> Number:
        """Scores and weighted sum: 4 x heads x head_dim FLOPs for each (query, key) pair."""
        return 4.0 * self.heads * self.head_dim * pairs(new, context, self.window)

    def kv_copies(self, tp: int) -> float:
        """How often each cached value is stored over `tp` GPUs."""
        return max(1.0, tp / self.kv_heads)


@dataclass(frozen=True)
class LatentAttention(Block):
    """Multi-head latent attention: one compressed vector a token (DeepSeek-V2, section 2.1).

    Keys and values of all heads are rebuilt from `kv_rank` numbers; `rope_dim` more carry position.
    """

    heads: int
    q_rank: int | None
    kv_rank: int
    nope_dim: int
    rope_dim: int
    value_dim: int
    wide: tuple[str, ...] = ()

    kind = "attention"
    window = None

    def matrices(self, hidden: int) -> tuple[Matrix, ...]:
        """Down and up projections of the queries and of the latent, and the output."""
        query = self.heads * (self.nope_dim + self.rope_dim)
        latent = self.kv_rank + self.rope_dim
        up = Matrix("attention: q up", "attention", self.q_rank or hidden, query)
        down = (Matrix("attention: q down", "attention", hidden, self.q_rank),) if self.q_rank else ()
        return self.kept(
            *down,
            up,
            Matrix("attention: kv down", "attention", hidden, latent),
            Matrix(
                "attention: kv up",
                "attention",
                self.kv_rank,
                self.heads * (self.nope_dim + self.value_dim),
            ),
            Matrix("attention: output", "attention", self.heads * self.value_dim, hidden),
        )

    def vectors(self, hidden: int) -> int:
        """Norms of the two compressed vectors."""
        return (self.q_rank or 0) + self.kv_rank

    @property
    def kv_values(self) -> int:
        """Cached for one token in one layer: the latent and the rotary key, shared by all heads."""
        return self.kv_rank + self.rope_dim

    @property
    def kv_vector(self) -> int:
        """Length of the cached vector."""
        return self.kv_rank + self.rope_dim

    def flops(self, new: Number, context: Number) -> Number:
        """Attention proper for one request, in the cheaper of two orders of multiplication.

        Absorbed: queries move into the latent space, so each pair costs kv_rank + rope_dim for the
        score and kv_rank for the sum. Expanded: each pair costs the heads' own widths, and the latent
        of every earlier token is expanded again. Absorbed wins for one token, expanded for a prompt.
        """
        seen = pairs(new, context, None)
        absorbed = 2.0 * self.heads * (2 * self.kv_rank + self.rope_dim) * seen
        expanded = 2.0 * self.heads * (self.nope_dim + self.rope_dim + self.value_dim) * seen
        again = 2.0 * self.kv_rank * self.heads * (self.nope_dim + self.value_dim) * context
        return least(absorbed, expanded + again)

    def kv_copies(self, tp: int) -> float:
        """Every GPU keeps the whole latent: it has no heads to divide."""
        return float(tp)


@dataclass(frozen=True)
class DeltaNet(Block):
    """Gated DeltaNet: linear attention with a state of fixed size (Yang, Kautz, Hatamizadeh 2024).

    Each value head keeps a key_dim x value_dim matrix in fp32 and a short convolution keeps the last
    `kernel` - 1 inputs in bf16. Both are read and written at every decode step.
    """

    key_heads: int
    key_dim: int
    value_heads: int
    value_dim: int
    kernel: int
    wide: tuple[str, ...] = ()

    kind = "linear attention"
    state_name = "DeltaNet state"
    window = None
    kv_values = 0
    kv_vector = 1

    @property
    def channels(self) -> int:
        """Inputs of the convolution: queries, keys and values."""
        return 2 * self.key_heads * self.key_dim + self.value_heads * self.value_dim

    def matrices(self, hidden: int) -> tuple[Matrix, ...]:
        """q, k, v and output gate; the two scalars a head (kept in 16 bits); the output."""
        value = self.value_heads * self.value_dim
        return self.kept(
            Matrix("DeltaNet: q, k, v, gate", "attention", hidden, self.channels + value),
            Matrix("DeltaNet: a, b", "attention", hidden, 2 * self.value_heads, quantised=False),
            Matrix("DeltaNet: output", "attention", value, hidden),
        )

    def vectors(self, hidden: int) -> int:
        """Convolution taps, decay and step bias a head, output norm."""
        return self.channels * self.kernel + 2 * self.value_heads + self.value_dim

    @property
    def recurrent_bytes(self) -> float:
        """State matrices of one sequence in one layer, bytes (fp32)."""
        return self.value_heads * self.key_dim * self.value_dim * FP32_BYTES

    @property
    def convolution_bytes(self) -> float:
        """Convolution inputs kept of one sequence in one layer, bytes (bf16)."""
        return self.channels * (self.kernel - 1) * BF16_BYTES

    def flops(self, new: Number, context: Number) -> Number:
        """Decay, read, write and query of the state for each new token: 7 FLOPs an element."""
        state = self.value_heads * self.key_dim * self.value_dim
        return new * (7.0 * state + 2.0 * self.channels * self.kernel)

    def kv_copies(self, tp: int) -> float:
        """The state is divided by value heads."""
        return 1.0


@dataclass(frozen=True)
class Mlp(Block):
    """A feed-forward network: SwiGLU or GeGLU (three matrices) or the plain one (two)."""

    width: int
    gated: bool = True
    bias: bool = False
    wide: tuple[str, ...] = ()

    def matrices(self, hidden: int) -> tuple[Matrix, ...]:
        """Inward and outward projection."""
        inward = self.width * (2 if self.gated else 1)
        label = "MLP: gate, up" if self.gated else "MLP: up"
        return self.kept(
            Matrix(label, "mlp", hidden, inward),
            Matrix("MLP: down", "mlp", self.width, hidden),
        )

    def vectors(self, hidden: int) -> int:
        """Biases."""
        return (self.width * (2 if self.gated else 1) + hidden) if self.bias else 0


@dataclass(frozen=True)
class Experts(Block):
    """A mixture of `count` experts of which each token uses `active`, beside a shared one.

    shared_width: width of the experts that every token uses (0: none). shared_gate: a learned scalar
    for them. router_bias: one number an expert. bias: each expert's projections have biases.
    """

    count: int
    active: int
    width: int
    shared_width: int = 0
    shared_gate: bool = False
    router_bias: bool = False
    bias: bool = False
    wide: tuple[str, ...] = ()

    def matrices(self, hidden: int) -> tuple[Matrix, ...]:
        """Router, routed experts, shared experts."""
        inner = Matrix("experts: biases", "experts", 1, 2 * self.width + hidden, self.count, self.active, False)
        every = (
            *((inner,) if self.bias else ()),
            Matrix("router", "router", hidden, self.count, quantised=False),
            Matrix("experts: gate, up", "experts", hidden, 2 * self.width, self.count, self.active),
            Matrix("experts: down", "experts", self.width, hidden, self.count, self.active),
        )
        if not self.shared_width:
            return self.kept(*every)
        return self.kept(
            *every,
            Matrix("shared expert: gate, up", "mlp", hidden, 2 * self.shared_width),
            Matrix("shared expert: down", "mlp", self.shared_width, hidden),
        )

    def vectors(self, hidden: int) -> int:
        """Vectors that every token reads."""
        return (hidden if self.shared_gate else 0) + (self.count if self.router_bias else 0)
