"""One pairing for all that read a journal: which guess belongs to which outcome, and what counts once."""

from __future__ import annotations

from typing import Any

import pytest

from lessonlib.record.attempts import Attempt, Pairing, attempts_of, by_outcome
from lessonlib.record.event import Event, event_of, review_address

ADDRESS = {"lesson": "01-x", "question": "q", "hash": "h", "lab": "l"}


def happened(event: str, **more: Any) -> Event:
    return event_of({**ADDRESS, "event": event, **more})


def again(event: str, **more: Any) -> Event:
    return happened(event, **review_address("01-x", "q"), **more)


def names(attempt: Attempt) -> list[str]:
    return [event.event for event in attempt.events]


def test_a_guess_its_reveal_and_what_follows_are_one_attempt() -> None:
    (found,) = attempts_of(
        [
            happened("hint", number=1),
            happened("commit", confidence=2),
            happened("reveal", right=False, factor=2.0),
            happened("observe", choice="a", right=True),
        ]
    )
    assert names(found) == ["hint", "commit", "reveal", "observe"]
    assert (found.lesson, found.question, found.hash, found.lab, found.review) == ("01-x", "q", "h", "l", False)
    assert found.right is False and found.certain_miss and found.finished and not found.skipped
    assert found.confidence == 2


def test_the_observation_that_was_right_does_not_make_the_guess_right() -> None:
    (found,) = attempts_of([happened("skip"), happened("observe", choice="a", right=True)])
    assert found.right is None and found.skipped


@pytest.mark.parametrize(
    ("events", "kept", "finished"),
    [
        ([happened("commit")], ["commit"], False),
        ([happened("commit"), happened("reveal")], ["commit", "reveal"], False),
        ([happened("commit"), happened("reveal"), happened("grade", grade="got")], ["commit", "reveal", "grade"], True),
        ([happened("skip"), happened("commit")], ["skip"], True),
        ([happened("commit"), happened("skip")], ["commit"], False),
        ([happened("commit"), happened("grade", grade="got")], ["commit"], False),
        ([happened("reveal", right=True)], ["reveal"], True),
        ([happened("hint"), happened("fly"), happened("teacher-asked", text="?")], ["hint"], False),
    ],
)
def test_how_far_a_question_has_come(events: list[Event], kept: list[str], finished: bool) -> None:
    (found,) = attempts_of(events)
    assert names(found) == kept and found.finished is finished


@pytest.mark.parametrize("event", ["grade", "observe", "fly"])
def test_what_cannot_begin_an_attempt(event: str) -> None:
    assert attempts_of([happened(event, grade="got")]) == []


def test_in_a_lesson_the_first_answer_counts() -> None:
    """Two kernels may have taken an answer each."""
    (found,) = attempts_of(
        [
            happened("commit", confidence=0),
            happened("commit", confidence=2),
            happened("reveal", right=False),
            happened("reveal", right=True),
            happened("commit", confidence=2),
            happened("reveal", right=True),
        ]
    )
    assert found.confidence == 0 and found.right is False and not found.certain_miss


def test_a_reveal_whose_guess_is_lost_leaves_the_question_to_be_asked() -> None:
    lost, found = attempts_of([happened("reveal", right=True), happened("commit"), happened("reveal", right=False)])
    assert (lost.commit, lost.right) == (None, True) and found.commit and found.right is False


def test_a_changed_question_and_another_lab_are_attempts_of_their_own() -> None:
    found = attempts_of([happened("commit"), happened("commit", hash="new"), happened("commit", lab="m")])
    assert [(each.hash, each.lab) for each in found] == [("h", "l"), ("new", "l"), ("h", "m")]


def test_a_review_asks_again_and_each_time_counts() -> None:
    events = [again("commit"), again("reveal", right=False), again("commit"), again("reveal", right=True)]
    assert [each.right for each in attempts_of(events)] == [False, True]
    assert all(each.review and each.question == "q" for each in attempts_of(events))


def test_a_card_of_the_review_is_over_once_it_is_graded() -> None:
    card = [again("commit"), again("reveal"), again("commit"), again("grade", grade="got")]
    one, two = attempts_of([*card, again("grade", grade="missed"), again("skip")])
    assert (one.grade, one.finished, two.skipped) == ("missed", True, True), "a grade may be taken back"


def test_the_order_in_which_it_came_out() -> None:
    def card(event: str, **more: Any) -> Event:
        return happened(event, question="card", **more)

    events = [
        card("commit"),
        card("reveal"),
        happened("commit"),
        happened("reveal", right=True),
        card("grade", grade="got"),
        happened("commit", question="open"),
    ]
    assert [each.question for each in attempts_of(events)] == ["card", "q", "open"]
    assert [each.question for each in by_outcome(attempts_of(events))] == ["q", "card"]


def test_bit_by_bit_is_the_same_as_at_once() -> None:
    events = [again("commit"), again("reveal", right=False), happened("commit"), again("commit"), happened("skip")]
    pairing = Pairing()
    for event in events:
        pairing.add([event])
        pairing.attempts()
    assert pairing.attempts() == attempts_of(events)
