"""Tokens written a second of the clock, one request after another: who could have written the reported number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_11.one_after_another import candidates, reported
from lessonlib.draw import style
from lessonlib.roofline import Lab

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LOOKS = {
    "roof": ("^", style.COMPUTE, "at the roofs, computed"),
    "expected": ("o", style.MEMORY, "expected, computed"),
    "measured": ("D", style.INK, "from measured speeds"),
}


def describe(lab: Lab) -> style.Described:
    """The numbers of the figure and what it shows, without a stroke drawn."""
    data = numbers()
    return style.Described(data, finding(data))


def draw(lab: Lab) -> style.Figure:
    """The figure; it is the same for every lab."""
    shown = describe(lab)
    with style.axes(5.0, left=2.25, right=0.5, top=0.15, bottom=1.35) as plot:
        _paint(plot, shown.data)
        return style.finish(plot, "one-after-another", lab.name, shown)


def numbers() -> dict[str, Any]:
    """Names, kinds and tokens/s of the candidates, and the reported tokens/s."""
    found = candidates()
    return {
        "name": list(found),
        "kind": [kind for kind, _ in found.values()],
        "tokens_per_s": [value for _, value in found.values()],
        "reported_tokens_per_s": reported("decode_tokens_per_s"),
    }


def finding(data: dict[str, Any]) -> str:
    """What the figure shows, in words, with its numbers."""
    rows = zip(data["name"], data["tokens_per_s"], strict=True)
    told = "; ".join(f"{name} {Quantity(value, 'tok/s')}" for name, value in rows)
    return f"Written a second of the clock, beside the reported {Quantity(data['reported_tokens_per_s'], 'tok/s')}: {told}."


def _paint(plot: Axes, data: dict[str, Any]) -> None:
    heights = list(range(len(data["name"]), 0, -1))
    said: set[str] = set()
    for name, kind, value, height in zip(data["name"], data["kind"], data["tokens_per_s"], heights, strict=True):
        shape, colour, label = LOOKS[kind]
        plot.plot(
            [value],
            [height],
            linestyle="none",
            marker=shape,
            markersize=9,
            color=colour,
            markeredgecolor="none",
            label=None if kind in said else label,
        )
        said.add(kind)
        plot.annotate(f"{value:.0f}", (value, height), xytext=(9, 0), textcoords="offset points", va="center")
        plot.annotate(
            name,
            (0, height),
            xytext=(-8, 0),
            textcoords="offset points",
            va="center",
            ha="right",
            annotation_clip=False,
        )
    report = data["reported_tokens_per_s"]
    plot.axvline(report, color=style.INK, linewidth=1.2, linestyle=(0, (3, 3)))
    plot.annotate(f"reported: {report:.0f}", (report, 0.2), xytext=(5, 0), textcoords="offset points", va="center")
    plot.set_xlim(0, 150)
    plot.set_ylim(-0.2, len(heights) + 0.6)
    plot.set_yticks([])
    plot.grid(axis="x", color=style.INK, alpha=0.16, linewidth=0.8)
    plot.set_xlabel("tokens written a second of the clock")
    plot.legend(loc="upper left", bbox_to_anchor=(-0.02, -0.17), frameon=False)
