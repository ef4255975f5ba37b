"""The numbers that the report and the schedule rest on, each at its edge, from records written by hand."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fsrs import Rating

from lessonlib.record.event import events_of
from lessonlib.review import schedule
from lessonlib.review.schedule import AGAIN, GOOD, HARD, NEXT_DAY, Answer, answer_to, due
from lessonlib.review.summary import RANGE, minutes, summarise
from tests.review.records import attempts, guess, record

AT = datetime(2026, 3, 2, 20, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("sure", "right", "brier"),
    [
        # (claimed chance - outcome) squared, with the chances that the report tells its reader: 35, 70 and 95 %
        (0, True, 0.4225),
        (0, False, 0.1225),
        (1, True, 0.09),
        (1, False, 0.49),
        (2, True, 0.0025),
        (2, False, 0.9025),
    ],
)
def test_what_a_level_of_confidence_claims(sure: int, right: bool, brier: float) -> None:
    assert summarise(attempts(guess("a", right, sure))).brier == pytest.approx(brier, abs=1e-12)


def test_a_range_is_judged_by_the_chance_that_its_form_asks_for(repo: Path) -> None:
    form = (repo / "lessonlib/show/static/js/number.js").read_text(encoding="utf-8")
    assert re.findall(r"(\d+) % sure it is between", form) == [f"{100 * RANGE:.0f}"] == ["80"]


@pytest.mark.parametrize(("gap_minutes", "spent"), [(4.5, 4.5), (5, 5), (5.25, 0), (10, 0), (15, 0)])
def test_a_pause_of_more_than_five_minutes_is_not_time_spent(gap_minutes: float, spent: float) -> None:
    events = events_of([record("a", "commit", 1), record("a", "reveal", 1 + gap_minutes)])
    assert minutes(events) == pytest.approx(spent)


def test_time_is_summed_from_event_to_event_in_whatever_order_they_stand() -> None:
    assert minutes(events_of(record("a", "hint", at) for at in (9, 0, 4, 7))) == pytest.approx(9)
    assert minutes([]) == 0


def test_a_card_of_the_evening_is_due_the_next_afternoon_at_the_latest_and_never_the_same_night() -> None:
    """18 hours: eight in the evening to two in the afternoon."""
    assert timedelta(hours=18) == NEXT_DAY
    assert due([Answer(AT, AGAIN)]) >= AT + timedelta(hours=18)
    assert due([Answer(AT, AGAIN)]) <= AT + timedelta(hours=24)


@pytest.mark.parametrize("rating", [AGAIN, HARD, GOOD])
def test_a_card_is_due_six_hours_before_its_whole_days_are_over(rating: int) -> None:
    """FSRS counts whole days; a sitting a little earlier in the day than the last must find its cards."""
    apart = due([Answer(AT, rating)]) - AT
    assert (apart + timedelta(hours=6)) % timedelta(days=1) == timedelta(0)


def test_better_answers_come_back_later_and_none_later_than_half_a_year() -> None:
    again, hard, good = (due([Answer(AT, rating)]) for rating in (AGAIN, HARD, GOOD))
    assert again <= hard < good
    many = [Answer(AT + timedelta(days=200 * n), GOOD) for n in range(12)]
    assert due(many) - many[-1].at == timedelta(days=180, hours=-6)


def test_ratings_are_those_of_the_library() -> None:
    assert (Rating.Again, Rating.Hard, Rating.Good) == (AGAIN, HARD, GOOD)


def test_the_same_answers_are_due_at_the_same_time_and_counted_once() -> None:
    """A journal is all that is kept, so nothing may be drawn by lot; and a sitting asks for its cards after each answer."""
    answers = [Answer(AT + timedelta(days=20 * n), GOOD) for n in range(4)]
    first = due(answers)
    for _ in range(5):
        schedule._due.cache_clear()
        assert due(answers) == first
    assert due(answers) == first and schedule._due.cache_info().hits == 1


def test_a_card_without_an_answer_has_no_date() -> None:
    with pytest.raises(ValueError, match="without an answer"):
        due([])


@pytest.mark.parametrize(
    ("sure", "right", "rating", "certain_miss"),
    [
        (0, True, HARD, False),
        (1, True, GOOD, False),
        (2, True, GOOD, False),
        (0, False, AGAIN, False),
        (2, False, AGAIN, True),
    ],
)
def test_a_right_guess_that_was_just_a_guess_counts_as_hard(
    sure: int, right: bool, rating: int, certain_miss: bool
) -> None:
    (attempt,) = attempts(guess("a", right, sure))
    found = answer_to(attempt)
    assert found is not None and (found.rating, found.certain_miss) == (rating, certain_miss)


@pytest.mark.parametrize(("grade", "rating"), [("got", GOOD), ("partly", HARD), ("missed", AGAIN)])
def test_the_learners_own_grade_counts(grade: str, rating: int) -> None:
    (attempt,) = attempts([record("a", "commit"), record("a", "reveal"), record("a", "grade", grade=grade)])
    found = answer_to(attempt)
    assert found is not None and found.rating == rating
