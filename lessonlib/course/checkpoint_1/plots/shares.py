"""Measured speed over ceiling of published decode steps, by class: one GPU by bits, several GPUs by number, mixtures."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any

from lessonlib.course.checkpoint_1.card import in_exam
from lessonlib.course.checkpoint_1.steps_measured import Step, measured_steps
from lessonlib.draw import style
from lessonlib.roofline import Lab

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CLASSES = (
    "one GPU, 16 bits",
    "one GPU, 8 bits",
    "one GPU, 4 bits",
    "2 GPUs",
    "4 GPUs",
    "8 GPUs",
    "mixture, one GPU",
    "mixture, several",
)
#: So high above and below its line a point is set when others lie beside it.
_SPREAD = 0.22


def class_of(step: Step) -> str:
    """The class of a step, one of CLASSES."""
    if step.mixture:
        return "mixture, one GPU" if step.gpus == 1 else "mixture, several"
    if step.gpus > 1:
        return f"{step.gpus} GPUs"
    return f"one GPU, {16 if step.bits > 8 else 8 if step.bits > 6 else 4} bits"


def describe(lab: Lab) -> style.Described:
    """The numbers of the figure and what it shows."""
    data = numbers()
    shown = [
        f"{name} {middle:.0%}".replace("%", " %") for name, middle in zip(data["classes"], data["medians"], strict=True)
    ]
    finding = f"Median share of the ceiling, over {sum(map(len, data['shares']))} published steps of one request: {', '.join(shown)}."
    return style.Described(data, finding)


def numbers() -> dict[str, Any]:
    """For each class the shares of the ceiling of its published steps with one request, sorted, and their median; the exam's systems left out."""
    steps = [step for step in measured_steps() if step.graphs and step.requests == 1 and not in_exam(step)]
    found = {name: sorted(step.share for step in steps if class_of(step) == name) for name in CLASSES}
    kept = {name: values for name, values in found.items() if values}
    return {
        "classes": list(kept),
        "shares": list(kept.values()),
        "medians": [median(values) for values in kept.values()],
    }


def draw(lab: Lab) -> style.Figure:
    """The figure."""
    shown = describe(lab)
    with style.axes(3.6, left=1.45, right=0.55, top=0.15, bottom=0.58) as plot:
        _points(plot, shown.data)
        return style.finish(plot, "shares", "published", shown)


def _points(plot: Axes, data: dict[str, Any]) -> None:
    for row, (values, middle) in enumerate(zip(data["shares"], data["medians"], strict=True)):
        heights = [row + _SPREAD * (place % 3 - 1) * (len(values) > 1) for place in range(len(values))]
        plot.plot(
            values,
            heights,
            linestyle="none",
            marker="o",
            markersize=6,
            markerfacecolor=style.faint(style.MEMORY),
            markeredgecolor=style.MEMORY,
            markeredgewidth=1.1,
        )
        plot.plot([middle, middle], [row - 0.36, row + 0.36], color=style.COMPUTE, linewidth=2.6)
        plot.text(1.03, row, f"{middle:.0%}".replace("%", " %"), va="center", ha="left", color=style.INK)
    plot.set_yticks(range(len(data["classes"])), data["classes"])
    plot.set_ylim(len(data["classes"]) - 0.45, -0.55)
    plot.set_xlim(0, 1)
    plot.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25 %", "50 %", "75 %", "100 %"])
    plot.tick_params(axis="y", length=0)
    plot.grid(axis="x", color=style.INK, alpha=0.14, linewidth=0.8)
    plot.set_xlabel("measured speed over ceiling; line: median")
