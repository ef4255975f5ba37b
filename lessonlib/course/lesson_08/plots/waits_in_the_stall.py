"""Every user's wait for the first token at the second of arrival, through the stall, and the load test's samples beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_08.service_run import STALL_AT_S, STALL_S, service_run
from lessonlib.draw import style
from lessonlib.roofline import Lab

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: seconds of the run that are drawn
FROM_S, TO_S = 100.0, 180.0


def describe(lab: Lab) -> style.Described:
    """The numbers of the figure and what it shows, without a stroke drawn."""
    data = numbers(lab)
    return style.Described(data, finding(lab, data))


def draw(lab: Lab) -> style.Figure:
    """The figure for a lab."""
    shown = describe(lab)
    with style.axes(3.4, left=0.62, right=0.25, top=0.42, bottom=0.58) as plot:
        _paint(plot, shown.data)
        return style.finish(plot, "waits-in-the-stall", lab.name, shown)


def numbers(lab: Lab) -> dict[str, Any]:
    """Seconds of arrival and seconds of waiting of users and of the load test, in the stretch that is drawn."""
    run = service_run(lab)
    data: dict[str, Any] = {"stall_s": [STALL_AT_S, STALL_AT_S + STALL_S]}
    for who, came, waited in (
        ("users", run.user_arrivals, run.user_waits),
        ("test", run.test_arrivals, run.test_waits),
    ):
        inside = (came >= FROM_S) & (came <= TO_S)
        data[f"{who}_came_s"], data[f"{who}_waited_s"] = came[inside].tolist(), waited[inside].tolist()
        held = (came > STALL_AT_S) & (came < STALL_AT_S + STALL_S)
        data[f"{who}_in_it"] = int(held.sum())
    data["worst_s"] = float(run.user_waits.max())
    return data


def finding(lab: Lab, data: dict[str, Any]) -> str:
    """What the figure shows, in words, with its numbers."""
    sent = data["test_in_it"]
    test = "The load test sent nothing in it." if not sent else f"The load test sent {sent} in it."
    return (
        f"Arrival and wait for the first token on {lab.title}, simulated: {data['users_in_it']} users come while the server stands still for "
        f"{Quantity(STALL_S, 's')}; their waits fall along a line from {Quantity(data['worst_s'], 's')} to nearly nothing. {test}"
    )


def _paint(plot: Axes, data: dict[str, Any]) -> None:
    begin, end = data["stall_s"]
    plot.axvspan(begin, end, facecolor=style.KV, alpha=0.25, linewidth=0)
    plot.plot(
        data["users_came_s"],
        data["users_waited_s"],
        "o",
        markerfacecolor=style.KV,  # the inside is seen on a dark page, the edge on a light one
        markeredgecolor=style.MEMORY,
        markersize=5,
        label="users",
        zorder=3,
    )
    plot.plot(
        data["test_came_s"],
        data["test_waited_s"],
        "s",
        markerfacecolor="none",
        markeredgecolor=style.COMPUTE,
        markeredgewidth=1.3,
        markersize=6,
        label="load test",
        zorder=4,
    )
    plot.annotate("no step", ((begin + end) / 2, data["worst_s"] * 1.06), ha="center", va="bottom", fontweight="bold")
    plot.set_xlim(FROM_S, TO_S)
    plot.set_ylim(-1, data["worst_s"] * 1.24)
    plot.grid(axis="y", color=style.INK, alpha=0.16, linewidth=0.8)
    plot.set_xlabel("arrival, seconds of the run")
    plot.set_title("wait for the first token, s", fontsize=11, loc="left", x=-0.1, pad=10)
    plot.legend(loc="upper right", frameon=False)
