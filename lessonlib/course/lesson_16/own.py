"""The learner's own lab as it is: a token of one request and a prompt, and what of it are messages."""

from __future__ import annotations

from dataclasses import replace

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_16.pair import BEHIND, PROMPT, links_share, prompt_seconds, token_seconds
from lessonlib.roofline import Estimate, Lab, System, decode, prefill
from lessonlib.roofline.band import band


def _token(lab: Lab) -> Estimate:
    return decode(lab.system, 1, BEHIND)


def _prompt(lab: Lab) -> Estimate:
    return prefill(lab.system, prompt=PROMPT)


def shared_token_ceiling(lab: Lab) -> Quantity:
    """A decode step of one request with perfect software."""
    return Quantity(float(_token(lab).ceiling_s), "s")


def shared_token_expected(lab: Lab) -> Quantity:
    return Quantity(float(_token(lab).expected_s), "s")


def _token_band(lab: Lab) -> tuple[float, float]:
    one = _token(lab)
    return band(lab.system, "decode step").around(float(one.expected_s), float(one.ceiling_s))


def shared_token_low(lab: Lab) -> Quantity:
    """The fast end of the 90 % band, never below the ceiling."""
    return Quantity(_token_band(lab)[0], "s")


def shared_token_high(lab: Lab) -> Quantity:
    return Quantity(_token_band(lab)[1], "s")


def shared_prompt_ceiling(lab: Lab) -> Quantity:
    """Reading the prompt with perfect software."""
    return Quantity(float(_prompt(lab).ceiling_s), "s")


def shared_prompt_expected(lab: Lab) -> Quantity:
    return Quantity(float(_prompt(lab).expected_s), "s")


def _prompt_band(lab: Lab) -> tuple[float, float]:
    one = _prompt(lab)
    return band(lab.system, "prefill").around(float(one.expected_s), float(one.ceiling_s))


def shared_prompt_low(lab: Lab) -> Quantity:
    """The fast end of the 90 % band, never below the ceiling."""
    return Quantity(_prompt_band(lab)[0], "s")


def shared_prompt_high(lab: Lab) -> Quantity:
    return Quantity(_prompt_band(lab)[1], "s")


def shared_token_messages(lab: Lab) -> Quantity:
    """Per cent of that step that messages take."""
    return Quantity(links_share(lab.system, 1), "%", digits=2)


def shared_prompt_messages(lab: Lab) -> Quantity:
    return Quantity(links_share(lab.system, PROMPT), "%", digits=2)


def _doubled(lab: Lab) -> System:
    """Two of a lab's cards in place of one, over whatever joins such cards."""
    return replace(lab.system, tp=2)


def doubled_token(lab: Lab) -> Quantity:
    """One decode step of one request on two of them."""
    return Quantity(token_seconds(_doubled(lab)), "s")


def doubled_prompt(lab: Lab) -> Quantity:
    """Reading the prompt on two."""
    return Quantity(prompt_seconds(_doubled(lab)), "s")


def doubled_share(lab: Lab) -> Quantity:
    """Per cent of that which messages take."""
    return Quantity(links_share(_doubled(lab), PROMPT), "%", digits=2)
