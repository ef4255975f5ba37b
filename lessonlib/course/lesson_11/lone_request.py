"""Exhibit 2: one request alone on machine A, and the three lines of the log that see it.

It comes one second before a line is written. Its prompt is about as long as the reported line would have it, in a round number.
"""

from __future__ import annotations

from functools import lru_cache

from lessonlib.base.quantity import Quantity, significant
from lessonlib.course.lesson_11.afternoon import case_system, line_s
from lessonlib.roofline import Lab
from lessonlib.serving import Request, Result, Scheduler, Telemetry, Trace, simulate
from lessonlib.serving.results.log_lines import rates

#: seconds from its arrival to the next line
BEFORE_S = 1.0
_LINES = 3
#: tokens
PROMPT, ANSWER = 30_000, 1_000


@lru_cache(maxsize=1)
def lone_run() -> Result:
    """The run, step by step."""
    request = Request(0.0, PROMPT, ANSWER)
    return simulate(case_system(), Trace((request,), "one request"), Scheduler(prefix_caching=False), record="steps")


@lru_cache(maxsize=1)
def _lines() -> tuple[tuple[float, float], ...]:
    """(prompt, generation) tokens/s of each line."""
    told = Telemetry(lone_run())
    ends = [BEFORE_S + line_s() * turn for turn in range(_LINES)]
    return tuple(rates(told, end - line_s(), end) for end in ends)


def _first_token_s() -> float:
    return float(lone_run().requests["first_token_s"][0])


def _gap_s() -> float:
    return lone_run().mean("itl_s")


def lone_prompt(lab: Lab) -> Quantity:
    """Tokens of its prompt."""
    return Quantity(PROMPT, "tokens", digits=5)


def lone_answer(lab: Lab) -> Quantity:
    """Tokens of its answer."""
    return Quantity(ANSWER, "tokens", digits=4)


def lone_before(lab: Lab) -> Quantity:
    """Seconds from its arrival to the next line."""
    return Quantity(BEFORE_S, "s")


def lone_first(lab: Lab) -> Quantity:
    """When its first token comes."""
    return Quantity(_first_token_s(), "s", digits=2)


def lone_reading_speed(lab: Lab) -> Quantity:
    """Its prompt over that time: the speed at which it is read."""
    return Quantity(PROMPT / _first_token_s(), "tok/s")


def _pairs(lines: tuple[tuple[float, float], ...]) -> str:
    """Rates of three lines as a person says them."""
    return "; ".join(
        f"{significant(prompt, 4) if prompt >= 1000 else f'{prompt:.0f}'} and {made:.0f}" for prompt, made in lines
    )


def lines_as_logged(lab: Lab) -> str:
    """What the three lines say."""
    return _pairs(_lines())


def lines_as_read(lab: Lab) -> str:
    """As if prompt tokens counted while they are read."""
    whole, first = PROMPT / line_s(), BEFORE_S / _first_token_s()
    (_, one), (_, two), (_, three) = _lines()
    return _pairs(((whole * first, one), (whole * (1 - first), two), (0.0, three)))


def lines_as_phases(lab: Lab) -> str:
    """As if each line told the speed of the phase that it sees."""
    reading, writing = float(lone_reading_speed(lab)), 1 / _gap_s()
    return _pairs(((reading, 0.0), (reading, writing), (0.0, writing)))


# --- claims


def lump_falls_into_one_line(lab: Lab) -> bool:
    """The first line says nothing, the second all of the prompt, and no line the speed at which it was read."""
    (zero, none), (all_of_it, some), (after, rest) = _lines()
    quiet = zero == none == after == 0
    return quiet and abs(all_of_it - PROMPT / line_s()) < 0.5 and some > rest > 0
