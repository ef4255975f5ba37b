"""The knobs of an explorer: each a row of stops with its words, made once for a lab. The page knows only places."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lessonlib.base.errors import LessonlibError
from lessonlib.base.quantity import Quantity, rounded
from lessonlib.lesson.fragments import LINE, NAME, Schema, keyed, several
from lessonlib.lesson.views import KnobView
from lessonlib.lesson.words import Words

MOST_STOPS = 200
_NUMBER_OR_NAME: Schema = {"anyOf": [{"type": "number"}, NAME]}
_VALUE: Schema = {"type": ["string", "number"]}
#: a knob goes ``from`` … ``to`` in ``steps``, or has ``stops``, or ``choices``; each of them, but ``steps``, may be the name
#: of a function of the lab
KNOB: Schema = keyed(
    {
        "name": NAME,
        "label": LINE,
        "unit": LINE,
        "from": _NUMBER_OR_NAME,
        "to": _NUMBER_OR_NAME,
        "steps": {"type": "integer", "minimum": 2, "maximum": MOST_STOPS},
        "log": {"type": "boolean"},
        "stops": {"anyOf": [several({"type": "number"}, minItems=2, maxItems=MOST_STOPS), NAME]},
        "choices": {"anyOf": [several(_VALUE, minItems=2, maxItems=MOST_STOPS, uniqueItems=True), NAME]},
        "start": _VALUE,
    },
    required=["name", "label"],
)


@dataclass(frozen=True)
class Knob:
    """A knob on one lab: ``stops`` are what the function is given, ``words`` what a reader sees, ``start`` a place in them."""

    name: str
    label: str
    stops: tuple[Any, ...]
    words: tuple[str, ...]
    start: int
    slides: bool

    def view(self) -> KnobView:
        """As the page draws it."""
        return {
            "name": self.name,
            "label": self.label,
            "stops": list(self.words),
            "start": self.start,
            "slides": self.slides,
        }


def make_knobs(raw: Sequence[Mapping[str, Any]], words: Words, compute: Callable[..., Any], where: str) -> list[Knob]:
    """The knobs of an explorer for the lab of ``words``. Raises LessonlibError with what is wrong in one line."""
    taken = _taken_by(compute)
    names = [entry["name"] for entry in raw]
    missing = [name for name in taken if name not in names and taken[name].default is inspect.Parameter.empty]
    unknown = [name for name in names if name not in taken]
    if unknown or missing or len(set(names)) < len(names):
        raise LessonlibError(
            f"{where}: {compute.__name__}(lab, *, {', '.join(taken) or '…'}) and the knobs {', '.join(names)} do not fit; "
            "each knob names one parameter, and each parameter without a default has a knob"
        )
    return [_knob(entry, words, taken[entry["name"]], f"{where}: knob {entry['name']}") for entry in raw]


def _taken_by(compute: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """The parameters of the function but the first, which is the lab."""
    return dict(list(inspect.signature(compute).parameters.items())[1:])


def _knob(raw: Mapping[str, Any], words: Words, parameter: inspect.Parameter, where: str) -> Knob:
    if sum(key in raw for key in ("from", "stops", "choices")) != 1 or ("from" in raw) != ({"to", "steps"} <= {*raw}):
        raise LessonlibError(f"{where}: write from, to and steps, or stops, or choices; one of the three")
    if "choices" in raw:
        entries = _choices(raw["choices"], words, where)
        stops, labels = tuple(value for value, _ in entries), tuple(label for _, label in entries)
        start = _named(raw["start"], words) if "start" in raw else stops[0]
        place = next((place for place, stop in enumerate(stops) if str(stop) == str(start)), None)
        if place is None:
            raise LessonlibError(f"{where}: the start “{start}” is none of its choices: {', '.join(map(str, stops))}")
        return Knob(raw["name"], raw["label"], stops, labels, place, slides=False)
    whole = parameter.annotation in (int, "int")
    values = _stops(raw, words, where)
    stops = tuple(dict.fromkeys(round(value) if whole else value for value in values))
    start = float(_named(raw["start"], words)) if "start" in raw else stops[0]
    place = min(range(len(stops)), key=lambda at: abs(stops[at] - start))
    labels = tuple(_worded(stop, raw.get("unit", "")) for stop in stops)
    return Knob(raw["name"], raw["label"], stops, labels, place, slides=True)


def _stops(raw: Mapping[str, Any], words: Words, where: str) -> list[float]:
    if "stops" in raw:
        named = raw["stops"]
        found = words.code.function(named)(words.lab) if isinstance(named, str) else named
        stops = sorted({float(value) for value in found})
    else:
        low, high = (float(_named(raw[end], words)) for end in ("from", "to"))
        if not low < high or (raw.get("log") and low <= 0):
            raise LessonlibError(f"{where}: it goes from {low:g} to {high:g}; from must be less, and above 0 if log")
        stops = _between(low, high, raw["steps"], log=bool(raw.get("log")))
    if not 2 <= len(stops) <= MOST_STOPS or not all(map(math.isfinite, stops)):
        raise LessonlibError(f"{where}: it has {len(stops)} stops; 2 to {MOST_STOPS} finite numbers are needed")
    return stops


def _between(low: float, high: float, steps: int, *, log: bool) -> list[float]:
    """``steps`` stops from low to high, both among them; the ones between to three digits, but a whole number keeps its own."""
    shares = [step / (steps - 1) for step in range(1, steps - 1)]
    inside = [low * (high / low) ** share if log else low + (high - low) * share for share in shares]
    return [low, *map(_stop, inside), high]


def _stop(value: float) -> float:
    whole = round(value)
    return float(whole) if whole and math.isclose(value, whole, rel_tol=1e-9) else rounded(value, 3)


def _choices(named: Any, words: Words, where: str) -> list[tuple[Any, str]]:
    found = words.code.function(named)(words.lab) if isinstance(named, str) else named
    entries = [
        (each["value"], str(each["label"])) if isinstance(each, Mapping) else (each, str(each)) for each in found
    ]
    if not 2 <= len(entries) <= MOST_STOPS:
        raise LessonlibError(f"{where}: it has {len(entries)} choices; at least 2 are needed")
    return entries


def _named(value: Any, words: Words) -> Any:
    """A value as it stands, or that of the working (or function of the lab) of this name."""
    if not isinstance(value, str):
        return value
    functions = words.code.functions
    return functions[value](words.lab) if value in functions else value


def _worded(value: float, unit: str) -> str:
    """A stop as it stands beside its knob; a count has all its digits."""
    counts = value == round(value) and abs(value) < 1e7
    return str(Quantity(value, unit, digits=7 if counts else 3)).rstrip()
