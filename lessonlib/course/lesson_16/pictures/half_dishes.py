"""Two cooks who each make half of every course, and must add up after each: for one guest a short call, for a banquet a cartload."""

from __future__ import annotations

from lessonlib.draw.given import Given
from lessonlib.draw.marks import arrow, group, line, rect, text
from lessonlib.draw.sheet import Sheet

NEEDS = {
    "one_call": "how long a call takes for one token, such as '8 µs'",
    "calls": "calls a token, such as '100 messages'",
    "prompt": "tokens of the prompt below, such as '4,000 tokens'",
    "carried": "how long a call takes for the prompt, such as '120 µs'",
}
DURATION_S = 5.0
#: pixels: where time begins and ends; widths of a half course, of a call, of a longer half course and of a cartload
_LEFT, _RIGHT, _COURSE, _CALL, _LONG, _CART = 150, 690, 74, 30, 150, 62
#: pixels: height of a half course, between the two cooks
_HIGH, _APART = 30, 62


def _cooks(sheet: Sheet, y: float, course: float, call: float, look: str, begins_s: float, ends_s: float) -> None:
    """Half courses of both cooks, and after each pair an arrow both ways: the same for the upper and the lower drawing."""
    x, turn = float(_LEFT), 0
    turns = int((_RIGHT - _LEFT) // (course + call))
    for row, name in enumerate(("first cook", "second cook")):
        sheet.add(text(_LEFT - 12, y + row * _APART + 21, name, "", "end"))
    while turn < turns:
        at = begins_s + (ends_s - begins_s) * turn / turns
        halves = "".join(rect(x, y + row * _APART, course - 4, _HIGH, "memory-line memory-soft", 3) for row in range(2))
        middle = x + course + call / 2 - 2
        crossing = rect(x + course, y, call - 4, _APART + _HIGH, look, 3)
        arrows = arrow(middle, y + 44, middle, y + 10) + arrow(middle, y + 48, middle, y + 82)
        sheet.add(group(halves, look=sheet.appear(at, 0.1)))
        sheet.add(group(crossing, arrows, look=sheet.appear(at + 0.15, 0.1)))
        x += course + call
        turn += 1


def draw(given: Given, prefix: str) -> dict[str, object]:
    wait, calls, prompt, carried = (given.text(key) for key in ("one_call", "calls", "prompt", "carried"))
    sheet = Sheet("half-dishes", prefix, DURATION_S)
    sheet.add(
        text(40, 34, f"One guest: {calls}, {wait} each", "big", "start"),
        line(_LEFT, 156, _RIGHT, 156, "thin"),
    )
    _cooks(sheet, 50, _COURSE, _CALL, "ink paper", 0.3, 2.0)
    sheet.add(
        text(40, 214, f"A banquet, {prompt}: {carried} each", "big", "start"),
        line(_LEFT, 336, _RIGHT, 336, "thin"),
    )
    _cooks(sheet, 230, _LONG, _CART, "compute-line compute-soft", 2.3, 4.2)
    sheet.add(
        group(
            text(360, 384, "nobody goes on before both have added up", "strong"),
            look=sheet.appear(4.4),
        )
    )
    alt = (
        f"Two rows of boxes, one for each cook, twice. Each box is half of a course; after each pair of boxes both must add up. Above, for one guest, "
        f"that is a short call: {calls}, {wait} each. Below, for a banquet of {prompt}, as many, but each a cartload: {carried}. Not to scale."
    )
    steps = [
        (0.3, "Each cook makes half of every course."),
        (2.0, f"One guest: after each half both call out what they have, {wait} every time, {calls}."),
        (4.2, f"A banquet of {prompt}: as many times, but now there is a cartload to bring over, {carried}."),
        (5.0, "Nobody goes on before both have added up."),
    ]
    return {"svg": sheet.svg(alt), "duration_s": DURATION_S, "steps": steps, "alt": alt}
