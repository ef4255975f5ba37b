"""Two kitchens and the road between: divided evenly, guests wait before the first; three to one, nobody waits long."""

from __future__ import annotations

from lessonlib.draw import parts
from lessonlib.draw.given import Given
from lessonlib.draw.marks import group, line, place, text
from lessonlib.draw.sheet import Sheet

NEEDS = {
    "even": "share of the guests served within both limits with two and two, such as '4 %'",
    "uneven": "the same with three and one, such as '92 %'",
}
DURATION_S = 5.0
_ABOVE, _BELOW = 170, 326
#: where the queue ends, the middle of the first kitchen, the road's ends, the middle of the second
_QUEUE, _FIRST, _ROAD, _SECOND = 196, 296, (388, 520), 590
#: guests who wait in the end, and between which seconds they come
_WAITING, _COME = {_ABOVE: 6, _BELOW: 1}, (0.4, 3.8)
_RIDES = ((0.6, 1.6), (1.8, 2.8), (3.0, 4.0))


def _queue(sheet: Sheet, y: int) -> str:
    """Guests before the first kitchen, the last to come farthest from it."""
    count, (begin, end) = _WAITING[y], _COME
    marks = []
    for place_ in range(count):
        at = begin + (end - begin) * place_ / max(1, count - 1)
        marks.append(group(place(parts.guest(), _QUEUE - 31 * place_, y, 0.62), look=sheet.appear(at, 0.2)))
    return "".join(marks)


def _kitchens(y: float, cooks: int, vans: int) -> str:
    """Cooks who read the orders, and vans that bring what the plates need."""
    first = [place(parts.cook(), _FIRST + 50 * (turn - (cooks - 1) / 2), y, 0.3) for turn in range(cooks)]
    second = [place(parts.small_van(48), _SECOND + 58 * (turn - (vans - 1) / 2) - 24, y) for turn in range(vans)]
    return "".join(first + second)


def _binders(sheet: Sheet, y: float) -> str:
    """One binder that rides over the road three times, and has arrived in the end."""
    length = _ROAD[1] - _ROAD[0] - 14
    frames: list[tuple[float, str]] = [(0.0, f"transform:translateX(-{length}px);opacity:0")]
    for begin, end in _RIDES:
        frames += [
            (begin, f"transform:translateX(-{length}px);opacity:0"),
            (begin + 0.05, f"transform:translateX(-{length}px);opacity:1"),
            (end, "transform:translateX(0px);opacity:1"),
            (end + 0.05, "transform:translateX(0px);opacity:0"),
        ]
    frames[-1] = (_RIDES[-1][1] + 0.05, "transform:translateX(0px);opacity:1")
    return group(place(parts.binder(30, 13), _ROAD[1] - 14, y - 2), look=sheet.motion(*frames))


def _row(sheet: Sheet, y: int, cooks: int, vans: int) -> str:
    ground = line(20, y, _ROAD[0], y, "thin") + line(_ROAD[1], y, 700, y, "thin")
    return (
        ground
        + parts.road(_ROAD[0], y, _ROAD[1] - _ROAD[0])
        + _queue(sheet, y)
        + _kitchens(y, cooks, vans)
        + _binders(sheet, y)
    )


def draw(given: Given, prefix: str) -> dict[str, object]:
    even, uneven = given.text("even"), given.text("uneven")
    sheet = Sheet("two-kitchens", prefix, DURATION_S)
    after = sheet.appear(4.2, 0.3)
    sheet.add(
        text(20, 40, "Orders are read here", "big compute", "start"),
        text(700, 40, "plates leave here", "big memory", "end"),
        text(20, 78, "two and two", "strong", "start"),
        _row(sheet, _ABOVE, 2, 2),
        group(text(700, 78, f"in time: {even}", "strong", "end"), look=after),
        text(20, 234, "three and one", "strong", "start"),
        _row(sheet, _BELOW, 3, 1),
        group(text(700, 234, f"in time: {uneven}", "strong", "end"), look=after),
        text(360, 384, "each guest's binder rides along", "cache"),
    )
    alt = (
        f"Two kitchens with a road between, in two rows. Above two cooks read orders and two vans serve plates: six guests wait before the first "
        f"kitchen, {even} are served in time. Below three cooks read and one van serves: one guest waits, {uneven} are served in time. A binder "
        "rides over the road for each guest."
    )
    steps = [
        (0.3, "Guests come to both rows at the same pace. Their orders are read on the left."),
        (2.9, "Each guest's binder rides over the road. Above, guests come faster than two cooks can read."),
        (4.1, "The queue above grows for as long as guests come; two vans have time to spare."),
        (5.0, f"In time are {even} of the guests above, and {uneven} below, with the same four."),
    ]
    return {"svg": sheet.svg(alt), "duration_s": DURATION_S, "steps": steps, "alt": alt}
