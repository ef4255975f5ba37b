"""Two tables of eight chairs: at one nobody sits down before all have left, at the other a chair that is free is taken at once."""

from __future__ import annotations

from heapq import heapify, heapreplace
from itertools import cycle

from lessonlib.draw import parts
from lessonlib.draw.given import Given
from lessonlib.draw.marks import group, place, rect, text
from lessonlib.draw.sheet import Sheet

NEEDS = {
    "trips": "trips of the van until the longest answer is done, such as '800 steps'",
    "closed": "tokens written at the table that waits for its last guest, such as '1,700 tokens'",
    "opened": "tokens written at the other in the same time, such as '6,400 tokens'",
    "busy": "the share of chairs on a trip that eat at the first, such as '27 %'",
}
DURATION_S = 5.0
#: how long each of eight guests eats, as shares of the longest, and until when the longest does (seconds)
_STAYS = (0.025, 0.05, 0.075, 0.1125, 0.1625, 0.25, 0.45, 1.0)
_ALL_S = 4.0
_LEFT, _PITCH = 73, 82
_CLOSED, _OPENED = 158, 306


def _chair(x: float, y: float) -> str:
    """An empty chair, drawn over the guest who had it."""
    return rect(x - 26, y - 56, 52, 55, "paper", 0) + rect(x - 16, y - 34, 32, 33, "ink dashed paper", 6)


def _guests_who_leave(sheet: Sheet) -> str:
    """The last of them is still there at the end."""
    seats = []
    for seat, stay in enumerate(_STAYS):
        x = _LEFT + _PITCH * seat
        left = group(_chair(x, _CLOSED), look=sheet.appear(_ALL_S * stay, 0.2)) if stay < 1 else ""
        seats.append(place(parts.guest(), x, _CLOSED) + left)
    return "".join(seats)


def _arrivals() -> list[list[float]]:
    """For each chair the seconds at which somebody new sits down: who is next takes the first that is free."""
    free = [(stay, seat) for seat, stay in enumerate(_STAYS)]
    heapify(free)
    taken: list[list[float]] = [[] for _ in _STAYS]
    for stay in cycle(_STAYS):
        when, seat = free[0]
        if when >= 1:
            return taken
        taken[seat].append(_ALL_S * when)
        heapreplace(free, (when + stay, seat))
    return taken


def _guests_who_change(sheet: Sheet) -> str:
    """Each chair blinks when somebody new sits down."""
    seats = []
    for seat, times in enumerate(_arrivals()):
        frames = [(0.0, "opacity:1")]
        for at in sorted({round(4 * time) / 4 for time in times}):  # more often than that is a flicker
            if 0 < at < _ALL_S:
                frames += [(at - 0.01, "opacity:1"), (at, "opacity:0"), (at + 0.12, "opacity:1")]
        look = sheet.motion(*frames) if times else ""
        seats.append(group(place(parts.guest(), _LEFT + _PITCH * seat, _OPENED), look=look))
    return "".join(seats)


def _table(y: float) -> str:
    return rect(_LEFT - 40, y, _PITCH * 7 + 80, 18, "ink paper", 8)


def draw(given: Given, prefix: str) -> dict[str, object]:
    trips, closed, opened, busy = (given.text(key) for key in ("trips", "closed", "opened", "busy"))
    sheet = Sheet("eight-chairs", prefix, DURATION_S)
    after = sheet.appear(_ALL_S, 0.2)
    sheet.add(
        text(33, 40, f"The same {trips}, one plate a chair", "big", "start"),
        text(33, 84, "nobody sits down until all have left", "", "start"),
        _guests_who_leave(sheet),
        _table(_CLOSED),
        group(text(687, 84, closed, "strong memory", "end"), look=after),
        text(33, 232, "whoever waits takes the next free chair", "", "start"),
        _guests_who_change(sheet),
        _table(_OPENED),
        group(text(687, 232, opened, "strong memory", "end"), look=after),
        group(text(360, 372, f"above, {busy} of the plates are eaten; below, all", "strong"), look=after),
    )
    alt = (
        f"Two tables of eight chairs over the same {trips}. Above nobody sits down until all have left: at the end one guest eats beside seven "
        f"empty chairs; {busy} of the plates were eaten, {closed} in all. Below whoever waits takes the next free chair: all eat all the time, {opened}."
    )
    # at moments at which nobody is just coming or going
    steps = [
        (0.05, "Eight guests sit down at either table, four of them with small appetites."),
        (2.2, "Above, chairs fall empty and stay so. Below, somebody new sits down before the next trip."),
        (3.6, "The last guest of the first table goes on alone, and each trip takes as long as before."),
        (
            5.0,
            f"Plates eaten: {closed} at the upper table, {opened} at the lower. Above, {busy} of the plates found a guest; below, all.",
        ),
    ]
    return {"svg": sheet.svg(alt), "duration_s": DURATION_S, "steps": steps, "alt": alt}
