"""Loads of the van as bars: a crate for all guests, a folder for each, and the cook's time beside them, before and after the crate shrinks."""

from __future__ import annotations

from lessonlib.draw.given import Given
from lessonlib.draw.marks import group, rect, text
from lessonlib.draw.sheet import Sheet

NEEDS = {
    "alone": "how many times as fast one request gets with a small crate, such as '1.8×'",
    "full": "by how much a full server writes less with it, such as '18 %'",
    "eight": "by how much more with narrow vectors as well, such as '30 %'",
}
DURATION_S = 5.0
#: pixels: where bars begin; widths of the crate, before and after, and of all folders of a full server
_LEFT, _CRATE, _SMALL, _FOLDERS = 190, 190, 50, 130
#: the cook's time for one guest and for a full house, in 16 bits, with weights to unpack, and in 8
_ONE, _HOUSE, _UNPACKING, _NARROW = 10, 360, 470, 190


def _bar(y: float, crate: float, folders: float, cook: float) -> str:
    """The van's load above, the cook's work below."""
    marks = [rect(_LEFT, y, crate, 22, "memory-line memory-soft", 3)]
    if folders:
        marks.append(rect(_LEFT + crate + 3, y, folders, 22, "cache-line cache-soft", 3))
    marks.append(rect(_LEFT, y + 28, cook, 16, "compute-line compute-soft", 3))
    return "".join(marks)


def draw(given: Given, prefix: str) -> dict[str, object]:
    alone, full, eight = (given.text(key) for key in ("alone", "full", "eight"))
    sheet = Sheet("crate-and-folders", prefix, DURATION_S)
    rows = (
        (0.0, 62, "one guest", _bar(62, _CRATE, 8, _ONE), "van is the wait"),
        (1.0, 122, "small crate", _bar(122, _SMALL, 8, _ONE), f"{alone} as fast"),
        (2.0, 202, "full house", _bar(202, _CRATE, _FOLDERS, _HOUSE), "cook is the wait"),
        (3.0, 262, "small crate", _bar(262, _SMALL, _FOLDERS, _UNPACKING), f"{full} less"),
        (4.0, 332, "a fast cook", _bar(332, _CRATE / 2, _FOLDERS, _NARROW), f"{eight} more"),
    )
    sheet.add(text(30, 34, "Above the van's load (crate, folders), below the cook's work", "", "start"))
    for at, y, name, bars, said in rows:
        says = text(700, y + 20, said, "strong", "end") if said else ""
        sheet.add(group(text(_LEFT - 14, y + 22, name, "", "end"), bars, says, look=sheet.appear(at)))
    alt = (
        "Five pairs of bars, not to scale: the van's load, a crate for all and folders of each guest, and the cook's work. For one guest a small "
        f"crate shortens the longer bar: {alone} as fast. For a full house the cook's bar is the longer one, and unpacking makes it longer still: "
        f"{full} less. With a cook who is twice as fast it shrinks: {eight} more."
    )
    steps = [
        (0.9, "One guest: the van brings the crate, the cook is done at once."),
        (1.9, f"A small crate shortens the wait: {alone} as fast."),
        (2.9, "A full house: folders for everybody, and far more for the cook to do."),
        (4.0, f"The small crate has to be unpacked, and by the cook's own hands: {full} less."),
        (5.0, f"A cook who is twice as fast shortens what they wait for: {eight} more."),
    ]
    return {"svg": sheet.svg(alt), "duration_s": DURATION_S, "steps": steps, "alt": alt}
