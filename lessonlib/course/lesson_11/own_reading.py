"""Exhibit 8, where there is one: what the learner's own server told of itself, put through the same test."""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_11.one_after_another import written_per_s
from lessonlib.roofline import Lab, decode, prefill


def own_reading(lab: Lab) -> bool:
    """Whether this lab was written from a live server's metrics, with all that the test needs."""
    return lab.read_live and lab.traffic is not None and len(lab.measured) == 2


def _measured(lab: Lab, key: str) -> float:
    return lab.measured[key].value if key in lab.measured else 0.0


def own_prefill(lab: Lab) -> Quantity:
    """At which speed its prompts are read, by the requests' own clocks; 0 where nobody measured it."""
    return Quantity(_measured(lab, "prefill_tokens_per_s"), "tok/s")


def own_decode(lab: Lab) -> Quantity:
    """At which speed a request is written, others beside it; 0 where nobody measured it."""
    return Quantity(_measured(lab, "decode_tokens_per_s"), "tok/s")


def own_mix(lab: Lab) -> Quantity:
    """Prompt tokens for each written one in its traffic; 0 where nobody counted."""
    low, high = lab.traffic or (0.0, 0.0)
    return Quantity((low * high) ** 0.5, "", digits=3)


def own_apart(lab: Lab) -> Quantity:
    """How many times faster it reads than a request is written."""
    written = float(own_decode(lab))
    return Quantity(float(own_prefill(lab)) / written if written else 0.0, "x")


def own_counted_answers(lab: Lab) -> Quantity:
    """What a log would say of answers if its requests came one after another."""
    if not own_reading(lab):
        return Quantity(0.0, "tok/s")
    return Quantity(written_per_s(float(own_prefill(lab)), 1 / float(own_decode(lab)), float(own_mix(lab))), "tok/s")


def own_counted_prompts(lab: Lab) -> Quantity:
    return Quantity(float(own_mix(lab)) * float(own_counted_answers(lab)), "tok/s")


def own_share_of_reading(lab: Lab) -> Quantity:
    """What it reaches of the roof of prefill, for its usual prompt."""
    return Quantity(100 * float(own_prefill(lab)) / prefill(lab.system, lab.prompt).ceiling_tokens_per_s, "%", digits=2)


def own_share_of_writing(lab: Lab) -> Quantity:
    """What it reaches of the roof of decode, for one request with its usual context."""
    return Quantity(
        100 * float(own_decode(lab)) / decode(lab.system, 1, lab.context).ceiling_tokens_per_s, "%", digits=2
    )
