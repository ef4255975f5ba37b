"""A roofline with the operations of a prefill and of a decode step on it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from lessonlib.base.quantity import Quantity
from lessonlib.draw import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PathCollection

    from lessonlib.roofline import Case

PHASES = {"prefill": ("o", style.COMPUTE), "decode": ("s", style.MEMORY)}
_SMALL = 0.01  # share of a phase's time below which an operation is not named


def describe(case: Case) -> style.Described:
    """The numbers of the figure and what it shows, without a stroke drawn."""
    data = numbers(case)
    return style.Described(data, finding(case, data))


def draw(case: Case) -> style.Figure:
    """The figure for a case: the roof of its GPUs, each operation at its own intensity under it."""
    shown = describe(case)
    data = shown.data
    with style.axes(4.2, left=0.95, right=0.35, top=0.4, bottom=0.65) as plot:
        _paint(plot, data)
        name = f"{case.system.model.name}-{case.system.gpu.name}-{case.batch}-{case.context}"
        return style.finish(plot, "roofline-operations", name, shown)


def numbers(case: Case) -> dict[str, Any]:
    """Roof (FLOP/s, bytes/s, FLOP/byte), and per phase every operation's intensity and FLOP/s.

    FLOP/s of an operation are those that the roof allows at its intensity.
    """
    system = case.system
    data: dict[str, Any] = {
        "flops_per_s": system.flops,
        "bytes_per_s": system.bandwidth,
        "ridge": system.ridge,
    }
    for phase in PHASES:
        estimate = getattr(case, phase)
        parts = [part for part in estimate.operations if part.bytes and part.kind != "vectors"]
        data[phase] = {
            "names": [part.name for part in parts],
            "intensity": [part.intensity for part in parts],
            "share_of_time": [max(part.compute_s, part.memory_s) / estimate.per_operation_s for part in parts],
            "whole": estimate.intensity,
        }
    return data


def finding(case: Case, data: dict[str, Any]) -> str:
    """What the figure shows, in words, with its numbers."""
    system = case.system
    verdicts = []
    for phase in PHASES:
        side = "right of" if data[phase]["whole"] > data["ridge"] else "left of"
        whole = Quantity(data[phase]["whole"], "FLOP/B")
        verdicts.append(f"{phase} as a whole has {whole}, {side} the ridge")
    return (
        f"{system.model.title} on {system.gpus} x {system.gpu.title}, weights {system.weights}, "
        f"batch {case.batch:,}: the roof bends at {Quantity(data['ridge'], 'FLOP/B')}; "
        f"{' and '.join(verdicts)}."
    )


def _roof(data: dict[str, Any], intensity: float) -> float:
    return min(data["flops_per_s"], intensity * data["bytes_per_s"])


def _paint(plot: Axes, data: dict[str, Any]) -> None:
    every = [value for phase in PHASES for value in data[phase]["intensity"]]
    low, high = min(every) / 4, max(*every, data["ridge"]) * 6
    ends = (low, data["ridge"], high)
    plot.plot(ends, [_roof(data, x) / 1e12 for x in ends], color=style.INK, linewidth=2.2)
    plot.set_xscale("log")
    plot.set_yscale("log")
    plot.set_xlim(low, high)
    plot.set_ylim(_roof(data, low) / 1e12, data["flops_per_s"] / 1e12 * 12)
    plot.axvline(data["ridge"], color=style.INK, linewidth=0.9, linestyle=(0, (3, 3)), alpha=0.6)
    plot.annotate(
        f"ridge {Quantity(data['ridge'], 'FLOP/B')}",
        (data["ridge"], plot.get_ylim()[0]),
        xytext=(-5, 6),
        textcoords="offset points",
        ha="right",
    )
    for phase, (marker, colour) in PHASES.items():
        xs = data[phase]["intensity"]
        sizes = [30 + 260 * share for share in data[phase]["share_of_time"]]
        ys = [_roof(data, x) / 1e12 for x in xs]
        plot.scatter(xs, ys, s=sizes, marker=marker, color=colour, alpha=0.75, zorder=3, label=phase)
        _name(plot, data, phase)
    plot.grid(color=style.INK, alpha=0.14, linewidth=0.8)
    for axis, limits in ((plot.xaxis, plot.get_xlim()), (plot.yaxis, plot.get_ylim())):
        decades = range(math.ceil(math.log10(limits[0])), math.floor(math.log10(limits[1])) + 1)
        axis.set_ticks([10.0**power for power in decades], [style.short(10.0**power) for power in decades])
    plot.minorticks_off()
    plot.set_xlabel("arithmetic intensity, FLOP per byte (log axis)")
    plot.set_ylabel("TFLOP/s that the roof allows (log axis)")
    legend = plot.legend(loc="upper left", frameon=False, title="size: share of time")
    for handle in legend.legend_handles:
        cast("PathCollection", handle).set_sizes([70])


def _clusters(data: dict[str, Any], phase: str) -> list[tuple[float, list[str]]]:
    """Operations of like intensity (within a factor of two), the slowest first: (intensity, names)."""
    found: list[tuple[float, list[str]]] = []
    columns = (data[phase][key] for key in ("share_of_time", "intensity", "names"))
    for share, intensity, name in sorted(zip(*columns, strict=True), reverse=True):
        if share < _SMALL:
            continue
        near = next((names for x, names in found if 0.5 < x / intensity < 2), None)
        if near is None:
            found.append((intensity, [name]))
        elif name not in near:
            near.append(name)
    return found


def _name(plot: Axes, data: dict[str, Any], phase: str) -> None:
    """Beside each cluster the name of its slowest operation and how many more there are."""
    for index, (intensity, names) in enumerate(_clusters(data, phase)):
        more = f" + {len(names) - 1} more" if len(names) > 1 else ""
        if phase == "decode":
            at: dict[str, Any] = {"xy": (intensity, _roof(data, intensity) / 1e12), "xytext": (13, -5)}
            plot.annotate(names[0] + more, textcoords="offset points", va="center", **at)
            continue
        end = (plot.get_xlim()[1], data["flops_per_s"] / 1e12)
        height: dict[str, Any] = {"xytext": (-4, 14 + 15 * index), "textcoords": "offset points"}
        plot.annotate(names[0] + more, end, ha="right", **height)


def write(case: Case, path: Path) -> None:
    """Write the figure to a file of its own (see style.save)."""
    with style.axes(4.2, left=0.95, right=0.35, top=0.4, bottom=0.65) as plot:
        _paint(plot, numbers(case))
        style.save(plot, path)
