"""Further kinds of feed-forward: experts in a narrower space, layers without one, Gemma 3n's side branches."""

from __future__ import annotations

from dataclasses import dataclass

from lessonlib.roofline.blocks import Experts, Matrix, Mlp


@dataclass(frozen=True)
class NarrowExperts(Experts):
    """Experts that may work in a narrower space of `latent` numbers (0: the hidden width), with or without a gate.

    With a latent space, one projection leads to it and one back, for every token.
    """

    gated: bool = False
    latent: int = 0

    def matrices(self, hidden: int) -> tuple[Matrix, ...]:
        """Router, projections to and from the latent space, routed experts, shared experts."""
        inner, factor = self.latent or hidden, 2 if self.gated else 1
        label = "gate, up" if self.gated else "up"
        made = [
            Matrix("router", "router", hidden, self.count, quantised=False),
            Matrix(f"experts: {label}", "experts", inner, factor * self.width, self.count, self.active),
            Matrix("experts: down", "experts", self.width, inner, self.count, self.active),
        ]
        if self.latent:
            made += [
                Matrix("latent: down", "mlp", hidden, self.latent),
                Matrix("latent: up", "mlp", self.latent, hidden),
            ]
        if self.shared_width:
            made += [
                Matrix(f"shared expert: {label}", "mlp", hidden, factor * self.shared_width),
                Matrix("shared expert: down", "mlp", self.shared_width, hidden),
            ]
        return self.kept(*made)


@dataclass(frozen=True)
class SideMlp(Mlp):
    """A feed-forward with narrow branches beside it.

    per_layer: width of the token's own embedding for this layer, gated and added (Gemma 3n, Gemma 4). laurel: rank of a
    learned bypass. extra_vectors: small parameters of both.
    """

    per_layer: int = 0
    laurel: int = 0
    extra_vectors: int = 0

    def matrices(self, hidden: int) -> tuple[Matrix, ...]:
        """The feed-forward, then the branches, each inward and outward."""
        made = list(super().matrices(hidden))
        for name, width in (("per-layer input", self.per_layer), ("bypass", self.laurel)):
            if width:
                made += self.kept(
                    Matrix(f"{name}: in", "mlp", hidden, width), Matrix(f"{name}: out", "mlp", width, hidden)
                )
        return tuple(made)

    def vectors(self, hidden: int) -> int:
        """Biases and small parameters."""
        return super().vectors(hidden) + self.extra_vectors


@dataclass(frozen=True)
class Projections(Mlp):
    """Matrices of the hidden width in and `outputs` out that stand outside the layers; width 0."""

    outputs: tuple[int, ...] = ()

    def matrices(self, hidden: int) -> tuple[Matrix, ...]:
        """Each of them."""
        return self.kept(*(Matrix(f"projection {i + 1}", "mlp", hidden, out) for i, out in enumerate(self.outputs)))


@dataclass(frozen=True)
class NoFeedForward(Mlp):
    """A layer without a feed-forward."""

    def matrices(self, hidden: int) -> tuple[Matrix, ...]:
        """None."""
        return ()

    def vectors(self, hidden: int) -> int:
        """None."""
        return 0


NO_FEED_FORWARD = NoFeedForward(0)
