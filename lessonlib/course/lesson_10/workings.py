"""Lesson 10, the memory limit: what the words say of the lab's own memory, and their claims.

The numbers stand beside what they are about: ``seats``, ``crowd`` (users and waiting), ``pressure`` (preemption),
``longer_answers`` (the incident), ``published`` (what others measured).
"""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_10.published import (
    large_card_peak,
    older_measured,
    older_wait,
    preemptions_wide,
    preemptions_with,
    rate_wide,
    rate_with,
    rate_without,
    rereading_by_tokens,
    rereading_of_reading,
    rereading_share,
    small_card_first,
    small_card_peak,
    small_card_running,
    small_card_wait_by_hand,
    sweep_measured,
    sweep_wait,
    watermark_gain,
)
from lessonlib.course.lesson_10.seats import pages_of, thinking_seats
from lessonlib.roofline import USABLE, Lab, weight_bytes


def cache_room(lab: Lab) -> Quantity:
    """What is handed out in pages."""
    cut = pages_of(lab)
    return Quantity(cut.total * cut.bytes, "B")


def set_aside_a_card(lab: Lab) -> Quantity:
    """Of vLLM's share of what the driver shows on one card, the part that the cache does not get (lesson 5)."""
    gpu = lab.system.gpu
    return Quantity(USABLE * (gpu.capacity_bytes - gpu.memory_bytes), "B", digits=2)


def weights_in_memory(lab: Lab) -> Quantity:
    return Quantity(weight_bytes(lab.system), "B")


# --- claims


def seats_are_fewer_than_a_thousand(lab: Lab) -> bool:
    """Below vLLM's own limit of seats on every lab, so that memory is the limit."""
    return float(thinking_seats(lab)) < 256


def cards_have_one_peak(lab: Lab) -> bool:
    return float(small_card_peak(lab)) == float(large_card_peak(lab))


def division_meets_both_tables(lab: Lab) -> bool:
    """Users without a seat over requests a second, within 3 % of two measured first tokens, and off by a seventh at a third."""
    card = float(small_card_wait_by_hand(lab)) / float(small_card_first(lab))
    row = float(sweep_wait(lab)) / float(sweep_measured(lab))
    older = float(older_wait(lab)) / float(older_measured(lab))
    return max(abs(card - 1), abs(row - 1)) < 0.03 and 0.1 < older - 1 < 0.15


def few_are_inside(lab: Lab) -> bool:
    return float(small_card_running(lab)) < 2


def rereading_is_cheap_there(lab: Lab) -> bool:
    """Time that goes into reading again is a small part of the tokens' share. Without most of it the net gain is smaller still, and with
    more pages kept free it shrinks though no more are preempted.
    """
    net = float(rate_without(lab)) < float(rate_wide(lab)) < float(rate_with(lab))
    fewer = float(preemptions_wide(lab)) <= float(preemptions_with(lab))
    return (
        net
        and fewer
        and 4 < float(watermark_gain(lab)) < 6
        and 15 < float(rereading_share(lab)) < 25
        and float(rereading_of_reading(lab)) > 1.25 * float(rereading_by_tokens(lab)) > 60
    )
