"""Where a learner stands, from the records of the journal: plain data in, a state for each idea out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lessonlib.lesson.concepts import load_listing
from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.source import load_source
from lessonlib.record.attempts import Attempt, attempts_of
from lessonlib.record.event import events_of
from lessonlib.record.journal import Journal
from lessonlib.review.current_questions import CurrentQuestions, states_of
from lessonlib.review.progress import MET, MISSED, RECALLED, SKIPPED, UNMET, Asked, progress, questions_of
from tests.lesson.shipped import LESSON, opened

STEP, OTHER, QUIZ, CARD = (("01-steam", name) for name in ("step", "other", "quiz", "card"))
QUESTIONS = {
    STEP: Asked(("steam",), False),
    OTHER: Asked(("steam",), False),
    QUIZ: Asked(("steam",), True),
    CARD: Asked(("steam",), True),
}

Record = dict[str, Any]


def record(question: tuple[str, str], event: str, **more: Any) -> Record:
    return {"lesson": question[0], "question": question[1], "hash": "h", "lab": "l", "event": event, **more}


def attempts(records: list[Record]) -> list[Attempt]:
    return attempts_of(events_of(records))


def answer(question: tuple[str, str], right: bool, confidence: int = 1) -> list[Record]:
    return [record(question, "commit", confidence=confidence), record(question, "reveal", right=right)]


def card(grade: str = "") -> list[Record]:
    """A recall card: said aloud, turned, and perhaps graded."""
    said = [record(CARD, "commit", confidence=None), record(CARD, "reveal")]
    return [*said, record(CARD, "grade", grade=grade)] if grade else said


def state(*records: Record | list[Record]) -> str:
    flat = [each for part in records for each in (part if isinstance(part, list) else [part])]
    return progress(["steam"], QUESTIONS, attempts(flat))["steam"]


def test_without_a_record_nothing_is_met() -> None:
    assert progress(["heat", "steam"], QUESTIONS, []) == {"heat": UNMET, "steam": UNMET}


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([record(STEP, "commit", confidence=1)], UNMET),
        ([record(STEP, "hint", number=1)], UNMET),
        ([record(STEP, "reveal", right=True)], UNMET),
        (answer(STEP, right=True), MET),
        (answer(STEP, right=False), MET),
        (answer(STEP, right=True, confidence=2), MET),
        (answer(STEP, right=False, confidence=2), MISSED),
        ([record(STEP, "skip")], SKIPPED),
        ([record(STEP, "skip"), *answer(STEP, right=True)], SKIPPED),
        (answer(QUIZ, right=True), RECALLED),
        (answer(QUIZ, right=False), MET),
        (answer(QUIZ, right=False, confidence=2), MISSED),
        (card(), MET),
        (card("got"), RECALLED),
        (card("partly"), MET),
        (card("missed"), MET),
        ([record(CARD, "skip"), record(CARD, "grade", grade="got")], SKIPPED),
    ],
)
def test_one_question(records: list[Record], expected: str) -> None:
    assert state(records) == expected


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ((answer(STEP, False, 2), answer(QUIZ, True)), RECALLED),
        ((answer(STEP, False, 2), card("got")), RECALLED),
        ((answer(STEP, False, 2), answer(OTHER, True)), MET),
        ((answer(STEP, False, 2), answer(OTHER, False)), MISSED),
        ((answer(STEP, False, 2), card("partly")), MISSED),
        ((answer(STEP, False, 2), record(OTHER, "skip")), MISSED),
        ((answer(STEP, True), answer(OTHER, False, 2)), MISSED),
        ((answer(STEP, True), record(OTHER, "skip")), MET),
        ((record(STEP, "skip"), answer(OTHER, False)), MET),
        ((record(STEP, "skip"), card("got")), RECALLED),
        ((card("got"), answer(QUIZ, False)), MET),
        ((card("got"), answer(STEP, False)), RECALLED),
        ((card("got"), answer(QUIZ, False, 2)), MISSED),
        ((card("got"), record(CARD, "grade", grade="missed")), MET),
    ],
)
def test_one_after_another(parts: tuple[Any, ...], expected: str) -> None:
    assert state(*parts) == expected


def test_as_in_a_lesson_the_first_answer_counts() -> None:
    """Two kernels may have taken an answer each."""
    assert (
        state(
            record(STEP, "commit", confidence=0),
            record(STEP, "commit", confidence=2),
            record(STEP, "reveal", right=False),
        )
        == MET
    )
    assert state(answer(STEP, right=True), record(STEP, "reveal", right=False)) == MET


def test_the_same_question_on_another_lab_is_another_answer() -> None:
    elsewhere = [{**each, "lab": "m"} for each in answer(STEP, right=True)]
    assert state(answer(STEP, False, 2), elsewhere) == MET


def test_a_question_may_be_about_two_ideas_and_of_none_on_the_list() -> None:
    questions = {STEP: Asked(("steam", "heat", "phlogiston"), False)}
    assert progress(["heat", "steam"], questions, attempts(answer(STEP, right=True))) == {"heat": MET, "steam": MET}


def test_a_changed_question_and_one_that_is_gone_do_not_count() -> None:
    records = answer(STEP, False, 2) + [{**each, "hash": "new"} for each in answer(STEP, right=True)]
    found = attempts(records)
    assert progress(["steam"], QUESTIONS, found, lambda each: each.hash == "new") == {"steam": MET}
    assert progress(["steam"], QUESTIONS, found, lambda each: False) == {"steam": UNMET}
    assert progress(["steam"], {}, found) == {"steam": UNMET}


def test_what_a_lesson_asks_from_memory() -> None:
    found = questions_of({LESSON: load_source(LESSON)})
    assert found[LESSON, "decode-ceiling"] == Asked(("decode-ceiling",), False)
    assert found[LESSON, "quiz-another-lab"].from_memory and found[LESSON, "quiz-twice-the-flops"].from_memory
    assert (LESSON, "mystery") not in found


# --- with a journal that a lesson wrote ------------------------------------------------------------------------------


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal.jsonl")


def answered(lesson: Lesson) -> None:
    for item in lesson.asked:
        if not item.only_kept:
            item.step.answer(item.step.question.right())
            item.step.handle({"event": "grade", "grade": "got"})


def ideas(lesson: int) -> list[str]:
    return [key for key, concept in load_listing().concepts.items() if concept.lesson == lesson]


def test_a_learner_who_had_all_of_lesson_1(journal: Journal) -> None:
    answered(opened(LESSON, journal))
    states = states_of(load_listing().concepts, journal.attempts())
    assert {states[key] for key in ideas(1)} <= {MET, RECALLED} and RECALLED in {states[key] for key in ideas(1)}
    assert {states[key] for key in ideas(6)} == {UNMET}


def test_an_answer_to_an_older_edition_does_not_count(journal: Journal, tmp_path: Path) -> None:
    answered(opened(LESSON, journal))
    old = [{**each, "hash": "0" * 12} for each in journal.records()]
    assert set(states_of(load_listing().concepts, attempts(old)).values()) == {UNMET}


def test_which_records_are_of_today(journal: Journal) -> None:
    lesson = opened(LESSON, journal)
    answered(lesson)
    now = journal.records()[0]
    questions = CurrentQuestions()

    def current(record: Record) -> bool:
        return questions.asked_by(attempts([record])[0])

    assert current(now)
    assert not current({**now, "hash": "0" * 12})
    assert not current({**now, "question": "was-here-once"})
    assert not current({**now, "lesson": "99-gone"})
    assert current({**now, "lab": "a-lab-of-my-own", "hash": "?"}), "what cannot be told counts"


def test_records_of_a_lesson_that_is_gone_change_nothing(journal: Journal) -> None:
    journal.append({**record(("99-gone", "x"), "commit"), "confidence": 1})
    assert set(states_of(load_listing().concepts, journal.attempts()).values()) == {UNMET}


def reviewed(question: tuple[str, str], right: bool, confidence: int = 1) -> list[Record]:
    """The same question in a review: recorded under "review", with its lesson in the name."""
    return answer(("review", "/".join(question)), right, confidence)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ((answer(STEP, True), reviewed(STEP, True)), RECALLED),
        ((answer(STEP, False, 2), reviewed(STEP, True)), RECALLED),
        ((answer(STEP, True), reviewed(STEP, False, 2)), MISSED),
        ((answer(STEP, True), reviewed(STEP, False, 2), reviewed(STEP, True)), RECALLED),
        ((answer(STEP, True), reviewed(STEP, True), reviewed(STEP, False)), MET),
    ],
)
def test_a_review_asks_the_same_question_again_and_counts_each_time(
    parts: tuple[list[Record], ...], expected: str
) -> None:
    assert state(*parts) == expected
