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


def operation_seconds(system: System, part: Operation, constants: Efficiency, whole_step: bool = True) -> Number:
    """Expected seconds of one operation over all its layers; whole_step: inside a step, not timed alone."""
    architecture = system.gpu.architecture
    tiled = part.compute_s + part.uneven_s + part.row_s * constants["experts.rows"]
    compute = tiled / constants.compute(part, architecture, whole_step)
    share = constants.bandwidth(part, architecture)
    if part.kind == "vectors" and system.launches == "eager":
        share = constants["eager.vectors"]
    memory = (part.memory_s + part.spread_s + part.activation_s) / share
    return largest(compute, memory) + part.layers * constants.launch_s(part, architecture)


def communication_seconds(system: System, load: Load, constants: Efficiency) -> Number:
    """Seconds on the links for one micro-batch (see links.py)."""
    return total(item.seconds for item in traffic(system, load, constants))


def step_seconds(system: System, gpu: Number, sequences: Number, constants: Efficiency) -> Number:
    """A whole step from the seconds that its GPUs are busy: with the host's own time."""
    if system.launches == "graphs":
        return gpu + constants["step_s"] + sequences * constants["sequence_s"]
    host = system.model.layer_count * constants["eager.layer_s"] * constants.offset("eager", system.gpu.architecture)
    overlapped = (gpu**OVERLAP + host**OVERLAP) ** (1.0 / OVERLAP)
    return overlapped + sequences * constants["eager.sequence_s"]


def expected_seconds(
    system: System, load: Load, parts: Sequence[Operation], constants: Efficiency | None = None
) -> Number:
    """Expected seconds of one step; an array where the load has arrays."""
    constants = constants or load_efficiency()
    gpu = total(operation_seconds(system, part, constants) for part in parts)
    gpu = gpu + communication_seconds(system, load, constants) + routing_seconds(system, constants)
    part, _ = micro_batch(system, load)
    return step_seconds(system, gpu, part.sequences, constants)


def breakdown_seconds(
    system: System, load: Load, parts: Sequence[Operation], constants: Efficiency | None = None
) -> dict[str, float]:
    """The expected time as a sum of its causes, in seconds, from the ceiling down.

    "ceiling", "one after the other" (operations do not overlap, requests use different experts), "utilisation" (shares
    below one, activations), "launches", "links", "host" (step, routing, Python).
    """
    constants = constants or load_efficiency()
    work = sum(operation_seconds(system, part, constants) for part in parts)
    launches = sum(part.layers * constants.launch_s(part, system.gpu.architecture) for part in parts)
    apart = sum(max(part.compute_s, part.memory_s + part.spread_s) for part in parts)
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
