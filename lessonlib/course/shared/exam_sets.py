"""How the pool of an exam is dealt into sets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def deal(pool: Sequence[T], size: int, alike: Callable[[T, T], bool]) -> tuple[tuple[T, ...], ...]:
    """As many whole sets of ``size`` as the pool gives: each goes to the emptiest set that has nothing like it; those that find none fill,
    in the same order, the places that are left.
    """
    sets: list[list[T]] = [[] for _ in range(len(pool) // size)]
    waiting: list[T] = []
    for each in pool:
        fitting = [one for one in sets if len(one) < size and not any(alike(each, other) for other in one)]
        min(fitting, key=len, default=waiting).append(each)
    for each in waiting:
        min((one for one in sets if len(one) < size), key=len, default=[]).append(each)
    return tuple(map(tuple, sets))
