"""What one crate from the pantry is good for: four equal crates, and above each the cooking that it allows.

The squares are to scale (linear, no log): four times the cooking is twice the side. So a crate for one diner is a speck
beside a crate for a banquet, and the crate that is a guest's own binder stays a speck however full the house is.
"""

from __future__ import annotations

from math import sqrt

from lessonlib.draw import parts
from lessonlib.draw.given import Given
from lessonlib.draw.marks import arrow, group, line, place, rect, text
from lessonlib.draw.sheet import Sheet

NEEDS = {
    "one": "FLOPs for each byte of weights with one token, such as '1 FLOP/byte'",
    "one_share": "the same as a share of the largest of the four, 0 to 1",
    "batch": "tokens that share a fetch of the weights, a count such as 16",
    "shared": "FLOPs for each byte of weights with that many tokens, such as '16 FLOP/byte'",
    "shared_share": "the same as a share of the largest of the four, 0 to 1",
    "own": "FLOPs for each byte of the requests' caches, such as '6 FLOP/byte'",
    "own_share": "the same as a share of the largest of the four, 0 to 1",
    "prompt": "length of the prompt, such as '4,096 tokens'",
    "read": "FLOPs for each byte of the layers' weights while the prompt is read, such as '4,096 FLOP/byte'; the largest of the four",
}
DURATION_S = 5.0
_FLOOR, _LARGEST = 292, 224  # the crates' ground; side of the largest square
_LEAST = 3.0  # a side in units that can still be seen
_CENTRES = (98, 240, 382, 592)
_LIFTED = 30  # how far the number in the middle stands above its neighbours


def _crate(role: str) -> str:
    """A crate on the ground, its middle at x = 0."""
    box = rect(-24, -28, 48, 28, f"{role}-line {role}-soft", 3)
    return (
        box
        + line(-24, -14, 24, -14, f"{role}-line")
        + line(-8, -28, -8, 0, f"{role}-line")
        + line(8, -28, 8, 0, f"{role}-line")
    )


def _square(sheet: Sheet, x: float, share: float, at_s: float) -> str:
    """The cooking above a crate: a square whose area is its share of the largest one."""
    side = max(_LARGEST * sqrt(share), _LEAST)
    grow = sheet.motion(
        (0, "transform:scaleY(0)"), (at_s, "transform:scaleY(0)"), (at_s + 0.6, "transform:none"), ease="ease-out"
    )
    return rect(x - side / 2, _FLOOR - 34 - side, side, side, f"compute-fill rises {grow}", min(4, side / 4))


def _above(share: float) -> float:
    """Where a number stands that is said above its square."""
    return _FLOOR - 34 - max(_LARGEST * sqrt(share), _LEAST) - 16


def _column(
    sheet: Sheet,
    x: float,
    words: tuple[str, str],
    said: str,
    share: float,
    at_s: float,
    role: str = "memory",
    at_most: float = _FLOOR,
) -> list[str]:
    """One crate with what it is for below, its square above, and the number inside the square where there is room."""
    arrives = sheet.motion(
        (0, "opacity:0;transform:translate(-30px,0)"),
        (at_s - 0.3, "opacity:0;transform:translate(-30px,0)"),
        (at_s, "opacity:1;transform:none"),
    )
    side = max(_LARGEST * sqrt(share), _LEAST)
    inside = side > 180
    over = _FLOOR - 34 - side / 2 + 8 if inside else min(_above(share), at_most)
    far = not inside and _above(share) - over > 1.5 * _LIFTED
    leader = [line(x, over + 8, x, _above(share) + 10, "ink")] if far else []
    return [
        group(place(_crate(role), x, _FLOOR), look=arrives),
        _square(sheet, x, share, at_s),
        group(
            text(x, over, said, "on-fill strong" if inside else "strong compute"),
            *leader,
            look=sheet.appear(at_s + 0.5, 0.2),
        ),
        text(x, _FLOOR + 36, words[0], "strong"),
        text(x, _FLOOR + 62, words[1]),
    ]


def draw(given: Given, prefix: str) -> dict[str, object]:
    one, shared, own, read = (given.text(key) for key in ("one", "shared", "own", "read"))
    prompt, batch = given.text("prompt"), given.count("batch")
    sheet = Sheet("one-crate", prefix, DURATION_S)
    first, second, third, last = _CENTRES
    lifted = min(_above(given.share(key)) for key in ("one_share", "own_share", "shared_share")) - _LIFTED
    sheet.add(
        line(24, _FLOOR + 1, 696, _FLOOR + 1, "ink"),
        *_column(sheet, first, ("weights", "one diner"), one, given.share("one_share"), 0.5),
        *_column(
            sheet, second, ("weights", f"{batch} diners"), shared, given.share("shared_share"), 1.7, at_most=lifted
        ),
        *_column(sheet, third, ("own binder", "any house"), own, given.share("own_share"), 2.9, "cache"),
        *_column(sheet, last, ("weights", f"banquet: {prompt}"), read, 1.0, 4.1),
        place(parts.small_van(60), 40, 78),
        arrow(106, 58, 150, 58, "ink", 8),
        text(164, 52, "one crate each:", "strong", "start"),
        text(164, 78, "how much gets cooked?", at="start"),
        text(360, 388, "squares to scale: area is cooking for each crate"),
    )
    alt = (
        f"Four equal crates and, to scale, the work that each allows: weights for one request {one}, weights fetched for {batch} "
        f"requests {shared}, a request's own cache {own} however many requests there are, weights for a prompt of {prompt} {read}."
    )
    steps = [
        (1.3, f"One diner: a crate of weights comes, and gives {one} to do."),
        (2.5, f"With {batch} diners on one trip, a crate of weights gives {shared}."),
        (3.7, f"A guest's own binder is used by that guest alone: {own}, however full the house is."),
        (5.0, f"For a banquet of {prompt}, a crate of weights gives {read}."),
    ]
    return {"svg": sheet.svg(alt), "duration_s": DURATION_S, "steps": steps, "alt": alt}
