"""When a card is due again: FSRS, as the `fsrs` package has it, over what the journal recorded.

FSRS and not a rule of our own: its forgetting curve was fitted on millions of reviews, its package is small, pure and
kept by those who published it, and everything it knows of a card follows from the list of (time, rating). So nothing but
the journal is kept: the state of every card is computed anew from it, and no second file can disagree.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from lessonlib.record.attempts import Attempt

#: A card answered in its lesson, or met there and not answered, comes back the next day at the earliest.
NEXT_DAY = timedelta(hours=18)
LONGEST_DAYS = 180

AGAIN, HARD, GOOD = 1, 2, 3
_JUST_GUESSING = 0  # the lowest level of confidence
_OF_GRADE = {"got": GOOD, "partly": HARD, "missed": AGAIN}


class Answer(NamedTuple):
    """One answer to a card: when (UTC), how well (1 again, 2 hard, 3 good), and whether it was a certain miss."""

    at: datetime
    rating: int
    certain_miss: bool = False


def answer_to(attempt: Attempt) -> Answer | None:
    """What an attempt says of how well its question is remembered: by the learner's own grade, or as judged.

    None if it says nothing (not finished, skipped), or not when.
    """
    rating = _rating(attempt)
    return Answer(attempt.at, rating, attempt.certain_miss) if rating and attempt.at else None


def _rating(attempt: Attempt) -> int | None:
    if attempt.grade is not None:
        return _OF_GRADE.get(attempt.grade)
    if attempt.right is None:
        return None
    if not attempt.right:
        return AGAIN
    return HARD if attempt.confidence == _JUST_GUESSING else GOOD


def due(answers: Iterable[Answer]) -> datetime:
    """When a card with these answers (in any order, at least one) is due."""
    return _due(tuple(sorted(answers)))


@lru_cache(maxsize=4096)  # a sitting asks for the same cards again after each answer, and only one of them has changed
def _due(answers: tuple[Answer, ...]) -> datetime:
    from fsrs import Card, Rating, Scheduler  # on first use: `import lessonlib` stays light

    if not answers:
        raise ValueError("a card without an answer has no date")
    # One tap a day and no steps of minutes: a sitting ends when its cards are through.
    scheduler = Scheduler(learning_steps=(), relearning_steps=(), maximum_interval=LONGEST_DAYS, enable_fuzzing=False)
    card = Card(card_id=1)
    for answer in answers:
        card, _ = scheduler.review_card(card, Rating(answer.rating), answer.at)
    # FSRS counts whole days from the answer, at least one; a card of yesterday evening should be due this morning.
    return card.due - (timedelta(days=1) - NEXT_DAY)
