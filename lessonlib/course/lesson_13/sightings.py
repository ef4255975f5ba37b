"""What the cache gives to one request after another with the same beginning, on a hybrid and on other models.

A hybrid finds a beginning where whole pages are equal and a state was kept at their end (``docs/SIMULATOR.md`` has the rule
and its sources). The numbers come from the simulator's own cache.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_13.published import reported_prompt
from lessonlib.course.shared.hybrid import hybrid_of
from lessonlib.roofline import Lab, System
from lessonlib.serving import Request, Scheduler, Trace, simulate
from lessonlib.serving.replica.pages import pages

#: tokens that all requests begin with, tokens of each one's own
BEGINNING, OWN = 4_000, 1_000
#: the beginning of the quiz
LONGER = 3_000
_APART_S = 600.0


@lru_cache(maxsize=64)
def found(system: System, beginning: int, own: int, times: int = 3) -> tuple[int, ...]:
    """Prompt tokens that each of so many requests in a row finds, each alone on the server."""
    work = [Request(_APART_S * turn, beginning + own, 8, prefix=(("beginning", beginning),)) for turn in range(times)]
    result = simulate(system, Trace(tuple(work), "in a row"), Scheduler())
    return tuple(int(tokens) for tokens in result.requests["cached"])


def beginning_tokens(lab: Lab) -> Quantity:
    """What all requests begin with."""
    return Quantity(BEGINNING, "tokens", digits=4)


def own_tokens(lab: Lab) -> Quantity:
    """What each adds."""
    return Quantity(OWN, "tokens", digits=4)


def hybrid_page(lab: Lab) -> Quantity:
    return Quantity(pages(hybrid_of(lab).system, Scheduler()).tokens, "tokens")


def found_first(lab: Lab) -> Quantity:
    return Quantity(found(hybrid_of(lab).system, BEGINNING, OWN)[0], "tokens", digits=4)


def found_second(lab: Lab) -> Quantity:
    return Quantity(found(hybrid_of(lab).system, BEGINNING, OWN)[1], "tokens", digits=4)


def found_third(lab: Lab) -> Quantity:
    return Quantity(found(hybrid_of(lab).system, BEGINNING, OWN)[2], "tokens", digits=4)


def state_kept_at(lab: Lab) -> Quantity:
    """The end of the last whole page of the first prompt."""
    page = int(float(hybrid_page(lab)))
    return Quantity((BEGINNING + OWN) // page * page, "tokens", digits=4)


def found_second_elsewhere(lab: Lab) -> Quantity:
    """What the second finds on the lab itself, where its model keeps no state."""
    return Quantity(found(lab.system, BEGINNING, OWN)[1], "tokens", digits=4)


def found_same_again(lab: Lab) -> Quantity:
    """What the second of two identical prompts finds on the hybrid, without drafts; as long as the one that was reported."""
    return Quantity(found(hybrid_of(lab).system, int(float(reported_prompt(lab))), 0, 2)[1], "tokens", digits=5)


# --- a cache in 8 bits


def _fp8(lab: Lab) -> System:
    return replace(hybrid_of(lab).system, kv="fp8")


def longer_beginning(lab: Lab) -> Quantity:
    return Quantity(LONGER, "tokens", digits=4)


def fp8_page(lab: Lab) -> Quantity:
    return Quantity(pages(_fp8(lab), Scheduler()).tokens, "tokens", digits=4)


def found_in_16(lab: Lab) -> Quantity:
    """Of the longer beginning, with a cache in 16 bits."""
    return Quantity(found(hybrid_of(lab).system, LONGER, OWN)[2], "tokens", digits=4)


def found_in_8(lab: Lab) -> Quantity:
    """The same with a cache in 8 bits."""
    return Quantity(found(_fp8(lab), LONGER, OWN)[2], "tokens", digits=4)


def found_if_any(lab: Lab) -> Quantity:
    """As if every shared token were found."""
    return Quantity(LONGER, "tokens", digits=4)


def third_is_the_first_hit(lab: Lab) -> bool:
    """Claim: on the hybrid the first two find nothing, the third whole pages; its state lay in the first one's own part; a lab
    without states finds the whole beginning at once.
    """
    first, second, third = found(hybrid_of(lab).system, BEGINNING, OWN)
    elsewhere = found(lab.system, BEGINNING, OWN)[1]
    return (
        first == second == 0 < third < BEGINNING < float(state_kept_at(lab))
        and third % float(hybrid_page(lab)) == 0
        and (lab.system == hybrid_of(lab).system or elsewhere == BEGINNING)
    )


def fewer_bits_find_less(lab: Lab) -> bool:
    """Claim: the page of a cache in 8 bits has twice the tokens, and less of the longer beginning is found."""
    return float(fp8_page(lab)) == 2 * float(hybrid_page(lab)) and float(found_in_8(lab)) < float(found_in_16(lab))
