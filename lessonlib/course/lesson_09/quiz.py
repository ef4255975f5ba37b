"""The numbers of the closing quiz: a batch sorted by length, and what a gain is worth when no more requests come."""

from __future__ import annotations

import math

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_09.runs import CONTINUOUS, FEW, STATIC, backlog
from lessonlib.course.lesson_09.workings import batching_gain, gain_by_hand, gain_of_the_headline, seats_that_write
from lessonlib.roofline import Lab

# --- sorted by length


def sorted_as_it_comes(lab: Lab) -> Quantity:
    """The backlog under static batching with few seats."""
    return Quantity(backlog(lab, STATIC, FEW).throughput_tokens_per_s, "tok/s")


def sorted_by_answer(lab: Lab) -> Quantity:
    """The same, the shortest answers first."""
    return Quantity(backlog(lab, STATIC, FEW, shortest_first=True).throughput_tokens_per_s, "tok/s")


def sorted_continuous(lab: Lab) -> Quantity:
    return Quantity(backlog(lab, CONTINUOUS, FEW).throughput_tokens_per_s, "tok/s")


def sorted_share(lab: Lab) -> Quantity:
    """How much of the gain sorting brings."""
    low, high = float(sorted_as_it_comes(lab)), float(sorted_continuous(lab))
    return Quantity(100 * (float(sorted_by_answer(lab)) - low) / (high - low), "%", digits=2)


def sorting_is_nearly_all(lab: Lab) -> bool:
    """At least four fifths of it."""
    return float(sorted_share(lab)) > 80


# --- replicas

#: so many that the gain by hand and that of the run come to the same whole number
REPLICAS = 18


def replicas_now(lab: Lab) -> Quantity:
    """Replicas under static batching."""
    return Quantity(REPLICAS, "replicas")


def replicas_exactly(lab: Lab) -> Quantity:
    """As many as serve the same at the same load, in parts of one too."""
    return Quantity(REPLICAS / float(batching_gain(lab)), "replicas", digits=2)


def replicas_by_hand(lab: Lab) -> Quantity:
    """The same from the gain that is worked out by hand."""
    return Quantity(REPLICAS / float(gain_by_hand(lab)), "replicas", digits=2)


def replicas_after(lab: Lab) -> Quantity:
    """Whole ones, so that none is above that load."""
    return Quantity(math.ceil(float(replicas_exactly(lab))), "replicas")


def replicas_by_idle_seats(lab: Lab) -> Quantity:
    return Quantity(REPLICAS * float(seats_that_write(lab)) / 100, "replicas", digits=2)


def replicas_by_headline(lab: Lab) -> Quantity:
    return Quantity(REPLICAS / float(gain_of_the_headline(lab)), "replicas", digits=2)
