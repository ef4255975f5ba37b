"""Prefill reads the prompt in one wide pass; decode writes one token a pass, each waiting for the one before."""

from __future__ import annotations

from lessonlib.draw import parts
from lessonlib.draw.given import Given
from lessonlib.draw.marks import arrow, group, path, place, points, rect, text
from lessonlib.draw.sheet import Sheet

NEEDS = {
    "prompt": "length of the prompt, such as '2,048 tokens'",
    "weights": "bytes of weights read in one pass for one token, such as '51.2 GB'",
    "weights_of_prompt": "bytes of weights read in the pass over the whole prompt, such as '51.2 GB'",
}
DURATION_S = 5.0
_TILES, _DECODED = 8, 5
_STEP_S = 0.72


def _prefill(sheet: Sheet) -> list[str]:
    """Eight tiles of the prompt, one wide pass under them, one van."""
    lit = sheet.appear(0.5)
    tiles = [place(parts.token("compute", 30), 36 + 40 * i, 142) for i in range(_TILES)]
    empty = "".join(rect(21 + 40 * i, 112, 30, 30, "thin", 5) for i in range(_TILES))
    feeds = [arrow(36 + 40 * i, 150, 36 + 40 * i, 165, "ink", 7) for i in range(_TILES)]
    slab = rect(18, 170, 316, 58, "ink compute-soft", 8)
    return [
        empty,
        group(*tiles, look=lit),
        group(*feeds, slab, text(176, 206, "one pass", "strong"), look=lit),
        group(arrow(176, 262, 176, 237, "ink", 7), place(parts.small_van(), 153, 306), look=sheet.appear(0.2)),
    ]


def _first_token(sheet: Sheet, x: float) -> str:
    """The prefill pass ends by giving the answer's first token."""
    elbow = (
        f"M{points(334, 199)} H{points(x)} V{points(151)} M{points(x - 6, 159)} L{points(x, 150)} L{points(x + 6, 159)}"
    )
    tile = place(parts.token("compute", 30), x, 142)
    return group(path(elbow, "compute-line"), tile, look=sheet.appear(1.0))


def _decode_pass(sheet: Sheet, x: float, at_s: float) -> str:
    """One decode step: one van, one narrow pass, one token; an arc says that it waited for the token before."""
    arc = path(
        f"M{points(x - 48, 104)} Q{points(x - 26, 80, x - 4, 102)} M{points(x - 13, 101)} L{points(x - 4, 103, x - 3, 93)}",
        "thin",
    )
    haul = group(arrow(x, 262, x, 237, "ink", 7), place(parts.small_van(), x - 23, 306), arc, look=sheet.appear(at_s))
    slab = group(rect(x - 19, 170, 38, 58, "ink memory-soft", 8), look=sheet.appear(at_s + 0.2))
    out = group(
        arrow(x, 166, x, 151, "ink", 7), place(parts.token("memory", 30), x, 142), look=sheet.appear(at_s + 0.45)
    )
    return haul + slab + out


def draw(given: Given, prefix: str) -> dict[str, object]:
    prompt, weights, once = given.text("prompt"), given.text("weights"), given.text("weights_of_prompt")
    sheet = Sheet("one-pass", prefix, DURATION_S)
    columns = [394 + 58 * i for i in range(_DECODED + 1)]
    starts = [1.4 + _STEP_S * i for i in range(_DECODED)]
    sheet.add(
        text(18, 40, "Prefill", "big compute", "start"),
        text(18, 69, "reads the prompt", at="start"),
        text(378, 40, "Decode", "big memory", "start"),
        text(378, 69, "writes the answer", at="start"),
        *_prefill(sheet),
        "".join(rect(x - 15, 112, 30, 30, "thin", 5) for x in columns),
        _first_token(sheet, columns[0]),
        *[_decode_pass(sheet, x, t) for x, t in zip(columns[1:], starts, strict=True)],
        text(176, 352, f"{prompt} at once", "strong"),
        text(176, 380, f"{once} read once"),
        text(572, 352, "one token at a time", "strong"),
        text(572, 380, f"{weights} read every time"),
    )
    alt = (
        f"Prefill, left: all {prompt} of the prompt go through the model side by side in one pass that reads the weights, "
        f"{once}, once. Decode, right: tokens come one after another, and each pass reads {weights} again."
    )
    steps = [
        (1.0, f"Prefill: all {prompt} of the prompt light up together, in one pass that reads {once} once."),
        (1.4, "That same pass gives the first token of the answer."),
        (2.12, f"Decode: the next token needs a pass of its own, and the van hauls {weights} again."),
        (2.84, "The token after it has to wait: it is made from the one before."),
        (5.0, f"So decode goes token by token, {weights} every time; prefill was one wide pass."),
    ]
    return {"svg": sheet.svg(alt), "duration_s": DURATION_S, "steps": steps, "alt": alt}
