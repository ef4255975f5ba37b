"""Coordinated omission, counted: a load test that waits for each answer, and users who do not, through the same stall."""

from __future__ import annotations

from functools import lru_cache

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_08.small_trace import percentile
from lessonlib.course.lesson_08.user_clocks import first_alone
from lessonlib.roofline import Lab

TEST_S, STALL_AT, STALL_S = 1000, 400, 60


def _answered(sent: float, usual: float) -> float:
    """Seconds to the first token of a request sent at ``sent``: whoever comes during the stall is served at its end."""
    return (STALL_AT + STALL_S - sent if STALL_AT <= sent < STALL_AT + STALL_S else 0.0) + usual


@lru_cache(maxsize=32)
def _waiting_test(lab: Lab) -> tuple[float, ...]:
    """One request a second is planned; the next one is sent only when the last one has been answered."""
    usual, ready, found = float(first_alone(lab)), 0.0, []
    for planned in range(TEST_S):
        if planned >= ready:
            found.append(_answered(planned, usual))
            ready = planned + found[-1]
    return tuple(found)


def _users(lab: Lab) -> list[float]:
    """One request a second, whatever has become of those before."""
    usual = float(first_alone(lab))
    return [_answered(planned, usual) for planned in range(TEST_S)]


def trial_length(lab: Lab) -> Quantity:
    return Quantity(TEST_S, "s", digits=4)


def stall(lab: Lab) -> Quantity:
    return Quantity(STALL_S, "s")


def usual_answer(lab: Lab) -> Quantity:
    return Quantity(float(first_alone(lab)), "s")


def waiting_count(lab: Lab) -> int:
    return len(_waiting_test(lab))


def waiting_slow(lab: Lab) -> int:
    """Samples of the test that waits which lie beyond twice the usual."""
    usual = float(first_alone(lab))
    return sum(wait > 2 * usual for wait in _waiting_test(lab))


def waiting_p99(lab: Lab) -> Quantity:
    return Quantity(percentile(_waiting_test(lab), 99), "s")


def users_slow(lab: Lab) -> int:
    usual = float(first_alone(lab))
    return sum(wait > 2 * usual for wait in _users(lab))


def users_p99(lab: Lab) -> Quantity:
    """p99 of those who come once a second, stall or no stall."""
    return Quantity(percentile(_users(lab), 99), "s")


def users_worst(lab: Lab) -> Quantity:
    return Quantity(max(_users(lab)), "s")


def users_half_stall(lab: Lab) -> Quantity:
    return Quantity(STALL_S / 2, "s")


def hidden_factor(lab: Lab) -> Quantity:
    return Quantity(float(users_p99(lab)) / float(waiting_p99(lab)), "x", digits=2)
