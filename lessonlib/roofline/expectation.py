"""From the ceiling to what an engine needs: utilisation, launches, communication, overhead.

Each operation takes the longer of its compute time over the utilisation of compute and its memory
time (activations included) over the utilisation of bandwidth, plus a launch a layer. Tensor
parallelism adds two all-reduces a layer. An engine that starts kernels one by one needs at least the
host's time for all layers, and more for every sequence.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lessonlib.roofline.arrays import largest, total
from lessonlib.roofline.blocks import BF16_BYTES, Experts
from lessonlib.roofline.efficiency import Efficiency, load_efficiency
from lessonlib.roofline.load import Load
from lessonlib.roofline.operations import Operation, micro_batch

if TYPE_CHECKING:
    from lessonlib.roofline.system import System

#: Sharpness of the sum of host and GPU time: they overlap, but not perfectly.
OVERLAP = 4.0


def operation_seconds(
    system: System, part: Operation, constants: Efficiency, sustained: float = 1.0
):
    """Expected seconds of one operation over all its layers.

    sustained: share of an isolated kernel's FLOP/s that remains inside a whole step, where the chip
    runs hot and the last wave of each kernel leaves part of it idle.
    """
    architecture = system.gpu.architecture
    compute = part.compute_s / (constants.compute(part, architecture) * sustained)
    share = constants.bandwidth(part, architecture)
    if part.kind == "vectors" and system.launches == "eager":
        share = constants["eager.vectors"]
    memory = (part.memory_s + part.activation_s) / share
    return largest(compute, memory) + part.layers * constants.launch_s(part, architecture)


def _link_bytes_per_second(system: System, constants: Efficiency) -> float:
    share = constants["link.share" if system.launches == "graphs" else "eager.link.share"]
    return system.gpu.link_bytes_per_second * share


def all_reduce_seconds(system: System, payload_bytes, constants: Efficiency):
    """One all-reduce of `payload_bytes` over the tensor-parallel group.

    Ring: 2 (n - 1)/n of the payload crosses each link. Latency as measured, whatever the algorithm.
    """
    others = system.tp - 1
    link = _link_bytes_per_second(system, constants)
    latency = constants.of("link", system.gpu.architecture, "latency_s")
    return 2.0 * others / system.tp * payload_bytes / link + latency


def _link_seconds(system: System, payload_bytes, constants: Efficiency):
    """One transfer of `payload_bytes` to another GPU."""
    link = _link_bytes_per_second(system, constants)
    return payload_bytes / link + constants.of("link", system.gpu.architecture, "latency_s")


def communication_seconds(system: System, load: Load, constants: Efficiency):
    """Seconds on the links for one micro-batch.

    Tensor parallelism: two all-reduces of the activations a layer (after attention and after the
    feed-forward). Pipeline: one hand-over between stages. Experts spread over several copies of the
    model: a dispatch and a combine a layer, each moving every token's vector to its experts.
    """
    part, _ = micro_batch(system, load)
    payload = BF16_BYTES * system.model.hidden * part.tokens
    seconds = (system.pp - 1) * _link_seconds(system, payload, constants) if system.pp > 1 else 0.0
    if system.tp > 1:
        each = all_reduce_seconds(system, payload, constants)
        seconds = seconds + 2.0 * system.model.layer_count * each
    if system.ep > 1 and system.dp > 1:
        for group in system.model.layers:
            if isinstance(group.feed_forward, Experts):
                sent = payload / system.tp * group.feed_forward.active * (system.ep - 1) / system.ep
                seconds = seconds + 2.0 * group.count * _link_seconds(system, sent, constants)
    return seconds


def _routing_seconds(system: System, constants: Efficiency) -> float:
    layers = sum(
        group.count for group in system.model.layers if isinstance(group.feed_forward, Experts)
    )
    return layers * constants["launch.routing_s"]


def expected_seconds(
    system: System, load: Load, parts: Sequence[Operation], constants: Efficiency | None = None
):
    """Expected seconds of one step."""
    constants = constants or load_efficiency()
    sustained = constants["compute.sustained"]
    gpu = total(operation_seconds(system, part, constants, sustained) for part in parts)
    gpu = gpu + communication_seconds(system, load, constants) + _routing_seconds(system, constants)
    if system.launches == "graphs":
        return gpu + constants["step_s"]
    host = system.model.layer_count * constants.of("eager", system.gpu.architecture, "layer_s")
    overlapped = (gpu**OVERLAP + host**OVERLAP) ** (1.0 / OVERLAP)
    part, _ = micro_batch(system, load)
    return overlapped + part.sequences * constants["eager.sequence_s"]
