"""The few functions that must work on plain numbers and on numpy arrays alike.

numpy is imported only when an array comes in, so that single cases need nothing but Python.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

#: A float, or a numpy array of floats.
Number = Any


def _is_array(*values: Number) -> bool:
    return any(hasattr(value, "shape") for value in values)


def least(first: Number, second: Number) -> Number:
    """Smaller of two numbers, or of two arrays element by element."""
    if _is_array(first, second):
        import numpy as np

        return np.minimum(first, second)
    return min(second, first)


def largest(first: Number, second: Number) -> Number:
    """Larger of two numbers, or of two arrays element by element."""
    if _is_array(first, second):
        import numpy as np

        return np.maximum(first, second)
    return max(second, first)


def pairs(new: Number, context: Number, window: int | None) -> Number:
    """(query, key) pairs of one request under a causal mask; a number, or an array where an argument is one.

    The i-th of `new` tokens sees itself and all before it, context + i positions, at most `window`.
    """
    if window is None:
        return new * context + new * (new + 1) / 2.0
    whole = largest(0, least(new, window - context))
    return whole * context + whole * (whole + 1) / 2.0 + (new - whole) * window


def kv_reach(context: Number, window: int | None) -> Number:
    """Cached positions of one request that the next token reads: all, or what a window of `window` tokens sees of them."""
    return context if window is None else least(context, window - 1)


def total(values: Iterable[Number]) -> Number:
    """Sum of numbers and arrays, small ones first, so that wide grids are added last."""
    return sum(sorted(values, key=lambda value: getattr(value, "size", 1)))
