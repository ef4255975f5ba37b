"""What of a value counts when a seal or a hash is made of it: numbers to four significant digits, ready for JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lessonlib.base.quantity import Quantity, rounded


def fingerprintable(value: Any) -> Any:
    """``value`` with every number to 4 significant digits, ready for JSON."""
    if isinstance(value, Quantity):
        return [rounded(value.value), value.unit]
    if isinstance(value, Mapping):
        return {str(key): fingerprintable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [fingerprintable(item) for item in value]
    if isinstance(value, float):
        return rounded(value)
    return value
