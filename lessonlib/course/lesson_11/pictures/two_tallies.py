"""Two tallies at the door, three kitchens behind it: the tallies count the guests, and each kitchen rests as long as it can."""

from __future__ import annotations

from lessonlib.draw import parts
from lessonlib.draw.given import Given, percent
from lessonlib.draw.marks import group, line, place, rect, text
from lessonlib.draw.sheet import Sheet

NEEDS = {
    "prompts": "what the log of every machine says of prompts, such as '3,200 tok/s'",
    "answers": "what it says of answers, such as '110 tok/s'",
    "slow": "share of the time in which the slowest machine works, 0 to 1",
    "slow_name": "what it is, such as 'two H100 PCIe'",
    "middle": "the same of the one in the middle",
    "middle_name": "what that is",
    "fast": "the same of the fastest",
    "fast_name": "what that is",
}
DURATION_S = 4.8
_TOP, _FLOOR, _WIDE, _BAR = 126, 296, 200, 26
_KITCHENS = (("slow", 24), ("middle", 260), ("fast", 496))


def _tally(x: float, words: str, what: str) -> str:
    """A counter at the door."""
    return rect(x, 20, 286, 58, "ink paper", 8) + text(x + 143, 56, f"{what} {words}", "strong")


def _kitchen(sheet: Sheet, x: float, title: str, share: float, at_s: float) -> str:
    """A cook, and a bar whose filling is the share of the time with work."""
    left, width = x, _WIDE
    away = f"transform:translateX(-{_WIDE}px)"
    grow = sheet.motion((0, away), (at_s, away), (at_s + 0.7, "transform:none"), ease="ease-in-out")
    clip = f"{sheet.prefix}-k{round(x)}"
    frame = f'<clipPath id="{clip}">{rect(left, _FLOOR + 14, width, _BAR, "", 6)}</clipPath>'
    filling = rect(left, _FLOOR + 14, width * share, _BAR, f"compute-fill {grow}", 0)
    bar = frame + f'<g clip-path="url(#{clip})">{filling}</g>' + rect(left, _FLOOR + 14, width, _BAR, "ink", 6)
    words = group(
        text(left + width / 2, _FLOOR + 66, f"works {percent(share)}", "strong compute"), look=sheet.appear(at_s + 0.6)
    )
    inside = rect(left, _TOP, width, _FLOOR - _TOP, "thin", 8) + place(parts.cook(), left + width / 2, _FLOOR - 2, 0.7)
    return inside + bar + words + text(left + width / 2, _FLOOR + 90, title)


def draw(given: Given, prefix: str) -> dict[str, object]:
    prompts, answers = given.text("prompts"), given.text("answers")
    shares = {name: given.share(name) for name, _ in _KITCHENS}
    titles = {name: given.text(f"{name}_name") for name, _ in _KITCHENS}
    sheet = Sheet("two-tallies", prefix, DURATION_S)
    sheet.add(
        _tally(64, prompts, "orders in:"),
        _tally(370, answers, "plates out:"),
        line(360, 78, 360, 100, "thin"),
        line(124, 100, 596, 100, "thin"),
        *(line(x + _WIDE / 2, 100, x + _WIDE / 2, _TOP, "thin") for _, x in _KITCHENS),
        *(_kitchen(sheet, x, titles[name], shares[name], 0.4 + 1.4 * turn) for turn, (name, x) in enumerate(_KITCHENS)),
    )
    sentences = [
        f"{titles[name]}: the same two tallies, at work {percent(shares[name])} of the time." for name, _ in _KITCHENS
    ]
    steps = [
        (1.6, sentences[0]),
        (3.0, sentences[1]),
        (4.4, sentences[2]),
        (4.8, "The guests move the tallies. A faster kitchen rests longer."),
    ]
    alt = f"One door with two tallies, {prompts} in and {answers} out, whichever kitchen is behind it. {' '.join(sentences)}"
    return {"svg": sheet.svg(alt), "duration_s": DURATION_S, "steps": steps, "alt": alt}
