"""What is left of one request's decode speed as its context grows: this lab's model, a hybrid, its full-attention twin, a window."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_07 import long_context as lc
from lessonlib.course.shared.hybrid import hybrid_of
from lessonlib.draw import style
from lessonlib.roofline import DEFAULT_LAB, Lab, load_lab

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WINDOWED = "gpt-oss-120b-h100-mxfp4"
#: line, colour, sign; the lab's own is drawn last, on top
LOOKS = {
    "twin": ((0, (6, 2)), style.COMPUTE, "^"),
    "hybrid": ((0, (4, 2, 1, 2)), style.STATE, "s"),
    "window": ((0, (1.5, 1.5)), style.MEMORY, "D"),
    "own": ("-", style.INK, "o"),
}


def describe(lab: Lab) -> style.Described:
    """The numbers of the figure and what it shows, without a stroke drawn."""
    data = numbers(lab)
    return style.Described(data, finding(data, _names(lab)))


def draw(lab: Lab) -> style.Figure:
    """The figure for a lab; every model's line starts at 100 per cent, after 1,024 tokens."""
    shown = describe(lab)
    data = shown.data
    names = _names(lab)
    with style.axes(4.0, left=0.62, right=0.72, top=0.42, bottom=1.32) as plot:
        _frame(plot)
        _lines(plot, data, names)
        plot.legend(
            loc="upper left", bbox_to_anchor=(-0.02, -0.17), ncols=1, frameon=False, handlelength=3.4, labelspacing=0.3
        )
        return style.finish(plot, "speed-vs-context", lab.name, shown)


def _names(lab: Lab) -> dict[str, str]:
    """Who is drawn, and under which name; a model that is the lab's own is drawn once."""
    hybrid = hybrid_of(lab).system.model
    names = {
        "twin": f"{hybrid.title} with full attention in all layers",
        "hybrid": f"{hybrid.title}, a hybrid",
        "window": load_lab(WINDOWED).system.model.title,
    }
    names["window"] += ", window on half of its layers"
    own = lab.system.model
    for drawn, model in (("hybrid", hybrid), ("window", load_lab(WINDOWED).system.model)):
        if own.name == model.name:
            return {**{key: name for key, name in names.items() if key != drawn}, "own": f"{names[drawn]}: this lab"}
    return {**names, "own": f"{own.title}: this lab"}


def numbers(lab: Lab) -> dict[str, Any]:
    """Per cent of the speed at 1,024 tokens, for each line, by context; the lab's own ends with its window or its memory."""
    hybrid = hybrid_of(lab).system
    # A fixed comparison on one GPU: shares follow from bytes alone, whatever the bandwidth.
    window, all_contexts = load_lab(WINDOWED).system, lc.contexts(load_lab(DEFAULT_LAB))
    shares: dict[str, Callable[[int], float]] = {
        "twin": lambda context: lc.twin_speed_share(hybrid, context),
        "hybrid": lambda context: lc.speed_share(hybrid, context),
        "window": lambda context: lc.speed_share(window, context),
    }
    data = {name: [shares[name](context) for context in all_contexts] for name in _names(lab) if name in shares}
    return {
        "context": all_contexts,
        "own_context": lc.contexts(lab),
        **data,
        "own": [lc.speed_share(lab.system, context) for context in lc.contexts(lab)],
    }


def finding(data: dict[str, Any], names: dict[str, str]) -> str:
    """What the figure shows, in words, with its numbers."""
    told = "; ".join(
        f"{names[name]}, {Quantity(data[name][-1], '%', digits=2)} at {_contexts(data, name)[-1]:,}" for name in names
    )
    return (
        f"Decode ceiling of one request, in per cent of what it is at {data['context'][0]:,} tokens of context: {told}."
    )


def _contexts(data: dict[str, Any], name: str) -> list[int]:
    return data["own_context"] if name == "own" else data["context"]


def _frame(plot: Axes) -> None:
    ticks = [lc.FIRST * 2**power for power in range(8)]
    plot.set_xscale("log", base=2)
    plot.set_xlim(ticks[0] * 0.9, ticks[-1] * 1.06)
    plot.set_ylim(0, 106)
    plot.set_xticks(ticks, [f"{tick // 1024}k" for tick in ticks])
    plot.set_yticks(range(0, 101, 20), [f"{tick}" for tick in range(0, 101, 20)])
    plot.minorticks_off()
    plot.grid(color=style.INK, alpha=0.16, linewidth=0.8)
    plot.set_xlabel("tokens of context (k = 1,024)")
    plot.set_title("per cent of the speed at 1k", fontsize=11, loc="left", x=-0.08, pad=10)


def _lines(plot: Axes, data: dict[str, Any], names: dict[str, str]) -> None:
    ends = _apart([data[name][-1] for name in names])
    for name, height in zip(names, ends, strict=True):
        line, colour, sign = LOOKS[name]
        own = name == "own"
        look: dict[str, Any] = {
            "color": colour,
            "linestyle": line,
            "linewidth": 3 if own else 2,
            "marker": sign,
            "markersize": 6,
            "zorder": 3 if own else 2,
        }
        contexts = _contexts(data, name)
        plot.plot(contexts, data[name], label=style.label(names[name]), markeredgecolor="none", **look)
        plot.annotate(
            str(Quantity(data[name][-1], "%", digits=2)),
            (contexts[-1], height),
            xytext=(10, 0),
            textcoords="offset points",
            ha="left",
            va="center",
            annotation_clip=False,
            fontweight="bold" if own else "normal",
        )


def _apart(heights: list[float], least: float = 6.0) -> list[float]:
    """Heights of the labels, moved up until none stands in another."""
    order, placed = sorted(range(len(heights)), key=heights.__getitem__), list(heights)
    for below, above in pairwise(order):
        placed[above] = max(placed[above], placed[below] + least)
    return placed
