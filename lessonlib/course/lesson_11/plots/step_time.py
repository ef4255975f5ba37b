"""The time of a decode step against its batch: its bytes, its arithmetic, the two in turn, and what is expected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_11.whole_step import CONTEXT, matrix_corner, step_of
from lessonlib.draw import style
from lessonlib.roofline import Lab

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BATCHES = tuple(2**power for power in range(10))


def describe(lab: Lab) -> style.Described:
    """The numbers of the figure and what it shows, without a stroke drawn."""
    data = numbers(lab)
    return style.Described(data, finding(data))


def draw(lab: Lab) -> style.Figure:
    """The figure for a lab."""
    shown = describe(lab)
    with style.axes(3.9, left=0.72, right=0.3, top=0.42, bottom=0.58) as plot:
        _paint(plot, shown.data)
        return style.finish(plot, "step-time", lab.name, shown)


def numbers(lab: Lab) -> dict[str, Any]:
    """Seconds by batch: bytes at full bandwidth, arithmetic at the peak, expected. corner: tokens at which weight matrices wait for arithmetic."""
    steps = [step_of(lab, batch) for batch in BATCHES]
    return {
        "batch": list(BATCHES),
        "bytes_s": [step.fetch_s for step in steps],
        "arithmetic_s": [step.compute_s for step in steps],
        "expected_s": [step.expected_s for step in steps],
        "corner": matrix_corner(lab),
    }


def finding(data: dict[str, Any]) -> str:
    """What the figure shows, in words, with its numbers."""
    first, last = data["batch"][0], data["batch"][-1]
    return (
        f"A decode step with {CONTEXT:,} tokens of context each. From {first} to {last} requests its bytes take {_s(data['bytes_s'][0])} to "
        f"{_s(data['bytes_s'][-1])} at the full bandwidth, its arithmetic {_s(data['arithmetic_s'][0])} to {_s(data['arithmetic_s'][-1])} at the "
        f"peak: the lines do not meet. Expected are {_s(data['expected_s'][0])} to {_s(data['expected_s'][-1])}."
    )


def _s(seconds: float) -> str:
    return str(Quantity(seconds, "s"))


def _paint(plot: Axes, data: dict[str, Any]) -> None:
    batch = data["batch"]
    plot.plot(
        batch, [1e3 * s for s in data["bytes_s"]], color=style.MEMORY, linewidth=3, label="its bytes, at full bandwidth"
    )
    plot.plot(
        batch,
        [1e3 * s for s in data["arithmetic_s"]],
        color=style.COMPUTE,
        linewidth=3,
        linestyle=(0, (6, 1.5)),
        label="its arithmetic, at the peak",
    )
    plot.plot(
        batch,
        [1e3 * s for s in data["expected_s"]],
        color=style.INK,
        linewidth=1.4,
        marker="o",
        markersize=5,
        label="the step, expected",
    )
    plot.set_xscale("log", base=2)
    plot.set_yscale("log")
    ticks = batch[::3]
    plot.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    low, high = plot.get_ylim()
    marks = [10.0**power for power in range(-3, 4) if low <= 10.0**power <= high]
    plot.set_yticks(marks, [f"{mark:g}" for mark in marks])
    plot.set_ylim(low, high * 6)
    plot.minorticks_off()
    if data["corner"] < batch[-1]:
        plot.axvline(data["corner"], color=style.INK, linewidth=0.9, linestyle=(0, (3, 3)), alpha=0.6)
        at = (data["corner"], low)
        plot.annotate(
            f"corner of a matrix: {data['corner']:.0f}", at, xytext=(-5, 8), textcoords="offset points", ha="right"
        )
    plot.grid(color=style.INK, alpha=0.16, linewidth=0.8)
    plot.set_xlabel("requests in a step")
    plot.set_title("milliseconds for one step", fontsize=11, loc="left", x=-0.11, pad=10)
    plot.legend(loc="upper left", frameon=False)
