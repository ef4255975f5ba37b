"""The phases of a poll, and what leads from one to the next.

Peer instruction: everybody votes alone, talks it over, votes again, and only then sees how the room voted and what is true.
"""

from __future__ import annotations

from typing import Final, Literal, get_args

from lessonlib.base.errors import LessonlibError

Phase = Literal["draft", "open1", "closed1", "discuss", "open2", "closed2", "shown", "revealed"]
#: what an instructor may ask for. ``next`` chooses another question and is no step of a poll; ``pause`` and ``resume`` are the
#: class's, whatever the phase.
Event = Literal["open", "close", "discuss", "open2", "show", "reveal", "next", "pause", "resume"]

PHASES: Final[tuple[Phase, ...]] = get_args(Phase)
EVENTS: Final[tuple[Event, ...]] = get_args(Event)
#: events that say nothing about the phase of a poll
OF_THE_CLASS: Final[frozenset[Event]] = frozenset({"next", "pause", "resume"})

#: event -> {the phase in which it means something: the phase that it leads to}. A vote that was closed too early is opened
#: again by ``open`` or ``open2``; a discussion may be left out, and so may the second vote.
_LEADS: Final[dict[Event, dict[Phase, Phase]]] = {
    "open": {"draft": "open1", "closed1": "open1"},
    "close": {"open1": "closed1", "open2": "closed2"},
    "discuss": {"closed1": "discuss"},
    "open2": {"closed1": "open2", "discuss": "open2", "closed2": "open2"},
    "show": {"closed1": "shown", "discuss": "shown", "closed2": "shown"},
    "reveal": {"shown": "revealed"},
}
#: the phases in which votes are taken, and for which round
ROUND_OPEN: Final[dict[Phase, int]] = {"open1": 1, "open2": 2}


class OutOfTurnError(LessonlibError):
    """An event that means nothing in this phase. One line."""


def after(phase: Phase, event: Event) -> Phase:
    """The phase that ``event`` leads to. Raises OutOfTurnError for one that means nothing in ``phase``."""
    try:
        return _LEADS[event][phase]
    except KeyError:
        able = ", ".join(possible(phase)) or "next"
        raise OutOfTurnError(f"“{event}” means nothing while the poll is {phase}; what can follow: {able}") from None


def possible(phase: Phase) -> tuple[Event, ...]:
    """What an instructor can do with a poll in this phase, in the order of a class."""
    return tuple(event for event in EVENTS if phase in _LEADS.get(event, {}))


def round_of(phase: Phase) -> int:
    """The round that a phase belongs to: 0 before the first vote, 1 until the second opens, 2 from then on; after the end the
    phase alone does not say it.
    """
    return {"draft": 0, "open1": 1, "closed1": 1, "discuss": 1}.get(phase, 2)


def shares_may_be_seen(phase: Phase) -> bool:
    """Whether anybody but the server may know how the room voted."""
    return phase in ("shown", "revealed")


def truth_may_be_seen(phase: Phase) -> bool:
    """Whether anything that depends on the truth may leave the server."""
    return phase == "revealed"
