"""The closing quiz: what a fleet carries when shares are fixed and uneven."""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_18.traffic import one_replica_carries
from lessonlib.roofline import Lab

#: connections that each pod behind the Service holds; the last pod is slow, and this is its speed
HELD, CAPPED = (9, 5, 3, 3, 2, 2), 0.6
PODS, CONNECTIONS = len(HELD), sum(HELD)
#: replicas behind the router, and the share of requests that begin with the favourite prefix
MANY, FAVOURITE = 8, 0.2


def quiz_pods(lab: Lab) -> int:
    return PODS


def quiz_capped(lab: Lab) -> Quantity:
    """Speed of the slow pod, of a healthy one's."""
    return Quantity(100 * CAPPED, "%", digits=2)


def quiz_connections(lab: Lab) -> int:
    return CONNECTIONS


def quiz_held(lab: Lab) -> str:
    """Connections by pod, in words."""
    *first, last = map(str, HELD)
    return f"{', '.join(first)} and {last}"


def quiz_fullest_share(lab: Lab) -> Quantity:
    """Share of all requests at the pod with most connections."""
    return Quantity(100 * max(HELD) / CONNECTIONS, "%")


def quiz_carried(lab: Lab) -> Quantity:
    """Requests a second of all, at which the first pod is full: each gets its share of the connections."""
    speeds = (*[1.0] * (PODS - 1), CAPPED)
    first = min(speed / held for speed, held in zip(speeds, HELD, strict=True))
    return Quantity(CONNECTIONS * first * one_replica_carries(lab).printed, "requests a second")


def quiz_slow_first(lab: Lab) -> Quantity:
    """Requests a second of all, at which the slow pod is full."""
    return Quantity(CONNECTIONS / HELD[-1] * CAPPED * one_replica_carries(lab).printed, "requests a second")


def quiz_even(lab: Lab) -> Quantity:
    """As if each pod had as many connections: the slow one would be full first."""
    return Quantity(PODS * CAPPED * one_replica_carries(lab).printed, "requests a second")


def quiz_added_up(lab: Lab) -> Quantity:
    """As if what each could serve added up."""
    return Quantity((PODS - 1 + CAPPED) * one_replica_carries(lab).printed, "requests a second")


def quiz_slow_pod(lab: Lab) -> Quantity:
    """Requests a second that the slow pod carries."""
    return Quantity(CAPPED * one_replica_carries(lab).printed, "requests a second")


def many_replicas(lab: Lab) -> int:
    return MANY


def favourite_share(lab: Lab) -> Quantity:
    """Share of the requests that begin with the favourite prefix."""
    return Quantity(100 * FAVOURITE, "%", digits=2)


def _at_the_favourite() -> float:
    """Share of all requests at the replica of the favourite: this one as a whole, and its part of all others."""
    return FAVOURITE + (1 - FAVOURITE) / MANY


def share_at_the_favourite(lab: Lab) -> Quantity:
    """Share of all requests that reach the replica of the favourite."""
    return Quantity(100 * _at_the_favourite(), "%", digits=2)


def rate_of_the_favourite(lab: Lab) -> Quantity:
    """Requests a second of all, at which the replica of the favourite is full."""
    return Quantity(one_replica_carries(lab).printed / _at_the_favourite(), "requests a second")


def rate_without_the_rest(lab: Lab) -> Quantity:
    """As if no other prefix lay on that replica."""
    return Quantity(one_replica_carries(lab).printed / FAVOURITE, "requests a second")


def rate_if_spread(lab: Lab) -> Quantity:
    """As if prefixes spread the requests evenly."""
    return Quantity(MANY * one_replica_carries(lab).printed, "requests a second")
