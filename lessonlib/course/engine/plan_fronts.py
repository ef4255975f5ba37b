"""Cost of the set-ups that hold, against first token, time per token and goodput, with the fronts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lessonlib.draw import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Front, its value in a point, factor, what the axis says, colour.
PANELS = (
    ("first token", "ttft_p99_s", 1e3, "first token,\np99, ms", style.MEMORY),
    ("time per token", "tpot_p99_s", 1e3, "a token,\np99, ms", style.COMPUTE),
    ("goodput", "goodput_per_s", 1.0, "goodput,\nrequests/s", style.STATE),
)
_HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM, _GAP = 6.2, 0.95, 0.3, 0.2, 0.65, 0.3


def write(data: Mapping[str, Any], path: Path) -> None:
    """Write the three panels to a file of its own (see style.save). data: of `plan.answer_data`, where something holds."""
    each = (_HEIGHT - _TOP - _BOTTOM - 2 * _GAP) / 3
    with style.axes(_HEIGHT, left=_LEFT, right=_RIGHT, top=_TOP, bottom=_HEIGHT - _TOP - each) as first:
        width = 1 - (_LEFT + _RIGHT) / style.WIDTH
        for place, panel in enumerate(PANELS):
            low = _BOTTOM + (2 - place) * (each + _GAP)
            axes = first
            if place:
                axes = first.figure.add_axes((_LEFT / style.WIDTH, low / _HEIGHT, width, each / _HEIGHT), sharex=first)
                axes.patch.set_alpha(0)
            _paint(axes, data, panel)
            axes.tick_params(labelbottom=place == len(PANELS) - 1)
            if place == len(PANELS) - 1:
                axes.set_xlabel("dollars an hour; numbers as in the table")
        first.set_xlim(0, 1.08 * max(point["usd_per_hour"] for point in data["all_that_hold"]))
        style.save(first, path)


def _paint(axes: Axes, data: Mapping[str, Any], panel: tuple[str, str, float, str, str]) -> None:
    name, key, scale, label, colour = panel
    points = data["all_that_hold"]
    axes.scatter(
        [point["usd_per_hour"] for point in points],
        [point[key] * scale for point in points],
        s=20,
        facecolors="none",
        edgecolors=style.INK,
        linewidths=0.8,
        alpha=0.6,
    )
    members = on_front(data, name)
    xs, ys = [usd for _, usd, _ in members], [value * scale for _, _, value in members]
    axes.step(xs, ys, where="post", color=colour, linewidth=1.4)
    axes.scatter(xs, ys, s=36, color=colour)
    for (place, _, _), x, y in zip(members, xs, ys, strict=True):
        axes.annotate(str(place + 1), (x, y), textcoords="offset points", xytext=(5, 4))
    axes.set_ylim(0, 1.25 * max(point[key] * scale for point in points))
    axes.set_ylabel(label)
    axes.grid(color=style.INK, alpha=0.14, linewidth=0.8)


def on_front(data: Mapping[str, Any], name: str) -> Sequence[tuple[int, float, float]]:
    """(place in the table, dollars an hour, value) of each set-up on a front, the cheapest first."""
    keys = {
        "first token": ("ttft_s", "p99"),
        "time per token": ("tpot_s", "p99"),
        "goodput": ("goodput_per_s", "expected"),
    }
    part, which = keys[name]
    entries = data["set_ups"]
    return [(place, entries[place]["usd_per_hour"], entries[place][part][which]) for place in data["fronts"][name]]
