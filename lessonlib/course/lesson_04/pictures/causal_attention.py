"""The causal triangle: each token of a prompt looks back on itself and those before, so on half of the prompt on average."""

from __future__ import annotations

from lessonlib.draw import parts
from lessonlib.draw.given import Given
from lessonlib.draw.marks import arrow, circle, group, line, place, rect, text
from lessonlib.draw.sheet import Sheet

NEEDS = {
    "model": "the model that is counted, such as 'Llama-3.1-8B'",
    "pair": "attention's work when one token looks back on one other, such as '524 kFLOP'",
    "context": "context at which attention's work equals the weights' for one token, such as '28,600 tokens'",
    "prompt": "length of the prompt in which they are equal, such as '53,300 tokens'",
}
DURATION_S = 5.0
_TOKENS = 8  # drawn; a prompt has thousands
_LEFT, _TOP, _PITCH, _CELL = 76, 66, 34, 28
_WORDS = 384


def _appears_s(row: int) -> float:
    return 0.3 + 0.4 * row


def _row(row: int) -> str:
    """A token and the squares of those that it looks back on; the last one is filled."""
    y = _TOP + _PITCH * row
    look = "compute-line compute-fill" if row == _TOKENS - 1 else "compute-line compute-soft"
    seen = [rect(_LEFT + _PITCH * column, y, _CELL, _CELL, look, 4) for column in range(row + 1)]
    return place(parts.token(size=24), _LEFT - 26, y + _CELL - 2) + "".join(seen)


def _unseen() -> str:
    """Dots where a token would have to look at one that comes later."""
    places = [(row, column) for row in range(_TOKENS) for column in range(row + 1, _TOKENS)]
    return "".join(
        circle(_LEFT + _PITCH * column + _CELL / 2, _TOP + _PITCH * row + _CELL / 2, 2.5, "solid")
        for row, column in places
    )


def draw(given: Given, prefix: str) -> dict[str, object]:
    model, pair, context, prompt = (given.text(key) for key in ("model", "pair", "context", "prompt"))
    sheet = Sheet("looking-back", prefix, DURATION_S)
    right, bottom = _LEFT + _PITCH * _TOKENS - (_PITCH - _CELL), _TOP + _PITCH * _TOKENS
    sheet.add(text(_LEFT - 40, 40, "each token looks back on those before", "strong", "start"), _unseen())
    for row in range(_TOKENS):
        sheet.add(group(_row(row), look=sheet.appear(_appears_s(row), 0.2)))
    half = (_LEFT + right) / 2
    sheet.add(
        arrow(_LEFT, bottom + 12, right, bottom + 12, "thin"),
        text(half, bottom + 40, "looked back on"),
        rect(_WORDS, 84, _CELL, _CELL, "compute-line compute-soft", 4),
        text(_WORDS + 40, 106, f"{pair}", "", "start"),
        text(_WORDS + 40, 132, f"in {model}", "", "start"),
        circle(_WORDS + _CELL / 2, 161, 2.5, "solid"),
        text(_WORDS + 40, 168, "later tokens: no work", "", "start"),
        line(_WORDS, 190, 690, 190, "thin"),
        text(_WORDS, 218, "attention = weights", "strong", "start"),
        group(
            text(_WORDS, 250, "in the last row, after", "", "start"),
            text(_WORDS, 278, context, "compute big", "start"),
            look=sheet.appear(3.7),
        ),
        group(
            text(_WORDS, 318, "in all rows together, at", "", "start"),
            text(_WORDS, 346, prompt, "compute big", "start"),
            look=sheet.appear(4.4),
        ),
    )
    alt = (
        f"A triangle of squares: the first token of a prompt looks back on itself, the last on all before it, on average on half. A square is {pair} "
        f"in {model}. Attention's work equals the weights' for one token at a context of {context}, for a whole prompt at {prompt}."
    )
    steps = [
        (0.6, f"The first token has only itself to look at: one square, {pair}."),
        (2.2, "Each further token has one square more. The dots stay empty: nobody looks at tokens still to come."),
        (
            4.1,
            f"The last row is full. For one such token attention takes as much as the weights at {context} of context.",
        ),
        (
            5.0,
            f"All rows together fill half of the square, so the whole prompt gets there at about twice that, at {prompt}.",
        ),
    ]
    return {"svg": sheet.svg(alt), "duration_s": DURATION_S, "steps": steps, "alt": alt}
