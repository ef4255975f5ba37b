"""Ceiling of decode throughput against batch, beside the straight line on which every doubling doubles."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from lessonlib.quantity import Quantity
from lessonlib.roofline import Estimate, Lab, decode, max_batch

from . import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LAST = 512
#: Above this share of the straight line the curve counts as straight.
STRAIGHT = 0.95


def draw(lab: Lab) -> style.Figure:
    """The figure for a lab; every request holds as many tokens as the lab's usual prompt."""
    data = numbers(lab)
    with style.axes(3.7, left=0.72, right=0.62, top=0.42, bottom=0.58) as plot:
        _frame(plot, data)
        _lines(plot, data)
        _largest(plot, data)
        return style.finish(plot, "throughput-vs-batch", lab.name, finding(lab, data), data)


def numbers(lab: Lab) -> dict[str, Any]:
    """What is plotted. Tokens/s by batch; `largest`: the largest batch that fits (may exceed the plot);
    `end`: the last batch told of; `turns_at`: the first compute-bound batch up to `end`, or None."""
    steps = 4 * int(math.log2(LAST))
    fits = max_batch(lab.system, lab.prompt)
    end = min(fits, LAST) or LAST
    turns_at = _turns_at(lab, end)
    batches = sorted({round(2 ** (step / 4)) for step in range(steps + 1)} | {end} | {turns_at or 1})
    ceilings = [_tokens_per_s(lab, batch) for batch in batches]
    return {
        "context": lab.prompt,
        "batch": batches,
        "ceiling_tokens_per_s": ceilings,
        "straight_tokens_per_s": [ceilings[0] * batch for batch in batches],
        "largest": fits,
        "end": end,
        "end_tokens_per_s": _tokens_per_s(lab, end),
        "turns_at": turns_at,
    }


def _tokens_per_s(lab: Lab, batch: int) -> float:
    return decode(lab.system, batch, lab.prompt).ceiling_tokens_per_s


def _turns_at(lab: Lab, end: int) -> int | None:
    """The first compute-bound batch from 1 to `end`, by halving."""
    if decode(lab.system, end, lab.prompt).bound == "memory":
        return None
    low, high = 0, end
    while high - low > 1:
        middle = (low + high) // 2
        if decode(lab.system, middle, lab.prompt).bound == "compute":
            high = middle
        else:
            low = middle
    return high


def finding(lab: Lab, data: dict[str, Any]) -> str:
    """What the figure shows, in words, with its numbers."""
    first, end = data["ceiling_tokens_per_s"][0], data["end"]
    gain = data["end_tokens_per_s"] / first
    which = ", the largest batch that fits" if end == data["largest"] else ""
    room = "" if data["largest"] else " Not even one such request fits in memory."
    return (
        f"Decode ceiling of {lab.title} at {lab.prompt:,} tokens of context: {_rate(first)} for one request, "
        f"{_rate(data['end_tokens_per_s'])} for {end:,}{which}. That is {Quantity(gain, 'x')} the tokens "
        f"from {end:,}× the requests. {_reason(lab, data, gain)}{room}"
    )


def _reason(lab: Lab, data: dict[str, Any], gain: float) -> str:
    if data["turns_at"]:
        return (
            f"From batch {data['turns_at']:,} on compute is the limit, and the curve is flat "
            f"at {_rate(data['end_tokens_per_s'])}."
        )
    if gain > STRAIGHT * data["end"]:
        return "Nearly every doubling doubles: the weights, hauled once for all, are most of the bytes."
    return _own_bytes(lab, data["end"])


def _own_bytes(lab: Lab, end: int) -> str:
    """Why a memory-bound curve bends: the bytes that are not shared."""
    one, step = decode(lab.system, 1, lab.prompt), decode(lab.system, end, lab.prompt)
    brings = "KV cache and state" if _sum(step, "state_bytes") else "KV cache"
    share = 100 * (1 - _sum(step, "weight_bytes") / step.bytes)
    experts = _sum(step, "weight_bytes") / _sum(one, "weight_bytes")
    more = f"the batch reads {Quantity(experts, 'x')} the weights of one token, expert by expert, and " if experts > 1.05 else ""
    return (
        f"It stays memory-bound and bends because {more}each request brings {brings} of its own: "
        f"{share:.0f} % of the bytes at batch {end:,}."
    )


def _sum(step: Estimate, field: str) -> float:
    return sum(getattr(part, field) for part in step.operations)


def _rate(value: float) -> str:
    return str(Quantity(value, "tok/s"))


def _frame(plot: Axes, data: dict[str, Any]) -> None:
    ticks = [2**power for power in range(int(math.log2(LAST)) + 1)]
    plot.set_xscale("log", base=2)
    plot.set_yscale("log")
    plot.set_xlim(0.85, LAST * 1.18)
    plot.set_ylim(data["ceiling_tokens_per_s"][0] / 4, data["straight_tokens_per_s"][-1] * 1.3)
    plot.set_xticks(ticks, [str(tick) for tick in ticks])
    decades = range(math.ceil(math.log10(plot.get_ylim()[0])), math.floor(math.log10(plot.get_ylim()[1])) + 1)
    plot.set_yticks([10.0**power for power in decades], [style.short(10.0**power) for power in decades])
    plot.minorticks_off()
    plot.grid(color=style.INK, alpha=0.16, linewidth=0.8)
    plot.set_xlabel("batch: requests decoded together")
    plot.set_title("tokens per second, all users together", fontsize=11, loc="left", x=-0.11, pad=10)


def _lines(plot: Axes, data: dict[str, Any]) -> None:
    batches, ceilings = data["batch"], data["ceiling_tokens_per_s"]
    plot.plot(batches, data["straight_tokens_per_s"], color=style.INK, linewidth=1.5, linestyle=(0, (1.5, 2.5)))
    knee = data["turns_at"] or LAST + 1
    points = list(zip(batches, ceilings, strict=True))
    under_memory = [point for point in points if point[0] <= knee]
    under_compute = [point for point in points if point[0] >= knee]
    plot.plot(*zip(*under_memory, strict=True), color=style.MEMORY, linewidth=3)
    if under_compute:
        plot.plot(*zip(*under_compute, strict=True), color=style.COMPUTE, linewidth=3, linestyle=(0, (6, 1.5)))
    middle = len(batches) * 2 // 5
    plot.text(
        batches[middle] / 1.12, data["straight_tokens_per_s"][middle] * 1.35, "if every doubling doubled",
        rotation=_slope(plot), rotation_mode="anchor", ha="center", va="bottom", color=style.INK,
    )
    _point(plot, 1, ceilings[0], (9, -13), "left")
    _point(plot, data["end"], data["end_tokens_per_s"], *_free_side(data), data["turns_at"] is not None)


def _free_side(data: dict[str, Any]) -> tuple[tuple[int, int], str]:
    """Where the last number meets no line: right below; at the edge of the plot above a steep curve."""
    end = data["end"]
    if end < 0.9 * LAST:
        return (8, -14), "left"
    if data["turns_at"]:
        return (10, -28), "right"
    earlier = max(index for index, batch in enumerate(data["batch"]) if batch <= end / 4)
    gain = data["end_tokens_per_s"] / data["ceiling_tokens_per_s"][earlier]
    return ((0, 15), "right") if gain > 2 else ((4, -18), "right")


def _slope(plot: Axes) -> float:
    """Angle of the straight line on the page, degrees."""
    (x0, y0), (x1, y1) = plot.transData.transform([(1, 1), (10, 10)])
    return math.degrees(math.atan2(y1 - y0, x1 - x0))


def _point(plot: Axes, batch: int, value: float, shift: tuple[int, int], align: str, compute: bool = False) -> None:
    """A square where memory binds, a triangle where compute does, with its number."""
    look = {"marker": "^" if compute else "s", "color": style.COMPUTE if compute else style.MEMORY}
    plot.plot([batch], [value], markersize=9, markeredgecolor="none", clip_on=False, **look)
    plot.annotate(
        _rate(value), (batch, value), xytext=shift, textcoords="offset points", ha=align, va="center", fontweight="bold"
    )


def _largest(plot: Axes, data: dict[str, Any]) -> None:
    """Shades the batches that do not fit."""
    if data["largest"] >= LAST:
        return
    edge = max(data["largest"], plot.get_xlim()[0])
    plot.axvspan(edge, plot.get_xlim()[1], color=style.INK, alpha=0.09, linewidth=0)
    plot.axvline(edge, color=style.INK, linewidth=1.2)
    words = f"more than {data['largest']:,} do not fit" if data["largest"] else "not one fits"
    low = plot.get_ylim()[0]
    left = edge > LAST / 16
    start = edge * 1.06 if data["largest"] else 8
    plot.text(
        edge * 0.94 if left else start, low * 1.2, words, ha="right" if left else "left", va="bottom", color=style.INK
    )
