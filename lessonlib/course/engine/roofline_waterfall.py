"""From the ceiling down to what to expect: where a decode step's tokens per second go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lessonlib.base.quantity import Quantity
from lessonlib.draw import style
from lessonlib.roofline import Lab, breakdown_seconds, decode, decode_load

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LABELS = {
    "ceiling": "ceiling",
    "one after the other": "no overlap",
    "utilisation": "bandwidth not all used",
    "launches": "kernel launches",
    "links": "messages between GPUs",
    "host": "engine",
}
_SMALL_SECONDS = 1e-6


def describe(lab: Lab) -> style.Described:
    """The numbers of the figure and what it shows, without a stroke drawn."""
    data = numbers(lab)
    return style.Described(data, finding(lab, data))


def draw(lab: Lab, name: str = "roofline-waterfall") -> style.Figure:
    """The figure for one request at the lab's own context."""
    shown = describe(lab)
    data = shown.data
    height = 1.5 + 0.42 * (len(data["names"]) + bool(data["reported_tokens_per_s"]))
    with style.axes(height, left=2.25, right=0.85, top=0.15, bottom=0.58) as plot:
        _bars(plot, data)
        return style.finish(plot, name, lab.name, shown)


def numbers(lab: Lab) -> dict[str, Any]:
    """Causes and tokens/s that remain after each of them; what was reported, or None."""
    step = decode(lab.system, 1, lab.context)
    causes = breakdown_seconds(lab.system, decode_load(1, lab.context), step.operations)
    kept = {name: seconds for name, seconds in causes.items() if seconds > _SMALL_SECONDS}
    spent, left = 0.0, []
    for seconds in kept.values():
        spent += seconds
        left.append(1.0 / spent)
    measured = lab.measured.get("decode_tokens_per_s")
    return {
        "names": list(kept),
        "seconds": list(kept.values()),
        "tokens_per_s": left,
        "expected_tokens_per_s": step.expected_tokens_per_s,
        "reported_tokens_per_s": measured.value if measured else None,
    }


def _rate(value: float) -> str:
    return str(Quantity(value, "tok/s"))


def finding(lab: Lab, data: dict[str, Any]) -> str:
    """What the figure shows, in words, with its numbers."""
    losses = dict(zip(data["names"][1:], data["seconds"][1:], strict=True))
    worst = max(losses, key=lambda name: losses[name])
    text = (
        f"{lab.title}, one request at {lab.context:,} tokens: the ceiling is {_rate(data['tokens_per_s'][0])}, "
        f"to be expected are {_rate(data['expected_tokens_per_s'])}; the largest loss is "
        f"{LABELS[worst]}, {Quantity(losses[worst], 's')} a step."
    )
    if data["reported_tokens_per_s"]:
        text += f" Reported: {_rate(data['reported_tokens_per_s'])}."
    return text


def _bars(plot: Axes, data: dict[str, Any]) -> None:
    rows = [*(LABELS[name] for name in data["names"]), "expected"]
    ends = [*data["tokens_per_s"], data["expected_tokens_per_s"]]
    top = ends[0]
    for row, end in enumerate(ends):
        whole = row in (0, len(ends) - 1)
        start = 0.0 if whole else ends[row - 1]
        look: dict[str, Any] = {"color": style.MEMORY}
        if not whole:
            look = {"facecolor": "none", "edgecolor": style.COMPUTE, "hatch": "///"}
        plot.barh([row], [end - start], left=[start], height=0.62, **look)
        lost = f"−{Quantity(start - end, '', 2)}" if not whole else _rate(end)
        plot.text(max(start, end) + 0.015 * top, row, lost, va="center", ha="left", color=style.INK)
    if data["reported_tokens_per_s"]:
        value = data["reported_tokens_per_s"]
        rows.append("reported")
        plot.plot([value], [len(ends)], marker="D", markersize=9, color=style.INK, markeredgecolor="none")
        plot.text(value + 0.045 * top, len(ends), _rate(value), va="center", ha="left", color=style.INK)
    plot.set_yticks(range(len(rows)), rows)
    plot.set_ylim(len(rows) - 0.4, -0.6)
    plot.set_xlim(0, max(top, data["reported_tokens_per_s"] or 0) * 1.06)
    plot.tick_params(axis="y", length=0)
    plot.xaxis.set_major_formatter(lambda speed, _place: f"{speed:,g}")
    plot.grid(axis="x", color=style.INK, alpha=0.14, linewidth=0.8)
    plot.set_xlabel("tokens per second of one request")
