"""How long the users of the run wait for their first token, with the mean and three percentiles marked."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_08.service_run import mean, service_run
from lessonlib.draw import style
from lessonlib.roofline import Lab
from lessonlib.serving.results.quantiles import percentile

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BINS_A_DECADE = 8
#: key -> (label, height of its words over the highest bar, line)
MARKS = {
    "p50_s": ("p50", 1.06, (0, (1, 1.5))),
    "mean_s": ("mean", 1.58, "solid"),
    "p95_s": ("p95", 1.32, (0, (1, 1.5))),
    "p99_s": ("p99", 1.06, (0, (1, 1.5))),
}


def describe(lab: Lab) -> style.Described:
    """The numbers of the figure and what it shows, without a stroke drawn."""
    data = numbers(lab)
    return style.Described(data, finding(lab, data))


def draw(lab: Lab) -> style.Figure:
    """The figure for a lab."""
    shown = describe(lab)
    data = shown.data
    with style.axes(3.4, left=0.62, right=0.25, top=0.42, bottom=0.58) as plot:
        _bars(plot, data)
        _marks(plot, data)
        _frame(plot, data)
        return style.finish(plot, "ttft-spread", lab.name, shown)


def numbers(lab: Lab) -> dict[str, Any]:
    """Edges of the bars (seconds), requests in each, and the mean and percentiles of all."""
    waits = service_run(lab).user_waits.tolist()
    first = math.floor(math.log10(min(waits)) * BINS_A_DECADE)
    last = math.floor(math.log10(max(waits)) * BINS_A_DECADE) + 1
    edges = [10 ** (step / BINS_A_DECADE) for step in range(first, last + 1)]
    places = [min(math.floor(math.log10(wait) * BINS_A_DECADE) - first, last - first - 1) for wait in waits]
    return {
        "edges_s": edges,
        "requests": [places.count(place) for place in range(last - first)],
        "mean_s": mean(waits),
        **{f"p{percent}_s": percentile(waits, percent) for percent in (50, 95, 99)},
        "below_mean": mean(wait <= mean(waits) for wait in waits),
    }


def finding(lab: Lab, data: dict[str, Any]) -> str:
    """What the figure shows, in words, with its numbers."""
    return (
        f"Time to first token of {sum(data['requests'])} users on {lab.title}, simulated: half wait {_with_unit(data['p50_s'])} "
        f"or less, 95 of 100 {_with_unit(data['p95_s'])}, 99 of 100 {_with_unit(data['p99_s'])}. The mean, {_with_unit(data['mean_s'])}, lies above "
        f"{Quantity(100 * data['below_mean'], '%', 2)} of them."
    )


def _with_unit(seconds: float) -> str:
    return str(Quantity(seconds, "s"))


def _bars(plot: Axes, data: dict[str, Any]) -> None:
    edges = data["edges_s"]
    widths = [right - left for left, right in pairwise(edges)]
    plot.bar(
        edges[:-1],
        data["requests"],
        width=widths,
        align="edge",
        facecolor=style.KV,
        edgecolor=style.MEMORY,
        linewidth=1.2,
    )


def _marks(plot: Axes, data: dict[str, Any]) -> None:
    top = max(data["requests"])
    for key, (label, height, line) in MARKS.items():
        at = data[key]
        plot.plot([at, at], [0, top * height], color=style.INK, linewidth=2 if key == "mean_s" else 1.5, linestyle=line)
        # The p95 stands close beside the mean: its words go to the other side.
        side = "center" if key != "p95_s" else "right" if at < data["mean_s"] else "left"
        look: dict[str, Any] = {"textcoords": "offset points", "ha": side}
        plot.annotate(label, (at, top * height), xytext=(0, 15), fontweight="bold", **look)
        plot.annotate(_with_unit(at), (at, top * height), xytext=(0, 3), **look)


def _frame(plot: Axes, data: dict[str, Any]) -> None:
    edges = data["edges_s"]
    plot.set_xscale("log")
    plot.set_xlim(edges[0] * 0.8, edges[-1] * 1.6)
    plot.set_ylim(0, max(data["requests"]) * 1.9)
    decades = range(math.ceil(math.log10(edges[0] * 0.8)), math.floor(math.log10(edges[-1] * 1.6)) + 1)
    plot.set_xticks([10.0**power for power in decades], [_with_unit(10.0**power) for power in decades])
    plot.minorticks_off()
    plot.grid(axis="y", color=style.INK, alpha=0.16, linewidth=0.8)
    plot.set_xlabel("time to first token (log scale)")
    plot.set_title("requests", fontsize=11, loc="left", x=-0.1, pad=10)
