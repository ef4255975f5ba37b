"""What guesses add up to."""

from __future__ import annotations

import pytest

from lessonlib.record.event import events_of
from lessonlib.review.summary import CLAIMED, judged, minutes, summarise
from tests.review.records import LESSON, attempts, guess, guess_again, record


def test_sums_by_hand() -> None:
    found = summarise(
        attempts(
            guess("a", True, 2, factor=1.02, held=True),
            guess("b", False, 2, factor=4.0, held=False, misconception="bits-for-bytes"),
            guess("c", False, 0, misconception="flops-limit-decode"),
            record("d", "skip"),
            record("note", "commit", guess={"text": "why?"}),
        )
    )
    assert (found.guesses, found.right, found.factors, found.ranges) == (3, 1, (1.02, 4.0), (2, 1))
    assert found.levels == ((1, 0), (0, 0), (2, 1))
    assert found.brier == pytest.approx(((CLAIMED[2] - 1) ** 2 + CLAIMED[2] ** 2 + CLAIMED[0] ** 2) / 3)
    assert found.met == {"bits-for-bytes": 1, "flops-limit-decode": 1} and found.cleared == frozenset()


def test_nothing_guessed_has_no_score() -> None:
    assert summarise([]).brier is None


def test_an_idea_is_cleared_by_a_later_right_answer_to_its_question() -> None:
    wrong = guess("q", False, 2, misconception="m")
    assert summarise(attempts(wrong, guess_again("q", True, 1))).cleared == {"m"}
    assert summarise(attempts(wrong, guess("another", True, 1))).cleared == frozenset()
    again = guess_again("q", False, 2, misconception="m")
    assert summarise(attempts(guess("q", True, 1), again)).cleared == frozenset(), "what comes back is open again"
    assert summarise(attempts(wrong, guess_again("q", True, 1), again)).cleared == frozenset()


def test_answers_of_the_review_count_for_the_lesson_they_come_from() -> None:
    found = judged(attempts(guess_again("q", True, 1)))
    assert [(o.lesson, o.question, o.review, o.right, o.confidence) for o in found] == [(LESSON, "q", True, True, 1)]


def test_a_question_of_a_lesson_counts_once() -> None:
    """A second kernel's answer came after the truth was shown."""
    assert summarise(attempts(guess("a", False, 2), guess("a", True, 2))).guesses == 1


def test_a_pause_is_not_time_spent() -> None:
    assert minutes(events_of(record("a", "commit", at) for at in (0, 2, 4, 30, 31))) == pytest.approx(5)
    assert minutes(events_of([record("a", "commit"), {**record("a", "reveal"), "time": "no time"}])) == 0


def test_a_journal_of_nonsense_adds_up_to_nothing() -> None:
    broken = [
        record("a", "commit", confidence="very"),
        record("a", "reveal", right=True),
        record("b", "reveal", right=False, confidence=7),
    ]
    assert summarise(attempts(broken)).levels == ((0, 0), (0, 0), (0, 0))
