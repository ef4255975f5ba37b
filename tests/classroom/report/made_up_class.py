"""Made-up classes whose figures a test can do in its head: the questions of the made-up lesson, put to voters with numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, cast

from lessonlib.classroom.report.judged import Opener
from lessonlib.classroom.report.rows import ClassRows, Poll, Vote
from lessonlib.lesson.concepts import Concept, Listing
from lessonlib.lesson.guess import GuessError
from lessonlib.lesson.items import StepItem
from lessonlib.lesson.kinds import make_question
from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.question import Question
from tests.lesson.made_up import key_of, question, raw, words

LESSON, LAB = "made-up", "a-lab"

LISTING = Listing(
    {
        "first-idea": Concept("first-idea", 1, "First", "The first idea", ()),
        "other-idea": Concept("other-idea", 2, "Other", "The other idea", ("first-idea",)),
    },
    {"it-is-compute": "Compute sets the pace.", "took-eighth": "Bytes are taken for bits."},
    {},
)

Ballots = Mapping[int, tuple[Any, int | None]]
"""voter -> (guess as a panel sends it, how sure)"""


def opener(*questions: Question) -> Opener:
    """A lesson with these questions, on any lab."""
    items = {each.id: StepItem("predict", each.raw, f"Step · {each.id}", [], each, each.id) for each in questions}
    return lambda _lesson, _lab: cast(Lesson, SimpleNamespace(items=items))


def made_up_class(
    *asked: tuple[Question, Ballots, Ballots], code: str = "ABC234", voters: int | None = None, **changes: Any
) -> ClassRows:
    """A class: for each question the votes of both rounds."""
    polls, votes = [], []
    for number, (each, first, second) in enumerate(asked, 1):
        polls.append(Poll(number, LESSON, each.id, each.asked_hash(), LAB, "revealed"))
        for round_, ballots in ((1, first), (2, second)):
            votes += [
                Vote(len(votes) + place, number, round_, voter, kept(each, guess), sure)
                for place, (voter, (guess, sure)) in enumerate(ballots.items(), 1)
            ]
    joined = len({vote.voter for vote in votes}) if voters is None else voters
    rows = ClassRows(f"id of {code}", code, LESSON, LAB, "2026-11-20T09:00:00+00:00", joined, polls, votes)
    return ClassRows(**{**rows.__dict__, **changes})


def kept(of: Question, guess: Any) -> Any:
    """A guess as the store keeps it; one that no panel sends stays as it is."""
    try:
        return of.accept(guess)
    except GuessError:
        return guess


def choice(**changes: Any) -> Question:
    """Its right card is “memory”."""
    return question("choice", concepts=["first-idea"], **changes)


def number(**changes: Any) -> Question:
    """Its truth is 100 tok/s."""
    return question("number", concepts=["other-idea"], **changes)


def forecast() -> Question:
    """The same number with a range that must be given."""
    return make_question({**raw("number"), "kind": "range"}, words(), "made-up how-many")


def cards(of: Question, taken: Sequence[str], sure: int | Sequence[int] = 1, first_voter: int = 1) -> Ballots:
    """Voters 1, 2, 3, ... take the cards of these texts."""
    levels = [sure] * len(taken) if isinstance(sure, int) else sure
    keys = (key_of(of, text) for text in taken)
    return dict(enumerate(zip(keys, levels, strict=True), first_voter))


def texts(typed: Iterable[str], sure: int = 1) -> Ballots:
    """Voters 1, 2, 3, ... type these numbers."""
    return {voter: ({"text": text, "low": "", "high": ""}, sure) for voter, text in enumerate(typed, 1)}
