"""The roofline as it is built: first the road's slope, then the cook's ceiling, where they meet, and two pieces of work.

Both axes are logarithmic. A share says how far along the axis a value stands; the slope has the same rise on every lab,
so the height of the ceiling follows from where the two meet.
"""

from __future__ import annotations

from lessonlib.draw import parts
from lessonlib.draw.given import Given
from lessonlib.draw.marks import circle, group, line, path, place, points, text
from lessonlib.draw.sheet import Sheet

NEEDS = {
    "bandwidth": "memory bandwidth, such as '6.7 TB/s'",
    "peak": "dense peak, such as '1.98 PFLOP/s'",
    "ridge": "FLOPs for each byte at which both take equally long, such as '295 FLOP/byte'",
    "ridge_at": "how far along the axis that is, 0 to 1",
    "one": "FLOPs for each byte of one written token, such as '1 FLOP/byte'",
    "one_at": "how far along the axis that is, 0 to 1",
    "read": "FLOPs for each byte of a prompt, such as '3,950 FLOP/byte'",
    "read_at": "how far along the axis that is, 0 to 1",
}
DURATION_S = 5.0
_LEFT, _RIGHT, _FLOOR = 40, 692, 316
_FOOT, _RISE = 304, 322  # height of the slope's foot on the sheet; how far the slope would rise over the whole axis
_LONG = 900  # longer than any line here


def _x(share: float) -> float:
    return _LEFT + share * (_RIGHT - _LEFT)


def _y(share: float, ridge: float) -> float:
    """Height of the roof at a place of the axis."""
    return _FOOT - _RISE * min(share, ridge)


def _stroke(sheet: Sheet, start_s: float, end_s: float) -> str:
    """A class that draws a line from its beginning to its end."""
    hidden, shown = (f"stroke-dasharray:{_LONG};stroke-dashoffset:{offset}" for offset in (_LONG, 0))
    return sheet.motion((0, hidden), (start_s, hidden), (end_s, shown))


def _work(sheet: Sheet, share: float, ridge: float, at_s: float, *label: str) -> str:
    """A dot on the roof, and beside it what it stands for."""
    return group(circle(_x(share), _y(share, ridge), 9, "solid"), *label, look=sheet.appear(at_s, 0.2))


def draw(given: Given, prefix: str) -> dict[str, object]:
    bandwidth, peak, ridge, one, read = (given.text(key) for key in ("bandwidth", "peak", "ridge", "one", "read"))
    corner, first, last = (given.share(key) for key in ("ridge_at", "one_at", "read_at"))
    sheet = Sheet("roof", prefix, DURATION_S)
    x, y, low = _x(corner), _y(corner, corner), _x(first)
    tiles = "".join(place(parts.token("compute", 20), _RIGHT - 12 - 26 * count, y + 38) for count in range(5))
    sheet.add(
        path(f"M{points(_LEFT, 84)} V{points(_FLOOR)} H{points(_RIGHT + 6)}", "ink"),
        text(_LEFT - 14, 38, "FLOP/s that work can reach", "strong", "start"),
        text(_LEFT - 14, 64, "against FLOPs for each byte (both log)", at="start"),
        path(f"M{points(_LEFT, _FOOT)} L{points(x, y)}", f"memory-line heavy {_stroke(sheet, 0.3, 1.1)}"),
        path(f"M{points(x, y)} H{points(_RIGHT)}", f"compute-line heavy {_stroke(sheet, 1.4, 2.0)}"),
        group(
            text(_LEFT + 14, 164, "the road:", "strong memory", "start"),
            text(_LEFT + 14, 190, bandwidth, "memory", "start"),
            look=sheet.appear(1.1, 0.2),
        ),
        group(text(_RIGHT, y - 16, f"the cook: {peak}", "strong compute", "end"), look=sheet.appear(2.0, 0.2)),
        group(
            line(x, y, x, _FLOOR, "ink"),
            circle(x, y, 9, "ink paper"),
            text(x + 12, _FLOOR - 42, "ridge", "strong", "start"),
            text(x + 12, _FLOOR - 16, ridge, at="start"),
            look=sheet.appear(2.5, 0.2),
        ),
        _work(
            sheet,
            first,
            corner,
            3.3,
            place(parts.token(size=20), low + 26, _FLOOR - 12),
            text(low + 44, _FLOOR - 15, one, at="start"),
        ),
        _work(sheet, last, corner, 4.3, tiles, text(_RIGHT, y + 64, read, at="end")),
        group(
            place(parts.small_van(58), _LEFT + 4, 378),
            text(_LEFT + 76, 374, "all wait for the van", at="start"),
            look=sheet.appear(2.5, 0.2),
        ),
        group(
            place(parts.cook(), _RIGHT - 24, 394, 0.36),
            text(_RIGHT - 72, 374, "all wait for the cook", at="end"),
            look=sheet.appear(2.5, 0.2),
        ),
    )
    side = "left of the ridge, on the slope" if first < corner else "right of the ridge, under the ceiling"
    other = "under the ceiling" if last > corner else "on the slope"
    alt = (
        f"A roofline on log axes: a slope for {bandwidth} of bandwidth meets a ceiling at {peak}; the ridge is at {ridge}. One token, "
        f"{one}, stands {side}; a prompt, {read}, stands {other}."
    )
    steps = [
        (1.3, f"The slope: {bandwidth} bring so many bytes, and twice the work for a byte is twice the FLOP/s."),
        (2.3, f"The ceiling: no work gets more than {peak}."),
        (2.8, f"They meet at {ridge}: there the van arrives just as the cook puts down the knife."),
        (
            3.6,
            f"One token, {one}, stands on the slope."
            if first < corner
            else f"One token, {one}, stands under the ceiling.",
        ),
        (5.0, f"A prompt, {read}, stands {other}. Same kitchen, and another one waits."),
    ]
    return {"svg": sheet.svg(alt), "duration_s": DURATION_S, "steps": steps, "alt": alt}
