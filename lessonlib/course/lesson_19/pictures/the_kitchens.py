"""Kitchens at three times: one is open and the others heat up, all are open, and all but two are closed again."""

from __future__ import annotations

from lessonlib.draw import parts
from lessonlib.draw.given import Given
from lessonlib.draw.marks import group, place, rect, text
from lessonlib.draw.sheet import Sheet

NEEDS = {
    "open": "kitchens that are open in the middle, such as 7",
    "left": "kitchens that are open at the end, such as 2",
    "start": "how long one heats up, such as '5 minutes'",
    "first": "how long guests wait above, such as '400 s'",
    "again": "how long they wait below, such as '58 s'",
    "inside": "guests of all kitchens in the middle, such as '38 requests'",
    "target": "guests that one kitchen is to have, such as '87'",
}
DURATION_S = 5.0
_LEFT, _PITCH, _WIDE, _HIGH = 30, 48, 38, 40
_ROWS, _TIMES = (84, 208, 332), (0.3, 1.9, 3.4)
_OUTSIDE, _GUEST_PITCH = 440, 24


def _kitchen(place_: int, y: float, look: str, guests: int) -> str:
    """A house with as many plates in it; without guests nothing is on the stove."""
    x = _LEFT + _PITCH * place_
    marks = rect(x, y - _HIGH, _WIDE, _HIGH, look, 4)
    for seat in range(guests):
        marks += rect(x + 5 + 10 * (seat % 3), y - 13 - 12 * (seat // 3), 8, 9, "memory-line memory-fill", 2)
    return marks


def _row(y: float, kinds: list[tuple[str, int]], outside: int) -> str:
    marks = "".join(_kitchen(place_, y, look, guests) for place_, (look, guests) in enumerate(kinds))
    queue = "".join(place(parts.guest(), _OUTSIDE + _GUEST_PITCH * one, y, 0.55) for one in range(outside))
    return marks + queue


def draw(given: Given, prefix: str) -> dict[str, object]:
    most, left = given.count("open"), given.count("left")
    start, first, again, inside, target = (given.text(key) for key in ("start", "first", "again", "inside", "target"))
    sheet = Sheet("the-kitchens", prefix, DURATION_S)
    on, heating, gone = "ink paper", "compute-line compute-soft dashed", "thin paper dashed"
    rows = (
        (
            [(on, 9)] + [(heating, 0)] * (most - 1),
            11,
            f"{most - 1} more heat up for {start}: guests wait {first}",
        ),
        ([(on, 2)] * most, 0, f"all open: {inside} inside, {target} wanted in each"),
        ([(on, 9)] * left + [(gone, 0)] * (most - left), 6, f"so all but {left} close: guests wait {again}"),
    )
    for y, at, (kinds, outside, words) in zip(_ROWS, _TIMES, rows, strict=True):
        drawn = _row(y, kinds, outside) + text(_LEFT, y + 34, words, "strong", "start")
        sheet.add(group(drawn, look=sheet.appear(at)))
    alt = (
        f"Three rows of {most} kitchens, for the same number of guests an hour. Above one is open, {most - 1} heat up for {start}, and guests wait "
        f"{first} outside. In the middle all are open with two plates each, {inside} in all, and nobody waits. Below all but {left} are closed, "
        f"since {target} a kitchen are wanted, and guests wait {again}."
    )
    steps = [
        (1.8, f"One kitchen is open. {most - 1} more heat up for {start}, and guests wait {first}."),
        (3.3, f"All {most} are open. Guests are soon done, so only {inside} are inside, and nobody waits."),
        (5.0, f"The manager counts guests inside and closes all but {left}. Guests wait {again}."),
    ]
    return {"svg": sheet.svg(alt), "duration_s": DURATION_S, "steps": steps, "alt": alt}
