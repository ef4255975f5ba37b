"""Drawers of a kitchen: one order opens a few, a party nearly all; then the drawers stand in several kitchens, and the longest line decides."""

from __future__ import annotations

from lessonlib.draw.given import Given
from lessonlib.draw.marks import circle, group, line, rect, text
from lessonlib.draw.sheet import Sheet

NEEDS = {
    "drawers": "drawers in all, a whole number such as 128",
    "ordered": "drawers of one order, a whole number such as 8",
    "party": "guests of a party, a whole number such as 64",
    "party_drawers": "drawers that their orders open, a whole number such as 126",
    "kitchens": "kitchens that the drawers are spread over, at most 8",
    "longest_line": "drawers of one order in the kitchen with most of them, such as '2.53 experts'",
    "mean_line": "and in an average kitchen, such as '1 expert'",
}
DURATION_S = 5.0
#: pixels: where the two chests begin, between drawers, size of one; drawers in a row; kitchens and where they begin
_LEFTS, _TOP, _STEP, _SIZE, _COLUMNS = (40, 390), 66, 18, 13, 16
_FLOOR, _WIDE = 350, 80
#: drawers of the drawn order by kitchen, from the left
_LINE = (1, 0, 3, 1, 0, 2, 1, 0)


def _drawer(left: float, place: int, look: str) -> str:
    row, column = divmod(place, _COLUMNS)
    return rect(left + column * _STEP, _TOP + row * _STEP, _SIZE, _SIZE, look, 2)


def _chest(left: float, count: int, opened: set[int]) -> tuple[str, str]:
    """All drawers shut, and those that are open, drawn over them."""
    shut = "".join(_drawer(left, place, "thin ink paper") for place in range(count))
    return shut, "".join(_drawer(left, place, "memory-line memory-fill") for place in sorted(opened))


def _spread(count: int, some: int) -> set[int]:
    """So many different places among `count`, far from a pattern: steps of 37, which shares no factor with a count of drawers."""
    return {(11 + 37 * turn) % count for turn in range(some)}


def draw(given: Given, prefix: str) -> dict[str, object]:
    drawers, ordered, party, opened = (given.count(key) for key in ("drawers", "ordered", "party", "party_drawers"))
    kitchens = given.count("kitchens")
    longest, mean = given.text("longest_line"), given.text("mean_line")
    sheet = Sheet("open-drawers", prefix, DURATION_S)
    one_shut, one_open = _chest(_LEFTS[0], drawers, _spread(drawers, ordered))
    all_shut, all_open = _chest(_LEFTS[1], drawers, _spread(drawers, opened))
    sheet.add(
        text(_LEFTS[0], 40, f"one guest: {ordered} of {drawers}", "strong", "start"),
        group(one_shut),
        group(one_open, look=sheet.appear(0.6)),
        group(text(_LEFTS[1], 40, f"{party} guests: {opened}", "strong", "start"), all_shut, look=sheet.appear(1.5)),
        group(all_open, look=sheet.appear(2.2)),
    )
    floors = "".join(line(40 + place * _WIDE, _FLOOR, 102 + place * _WIDE, _FLOOR, "ink") for place in range(kitchens))
    tickets = "".join(
        circle(71 + place * _WIDE, _FLOOR - 15 - 26 * turn, 10, "compute-line compute-soft")
        for place, waiting in enumerate(_LINE[:kitchens])
        for turn in range(waiting)
    )
    sheet.add(
        group(text(40, 245, f"one guest, {kitchens} kitchens", "strong", "start"), floors, look=sheet.appear(3.0)),
        group(tickets, text(690, 384, f"longest line {longest}", "", "end"), look=sheet.appear(3.8)),
        text(40, 384, "each layer asks anew", "", "start"),
    )
    alt = (
        f"Two chests of {drawers} drawers. One guest's order opens {ordered} of them, the orders of {party} guests open {opened}. Below, the drawers "
        f"stand in {kitchens} kitchens: of one order some kitchens have none, the one with most has {longest} on average, where an average kitchen has {mean}."
    )
    steps = [
        (1.4, f"One guest's order opens {ordered} of {drawers} drawers; the van stops at each."),
        (2.9, f"{party} guests open {opened}: the van stops nearly everywhere, and once at each."),
        (3.7, f"Now the drawers stand in {kitchens} kitchens, and one guest orders."),
        (5.0, f"The dish is ready when the longest line is: {longest} on average, not {mean}."),
    ]
    return {"svg": sheet.svg(alt), "duration_s": DURATION_S, "steps": steps, "alt": alt}
