"""What each operation of a step costs: FLOPs, and bytes by kind of traffic."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from lessonlib.roofline.attention_kinds import positions_read
from lessonlib.roofline.blocks import BF16_BYTES, Attention, DeltaNet, LatentAttention, Matrix
from lessonlib.roofline.expert_routing import busiest
from lessonlib.roofline.load import Load
from lessonlib.roofline.system import System


@dataclass(frozen=True)
class Operation:
    """One kind of kernel, summed over the `layers` layers that have it and over all GPUs.

    kind: "matmul", "attention", "linear attention" or "vectors". work: what the efficiencies tell apart: the kind, but
    "experts" for their matrices and "latent attention" for its. precision: of the multiplication;
    stored: format of what is read. All traffic in bytes; state_bytes are read and written.
    activation_bytes need not reach the memory (a fused kernel keeps them on the chip), so they stay
    out of `bytes`. Experts are counted as tokens that are routed independently are expected to touch them.
    compute_s, memory_s, activation_s: seconds at the peaks of the GPUs that share the operation. memory_s belongs to the
    ceiling, so it counts only the experts of a batch that routes alike; spread_s is what the others add. row_s: compute
    seconds of one more row at each expert that is touched (kernels fill tiles of rows). uneven_s: compute seconds that the
    busiest of the GPUs that hold whole experts needs beyond their mean.
    """

    name: str
    kind: str
    precision: str
    stored: str
    layers: int
    flops: float
    weight_bytes: float
    activation_bytes: float
    kv_read_bytes: float
    kv_written_bytes: float
    state_bytes: float
    compute_s: float
    memory_s: float
    activation_s: float
    spread_s: float
    row_s: float
    uneven_s: float
    work: str

    @property
    def bytes(self) -> float:
        """Traffic without activations, bytes."""
        return self.weight_bytes + self.kv_read_bytes + self.kv_written_bytes + self.state_bytes

    @property
    def intensity(self) -> float:
        """FLOPs for each compulsory byte (infinite where nothing need be moved)."""
        return self.flops / self.bytes if self.bytes else float("inf")

    @property
    def bound(self) -> str:
        """The slower of the two: "compute" or "memory"."""
        return "compute" if self.compute_s > self.memory_s + self.spread_s else "memory"


def _operation(
    system: System,
    name: str,
    kind: str,
    precision: str,
    stored: str,
    layers: int,
    *,
    flops: float,
    activations: float,
    weights: float = 0.0,
    kv_read: float = 0.0,
    kv_written: float = 0.0,
    state: float = 0.0,
    spread: float = 0.0,
    row_flops: float = 0.0,
    gpus: int = 0,
    over_mean: tuple[float, float] = (1.0, 1.0),
    work: str = "",
) -> Operation:
    """spread: of the weights' bytes, those that a batch which routes alike would not read. row_flops: see row_s. over_mean: FLOPs and
    weights of the busiest GPU over the mean.
    """
    shared_by = gpus or system.tp
    moved = weights + kv_read + kv_written + state - spread
    more_flops, more_weights = over_mean[0] - 1.0, over_mean[1] - 1.0
    return Operation(
        name=name,
        kind=kind,
        precision=precision,
        stored=stored,
        layers=layers,
        flops=flops,
        weight_bytes=weights,
        activation_bytes=activations,
        kv_read_bytes=kv_read,
        kv_written_bytes=kv_written,
        state_bytes=state,
        compute_s=flops / (system.gpu.flops[precision] * shared_by),
        memory_s=moved / (system.gpu.bandwidth * shared_by),
        activation_s=activations / (system.gpu.bandwidth * shared_by),
        spread_s=(spread + weights * more_weights) / (system.gpu.bandwidth * shared_by),
        row_s=row_flops / (system.gpu.flops[precision] * shared_by),
        uneven_s=flops * more_flops / (system.gpu.flops[precision] * shared_by),
        work=work or kind,
    )


def matmul(system: System, matrix: Matrix, layers: int, rows: float) -> Operation:
    """The product of `rows` rows with a matrix, in `layers` layers: 2 FLOPs for each weight and row; each copy that any row
    needs is read once.

    Spread experts (ep > 1) see the rows of all copies of the model and are shared by all their GPUs, evenly unless the system
    says how popular experts are.
    """
    stored = system.format_of(matrix)
    everywhere = matrix.part == "experts" and system.ep > 1
    rows = rows * system.dp if everywhere else rows
    values = rows * matrix.active * (matrix.inputs + matrix.outputs)
    popularity = system.popularity if matrix.part == "experts" else None
    read, size = matrix.copies_read(rows, popularity), layers * system.matrix_bytes(matrix)
    uneven = everywhere and popularity is not None
    return _operation(
        system,
        matrix.name,
        "matmul",
        system.gpu.rate_name(stored.matmul),
        stored.name,
        layers,
        flops=2.0 * layers * rows * matrix.active * matrix.size,
        weights=read * size,
        activations=layers * BF16_BYTES * values,
        spread=(read - matrix.active) * size,  # all tokens may route alike
        gpus=system.ep if everywhere else 0,
        over_mean=busiest(matrix.copies, matrix.active, popularity or 0.0, system.ep, rows) if uneven else (1.0, 1.0),
        row_flops=2.0 * layers * read * matrix.size if matrix.copies > matrix.active else 0.0,
        work="experts" if matrix.part == "experts" else "",
    )


def softmax_attention(system: System, mixer: Attention | LatentAttention, layers: int, load: Load) -> Operation:
    """Attention of `layers` equal layers: reads the cache of every request, writes the new tokens' entries."""
    entry = system.kv_format.bytes_of(mixer.kv_values, mixer.kv_vector)
    entry *= mixer.kv_copies(system.tp) * layers
    outward = BF16_BYTES * layers * 2.0 * mixer.heads
    width = mixer.head_dim if isinstance(mixer, Attention) else mixer.value_dim
    label = "attention" if mixer.window is None else f"attention, window {mixer.window}"
    return _operation(
        system,
        label,
        mixer.kind,
        system.gpu.rate_name(system.kv_format.matmul),
        system.kv,
        layers,
        flops=layers * load.total(lambda item: mixer.flops(item.new, item.context)),
        activations=outward * width * load.tokens,
        kv_read=entry * load.total(lambda item: positions_read(mixer, item.context)),
        kv_written=entry * load.tokens,
        work="latent attention" if isinstance(mixer, LatentAttention) else "",
    )


def linear_attention(system: System, mixer: DeltaNet, layers: int, load: Load) -> Operation:
    """Linear attention of `layers` equal layers: reads the state of every request that has one, writes it back."""
    state = layers * (mixer.recurrent_bytes + mixer.convolution_bytes)
    read = load.total(lambda item: (item.context > 0) * 1.0 + (item.new == 1) * (item.context == 0))
    return _operation(
        system,
        mixer.state_name,
        mixer.kind,
        "bf16",
        "fp32",
        layers,
        flops=layers * load.total(lambda item: mixer.flops(item.new, item.context)),
        activations=layers * BF16_BYTES * 2.0 * mixer.channels * load.tokens,
        state=state * (read + load.sequences),
    )


#: Times that one layer moves the residual stream through memory: each of two norms reads and
#: writes it, each of two additions reads two and writes one. Every tensor-parallel GPU does it.
PASSES = 10.0


def _vectors(system: System, load: Load) -> Operation:
    """Norms, biases and other small parameters: read once, one multiply-add a token."""
    model = system.model
    count = sum(group.count * group.vectors(model.hidden) for group in model.layers)
    count += model.extra_parameters
    return _operation(
        system,
        "norms, biases",
        "vectors",
        "bf16",
        "bf16",
        model.layer_count,
        flops=2.0 * count * load.tokens,
        weights=BF16_BYTES * count,
        activations=PASSES * BF16_BYTES * model.layer_count * model.hidden * load.tokens * system.tp,
    )


def _one_pass(system: System, load: Load) -> Iterator[Operation]:
    """Every operation of one copy of the model on one micro-batch.

    What several groups of layers have in common stands once, with the count of all their layers.
    """
    model, layers = system.model, system.model.layers
    for mixer in dict.fromkeys(group.mixer for group in layers):
        count = sum(group.count for group in layers if group.mixer == mixer)
        for matrix in mixer.matrices(model.hidden):
            yield matmul(system, matrix, count, load.tokens)
        if isinstance(mixer, DeltaNet) and not mixer.channels:
            continue  # a layer without a mixer
        if isinstance(mixer, DeltaNet):
            yield linear_attention(system, mixer, count, load)
        else:
            yield softmax_attention(system, mixer, count, load)
    for feed in dict.fromkeys(group.feed_forward for group in layers):
        count = sum(group.count for group in layers if group.feed_forward == feed)
        for matrix in feed.matrices(model.hidden):
            yield matmul(system, matrix, count, load.tokens)
    yield _vectors(system, load)
    yield matmul(system, model.head, 1, load.outputs)


def _scaled(part: Operation, factor: float) -> Operation:
    """The totals of `factor` equal passes that run at the same time or one after the other."""
    totals = ("flops", "weight_bytes", "activation_bytes", "kv_read_bytes", "kv_written_bytes")
    values = {name: getattr(part, name) * factor for name in (*totals, "state_bytes")}
    return replace(part, **values)


def micro_batch(system: System, load: Load) -> tuple[Load, float]:
    """The share of the busiest pass, and how many such passes make up the whole load.

    dp copies and pp stages keep dp x pp micro-batches in flight. A token of a request comes once a
    round: the time of one micro-batch through all stages, each on tp GPUs.
    """
    ways = system.dp * system.pp
    if ways == 1:
        return load, 1.0
    share = -(-load.sequences // ways) / load.sequences
    groups = (replace(group, count=group.count * share) for group in load.requests)
    return Load(tuple(groups)), 1.0 / share


def operations(system: System, load: Load) -> Iterator[Operation]:
    """Every operation of a step: mixers, feed-forwards, small vectors, the output head.

    Totals are over all GPUs, seconds those of one pass (see micro_batch).
    """
    part, passes = micro_batch(system, load)
    for item in _one_pass(system, part):
        if system.dp * system.pp == 1:
            yield item
        elif system.ep > 1 and item.name.startswith("experts"):
            yield _scaled(item, passes / system.dp)
        else:
            yield _scaled(item, passes)
