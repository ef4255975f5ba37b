"""Time of one decode step against batch: what memory and compute each need, the ceiling, the expectation."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from lessonlib.base.quantity import Quantity
from lessonlib.draw import style
from lessonlib.roofline import Lab, decode, max_batch

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LAST = 512


def describe(lab: Lab) -> style.Described:
    """The numbers of the figure and what it shows, without a stroke drawn."""
    data = numbers(lab)
    return style.Described(data, finding(lab, data))


def draw(lab: Lab) -> style.Figure:
    """The figure for a lab; every request holds as many tokens as the lab's usual prompt."""
    shown = describe(lab)
    data = shown.data
    with style.axes(3.7, left=0.72, right=0.3, top=0.42, bottom=0.58) as plot:
        _frame(plot, data)
        _lines(plot, data)
        return style.finish(plot, "roofline-step-time", lab.name, shown)


def numbers(lab: Lab) -> dict[str, Any]:
    """What is plotted, seconds by batch up to the largest that fits (at most 512)."""
    end = max(1, min(max_batch(lab.system, lab.prompt), LAST))
    quarters = range(4 * math.ceil(math.log2(end)) + 1)
    batches = sorted({min(end, round(2 ** (step / 4))) for step in quarters} | {end})
    steps = [decode(lab.system, batch, lab.prompt) for batch in batches]
    return {
        "context": lab.prompt,
        "batch": batches,
        "memory_s": [step.fetch_s for step in steps],
        "compute_s": [step.compute_s for step in steps],
        "expected_s": [step.expected_s for step in steps],
    }


def finding(lab: Lab, data: dict[str, Any]) -> str:
    """What the figure shows, in words, with its numbers."""
    end = data["batch"][-1]
    busy = max(data["compute_s"][-1] / data["memory_s"][-1], data["memory_s"][-1] / data["compute_s"][-1])
    binds, other = (
        ("memory", "the arithmetic") if data["memory_s"][-1] >= data["compute_s"][-1] else ("compute", "the fetch")
    )
    return (
        f"One decode step of {lab.title} at {lab.prompt:,} tokens of context takes at least {_ms(data, 0)} for one request and "
        f"{_ms(data, -1)} for {end:,}; expected are {Quantity(data['expected_s'][0], 's')} and {Quantity(data['expected_s'][-1], 's')}. "
        f"At {end:,} {binds} binds, {Quantity(busy, 'x')} longer than {other}."
    )


def _ms(data: dict[str, Any], index: int) -> str:
    return str(Quantity(max(data["memory_s"][index], data["compute_s"][index]), "s"))


def _frame(plot: Axes, data: dict[str, Any]) -> None:
    ticks = [2**power for power in range(int(math.log2(max(2, data["batch"][-1]))) + 1)]
    plot.set_xscale("log", base=2)
    plot.set_yscale("log")
    plot.set_xlim(0.85, max(2, data["batch"][-1]) * 1.25)
    plot.set_xticks(ticks, [str(tick) for tick in ticks])
    low, high = min(data["compute_s"]) / 2, max(data["expected_s"]) * 2.5
    decades = [10.0**power for power in range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1)]
    plot.set_ylim(low, high)
    plot.set_yticks(decades, [str(Quantity(value, "s")) for value in decades])
    plot.minorticks_off()
    plot.grid(color=style.INK, alpha=0.16, linewidth=0.8)
    plot.set_xlabel("batch: requests decoded together")
    plot.set_title("time of one decode step", fontsize=11, loc="left", x=-0.11, pad=10)


def _lines(plot: Axes, data: dict[str, Any]) -> None:
    batches = data["batch"]
    plot.plot(batches, data["memory_s"], color=style.MEMORY, linewidth=3)
    plot.plot(batches, data["compute_s"], color=style.COMPUTE, linewidth=3, linestyle=(0, (6, 1.5)))
    plot.plot(batches, data["expected_s"], color=style.INK, linewidth=1.6, linestyle=(0, (1.5, 2)))
    middle = len(batches) // 2
    for key, words, shift, below in (
        ("expected_s", "expected", 6, False),
        ("memory_s", "memory needs", -6, True),
        ("compute_s", "compute needs", -6, True),
    ):
        plot.annotate(
            words,
            (batches[middle], data[key][middle]),
            xytext=(0, shift),
            textcoords="offset points",
            ha="left" if below else "right",
            va="top" if below else "bottom",
            color=style.INK,
        )
