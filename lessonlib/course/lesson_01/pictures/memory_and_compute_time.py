"""A fat pipe of bytes beside a thin one of math: what one token costs memory and what it costs compute.

The areas of the round ends stand in the ratio of the two times (linear, no log): a time of one hundredth is an end of
one tenth the diameter.
"""

from __future__ import annotations

from math import sqrt

from lessonlib.draw import parts
from lessonlib.draw.given import Given
from lessonlib.draw.marks import ellipse, group, number, path, place, points, text
from lessonlib.draw.sheet import Sheet

NEEDS = {
    "weights": "bytes of weights read for one decoded token, such as '51.2 GB'",
    "flops_per_token": "math done for one decoded token, such as '51.2 GFLOP'",
    "memory_time_decode": "seconds to move those bytes at full bandwidth, such as '7.65 ms'",
    "compute_time_decode": "seconds to do that math at full compute, such as '0.0259 ms'",
    "memory_share_decode": "memory time as a share of the step's ceiling, 0 to 1",
    "compute_share_decode": "compute time as a share of the step's ceiling, 0 to 1",
}
DURATION_S = 5.0
_START_S, _HAUL_S = 0.4, 4.0  # both start together; the slower one takes this long on screen
_FATTEST = 168  # diameter in units of an end that stands for the whole step
_LEFT, _RIGHT = 182, 530
_SQUASH = 0.3  # the ends are circles seen from the side


def _pipe(sheet: Sheet, y: float, diameter: float, role: str, done_s: float) -> str:
    """A pipe with round ends that fills from left to right until ``done_s``."""
    ry = diameter / 2
    rx = ry * _SQUASH
    body = (
        f"M{points(_LEFT, y - ry)} H{points(_RIGHT)} A{points(rx, ry)} 0 0 1 {points(_RIGHT, y + ry)} H{points(_LEFT)}"
    )
    body += f" A{points(rx, ry)} 0 0 1 {points(_LEFT, y - ry)} Z"
    empty = f"transform:translate({number(_LEFT - _RIGHT - 2 * rx)}px,0)"
    fill = sheet.motion((0, empty), (_START_S, empty), (done_s, "transform:none"))
    clip = f"{sheet.prefix}-{role}"
    inside = f'<clipPath id="{clip}">{path(body, "")}</clipPath><g clip-path="url(#{clip})">{path(body, f"{role}-soft {fill}")}</g>'
    mouth = ellipse(_RIGHT, y, rx, ry, f"{role}-line paper") + ellipse(
        _RIGHT, y, rx, ry, f"{role}-fill {sheet.appear(done_s, 0.15)}"
    )
    return inside + path(body, f"{role}-line") + mouth


def _token_waits(sheet: Sheet, done_s: float) -> str:
    """The token at the end of both pipes: it is there when the slower one is through."""
    joins = path("M568 108 H652 V168 M643 159 L652 170 L661 159", "ink") + path(
        "M550 306 H652 V268 M643 277 L652 266 L661 277", "ink"
    )
    served = group(place(parts.token(size=30), 652, 226), look=sheet.appear(done_s, 0.2))
    return joins + place(parts.plate(64), 652, 230) + served + text(652, 256, "one token", "strong")


def draw(given: Given, prefix: str) -> dict[str, object]:
    weights, flops = given.text("weights"), given.text("flops_per_token")
    memory_s, compute_s = given.text("memory_time_decode"), given.text("compute_time_decode")
    memory, compute = given.share("memory_share_decode"), given.share("compute_share_decode")
    longest = max(memory, compute) or 1
    haul, math = memory / longest, compute / longest
    sheet = Sheet("fat-pipe", prefix, DURATION_S)
    haul_done, math_done = (_START_S + max(_HAUL_S * share, 0.05) for share in (haul, math))
    over = min(281.0, 306 - _FATTEST * sqrt(math) / 2 - 12)  # the label keeps clear of a thicker pipe
    sheet.add(
        place(parts.pantry(), 12, 192, 0.84),
        _pipe(sheet, 108, _FATTEST * sqrt(haul), "memory", haul_done),
        place(parts.cook(), 78, 360, 0.76),
        _pipe(sheet, 306, _FATTEST * sqrt(math), "compute", math_done),
        text(346, 104, f"{weights} to haul", "big"),
        text(346, 134, f"takes {memory_s}"),
        text(346, over - 29, f"{flops} of math", "big compute"),
        text(346, over, f"takes {compute_s}"),
        _token_waits(sheet, max(haul_done, math_done)),
        text(360, 388, "round ends to scale: area is time"),
    )
    limit, waits = ("the bytes", "the math") if haul >= math else ("the math", "the bytes")
    alt = (
        f"Two pipes for one decoded token, ends drawn to scale: hauling {weights} takes {memory_s}, the math of {flops} takes "
        f"{compute_s}. The token waits for {limit}."
    )
    steps = [
        (0.4, f"One token needs two things: {weights} hauled and {flops} of math done. Both start together."),
        (0.9, f"The math of {flops} is over after {compute_s}."),
        (4.7, f"The {weights} take {memory_s} to come in."),
        (5.0, f"The areas of the round ends are to scale: the token waits for {limit}, and hardly for {waits}."),
    ]
    return {"svg": sheet.svg(alt), "duration_s": DURATION_S, "steps": steps, "alt": alt}
