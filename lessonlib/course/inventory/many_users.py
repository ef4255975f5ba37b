"""Many users: who shares a step, what their past takes, what a counter and a guess show."""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.course.inventory.forms import figures_of
from lessonlib.course.inventory.one_user import machine_alone, machine_arithmetic, machine_fetch, reading
from lessonlib.roofline import Lab

_TIMES = {2: "twice", 3: "three times"}
_ONE_MORE = {8: "Seven", 16: "Fifteen"}

# --- a batch ---------------------------------------------------------------------------------------------------------


def batch_users(lab: Lab) -> str:
    return f"{figures_of(lab).batch_users}"


def batch_others(lab: Lab) -> str:
    """Those who join, as a word at the start of a sentence."""
    return _ONE_MORE[figures_of(lab).batch_users]


def batch_divided(lab: Lab) -> Quantity:
    """The speed of one user, divided among all."""
    return Quantity(float(machine_alone(lab)) / figures_of(lab).batch_users, "tok/s", digits=2)


def batch_step(lab: Lab) -> Quantity:
    """A step of all: one fetch, or their arithmetic where that is longer."""
    return Quantity(reading(lab, figures_of(lab).batch_users), "s")


def batch_arithmetic(lab: Lab) -> Quantity:
    return Quantity(figures_of(lab).batch_users * float(machine_arithmetic(lab)), "s", digits=2)


def batch_keeps_its_speed(lab: Lab) -> bool:
    """Whether the fetch is all that the step of the batch waits for."""
    return float(batch_arithmetic(lab)) < float(machine_fetch(lab))


# --- longer conversations --------------------------------------------------------------------------------------------


def context_model(lab: Lab) -> Quantity:
    return Quantity(figures_of(lab).context_model, "B")


def context_conversations(lab: Lab) -> Quantity:
    return Quantity(figures_of(lab).context_conversations, "B")


def context_longer(lab: Lab) -> str:
    return _TIMES[figures_of(lab).context_ratio]


def context_fetched(lab: Lab) -> Quantity:
    return Quantity(figures_of(lab).context_model + figures_of(lab).context_conversations, "B")


def context_fetched_longer(lab: Lab) -> Quantity:
    figures = figures_of(lab)
    return Quantity(figures.context_model + figures.context_ratio * figures.context_conversations, "B")


def context_step_grows(lab: Lab) -> Quantity:
    """How many times as long the step takes: model and conversations, over what they were."""
    return Quantity(float(context_fetched_longer(lab)) / float(context_fetched(lab)), "x", digits=2)


def context_grows(lab: Lab) -> Quantity:
    return Quantity(figures_of(lab).context_ratio, "x")


def context_squared(lab: Lab) -> Quantity:
    return Quantity(figures_of(lab).context_ratio ** 2, "x")


# --- a counter at night ----------------------------------------------------------------------------------------------


def counted_at_night(lab: Lab) -> str:
    return f"{figures_of(lab).night_rate}"


def night_faster(lab: Lab) -> str:
    return _TIMES[figures_of(lab).night_ratio]


def counted_if_faster(lab: Lab) -> str:
    return f"{figures_of(lab).night_rate * figures_of(lab).night_ratio}"


# --- a document among answers ----------------------------------------------------------------------------------------


def stall_users(lab: Lab) -> str:
    return f"{figures_of(lab).stall_users}"


def stall_tokens(lab: Lab) -> str:
    return f"{figures_of(lab).stall_tokens:,}"


def stall_read_in(lab: Lab) -> Quantity:
    return Quantity(reading(lab, figures_of(lab).stall_tokens), "s", digits=2)


# --- guesses at noon -------------------------------------------------------------------------------------------------


def guessed(lab: Lab) -> str:
    return f"{figures_of(lab).guessed}"


def brought(lab: Lab) -> str:
    """Tokens that a step brings with guesses, on average."""
    return f"{figures_of(lab).brought:g}"


def noon_users(lab: Lab) -> str:
    return f"{figures_of(lab).noon_users}"


def noon_step(lab: Lab) -> Quantity:
    return Quantity(reading(lab, figures_of(lab).noon_users), "s")


def noon_step_with_guesses(lab: Lab) -> Quantity:
    """Each user has its own token and its guesses in the step."""
    return Quantity(reading(lab, figures_of(lab).noon_users * (1 + figures_of(lab).guessed)), "s")


def noon_step_grows(lab: Lab) -> Quantity:
    return Quantity(float(noon_step_with_guesses(lab)) / float(noon_step(lab)), "x", digits=2)


def noon_waits_for_arithmetic(lab: Lab) -> bool:
    return float(noon_step(lab)) > float(machine_fetch(lab))


def guesses_cost_at_noon(lab: Lab) -> bool:
    """Whether a step grows more than it brings."""
    return float(noon_step_grows(lab)) > figures_of(lab).brought
