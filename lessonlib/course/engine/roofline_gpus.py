"""The roofs of several GPUs, with matrix products that somebody timed under one of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lessonlib.base.quantity import Quantity
from lessonlib.draw import style
from lessonlib.roofline import load_gpu
from lessonlib.roofline.calibrate.rows import fitted_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GPUS = ("h100-sxm", "h200-sxm", "a100-80gb-sxm", "rtx-4090")
LINES = ("-", (0, (6, 2)), (0, (2, 2)), (0, (6, 2, 1, 2)))
MEASURED_ON, PRECISION, SHAPE = "h100-sxm", "bf16", (8192, 8192)
_LOW, _HIGH = 0.5, 20_000.0


def describe(gpus: Sequence[str] = GPUS) -> style.Described:
    """The numbers of the figure and what it shows, without a stroke drawn."""
    data = numbers(gpus)
    return style.Described(data, finding(data))


def draw(gpus: Sequence[str] = GPUS) -> style.Figure:
    """The figure: dense 16-bit roofs of up to four GPUs, timed products of one shape as points."""
    shown = describe(gpus)
    data = shown.data
    with style.axes(4.3, left=0.95, right=0.35, top=0.2, bottom=0.65) as plot:
        _paint(plot, data)
        return style.finish(plot, "roofline-gpus", "-".join(gpus), shown)


def numbers(gpus: Sequence[str] = GPUS) -> dict[str, Any]:
    """Per GPU: title, bytes/s, FLOP/s, ridge. Points: rows M, intensity (FLOP/byte), FLOP/s reached."""
    roofs = [load_gpu(name) for name in gpus[: len(LINES)]]
    points = []
    for row in fitted_rows():
        part = row.parts[0]
        same = row.kind == "gemm" and row.system.weights == PRECISION
        if same and row.system.gpu.name == MEASURED_ON and row.name.split("x")[1:] == [*map(str, SHAPE)]:
            points.append((row.batch, part.intensity, part.flops / row.seconds))
    columns = zip(*sorted(points), strict=True)
    return {
        "titles": [gpu.title for gpu in roofs],
        "bytes_per_s": [gpu.bandwidth for gpu in roofs],
        "flops_per_s": [gpu.flops["bf16"] for gpu in roofs],
        "ridge": [gpu.ridge() for gpu in roofs],
        **dict(zip(("rows", "intensity", "reached_flops_per_s"), map(list, columns), strict=True)),
    }


def finding(data: dict[str, Any]) -> str:
    """What the figure shows, in words, with its numbers."""
    ridges = zip(data["titles"], data["ridge"], strict=True)
    bends = ", ".join(f"{title} {ridge:.0f}" for title, ridge in ridges)
    title, peak = load_gpu(MEASURED_ON).title, load_gpu(MEASURED_ON).flops["bf16"]
    few = data["reached_flops_per_s"][data["rows"].index(32)] / peak
    many = max(data["reached_flops_per_s"]) / peak
    return (
        f"The 16-bit roofs bend at (FLOP per byte): {bends}. A timed {SHAPE[0]:,} x {SHAPE[1]:,} product on "
        f"the {title} follows its roof from below: {Quantity(100 * few, '%', 2)} of the peak with 32 rows, "
        f"at most {Quantity(100 * many, '%', 2)}."
    )


def _paint(plot: Axes, data: dict[str, Any]) -> None:
    columns = (data[key] for key in ("titles", "bytes_per_s", "flops_per_s", "ridge"))
    for line, (title, bandwidth, peak, ridge) in zip(LINES, zip(*columns, strict=True), strict=False):
        heights = [_LOW * bandwidth / 1e12, peak / 1e12, peak / 1e12]
        label = style.label(f"{title}, bends at {ridge:.0f}")
        plot.plot([_LOW, ridge, _HIGH], heights, color=style.INK, linewidth=1.8, linestyle=line, label=label)
    reached = [value / 1e12 for value in data["reached_flops_per_s"]]
    timed = style.label(f"timed on {load_gpu(MEASURED_ON).title}")
    plot.scatter(data["intensity"], reached, s=42, marker="D", color=style.COMPUTE, zorder=3, label=timed)
    plot.set_xscale("log")
    plot.set_yscale("log")
    plot.set_xlim(_LOW, _HIGH)
    for axis, (low, high) in ((plot.xaxis, plot.get_xlim()), (plot.yaxis, plot.get_ylim())):
        decades = range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1)
        axis.set_ticks([10.0**power for power in decades], [style.short(10.0**power) for power in decades])
    plot.minorticks_off()
    plot.grid(color=style.INK, alpha=0.14, linewidth=0.8)
    plot.set_xlabel("arithmetic intensity, FLOP per byte (log axis)")
    plot.set_ylabel("TFLOP/s in 16 bits, dense (log axis)")
    plot.legend(loc="lower right", frameon=False)
