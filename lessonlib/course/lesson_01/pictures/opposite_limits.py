"""Same GPU, opposite limits: two phases, two bars each, and the full one is not the same one."""

from __future__ import annotations

from lessonlib.draw import parts
from lessonlib.draw.given import Given, percent
from lessonlib.draw.marks import group, line, number, place, rect, text
from lessonlib.draw.sheet import Sheet

NEEDS = {
    "compute_share_prefill": "share of a prefill's time at its ceiling in which the math runs, 0 to 1",
    "memory_share_prefill": "share of a prefill's time at its ceiling in which bytes move, 0 to 1",
    "compute_share_decode": "share of a decode step's time at its ceiling in which the math runs, 0 to 1",
    "memory_share_decode": "share of a decode step's time at its ceiling in which bytes move, 0 to 1",
}
DURATION_S = 4.0
_TOP, _FLOOR, _WIDE, _GAP = 88, 258, 92, 64


def _bar(sheet: Sheet, x: float, share: float, role: str, is_limit: bool, at_s: float) -> str:
    """One bar from ``x``: the frame is the whole step's time, the filling the share in which this resource works."""
    tall = share * (_FLOOR - _TOP)
    grow = sheet.motion(
        (0, "transform:scaleY(0)"), (at_s, "transform:scaleY(0)"), (at_s + 0.8, "transform:none"), ease="ease-in-out"
    )
    clip = f"{sheet.prefix}-{role}{number(x)}"
    frame = f'<clipPath id="{clip}">{rect(x, _TOP, _WIDE, _FLOOR - _TOP, "", 8)}</clipPath>'
    filling = rect(x, _FLOOR - tall, _WIDE, tall, f"{role}-fill rises {grow}", 0)
    marks = frame + f'<g clip-path="url(#{clip})">{filling}</g>' + rect(x, _TOP, _WIDE, _FLOOR - _TOP, "ink", 8)
    middle = x + _WIDE / 2
    said = sheet.appear(at_s + 0.7)
    words = text(middle, _TOP - 12, f"{percent(share)} busy", f"strong {role}")
    state = text(middle, (_TOP + _FLOOR - tall) / 2 + 7, "waits") if share < 0.6 else ""
    state += text(middle, _FLOOR - tall / 2 + 7, "limit", "on-fill strong") if is_limit else ""
    return marks + group(words, state, look=said)


def _phase(sheet: Sheet, x: float, title: str, compute: float, memory: float, at_s: float) -> list[str]:
    """A panel of two bars with the cook under compute and the van under memory."""
    floor = line(x - 14, _FLOOR, x + 2 * _WIDE + _GAP + 14, _FLOOR, "ink")
    return [
        text(x + _WIDE + _GAP / 2, 40, title, "big"),
        floor,
        _bar(sheet, x, compute, "compute", compute >= memory, at_s),
        _bar(sheet, x + _WIDE + _GAP, memory, "memory", memory > compute, at_s + 0.5),
        place(parts.cook(), x + _WIDE / 2, 364, 0.5),
        place(parts.van(), x + _WIDE * 1.5 + _GAP - 49, 364, 0.5),
        text(x + _WIDE / 2, 390, "compute"),
        text(x + _WIDE * 1.5 + _GAP, 390, "memory"),
    ]


def _sentence(phase: str, compute: float, memory: float) -> str:
    limit = "compute" if compute >= memory else "memory bandwidth"
    return f"{phase}: compute works {percent(compute)} of the time, memory {percent(memory)}. The limit is {limit}."


def draw(given: Given, prefix: str) -> dict[str, object]:
    prefill = given.share("compute_share_prefill"), given.share("memory_share_prefill")
    decode = given.share("compute_share_decode"), given.share("memory_share_decode")
    sheet = Sheet("opposite-bars", prefix, DURATION_S)
    sheet.add(*_phase(sheet, 46, "Prefill", *prefill, 0.2), *_phase(sheet, 426, "Decode", *decode, 2.1))
    first, second = _sentence("Prefill", *prefill), _sentence("Decode", *decode)
    opposite = (prefill[0] >= prefill[1]) != (decode[0] >= decode[1])
    last = (
        "Same GPU, opposite limits: speeding up the one that waits buys nothing."
        if opposite
        else "On this lab both phases have the same limit: speeding up the one that waits buys nothing."
    )
    steps = [(2.0, first), (3.8, second), (4.0, last)]
    alt = f"Two bars for each phase. {first} {second}"
    return {"svg": sheet.svg(alt), "duration_s": DURATION_S, "steps": steps, "alt": alt}
