"""From the ceiling to what an engine needs: utilisation, launches, communication, overhead.

Each operation takes the longer of its compute time over the utilisation of compute and its memory
time (activations included) over the utilisation of bandwidth, plus a launch a layer. Tensor
parallelism adds two all-reduces a layer. An engine that starts kernels one by one needs at least the
host's time for all layers, and more for every sequence.
"""

from __future__ import annotations

from collections.abc import Sequence

from lessonlib.roofline.arrays import Number, largest, total
from lessonlib.roofline.efficiency import Efficiency, load_efficiency
from lessonlib.roofline.links import routing_seconds, traffic
from lessonlib.roofline.load import Load
from lessonlib.roofline.operations import Operation, micro_batch
from lessonlib.roofline.system import System

#: Sharpness of the sum of host and GPU time: they overlap, but not perfectly.
OVERLAP = 4.0


def operation_seconds(system: System, part: Operation, constants: Efficiency, sustained: float = 1.0) -> Number:
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
    return largest(compute, memory) + part.layers * constants.launch_s(part)


def communication_seconds(system: System, load: Load, constants: Efficiency) -> Number:
    """Seconds on the links for one micro-batch (see links.py)."""
    return total(item.seconds for item in traffic(system, load, constants))


def expected_seconds(
    system: System, load: Load, parts: Sequence[Operation], constants: Efficiency | None = None
) -> Number:
    """Expected seconds of one step; an array where the load has arrays."""
    constants = constants or load_efficiency()
    sustained = constants.of("compute", system.gpu.architecture, "sustained")
    gpu = total(operation_seconds(system, part, constants, sustained) for part in parts)
    gpu = gpu + communication_seconds(system, load, constants) + routing_seconds(system, constants)
    if system.launches == "graphs":
        return gpu + constants["step_s"]
    host = system.model.layer_count * constants.of("eager", system.gpu.architecture, "layer_s")
    overlapped = (gpu**OVERLAP + host**OVERLAP) ** (1.0 / OVERLAP)
    part, _ = micro_batch(system, load)
    return overlapped + part.sequences * constants["eager.sequence_s"]


def breakdown_seconds(
    system: System, load: Load, parts: Sequence[Operation], constants: Efficiency | None = None
) -> dict[str, float]:
    """The expected time as a sum of its causes, in seconds, from the ceiling down.

    "ceiling", "one after the other" (operations do not overlap), "utilisation" (shares below one,
    activations), "launches", "links", "host" (step, routing, Python).
    """
    constants = constants or load_efficiency()
    sustained = constants.of("compute", system.gpu.architecture, "sustained")
    work = sum(operation_seconds(system, part, constants, sustained) for part in parts)
    launches = sum(part.layers * constants.launch_s(part) for part in parts)
    apart = sum(max(part.compute_s, part.memory_s) for part in parts)
    ceiling = max(sum(part.compute_s for part in parts), sum(part.memory_s for part in parts))
    links = communication_seconds(system, load, constants)
    return {
        "ceiling": ceiling,
        "one after the other": apart - ceiling,
        "utilisation": work - launches - apart,
        "launches": launches,
        "links": links,
        "host": expected_seconds(system, load, parts, constants) - work - links,
    }
