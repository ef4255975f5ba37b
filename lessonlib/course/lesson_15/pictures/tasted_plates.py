"""Plates that a junior cook guesses ahead: the cook tastes all of a guest's in one trip of the van, and keeps those before the first wrong one."""

from __future__ import annotations

from lessonlib.draw.given import Given
from lessonlib.draw.marks import circle, group, line, rect, text
from lessonlib.draw.sheet import Sheet

NEEDS = {
    "one": "how many times as long a trip takes for one guest, such as '1.2×'",
    "full": "and for a full house, such as '1.9×'",
    "guests": "guests of a full house, such as 130",
    "plates": "plates to be tasted then, such as '520 tokens'",
}
DURATION_S = 5.0
#: pixels: where plates and bars begin; between plates, their radius; lengths of the van's trip, of tasting for one and for many
_LEFT, _STEP, _RADIUS, _TRIP, _FEW, _MANY = 190, 46, 15, 250, 26, 470
#: of the four plates of the drawing: two guesses are right, the third is not, the fourth is not even looked at
_RIGHT, _GUESSES = 2, 4


def _plate(place: int, y: float, look: str, mark: str) -> str:
    x = _LEFT + 20 + _STEP * place
    return circle(x, y, _RADIUS, look) + (text(x, y + 6, mark, "") if mark else "")


def _cross(place: int, y: float) -> str:
    x, reach = _LEFT + 20 + _STEP * place, 0.8 * _RADIUS
    return line(x - reach, y + reach, x + reach, y - reach, "ink")


def draw(given: Given, prefix: str) -> dict[str, object]:
    one, full, plates = (given.text(key) for key in ("one", "full", "plates"))
    guests = given.count("guests")
    sheet = Sheet("tasted-plates", prefix, DURATION_S)
    guessed = "".join(_plate(place, 70, "ink paper", "?") for place in range(_GUESSES))
    gone = "".join(_cross(place, 70) for place in range(_RIGHT, _GUESSES))
    served = "".join(_plate(place, 124, "memory-line memory-soft", "") for place in range(_RIGHT))
    sheet.add(
        text(_LEFT - 14, 76, "guesses", "", "end"),
        group(guessed),
        group(gone, text(700, 76, "third is wrong: thrown away", "", "end"), look=sheet.appear(1.0)),
        group(
            text(_LEFT - 14, 130, "served", "", "end"),
            served,
            _plate(_RIGHT, 124, "compute-line compute-soft", ""),
            text(700, 130, "two guesses, and the cook's own", "strong", "end"),
            look=sheet.appear(1.8),
        ),
    )
    rows = (
        (2.6, 190, "one guest", _FEW, f"a trip takes {one}"),
        (3.6, 290, f"{guests} guests", _MANY, f"{full}: {plates} to taste"),
    )
    for at, y, name, tasting, said in rows:
        bars = rect(_LEFT, y, _TRIP, 22, "memory-line memory-soft", 3) + rect(
            _LEFT, y + 28, tasting, 18, "compute-line compute-soft", 3
        )
        label = text(_LEFT - 14, y + 26, name, "", "end") + text(700, y - 10, said, "strong", "end")
        sheet.add(group(bars, label, look=sheet.appear(at)))
    sheet.add(text(_LEFT, 384, "above the van's trip, below the tasting; not to scale", "", "start"))
    alt = (
        "Four guessed plates: the first two are right and served, from the third on all are thrown away, and the cook adds the right third one. "
        f"Below two pairs of bars, not to scale. For one guest the tasting is far shorter than the van's trip: {one} as long. For {guests} guests "
        f"{plates} are to be tasted, the tasting is the longer bar: {full} as long."
    )
    steps = [
        (0.9, "A junior guesses the next plates."),
        (1.7, "The cook tastes all of them at once; from the first wrong one on they go."),
        (2.5, "What is served is what the cook would have served: two guesses and one of his own."),
        (3.5, f"One guest: the van comes anyway, and tasting hides behind it; the guessing shows: {one} as long."),
        (5.0, f"A full house: {plates} to taste, and the van is no longer what anybody waits for: {full} as long."),
    ]
    return {"svg": sheet.svg(alt), "duration_s": DURATION_S, "steps": steps, "alt": alt}
