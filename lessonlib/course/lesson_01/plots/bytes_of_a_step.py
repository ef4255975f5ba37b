"""What one decode step hauls, at three batches: weights once, state and KV cache for every request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lessonlib.base.quantity import Quantity
from lessonlib.draw import style
from lessonlib.roofline import Estimate, Lab, decode, max_batch

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BATCHES = (1, 8, 64)
PARTS: dict[str, tuple[str, dict[str, Any]]] = {
    "weights": ("weights", {"facecolor": style.MEMORY, "edgecolor": style.MEMORY}),
    "state": ("state", {"facecolor": "none", "edgecolor": style.STATE, "hatch": "xx"}),
    "kv": ("KV cache", {"facecolor": style.KV, "edgecolor": style.MEMORY, "hatch": "//"}),
}


def describe(lab: Lab) -> style.Described:
    """The numbers of the figure and what it shows, without a stroke drawn."""
    data = numbers(lab)
    return style.Described(data, finding(lab, data))


def draw(lab: Lab) -> style.Figure:
    """The figure for a lab; every request holds as many tokens as the lab's usual prompt."""
    shown = describe(lab)
    data = shown.data
    with style.axes(3.3, left=0.95, right=1.3, top=0.5, bottom=0.58) as plot:
        _bars(plot, data)
        _frame(plot, data)
        _legend(plot, data)
        return style.finish(plot, "bytes-of-a-step", lab.name, shown)


def numbers(lab: Lab) -> dict[str, Any]:
    """Bytes by part, and tokens, for each batch; `largest`: the largest batch that fits."""
    steps = [decode(lab.system, batch, lab.prompt) for batch in BATCHES]
    return {
        "context": lab.prompt,
        "batch": list(BATCHES),
        "weights": [_sum(step, "weight_bytes") for step in steps],
        "state": [_sum(step, "state_bytes") for step in steps],
        "kv": [_sum(step, "kv_read_bytes") + _sum(step, "kv_written_bytes") for step in steps],
        "largest": max_batch(lab.system, lab.prompt),
    }


def _sum(step: Estimate, field: str) -> float:
    return sum(getattr(part, field) for part in step.operations)


def _total(data: dict[str, Any], index: int) -> float:
    return sum(data[part][index] for part in PARTS)


def _bytes(value: float) -> str:
    return str(Quantity(value, "B"))


def _own(data: dict[str, Any]) -> str:
    return "state and KV cache" if data["state"][0] else "KV cache"


def finding(lab: Lab, data: dict[str, Any]) -> str:
    """What the figure shows, in words, with its numbers."""
    told = "; ".join(_step(data, index) for index in range(len(BATCHES)))
    grows = data["weights"][-1] / data["weights"][0]
    more = f"A larger batch reads more experts ({Quantity(grows, 'x')} the weights at batch {BATCHES[-1]})"
    weights = "The weights are hauled once a step" if grows < 1.05 else more
    return (
        f"Bytes that one decode step of {lab.title} moves at {lab.prompt:,} tokens of context: {told}. "
        f"{weights}; every request adds {_own(data)} of its own.{_room(data)}"
    )


def _step(data: dict[str, Any], index: int) -> str:
    batch, total = data["batch"][index], _total(data, index)
    each = f", {_bytes(total / batch)} a token" if batch > 1 else ""
    return f"{_bytes(total)} at batch {batch}{each} ({100 * data['weights'][index] / total:.0f} % weights)"


def _room(data: dict[str, Any]) -> str:
    beyond = [batch for batch in BATCHES if batch > data["largest"]]
    if not beyond:
        return ""
    if len(beyond) == len(BATCHES):
        return " None of these fits in memory."
    names = " and ".join(map(str, beyond))
    return f" In memory batch {names} would not fit: {data['largest']:,} is the largest."


def _bars(plot: Axes, data: dict[str, Any]) -> None:
    rows = range(len(BATCHES))
    left = [0.0] * len(BATCHES)
    for part, (_, look) in PARTS.items():
        widths = [value / 1e9 for value in data[part]]
        if any(widths):
            plot.barh(rows, widths, left=left, height=0.56, linewidth=1.4, **look)
        left = [start + width for start, width in zip(left, widths, strict=True)]
    for row, batch in enumerate(BATCHES):
        total = _total(data, row)
        lines = [(_bytes(total), "bold"), (f"{_bytes(total / batch)} a token", "normal")]
        if batch > data["largest"]:
            lines.append(("does not fit", "normal"))
        for place, (line, weight) in enumerate(lines):
            at = (7, 7 * (len(lines) - 1) - 14 * place)
            plot.annotate(line, (left[row], row), xytext=at, textcoords="offset points", va="center", fontweight=weight)


def _frame(plot: Axes, data: dict[str, Any]) -> None:
    most = max(_total(data, index) for index in range(len(BATCHES))) / 1e9
    plot.set_xlim(0, most * 1.06)
    plot.set_ylim(len(BATCHES) - 0.45, -0.6)
    plot.set_yticks(range(len(BATCHES)), [f"batch {batch}" for batch in BATCHES], fontweight="bold")
    plot.tick_params(axis="y", length=0)
    plot.grid(axis="x", color=style.INK, alpha=0.16, linewidth=0.8)
    plot.set_xlabel("GB moved by one decode step")


def _legend(plot: Axes, data: dict[str, Any]) -> None:
    from matplotlib.patches import Patch

    shown = [(label, look) for part, (label, look) in PARTS.items() if any(data[part])]
    handles = [Patch(label=label, linewidth=1.4, **look) for label, look in shown]
    place: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (-0.02, 1.0)}
    plot.legend(handles=handles, ncols=3, frameon=False, handlelength=1.6, **place)
