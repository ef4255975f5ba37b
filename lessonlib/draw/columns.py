"""Columns of numbers as they go to the page: in order, several alike in a row as (value, how many)."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import TypeVar

Value = TypeVar("Value")


def column(values: Iterable[Value]) -> list[Value | tuple[Value, int]]:
    """The values in order; several alike as (value, how many)."""
    found: list[Value | tuple[Value, int]] = []
    for value, same in groupby(values):
        many = sum(1 for _ in same)
        found += [(value, many)] if many > 1 else [value]
    return found
