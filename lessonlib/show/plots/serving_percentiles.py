"""Waiting times of one or several runs: which share of the requests (or tokens) has waited no longer than that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lessonlib.errors import LessonlibError
from lessonlib.quantity import Quantity

from . import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lessonlib.serving import Result

TITLES = {
    "ttft_s": ("time to first token", "requests"),
    "itl_s": ("time between two tokens", "tokens"),
    "e2e_s": ("time of the whole answer", "requests"),
    "queue_s": ("time in the queue", "requests"),
    "tpot_s": ("mean time per output token", "requests"),
}
LEVELS = tuple(range(1, 100))
#: What a line of the legend holds, and what the sign before each title takes of it, in characters.
_LEGEND_CHARACTERS, _SIGN_CHARACTERS = 62, 6
_LOOKS = ((style.MEMORY, "-"), (style.COMPUTE, (0, (5, 2))), (style.STATE, (0, (1, 1.4))), (style.INK, (0, (6, 2, 1, 2))))


def draw(results: Mapping[str, Result], name: str = "ttft_s") -> style.Figure:
    """One curve for each of up to four runs, by their titles; `name` is one of TITLES."""
    data = numbers(results, name)
    top = 0.2 + 0.25 * _rows(list(results)) if len(results) > 1 else 0.2
    with style.axes(3.25 + top, left=0.85, right=0.35, top=top, bottom=0.65) as plot:
        _paint(plot, data, name)
        return style.finish(plot, "serving-percentiles", f"{name}-{'-'.join(results)}", finding(data, name), data)


def _columns(titles: Sequence[str]) -> int:
    """Titles beside each other in the legend: as many as the width holds, each as wide as the longest, in rows of like length."""
    longest = max(map(len, titles))
    most = max(1, min(len(titles), int(_LEGEND_CHARACTERS / (longest + _SIGN_CHARACTERS))))
    rows = -(-len(titles) // most)
    return -(-len(titles) // rows)


def _rows(titles: Sequence[str]) -> int:
    return -(-len(titles) // _columns(titles))


def numbers(results: Mapping[str, Result], name: str) -> dict[str, Any]:
    """For each run the seconds at each of LEVELS per cent."""
    if name not in TITLES:
        raise LessonlibError(f"percentiles: expected {', '.join(TITLES)}, not {name!r}")
    if not 1 <= len(results) <= len(_LOOKS):
        raise LessonlibError(f"percentiles: expected one to {len(_LOOKS)} runs, not {len(results)}")
    found = {title: list(result.samples[name].percentiles(tuple(map(float, LEVELS)))) for title, result in results.items()}
    empty = [title for title, values in found.items() if values[0] != values[0]]
    if empty:
        raise LessonlibError(f"percentiles: {empty[0]} has no {TITLES[name][0]}; simulate until requests finish")
    return {"levels": list(LEVELS), "seconds": found}


def finding(data: dict[str, Any], name: str) -> str:
    """What the figure shows, in words, with its numbers."""
    told = []
    for title, values in data["seconds"].items():
        told.append(f"{title}: half within {Quantity(values[49], 's')}, 99 in 100 within {Quantity(values[98], 's')}")
    what = TITLES[name][0]
    return f"{what[0].upper()}{what[1:]}. {'; '.join(told)}."


def _paint(plot: Axes, data: dict[str, Any], name: str) -> None:
    what, of = TITLES[name]
    least = min(min(filter(None, values), default=1e-3) for values in data["seconds"].values())
    for (title, values), (colour, dashes) in zip(data["seconds"].items(), _LOOKS, strict=False):
        plot.plot([max(value, least / 2) for value in values], data["levels"], color=colour, linestyle=dashes, linewidth=1.9, label=title)
    plot.set_xscale("log")
    plot.set_ylim(0, 100)
    for level in (50, 99):
        plot.axhline(level, color=style.INK, linewidth=0.8, linestyle=(0, (3, 3)), alpha=0.5)
    plot.set_yticks([0, 25, 50, 75, 99])
    plot.minorticks_off()
    low, high = plot.get_xlim()
    # Many marks in each power of ten where there are few powers.
    steps = (1, 2, 3, 5, 7) if high < 6 * low else (1, 2, 5) if high < 30 * low else (1, 3) if high < 2e3 * low else (1,)
    ticks = [10.0**power * step for power in range(-6, 7) for step in steps if low <= 10.0**power * step <= high]
    plot.set_xticks(ticks, [str(Quantity(tick, "s")) for tick in ticks])
    plot.grid(color=style.INK, alpha=0.14, linewidth=0.8)
    plot.set_xlabel(f"{what} (log axis)")
    plot.set_ylabel(f"% of {of} within")
    if len(data["seconds"]) > 1:
        columns = _columns(list(data["seconds"]))
        plot.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), frameon=False, ncols=columns, handlelength=1.6, columnspacing=1.2)
