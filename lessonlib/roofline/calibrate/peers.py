"""The same step counted as another calculator counts it, so that a difference is explained and not excused.

aiconfigurator's "speed of light" (read in its sources, versions 0.12 and later: operations/elementwise.py,
operations/communication.py, operators/mamba.rs) differs from our ceiling in what it counts, not in physics.
"""

from __future__ import annotations

from lessonlib.roofline.blocks import BF16_BYTES
from lessonlib.roofline.cost import Estimate
from lessonlib.roofline.efficiency import load_efficiency
from lessonlib.roofline.expectation import operation_seconds
from lessonlib.roofline.links import Link, ring_all_reduce_s
from lessonlib.roofline.system import System


def _gate_bytes(system: System, tokens: float) -> float:
    """SwiGLU as a kernel of its own: gate and up read, their product written, on each GPU."""
    widths = sum(group.count * getattr(group.feed_forward, "width", 0) for group in system.model.layers)
    return 3 * BF16_BYTES * widths * tokens / system.tp


def as_aiconfigurator_counts_s(system: System, step: Estimate) -> float:
    """Seconds of a step by aiconfigurator's rules, for dense models.

    One operation after the other, none overlapping, each at its own roofline with its activations read
    and written; SwiGLU as a kernel of its own; a ring all-reduce after each block at the link's full
    speed. Linear attention, for which it looks up timed kernels first, takes its expected time here.
    """
    constants = load_efficiency()
    seconds = 0.0
    for part in step.operations:
        if part.kind == "linear attention":
            seconds += operation_seconds(system, part, constants)
        else:
            seconds += max(part.compute_s, part.memory_s + part.activation_s)
    if system.tp > 1:
        message = BF16_BYTES * system.model.hidden * step.tokens
        link = Link(system.gpu.link_bytes_per_second, 0.0)
        seconds += 2 * system.model.layer_count * ring_all_reduce_s(system.tp, message, link)
    return seconds + _gate_bytes(system, step.tokens) / system.gpu.bandwidth
