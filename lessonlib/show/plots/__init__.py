"""The course's still figures, drawn for a lab: ``plot(name, lab)``.

matplotlib is imported when the first figure is drawn, not before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lessonlib.errors import unknown_name
from lessonlib.roofline import Lab

from . import bytes_by_precision, bytes_of_a_step, flops_by_part, gemm_time, intensity_of_a_step, roofline_of_lab, speed_vs_context, throughput_vs_batch, ttft_spread, two_roofs
from .style import Figure

__all__ = ["Figure", "plot", "plot_names"]

_PLOTS: Mapping[str, Callable[[Lab], Figure]] = {
    "throughput-vs-batch": throughput_vs_batch.draw,
    "two-roofs": two_roofs.draw,
    "bytes-of-a-step": bytes_of_a_step.draw,
    "intensity-of-a-step": intensity_of_a_step.draw,
    "gemm-time": gemm_time.draw,
    "roofline-operations": roofline_of_lab.draw,
    "flops-by-part": flops_by_part.draw,
    "bytes-by-precision": bytes_by_precision.draw,
    "speed-vs-context": speed_vs_context.draw,
    "ttft-spread": ttft_spread.draw,
}


def plot_names() -> tuple[str, ...]:
    """Names that :func:`plot` knows, in the order of the lesson."""
    return tuple(_PLOTS)


def plot(name: str, lab: Lab) -> Figure:
    """The figure of that name with the numbers of a lab; LessonlibError names the known figures."""
    if name not in _PLOTS:
        raise unknown_name("plot", name, _PLOTS, "`lessonlib.show.plots.plot_names()`")
    return _PLOTS[name](lab)
