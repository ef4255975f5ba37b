"""One timed layer against the tokens that go through it together, beside the least time that its roofline allows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lessonlib.base.quantity import Quantity
from lessonlib.course.engine.roofline_gpus import MEASURED_ON, PRECISION, SHAPE
from lessonlib.draw import style
from lessonlib.roofline import Lab, load_gpu
from lessonlib.roofline.calibrate.rows import fitted_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FLAT_TO = 256


def describe(lab: Lab) -> style.Described:
    """The numbers of the figure and what it shows, without a stroke drawn."""
    data = numbers()
    return style.Described(data, finding(data))


def draw(lab: Lab) -> style.Figure:
    """The figure; the timed layer is the same for every lab."""
    shown = describe(lab)
    data = shown.data
    with style.axes(3.9, left=0.72, right=0.3, top=0.42, bottom=0.58) as plot:
        _paint(plot, data)
        return style.finish(plot, "gemm-time", lab.name, shown)


def numbers() -> dict[str, Any]:
    """Seconds by tokens: measured, for the memory alone, for the arithmetic alone. ridge: tokens at which both are equal."""
    names = {f"{count}x{SHAPE[0]}x{SHAPE[1]}" for count in (2**power for power in range(13))}
    rows = [
        row
        for row in fitted_rows()
        if row.kind == "gemm"
        and row.name in names
        and row.system.gpu.name == MEASURED_ON
        and row.system.weights == PRECISION
    ]
    rows.sort(key=lambda row: row.batch)
    return {
        "tokens": [row.batch for row in rows],
        "measured_s": [row.seconds for row in rows],
        "memory_s": [row.parts[0].memory_s for row in rows],
        "compute_s": [row.parts[0].compute_s for row in rows],
        "ridge": load_gpu(MEASURED_ON).ridge(PRECISION),
    }


def finding(data: dict[str, Any]) -> str:
    """What the figure shows, in words, with its numbers."""
    flat = [seconds for tokens, seconds in zip(data["tokens"], data["measured_s"], strict=True) if tokens <= FLAT_TO]
    return (
        f"Measured on an {load_gpu(MEASURED_ON).title} ({SHAPE[0]:,} x {SHAPE[1]:,}, 16 bits): from 1 to {FLAT_TO} tokens the layer "
        f"takes {_with_unit(min(flat))} to {_with_unit(max(flat))}, for {max(data['tokens']):,} it takes {_with_unit(data['measured_s'][-1])}. The least time "
        f"by its roofline is flat at {_with_unit(data['memory_s'][0])} up to {data['ridge']:.0f} tokens and then rises in proportion."
    )


def _with_unit(seconds: float) -> str:
    return str(Quantity(seconds, "s"))


def _paint(plot: Axes, data: dict[str, Any]) -> None:
    memory, peak, last = data["memory_s"][0] * 1e6, data["compute_s"][0] * 1e6, data["tokens"][-1]
    corner = data["ridge"]
    plot.plot([1, corner], [memory, memory], color=style.MEMORY, linewidth=3, label="least time: the weights must come")
    plot.plot(
        [corner, last],
        [memory, peak * last],
        color=style.COMPUTE,
        linewidth=3,
        linestyle=(0, (6, 1.5)),
        label="least time: the arithmetic",
    )
    measured = [seconds * 1e6 for seconds in data["measured_s"]]
    plot.plot(
        data["tokens"],
        measured,
        linestyle="none",
        marker="D",
        markersize=7,
        color=style.INK,
        markeredgecolor="none",
        label="measured",
    )
    plot.set_xscale("log", base=2)
    plot.set_yscale("log")
    ticks = [2**power for power in range(0, 13, 2)]
    plot.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    plot.set_ylim(20, 1500)
    plot.set_yticks([50, 100, 200, 500, 1000], ["50", "100", "200", "500", "1,000"])
    plot.minorticks_off()
    plot.axvline(corner, color=style.INK, linewidth=0.9, linestyle=(0, (3, 3)), alpha=0.6)
    plot.annotate(f"ridge: {corner:.0f}", (corner, 20), xytext=(5, 8), textcoords="offset points", ha="left")
    plot.grid(color=style.INK, alpha=0.16, linewidth=0.8)
    plot.set_xlabel("tokens that go through the layer together")
    plot.set_title("microseconds for one layer", fontsize=11, loc="left", x=-0.11, pad=10)
    plot.legend(loc="upper left", frameon=False)
