"""The closing quiz: what a fleet carries when each gets the same share, and when one gets most of it."""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_18.traffic import carried_rate
from lessonlib.roofline import Lab

#: pods behind the Service, and the speed of one of them
PODS, CAPPED = 6, 0.6
#: replicas behind the router, and the share of requests that begin with the favourite
MANY, FAVOURITE = 8, 0.4


def quiz_pods(lab: Lab) -> int:
    return PODS


def quiz_capped(lab: Lab) -> Quantity:
    """Speed of the slow pod, of a healthy one's."""
    return Quantity(100 * CAPPED, "%", digits=2)


def quiz_carried(lab: Lab) -> Quantity:
    """Requests a second that all pods carry, when each gets the same share: what the slowest one stands, from each."""
    return Quantity(PODS * CAPPED * carried_rate(lab), "requests a second")


def quiz_added_up(lab: Lab) -> Quantity:
    """As if what each could serve added up."""
    return Quantity((PODS - 1 + CAPPED) * carried_rate(lab), "requests a second")


def quiz_without_it(lab: Lab) -> Quantity:
    """Requests a second of the healthy pods alone."""
    return Quantity((PODS - 1) * carried_rate(lab), "requests a second")


def quiz_slow_pod(lab: Lab) -> Quantity:
    """Requests a second that the slow pod carries."""
    return Quantity(CAPPED * carried_rate(lab), "requests a second")


def many_replicas(lab: Lab) -> int:
    return MANY


def favourite_share(lab: Lab) -> Quantity:
    """Share of the requests that begin with the favourite."""
    return Quantity(100 * FAVOURITE, "%", digits=2)


def rate_of_the_favourite(lab: Lab) -> Quantity:
    """Requests a second of all, at which the replica of the favourite is full."""
    return Quantity(carried_rate(lab) / FAVOURITE, "requests a second")


def rate_if_spread(lab: Lab) -> Quantity:
    """As if beginnings spread evenly."""
    return Quantity(MANY * carried_rate(lab), "requests a second")
