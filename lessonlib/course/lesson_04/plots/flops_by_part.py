"""FLOPs for each token of a prompt, by part: the weights' stay, attention's grow with the length of the prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_04.prompt_flops import equal_at_prompt
from lessonlib.draw import style
from lessonlib.roofline import Lab, prefill

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LENGTHS = [2**power for power in range(10, 21)]
#: part -> (name, line, colour, sign)
LOOKS = {
    "weights": ("weights", "-", style.MEMORY, "s"),
    "attention": ("attention, looking back", "-", style.COMPUTE, "D"),
    "linear_attention": ("linear attention, its state", (0, (2, 2)), style.STATE, "^"),
}


def describe(lab: Lab) -> style.Described:
    """The numbers of the figure and what it shows, without a stroke drawn."""
    data = numbers(lab)
    return style.Described(data, finding(lab, data))


def draw(lab: Lab) -> style.Figure:
    """The figure for a lab: its model, one prompt read in one piece."""
    shown = describe(lab)
    data = shown.data
    with style.axes(3.9, left=0.72, right=0.95, top=0.42, bottom=0.58) as plot:
        for part in LOOKS:
            _line(plot, data, part)
        _frame(plot, data)
        _crossing(plot, data)
        plot.legend(loc="upper left", frameon=False, handlelength=2.6)
        return style.finish(plot, "flops-by-part", lab.name, shown)


def numbers(lab: Lab) -> dict[str, Any]:
    """FLOPs a token by length of the prompt and part, and the length at which attention has half."""
    parts = [_parts(lab, prompt) for prompt in LENGTHS]
    found = {part: [row[part] for row in parts] for part in LOOKS if parts[0][part]}
    return {"prompt": LENGTHS, **found, "equal_at": equal_at_prompt(lab.system)}


def _parts(lab: Lab, prompt: int) -> dict[str, float]:
    found = dict.fromkeys(LOOKS, 0.0)
    for operation in prefill(lab.system, prompt).operations:
        part = operation.kind.replace(" ", "_")
        found[part if part in found else "weights"] += operation.flops / prompt
    return found


def finding(lab: Lab, data: dict[str, Any]) -> str:
    """What the figure shows, in words, with its numbers."""
    state = (
        f" The state of its linear attention takes {_with_unit(data['linear_attention'][0])} at any length."
        if "linear_attention" in data
        else ""
    )
    return (
        f"{lab.system.model.title}, FLOPs for each token of a prompt, read in one piece: the weights take {_with_unit(data['weights'][-1])} at any length, "
        f"attention goes from {_with_unit(data['attention'][0])} in a prompt of {LENGTHS[0]:,} tokens to {_with_unit(data['attention'][-1])} in one of "
        f"{LENGTHS[-1]:,}.{state} Attention has half of the work at {Quantity(data['equal_at'], 'tokens')}."
    )


def _with_unit(flops: float) -> str:
    return str(Quantity(flops, "FLOP"))


def _line(plot: Axes, data: dict[str, Any], part: str) -> None:
    if part not in data:
        return
    name, line, colour, sign = LOOKS[part]
    values = [value / 1e9 for value in data[part]]
    plot.plot(
        data["prompt"],
        values,
        label=name,
        color=colour,
        linestyle=line,
        linewidth=2.4,
        marker=sign,
        markersize=5.5,
        markeredgecolor="none",
    )
    plot.annotate(
        _with_unit(data[part][-1]),
        (data["prompt"][-1], values[-1]),
        xytext=(9, 0),
        textcoords="offset points",
        va="center",
        annotation_clip=False,
        fontsize=10,
    )


def _crossing(plot: Axes, data: dict[str, Any]) -> None:
    at = data["equal_at"]
    low, meet = plot.get_ylim()[0], data["weights"][-1] / 1e9
    plot.plot([at, at], [low, meet], color=style.INK, linewidth=1.2, linestyle=(0, (4, 3)))
    plot.annotate(
        f"half each at\n{Quantity(at, 'tokens')}",
        (at, low),
        xytext=(-6, 8),
        textcoords="offset points",
        ha="right",
        va="bottom",
        linespacing=1.3,
    )


def _frame(plot: Axes, data: dict[str, Any]) -> None:
    plot.set_xscale("log", base=2)
    plot.set_yscale("log")
    plot.set_xlim(data["prompt"][0] * 0.87, data["prompt"][-1] * 1.1)
    top = max(data["attention"][-1], data["weights"][-1]) / 1e9
    low = min(values[0] for part, values in data.items() if part in LOOKS) / 1e9 / 30
    plot.set_ylim(low, top * 16)
    ticks = data["prompt"][::2]
    plot.set_xticks(ticks, [f"{tick // 1024}k" for tick in ticks[:-1]] + ["1M"])
    decades = [10.0**power for power in range(-4, 5) if low <= 10.0**power <= top * 16]
    plot.set_yticks(decades, [f"{value:,g}" for value in decades])
    plot.minorticks_off()
    plot.grid(color=style.INK, alpha=0.16, linewidth=0.8)
    plot.set_xlabel("tokens in the prompt")
    plot.set_title("GFLOP for each token of the prompt", fontsize=11, loc="left", x=-0.11, pad=10)
