"""Numbers that know their unit and how to print themselves.

A working returns a :class:`Quantity`; the words of a lesson print it. Bytes are bytes
(GB = 1e9 B); binary units never appear unless somebody types them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from lessonlib.base.units import GLUED, PREFIXED, counted, unit_scale


@dataclass(frozen=True)
class Quantity:
    """A value with its unit.

    ``value`` is in the unit as named: bytes in ``"B"``, seconds in ``"s"``, a share in per cent
    in ``"%"``. ``digits`` is how many significant digits a person should see.
    """

    value: float
    unit: str = ""
    digits: int = 3

    def __float__(self) -> float:
        return float(self.value)

    def __str__(self) -> str:
        return self.show(self.digits)

    def show(self, digits: int) -> str:
        """The value with its unit, to ``digits`` significant digits: ``131 tok/s``, ``51.2 GB``."""
        if self.unit in PREFIXED:
            return _prefixed(self.value, self.unit, digits)
        text = significant(self.value, digits)
        if self.unit in GLUED:
            return text + GLUED[self.unit]
        return f"{text} {counted(text, self.unit)}"

    @property
    def base(self) -> float:
        """The value in base units, as typed guesses are read: 48 minutes are 2,880 (seconds), 55 Gbit/s are 5.5e10 (bit/s)."""
        return float(self.value) * unit_scale(self.unit)

    @property
    def bare(self) -> str:
        """The number alone, as :meth:`show` would print it, without prefix and unit."""
        return significant(self.value, self.digits)

    @property
    def printed(self) -> float:
        """The value that a reader sees, to ``digits`` significant digits: what is worked out from it agrees with the page."""
        return rounded(self.value, self.digits)

    @property
    def whole(self) -> str:
        """All digits of a count, with thousands separators: ``65,536 B``."""
        text = f"{self.value:,.0f}"
        return f"{text} {counted(text, self.unit)}".rstrip()


def in_base_units(value: Quantity | float) -> float:
    """What a working returns, in base units; a plain number is taken to be in them."""
    return value.base if isinstance(value, Quantity) else float(value)


def significant(value: float, digits: int = 3) -> str:
    """``value`` to ``digits`` significant digits, with thousands separators, never in E notation.

    Trailing zeros behind the point go: 8.00 prints as 8, 3.350 as 3.35.
    """
    if value == 0 or not math.isfinite(value):
        return f"{abs(value) if value == 0 else value:g}"
    places = digits - 1 - math.floor(math.log10(abs(value)))
    rounded = round(value, places)
    if places <= 0:
        return f"{rounded:,.0f}"
    return f"{rounded:,.{places}f}".rstrip("0").rstrip(".")


def rounded(value: float, digits: int = 4) -> float:
    """``value`` to ``digits`` significant digits, as a number (for fingerprints and plot data)."""
    return float(f"{value:.{digits - 1}e}")


def _prefixed(value: float, unit: str, digits: int) -> str:
    prefixes = PREFIXED[unit]
    base = prefixes.index("")
    step = 0 if value == 0 or not math.isfinite(value) else math.floor(math.log10(abs(rounded(value, digits))) / 3)
    step = max(-base, min(step, len(prefixes) - 1 - base))
    number = significant(value / 1000.0**step, digits)
    prefix = prefixes[base + step]
    if unit == "parameters":
        words = {"": "", "k": " thousand", "M": " million", "B": " billion"}
        return f"{number}{words[prefix]} parameters"
    return f"{number} {prefix}{unit}"
