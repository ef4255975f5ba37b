"""FLOPs for each byte of a decode step against the batch: its weights, its attention, and the step as a whole."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from lessonlib.base.quantity import Quantity
from lessonlib.course.shared import intensity
from lessonlib.draw import style
from lessonlib.roofline import Lab

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: line, colour and sign of each: the whole step is drawn last, on top
LOOKS = {
    "weights": ((0, (6, 2)), style.MEMORY, "s"),
    "attention": ((0, (2, 2)), style.STATE, "D"),
    "step": ("-", style.INK, "o"),
}
NAMES = {"weights": "weights alone", "attention": "attention over the caches", "step": "the whole step"}


def describe(lab: Lab) -> style.Described:
    """The numbers of the figure and what it shows, without a stroke drawn."""
    data = numbers(lab)
    return style.Described(data, finding(lab, data))


def draw(lab: Lab) -> style.Figure:
    """The figure for a lab; every request holds as many tokens as the lab's usual prompt."""
    shown = describe(lab)
    data = shown.data
    with style.axes(3.9, left=0.72, right=0.62, top=0.42, bottom=0.58) as plot:
        _frame(plot, data)
        for name in LOOKS:
            _line(plot, data, name)
        _name_ends(plot, data)
        plot.legend(loc="upper left", frameon=False, handlelength=3)
        return style.finish(plot, "intensity-of-a-step", lab.name, shown)


def numbers(lab: Lab) -> dict[str, Any]:
    """FLOP/byte by batch, for the batches that the lesson draws."""
    batches = intensity.batches(lab)
    steps = [intensity.step(lab, batch) for batch in batches]
    return {
        "context": lab.prompt,
        "batch": batches,
        "weights": [intensity.of_weights(lab.system, batch) for batch in batches],
        "attention": [intensity.of_kind(step, "attention") for step in steps],
        "step": [step.intensity for step in steps],
    }


def finding(lab: Lab, data: dict[str, Any]) -> str:
    """What the figure shows, in words, with its numbers."""
    end = data["batch"][-1]
    return (
        f"{lab.title}, decode at {lab.prompt:,} tokens of context, from 1 to {end:,} requests: the weights go from "
        f"{_short(data['weights'][0])} to {_short(data['weights'][-1])}, attention over the caches stays at "
        f"{_short(data['attention'][0])}, and the whole step goes from {_short(data['step'][0])} to {_short(data['step'][-1])}."
    )


def _short(value: float) -> str:
    return str(Quantity(value, "FLOP/byte"))


def _frame(plot: Axes, data: dict[str, Any]) -> None:
    ticks = [2**power for power in range(int(math.log2(data["batch"][-1])) + 1)]
    low, high = 0.5, max(*data["weights"], *data["attention"]) * 7
    plot.set_xscale("log", base=2)
    plot.set_yscale("log")
    plot.set_xlim(0.85, data["batch"][-1] * 1.06)
    plot.set_ylim(low, high)
    plot.set_xticks(ticks, [str(tick) for tick in ticks])
    decades = range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1)
    plot.set_yticks([10.0**power for power in decades], [style.short(10.0**power) for power in decades])
    plot.minorticks_off()
    plot.grid(color=style.INK, alpha=0.16, linewidth=0.8)
    plot.set_xlabel("batch: requests decoded together")
    plot.set_title("FLOP for each byte that must cross", fontsize=11, loc="left", x=-0.11, pad=10)


def _line(plot: Axes, data: dict[str, Any], name: str) -> None:
    line, colour, sign = LOOKS[name]
    look: dict[str, Any] = {
        "color": colour,
        "linestyle": line,
        "linewidth": 3 if name == "step" else 2,
        "marker": sign,
        "markersize": 6,
    }
    plot.plot(data["batch"], data[name], label=NAMES[name], markeredgecolor="none", **look)


def _name_ends(plot: Axes, data: dict[str, Any]) -> None:
    """The last value of each line beside its end, moved apart where the ends are close."""
    decades = math.log10(plot.get_ylim()[1] / plot.get_ylim()[0])
    least = 1.35 ** (decades / 2)
    height = 0.0
    for name in sorted(LOOKS, key=lambda name: data[name][-1]):
        value = data[name][-1]
        height = max(value, height * least)
        plot.annotate(
            Quantity(value).bare,
            (data["batch"][-1], height),
            xytext=(11, 0),
            textcoords="offset points",
            ha="left",
            va="center",
            annotation_clip=False,
            fontweight="bold" if name == "step" else "normal",
        )
