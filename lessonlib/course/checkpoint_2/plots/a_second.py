"""Where a second of the help desk goes, by its line: reading, the answers' own parts, and what is left for the fixed part of the steps."""

from __future__ import annotations

from dataclasses import replace

from lessonlib.course.checkpoint_2.card import by_card, forecast, idle, not_found
from lessonlib.course.checkpoint_2.services import worked_service
from lessonlib.course.checkpoint_2.settings import Settings, read_settings
from lessonlib.draw import style
from lessonlib.roofline import Lab


def lines() -> dict[str, Settings]:
    """The lines that are compared, today's first."""
    service = worked_service()
    today = read_settings(service, service.line)
    return {
        "today": today,
        "caching": replace(today, caching=True),
        "fp8 checkpoint": replace(today, weights="fp8"),
        "fp8 cache": replace(today, cache="fp8"),
        "all three": replace(today, caching=True, weights="fp8", cache="fp8"),
        "and drafts": by_card(service),
    }


def describe(lab: Lab) -> style.Described:
    """The numbers of the figure and what it shows."""
    service = worked_service()
    reading, writing = [], []
    for settings in lines().values():
        reading.append(service.rate * idle(service, settings).read_s * not_found(service, settings.caching))
        writing.append(forecast(service, settings).load - reading[-1])
    loads = [one + other for one, other in zip(reading, writing, strict=True)]
    told = ", ".join(f"{name} {load:.2f}" for name, load in zip(lines(), loads, strict=True))
    return style.Described(
        {"lines": list(lines()), "reading": reading, "writing": writing},
        f"Seconds of work that come with each second: {told}. Above 1 no server keeps up.",
    )


def draw(lab: Lab) -> style.Figure:
    """The figure."""
    shown = describe(lab)
    with style.axes(3.0, left=1.35, right=0.3, top=0.2, bottom=0.58) as plot:
        rows = range(len(shown.data["lines"]))
        plot.barh(rows, shown.data["reading"], color=style.COMPUTE, height=0.6)
        plot.barh(
            rows,
            shown.data["writing"],
            left=shown.data["reading"],
            color=style.MEMORY,
            height=0.6,
        )
        plot.axvline(1.0, color=style.INK, linestyle="--", linewidth=1.2)
        plot.set_yticks(list(rows), shown.data["lines"])
        plot.invert_yaxis()
        plot.set_xlabel("work in a second, s: reading (left), answers (right)")
        return style.finish(plot, "a-second", "help-desk", shown)
