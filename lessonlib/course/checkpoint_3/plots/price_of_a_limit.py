"""What the worked fleet costs by the card for each limit of the gap, of small replicas and of large ones."""

from __future__ import annotations

from dataclasses import replace

from lessonlib.course.checkpoint_3.card import forecast, one_pool
from lessonlib.course.checkpoint_3.fleets import worked_fleet
from lessonlib.draw import style
from lessonlib.roofline import Lab

#: Limits of the gap, milliseconds.
LIMITS_MS = tuple(range(16, 62, 2))


def costs() -> dict[str, list[float | None]]:
    """Dollars an hour by limit, for each replica that may be rented; None where none of them does it."""
    fleet = worked_fleet()
    found: dict[str, list[float | None]] = {}
    for offer in fleet.offers:
        row: list[float | None] = []
        for limit in LIMITS_MS:
            asked = replace(fleet, name=f"{fleet.name}-{limit}", tpot_s=limit / 1e3)
            plan = one_pool(asked, offer)
            row.append(round(forecast(asked, plan).cost, 2) if plan else None)
        found[f"{offer.tp} GPU{'s' * (offer.tp > 1)} a replica"] = row
    return found


def describe(lab: Lab) -> style.Described:
    """The numbers of the figure and what it shows."""
    found = costs()
    told = []
    for name, row in found.items():
        known = [(limit, cost) for limit, cost in zip(LIMITS_MS, row, strict=True) if cost is not None]
        (first, dear), (last, cheap) = known[0], known[-1]
        told.append(f"{name}: ${dear:.0f} an hour for {first} ms, ${cheap:.0f} for {last} ms")
    return style.Described(
        {"limits_ms": list(LIMITS_MS), "usd": found},
        f"The tighter the limit, the dearer; the wide replica can do limits that the small one cannot. {'; '.join(told)}.",
    )


def draw(lab: Lab) -> style.Figure:
    """The figure."""
    shown = describe(lab)
    with style.axes(3.0, left=0.75, right=0.3, top=0.2, bottom=0.58) as plot:
        looks = ((style.COMPUTE, "-", "o"), (style.MEMORY, "--", "s"))
        for (name, row), (colour, line, mark) in zip(shown.data["usd"].items(), looks, strict=True):
            known = [(limit, cost) for limit, cost in zip(LIMITS_MS, row, strict=True) if cost is not None]
            plot.plot(
                [limit for limit, _ in known], [cost for _, cost in known], line, marker=mark, markersize=4, color=colour, label=name
            )  # fmt: skip
        plot.set_ylim(bottom=0)
        plot.set_xlabel("limit of the mean gap, ms")
        plot.set_ylabel("dollars an hour")
        plot.legend(frameon=False)
        return style.finish(plot, "price-of-a-limit", "clinic", shown)
