"""The explorer: one prompt beside answers, by the tokens of a step."""

from __future__ import annotations

from functools import lru_cache

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_12.reading import reading
from lessonlib.draw.explored import Axis, Explored, Line, Point, Value
from lessonlib.roofline import Lab

STOPS = (256, 512, 1024, 2048, 4096, 8192, 16384)
_WRITERS = (1, 8, 32, 64, 128, 220, 256)
_PROMPTS = (512, 2048, 8192, 32768)


def budget_stops(lab: Lab) -> list[int]:
    """Tokens of a step."""
    return list(STOPS)


def writer_stops(lab: Lab) -> list[int]:
    return list(_WRITERS)


def pasted_prompt_stops(lab: Lab) -> list[int]:
    return list(_PROMPTS)


@lru_cache(maxsize=128)
def _lines(lab: Lab, writers: int, prompt: int) -> tuple[Line, Line]:
    budgets = [budget for budget in STOPS if budget > writers]
    read = [reading(lab, budget, writers, prompt) for budget in budgets]
    return (
        Line("first token of the prompt", budgets, [one.until_read_s for one in read], "compute"),
        Line("worst gap of the answers", budgets, [one.worst_gap_s for one in read], "memory"),
    )


def explore_budget(lab: Lab, *, budget: int, writers: int, prompt: int) -> Explored:
    """What one prompt costs itself and the answers beside it."""
    lines = _lines(lab, writers, prompt)
    plain = Quantity(reading(lab, 2 * writers + STOPS[-1], writers, prompt).plain_s, "s")
    wait: Quantity | str
    gap: Quantity | str
    lost: Quantity | str
    points: list[Point]
    if budget <= writers:
        finding = (
            f"{writers} answers take all {budget} tokens of a step: the prompt is not read before one of them ends. "
            f"Their gap stays {plain}."
        )
        wait, gap, steps, lost = "✕ not before an answer ends", str(plain), "none", "nothing"
        points = []
    else:
        one = reading(lab, budget, writers, prompt)
        wait, gap, lost = (Quantity(each, "s") for each in (one.until_read_s, one.worst_gap_s, one.lost_s))
        steps = f"{one.steps} × up to {budget - writers:,} tokens"
        finding = (
            f"With {budget:,} tokens a step the prompt has its first token after {wait}, in {one.steps} steps; the worst gap of the "
            f"{writers} answers beside it is {gap}, and each of them ends {lost} later."
        )
        points = [
            Point("first token", budget, one.until_read_s, "compute"),
            Point("gap", budget, one.worst_gap_s, "memory"),
        ]
    return Explored(
        finding=finding,
        values=[
            Value("wait", "First token of the prompt", wait, "expected"),
            Value("gap", "Worst gap of the answers", gap, "expected"),
            Value("plain", "Their gap without it", plain, "expected"),
            Value("steps", "Pieces", steps, ""),
            Value("lost", "Each answer ends later by", lost, "expected"),
        ],
        x=Axis("tokens of a step", log=True, low=STOPS[0], high=STOPS[-1]),
        y=Axis("seconds", "s", log=True),
        lines=list(lines),
        points=points,
    )
