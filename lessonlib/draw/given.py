"""What a picture may be told: texts such as "51.2 GB", shares between 0 and 1, and a count of guests."""

from __future__ import annotations

import math
from collections.abc import Mapping

from lessonlib.base.errors import LessonlibError


class Given:
    """The numbers handed to one picture, asked for by key; a missing or senseless one is a :class:`LessonlibError`."""

    def __init__(self, picture: str, needs: Mapping[str, str], numbers: Mapping[str, object]) -> None:
        self._picture, self._numbers = picture, numbers
        missing = [key for key in needs if key not in numbers]
        if missing:
            wanted = "; ".join(f"{key} = {needs[key]}" for key in missing)
            got = ", ".join(sorted(numbers)) or "nothing"
            raise LessonlibError(f"picture {picture!r} needs {wanted} (given: {got})")

    def _refuse(self, key: str, wanted: str) -> LessonlibError:
        return LessonlibError(f"picture {self._picture!r}: {key} must be {wanted}, not {self._numbers[key]!r}")

    def text(self, key: str) -> str:
        """The value as it is written, such as ``"131 tok/s"``."""
        written = str(self._numbers[key]).strip()
        if not written:
            raise self._refuse(key, "a number with its unit, such as '51.2 GB'")
        return written

    def share(self, key: str) -> float:
        """A share of the time, from 0 to 1."""
        value = self._float(key, "a share between 0 and 1")
        if not 0 <= value <= 1:
            raise self._refuse(key, "a share between 0 and 1")
        return value

    def count(self, key: str) -> int:
        """A whole number of at least 1."""
        value = self._float(key, "a whole number, 1 or more")
        if value < 1 or value != int(value):
            raise self._refuse(key, "a whole number, 1 or more")
        return int(value)

    def _float(self, key: str, wanted: str) -> float:
        try:
            value = float(self._numbers[key])  # type: ignore[arg-type]
        except (TypeError, ValueError):
            raise self._refuse(key, wanted) from None
        if not math.isfinite(value):
            raise self._refuse(key, wanted)
        return value


def percent(share: float) -> str:
    """A share as a percentage: 2 significant digits below 10 %, whole numbers above: 0.0034 is "0.34 %", 1.0 "100 %"."""
    hundred = 100 * share
    if hundred == 0:
        return "0 %"
    if hundred >= 9.95:
        return f"{hundred:.0f} %"
    decimals = 1 - math.floor(math.log10(hundred))
    text = f"{hundred:.{min(decimals, 6)}f}"
    return (text.rstrip("0").rstrip(".") or "0") + " %"
