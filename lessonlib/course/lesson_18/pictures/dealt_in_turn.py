"""Four kitchens, orders dealt in turn, one cook at half speed: where the slips pile up."""

from __future__ import annotations

from lessonlib.draw import parts
from lessonlib.draw.given import Given
from lessonlib.draw.marks import group, line, place, rect, text
from lessonlib.draw.sheet import Sheet

NEEDS = {
    "come": "requests a second at each kitchen, such as '3 requests a second'",
    "served": "requests a second that the slow one serves",
    "line": "requests that wait at the slow one in the end, such as '117 requests'",
    "usual": "requests that wait at a healthy one, such as '1.2 requests'",
    "wait": "seconds that the next one waits there, such as '58 s'",
}
DURATION_S = 5.0
_COLUMNS = (100, 272, 444, 616)
_GROUND, _SLIP, _PITCH = 336, 28, 13
#: slips that end on the slow kitchen's rail, and when each comes (seconds)
_PILE = 9


def draw(given: Given, prefix: str) -> dict[str, object]:
    come, served, line_, usual, wait = (given.text(key) for key in ("come", "served", "line", "usual", "wait"))
    sheet = Sheet("dealt-in-turn", prefix, DURATION_S)
    sheet.add(text(24, 34, "one order to each kitchen in turn", "big", "start"))
    for number, x in enumerate(_COLUMNS):
        slow = number == len(_COLUMNS) - 1
        sheet.add(place(parts.cook(), x, _GROUND), line(x - 60, 84, x + 60, 84, "thin"))
        sheet.add(text(x, 68, "half speed" if slow else "full speed", "strong" if slow else ""))
        # A healthy kitchen's slip is gone before the next one comes; the slow one's stay on the rail.
        slips = _PILE if slow else 1
        for place_ in range(slips):
            at = 0.3 + 0.4 * place_
            slip = rect(
                x - 50 + (place_ % 3) * 36, 88 + (place_ // 3) * (_PITCH + 5), _SLIP, _PITCH, "cache-line cache-soft", 2
            )
            sheet.add(group(slip, look=sheet.appear(at)))
        told = line_ if slow else usual
        sheet.add(group(text(x, _GROUND + 24, told, "strong" if slow else ""), look=sheet.appear(4.2)))
    sheet.add(group(text(_COLUMNS[-1], _GROUND + 50, f"next one: {wait}", "strong"), look=sheet.appear(4.6)))
    sheet.add(group(text(24, _GROUND + 50, "wait for their first token", "", "start"), look=sheet.appear(4.2)))
    alt = (
        f"Four kitchens get orders in turn, {come} each. Three keep up: {usual} wait there. The fourth cooks at half speed and serves {served}; its "
        f"slips pile up to {line_}, and the next one waits {wait}."
    )
    steps = [
        (1.4, f"Orders are dealt in turn, {come} to each kitchen. The fourth serves {served}."),
        (3.8, "Three rails stay nearly empty. On the fourth, slips stay."),
        (5.0, f"{line_} wait at the fourth kitchen, {usual} at the others. The next order waits {wait}."),
    ]
    return {"svg": sheet.svg(alt), "duration_s": DURATION_S, "steps": steps, "alt": alt}
