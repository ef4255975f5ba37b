"""Mixers with a state of fixed size: Mamba-2, Kimi's delta attention, lightning attention, short convolutions.

Each is a :class:`~lessonlib.roofline.blocks.DeltaNet` with shapes of its own: heads of `value_dim` numbers, each with a
state of key_dim x value_dim numbers in fp32, and the last inputs of a short convolution.
"""

from __future__ import annotations

from dataclasses import dataclass

from lessonlib.roofline.arrays import Number
from lessonlib.roofline.blocks import BF16_BYTES, DeltaNet, Matrix


@dataclass(frozen=True)
class Mamba2(DeltaNet):
    """Mamba-2 (Dao and Gu 2024): value_heads heads of value_dim numbers; key_heads groups share B and C of key_dim each.

    conv_bias, bias: of the convolution, of the two projections. norm: a gated norm before the output.
    """

    state_name = "Mamba state"

    conv_bias: bool = True
    bias: bool = False
    norm: bool = True

    def matrices(self, hidden: int) -> tuple[Matrix, ...]:
        """One inward projection for gate, x, B, C and the step of each head; the output."""
        inner = self.value_heads * self.value_dim
        return self.kept(
            Matrix("Mamba: in", "attention", hidden, inner + self.channels + self.value_heads),
            Matrix("Mamba: out", "attention", inner, hidden),
        )

    def vectors(self, hidden: int) -> int:
        """Convolution taps and biases; decay, step bias and skip of each head; the norm."""
        inner = self.value_heads * self.value_dim
        count = self.channels * (self.kernel + self.conv_bias) + 3 * self.value_heads + inner * self.norm
        return count + (inner + self.channels + self.value_heads + hidden if self.bias else 0)

    def flops(self, new: Number, context: Number) -> Number:
        """Decay, write and read of the state for each new token: 5 FLOPs an element."""
        state = self.value_heads * self.key_dim * self.value_dim
        return new * (5.0 * state + 2.0 * self.channels * self.kernel)


@dataclass(frozen=True)
class KimiDelta(DeltaNet):
    """Kimi delta attention (Kimi Linear 2025): a delta rule with a decay for each channel, made by low-rank projections."""

    state_name = "KDA state"

    def matrices(self, hidden: int) -> tuple[Matrix, ...]:
        """q, k, v; forget gate and output gate through one head's width; the strength of each write; the output."""
        inner, narrow = self.value_heads * self.value_dim, self.value_dim
        return self.kept(
            Matrix("KDA: q, k, v", "attention", hidden, self.channels),
            Matrix("KDA: gates down", "attention", hidden, 2 * narrow),
            Matrix("KDA: gates up", "attention", narrow, 2 * inner),
            Matrix("KDA: beta", "attention", hidden, self.value_heads, quantised=False),
            Matrix("KDA: output", "attention", inner, hidden),
        )

    def vectors(self, hidden: int) -> int:
        """Convolution taps, step bias a channel, decay a head, output norm."""
        return self.channels * self.kernel + self.value_heads * (self.value_dim + 1) + self.value_dim


@dataclass(frozen=True)
class LightningAttention(DeltaNet):
    """Lightning attention (MiniMax-01, 2025): linear attention with a fixed decay a head, no convolution (kernel 1)."""

    state_name = "lightning state"

    def matrices(self, hidden: int) -> tuple[Matrix, ...]:
        """q, k, v and output gate; the output."""
        inner = self.value_heads * self.value_dim
        return self.kept(
            Matrix("lightning: q, k, v, gate", "attention", hidden, 4 * inner),
            Matrix("lightning: output", "attention", inner, hidden),
        )

    def vectors(self, hidden: int) -> int:
        """The norm before the gate."""
        return self.value_heads * self.value_dim

    def flops(self, new: Number, context: Number) -> Number:
        """Decay, write and read of the state for each new token: 5 FLOPs an element."""
        return new * 5.0 * self.value_heads * self.key_dim * self.value_dim


@dataclass(frozen=True)
class ShortConvolution(DeltaNet):
    """A gated short convolution over `width` channels in place of attention (LFM2). It keeps its last inputs, nothing else."""

    state_name = "convolution inputs"

    width: int = 0
    bias: bool = False

    @property
    def channels(self) -> int:
        """Channels of the convolution."""
        return self.width

    def matrices(self, hidden: int) -> tuple[Matrix, ...]:
        """Two gates and the input; the output."""
        return self.kept(
            Matrix("convolution: in", "attention", hidden, 3 * self.width),
            Matrix("convolution: out", "attention", self.width, hidden),
        )

    def vectors(self, hidden: int) -> int:
        """Convolution taps and biases."""
        return self.width * self.kernel + (4 * self.width + hidden if self.bias else 0)

    def flops(self, new: Number, context: Number) -> Number:
        """The convolution and the two gates."""
        return new * (2.0 * self.kernel + 2.0) * self.width

    @property
    def convolution_bytes(self) -> float:
        """Inputs kept of one sequence in one layer, bytes (bf16)."""
        return self.width * (self.kernel - 1) * BF16_BYTES


@dataclass(frozen=True)
class NoMixer(DeltaNet):
    """A layer without a mixer: no matrices, no memory of the past."""

    def matrices(self, hidden: int) -> tuple[Matrix, ...]:
        """None."""
        return ()

    def vectors(self, hidden: int) -> int:
        """None."""
        return 0

    def flops(self, new: Number, context: Number) -> Number:
        """Nothing for any token."""
        return 0.0 * new


NO_MIXER = NoMixer(0, 0, 0, 0, 1)
