"""A mixture of experts: every shelf is held in the pantry, and each token has only a few of them hauled."""

from __future__ import annotations

from lessonlib.draw import parts
from lessonlib.draw.given import Given
from lessonlib.draw.marks import arrow, group, line, path, place, rect, text
from lessonlib.draw.sheet import Sheet

NEEDS = {
    "model": "the mixture of experts, such as 'Mixtral-8x7B'",
    "experts": "experts in each layer, a whole number",
    "active": "experts that a token uses in each layer, a whole number",
    "held": "all its weights, such as '93.4 GB'",
    "fetched": "weights that one token fetches, such as '25.5 GB'",
    "always": "of these, fetched for every token whatever its experts, such as '2.95 GB'",
}
DURATION_S = 5.0
_SHELVES = 8  # more experts are drawn as seven shelves and three dots
_LEFT, _WIDTH, _TOP, _HIGH = 44, 210, 74, 33
#: which shelves the two tokens take, in this order
_FIRST, _SECOND = (1, 4, 6, 2, 0, 5, 3, 7), (0, 3, 5, 7, 2, 4, 6, 1)


def _shelf(row: int, marks: str) -> str:
    board = _TOP + _HIGH * (row + 1)
    return line(_LEFT + 12, board, _LEFT + _WIDTH - 12, board, "thin") + marks


def _full(row: int) -> str:
    board = _TOP + _HIGH * (row + 1)
    return parts.goods(_LEFT + 20, board - 2, _WIDTH - 40, row % 5)


def _sign(x: float, y: float, token: int) -> str:
    """The sign of a token, centred at (x, y): a full square for the first, an empty one for the second."""
    return rect(x - 8, y - 8, 16, 16, "memory-line memory-fill" if token == 0 else "memory-line paper", 3)


def _marked(rows: list[int], token: int) -> str:
    """Signs beside the shelves that go along for a token."""
    x = _LEFT + _WIDTH + 18 + 24 * token
    return "".join(_sign(x, _TOP + _HIGH * (row + 0.55), token) for row in rows)


def _pantry(base: float) -> str:
    house = path(f"M{_LEFT} {_TOP - 6} V{base:g} H{_LEFT + _WIDTH} V{_TOP - 6}", "ink")
    return house + path(f"M{_LEFT - 12} {_TOP - 2} L{_LEFT + _WIDTH / 2:g} 22 L{_LEFT + _WIDTH + 12} {_TOP - 2}", "ink")


def _haul(sheet: Sheet, y: float, words: tuple[str, str], token: int, at_s: float) -> str:
    """One token's haul: its sign, how many shelves go along, what they weigh."""
    shaft = arrow(356, y, 640, y, "memory-line heavy", head=11)
    labels = text(496, y - 14, words[0], "strong") + text(496, y + 30, words[1], "memory strong")
    return group(labels, shaft, _sign(336, y, token), place(parts.token(size=30), 676, y + 15), look=sheet.appear(at_s))


def draw(given: Given, prefix: str) -> dict[str, object]:
    model, experts, active = given.text("model"), given.count("experts"), given.count("active")
    held, fetched, always = given.text("held"), given.text("fetched"), given.text("always")
    more = experts > _SHELVES
    shown = _SHELVES - 1 if more else experts
    taken = min(active, shown)
    first, second = ([row for row in order if row < shown][:taken] for order in (_FIRST, _SECOND))
    base = _TOP + _HIGH * _SHELVES + 6
    sheet = Sheet("some-shelves", prefix, DURATION_S)
    shelves = "".join(_shelf(row, _full(row)) for row in range(shown))
    if more:
        shelves += "".join(rect(_LEFT + _WIDTH / 2 + 18 * dot - 3, base - 22, 6, 6, "solid", 3) for dot in (-1, 0, 1))
    sheet.add(
        _pantry(base),
        shelves,
        group(_marked(first, 0), look=sheet.appear(0.8)),
        group(_marked(second, 1), look=sheet.appear(2.8)),
        _haul(sheet, 116, (f"{active} of {experts} in each layer", f"{fetched} for one token"), 0, 1.2),
        _haul(sheet, 226, (f"another {active} of {experts}", f"{fetched} for the next"), 1, 3.2),
        text(18, base + 34, f"{model} holds {held}", "strong", "start"),
        text(496, 300, f"{always} of it every time"),
    )
    alt = (
        f"{model} holds {experts} experts in each layer, {held} in all. Each token has {active} of them hauled, other ones each time: "
        f"{fetched} a token, {always} of it every time."
    )
    steps = [
        (0.5, f"The pantry holds all {experts} experts of every layer: {held}."),
        (
            2.4,
            f"A token needs {active} of {experts} in each layer. With what every token needs, {always}, it is {fetched}.",
        ),
        (4.0, f"The next token may need {active} others: {fetched} again. Nobody knows beforehand which."),
        (5.0, f"So all {held} have to be held, and {fetched} are fetched for a token."),
    ]
    return {"svg": sheet.svg(alt), "duration_s": DURATION_S, "steps": steps, "alt": alt}
