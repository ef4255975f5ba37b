"""What the two forms of the inventory came to: for each idea the share right before and after, and the normalised gain.

The gain is (after - before) / (1 - before): which part of what could be gained was gained (R. R. Hake, "Interactive-engagement
versus traditional methods", American Journal of Physics 66, 1998). :func:`gains` is a pure function over rows, for one learner
as for a class; :func:`sittings` makes the rows of one learner's own record.
"""

from __future__ import annotations

import functools
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import NamedTuple, TypedDict

from lessonlib.base.errors import LessonlibError
from lessonlib.lesson.concepts import load_listing
from lessonlib.lesson.form import FORMS
from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.question import Question
from lessonlib.record.attempts import Attempt, attempts_of
from lessonlib.record.event import Event
from lessonlib.roofline import load_lab

BEFORE, AFTER = 1, 2
#: the name under which the coin is recorded; it is no lesson's
COIN = "inventory"


class Row(NamedTuple):
    """One answer. learner: who gave it; sitting: BEFORE or AFTER, whichever form that was; idea: the id of the concept asked."""

    learner: Hashable
    sitting: int
    idea: str
    right: bool


class Gain(NamedTuple):
    """An idea, or all of them (idea ""). answers: those counted before and after. before, after: shares right, from 0 to 1; None where
    there are too few. gain: None there, and where everything was right before.
    """

    idea: str
    answers: tuple[int, int]
    before: float | None
    after: float | None
    gain: float | None


def normalised(before: float, after: float) -> float | None:
    """(after - before) / (1 - before), at most 1; None where nothing was left to gain."""
    return None if before >= 1 else (after - before) / (1 - before)


def gains(rows: Iterable[Row], *, least: int = 1, matched: bool = True) -> list[Gain]:
    """The gain of each idea in the order in which it turns up first, then that of all together.

    ``matched``: only learners who answered the idea in both sittings count; without it all answers do, for classes whose
    voters cannot be told again. Shares of fewer than ``least`` answers stay hidden.
    """
    kept = _first_answers(rows)
    if matched:
        both = {(row.learner, row.idea) for row in kept if row.sitting == BEFORE} & {
            (row.learner, row.idea) for row in kept if row.sitting == AFTER
        }
        kept = [row for row in kept if (row.learner, row.idea) in both]
    found = [
        _gain(idea, [row for row in kept if row.idea == idea], least) for idea in dict.fromkeys(r.idea for r in kept)
    ]
    return [*found, _gain("", kept, least)] if found else []


def _first_answers(rows: Iterable[Row]) -> list[Row]:
    """Of each learner in each sitting the first answer to an idea: what came later was no longer the first guess."""
    first: dict[tuple[Hashable, int, str], Row] = {}
    for row in rows:
        if row.sitting in (BEFORE, AFTER):
            first.setdefault((row.learner, row.sitting, row.idea), row)
    return list(first.values())


def _gain(idea: str, rows: Sequence[Row], least: int) -> Gain:
    before, after = ([row.right for row in rows if row.sitting == sitting] for sitting in (BEFORE, AFTER))
    many = len(before), len(after)
    if min(many) < max(least, 1):
        return Gain(idea, many, None, None, None)
    shares = fmean(before), fmean(after)
    return Gain(idea, many, *shares, normalised(*shares))


# --- of one learner ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sitting:
    """One form as far as the learner has come. right: idea -> whether the answer was; asked: how many questions it has."""

    form: str
    right: Mapping[str, bool]
    asked: int

    @property
    def complete(self) -> bool:
        """Whether each question is answered."""
        return len(self.right) == self.asked


def sittings(attempts: Iterable[Attempt]) -> list[Sitting]:
    """The forms that were begun, in the order in which they were. An answer to a question that reads otherwise today is left out."""
    own: dict[str, dict[str, Attempt]] = {}
    for attempt in attempts:
        if attempt.lesson in FORMS and attempt.commit is not None and not attempt.review:
            own.setdefault(attempt.lesson, {}).setdefault(f"{attempt.question} {attempt.hash}", attempt)
    return [_sitting(form, list(given.values())) for form, given in own.items()]


def _sitting(form: str, given: Sequence[Attempt]) -> Sitting:
    asked, right = _asked(form), {}
    for question, now in asked:
        answer = next((each for each in given if each.question == question.id and each.hash == now), None)
        verdict = None if answer is None else _right(question, answer)
        if verdict is not None:
            right[str(question.raw["concepts"][0])] = verdict
    return Sitting(form, right, len(asked))


@functools.cache
def _asked(form: str) -> list[tuple[Question, str]]:
    """The sealed questions of a form with their hashes, the same on every lab."""
    lesson = Lesson(form, load_lab())
    questions = [item.step.question for item in (lesson.form.items if lesson.form else ())]
    return [(question, question.asked_hash()) for question in questions]


def _right(question: Question, attempt: Attempt) -> bool | None:
    """Whether the guess was right; None for one that the question does not take."""
    guess = attempt.commit.guess if attempt.commit else None
    if guess is None:
        return None
    try:
        return bool(question.score(question.accept(question.as_given(dict(guess))))["right"])
    except LessonlibError:
        return None


def rows_of(found: Sequence[Sitting], learner: Hashable = "") -> list[Row]:
    """The rows of one learner; none before both forms are complete, for a share before would say what was right."""
    if len(found) != len(FORMS) or not all(sitting.complete for sitting in found):
        return []
    return [
        Row(learner, place, idea, right)
        for place, sitting in enumerate(found, BEFORE)
        for idea, right in sitting.right.items()
    ]


def first_form(events: Iterable[Event]) -> str:
    """The form that the coin says to take first; "" if none was tossed."""
    fell = next((event.number for event in events if event.lesson == COIN and event.event == "draw"), None)
    return FORMS[fell] if fell is not None and fell in range(len(FORMS)) else ""


# --- as plain data ----------------------------------------------------------------------------------------------------


class IdeaGain(TypedDict):
    """One idea of one learner or of a class; a share is from 0 to 1. gain: None where everything was right before."""

    id: str
    title: str
    before: float | None
    after: float | None
    gain: float | None


class InventoryReport(TypedDict):
    """Both sittings. forms: which was taken first, which second. questions: of each. whole: over all ideas."""

    forms: list[str]
    questions: int
    ideas: list[IdeaGain]
    whole: IdeaGain


def inventory_report(events: Iterable[Event]) -> InventoryReport | None:
    """What the inventory of one learner came to; None before both forms are complete."""
    found = sittings(attempts_of(events))
    named = told(gains(rows_of(found)))
    if not named:
        return None
    return {
        "forms": [sitting.form for sitting in found],
        "questions": found[0].asked,
        "ideas": named[:-1],
        "whole": named[-1],
    }


def told(found: Iterable[Gain]) -> list[IdeaGain]:
    """Gains as plain data, with the titles of their ideas."""
    concepts = load_listing().concepts
    return [
        {
            "id": gain.idea,
            "title": concepts[gain.idea].title if gain.idea in concepts else gain.idea or "All ideas",
            "before": gain.before,
            "after": gain.after,
            "gain": None if gain.gain is None else round(gain.gain, 3),
        }
        for gain in found
    ]
