"""Disaggregation: the numbers that its words name.

A learner sees the source of these functions under "Show the working", so each says what it does in the fewest lines.
A working takes a lab and gives a Quantity, a text or a truth; a name that is taken elsewhere is a finding of the linter.
"""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.roofline import Lab, weight_bytes


def disaggregation_weights(lab: Lab) -> Quantity:
    """Every weight that lies in memory, over all GPUs."""
    return Quantity(weight_bytes(lab.system), "B")


def disaggregation_read_time(lab: Lab) -> Quantity:
    """Bytes of weights over the memory's bytes per second."""
    return Quantity(weight_bytes(lab.system) / lab.system.bandwidth, "s")


# --- wrong workings: what people compute who hold a misconception


def disaggregation_read_time_in_bits(lab: Lab) -> Quantity:
    return Quantity(8 * float(disaggregation_read_time(lab)), "s")


def disaggregation_memory_time(lab: Lab) -> Quantity:
    return Quantity(lab.system.gpu.memory_bytes / lab.system.gpu.bandwidth, "s")


# --- the other steps


def disaggregation_reads_per_second(lab: Lab) -> Quantity:
    return Quantity(1 / float(disaggregation_read_time(lab)), "times")


def disaggregation_reads_per_second_in_bits(lab: Lab) -> Quantity:
    return Quantity(1 / float(disaggregation_read_time_in_bits(lab)), "times")


def disaggregation_memory_reads_per_second(lab: Lab) -> Quantity:
    return Quantity(1 / float(disaggregation_memory_time(lab)), "times")


def disaggregation_answer_tokens(lab: Lab) -> Quantity:
    return Quantity(300, "tokens")


def disaggregation_answer_time(lab: Lab) -> Quantity:
    """A read for each token."""
    return Quantity(float(disaggregation_answer_tokens(lab)) * float(disaggregation_read_time(lab)), "s")


def disaggregation_answer_time_in_bits(lab: Lab) -> Quantity:
    return Quantity(8 * float(disaggregation_answer_time(lab)), "s")


def disaggregation_answer_is_longer(lab: Lab) -> bool:
    """Claimed in the words: an answer takes seconds or more, where one read takes less."""
    return float(disaggregation_read_time(lab)) < 1 < float(disaggregation_answer_time(lab))
