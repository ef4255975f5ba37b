"""One user alone: what a token fetches and multiplies, what a text takes to read."""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.course.inventory.forms import figures_of
from lessonlib.roofline import Lab

BYTES, OPERATIONS = 2, 2
"""Bytes of a parameter, and operations that a token does with it: a multiplication and an addition."""


# --- the ceiling ------------------------------------------------------------------------------------------------


def ceiling_parameters(lab: Lab) -> str:
    return f"{figures_of(lab).ceiling_parameters / 1e9:g} billion"


def ceiling_bandwidth(lab: Lab) -> Quantity:
    return Quantity(figures_of(lab).ceiling_bandwidth, "B/s")


def ceiling_peak(lab: Lab) -> str:
    return f"{figures_of(lab).ceiling_peak / 1e12:g} trillion"


def ceiling_bytes(lab: Lab) -> Quantity:
    """What a token fetches: every parameter."""
    return Quantity(BYTES * figures_of(lab).ceiling_parameters, "B")


def ceiling_speed(lab: Lab) -> Quantity:
    """Bandwidth over bytes."""
    return Quantity(figures_of(lab).ceiling_bandwidth / float(ceiling_bytes(lab)), "tok/s")


def ceiling_at_one_byte(lab: Lab) -> Quantity:
    """As if a billion parameters were a gigabyte."""
    return Quantity(figures_of(lab).ceiling_bandwidth / figures_of(lab).ceiling_parameters, "tok/s")


def ceiling_of_arithmetic(lab: Lab) -> Quantity:
    """Peak over the operations of a token."""
    figures = figures_of(lab)
    return Quantity(figures.ceiling_peak / (OPERATIONS * figures.ceiling_parameters), "tok/s", digits=5)


# --- the machine of the other questions ------------------------------------------------------------------------------


def machine_bytes(lab: Lab) -> Quantity:
    return Quantity(BYTES * figures_of(lab).machine_parameters, "B")


def machine_bandwidth(lab: Lab) -> Quantity:
    return Quantity(figures_of(lab).machine_bandwidth, "B/s")


def machine_fetch(lab: Lab) -> Quantity:
    """Every parameter fetched once: what a token of one user takes at least."""
    return Quantity(float(machine_bytes(lab)) / figures_of(lab).machine_bandwidth, "s")


def machine_arithmetic(lab: Lab) -> Quantity:
    """The operations of one token at the peak."""
    figures = figures_of(lab)
    return Quantity(OPERATIONS * figures.machine_parameters / figures.machine_peak, "s")


def machine_alone(lab: Lab) -> Quantity:
    """Tokens a second of one user alone."""
    return Quantity(1 / float(machine_fetch(lab)), "tok/s")


def reading(lab: Lab, tokens: float) -> float:
    """Seconds to read so many tokens at once: the slower of fetching the parameters once and of the arithmetic."""
    return max(float(machine_fetch(lab)), tokens * float(machine_arithmetic(lab)))


# --- a text and its answer -------------------------------------------------------------------------------------------


def text_tokens(lab: Lab) -> str:
    return f"{figures_of(lab).text_tokens:,}"


def summary_tokens(lab: Lab) -> str:
    return f"{figures_of(lab).answer_tokens:,}"


def text_read_in(lab: Lab) -> Quantity:
    return Quantity(reading(lab, figures_of(lab).text_tokens), "s", digits=2)


def answer_written_in(lab: Lab) -> Quantity:
    return Quantity(figures_of(lab).answer_tokens * float(machine_fetch(lab)), "s", digits=2)


def text_and_answer(lab: Lab) -> Quantity:
    return Quantity(float(text_read_in(lab)) + float(answer_written_in(lab)), "s", digits=2)


def writing_takes_nearly_all(lab: Lab) -> bool:
    """Whether nine tenths of the time, or more, go into the answer."""
    return float(answer_written_in(lab)) >= 0.9 * float(text_and_answer(lab))
