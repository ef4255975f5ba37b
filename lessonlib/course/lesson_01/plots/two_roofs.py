"""The two roofs of a lab on one log axis: prefill's and decode's, and below each what is expected, and what was reported or measured."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from lessonlib.base.quantity import Quantity
from lessonlib.course.shared import forecast
from lessonlib.draw import style
from lessonlib.roofline import Lab, decode, prefill

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PHASES = ("prefill", "decode")
HEIGHTS = (1.9, 0.0)
#: Points that the words beside the outermost marks need.
ROOM_LEFT, ROOM_RIGHT, ROOM_AXIS = 134, 98, 40
#: said of a report whose clock is not known
_OPEN = "what it counts is open"
LIMITS = {"memory": ("s", style.MEMORY), "compute": ("^", style.COMPUTE)}


def describe(lab: Lab) -> style.Described:
    """The numbers of the figure and what it shows, without a stroke drawn."""
    data = numbers(lab)
    return style.Described(data, finding(lab, data))


def draw(lab: Lab) -> style.Figure:
    """The figure for a lab: prefill of its usual prompt, decode of one request at its usual context."""
    shown = describe(lab)
    data = shown.data
    with style.axes(3.9, left=0.12, right=0.05, top=0.1, bottom=0.58) as plot:
        _frame(plot, data)
        for height, phase in zip(HEIGHTS, PHASES, strict=True):
            plot.text(0, height + 0.47, _about(phase, data), transform=plot.get_yaxis_transform(), fontweight="bold")
            _row(plot, height, data[phase])
        _gap(plot, data)
        return style.finish(plot, "two-roofs", lab.name, shown)


def numbers(lab: Lab) -> dict[str, Any]:
    """Per phase: ceiling (tokens/s), which limit it is, what is expected with its 90 % band, and the reported tokens/s with its share, or None."""
    runs = {"prefill": prefill(lab.system, lab.prompt), "decode": decode(lab.system, 1, lab.context)}
    tokens = {"prefill": lab.prompt, "decode": lab.context}
    expected = {
        "prefill": (forecast.prefill_expected_low, forecast.prefill_expected, forecast.prefill_expected_high),
        "decode": (forecast.decode_expected_low, forecast.decode_expected, forecast.decode_expected_high),
    }
    data: dict[str, Any] = {}
    for phase, run in runs.items():
        measured = lab.measured.get(f"{phase}_tokens_per_s")
        data[phase] = {
            "tokens": tokens[phase],
            "ceiling_tokens_per_s": run.ceiling_tokens_per_s,
            "bound": run.bound,
            "expected": [float(working(lab)) for working in expected[phase]],
            "reported_tokens_per_s": measured.value if measured else None,
            "share": measured.value / run.ceiling_tokens_per_s if measured else None,
            "word": "reported" if measured and measured.how.startswith("reported") else "measured",
        }
    data["apart"] = data["prefill"]["ceiling_tokens_per_s"] / data["decode"]["ceiling_tokens_per_s"]
    return data


def finding(lab: Lab, data: dict[str, Any]) -> str:
    """What the figure shows, in words, with its numbers."""
    reading, writing = data["prefill"], data["decode"]
    roofs = (
        f"{lab.title}: the roof of prefill ({reading['tokens']:,}-token prompt) is at "
        f"{_rate(reading['ceiling_tokens_per_s'])}, {reading['bound']}-bound; the roof of decode (one request, "
        f"{writing['tokens']:,} tokens of context) is at {_rate(writing['ceiling_tokens_per_s'])}, "
        f"{writing['bound']}-bound. They are {Quantity(data['apart'], 'x')} apart."
    )
    likely = " ".join(
        f"Expected for {phase}: {_rate(data[phase]['expected'][1])}, nine in ten from {_rate(data[phase]['expected'][0])} "
        f"to {_rate(data[phase]['expected'][2])}."
        for phase in PHASES
    )
    reports = [_report(phase, data[phase]) for phase in PHASES if data[phase]["share"]]
    return f"{roofs} {likely} {' '.join(reports) or 'Nothing is reported for this lab yet.'}"


def _about(phase: str, data: dict[str, Any]) -> str:
    tokens = f"{data[phase]['tokens']:,}"
    if phase == "prefill":
        return f"prefill of a {tokens}-token prompt"
    return f"decode of one request, {tokens} tokens of context"


def _report(phase: str, entry: dict[str, Any]) -> str:
    text = f"{entry['word'].title()} for {phase}: {_reported(entry)}"
    if entry["word"] == "reported":
        return f"{text}{', above its roof' if entry['share'] > 1 else ''}; {_OPEN}."
    if entry["share"] > 1:
        return f"{text}, {_share(entry)}, which cannot be: an assumption about the lab, or the measurement, is wrong."
    return f"{text}, {_share(entry)}."


def _share(entry: dict[str, Any]) -> str:
    """What share of its roof a measurement is. A report whose clock is not known is no share of a roof."""
    return _OPEN if entry["word"] == "reported" else f"{Quantity(100 * entry['share'], '%')} of its roof"


def _reported(entry: dict[str, Any]) -> str:
    return str(Quantity(entry["reported_tokens_per_s"], "tok/s", 4))


def _rate(value: float) -> str:
    return str(Quantity(value, "tok/s"))


def _values(data: dict[str, Any]) -> list[float]:
    keys = ("ceiling_tokens_per_s", "reported_tokens_per_s")
    marks = [data[phase][key] for phase in PHASES for key in keys if data[phase][key]]
    return marks + [value for phase in PHASES for value in data[phase]["expected"]]


def _frame(plot: Axes, data: dict[str, Any]) -> None:
    low, high = min(_values(data)), max(_values(data))
    left = ROOM_LEFT if any(data[phase]["share"] for phase in PHASES) else ROOM_AXIS
    right = ROOM_LEFT if any((data[phase]["share"] or 0) > 1 for phase in PHASES) else ROOM_RIGHT
    points = plot.bbox.width * 72 / plot.figure.dpi - left - right
    per_point = math.log10(high / low) / points
    plot.set_xscale("log")
    plot.set_xlim(low / 10 ** (left * per_point), high * 10 ** (right * per_point))
    plot.set_ylim(-0.66, 2.6)
    first, last = 10.0 ** math.floor(math.log10(low)), 10.0 ** math.ceil(math.log10(high))
    ends = (max(plot.get_xlim()[0], first), min(plot.get_xlim()[1], last))
    decades = range(math.ceil(math.log10(ends[0])), math.floor(math.log10(ends[1])) + 1)
    plot.spines["bottom"].set_bounds(*ends)
    plot.set_xticks([10.0**power for power in decades], [style.short(10.0**power) for power in decades])
    plot.minorticks_off()
    plot.set_yticks([])
    plot.spines["left"].set_visible(False)
    plot.grid(axis="x", color=style.INK, alpha=0.16, linewidth=0.8)
    plot.set_xlabel("tokens per second")


def _row(plot: Axes, height: float, entry: dict[str, Any]) -> None:
    """A wall at the ceiling with the sign of its limit, and what was reported or measured; from a measurement, the way that is left."""
    shape, colour = LIMITS[entry["bound"]]
    roof = entry["ceiling_tokens_per_s"]
    plot.plot([roof, roof], [height - 0.3, height + 0.3], color=colour, linewidth=4, solid_capstyle="butt")
    plot.plot([roof], [height + 0.3], marker=shape, color=colour, markersize=10, markeredgecolor="none")
    low, likely, high = entry["expected"]
    band = height - 0.24
    plot.plot([low, high], [band, band], color=colour, linewidth=7, alpha=0.35, solid_capstyle="butt")
    plot.plot([low, high], [band, band], color=colour, linewidth=1.2, marker="|", markersize=7, markeredgewidth=1.2)
    plot.plot([likely], [band], marker="|", color=colour, markersize=11, markeredgewidth=2.2)
    about = (likely, band)
    plot.annotate(f"expected {_rate(likely)}", about, (0, -7), textcoords="offset points", ha="center", va="top")
    over = (entry["share"] or 0) > 1  # then the report stands on the other side of the wall
    _say(plot, roof, height, over, f"{_rate(roof)}\n{entry['bound']} roof", "bold")
    if entry["share"]:
        value = entry["reported_tokens_per_s"]
        if entry["word"] == "measured":
            plot.plot([value, roof], [height, height], color=style.INK, linewidth=1.4, linestyle=(0, (2, 2)))
        plot.plot([value], [height], marker="D", color=style.INK, markersize=9, markeredgecolor="none")
        _say(plot, value, height, not over, f"{entry['word']} {_reported(entry)}\n{_share(entry)}")


def _gap(plot: Axes, data: dict[str, Any]) -> None:
    """The distance between the two roofs, as an arrow between the rows."""
    ends = [data[phase]["ceiling_tokens_per_s"] for phase in PHASES]
    arrow = {"arrowstyle": "<->", "color": style.INK, "linewidth": 1.3, "shrinkA": 0, "shrinkB": 0}
    plot.annotate("", (ends[0], 0.92), (ends[1], 0.92), arrowprops=arrow)
    middle = math.sqrt(ends[0] * ends[1])
    plot.text(middle, 0.97, f"{Quantity(data['apart'], 'x')} apart", ha="center", va="bottom", color=style.INK)


def _say(plot: Axes, x: float, y: float, left: bool, text: str, weight: str = "normal") -> None:
    """Two lines on one side of a point, each placed by itself so that its anchor survives in the SVG."""
    aside, align = (-11, "right") if left else (10, "left")
    for line, rise in zip(text.split("\n"), (8, -8), strict=True):
        at = (aside, rise)
        plot.annotate(line, (x, y), xytext=at, textcoords="offset points", ha=align, va="center", fontweight=weight)
        weight = "normal"
