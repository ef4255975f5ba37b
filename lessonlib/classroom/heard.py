"""What a class server says, as a notebook takes it: the parts that it uses, each of its kind and within limits.

Whoever runs a server could say anything. What comes out of here is plain values: a phase is one of the phases, a share is a
number between 0 and 1, a text is a short line. The question itself is never taken from there: a notebook has the lesson.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypedDict, TypeVar, cast

from lessonlib.base.text import printable
from lessonlib.classroom.phases import EVENTS, PHASES, Event, Phase
from lessonlib.classroom.wire import Bin, OptionShare, Planned, Poll, Shares

#: characters of a text that is shown, entries of a list, points of a curve
_MOST_OF_A_TEXT, _MOST_ENTRIES, _MOST_CURVES = 300, 100, 200

Value = TypeVar("Value")


class Heard(TypedDict):
    """A state of the class. asked: what :func:`asked_as` says of its question, "" before anybody may see that. voted: the rounds of the present poll that this voter's votes are kept of; None where it is not said.

    count, possible and plan: of an instructor's state; 0 and nothing for a voter.
    """

    seq: int
    code: str
    title: str
    lesson: str
    lab: str
    paused: bool
    poll: Poll | None
    phase: Phase
    round: int
    asked: str
    joined: int
    voted: list[int] | None
    shares: Shares | None
    count: int
    possible: list[Event]
    plan: list[Planned]


def heard(said: object) -> Heard | None:
    """A State, or a HostState, of a server; None if it is none."""
    if not isinstance(said, Mapping):
        return None
    phase, seq = said.get("phase"), _count(said.get("seq"))
    if phase not in PHASES or seq is None:
        return None
    mine = said.get("mine")
    rounds = mine.get("rounds") if isinstance(mine, Mapping) else {}
    return {
        "seq": seq,
        "code": line(said.get("code")),
        "title": line(said.get("title")),
        "lesson": line(said.get("lesson")),
        "lab": line(said.get("lab")),
        "paused": said.get("paused") is True,
        "poll": _poll(said.get("poll")),
        "phase": phase,
        "round": _count(said.get("round")) or 0,
        "asked": asked_as(said.get("ask")),
        "joined": _count(said.get("joined")) or 0,
        "voted": [number for number in (1, 2) if str(number) in rounds]
        if "mine" in said and isinstance(rounds, Mapping)
        else None,
        "shares": _shares(said.get("shares")),
        "count": _count(said.get("count")) or 0,
        "possible": [event for event in _list(said.get("possible")) if event in EVENTS],
        "plan": _some(map(_planned, _list(said.get("plan")))),
    }


def asked_as(view: object) -> str:
    """Differs between two views if they ask something else, whatever their state; "" if it is no view of a question."""
    if not isinstance(view, Mapping) or "stem" not in view:
        return ""
    asked = json.dumps([view.get(key) for key in ("kind", "stem", "ask")], sort_keys=True, default=str)
    return hashlib.sha256(asked.encode("utf-8", "replace")).hexdigest()


def line(said: object, most: int = _MOST_OF_A_TEXT) -> str:
    """A text of a server as one line that acts on nothing; "" if it is none."""
    if not isinstance(said, str):
        return ""
    flat = printable(" ".join(said[: 4 * most].split()))
    return flat if len(flat) <= most else f"{flat[: most - 1]}…"


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1e15 else None


def _list(value: object) -> Sequence[Any]:
    return value[:_MOST_ENTRIES] if isinstance(value, list) else []


def _some(found: Iterable[Value | None]) -> list[Value]:
    return [each for each in found if each is not None]


def _poll(said: object) -> Poll | None:
    if not isinstance(said, Mapping):
        return None
    found = {key: line(said.get(key)) for key in ("id", "lesson", "question", "hash", "lab")}
    return cast(Poll, found) if all(found[key] for key in found if key != "hash") else None


def _planned(said: object) -> Planned | None:
    if not isinstance(said, Mapping) or said.get("phase") not in PHASES or not line(said.get("id")):
        return None
    return {
        "id": line(said["id"]),
        "title": line(said.get("title")),
        "kind": line(said.get("kind")),
        "minutes": _number(said.get("minutes")) or 0.0,
        "phase": said["phase"],
        "vote": said.get("vote") is True,
    }


# --- how the room voted -----------------------------------------------------------------------------------------------


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e300:
        return None
    return float(value)


def _share(value: object) -> float | None:
    found = _number(value)
    return None if found is None or math.isnan(found) else min(1.0, max(0.0, found))


def _shares(said: object) -> Shares | None:
    if not isinstance(said, Mapping) or said.get("kind") not in ("options", "numbers", "curves", "few"):
        return None
    found: Shares = {
        "kind": said["kind"],
        "first": _count(said.get("first")) or 0,
        "second": _count(said.get("second")),
    }
    if found["kind"] == "options":
        found["options"] = _some(map(_option, _list(said.get("options"))))
    elif found["kind"] == "numbers":
        found |= {
            "unit": line(said.get("unit"), 20),
            "scale": scale if (scale := _number(said.get("scale"))) and scale > 0 else 1.0,
            "log": said.get("log") is True,
            "bins": _some(map(_bin, _list(said.get("bins")))),
            "medians": [_number(value) for value in _list(said.get("medians"))[:2]],
        }
    elif found["kind"] == "curves":
        curves = said.get("curves")
        found["curves"] = [_points(curve) for curve in curves[:_MOST_CURVES]] if isinstance(curves, list) else []
        found["median"] = _points(said.get("median"))
    return found


def _option(said: object) -> OptionShare | None:
    if not isinstance(said, Mapping) or not line(said.get("key")):
        return None
    return {
        "key": line(said["key"]),
        "text": line(said.get("text")),
        "first": _share(said.get("first")),
        "second": _share(said.get("second")),
    }


def _bin(said: object) -> Bin | None:
    low, high = (_number(said.get(end)) if isinstance(said, Mapping) else None for end in ("low", "high"))
    if low is None or high is None or not isinstance(said, Mapping):
        return None
    return {"low": low, "high": high, "first": _share(said.get("first")), "second": _share(said.get("second"))}


def _points(said: object) -> list[list[float]]:
    pairs = ([_number(value) for value in point[:2]] if isinstance(point, list) else [] for point in _list(said))
    return [[x, y] for x, y in (pair for pair in pairs if len(pair) == 2) if x is not None and y is not None]
