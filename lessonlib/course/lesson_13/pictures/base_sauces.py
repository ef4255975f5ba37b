"""Recipes that begin alike, part by part, and pots kept on a shelf: what is taken from it, and what one changed first part costs."""

from __future__ import annotations

from lessonlib.draw import parts
from lessonlib.draw.given import Given
from lessonlib.draw.marks import group, place, rect, text
from lessonlib.draw.sheet import Sheet

NEEDS = {
    "prompt": "tokens of each prompt, such as '8,400 tokens'",
    "first": "time to first token with nothing kept, such as '402 ms'",
    "found": "time to first token with three quarters of it kept, such as '120 ms'",
}
DURATION_S = 5.0
_LEFT, _PITCH, _WIDTH, _HEIGHT = 110, 66, 58, 46
#: recipes, top to bottom: the letter of each part, how many of them stand on the shelf, and when that is seen (seconds)
_RECIPES = (("ABCD", 0, 0.4), ("ABCE", 3, 1.8), ("XABC", 0, 3.4))
_ROWS = (70, 172, 274)


def _page(column: int, row: float, look: str) -> str:
    return rect(_LEFT + _PITCH * column, row, _WIDTH, _HEIGHT, look, 4)


def draw(given: Given, prefix: str) -> dict[str, object]:
    prompt, first, kept = (given.text(key) for key in ("prompt", "first", "found"))
    sheet = Sheet("base-sauces", prefix, DURATION_S)
    sheet.add(text(24, 40, f"three recipes of {prompt}, in four parts", "big", "start"))
    said = (
        ("nothing on the shelf:", f"first token after {first}"),
        ("A, B, C from the shelf:", f"first token after {kept}"),
        ("a new part in front:", f"all new again, {first}"),
    )
    beside = _LEFT + _PITCH * 4 + 14
    for row, (letters, found, when), (above, below) in zip(_ROWS, _RECIPES, said, strict=True):
        sheet.add(place(parts.guest(), 62, row + _HEIGHT))
        for column, letter in enumerate(letters):
            x = _LEFT + _PITCH * column
            look = "cache-line cache-soft" if column < found else "compute-line compute-soft"
            # What is found is there at once, what is cooked takes its time, part by part.
            at = when if column < found else when + 0.25 * (column - found + 1)
            sheet.add(_page(column, row, "thin paper"), group(_page(column, row, look), look=sheet.appear(at)))
            sheet.add(text(x + _WIDTH / 2, row + 30, letter, "strong"))
        last = when + 0.25 * (len(letters) - found)
        sheet.add(
            group(
                text(beside, row + 18, above, "", "start"),
                text(beside, row + 44, below, "strong", "start"),
                look=sheet.appear(last),
            )
        )
    alt = (
        f"Three recipes of {prompt}, in four parts each. The first, A B C D, is cooked from its start: first token after {first}. "
        f"The second, A B C E, takes A, B and C from the shelf and cooks E: {kept}. The third begins with a new part X, and "
        f"though A, B and C follow, all of it is cooked: {first}."
    )
    steps = [
        (
            1.7,
            f"Nothing is on the shelf. A, B, C and D are cooked one after another; the first token comes after {first}.",
        ),
        (3.3, f"A, B and C stand on the shelf from before. Only E is cooked: {kept}."),
        (5.0, f"X is new, so what follows it is another sauce, though it says A, B, C. All is cooked: {first}."),
    ]
    return {"svg": sheet.svg(alt), "duration_s": DURATION_S, "steps": steps, "alt": alt}
