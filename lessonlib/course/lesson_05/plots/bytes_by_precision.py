"""What one token fetches of the weights, part by part, with the layers stored in 16, 8 and 4 bits.

Of a mixture of experts that is the experts in use; where its checkpoint leaves attention in 16 bits, so does this.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from lessonlib.base.quantity import Quantity
from lessonlib.draw import style
from lessonlib.roofline import WEIGHT_FORMATS, Lab, System, decode

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: part -> (label, beginnings of the names of its operations, look)
PARTS: dict[str, tuple[str, tuple[str, ...], dict[str, Any]]] = {
    "feed_forward": (
        "feed-forward",
        ("MLP", "experts", "shared expert"),
        {"facecolor": style.MEMORY, "edgecolor": style.MEMORY},
    ),
    "attention": (
        "attention",
        ("attention", "DeltaNet"),
        {"facecolor": style.KV, "edgecolor": style.MEMORY, "hatch": "//"},
    ),
    "head": ("output head, rest", (), {"facecolor": "none", "edgecolor": style.STATE, "hatch": "xx"}),
}


def describe(lab: Lab) -> style.Described:
    """The numbers of the figure and what it shows, without a stroke drawn."""
    data = numbers(lab)
    return style.Described(data, finding(lab, data))


def draw(lab: Lab) -> style.Figure:
    """The figure for a lab: its model and GPUs, one request, no context."""
    shown = describe(lab)
    data = shown.data
    with style.axes(3.3, left=0.75, right=1.35, top=0.5, bottom=0.58) as plot:
        _bars(plot, data)
        _frame(plot, data)
        _legend(plot)
        return style.finish(plot, "bytes-by-precision", lab.name, shown)


def precisions(lab: Lab) -> tuple[str, str, str]:
    """16, 8 and 4 bits; the lab's own format where that has four."""
    own = lab.system.weight_format.name
    return "bf16", "fp8", own if WEIGHT_FORMATS[own].bits == 4 else "int4"


def numbers(lab: Lab) -> dict[str, Any]:
    """Bytes by part, and the decode ceiling, for each precision of the layers."""
    systems = [dataclasses.replace(lab.system, weights=weights) for weights in precisions(lab)]
    parts = [_parts(system) for system in systems]
    return {
        "precision": list(precisions(lab)),
        **{part: [found[part] for found in parts] for part in PARTS},
        "ceiling_tokens_per_s": [
            system.bandwidth / sum(found.values()) for system, found in zip(systems, parts, strict=True)
        ],
    }


def _parts(system: System) -> dict[str, float]:
    """Bytes of the weights of one step, by part; what has no part of its own goes to the head."""
    found = dict.fromkeys(PARTS, 0.0)
    for operation in decode(system, batch=1, context=0).operations:
        part = next(
            (part for part, (_, names, _) in PARTS.items() if names and operation.name.startswith(names)), "head"
        )
        found[part] += operation.weight_bytes
    return found


def _total(data: dict[str, Any], row: int) -> float:
    return sum(data[part][row] for part in PARTS)


def _rate(value: float) -> str:
    return str(Quantity(value, "tok/s"))


def finding(lab: Lab, data: dict[str, Any]) -> str:
    """What the figure shows, in words, with its numbers."""
    partly = "attention" in lab.system.model.sixteen_bit_parts
    told = "; ".join(
        f"{Quantity(_total(data, row), 'B')} with the {'experts' if partly else 'layers'} in {name}, at most {_rate(data['ceiling_tokens_per_s'][row])}"
        for row, name in enumerate(data["precision"])
    )
    shares = [100 * data["head"][row] / _total(data, row) for row in (0, -1)]
    return (
        f"Weights that one token fetches in {lab.system.model.title}: {told}. {'Attention stays in bf16, and so does the output head' if partly else 'The output head stays in bf16'}: "
        f"with the small rest the head grows from {shares[0]:.2g} % to {shares[1]:.2g} % of the fetch."
    )


def _bars(plot: Axes, data: dict[str, Any]) -> None:
    rows = range(len(data["precision"]))
    left = [0.0] * len(data["precision"])
    for part, (_, _, look) in PARTS.items():
        widths = [value / 1e9 for value in data[part]]
        plot.barh(rows, widths, left=left, height=0.56, linewidth=1.4, **look)
        left = [start + width for start, width in zip(left, widths, strict=True)]
    for row in rows:
        lines = (
            (str(Quantity(_total(data, row), "B")), "bold"),
            (f"≤ {_rate(data['ceiling_tokens_per_s'][row])}", "normal"),
        )
        for place, (words, weight) in enumerate(lines):
            plot.annotate(
                words,
                (left[row], row),
                xytext=(7, 7 - 14 * place),
                textcoords="offset points",
                va="center",
                fontweight=weight,
            )


def _frame(plot: Axes, data: dict[str, Any]) -> None:
    plot.set_xlim(0, _total(data, 0) / 1e9 * 1.02)
    plot.set_ylim(len(data["precision"]) - 0.45, -0.6)
    plot.set_yticks(range(len(data["precision"])), data["precision"], fontweight="bold")
    plot.tick_params(axis="y", length=0)
    plot.grid(axis="x", color=style.INK, alpha=0.16, linewidth=0.8)
    plot.set_xlabel("GB of weights fetched for one token")


def _legend(plot: Axes) -> None:
    from matplotlib.patches import Patch

    handles = [Patch(label=label, linewidth=1.4, **look) for label, _, look in PARTS.values()]
    place: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (-0.02, 1.0)}
    plot.legend(handles=handles, ncols=3, frameon=False, handlelength=1.6, columnspacing=1.2, **place)
