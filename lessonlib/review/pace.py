"""How long lessons take a learner, beside what the formula says of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from statistics import median

from lessonlib.record.event import Event
from lessonlib.review.summary import minutes

#: a lesson of which this share of the questions was answered counts as taken
_TAKEN = 0.75
#: fewer minutes than this share of the formula's are a look around, or answers clicked through
_LEAST = 0.2


@dataclass(frozen=True)
class Pace:
    """``spent``: minutes in each lesson that was taken. ``factor``: the median of spent over the formula's; None before
    there is one.
    """

    spent: Mapping[str, float]
    factor: float | None


def pace(events: Iterable[Event], questions: Mapping[str, Collection[str]], formula: Mapping[str, float]) -> Pace:
    """The learner's pace. ``questions``: ids by lesson; ``formula``: minutes by lesson. Reviews do not count."""
    by_lesson: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        if not event.review and event.lesson in questions:
            by_lesson[event.lesson].append(event)
    spent = {}
    for name, own in by_lesson.items():
        answered = {event.question for event in own if event.event in ("commit", "skip")} & set(questions[name])
        took = minutes(own)
        if len(answered) >= _TAKEN * len(questions[name]) and took >= _LEAST * formula.get(name, float("inf")):
            spent[name] = took
    return Pace(spent, median(spent[name] / formula[name] for name in spent) if spent else None)
