"""Exhibit 2: one request alone on machine A, and the three lines of the log that see it.

It comes one second before a line is written. Its prompt has as many tokens as the reported line counted in ten seconds,
its answer too, so that one line of the three says the reported number.
"""

from __future__ import annotations

from functools import lru_cache

from lessonlib.base.quantity import Quantity, significant
from lessonlib.course.lesson_11.afternoon import case_system, line_s
from lessonlib.course.shared.run_timeline import timeline_of
from lessonlib.draw.timeline import Timeline
from lessonlib.roofline import DEFAULT_LAB, Lab, load_lab
from lessonlib.serving import Request, Result, Scheduler, Telemetry, Trace, simulate
from lessonlib.serving.results.log_lines import rates

#: seconds from its arrival to the next line
BEFORE_S = 1.0
_LINES = 3


def _reported(key: str) -> float:
    return load_lab(DEFAULT_LAB).measured[key].value


def _tokens(key: str) -> int:
    return round(_reported(key) * line_s())


@lru_cache(maxsize=1)
def lone_run() -> Result:
    """The run, step by step."""
    request = Request(0.0, _tokens("prefill_tokens_per_s"), _tokens("decode_tokens_per_s"))
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
    return Quantity(_tokens("prefill_tokens_per_s"), "tokens", digits=5)


def lone_answer(lab: Lab) -> Quantity:
    """Tokens of its answer."""
    return Quantity(_tokens("decode_tokens_per_s"), "tokens", digits=4)


def lone_before(lab: Lab) -> Quantity:
    """Seconds from its arrival to the next line."""
    return Quantity(BEFORE_S, "s")


def lone_first(lab: Lab) -> Quantity:
    """When its first token comes."""
    return Quantity(_first_token_s(), "s", digits=2)


def lone_reading_speed(lab: Lab) -> Quantity:
    """Its prompt over that time: the speed at which it is read."""
    return Quantity(_tokens("prefill_tokens_per_s") / _first_token_s(), "tok/s")


def lone_gap(lab: Lab) -> Quantity:
    """Between two of its tokens."""
    return Quantity(_gap_s(), "s")


def lone_end(lab: Lab) -> Quantity:
    """When its last token comes."""
    return Quantity(float(lone_run().requests["finished_s"][0]), "s", digits=2)


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
    whole, first = _reported("prefill_tokens_per_s"), BEFORE_S / _first_token_s()
    (_, one), (_, two), (_, three) = _lines()
    return _pairs(((whole * first, one), (whole * (1 - first), two), (0.0, three)))


def lines_as_phases(lab: Lab) -> str:
    """As if each line told the speed of the phase that it sees."""
    reading, writing = float(lone_reading_speed(lab)), 1 / _gap_s()
    return _pairs(((reading, 0.0), (reading, writing), (0.0, writing)))


def lone_timeline(lab: Lab) -> Timeline:
    """Its two phases, step by step."""
    run = lone_run()
    logged = _pairs(_lines())
    return timeline_of(
        run,
        label="One request on machine A",
        finding=(
            f"One request: its prompt of {lone_prompt(lab)} is read in {significant(_first_token_s(), 2)} s, in chunks of up to "
            f"8,192 tokens; then {lone_answer(lab)} are written, one every {lone_gap(lab)}, until {lone_end(lab)}. "
            f"Lines of the log at {BEFORE_S:.0f}, {BEFORE_S + line_s():.0f} and {BEFORE_S + 2 * line_s():.0f} s say {logged}."
        ),
    )


# --- claims


def lump_falls_into_one_line(lab: Lab) -> bool:
    """The first line says nothing, the second all of the prompt, and no line the speed at which it was read."""
    (zero, none), (all_of_it, some), (after, rest) = _lines()
    quiet = zero == none == after == 0
    return quiet and abs(all_of_it - _reported("prefill_tokens_per_s")) < 0.5 and some > rest > 0
