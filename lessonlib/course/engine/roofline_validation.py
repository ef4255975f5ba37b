"""Expected beside measured, for every published measurement that the course keeps."""

from __future__ import annotations

import math
from statistics import median
from typing import TYPE_CHECKING, Any

from lessonlib.base.quantity import Quantity
from lessonlib.draw import style
from lessonlib.roofline.calibrate.rows import fitted_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes

KINDS = {
    "decode": ("decode steps", "s", style.MEMORY),
    "prefill": ("prefills", "^", style.COMPUTE),
    "kernel": ("single kernels", "o", style.STATE),
}


def describe() -> style.Described:
    """The numbers of the figure and what it shows, without a stroke drawn."""
    data = numbers()
    return style.Described(data, finding(data))


def draw() -> style.Figure:
    """The figure: each measurement as a point, measured time across, expected time up."""
    shown = describe()
    data = shown.data
    with style.axes(4.6, left=0.95, right=0.35, top=0.2, bottom=0.65) as plot:
        _paint(plot, data)
        return style.finish(plot, "roofline-validation", "all", shown)


def numbers() -> dict[str, Any]:
    """Per kind: measured and expected seconds, and the least seconds by the ceiling."""
    data: dict[str, Any] = {kind: {"measured_s": [], "expected_s": [], "ceiling_s": []} for kind in KINDS}
    for row in fitted_rows():
        entry = data[row.kind if row.kind in KINDS else "kernel"]
        entry["measured_s"].append(row.seconds)
        entry["expected_s"].append(row.expected_s())
        entry["ceiling_s"].append(row.ceiling_s)
    return data


def finding(data: dict[str, Any]) -> str:
    """What the figure shows, in words, with its numbers."""
    parts = []
    for kind, (label, *_) in KINDS.items():
        entry = data[kind]
        pairs = zip(entry["expected_s"], entry["measured_s"], strict=True)
        error = median(abs(expected / measured - 1) for expected, measured in pairs)
        parts.append(f"{len(entry['measured_s'])} {label}, median error {Quantity(100 * error, '%', 2)}")
    every = [value for entry in data.values() for value in entry["measured_s"]]
    span = f"from {Quantity(min(every), 's')} to {Quantity(max(every), 's')}"
    return f"Expected against measured times, {span}: {'; '.join(parts)}."


def _paint(plot: Axes, data: dict[str, Any]) -> None:
    every = [value for entry in data.values() for key in ("measured_s", "expected_s") for value in entry[key]]
    low, high = min(every) / 2, max(every) * 2
    plot.plot([low, high], [low, high], color=style.INK, linewidth=1.4)
    for factor in (1.25, 1 / 1.25):
        plot.plot([low, high], [low * factor, high * factor], color=style.INK, linewidth=0.9, linestyle=(0, (3, 3)))
    for kind, (label, marker, colour) in KINDS.items():
        entry = data[kind]
        plot.scatter(
            entry["measured_s"],
            entry["expected_s"],
            s=26,
            marker=marker,
            facecolors=style.faint(colour),
            edgecolors=colour,
            linewidths=0.9,
            label=label,
        )
    for scale in (plot.set_xscale, plot.set_yscale):
        scale("log")
    plot.set_xlim(low, high)
    plot.set_ylim(low, high)
    decades = range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1)
    names = [str(Quantity(10.0**power, "s")) for power in decades]
    for axis in (plot.xaxis, plot.yaxis):
        axis.set_ticks([10.0**power for power in decades], names)
    plot.minorticks_off()
    plot.grid(color=style.INK, alpha=0.14, linewidth=0.8)
    plot.set_xlabel("measured (log axis); dashed: a quarter more or less")
    plot.set_ylabel("expected (log axis)")
    plot.legend(loc="upper left", frameon=False)
