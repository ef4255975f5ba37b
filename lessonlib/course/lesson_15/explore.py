"""The explorer: what drafts gain, by how many there are, how often they are right, and how many requests are in a step."""

from __future__ import annotations

from functools import lru_cache

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_15.checking import (
    BEHIND,
    chance_of,
    dense_lab,
    gain,
    seats,
    step_ratio,
    step_seconds,
    tokens_of_a_step,
)
from lessonlib.course.lesson_15.load import requests_compared
from lessonlib.draw.explored import Axis, Explored, Line, Point, Value
from lessonlib.roofline import Lab

_DRAFTS = (1, 2, 3, 5, 7)
_CHANCES = (0.3, 0.5, 0.6, 0.7, 0.8, 0.9)
_REQUESTS = (1, 2, 4, 8, 16, 32, 64, 128, 256)


def explored_drafts(lab: Lab) -> list[int]:
    return list(_DRAFTS)


def explored_chances(lab: Lab) -> list[float]:
    """Chance of a draft given those before it."""
    return list(_CHANCES)


def explored_requests(lab: Lab) -> list[int]:
    """Requests in a step: up to what the cache can hold with three drafts."""
    most = requests_compared(lab)[-1]
    return [*(few for few in _REQUESTS if few < most), most]


def explored_start(lab: Lab) -> int:
    return explored_requests(lab)[len(explored_requests(lab)) // 2]


@lru_cache(maxsize=256)
def _gains(lab: Lab, drafts: int, chance: float) -> tuple[float, ...]:
    return tuple(gain(dense_lab(lab).system, count, drafts, chance) for count in explored_requests(lab))


def explore_drafts(lab: Lab, *, drafts: int, chance: float, requests: int) -> Explored:
    """Tokens of a step, how much longer it takes, and what that gains."""
    system, counts = dense_lab(lab).system, explored_requests(lab)
    tokens, ratio = tokens_of_a_step(chance, drafts), step_ratio(system, requests, drafts)
    here, gap = gain(system, requests, drafts, chance), step_seconds(system, requests, drafts)
    room = seats(system, drafts, BEHIND)
    even = chance_of(ratio, drafts) if ratio < drafts + 1 else None
    needed = "no chance would do" if even is None else f"{even:.2f}"
    finding = (
        f"{requests} requests, {drafts} draft{'s' if drafts > 1 else ''}, each right with {chance:g} if those before it are: "
        f"{Quantity(tokens, 'tokens')} a step, which takes {Quantity(ratio, 'x')} as long: {Quantity(here, 'x')} the tokens a second, where no prompt is read. "
        f"To lose nothing the chance must be {needed}."
    )
    return Explored(
        finding=finding,
        values=[
            Value("tokens", "Tokens of a step", Quantity(tokens, "tokens"), "mean"),
            Value("ratio", "A step takes times as long", Quantity(ratio, "x"), "expected"),
            Value("gain", "Tokens a second, times", Quantity(here, "x"), "expected"),
            Value("gap", "Time between outputs", Quantity(gap, "s"), "expected"),
            Value("token", "Time per token", Quantity(gap / tokens, "s"), "expected"),
            Value("even", "Chance at which nothing is lost", needed, ""),
            Value(
                "seats", "Room for requests", f"{room:,}" + ("" if requests <= room else " ✕ not all of these fit"), ""
            ),
        ],
        x=Axis("requests in a step", log=True, low=counts[0], high=counts[-1]),
        y=Axis("tokens a second, times", "x", low=0.0, high=4.0),
        lines=[
            Line("your drafts", list(counts), list(_gains(lab, drafts, chance)), "main"),
            Line("one draft", list(counts), list(_gains(lab, 1, chance)), "other"),
            Line("no gain", [counts[0], counts[-1]], [1.0, 1.0], "limit"),
        ],
        points=[Point("here", requests, here, "main")],
    )
