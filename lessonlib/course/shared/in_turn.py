"""A large decode step as one sum, as if all its kernels overlapped, and kernel by kernel, one after another."""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.course.shared import intensity
from lessonlib.roofline import Estimate, Lab

#: requests of a step large enough that matrices and caches wait for different things
LARGE = 512


def large_batch(lab: Lab) -> int:
    """Requests of the step that is timed, whether they fit in memory or not."""
    return LARGE


def _in_turn(estimate: Estimate, faster: float = 1.0) -> float:
    """Seconds if each kernel waits for the slower of its arithmetic and its bytes, one kernel after another."""
    parts = estimate.operations
    return sum(max(part.compute_s / faster, part.memory_s + part.spread_s) for part in parts)


def step_overlapped(lab: Lab) -> Quantity:
    """The step's bytes over the bandwidth or its FLOPs over the peak, whichever is longer: as if all kernels overlapped."""
    return Quantity(intensity.step(lab, LARGE).roof_s, "s")


def step_in_turn(lab: Lab) -> Quantity:
    """The same kernel by kernel."""
    return Quantity(_in_turn(intensity.step(lab, LARGE)), "s")


def faster_math_saves(lab: Lab) -> Quantity:
    """What twice the FLOP/s at the same bandwidth take off that step, kernel by kernel."""
    step = intensity.step(lab, LARGE)
    return Quantity(100 * (1 - _in_turn(step, faster=2) / _in_turn(step)), "%", digits=2)


def kernels_in_turn_take_longer(lab: Lab) -> bool:
    """Claim: the step is bound by memory as a whole, and takes longer kernel by kernel."""
    return intensity.step(lab, LARGE).bound == "memory" and float(step_in_turn(lab)) > 1.01 * float(
        step_overlapped(lab)
    )
