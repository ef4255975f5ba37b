"""Six operations of a lab under the roof of one of its GPUs, and beside them a layer that somebody timed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from lessonlib.base.quantity import Quantity
from lessonlib.course.engine.roofline_gpus import MEASURED_ON, PRECISION, SHAPE
from lessonlib.course.lesson_03.plots.gemm_time import numbers as timed
from lessonlib.course.lesson_03.six_operations import BATCH, PROMPTS, six
from lessonlib.draw import style
from lessonlib.roofline import Lab, load_gpu

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: sign, colour and words of each phase
LOOKS = {
    "decode": ("s", style.MEMORY, f"computed: writing for {BATCH}"),
    "prefill": ("o", style.COMPUTE, f"computed: reading {PROMPTS} prompts"),
}
_LOW, _HIGH = 0.5, 40_000.0


def describe(lab: Lab) -> style.Described:
    """The numbers of the figure and what it shows, without a stroke drawn."""
    data = numbers(lab)
    return style.Described(data, finding(lab, data))


def draw(lab: Lab) -> style.Figure:
    """The figure: the lab's roof for one GPU, its six operations on it, the timed layer under the roof of its own GPU."""
    shown = describe(lab)
    data = shown.data
    with style.axes(4.4, left=0.95, right=0.3, top=0.2, bottom=0.65) as plot:
        _paint(plot, lab, data)
        return style.finish(plot, "roofline-operations", lab.name, shown)


def numbers(lab: Lab) -> dict[str, Any]:
    """Of one GPU: FLOP/s, bytes/s, ridge. The six: letters, phase, FLOP/byte, FLOP/s, bound. Timed: FLOP/byte (in 16 bits that is its tokens) and FLOP/s reached."""
    system, gpu, placed = lab.system, lab.system.gpu, six(lab)
    layer = timed()
    flops = [2.0 * count * math.prod(SHAPE) for count in layer["tokens"]]
    return {
        "flops_per_s": gpu.flops[system.precision],
        "flops_per_s_in_16": gpu.flops["bf16"],
        "bytes_per_s": gpu.bandwidth,
        "ridge": system.ridge,
        **{key: [getattr(part, key) for part in placed] for key in ("letter", "phase", "intensity", "bound")},
        "reached_at_most": [part.flops_per_s for part in placed],
        "timed_intensity": [float(count) for count in layer["tokens"]],
        "timed_flops_per_s": [work / seconds for work, seconds in zip(flops, layer["measured_s"], strict=True)],
        "own_gpu": gpu.name == MEASURED_ON,
    }


def finding(lab: Lab, data: dict[str, Any]) -> str:
    """What the figure shows, in words, with its numbers."""
    places = [
        f"{letter} {Quantity(value, '', digits=2 if value < 100 else 3).bare}"
        for letter, value in zip(data["letter"], data["intensity"], strict=True)
    ]
    right = [letter for letter, bound in zip(data["letter"], data["bound"], strict=True) if bound == "compute"]
    peak = load_gpu(MEASURED_ON).flops[PRECISION]
    best = max(range(len(data["timed_flops_per_s"])), key=data["timed_flops_per_s"].__getitem__)
    most, last = (Quantity(100 * data["timed_flops_per_s"][at] / peak, "%", 2) for at in (best, -1))
    return (
        f"{lab.title}, one GPU: the roof bends at {Quantity(data['ridge'], 'FLOP/byte')}. Computed, FLOP for each byte: "
        f"{', '.join(places)}. Held back by arithmetic: {' and '.join(right) or 'none'}. Measured, one 16-bit layer on an "
        f"{load_gpu(MEASURED_ON).title} with 1 to 4,096 tokens: it follows its roof from below and reaches {most} of the peak with "
        f"{data['timed_intensity'][best]:,.0f} tokens, {last} with {data['timed_intensity'][-1]:,.0f}."
    )


def _roof(plot: Axes, peak: float, bandwidth: float, **look: Any) -> None:
    ends = (_LOW, peak / bandwidth, _HIGH)
    plot.plot(ends, [min(peak, x * bandwidth) / 1e12 for x in ends], **{"color": style.INK, **look})


def _paint(plot: Axes, lab: Lab, data: dict[str, Any]) -> None:
    _roof(
        plot,
        data["flops_per_s"],
        data["bytes_per_s"],
        linewidth=2.4,
        label=style.label(f"roof of one {lab.system.gpu.title}"),
    )
    other = load_gpu(MEASURED_ON)
    if data["flops_per_s"] != data["flops_per_s_in_16"]:
        ends = (data["flops_per_s_in_16"] / data["bytes_per_s"], _HIGH)
        plot.plot(
            ends,
            [data["flops_per_s_in_16"] / 1e12] * 2,
            color=style.INK,
            linewidth=1.4,
            linestyle=(0, (5, 2)),
            label="its ceiling in 16 bits",
        )
    if not data["own_gpu"]:
        _roof(
            plot,
            other.flops[PRECISION],
            other.bandwidth,
            linewidth=1.2,
            linestyle=(0, (1.5, 2)),
            label=style.label(f"roof of one {other.title}, 16 bits"),
        )
    for phase, (sign, colour, words) in LOOKS.items():
        points = [
            (x, y / 1e12)
            for x, y, of in zip(data["intensity"], data["reached_at_most"], data["phase"], strict=True)
            if of == phase
        ]
        xs, ys = zip(*points, strict=True)
        plot.scatter(xs, ys, s=70, marker=sign, color=colour, zorder=4, label=words)
    reached = [value / 1e12 for value in data["timed_flops_per_s"]]
    words = style.label(f"measured: a layer on {other.title}")
    plot.scatter(data["timed_intensity"], reached, s=26, marker="D", color=style.INK, zorder=3, label=words)
    for letters, x, y in _clusters(data):
        plot.annotate(
            letters,
            (x, y / 1e12),
            xytext=(-4, 8),
            textcoords="offset points",
            ha="right" if x < data["ridge"] else "center",
            fontweight="bold",
        )
    _frame(plot, data)


def _clusters(data: dict[str, Any]) -> list[tuple[str, float, float]]:
    """Letters of operations that stand within a third of each other, with the place of the first of them."""
    found: list[tuple[str, float, float]] = []
    for letter, x, y in sorted(
        zip(data["letter"], data["intensity"], data["reached_at_most"], strict=True), key=lambda item: item[1]
    ):
        if found and x / found[-1][1] < 4 / 3 and abs(math.log(y / found[-1][2])) < 0.3:
            letters, first_x, first_y = found.pop()
            found.append((f"{letters}, {letter}", first_x, first_y))
        else:
            found.append((letter, x, y))
    return found


def _frame(plot: Axes, data: dict[str, Any]) -> None:
    plot.set_xscale("log")
    plot.set_yscale("log")
    plot.set_xlim(_LOW, _HIGH)
    plot.set_ylim(0.3, max(data["flops_per_s"], load_gpu(MEASURED_ON).flops[PRECISION]) / 1e12 * 3)
    for axis, (low, high) in ((plot.xaxis, plot.get_xlim()), (plot.yaxis, plot.get_ylim())):
        decades = range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1)
        axis.set_ticks([10.0**power for power in decades], [style.short(10.0**power) for power in decades])
    plot.minorticks_off()
    plot.grid(color=style.INK, alpha=0.14, linewidth=0.8)
    plot.set_xlabel("arithmetic intensity, FLOP for each byte (log axis)")
    plot.set_ylabel("TFLOP/s of one GPU (log axis)")
    plot.legend(loc="lower right", frameon=False)
