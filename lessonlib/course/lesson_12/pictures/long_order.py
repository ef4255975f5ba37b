"""Trips of the van on two lines of time: a newcomer's order fills one trip, or it goes along in pieces with everybody's plates."""

from __future__ import annotations

from lessonlib.draw import parts
from lessonlib.draw.given import Given
from lessonlib.draw.marks import group, line, place, rect, text
from lessonlib.draw.sheet import Sheet

NEEDS = {
    "prompt": "tokens of the newcomer's prompt, such as '8,000 tokens'",
    "budget": "tokens that a trip may carry below, such as '250 tokens'",
    "whole": "the gap of the guests when it comes in one piece, such as '0.4 s'",
    "cut": "their worst gap when it comes in pieces, such as '20 ms'",
    "later": "the newcomer's first token in pieces, such as '0.6 s'",
}
DURATION_S = 5.0
_LEFT, _SECOND = 40, 128.0  # pixels: where time begins, and how wide a second of the drawing is
#: lengths of trips, seconds of the drawing: plates alone, the whole order, a piece of it; pieces that are drawn, plates before it
_PLATES, _WHOLE, _PIECE, _PIECES, _BEFORE = 0.16, 2.4, 0.3, 10, 4
_ABOVE, _BELOW, _END_S = 140, 300, 4.9


def _trips(reading: list[float]) -> list[tuple[float, float, bool]]:
    """Start, length, and whether a piece of the order is in it."""
    lengths = [(_PLATES, False)] * _BEFORE + [(one, True) for one in reading]
    found, at = [], 0.0
    while lengths or at < _END_S - _PLATES:
        length, reads = lengths.pop(0) if lengths else (_PLATES, False)
        found.append((at, length, reads))
        at += length
    return found


def _line(sheet: Sheet, y: float, reading: list[float]) -> str:
    """Boxes of trips; a plate for the guests when each has ended, and the newcomer's own after the last piece."""
    marks, trips = [line(_LEFT, y, _LEFT + _END_S * _SECOND, y, "thin")], _trips(reading)
    last = max(place_ for place_, trip in enumerate(trips) if trip[2])
    for place_, (start, length, reads) in enumerate(trips):
        x, width = _LEFT + start * _SECOND, length * _SECOND - 3
        box = rect(x, y - 12, width, 12, "memory-line memory-soft", 2)
        if reads:
            box = rect(x, y - 44, width, 32, "compute-line compute-soft", 3) + box
        ended = start + length
        plates = place(parts.token("memory", 14), x + width, y + 20)
        own = place(parts.token("compute", 22), x + width, y + 44) if place_ == last else ""
        marks += [
            group(box, look=sheet.appear(start, 0.1)),
            group(plates + own, look=sheet.appear(min(ended, 4.9), 0.1)),
        ]
    return "".join(marks)


def draw(given: Given, prefix: str) -> dict[str, object]:
    prompt, budget, whole, cut, later = (given.text(key) for key in ("prompt", "budget", "whole", "cut", "later"))
    sheet = Sheet("long-order", prefix, DURATION_S)
    sheet.add(
        text(_LEFT, 34, f"An order of {prompt}", "big", "start"),
        text(_LEFT, 72, "in one trip", "", "start"),
        _line(sheet, _ABOVE, [_WHOLE]),
        group(text(690, 72, f"nobody is served for {whole}", "strong compute", "end"), look=sheet.appear(3.0)),
        text(_LEFT, 226, f"in pieces, {budget} a trip, plates first", "", "start"),
        _line(sheet, _BELOW, [_PIECE] * _PIECES),
        group(text(690, 226, f"at most {cut}", "strong memory", "end"), look=sheet.appear(3.0)),
        group(text(360, 384, f"the newcomer waits {later} in place of {whole}", "strong"), look=sheet.appear(4.2)),
    )
    alt = (
        f"Trips of the van on two lines of time, not to scale. Above an order of {prompt} fills one trip: nobody is served for {whole}. Below it goes "
        f"along in pieces of what plates leave of {budget}: plates come after every trip, at most {cut} apart, and the newcomer waits {later}."
    )
    steps = [
        (0.8, "Every trip brings each guest a plate."),
        (3.0, f"Above a newcomer's order fills one trip. Nobody is served before it ends: {whole}."),
        (3.79, f"Below it goes along in pieces, after the plates: at most {cut} between two plates."),
        (5.0, f"The pieces take longer in all: the newcomer waits {later} in place of {whole}."),
    ]
    return {"svg": sheet.svg(alt), "duration_s": DURATION_S, "steps": steps, "alt": alt}
