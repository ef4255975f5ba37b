"""Expected beside measured times of somebody's measurements, with what lies above the ceiling."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lessonlib.base.errors import LessonlibError
from lessonlib.base.quantity import Quantity
from lessonlib.draw import style

if TYPE_CHECKING:
    from lessonlib.serving.measured.report import Held

MARKERS = (("dense", "s", style.MEMORY), ("mixture", "^", style.COMPUTE), ("kernel", "o", style.STATE))


def _kind(item: Held) -> str:
    return "kernel" if item.row.kernel else "mixture" if item.row.mixture else "dense"


def write(items: Sequence[Held], path: Path) -> None:
    """Write expected over measured against the measured time (for a rate, of one token) to a file of its own (see style.save).

    Hollow: flagged rows. A cross: quicker than the ceiling. Raises LessonlibError where there is nothing to draw.
    """
    if not items:
        raise LessonlibError("--plot: no row could be computed, so there is nothing to draw")
    with style.axes(4.4, left=0.95, right=0.35, top=0.2, bottom=0.65) as plot:
        for name, marker, colour in MARKERS:
            for flagged in (False, True):
                members = [item for item in items if _kind(item) == name and bool(item.row.flag) == flagged]
                if members:
                    look = {"facecolors": "none", "edgecolors": colour} if flagged else {"color": colour, "alpha": 0.65}
                    plot.scatter(
                        [item.row.seconds for item in members],
                        [item.expected_s / item.row.seconds for item in members],
                        s=26,
                        marker=marker,
                        label=f"{name}, flagged" if flagged else name,
                        **look,
                    )
        over = [item for item in items if item.over]
        if over:
            xs, ys = [item.row.seconds for item in over], [item.expected_s / item.row.seconds for item in over]
            plot.scatter(xs, ys, s=70, marker="x", color=style.INK, label="above the ceiling")
        plot.axhline(1.0, color=style.INK, linewidth=1.4)
        for factor in (1.25, 1 / 1.25):
            plot.axhline(factor, color=style.INK, linewidth=0.9, linestyle=(0, (3, 3)))
        plot.set_xscale("log")
        plot.set_yscale("log")
        ratios = [item.expected_s / item.row.seconds for item in items]
        low, high = min(0.5, *ratios) / 1.15, max(2.0, *ratios) * 1.15
        plot.set_ylim(low, high)
        ticks = [tick for tick in (0.1, 0.25, 0.5, 0.8, 1, 1.25, 2, 4, 10) if low < tick < high]
        plot.yaxis.set_ticks(ticks, [f"{tick:g}" for tick in ticks])
        plot.yaxis.minorticks_off()
        # The formatter of a log axis writes formulas, and no text here is one.
        plot.xaxis.set_major_formatter(lambda seconds, _place: str(Quantity(seconds, "s")))
        plot.xaxis.set_minor_formatter("")
        plot.grid(color=style.INK, alpha=0.14, linewidth=0.8)
        plot.set_xlabel("measured time, of a step, a token or an answer (log axis)")
        plot.set_ylabel("expected over measured; dashed: a quarter")
        plot.legend(loc="best", frameon=False)
        style.save(plot, path)
