"""A scaler on the prompt tokens that the servers count: the same jump, one replica, and what it asks for.

A counter of the server shows what is served. While a queue stands, that is what the ready replicas carry.
"""

from __future__ import annotations

import math

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_19.jump import AFTER, BEGINS, MOST, NEEDED, RISES_S, START_S
from lessonlib.course.lesson_19.service import PROMPT, carried
from lessonlib.draw.monitor import clock
from lessonlib.roofline import Lab

#: threshold as a share of what a replica carries, and when the question looks
SHARE, _ASKED_S = 0.885, 240.0


def threshold(lab: Lab) -> float:
    """Prompt tokens a second that a replica is to read, to three digits."""
    return float(f"{SHARE * carried(lab.system) * PROMPT:.3g}")


def asked_for(lab: Lab, ready: int, queue: bool) -> int:
    """Replicas that the manifest asks for: the sum over its threshold, rounded up."""
    served = min(ready, AFTER) if not queue else ready
    return max(1, min(MOST, math.ceil(served * carried(lab.system) * PROMPT / threshold(lab))))


def prompt_rate_threshold(lab: Lab) -> str:
    """As it stands in the manifest."""
    return f"{threshold(lab):.0f}"


def tokens_threshold(lab: Lab) -> Quantity:
    return Quantity(threshold(lab), "tok/s")


def tokens_that_come(lab: Lab) -> Quantity:
    """Prompt tokens a second after the jump."""
    return Quantity(AFTER * carried(lab.system) * PROMPT, "tok/s")


def tokens_of_one(lab: Lab) -> Quantity:
    """Prompt tokens a second that one replica carries."""
    return Quantity(carried(lab.system) * PROMPT, "tok/s")


def asked_clock(lab: Lab) -> str:
    return clock(BEGINS, _ASKED_S)


def asked_with_queue(lab: Lab) -> Quantity:
    """While one replica is ready and requests wait."""
    return Quantity(asked_for(lab, 1, True), "replicas")


def asked_by_traffic(lab: Lab) -> Quantity:
    """As if it saw what comes; and what it does see once nobody waits."""
    return Quantity(asked_for(lab, MOST, False), "replicas")


def asked_by_load(lab: Lab) -> Quantity:
    """As the scaler on requests in flight: as many as it may."""
    return Quantity(MOST, "replicas")


def second_step_clock(lab: Lab) -> str:
    """When the second replica is ready, if the start begins as the traffic has risen."""
    return clock(BEGINS, RISES_S + START_S)


def served_is_not_asked(lab: Lab) -> bool:
    """With a queue it asks for one more than is ready; without, for what is needed, however many are ready."""
    climbs = [asked_for(lab, ready, True) for ready in (1, 2, 3)] == [2, 3, 4]
    return climbs and [asked_for(lab, ready, False) for ready in (3, 5, 8)] == [NEEDED] * 3
