"""A learner's own votes in a class, as the phone downloaded them, beside the learner's own journal.

It happens on the learner's wish alone, and to read, not to keep: the journal stays as it is. A vote counts under the same
address (lesson, question, hash, lab) as an answer alone, so of both the first guess counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from lessonlib.base.errors import LessonlibError
from lessonlib.base.files import read_bytes
from lessonlib.classroom.report.parts import many
from lessonlib.record.event import Event, event_of
from lessonlib.record.lines import record_of

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_VOTES = ("commit", "revote")


class OwnVotes(NamedTuple):
    """What a file holds. events: of votes in a class. unrevealed: votes on questions whose answer was not out when it was
    downloaded; other: lines that are no record of a class.
    """

    events: list[Event]
    unrevealed: int
    other: int


def own_votes(path: str) -> OwnVotes:
    """The votes in a downloaded file. Raises LessonlibError if it cannot be read, or holds none."""
    found: list[Event] = []
    unrevealed = other = 0
    for line in filter(None, map(bytes.strip, read_bytes(path, f"--class {path}").split(b"\n"))):
        record = record_of(line)
        event = None if record is None else event_of(record, line)
        if event is None or not event.in_class or event.review:
            other += 1
        elif not event.hash:
            unrevealed += event.event in _VOTES
        else:
            found.append(event)
    if not found:
        why = f"{many(unrevealed, 'vote')} on questions that were not revealed yet" if unrevealed else "it holds none"
        raise LessonlibError(
            f"--class {path}: no votes in a class that can be read: {why}; download them after the class"
        )
    return OwnVotes(found, unrevealed, other)


def beside(journal: Sequence[Event], votes: Iterable[Event]) -> list[Event]:
    """The events of the journal, with the votes on each question where the first of them was given.

    A reveal of a class bears the time of the download; it is put to the last vote before it.
    """
    groups: dict[tuple[str, ...], list[Event]] = {}
    for event in votes:
        groups.setdefault((event.lesson, event.question, event.hash, event.lab), []).append(event)
    waiting = sorted(map(_timed, groups.values()), key=_began)
    found: list[Event] = []
    for event in journal:
        while waiting and event.time is not None and _began(waiting[0]) <= event.time:
            found += waiting.pop(0)
        found.append(event)
    return [*found, *(event for group in waiting for event in group)]


def _timed(group: Sequence[Event]) -> list[Event]:
    given = max((event.time for event in group if event.event in _VOTES and event.time), default=None)
    return [event if event.event in _VOTES else event._replace(time=given or event.time) for event in group]


def _began(group: Sequence[Event]) -> datetime:
    return group[0].time or _LONG_AGO
