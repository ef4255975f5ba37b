"""When a card is due again: FSRS, as the `fsrs` package has it, over what the journal recorded.

FSRS and not a rule of our own: its forgetting curve was fitted on millions of reviews, its package is small, pure and
kept by those who published it, and everything it knows of a card follows from the list of (time, rating). So nothing but
the journal is kept: the state of every card is computed anew from it, and no second file can disagree.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

#: A card answered in its lesson, or met there and not answered, comes back the next day at the earliest.
NEXT_DAY = timedelta(hours=18)
LONGEST_DAYS = 180

AGAIN, HARD, GOOD = 1, 2, 3

#: Years that a clock may show; what lies outside was written by no lesson.
_YEARS = range(1970, 2200)


class Answer(NamedTuple):
    """One answer to a card: when (UTC), how well (1 again, 2 hard, 3 good), and whether it was a certain miss."""

    at: datetime
    rating: int
    certain_miss: bool = False


def rating_of(record: dict) -> int | None:
    """The rating that a record of the journal gives: a self-grade, or a judged guess with how sure it was."""
    if record["event"] == "grade":
        return {"got": GOOD, "partly": HARD, "missed": AGAIN}.get(str(record.get("grade")))
    if record["event"] == "reveal" and "right" in record:
        if not record["right"]:
            return AGAIN
        return HARD if record.get("confidence") == 0 else GOOD
    return None


def due(answers: Iterable[Answer]) -> datetime:
    """When a card with these answers (in any order, at least one) is due."""
    from fsrs import Card, Rating, Scheduler  # on first use: `import lessonlib` stays light

    # One tap a day and no steps of minutes: a sitting ends when its cards are through.
    scheduler = Scheduler(learning_steps=(), relearning_steps=(), maximum_interval=LONGEST_DAYS, enable_fuzzing=False)
    card, last = Card(card_id=1), None
    for answer in sorted(answers):
        card, _ = scheduler.review_card(card, Rating(answer.rating), answer.at)
        last = answer
    if last is None:
        raise ValueError("a card without an answer has no date")
    # FSRS counts whole days from the answer; a card of yesterday evening should be due this morning.
    return max(card.due - (timedelta(days=1) - NEXT_DAY), last.at + NEXT_DAY)


def moment(text: object) -> datetime | None:
    """A time of the journal in UTC; None if it is none."""
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    if at.year not in _YEARS:
        return None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
