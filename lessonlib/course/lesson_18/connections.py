"""Connections to a Service: each goes to a pod by chance when it is opened, and stays there."""

from __future__ import annotations

from functools import cache, lru_cache
from math import comb

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_18.traffic import REPLICAS
from lessonlib.roofline import Lab

#: connections that the gateway keeps open
CONNECTIONS = 16


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


def even_share(lab: Lab) -> Quantity:
    """Share of the requests of a pod if all had the same, with one pod more."""
    return Quantity(100 / (REPLICAS + 1), "%", digits=2)


def busiest_share(lab: Lab) -> Quantity:
    """Share of the connections at the fullest of the old pods, on average."""
    return Quantity(100 * busiest_mean(CONNECTIONS, REPLICAS) / CONNECTIONS, "%", digits=2)


def equal_share(lab: Lab) -> Quantity:
    """Share of each of the old pods if it were even."""
    return Quantity(100 / REPLICAS, "%", digits=2)
