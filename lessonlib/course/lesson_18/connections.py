"""Connections to a Service: each goes to a pod by chance when it is opened, and stays there."""

from __future__ import annotations

from functools import cache, lru_cache
from math import comb

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_18.traffic import REPLICAS
from lessonlib.roofline import Lab

#: connections that the proxy holds, minutes that each is open, and minutes since a pod came
CONNECTIONS, LIVES_MIN, LATER_MIN = 16, 60, 20


@lru_cache(maxsize=8)
def busiest_mean(connections: int, pods: int) -> float:
    """Mean of the connections at the fullest pod, each thrown at any pod: the sum over k of the chance that it has k or more."""

    @cache
    def ways(left: int, boxes: int, most: int) -> int:
        """Ways to throw `left` connections into `boxes` pods with at most `most` in each."""
        if boxes == 0:
            return int(left == 0)
        return sum(comb(left, count) * ways(left - count, boxes - 1, most) for count in range(min(left, most) + 1))

    every = pods**connections
    return sum(1 - ways(connections, pods, most) / every for most in range(connections))


def open_connections(lab: Lab) -> int:
    return CONNECTIONS


def connection_lives(lab: Lab) -> Quantity:
    """How long a connection is open."""
    return Quantity(LIVES_MIN, "minutes", digits=2)


def minutes_later(lab: Lab) -> Quantity:
    """How long after the new pod was ready its share is asked for."""
    return Quantity(LATER_MIN, "minutes", digits=2)


def reopened_share(lab: Lab) -> Quantity:
    """Share of the connections that were closed and opened since, their ages being spread evenly."""
    return Quantity(100 * LATER_MIN / LIVES_MIN, "%")


def share_of_the_fifth(lab: Lab) -> Quantity:
    """Share of the requests at the new pod, on average: each connection opened since is drawn for any of the pods."""
    return Quantity(100 * LATER_MIN / LIVES_MIN / (REPLICAS + 1), "%", digits=2)


def even_share(lab: Lab) -> Quantity:
    """Share of the requests of a pod if all had the same, with one pod more."""
    return Quantity(100 / (REPLICAS + 1), "%", digits=2)


def busiest_share(lab: Lab) -> Quantity:
    """Share of the connections at the fullest of the old pods, on average."""
    return Quantity(100 * busiest_mean(CONNECTIONS, REPLICAS) / CONNECTIONS, "%", digits=2)
