"""Reading a config.json with errors that name file, key and what was expected."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lessonlib.base.errors import LessonlibError, shown

_HUGE = 10**9
_MISSING = object()


class Keys:
    """The keys of one configuration, read with checks. `where` starts every message."""

    def __init__(self, values: Mapping[str, Any], where: str) -> None:
        self.values = values
        self.where = where

    def error(self, key: str, problem: str) -> LessonlibError:
        """The error for one key."""
        return LessonlibError(f"{self.where}: {key}: {problem}")

    def has(self, key: str) -> bool:
        """Whether the key is there and not null."""
        return self.values.get(key) is not None

    def table(self, key: str) -> Keys:
        """The keys of an object within, none where it is absent."""
        value = self.values.get(key)
        if value is not None and not isinstance(value, dict):
            raise self.error(key, f"expected an object, not {shown(value)}")
        return Keys(value or {}, f"{self.where}: {key}")

    def _raw(self, names: tuple[str, ...], default: Any) -> tuple[str, Any]:
        for name in names:
            if self.has(name):
                return name, self.values[name]
        if default is _MISSING:
            raise self.error(names[0], "missing (a whole number is needed)")
        return names[0], default

    def integer(self, *names: str, default: Any = _MISSING, least: int = 1) -> Any:
        """A whole number under the first of the names that is there; `default` where none is."""
        name, value = self._raw(names, default)
        if value is default and default is not _MISSING:
            return default
        if isinstance(value, float) and value.is_integer() and abs(value) < _HUGE:
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.error(name, f"expected a whole number, not {shown(value)}")
        if not least <= value <= _HUGE:
            raise self.error(name, f"expected a whole number from {least} to {_HUGE:,}, not {value}")
        return value

    def boolean(self, name: str, default: bool) -> bool:
        """True or false."""
        value = self.values.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self.error(name, f"expected true or false, not {shown(value)}")
        return value

    def strings(self, name: str, allowed: frozenset[str], count: int) -> tuple[str, ...] | None:
        """A list of `count` of the allowed words, or None where the key is absent."""
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, list) or len(value) != count:
            raise self.error(name, f"expected a list of {count} kinds, one for each layer")
        for item in value:
            if not isinstance(item, str) or item not in allowed:
                raise self.error(name, f"unknown layer type {shown(item)}; allowed: {sorted(allowed)}")
        return tuple(value)

    def integers(self, name: str) -> tuple[int, ...]:
        """A list of whole numbers (empty where the key is absent)."""
        value = self.values.get(name)
        if value is None:
            return ()
        wrong = not isinstance(value, list) or any(
            isinstance(item, bool) or not isinstance(item, int) for item in value
        )
        if wrong:
            raise self.error(name, f"expected a list of whole numbers, not {shown(value)}")
        return tuple(value)

    def divides(self, key: str, divisor: int, other: str, value: int) -> None:
        """Refuse unless `divisor` (of `key`) divides `value` (of `other`)."""
        if value % divisor:
            raise self.error(key, f"{divisor} does not divide {other} {value}")
