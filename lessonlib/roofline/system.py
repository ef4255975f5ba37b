"""A model on GPUs: which precision, how many GPUs, and what that stores."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from lessonlib.base.errors import LessonlibError, listed
from lessonlib.roofline.blocks import DeltaNet, Matrix
from lessonlib.roofline.gpu import GPU
from lessonlib.roofline.model import Model
from lessonlib.roofline.precision import PARTS, Format, kv_format, part_formats, weight_format

_MOST_GPUS = 4096
#: How an engine starts kernels: a whole step replayed as one CUDA graph (today's default), or each
#: kernel from Python (engines of 2023, vLLM's --enforce-eager).
LAUNCHES = ("graphs", "eager")


#: Zipf exponents beyond it put nearly all tokens on the same few experts
_MOST_POPULARITY = 3.0


@dataclass(frozen=True)
class System:
    """A model on GPUs.

    weights, kv, head: precision of the layers' matrices, of the KV cache and of the output head.
    Norms, biases, routers and the input embedding stay in 16 bits. Where a checkpoint keeps parts in formats of their
    own, weights says so: "attention=int8, experts=mxfp4" or the same as a mapping; parts are those of precision.PARTS,
    what is not named stays in 16 bits, and a head that is named goes before `head`.

    tp: GPUs that share every layer (tensor parallelism). pp: stages of consecutive layers (pipeline
    parallelism), each on its own tp GPUs. dp: copies of the model, each with its share of the
    requests (data parallelism). ep: 1, or tp x dp: whole experts spread over all those GPUs instead
    of slices of each expert on every copy (expert parallelism).

    launches: how the engine starts kernels, "graphs" or "eager"; it changes the expectation, never
    the ceiling.

    popularity: how unequally a mixture's experts are taken, as the exponent of Zipf's law: the expert of rank r with weight
    1 / r^popularity. 0 is a fair router that deals at random; None, as most is measured, is even and evenly loaded. It
    changes the expectation: fewer experts are met, and of spread experts (ep) the busiest GPU sets the pace.
    """

    model: Model
    gpu: GPU
    tp: int = 1
    weights: str = "bf16"
    kv: str = "bf16"
    head: str = "bf16"
    launches: str = "graphs"
    pp: int = 1
    ep: int = 1
    dp: int = 1
    popularity: float | None = None

    def __post_init__(self) -> None:
        if self.launches not in LAUNCHES:
            raise LessonlibError(f"launches: expected {listed(LAUNCHES)}, not {self.launches!r}")
        parts = part_formats(self.weights)
        if parts:
            text = ", ".join(f"{part}={parts[part]}" for part in PARTS if part in parts)
            object.__setattr__(self, "weights", text)
            object.__setattr__(self, "head", parts.get("head", self.head))
        weight_format(self.head)
        kv_format(self.kv)
        for name in ("tp", "pp", "ep", "dp"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MOST_GPUS:
                raise LessonlibError(f"{name}: expected a whole number from 1 to {_MOST_GPUS}, not {value!r}")
        self._check_division()
        self._check_popularity()

    def _check_popularity(self) -> None:
        value = self.popularity
        if value is None:
            return
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= _MOST_POPULARITY:
            raise LessonlibError(f"popularity: expected a number from 0 to {_MOST_POPULARITY:g}, not {value!r}")
        if not self.model.expert_counts:
            raise LessonlibError(f"popularity: {self.model.name} has no experts")

    def _check_division(self) -> None:
        heads = self.model.divided_heads
        if any(count % self.tp for count in heads):
            allowed = [n for n in range(1, 65) if all(count % n == 0 for count in heads)]
            raise LessonlibError(
                f"tp: {self.tp} GPUs do not divide the {listed(map(str, heads))} heads of "
                f"{self.model.name}; allowed: {', '.join(map(str, allowed))}"
            )
        if self.pp > self.model.layer_count:
            raise LessonlibError(f"pp: {self.pp} stages are more than the {self.model.layer_count} layers")
        if self.ep == 1:
            return
        counts = self.model.expert_counts
        if not counts:
            raise LessonlibError(f"ep: {self.model.name} has no experts; allowed: 1")
        if self.ep != self.tp * self.dp or any(count % self.ep for count in counts):
            raise LessonlibError(
                f"ep: {self.ep} does not fit; allowed: 1, or tp x dp = {self.tp * self.dp} "
                f"where that divides the {listed(map(str, counts))} experts"
            )

    @property
    def gpus(self) -> int:
        """GPUs in use."""
        return self.tp * self.pp * self.dp

    @property
    def weight_format(self) -> Format:
        """Format of the layers' matrices: of most of their weights, where parts differ."""
        parts = self.part_formats
        if not parts:
            return weight_format(self.weights)
        heavy = "experts" if self.model.is_mixture else "mlp"
        return weight_format(parts.get(heavy, "bf16"))

    @cached_property
    def part_formats(self) -> dict[str, str]:
        """Formats by part where they differ; {} where one name stands for all."""
        return part_formats(self.weights)

    @property
    def embedding_format(self) -> Format:
        """Format of the input embedding."""
        return weight_format(self.part_formats.get("embedding", "bf16"))

    @property
    def kv_format(self) -> Format:
        """Format of the KV cache."""
        return kv_format(self.kv)

    @property
    def precision(self) -> str:
        """Precision in which the GPU multiplies the layers' matrices."""
        return self.gpu.rate_name(self.weight_format.matmul)

    @property
    def flops(self) -> float:
        """Dense peak of all GPUs for the layers' matrices, FLOP/s."""
        return self.gpu.flops[self.precision] * self.gpus

    @property
    def bandwidth(self) -> float:
        """Memory bandwidth of all GPUs, bytes/s."""
        return self.gpu.bandwidth * self.gpus

    @property
    def ridge(self) -> float:
        """FLOP/byte above which the matrices are bound by compute."""
        return self.flops / self.bandwidth

    def format_of(self, matrix: Matrix) -> Format:
        """Format in which one matrix is stored."""
        if matrix.part == "head":
            return weight_format(self.head)
        parts, kept = self.part_formats, self.model.sixteen_bit_parts
        if not matrix.quantised or (matrix.part in kept and not parts):
            return weight_format("bf16")
        return weight_format(parts.get(matrix.part, "bf16")) if parts else self.weight_format

    def matrix_bytes(self, matrix: Matrix) -> float:
        """Bytes of one copy of a matrix, scales included."""
        return self.format_of(matrix).bytes_of(matrix.size, matrix.inputs)


def _vector_bytes(model: Model) -> float:
    inner = sum(group.count * group.vectors(model.hidden) for group in model.layers)
    return 2.0 * (inner + model.extra_parameters)


def weight_bytes(system: System) -> float:
    """All weights held, bytes, over all GPUs together (embedding, scales and copies included)."""
    model = system.model
    held = {True: 0.0, False: 0.0}
    for group in model.layers:
        for matrix in group.matrices(model.hidden):
            spread = matrix.part == "experts" and system.ep > 1
            held[spread] += group.count * matrix.copies * system.matrix_bytes(matrix)
    head = 0.0 if model.tied else system.matrix_bytes(model.head)
    embedding = system.embedding_format.bytes_of(model.embedding_parameters, model.hidden)
    copied = held[False] + head + embedding + _vector_bytes(model)
    return system.dp * copied + held[True]


def weight_bytes_read(system: System) -> float:
    """Weights read by one decode step of one request, bytes: no embedding, active experts only."""
    model = system.model
    matrices = sum(
        group.count * matrix.active * system.matrix_bytes(matrix)
        for group in model.layers
        for matrix in group.matrices(model.hidden)
    )
    return matrices + system.matrix_bytes(model.head) + _vector_bytes(model)


def kv_bytes(system: System, tokens: float) -> float:
    """KV cache of one sequence of `tokens` tokens, bytes, one copy (windows hold their width)."""
    total = 0.0
    for group in system.model.layers:
        mixer = group.mixer
        if mixer.kv_values:
            held = tokens if mixer.window is None else min(tokens, mixer.window)
            total += group.count * held * system.kv_format.bytes_of(mixer.kv_values, mixer.kv_vector)
    return total


def kv_bytes_per_token(system: System) -> float:
    """Bytes that one more token adds to a long sequence, one copy.

    Layers with a window stop growing once it is full, so they count only where no other layer
    keeps a cache. Keys and values: 2 x layers x KV heads x head_dim x bytes.
    """
    caches = [group for group in system.model.layers if group.mixer.kv_values]
    growing = [group for group in caches if group.mixer.window is None] or caches
    return sum(
        group.count * system.kv_format.bytes_of(group.mixer.kv_values, group.mixer.kv_vector) for group in growing
    )


def state_bytes(system: System) -> dict[str, float]:
    """State of fixed size of one sequence, bytes: {"recurrent": ..., "convolution": ...}."""
    found = {"recurrent": 0.0, "convolution": 0.0}
    for group in system.model.layers:
        if isinstance(group.mixer, DeltaNet):
            found["recurrent"] += group.count * group.mixer.recurrent_bytes
            found["convolution"] += group.count * group.mixer.convolution_bytes
    return found
