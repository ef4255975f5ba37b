"""Several GPUs and several servers: what crosses between two, what many users fetch of a mixture, who waits where, how many are inside."""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.course.inventory.forms import figures_of
from lessonlib.course.inventory.one_user import machine_arithmetic, machine_fetch
from lessonlib.roofline import Lab

_WORDS = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 10: "ten"}

# --- two GPUs and a link ---------------------------------------------------------------------------------------------


def link_messages(lab: Lab) -> str:
    return f"{figures_of(lab).link_messages}"


def link_payload(lab: Lab) -> Quantity:
    """Bytes of a message for each token of the step."""
    return Quantity(figures_of(lab).link_payload, "B")


def link_wait(lab: Lab) -> Quantity:
    """What a message waits until both GPUs are ready, whatever its size."""
    return Quantity(figures_of(lab).link_wait, "s")


def link_before(lab: Lab) -> Quantity:
    return Quantity(figures_of(lab).link_before, "B/s")


def link_after(lab: Lab) -> Quantity:
    return Quantity(figures_of(lab).link_after, "B/s")


def link_text_tokens(lab: Lab) -> str:
    return f"{figures_of(lab).link_text_tokens:,}"


def _message(lab: Lab, tokens: int, bandwidth: float) -> float:
    """Seconds of one message: its wait, and its bytes over the bandwidth."""
    figures = figures_of(lab)
    return figures.link_wait + tokens * figures.link_payload / bandwidth


def _step_of_two(lab: Lab, tokens: int, bandwidth: float) -> float:
    """Seconds of a step on two GPUs: half of the longer of fetch and arithmetic, and all messages."""
    alone = max(float(machine_fetch(lab)), tokens * float(machine_arithmetic(lab)))
    return alone / 2 + figures_of(lab).link_messages * _message(lab, tokens, bandwidth)


def token_message(lab: Lab) -> Quantity:
    return Quantity(_message(lab, 1, figures_of(lab).link_before), "s")


def token_message_after(lab: Lab) -> Quantity:
    return Quantity(_message(lab, 1, figures_of(lab).link_after), "s")


def text_message(lab: Lab) -> Quantity:
    figures = figures_of(lab)
    return Quantity(_message(lab, figures.link_text_tokens, figures.link_before), "s", digits=2)


def text_message_after(lab: Lab) -> Quantity:
    figures = figures_of(lab)
    return Quantity(_message(lab, figures.link_text_tokens, figures.link_after), "s", digits=2)


def text_of_two(lab: Lab) -> Quantity:
    figures = figures_of(lab)
    return Quantity(_step_of_two(lab, figures.link_text_tokens, figures.link_before), "s", digits=2)


def text_of_two_after(lab: Lab) -> Quantity:
    figures = figures_of(lab)
    return Quantity(_step_of_two(lab, figures.link_text_tokens, figures.link_after), "s", digits=2)


def only_the_text_suffers(lab: Lab) -> bool:
    """Whether the text takes twice as long or more by the slow link, and a token a twentieth longer at most."""
    figures = figures_of(lab)
    slower = [
        _step_of_two(lab, tokens, figures.link_after) / _step_of_two(lab, tokens, figures.link_before)
        for tokens in (1, figures.link_text_tokens)
    ]
    return slower[0] < 1.05 and slower[1] > 2


# --- experts ---------------------------------------------------------------------------------------------------------


def experts_in_layer(lab: Lab) -> str:
    return f"{figures_of(lab).experts}"


def experts_a_token(lab: Lab) -> str:
    return f"{figures_of(lab).experts_a_token}"


def experts_users(lab: Lab) -> str:
    return f"{figures_of(lab).experts_users}"


def experts_met(lab: Lab) -> Quantity:
    """Different experts of a step, on average: all but those that every token leaves out, each with the same chance."""
    figures = figures_of(lab)
    missed = (1 - figures.experts_a_token / figures.experts) ** figures.experts_users
    return Quantity(figures.experts * (1 - missed), "experts")


def experts_fetched_more(lab: Lab) -> Quantity:
    """Times what is fetched for one user."""
    return Quantity(float(experts_met(lab)) / figures_of(lab).experts_a_token, "x", digits=2)


def experts_by_users(lab: Lab) -> Quantity:
    """As if each user brought experts of his own."""
    return Quantity(figures_of(lab).experts_users, "x")


def nearly_all_experts_are_met(lab: Lab) -> bool:
    return float(experts_met(lab)) > 0.98 * figures_of(lab).experts


# --- in turn ---------------------------------------------------------------------------------------------------------


def turns_servers(lab: Lab) -> str:
    return _WORDS[figures_of(lab).turns_servers]


def turns_arrivals(lab: Lab) -> str:
    return f"{figures_of(lab).turns_arrivals}"


def turns_served(lab: Lab) -> str:
    return f"{figures_of(lab).turns_served}"


def turns_minutes(lab: Lab) -> str:
    return _WORDS[figures_of(lab).turns_minutes]


def turns_share(lab: Lab) -> Quantity:
    """What comes to each server in a minute."""
    return Quantity(figures_of(lab).turns_arrivals / figures_of(lab).turns_servers, "requests")


def turns_slow_serves(lab: Lab) -> Quantity:
    """What the slow server serves in a minute: half of the others' most."""
    return Quantity(figures_of(lab).turns_served / 2, "requests")


def turns_line(lab: Lab) -> Quantity:
    """What comes less what is served, for so many minutes; the few who waited before are left out."""
    figures = figures_of(lab)
    stays = float(turns_share(lab)) - float(turns_slow_serves(lab))
    return Quantity(figures.turns_minutes * stays, "requests")


def turns_usual(lab: Lab) -> Quantity:
    return Quantity(figures_of(lab).turns_usual, "requests")


def turns_usual_twice(lab: Lab) -> Quantity:
    """As if half the speed were twice the line."""
    return Quantity(2 * figures_of(lab).turns_usual, "requests")


def turns_half_done(lab: Lab) -> Quantity:
    """As if half of what comes were left undone."""
    return Quantity(figures_of(lab).turns_minutes * float(turns_share(lab)) / 2, "requests")


# --- how many are inside ---------------------------------------------------------------------------------------------


def inside_arrivals(lab: Lab) -> Quantity:
    """Those who come in a second."""
    return Quantity(figures_of(lab).inside_arrivals, "requests")


def inside_servers(lab: Lab) -> str:
    return _WORDS[figures_of(lab).inside_servers]


def inside_more_servers(lab: Lab) -> str:
    return _WORDS[2 * figures_of(lab).inside_servers]


def inside_stay(lab: Lab) -> Quantity:
    return Quantity(figures_of(lab).inside_stay, "s")


def inside_stay_with_more(lab: Lab) -> Quantity:
    return Quantity(figures_of(lab).inside_stay_with_more, "s")


def inside_before(lab: Lab) -> Quantity:
    """Little's law: rate times stay."""
    return Quantity(figures_of(lab).inside_arrivals * figures_of(lab).inside_stay, "requests")


def inside_with_more(lab: Lab) -> Quantity:
    """The same rate, times the shorter stay."""
    return Quantity(figures_of(lab).inside_arrivals * figures_of(lab).inside_stay_with_more, "requests")


def inside_if_all_fill(lab: Lab) -> Quantity:
    """As if each of twice as many servers held as many as before."""
    return Quantity(2 * float(inside_before(lab)), "requests")
