"""Sessions that hold their rate: some are under way when the run begins, and none is left alone at its end.

Sessions that all begin after time 0 bring fewer requests at first, and the last ones trail off: 1,500 requests of the preset
"agent" at 10/s come at about half of that. Turns of sessions that begin at a steady rate come at a steady rate themselves, so
sessions are drawn from before time 0 on, and of each only the turns between 0 and the end are kept. Where a turn is due is
taken from the times of thinking; the answers, whose times nobody knows yet, make later turns later by as much.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

import numpy as np

from lessonlib.base.errors import LessonlibError
from lessonlib.serving.traffic.request import Request
from lessonlib.serving.traffic.workload import Trace, Workload

#: Sessions begin so many mean lengths of a session before the run.
_BEFORE = 4.0
_LOOK_EVERY = 128


@dataclass(frozen=True)
class _Turn:
    """One turn: when it is due (seconds), its session, its place in that, and the request."""

    due: float
    session: int
    place: int
    request: Request


def steady_sessions(workload: Workload) -> Trace:
    """As many requests as the workload has, of the same sessions, at the rate of its law from the first second to the last.

    Raises LessonlibError unless requests come in sessions and by a law with a rate.
    """
    turns, rate = workload.sharing.turns, getattr(workload.arrivals, "rate", None)
    if turns < 2 or rate is None:
        raise LessonlibError(
            "steady_sessions: needs sessions of several turns that begin at some rate, such as preset agent at a rate"
        )
    before = _BEFORE * turns * workload.sharing.think_s
    drawn: list[_Turn] = []
    enough, made = workload.requests, 0
    for number, session in zip(count(), workload.sessions(), strict=False):
        start = session[0].arrival_s - before
        due = start + np.cumsum([request.think_s for request in session])
        drawn += [
            _Turn(float(when), number, place, request)
            for place, (when, request) in enumerate(zip(due, session, strict=True))
            if when >= 0.0
        ]
        # Sessions that begin later than the last kept turn add nothing.
        if start >= 0.0 and not number % _LOOK_EVERY:
            made = sum(turn.due <= start for turn in drawn)
        if made >= enough:
            break
    kept = sorted(drawn, key=lambda turn: turn.due)[:enough]
    return Trace(tuple(_in_order(kept)), f"{workload.name or 'sessions'}, steady")


def _in_order(turns: list[_Turn]) -> list[Request]:
    """Requests by the arrival of the first turn of each session, its later turns behind it."""
    sessions: dict[int, list[_Turn]] = {}
    for turn in turns:
        sessions.setdefault(turn.session, []).append(turn)
    found: list[Request] = []
    for session in sessions.values():
        for nth, turn in enumerate(session):
            if nth:
                found.append(turn.request._replace(follows=len(found) - 1))
            else:
                found.append(turn.request._replace(arrival_s=turn.due, follows=-1, think_s=0.0))
    return found
