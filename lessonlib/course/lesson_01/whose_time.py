"""Lesson 1 on traffic: whose GPU time it is, reading or writing, at the two roofs."""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.course.shared.forecast import decode_step_expected, prefill_expected
from lessonlib.course.shared.lab_numbers import mystery_lab, prefill_ceiling, reported_decode, reported_prefill
from lessonlib.roofline import Lab, decode, max_batch, prefill


def prompt_tokens_a_written_one(lab: Lab) -> Quantity:
    """Prompt tokens for each generated one, the upper end of the reported traffic."""
    traffic = mystery_lab(lab).traffic
    return Quantity(traffic[1] if traffic else 0, "tokens")


def time_of_a_written_token(lab: Lab) -> Quantity:
    """GPU time of one written token served alone, at its roof."""
    return Quantity(decode(lab.system, batch=1, context=lab.prompt).ceiling_s, "s")


def time_of_its_prompt(lab: Lab) -> Quantity:
    """GPU time of the prompt tokens that go with it, at their roof."""
    return Quantity(float(prompt_tokens_a_written_one(lab)) / float(prefill_ceiling(lab)), "s")


def reading_share_of(lab: Lab, batch: int, ratio: float) -> float:
    """Share of GPU time, 0 to 1, that goes into prompts: ``ratio`` prompt tokens a written one, ``batch`` requests decoded together, at the roofs."""
    reading = ratio / float(prefill_ceiling(lab))
    writing = decode(lab.system, batch=batch, context=lab.prompt).ceiling_s / batch
    return reading / (reading + writing)


def _share(lab: Lab, batch: int) -> Quantity:
    return Quantity(100 * reading_share_of(lab, batch, float(prompt_tokens_a_written_one(lab))), "%", digits=2)


def reading_share(lab: Lab) -> Quantity:
    """What share of the GPU's time is reading, one request after another."""
    return _share(lab, 1)


def reading_share_at_eight(lab: Lab) -> Quantity:
    """The same with eight requests decoded together."""
    return _share(lab, 8)


def many(lab: Lab) -> int:
    """32 requests decoded together, or half as many where 32 do not fit."""
    return 32 if max_batch(lab.system, lab.prompt) >= 32 else 16


def reading_share_of_many(lab: Lab) -> Quantity:
    """The same with so many."""
    return _share(lab, many(lab))


def reading_share_expected(lab: Lab) -> Quantity:
    """The same for one request, at expected speeds in place of roofs."""
    reading = float(prompt_tokens_a_written_one(lab)) / float(prefill_expected(lab))
    return Quantity(100 * reading / (reading + float(decode_step_expected(lab))), "%", digits=2)


# --- wrong workings


def share_by_tokens(lab: Lab) -> Quantity:
    """Takes the share of the tokens for the share of the time."""
    ratio = float(prompt_tokens_a_written_one(lab))
    return Quantity(100 * ratio / (ratio + 1), "%", digits=2)


def share_by_reports(lab: Lab) -> Quantity:
    """Takes the two reported numbers for the speeds of the two phases."""
    reading = float(prompt_tokens_a_written_one(lab)) / float(reported_prefill(lab))
    return Quantity(100 * reading / (reading + 1 / float(reported_decode(lab))), "%", digits=2)


# --- whole requests with such a prompt, on a GPU with twice the FLOP/s

#: requests that are written together in the quiz
FEW = 4


def written_tokens(lab: Lab) -> Quantity:
    """An answer to the usual prompt at that traffic: its first token comes with the prompt, and each of the others takes a step."""
    return Quantity(1 + round(lab.prompt / float(prompt_tokens_a_written_one(lab))), "tokens")


def few(lab: Lab) -> str:
    """Requests that are written together, as a word."""
    return "four"


def time_of_a_prompt(lab: Lab) -> Quantity:
    """Reading the usual prompt alone, at prefill's roof."""
    return Quantity(lab.prompt / float(prefill_ceiling(lab)), "s")


def step_of_few(lab: Lab) -> Quantity:
    """A step that writes a token for each of four requests, at its roof."""
    return Quantity(decode(lab.system, batch=FEW, context=lab.prompt).ceiling_s, "s")


def _reading_of_request(lab: Lab, batch: int) -> float:
    """Per cent of a whole request's GPU time that is reading: its prompt, over that and its share of the steps."""
    reading, steps = float(time_of_a_prompt(lab)), float(written_tokens(lab)) - 1
    writing = steps * decode(lab.system, batch=batch, context=lab.prompt).ceiling_s / batch
    return 100 * reading / (reading + writing)


def reading_share_of_few(lab: Lab) -> Quantity:
    """What share of the GPU's time is reading if four are written together."""
    return Quantity(_reading_of_request(lab, FEW), "%", digits=2)


def saved_by_flops(lab: Lab) -> Quantity:
    """GPU time that twice the FLOP/s take off such requests, four written together: half of their reading, none of their steps."""
    return Quantity(_reading_of_request(lab, FEW) / 2, "%", digits=2)


def saved_alone(lab: Lab) -> Quantity:
    """The same with one request at a time, or with each of the four charged with the whole step."""
    return Quantity(_reading_of_request(lab, 1) / 2, "%", digits=2)


def saved_if_all_halves(lab: Lab) -> Quantity:
    """As if everything ran twice as fast."""
    return Quantity(50, "%")


def memory_would_lag(lab: Lab) -> bool:
    """Whether a prompt's bytes would take longer than half of its arithmetic: then reading would not be halved."""
    step = prefill(lab.system, prompt=lab.prompt)
    return step.fetch_s > step.compute_s / 2


# --- claims


def writing_costs_most_alone(lab: Lab) -> bool:
    """Served alone, less than half of the time is reading."""
    return float(reading_share(lab)) < 50


def reading_costs_most_at_eight(lab: Lab) -> bool:
    """With eight requests decoded together, more than half of it is."""
    return float(reading_share_at_eight(lab)) > 50


def more_flops_leave_the_steps_alone(lab: Lab) -> bool:
    """A step of four requests waits for memory, so that more FLOP/s shorten it by nothing."""
    return decode(lab.system, batch=FEW, context=lab.prompt).bound == "memory"
